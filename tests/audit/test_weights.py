"""Survey weights: weighted rates, effective sizes, intervals that hold their level; and counts that are not weights."""

import warnings

import numpy as np
import pandas as pd
import pytest

from labkit.audit.arrays import audit
from labkit.audit.counts import Counts, count
from labkit.audit.sampling._effective import draw_mass
from labkit.data import load_ucb
from labkit.errors import DataWarning, UserError
from tests.audit.decisions import NAMES, make_decisions

WEIGHTED = {**NAMES, "sensitive": "race", "weight": "w"}


def weigh(frame, seed=3):
    """Give every row a weight."""
    return frame.assign(w=np.random.default_rng(seed).lognormal(sigma=1.0, size=len(frame)))


def test_equal_weights_are_no_weights():
    """Whatever their size: rates, intervals, tests and differences are those of the rows."""
    frame = make_decisions()
    plain, weighted = (
        count(each, **NAMES, sensitive="race", **options).audit()
        for each, options in (
            (frame, {}),
            (frame.assign(w=7.5), {"weight": "w"}),
        )
    )
    pd.testing.assert_frame_equal(plain.by_group, weighted.by_group)
    pd.testing.assert_frame_equal(plain.intervals, weighted.intervals)
    pd.testing.assert_frame_equal(plain.pairwise("precision"), weighted.pairwise("precision"))
    assert plain.parity_test("accuracy") == pytest.approx(weighted.parity_test("accuracy"))
    assert plain.effective_sizes.to_numpy() == pytest.approx(weighted.effective_sizes.to_numpy())


def test_effective_sizes_are_kishs():
    """(sum w)^2 / sum w^2, over each group and over the denominator of each metric."""
    frame = weigh(make_decisions())
    found = count(frame, **WEIGHTED)
    sizes = found.audit().effective_sizes
    for group, part in frame.groupby("race"):
        everybody, positives = part["w"], part["w"][part["y"] == 1]
        assert sizes.loc[group, "selection_rate"] == pytest.approx(everybody.sum() ** 2 / (everybody**2).sum())
        assert sizes.loc[group, "true_positive_rate"] == pytest.approx(positives.sum() ** 2 / (positives**2).sum())
        assert found.sample.loc[group, "sum_of_weights"] == pytest.approx(everybody.sum())
        assert found.sample.loc[group, "effective_size"] == pytest.approx(everybody.sum() ** 2 / (everybody**2).sum())
        assert found.sample.loc[group, "rows"] == found.sizes[found.groups == group] == len(part)


def test_weighted_intervals_hold_their_level_and_naive_ones_do_not():
    """Of 1,500 samples, 95% intervals cover the true rate in 95%; where weights are taken as people, in far fewer."""
    runs, n, rate = 1500, 150, 0.4
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"run": np.repeat(np.arange(runs), n).astype(str), "yhat": rng.random(runs * n) < rate})
    frame["w"] = np.ceil(rng.lognormal(mean=3, sigma=0.8, size=runs * n))
    columns = {"label": None, "prediction": "yhat", "sensitive": "run"}
    weighted, naive = (count(frame, **columns, **{role: "w"}) for role in ("weight", "count"))
    limits = [found.audit().intervals["selection_rate"] for found in (weighted, naive)]
    covered, naively = (((each["low"] < rate) & (rate < each["high"])).mean() for each in limits)
    assert abs(covered - 0.95) < 0.02 and naively < 0.4  # 4 standard errors of the share are .023


def test_draws_vary_as_the_weighted_cells_do():
    """Their mean and covariance are those asked for, also between cells of the same persons."""
    cells = np.random.default_rng(1).poisson(0.8, size=(400, 4)) * 1.5  # of 400 persons
    mass, moments = cells.sum(axis=0)[None], (cells.T @ cells)[None]
    drawn = np.concatenate(list(draw_mass(mass, moments, n_boot=20_000, seed=0)))[:, 0]
    assert drawn.mean(axis=0) == pytest.approx(mass[0], rel=0.01)
    np.testing.assert_allclose(np.cov(drawn.T), moments[0], rtol=0.06)


