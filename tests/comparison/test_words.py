"""The test of many words holds its level, finds what is planted, and keeps together what belongs together."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from labkit.comparison import compare_words, split_words
from labkit.errors import UserError

GROUPS = {"group": "group", "a": "f", "b": "m"}


def write_letters(generator, *, names=16, each=3, words=12, planted=None, loyal=0.0):
    """Return letters of random words for names of two groups; each name prefers some words by ``loyal``."""
    rows = []
    for name in range(names):
        taste = generator.normal(0, loyal, words)
        for _ in range(each):
            chance = 1 / (1 + np.exp(-taste + 0.5))
            chosen = [f"w{chr(97 + k)}" for k in np.flatnonzero(generator.random(words) < chance)]
            if planted and name % 2 and generator.random() < planted:
                chosen.append("warm")
            rows.append((" ".join(chosen), f"n{name}", "f" if name % 2 else "m"))
    return pd.DataFrame(rows, columns=["letter", "name", "group"])


def find_false_alarms(unit, *, runs=50):
    """Return the share of runs in which any word of alike groups is called different at 5%."""
    generator, alarms = np.random.default_rng(2), 0
    for _ in range(runs):
        letters = write_letters(generator, loyal=2.0)
        found = compare_words(letters, "letter", unit=unit, n_permutations=99, **GROUPS)
        alarms += bool((found["p_adjusted"] <= 0.05).any())
    return alarms / runs


def test_the_level_holds_over_all_words_only_where_names_stay_together():
    """Letters of one name are alike: permuting letters calls alike groups different far too often."""
    assert find_false_alarms("name") <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 50)
    assert find_false_alarms(None, runs=20) > 0.2


def test_finds_a_planted_word_and_no_other():
    """In the direction in which it was planted."""
    letters = write_letters(np.random.default_rng(0), names=40, planted=0.8)
    found = compare_words(letters, "letter", unit="name", **GROUPS)
    assert list(found.index[found["p_adjusted"] <= 0.05]) == ["warm"]
    first = found.loc["warm"]
    assert first["share_b"] == 0 and first["difference"] == first["share_a"] == pytest.approx(0.8, abs=0.2)
    assert first["texts"] == letters["letter"].str.contains("warm").sum()
    assert (found["p_adjusted"] >= found["p_value"]).all()


def test_p_values_are_those_of_all_permutations():
    """Enumerated for one word and seven letters; the random ones are near."""
    texts = ["kind", "kind", "kind", "bold", "kind", "bold", "bold"]
    groups = list("ffffmmm")
    found = compare_words(
        pd.DataFrame({"letter": texts, "group": groups}), "letter", words=["kind"], n_permutations=20_000, **GROUPS
    )
    has, observed, extreme, ways = np.array([text == "kind" for text in texts]), 3 / 4 - 1 / 3, 0, 0
    for order in set(permutations(groups)):
        in_a = np.array(order) == "f"
        extreme += abs(has[in_a].mean() - has[~in_a].mean()) >= observed - 1e-9
        ways += 1
    assert found["p_value"].item() == pytest.approx(extreme / ways, abs=0.02)


def test_strata_hand_out_groups_within_prompts():
    """A word that one prompt asks for, written mostly for one group, is no difference between groups."""
    rows = [("leader", "A", "m")] * 9 + [("leader", "A", "f")] * 3 + [("team", "B", "m")] * 3 + [("team", "B", "f")] * 9
    letters = pd.DataFrame(rows, columns=["letter", "prompt", "group"])
    plain = compare_words(letters, "letter", words=["leader"], n_permutations=999, **GROUPS)
    within = compare_words(letters, "letter", words=["leader"], strata="prompt", n_permutations=999, **GROUPS)
    assert plain["p_value"].item() < 0.05
    assert np.isnan(within["p_value"].item())  # it is the same in every permutation


def test_words_are_those_of_texts_in_any_script():
    """Lower case, with apostrophes, without digits; a star stands for what begins so."""
    assert split_words("L’Été: 3 gentle-men's КОШКА, 善良!") == ["l'été", "gentle-men's", "кошка", "善良"]
    letters = pd.DataFrame({"letter": ["Leading the team"] * 4 + ["a Leader"] * 4, "group": list("ffffmmmm")})
    found = compare_words(letters, "letter", words=["lead*", "TEAM"], n_permutations=199, **GROUPS)
    assert found["texts"].to_dict() == {"lead*": 8, "team": 4}
    assert np.isnan(found.loc["lead*", "p_value"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": []}, "words is empty"),
        ({"a": "x"}, "no text has group 'x'"),
        ({"n_permutations": 20}, "too few for a p-value"),
        ({"unit": "desk"}, "desk '0' has texts of several groups"),
        ({"unit": "holes"}, "1 texts have no holes"),
        ({"unit": "pair"}, "only 2 ways to hand out the groups to 2 units"),
        ({"min_texts": 50}, "no word is in 50 texts or more"),
        ({"unit": "nobody"}, "unknown column 'nobody'"),
    ],
)
def test_refuses_what_cannot_be_tested(options, message):
    """With what to do about it."""
    letters = write_letters(np.random.default_rng(1), names=4, each=2)
    letters = letters.assign(desk=0, holes=[None, *range(7)], pair=letters["group"])
    with pytest.raises(UserError, match=message):
        compare_words(letters, "letter", **GROUPS | options)
