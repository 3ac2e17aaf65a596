"""Ratios, extremes, references and the four-fifths rule: published figures, and what every interval must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from labkit.audit.arrays import audit
from labkit.audit.between._equality import compare_pairs, compare_rates
from labkit.audit.between._extremes import PAIRED, limit_proportion, limit_spread
from labkit.audit.between.ratios import ratio_interval
from labkit.audit.between.reference import adjust
from labkit.audit.counts import Counts
from labkit.audit.intervals import newcombe_interval
from labkit.audit.metrics import METRICS
from labkit.audit.results import Audit
from labkit.data import load_hmda

CELLS = st.lists(st.integers(0, 40), min_size=4, max_size=4)


@pytest.mark.parametrize(
    ("first", "second", "limits"),
    [
        ((36, 40), (16, 80), (2.9396, 7.1522)),  # the example of Koopman (1984): 2.94 to 7.15
        ((8, 15), (4, 15), (0.8150, 5.3363)),  # the example of Gart and Nam (1988)
        ((7, 34), (1, 34), (1.2209, 42.576)),  # the trial of Perondi et al. (2004)
        ((0, 100), (35, 100), (0, 0.10597)),  # a share of 0 has an upper limit
        ((35, 100), (0, 100), (9.4370, np.inf)),
        ((0, 10), (0, 10), (0, np.inf)),  # 0 to 0 may be any ratio
        ((10, 10), (10, 10), (0.72247, 1.38415)),  # 10 / (10 + 1.96^2) and its inverse
        ((3, 0), (3, 5), (np.nan, np.nan)),
    ],
)
def test_ratio_intervals_are_as_published(first, second, limits):
    """Also at the edges, where bootstrap and logarithms have nothing to say."""
    assert np.array(ratio_interval(first, second, confidence=0.95)) == pytest.approx(limits, rel=5e-5, nan_ok=True)


def test_ratio_intervals_are_those_of_statsmodels():
    """One call for many pairs gives what its formula gives one by one, where that formula works (not at 100%)."""
    rng = np.random.default_rng(0)
    trials = rng.integers(2, 400, (2, 200))
    successes = np.stack([rng.integers(1, n) for n in trials])
    ours = np.stack(ratio_interval(*zip(successes, trials, strict=True), confidence=0.9), axis=1)
    theirs = [
        confint_proportions_2indep(*row[:2], *row[2:], compare="ratio", method="score", correction=False, alpha=0.1)
        for row in np.stack([successes[0], trials[0], successes[1], trials[1]], axis=1)
    ]
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(x1=st.integers(0, 60), n1=st.integers(1, 60), x2=st.integers(0, 60), n2=st.integers(1, 60))
def test_ratio_intervals_contain_one_where_the_test_does_not_reject(x1, n1, x2, n2):
    """Interval and chi-square test are one thing; the ratio is inside; turned around, the interval is its inverse."""
    x1, x2 = min(x1, n1), min(x2, n2)
    low, high = ratio_interval((x1, n1), (x2, n2), confidence=0.95)
    if x2 > 0:
        assert low <= x1 / n1 * n2 / x2 * (1 + 1e-9) and x1 / n1 * n2 / x2 <= high * (1 + 1e-9)
    if 0 < x1 + x2 < n1 + n2:
        p_value = chi2_contingency([[x1, n1 - x1], [x2, n2 - x2]], correction=False).pvalue
        assert (low <= 1 <= high) == (p_value >= 0.05)
    again = ratio_interval((x2, n2), (x1, n1), confidence=0.95)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose([1 / again[1], 1 / again[0]], [low, high], rtol=1e-9)


def test_ratio_intervals_of_billions_and_of_fractions():
    """Counts beyond 32 bits and effective counts below one keep a sensible interval."""
    low, high = ratio_interval((2e10, 5e10), (1e10, 5e10), confidence=0.95)
    assert 1.9999 < low < 2 < high < 2.0001
    low, high = ratio_interval((0.3, 0.5), (0.1, 0.6), confidence=0.95)
    assert 0 < low < 3.6 < high < np.inf


@pytest.mark.parametrize("number", [2, 4, PAIRED + 1])
@settings(deadline=None, derandomize=True, max_examples=25)
@given(cells=st.lists(CELLS, min_size=2, max_size=6))
def test_extremes_are_inside_their_intervals(number, cells):
    """Whatever the counts, and whether groups are compared pair by pair or, when there are many, one by one."""
    counts = Counts.from_mapping({group: cells[group % len(cells)] for group in range(max(number, len(cells)))})
    found = counts.audit(min_group_size=0)
    for value, limits in ((found.difference(), found.difference_interval()), (found.ratio(), found.ratio_interval())):
        known = value.notna()
        assert (limits.isna().all(axis=1) == ~known).all()
        assert (limits["low"][known] <= value[known] + 1e-9).all()
        assert (value[known] <= limits["high"][known] + 1e-9).all()
        assert limits[known].stack().between(0, 1).all()


def test_two_groups_have_the_interval_of_two_groups():
    """Newcombe's for the absolute difference, Koopman's for the smaller rate over the larger; none collapses at 0."""
    found = Counts.from_mapping({"a": [100, 0, 0, 0], "b": [65, 35, 0, 0]}).audit()
    expected = np.array(newcombe_interval((35, 100), (0, 100), confidence=0.95))
    assert found.difference_interval().loc["selection_rate"].tolist() == pytest.approx(expected)
    assert found.ratio_interval().loc["selection_rate"].tolist() == pytest.approx([0, 0.10597], abs=1e-5)
    none = Counts.from_mapping({"a": [30, 0, 0, 0], "b": [30, 0, 0, 0]}).audit()
    assert none.difference_interval().loc["selection_rate"].tolist() == pytest.approx([0, 0.1135], abs=1e-4)
    assert none.ratio_interval().loc["selection_rate"].isna().all()  # 0 / 0 is undefined


@pytest.mark.parametrize("rates", [(0.3, 0.3, 0.3), (0.02, 0.05, 0.05, 0.02), (0.2, 0.5, 0.35, 0.5)])
@pytest.mark.parametrize("sizes", [(60, 60, 60, 60), (500, 100, 40, 1000)])
def test_intervals_of_extremes_cover_at_least_as_stated(rates, sizes):
    """Three and four groups, equal and unequal: 95% intervals hold the true max - min and min / max in 95% or more."""
    runs, sizes = 600, np.array(sizes[: len(rates)])[:, None]
    successes = np.random.default_rng(0).binomial(sizes, np.array(rates)[:, None], (len(rates), runs)).astype(float)
    trials = np.broadcast_to(sizes, successes.shape)  # a sample in the place of each metric
    for limit, truth in ((limit_spread, np.ptp(rates)), (limit_proportion, min(rates) / max(rates))):
        low, high = limit(successes, trials, confidence=0.95).T
        assert ((low <= truth + 1e-12) & (truth - 1e-12 <= high)).mean() >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)


def test_many_groups_cost_little_and_stay_conservative():
    """Thousands of groups need no pairs; their interval is a little wider than that of pairs, and holds the truth."""
    sizes = np.full((9000, 8), 400)
    successes = np.random.default_rng(0).binomial(sizes, 0.3)
    low, high = limit_spread(successes, sizes, confidence=0.95).T
    assert (low == 0).all() and (high > np.ptp(successes / 400, axis=0)).all()
    some = slice(None, PAIRED)
    paired = limit_spread(successes[some], sizes[some], confidence=0.95)
    grouped = limit_spread(
        np.vstack([successes[some], successes[:1] * 0]), np.vstack([sizes[some], sizes[:1] * 0]), confidence=0.95
    )
    assert (paired[:, 1] < grouped[:, 1]).all() and (grouped[:, 1] < 1.25 * paired[:, 1]).all()


@pytest.fixture(scope="module")
def sites():
    """Four groups: the largest, one with nobody selected, one like the largest, and a small one."""
    cells = {"big": [200, 100, 50, 150], "none": [60, 0, 40, 0], "like": [80, 40, 20, 60], "tiny": [1, 3, 1, 4]}
    return Counts.from_mapping(cells, names=["site"]).audit()


def test_groups_are_compared_with_the_largest(sites):
    """By default: rates, difference and ratio with the intervals of two groups, marks, and p-values by Holm."""
    found = sites.against("selection_rate")
    assert found.index.tolist() == ["none", "like", "tiny"] and set(found["reference"]) == {"big"}
    assert found.index.name == "site" and found["n"].tolist() == [100, 200, 9]
    none = found.loc["none"]
    assert none[["rate", "reference_rate", "difference", "ratio"]].tolist() == [0, 0.5, -0.5, 0]
    assert none[["low", "high"]].tolist() == pytest.approx(
        np.array(newcombe_interval((0, 100), (250, 500), confidence=0.95))
    )
    assert none[["ratio_low", "ratio_high"]].tolist() == pytest.approx(
        np.array(ratio_interval((0, 100), (250, 500), confidence=0.95))
    )
    assert found["too_few"].tolist() == [True, False, False] and found["small"].tolist() == [False, False, True]
    expected = multipletests(found["p_value"], method="holm")[1]
    assert found["p_adjusted"].tolist() == pytest.approx(expected) and found.loc["like", "p_value"] == 1
    two = Counts.from_mapping({"a": [60, 0, 40, 0], "big": [200, 100, 50, 150]}).audit()
    assert none["p_value"] == pytest.approx(two.parity_test("selection_rate"))


def test_groups_are_compared_with_everyone_else(sites):
    """The rest is all people outside the group, so that every group has a row."""
    found = sites.against("true_positive_rate", "rest")
    assert found.index.tolist() == ["big", "none", "like", "tiny"] and set(found["reference"]) == {"rest"}
    assert found.loc["big", "reference_rate"] == pytest.approx((0 + 60 + 4) / (40 + 80 + 5))
    assert found.loc["big", "difference"] == pytest.approx(150 / 200 - 64 / 125)


def test_adjusted_intervals_hold_at_once(sites):
    """Bonferroni by hand: two rows can be compared, so that each has 97.5%; one row alone needs no adjustment."""
    found = sites.against("precision").loc["like"]  # "none" has no precision, "tiny" and "like" have
    z = 2.241402727604947  # two-sided quantile of 1 - .05 / 2

    def wilson(successes, trials):
        centre, half = successes + z**2 / 2, z * np.sqrt(successes * (trials - successes) / trials + z**2 / 4)
        return (centre - half) / (trials + z**2), (centre + half) / (trials + z**2)

    (own, own_trials), (other, other_trials) = (60, 100), (150, 250)
    (low, high), (other_low, other_high) = wilson(own, own_trials), wilson(other, other_trials)
    below = np.hypot(own / own_trials - low, other_high - other / other_trials)  # Newcombe (1998), method 10
    above = np.hypot(high - own / own_trials, other / other_trials - other_low)
    assert found[["low_adjusted", "high_adjusted"]].tolist() == pytest.approx([-below, above])
    ratios = ratio_interval((60, 100), (150, 250), confidence=0.975)
    assert found[["ratio_low_adjusted", "ratio_high_adjusted"]].tolist() == pytest.approx(np.array(ratios))
    alone = sites.against("precision", "tiny").drop("none")  # again two rows
    assert (alone["high_adjusted"] > alone["high"]).all()
    two = Counts.from_mapping({"a": [60, 10, 40, 9], "big": [200, 100, 50, 150]}).audit().against("precision")
    assert two["low_adjusted"].equals(two["low"]) and two["ratio_high_adjusted"].equals(two["ratio_high"])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=50, deadline=None)
def test_p_values_are_adjusted_as_elsewhere(p_values):
    """Holm's as statsmodels computes them; what is undefined stays so and does not count."""
    expected = multipletests(p_values, method="holm")[1]
    assert adjust(np.array(p_values)) == pytest.approx(expected)
    gaps = adjust(np.array([np.nan, *p_values, np.nan]))
    assert np.isnan(gaps[[0, -1]]).all() and gaps[1:-1] == pytest.approx(expected)