def test_differences_and_parts_of_weighted_rates_have_intervals():
    """They contain their estimates, are wider than without weights, and parts add up to the weighted gap."""
    frame = weigh(make_decisions())
    weighted, plain = (count(frame, **options) for options in (WEIGHTED, {**WEIGHTED, "weight": None}))
    limits, narrow = (each.audit().difference_interval() for each in (weighted, plain))
    assert (limits["high"] - limits["low"]).mean() > 1.2 * (narrow["high"] - narrow["low"]).mean()
    parts, rates = weighted.decompose("blue", "red"), weighted.audit().by_group["selection_rate"]
    assert parts.parts.sum() == pytest.approx(parts.gap) == pytest.approx(rates["blue"] - rates["red"])
    assert ((parts.intervals["low"] < parts.parts) & (parts.parts < parts.intervals["high"])).all()


@pytest.mark.parametrize("groups", [["blue", "red"], ["blue", "green", "red"]])
def test_few_weighted_rows_are_tested_as_whole_numbers(groups):
    """Where the chi-square needs more, exact tests take the nearest whole numbers; equal groups stay equal."""
    frame = weigh(make_decisions())[lambda each: each["race"].isin(groups)].head(24)
    assert 0.001 < count(frame, **WEIGHTED).audit(min_group_size=0).parity_test("precision") <= 1
    frame = pd.concat([frame.head(6).assign(race=race) for race in groups])
    assert count(frame, **WEIGHTED).audit(min_group_size=0).parity_test("selection_rate") == 1


def test_weighted_counts_add_up():
    """Those of two parts are those of the whole, to rounding; a group that one part lacks is kept."""
    frame = weigh(make_decisions())
    parts = [frame[frame["race"] == "red"], frame[frame["race"] != "red"][:100], frame[frame["race"] != "red"][100:]]
    added = sum(count(part, **WEIGHTED, min_groups=0) for part in [*parts, frame[:0]])
    assert added == count(frame, **WEIGHTED)
    assert (
        added != count(frame.assign(w=frame["w"] * 1.001), **WEIGHTED) != count(frame, **{**WEIGHTED, "weight": None})
    )
    with pytest.raises(UserError, match="keep .*weighted.* cannot be added to .*count both with the same options"):
        added + count(frame, **{**WEIGHTED, "weight": None})


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"w": -0.5}, {}, r"weight column 'w' must hold finite numbers from 0 on, but it has -0.5"),
        ({"w": np.inf}, {}, "weight column 'w'.*inf"),
        ({"w": np.nan}, {}, "weight column 'w'.*missing"),
        ({"w": "3"}, {}, "weight column 'w' holds String, not numbers; name a column of survey weights"),
        ({}, {"weight": "y"}, "'y' is named as weight and as label"),
        ({"w": 0}, {}, "weight column 'w' is 0 in all rows of group 'blue'"),
        ({}, {"count": "site"}, "count= says that a row stands for several people, and weight= that it is about one"),
    ],
)
def test_rejects_weights_that_are_none(change, options, message):
    """The message names the value and the remedy."""
    with pytest.raises(UserError, match=message):
        count(weigh(make_decisions()).assign(**change), **{**WEIGHTED, **options})


def test_few_effective_people_are_warned_about():
    """A group of 300 rows in which one weight outweighs all others is small, and says why."""
    frame = make_decisions().assign(w=1.0)
    frame.loc[frame["race"].eq("red").idxmax(), "w"] = 1e6
    found = count(frame, **WEIGHTED).audit()
    assert found.small_groups == ["red"]
    assert any("group 'red' has" in line and "worth 1.0; under 20" in line for line in found.warnings)
    assert "with weights that sum to 1,000," in repr(found)


def as_survey(rows, weights):
    """Make a survey with whole weights."""
    rng = np.random.default_rng(5)
    columns = {name: rng.integers(0, 2, rows) for name in ("y", "yhat", "sex")}
    return pd.DataFrame(columns | {"n": weights(rng, rows)})


