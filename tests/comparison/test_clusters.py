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