@given(st.lists(CELLS, min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_rows_are_tested_as_two_groups_are(rows):
    """Chi-square tests of all rows in one go give what the test of each pair gives."""
    counts = np.array(rows)
    own, other = ((counts[:, i], counts[:, i] + counts[:, i + 1]) for i in (0, 2))
    found = compare_pairs(own, other)
    for row, p_value in enumerate(found):
        sides = [np.array([own[i][row], other[i][row]]) for i in (0, 1)]
        assert p_value == pytest.approx(compare_rates(*sides, n_tables=99, seed=0).p_value, rel=1e-9, nan_ok=True)


def test_undefined_rates_against_a_reference(sites):
    """Nobody predicted positive has no precision: NaN, which does not count for Holm; over a rate of 0 no ratio."""
    found = sites.against("precision", "like")
    assert found.loc["none", ["rate", "low", "ratio_low", "p_value", "p_adjusted"]].isna().all()
    assert found.loc["tiny", "p_adjusted"] == min(1, 2 * found["p_value"].min())
    over_zero = sites.against("selection_rate", "none")
    assert over_zero["ratio"].isna().all() and (over_zero["ratio_high"] == np.inf).all()
    assert (over_zero["ratio_low"] > 1).all()


def test_groups_called_rest_and_overall_can_be_the_reference():
    """A one-tuple always names a group; a plain "rest" is everyone else."""
    found = Counts.from_mapping({group: [30, 10, 10, 30] for group in ("rest", "overall", "c")}).audit()
    assert found.against("accuracy", ("rest",)).index.tolist() == ["overall", "c"]
    assert found.against("accuracy", ("overall",)).index.tolist() == ["rest", "c"]
    assert len(found.against("accuracy", "rest")) == 3
    crossed = Counts.from_mapping({("f", 1): [30, 10, 10, 30], ("m", 1): [30, 10, 10, 30]}, names=["sex", "site"])
    assert crossed.audit().against("accuracy", ("m", 1)).index.tolist() == [("f", 1)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda found: found.against("accuracy", "overall"), "contains the group.*pass 'rest'"),
        (lambda found: found.against("accuracy", "Big"), "unknown reference 'Big'; the groups are .*'big'"),
        (lambda found: found.against("tpr"), "unknown metric 'tpr'"),
        (lambda found: found.four_fifths(favorable=2), "favorable=2 is not a prediction"),
        (lambda found: found.four_fifths(favorable=None), "favorable=None is not a prediction"),
    ],
)
def test_rejects_what_cannot_be_compared(call, message, sites):
    """With the remedy."""
    with pytest.raises(ValueError, match=message):
        call(sites)


