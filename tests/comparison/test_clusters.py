"""Intervals over crossed factors cover, agree with what is known in simple cases, and refuse what cannot be known."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from labkit.comparison import correlation_over_clusters, difference_over_clusters, mean_over_clusters
from labkit.errors import UserError
from tests.comparison.crossed import FACTORS, KINDS, MATTERS, SIZES, TABLE, lay_out, simulate

LEAST = {"mean": 0.92, "share": 0.87, "difference": 0.91, "correlation": 0.91}  # of the committed coverages


@pytest.fixture(scope="module")
def table():
    """The table as committed."""
    return pd.read_csv(TABLE)


@pytest.fixture
def frame():
    """Measurements of 12 names, in two groups, in 5 templates."""
    generator, frame = np.random.default_rng(3), lay_out(5, 12)
    return frame.assign(y=generator.normal(size=60) + frame["template"], tokens=1 + frame["name"] // 4)


def test_committed_coverages_are_near_what_is_stated(table):
    """Every setting; the bootstrap of templates and names, which is not used, falls short of them."""
    assert len(table) == len(KINDS) * len(SIZES) * len(MATTERS)
    for kind, rows in table.groupby("kind"):
        assert rows["coverage"].min() >= LEAST[kind], kind
        assert rows["coverage"].mean() == pytest.approx(0.955, abs=0.02), kind
    assert table["bootstrap"].min() < 0.85


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("matters", ["templates", "all"])
def test_the_committed_table_is_what_the_intervals_give(kind, matters, table):
    """One size of each kind, simulated with another seed: within five standard errors."""
    row = table.query("kind == @kind and templates == 8 and names == 20 and matters == @matters")
    coverage, _, width = simulate(kind, (8, 20), matters, runs=60, seed=11)
    assert coverage == pytest.approx(row["coverage"].item(), abs=5 * np.sqrt(0.05 * 0.95 * (1 / 60 + 1 / 500)))
    assert width == pytest.approx(row["width"].item(), rel=0.2)


def test_one_factor_of_single_rows_gives_students_interval():
    """Nothing is new where items are independent."""
    y = np.random.default_rng(0).normal(2, 3, 17)
    found = mean_over_clusters(pd.DataFrame({"item": range(17), "y": y}), "y", clusters="item")
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 16, y.mean(), stats.sem(y)))
    assert found.df == pytest.approx(16) and found.levels == {"item": 17} and found.rows == 17


def test_the_standard_error_of_two_factors_is_that_of_statsmodels(frame):
    """Its variance over templates and over names, less that over sentences, each times k / (k - 1) for k levels."""
    frame = frame.assign(y=frame["y"] + 0.5 * frame["name"])
    found = mean_over_clusters(frame, "y", clusters=FACTORS)

    def variance(levels):
        how = {"groups": levels.to_numpy(), "use_correction": False}
        fit = sm.OLS(frame["y"], np.ones(60)).fit(cov_type="cluster", cov_kwds=how)
        return fit.bse.iloc[0] ** 2 * levels.nunique() / (levels.nunique() - 1)

    expected = variance(frame["template"]) + variance(frame["name"]) - variance(pd.Series(range(60)))
    assert found.standard_error == pytest.approx(np.sqrt(expected))


def test_a_difference_leaves_out_what_templates_add_to_both_groups(frame):
    """Welch's interval over names, once each name's template effects, equal for all, have cancelled."""
    balanced = frame.assign(y=frame["template"] * 10.0 + np.sin(frame["name"] * 7.0))
    found = difference_over_clusters(balanced, "y", group="group", a="f", b="m", clusters=FACTORS)
    names = np.sin(np.arange(12) * 7.0)
    welch = stats.ttest_ind(names[1::2], names[::2], equal_var=False)
    assert found.value == pytest.approx(names[1::2].mean() - names[::2].mean())
    assert found.value / found.standard_error == pytest.approx(welch.statistic, rel=1e-6)
    assert found.df == pytest.approx(welch.df, rel=0.05)


def test_a_difference_adjusted_for_length_is_the_coefficient_of_a_regression(frame):
    """What tokens explain is taken out."""
    biased = frame.assign(tokens=frame["tokens"] + (frame["group"] == "f"))
    biased = biased.assign(y=biased["tokens"] * 0.7 + frame["template"])
    plain = difference_over_clusters(biased, "y", group="group", a="f", b="m", clusters=FACTORS)
    adjusted = difference_over_clusters(biased, "y", group="group", a="f", b="m", clusters=FACTORS, adjust=["tokens"])
    assert plain.value == pytest.approx(0.7) and adjusted.value == pytest.approx(0, abs=1e-9)


def test_the_order_of_rows_and_the_names_of_levels_do_not_matter(frame):
    """Nor which factor is named first."""
    shuffled = frame.sample(frac=1, random_state=1).assign(name=lambda each: "n" + each["name"].astype(str))
    for function, more in (
        (mean_over_clusters, {}),
        (difference_over_clusters, {"group": "group", "a": "f", "b": "m"}),
    ):
        first = function(frame, "y", clusters=FACTORS, **more)
        second = function(shuffled, "y", clusters=FACTORS[::-1], **more)
        assert (first.low, first.high) == pytest.approx((second.low, second.high))


def test_a_correlation_over_units_is_that_of_their_means(frame):
    """And with one row per unit its interval is nearly Fisher's."""
    generator = np.random.default_rng(5)
    units = pd.DataFrame({"role": range(200), "x": generator.normal(size=200)})
    units["y"] = units["x"] * 0.6 + generator.normal(size=200)
    found = correlation_over_clusters(units, "x", "y", unit="role")
    known = stats.pearsonr(units["x"], units["y"])
    assert found.value == pytest.approx(known.statistic)
    assert (found.low, found.high) == pytest.approx(tuple(known.confidence_interval()), abs=0.02)
    several = frame.assign(x=frame["name"] ** 2)
    means = several.groupby("name")[["x", "y"]].mean()
    value = correlation_over_clusters(several, "x", "y", unit="name", clusters="template").value
    assert value == pytest.approx(means.corr().iloc[0, 1])


