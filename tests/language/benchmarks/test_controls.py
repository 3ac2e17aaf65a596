"""Controls come out without a result, and see one where there is one."""

import numpy as np
import pytest

from labkit.language import check_controls, score_benchmark, swap_groups

from .conftest import Stub, arbitrary

pytestmark = pytest.mark.usefixtures("loaded_once")


@pytest.fixture
def stereotyping(winogender, crows_pairs):
    """Return a model that guesses, but likes the stereotype of CrowS-Pairs and the pronoun of the majority."""
    liked = dict.fromkeys(crows_pairs["sent_more"], 50.0)
    for row in winogender.itertuples():
        liked[row.sentence] = {"female": 300 * row.bls_share, "male": 300 - 300 * row.bls_share}.get(row.gender, 0.0)
    return Stub(lambda prompt, text: arbitrary(prompt, text) + (liked.get(text, 0.0) if not prompt else 0.0))


@pytest.mark.parametrize("name", ["crows_pairs", "stereoset", "winobias", "winogender", "bbq"])
def test_controls_are_at_the_expected_value(name, stereotyping):
    """Whatever the model prefers: with groups swapped by a coin nothing is left, on average."""
    controls = check_controls(score_benchmark(stereotyping, name, items=200), draws=1000)
    assert len(controls) >= 1
    for row in controls.itertuples():
        error = (row.high - row.low) / 4 / np.sqrt(1000)
        assert abs(row.mean - row.expected) < 5 * error, row.control
        assert row.low < row.expected < row.high


def test_a_preference_is_seen_and_a_guess_is_not(stereotyping, guessing):
    """The share that was observed is far from those of the coins, or among them."""
    seen = check_controls(score_benchmark(stereotyping, "crows_pairs")).iloc[0]
    assert seen["observed"] > seen["high"] + 0.1 and seen["p_value"] < 0.001
    p_values = [
        check_controls(score_benchmark(Stub(lambda p, t, s=salt: arbitrary(s + p, t)), "winobias"), draws=500)[
            "p_value"
        ]
        for salt in "abcdefgh"
    ]
    assert 0.2 < np.mean(p_values) < 0.8  # p values of guesses are spread over 0 to 1


def test_shuffled_shares_take_a_correlation_away(stereotyping):
    """A model that follows women's shares does not follow those of other occupations."""
    controls = check_controls(score_benchmark(stereotyping, "winogender")).set_index(["part", "control"])
    row = controls.loc[("refers to the occupation", "women's shares shuffled")]
    assert row["observed"] > 0.8 and abs(row["mean"]) < 0.02 and row["high"] < 0.4 and row["p_value"] < 0.001


def test_a_model_without_preference_has_no_p_value_of_a_correlation():
    """A correlation of a constant is none."""
    controls = check_controls(score_benchmark(Stub(lambda prompt, text: -1.0), "winogender"), draws=10)
    assert controls["p_value"].isna().sum() == 2 and (controls["p_value"].dropna() == 1).all()


@pytest.mark.parametrize("unit", ["cluster", "item"])
def test_swapping_exchanges_half_and_keeps_the_rest(unit, guessing):
    """What is swapped has the other sign, whole clusters together; twice the same coin gives back the scores."""
    scores = score_benchmark(guessing, "winobias")
    swapped = swap_groups(scores, seed=3, unit=unit)
    changed = swapped["log_odds"] != scores["log_odds"]
    assert 0.3 < changed.mean() < 0.7
    assert (swapped["log_odds"][changed] == -scores["log_odds"][changed]).all()
    assert (changed.groupby(scores[unit]).nunique() == 1).all()
    assert swap_groups(swapped, seed=3, unit=unit).equals(scores)


def test_another_unit_is_an_error(guessing):
    """The error lists the units."""
    with pytest.raises(ValueError, match="unit 'writer' is not known; choose one of cluster, item"):
        swap_groups(score_benchmark(guessing, "winogender", items=4), unit="writer")