def test_four_fifths_of_mortgages_cannot_be_told():
    """HMDA: approvals of Black applicants are .790 of White applicants', .734 to .841; on denials it means nothing."""
    deny, group = (load_hmda().frame[column] for column in ("deny", "afam"))
    found = audit(y_true=deny, y_pred=deny, sensitive_features=group).four_fifths(favorable=0)
    assert found.loc["yes", ["ratio", "low", "high"]].round(3).tolist() == [0.790, 0.734, 0.841]
    assert found["verdict"].to_dict() == {"no": "highest rate", "yes": "cannot tell"}


def test_four_fifths_compares_large_groups_with_the_highest():
    """Each verdict, for both outcomes; small groups are left out."""
    cells = {"top": [200, 800, 0, 0], "same": [210, 790, 0, 0], "low": [700, 300, 0, 0], "tiny": [0, 5, 0, 0]}
    found = Counts.from_mapping(cells).audit()
    hired = found.four_fifths(favorable=1)
    assert hired["verdict"].to_dict() == {
        "top": "highest rate",
        "same": "not below four fifths",
        "low": "below four fifths",
    }
    assert hired.loc["low", "ratio"] == pytest.approx(0.375) and hired["n"].tolist() == [1000] * 3
    spared = found.four_fifths(favorable=0)
    assert spared["favorable_rate"].tolist() == pytest.approx([0.2, 0.21, 0.7])
    assert spared["verdict"].tolist() == ["below four fifths", "below four fifths", "highest rate"]
    nobody = Counts.from_mapping({"a": [30, 0, 0, 0], "b": [40, 0, 0, 0]}).audit().four_fifths(favorable=1)
    assert nobody["ratio"].isna().all() and set(nobody["verdict"]) == {"cannot tell"}