def test_shares_stay_between_0_and_1_and_never_seem_certain():
    """Also where all rows agree."""
    frame = lay_out(4, 6).assign(y=1)
    found = mean_over_clusters(frame, "y", clusters=FACTORS)
    assert found.value == 1 == found.high and 0.2 < found.low < 0.6  # worth four templates, not 24 sentences


def simulate_shares_of_orders(generator, templates=20):
    """Return how often each of six questions per template is answered "A", of three orders: nearly always."""
    prone = generator.beta(9.5, 0.5, templates)
    frame = pd.DataFrame({"template": np.repeat(np.arange(templates), 6)})
    return frame.assign(y=generator.binomial(3, prone[frame["template"]]) / 3)


def test_means_of_bounded_values_have_limits_within_the_bounds_and_cover():
    """Student's limits pass 1 and cover less often; with wide bounds the limits become Student's."""
    generator, covered, student, above = np.random.default_rng(0), 0, 0, 0
    for _ in range(200):
        frame = simulate_shares_of_orders(generator)
        found = mean_over_clusters(frame, "y", clusters="template", bounds=(0, 1))
        plain = mean_over_clusters(frame, "y", clusters="template")
        assert 0 <= found.low < found.value <= found.high <= 1
        covered, student = covered + (found.low <= 0.95 <= found.high), student + (plain.low <= 0.95 <= plain.high)
        above += plain.high > 1
    assert covered >= 0.9 * 200 and covered > student and above >= 5
    wide = mean_over_clusters(frame, "y", clusters="template", bounds=(-1000, 1000))
    assert (wide.low, wide.high) == pytest.approx((plain.low, plain.high), abs=1e-3)


def test_changes_of_shares_are_within_minus_1_and_1(frame):
    """As if the values had been 0 to 1, and moved."""
    y = np.sign(frame["y"])
    moved = mean_over_clusters(frame.assign(y=(y + 1) / 2), "y", clusters=FACTORS, bounds=(0, 1))
    found = mean_over_clusters(frame.assign(y=y), "y", clusters=FACTORS, bounds=(-1, 1))
    assert (found.low, found.high) == pytest.approx((2 * moved.low - 1, 2 * moved.high - 1))