@pytest.mark.parametrize(
    ("rows", "weights", "is_survey"),
    [
        (2000, lambda rng, rows: rng.integers(12_000, 400_000, rows), True),  # such as fnlwgt of the census data
        (3000, lambda rng, rows: rng.integers(1, 300, rows).astype(float), True),  # such as PWGTP
        (2000, lambda rng, rows: np.full(rows, 500), False),
        (2000, lambda rng, rows: rng.integers(1, 3, rows), False),
        (400, lambda rng, rows: rng.integers(12_000, 400_000, rows), False),  # may be a table by state
    ],
)
def test_survey_weights_passed_as_counts_are_warned_about(rows, weights, is_survey):
    """Thousands of rows with the same few combinations and large unequal counts; the audit shows it, too."""
    frame = as_survey(rows, weights)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = count(frame, **NAMES, sensitive="sex", count="n")
    said = [str(each.message) for each in caught]
    assert any("pass weight='n' instead" in line for line in said) == is_survey and len(said) == is_survey
    assert found.audit().warnings[: len(said)] == said
    assert [each.filename for each in caught] == [__file__] * is_survey  # the user's line, not one of ours


def test_tables_of_counts_are_not_warned_about():
    """Berkeley's 24 rows hold 4,526 applications."""
    assert count(load_ucb().frame, label=None, prediction="admitted", sensitive="gender", count="n").sizes.sum() == 4526


def test_arrays_take_the_same_options():
    """Counts, weights and persons may be arrays beside the decisions."""
    frame = weigh(make_decisions()).assign(person=lambda each: each.index // 2)
    given = {"y_true": frame["y"], "y_pred": frame["yhat"], "sensitive_features": frame["race"]}
    columns = {**NAMES, "sensitive": "race"}
    for options in ({"count": "site"}, {"weight": "w"}, {"person": "person"}, {"weight": "w", "person": "person"}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)  # a person may be in two groups here
            found = audit(**given, **{role: frame[name] for role, name in options.items()})
            assert found.counts == count(frame, **columns, **options), options


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weighted": [[1.0, 1, 1, 1]]}, "need moments"),
        ({"persons": [4]}, "need moments"),
        ({"moments": np.ones((1, 4, 4))}, "moments need one of them"),
        ({"weighted": [[1.0, -1, 1, 1]], "moments": np.ones((1, 4, 4))}, "weighted must have shape .*none of them neg"),
        ({"weighted": [[1.0, 1, 1, 1]], "moments": np.ones((1, 4))}, "moments must have shape"),
    ],
)
def test_rejects_arrays_that_do_not_belong_together(arrays, message):
    """Counts made by hand are checked as well."""
    with pytest.raises(UserError, match=message):
        Counts(pd.Index(["a"]), np.ones((1, 4)), **arrays)


@pytest.mark.parametrize("role", [{"weight": "w"}, {"person": "name"}, {"weight": "w", "person": "name"}])
def test_the_rest_of_weighted_rows_is_everybody_else(role):
    """Against "rest", the intervals are those of two groups: the group, and the rows of all others together."""
    frame = weigh(make_decisions())
    names = {**NAMES, "sensitive": "race", **role}
    found = count(frame, **names).audit(min_group_size=0).against("true_positive_rate", "rest")
    for group in frame["race"].unique():
        sides = frame.assign(race=np.where(frame["race"] == group, "own", "rest"))
        alone = count(sides, **names).audit(min_group_size=0).against("true_positive_rate", "rest").loc["own"]
        columns = ["rate", "reference_rate", "difference", "low", "high", "ratio", "ratio_low", "ratio_high"]
        assert found.loc[group, columns].to_numpy(float) == pytest.approx(alone[columns].to_numpy(float))


def test_a_comparison_that_nobody_defines_has_no_p_value():
    """Without positives the true positive rate is undefined in every group, adjusted p-values too."""
    table = Counts.from_mapping({"a": [30, 5, 0, 0], "b": [20, 9, 0, 0]}).audit().against("true_positive_rate")
    assert table[["p_value", "p_adjusted"]].isna().all(axis=None)


def test_the_sample_of_plain_rows_is_their_number():
    """Nothing else is to say where every row is one person of weight 1."""
    found = count(make_decisions(), **NAMES, sensitive="race")
    assert found.sample.columns.tolist() == ["rows"] and found.sample["rows"].tolist() == found.sizes.tolist()