def test_gap_and_p_value_are_about_the_same_groups():
    """A small group takes part in neither, unless both are asked to include it."""
    found = Counts.from_mapping({"a": [30, 0, 10, 0], "b": [40, 0, 20, 0], "c": [0, 1, 0, 0]}).audit()
    assert found.difference()["selection_rate"] == 0 and found.parity_test("selection_rate") == 1
    assert found.test_name("selection_rate") == "untested: nobody differs"
    assert found.parity_test("selection_rate", include_small=True) < 0.05
    alone = Counts.from_mapping({"a": [30, 5, 10, 0], "c": [0, 1, 0, 0]}).audit()
    assert np.isnan([alone.parity_test(metric) for metric in METRICS]).all() and isinstance(alone, Audit)


def test_rates_on_fewer_than_two_people_are_marked():
    """Fewer than two successes, or than two failures; without trials there is nothing to mark."""
    found = Counts.from_mapping({"a": [30, 1, 10, 30], "b": [30, 20, 0, 40]}).audit().too_few
    expected = pd.DataFrame(False, index=pd.Index(["a", "b"]), columns=list(METRICS))
    expected.loc["a", ["false_positive_rate", "true_negative_rate", "precision"]] = True
    expected.loc["b", ["true_positive_rate", "false_negative_rate"]] = True
    pd.testing.assert_frame_equal(found, expected, check_names=False)