@pytest.mark.parametrize("value", [0, 0.5, 1 / 3, 1])
def test_bounded_values_that_agree_leave_room_for_others(value):
    """As many other templates as could be missed among 10: what Wilson's limit says of none in 10."""
    frame = lay_out(10, 20).assign(y=value)
    found = mean_over_clusters(frame, "y", clusters=FACTORS, bounds=(0, 1))
    others = mean_over_clusters(frame.assign(y=0), "y", clusters=FACTORS).high
    assert 0.2 < others < 0.4
    assert (found.low, found.high) == pytest.approx((value - others * value, value + others * (1 - value)))


def test_unbounded_values_that_agree_have_no_interval(frame):
    """Nothing measures how much others would vary, and zero would claim that it is known."""
    found = mean_over_clusters(frame.assign(y=0.3), "y", clusters=FACTORS)
    assert np.isnan([found.low, found.high]).all() and "0.300 (no interval: all agree" in str(found)
    zeros = mean_over_clusters(frame.assign(y=0), "y", clusters=FACTORS, bounds=(-np.inf, np.inf))
    assert np.isnan(zeros.low)
    same = mean_over_clusters(frame.assign(y=frame["name"] % 2 * 2.0), "y", clusters="template")
    assert same.value == 1 and np.isnan(same.high)


def test_values_outside_their_bounds_are_an_error(frame):
    """Wilson's limits would be of something else."""
    with pytest.raises(UserError, match=r"values are from .* outside bounds=\(0, 1\); correct the bounds"):
        mean_over_clusters(frame, "y", clusters=FACTORS, bounds=(0, 1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clusters": "tone"}, "unknown column 'tone'"),
        ({"clusters": []}, "clusters names 0 columns"),
        ({"value": "group"}, "does not hold numbers, but 'm'"),
        ({"confidence": 95}, "not between 0 and 1"),
        ({"clusters": "one"}, "one has 1 level: nothing can say how much .* no number from it is a finding"),
        ({"clusters": "holes"}, "2 rows have no holes"),
        ({"value": "infinite"}, "1 missing or infinite values"),
    ],
)
def test_refuses_what_cannot_be_known(change, message, frame):
    """With what to do about it."""
    frame = frame.assign(one="A", holes=["x"] * 57 + ["y"] + [None] * 2, infinite=[np.inf] + [1.0] * 59)
    settings = {"value": "y", "clusters": FACTORS} | change
    with pytest.raises(UserError, match=message):
        mean_over_clusters(frame, settings.pop("value"), **settings)


def test_differences_refuse_groups_that_cannot_be_compared(frame):
    """An unknown group, one group twice, one name, and a length that is the group."""
    same = {"group": "group", "clusters": FACTORS}
    with pytest.raises(UserError, match="no row has group 'x'; there are 'm', 'f'"):
        difference_over_clusters(frame, "y", a="x", b="m", **same)
    with pytest.raises(UserError, match="two different groups"):
        difference_over_clusters(frame, "y", a="m", b="m", **same)
    lonely = frame[(frame["group"] == "m") | (frame["name"] == 1)]
    with pytest.raises(UserError, match="name has one level in a group"):
        difference_over_clusters(lonely, "y", a="f", b="m", **same)
    told = frame.assign(tokens=(frame["group"] == "f") * 2)
    with pytest.raises(UserError, match="tokens and group say the same"):
        difference_over_clusters(told, "y", a="f", b="m", adjust=["tokens"], **same)


def test_correlations_refuse_constants_and_few_units(frame):
    """Neither has a correlation with an interval."""
    with pytest.raises(UserError, match="y has the same mean in every name"):
        correlation_over_clusters(frame.assign(y=1.0, x=frame["name"]), "x", "y", unit="name")
    with pytest.raises(UserError, match="needs at least 4"):
        correlation_over_clusters(frame[frame["name"] < 3], "tokens", "y", unit="name")
