"""How often refits disagree about the same person."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch09.multiplicity import compare_refits, count_flips, flips_over_draws
from labkit.comparison.seeds import over_seeds
from labkit.comparison.trials import Trial


@pytest.fixture
def tables():
    """Four refits' decisions about 30 people of a and 20 of b, of whom b is decided by a coin."""
    generator = np.random.default_rng(0)
    group = np.array(["a"] * 30 + ["b"] * 20)
    return [pd.DataFrame({"y_pred": np.where(group == "b", generator.integers(2, size=50), 1), "group": group})
            for _ in range(4)]  # fmt: skip


def test_flips_are_counted_over_all_pairs(tables):
    """Pair by pair and person by person, in each group."""
    flips = count_flips(tables).set_index("group")
    decided = [table["y_pred"].to_numpy()[30:] for table in tables]
    by_hand = np.mean([(one != other).mean() for one, other in combinations(decided, 2)])
    assert flips["flipped"]["a"] == 0 and flips["flipped"]["b"] == pytest.approx(by_hand)
    assert flips["n"].to_dict() == {"a": 30, "b": 20}


def test_a_coin_flips_half_of_the_people(tables):
    """Whatever the number of refits: pairs of coins disagree half of the time."""
    generator = np.random.default_rng(1)
    coins = [pd.DataFrame({"y_pred": generator.integers(2, size=4000), "group": "b"}) for _ in range(6)]
    for number in (2, 6):
        assert count_flips(coins[:number])["flipped"][0] == pytest.approx(0.5, abs=0.03)


def test_leaving_draws_out_keeps_the_mean_over_pairs(tables):
    """The pseudo-values average to the mean over all pairs; their interval is the jackknife's."""
    pseudo = flips_over_draws(tables)
    assert len(pseudo) == 4 * 2
    mean = over_seeds(pseudo, "flipped", by="group")
    whole = count_flips(tables).set_index("group")["flipped"]
    assert mean["mean"].to_dict() == pytest.approx(whole.to_dict())
    left_out = [count_flips(tables[:i] + tables[i + 1 :]).set_index("group")["flipped"]["b"] for i in range(4)]
    error = np.sqrt(3 / 4 * np.sum((np.array(left_out) - np.mean(left_out)) ** 2))
    assert mean["high"]["b"] - mean["mean"]["b"] == pytest.approx(3.182446 * error, rel=1e-4)  # t, 3 degrees of freedom


def test_seed_and_people_are_told_apart(tables):
    """By seed: the first fit of a draw against its refit. By people: the first fits of all draws, refits left out."""
    first = [Trial("coin", seed, table, None, 0.0) for seed, table in enumerate(tables[:3])]
    first += [Trial("other", seed, tables[0], None, 0.0) for seed in range(3)]
    again = [trial._replace(table=trial.table.assign(y_pred=1 - trial.table["y_pred"])) for trial in first[:3]]
    flips = compare_refits(first, again)
    assert set(flips["method"]) == {"coin"} and len(flips) == 2 * 3 * 2
    assert (flips.loc[flips["by"] == "seed", "flipped"] == 1).all()
    people = over_seeds(flips[flips["by"] == "people"], "flipped", by="group")["mean"]
    assert people.to_dict() == pytest.approx(count_flips(tables[:3]).set_index("group")["flipped"].to_dict())


def test_wrong_tables_are_named(tables):
    """Too few of them, or other people."""
    with pytest.raises(ValueError, match="1 table; give the predictions of at least two refits"):
        count_flips(tables[:1])
    with pytest.raises(ValueError, match="2 tables; leaving one out needs at least three"):
        flips_over_draws(tables[:2])
    with pytest.raises(ValueError, match="different people"):
        count_flips([tables[0], tables[1].iloc[::-1]])
    with pytest.raises(ValueError, match="different people"):
        count_flips([tables[0], tables[1].iloc[:10]])