def draw_audits(rates, sizes, runs):
    """Draw samples of groups with these true rates, and audit each."""
    drawn = np.random.default_rng(5).binomial(sizes, rates, (runs, len(rates)))
    for selected in drawn:
        cells = {group: [n - x, x] for group, (n, x) in enumerate(zip(sizes, selected, strict=True))}
        yield Counts.from_mapping(cells, names=["site"]).audit()


@pytest.mark.slow
@pytest.mark.parametrize(("rates", "size"), [([0.4] * 12, 60), ([0.5, 0.55, 0.6, 0.6], 80)])
def test_comparisons_with_the_highest_hold_though_it_was_picked(rates, size):
    """All at once in 95% of samples, true ratios to the true highest, too; a fixed reference promises less."""
    runs, rates = 120, np.array(rates)
    held = {"picked": 0, "largest of the sample": 0, "highest": 0, "tests": 0}
    for found in draw_audits(rates, [size] * len(rates), runs):
        picked = found.pick_highest(favorable=1)
        for name, reference in (("picked", picked), ("largest of the sample", (picked.group,))):
            table = found.against("selection_rate", reference)
            truth = rates[table.index] / rates[picked.group]
            held[name] += ((table["ratio_low_adjusted"] <= truth) & (truth <= table["ratio_high_adjusted"])).all()
        rule = found.four_fifths(favorable=1).drop(picked.group)
        truth = rates[rule.index] / rates.max()
        held["highest"] += ((rule["low_adjusted"] <= truth + 1e-12) & (truth <= rule["high_adjusted"] + 1e-12)).all()
        held["tests"] += not ((rule["p_adjusted"] < 0.05) & (rates[rule.index] == rates[picked.group])).any()
    least = (0.95 - 3 * np.sqrt(0.05 * 0.95 / runs)) * runs
    assert min(held["picked"], held["highest"], held["tests"]) >= least
    assert held["largest of the sample"] < held["picked"]
    if len(set(rates)) == 1:
        assert held["largest of the sample"] < least  # what the price of picking would be


@given(st.lists(st.floats(0, 1), min_size=2, max_size=15), st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_p_values_that_were_picked_are_never_below_those_of_all(p_values, data):
    """Holm's method with a part of the p-values and the number of all of them."""
    part = data.draw(st.lists(st.integers(0, len(p_values) - 1), min_size=1, unique=True))
    everything = adjust(np.array(p_values))[part]
    assert (adjust(np.array(p_values)[part], len(p_values)) >= everything - 1e-12).all()


@pytest.mark.parametrize("number", [3, PAIRED + 1])
@settings(deadline=None, derandomize=True, max_examples=25)
@given(cells=st.lists(CELLS, min_size=2, max_size=6))
def test_ratios_to_the_highest_are_inside_their_intervals(number, cells):
    """Whatever the counts; the lowest of them has the limits of min / max where groups are compared in pairs."""
    counts = Counts.from_mapping({group: cells[group % len(cells)] for group in range(max(number, len(cells)))})
    found = counts.audit(min_group_size=0)
    rule = found.four_fifths(favorable=1)
    known = rule["low_adjusted"].notna()
    assert (known == (rule["ratio"].notna() & (rule["finding"] != "highest rate"))).all()
    assert (rule["low_adjusted"] <= rule["ratio"] + 1e-9)[known].all()
    assert (rule["ratio"] <= rule["high_adjusted"] + 1e-9)[known].all()
    if known.any() and number <= PAIRED:
        low, high = found.ratio_interval().loc["selection_rate"]
        assert low <= rule["low_adjusted"].min() + 1e-9 and high <= rule["high_adjusted"].min() + 1e-9


def test_four_fifths_says_what_is_measured_and_whether_it_is_chance():
    """The ratio as measured and the adjusted p-value; small gaps can be more than chance, large ones less."""
    cells = {"top": [2000, 8000], "near": [3000, 7000], "low": [70, 30], "few": [10, 15], "like": [20, 80]}
    found = Counts.from_mapping(cells, names=["site"]).audit().four_fifths(favorable=1)
    assert found["finding"].to_dict() == {
        "top": "highest rate",
        "near": "not below, but the gap is more than chance",
        "low": "below, and more than chance",
        "few": "below, but chance may explain it",
        "like": "not below",
    }
    exact = Counts.from_mapping({"a": [10, 40], "b": [18, 32]}, names=["site"]).audit().four_fifths(favorable=1)
    assert exact.loc["b", "finding"] == "not below"  # .64 / .8 is .8, which is not below it
    assert exact.loc["b", "p_adjusted"] == exact.loc["b", "p_value"]  # one pair
    assert exact.loc["b", "low_adjusted"] == exact.loc["b", "low"]  # so that its interval is that of two groups,
    assert exact.loc["b", "high_adjusted"] == 1 < exact.loc["b", "high"]  # but no rate is above the highest
    nobody = Counts.from_mapping({"a": [30, 0], "b": [40, 0]}).audit().four_fifths(favorable=1)
    assert set(nobody["finding"]) == {"no ratio"}


def test_the_highest_is_picked_among_groups_that_are_large_enough(sites):
    """By the favorable rate; of equal ones, the largest. Nothing is picked where all are small."""
    assert sites.pick_highest(favorable=1).group == "big" and sites.pick_highest(favorable=0).group == "none"
    assert Counts.from_mapping({"a": [1, 2], "b": [2, 1]}).audit().pick_highest(favorable=1) is None


def test_comparisons_with_a_picked_group_count_all_pairs(sites):
    """Four groups have six pairs: 3 rows are widened as 6 would be, and the smallest p-value is taken 6 times."""
    picked = sites.against("selection_rate", sites.pick_highest(favorable=1))
    named = sites.against("selection_rate", "big")
    assert picked["ratio"].equals(named["ratio"]) and picked["low"].equals(named["low"])
    expected = ratio_interval((100, 200), (250, 500), confidence=1 - 0.05 / 6)
    assert picked.loc["like", ["ratio_low_adjusted", "ratio_high_adjusted"]].tolist() == pytest.approx(
        np.array(expected)
    )
    assert picked["p_adjusted"].min() == pytest.approx(6 * picked["p_value"].min())
    assert named["p_adjusted"].min() == pytest.approx(3 * named["p_value"].min())
