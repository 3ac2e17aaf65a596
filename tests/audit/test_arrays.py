"""The audit agrees with fairlearn and with pandas, and says what it cannot know."""

import numpy as np
import pandas as pd
import pytest
from fairlearn import metrics as fl
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_score, roc_auc_score

from labkit.audit.arrays import auc_difference, audit
from labkit.audit.between import _methods
from labkit.audit.between._equality import RateTest
from labkit.audit.counts import Counts
from labkit.audit.metrics import METRICS
from labkit.audit.results import Audit
from labkit.audit.sections._between_groups import disparities

FAIRLEARN = {
    "selection_rate": fl.selection_rate,
    "accuracy": accuracy_score,
    "true_positive_rate": fl.true_positive_rate,
    "false_positive_rate": fl.false_positive_rate,
    "true_negative_rate": fl.true_negative_rate,
    "false_negative_rate": fl.false_negative_rate,
    "precision": lambda *rows, **weights: precision_score(*rows, zero_division=0, **weights),
}
GROUPS = {
    "string": lambda values: np.array(["ant", "bee", "cat"])[values],
    "categorical": lambda values: pd.Categorical.from_codes(values, ["low", "middle", "high", "nobody"]),
    "boolean": lambda values: values == 0,
    "integer": lambda values: values * 10 - 5,
    "intersection": lambda values: pd.DataFrame({"sex": values % 2, "race": np.array(list("xyz"))[values]}),
}
BIT = st.integers(0, 1)
# people as (group, label, prediction): one of group 0 and one of group 1, who differ in every kind of group; and others
people = st.tuples(
    st.tuples(st.just(0), BIT, BIT),
    st.tuples(st.just(1), BIT, BIT),
    st.lists(st.tuples(st.integers(0, 2), BIT, BIT), max_size=60),
)


def decisions(n=400, seed=2, rates=(0.3, 0.45, 0.5)):
    """Make labels, predictions and groups with different selection rates."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, len(rates), n)
    y_true = (rng.random(n) < 0.4).astype(int)
    y_pred = (rng.random(n) < np.array(rates)[group] + 0.3 * y_true).astype(int)
    return {"y_true": y_true, "y_pred": y_pred, "sensitive_features": group}


@pytest.mark.filterwarnings("ignore::labkit.errors.DataWarning")  # a category without people
@pytest.mark.parametrize("kind", GROUPS)
@settings(deadline=None, derandomize=True, max_examples=6)
@given(people=people)
def test_equals_fairlearn_wherever_both_define_the_metric(kind, people):
    """Rates, differences and ratios equal fairlearn's; where fairlearn says 0 for an undefined rate, ours is NaN."""
    first, second, others = people
    values, y_true, y_pred = np.array([first, second, *others]).T
    groups = GROUPS[kind](values)
    theirs = fl.MetricFrame(metrics=FAIRLEARN, y_true=y_true, y_pred=y_pred, sensitive_features=groups)
    ours = audit(y_true=y_true, y_pred=y_pred, sensitive_features=groups)
    expected = theirs.by_group.reindex(ours.by_group.index)[list(FAIRLEARN)].astype(float)
    got = ours.by_group[list(FAIRLEARN)]
    np.testing.assert_allclose(got.to_numpy(), expected.where(got.notna().to_numpy()).to_numpy(), atol=1e-12)
    assert (expected.to_numpy()[got.isna().to_numpy()] == 0).all()
    defined = got.notna().all().to_numpy()
    overall = ours.overall[list(FAIRLEARN)]
    np.testing.assert_allclose(overall[overall.notna()], theirs.overall[overall.notna()].astype(float), atol=1e-12)
    for mine, other in (
        (ours.difference(include_small=True), theirs.difference(method="between_groups")),
        (ours.ratio(include_small=True), theirs.ratio(method="between_groups")),
    ):
        np.testing.assert_allclose(mine[list(FAIRLEARN)][defined], other[defined].astype(float), atol=1e-12)


def test_base_rate_equals_pandas():
    """The base rate, which fairlearn does not know, is the mean label of the group."""
    data = decisions()
    expected = pd.Series(data["y_true"]).groupby(data["sensitive_features"]).mean()
    np.testing.assert_allclose(audit(**data).by_group["base_rate"], expected, atol=1e-12)


def test_groups_that_are_alike():
    """Under exact parity every interval of max - min contains 0, that of min / max contains 1, and the test agrees."""
    found = Counts.from_mapping({group: [250, 100, 50, 100] for group in "abcd"}).audit()
    assert (found.difference() == 0).all() and (found.ratio() == 1).all()
    assert (found.difference_interval()["low"] == 0).all() and (found.ratio_interval()["high"] == 1).all()
    assert all(found.parity_test(metric) == 1 for metric in METRICS)


def test_tables_have_the_shapes_that_others_rely_on():
    """Names of rows and columns are as agreed: metrics and n, (metric, limit), and one row for each pair."""
    found = audit(**decisions())
    assert isinstance(found, Audit)
    assert list(METRICS) == [*FAIRLEARN, "base_rate"]
    assert found.overall.index.tolist() == found.by_group.columns.tolist() == [*METRICS, "n"]
    assert found.by_group["n"].sum() == found.overall["n"] == 400
    assert found.intervals.columns.tolist() == [(name, limit) for name in METRICS for limit in ("low", "high")]
    assert found.intervals.index.equals(found.by_group.index)
    assert found.difference().index.tolist() == found.ratio().index.tolist() == list(METRICS)
    for limits, value in ((found.difference_interval(), found.difference()), (found.ratio_interval(), found.ratio())):
        assert limits.columns.tolist() == ["low", "high"] and limits.index.equals(value.index)
    pairs = found.pairwise("selection_rate")
    assert pairs.columns.tolist() == ["a", "b", "difference", "low", "high"]
    assert list(zip(pairs["a"], pairs["b"], strict=True)) == [(0, 1), (0, 2), (1, 2)]


def test_pairwise_differences_are_signed():
    """A difference is the rate of a minus the rate of b, inside its interval, and may be negative."""
    found = audit(**decisions())
    rates, pairs = found.by_group["selection_rate"], found.pairwise("selection_rate")
    np.testing.assert_allclose(pairs["difference"], rates.loc[pairs["a"]].to_numpy() - rates.loc[pairs["b"]].to_numpy())
    assert ((pairs["low"] < pairs["difference"]) & (pairs["difference"] < pairs["high"])).all()
    assert (pairs["difference"] < 0).any()


def test_same_seed_same_p_value():
    """Random tables repeat with the seed and change with it; intervals are not drawn at all."""
    counts = Counts.from_mapping({"a": [8, 1, 8, 4], "b": [5, 3, 9, 4], "c": [9, 2, 9, 1]})
    first, again, other = (counts.audit(seed=seed, n_tables=500) for seed in (0, 0, 1))
    p_values = [found.parity_test("false_positive_rate") for found in (first, again, other)]
    assert p_values[0] == p_values[1] != p_values[2]
    assert first.difference_interval().equals(other.difference_interval())


def test_more_confidence_means_wider_intervals():
    """Every interval widens with the confidence asked for."""
    narrow, wide = (audit(**decisions(), confidence=confidence) for confidence in (0.5, 0.99))

    def widths(found):
        tables = (found.intervals["accuracy"], found.pairwise("accuracy"), found.difference_interval())
        return np.concatenate([table["high"] - table["low"] for table in tables])

    assert (widths(narrow) < widths(wide)).all()


def test_small_groups_are_shown_and_left_out_of_differences():
    """A group of three people appears in the tables and a warning, and sets a difference only when asked to."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [30, 15, 15, 30], "tiny": [0, 3, 0, 0]}).audit()
    assert found.small_groups == ["tiny"] and found.by_group.loc["tiny", "selection_rate"] == 1
    assert found.difference()["selection_rate"] == pytest.approx(0)
    assert found.difference(include_small=True)["selection_rate"] == pytest.approx(0.5)
    assert found.ratio(include_small=True)["selection_rate"] == pytest.approx(0.5)
    assert found.difference_interval()["high"]["selection_rate"] < 0.3
    assert found.difference_interval(include_small=True)["high"]["selection_rate"] >= 0.5
    assert "group 'tiny' has 3 people; under 20 (min_group_size=)" in found.warnings[0]
    assert Counts.from_mapping({"a": [30, 10, 10, 30], "tiny": [0, 3, 0, 0]}).audit(min_group_size=3).small_groups == []


def test_undefined_metrics_are_nan_and_named():
    """A group without positives has no true positive rate: NaN everywhere, never 0, and a warning says so."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "none": [30, 15, 0, 0], "b": [20, 10, 10, 10]}).audit()
    assert np.isnan(found.by_group.loc["none", "true_positive_rate"])
    assert found.intervals.loc["none", "true_positive_rate"].isna().all()
    assert found.pairwise("true_positive_rate")["low"].isna().tolist() == [True, False, True]
    assert found.difference()["true_positive_rate"] == pytest.approx(0.75 - 0.5)
    assert any("true_positive_rate, false_negative_rate of group 'none' undefined" in line for line in found.warnings)
    others = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [20, 10, 10, 10]}).audit()
    assert found.parity_test("true_positive_rate") == others.parity_test("true_positive_rate")


def test_fewer_than_two_groups_make_no_difference():
    """With one group large enough, or one with a rate, there is nothing to compare: NaN, not 0."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "tiny": [1, 0, 0, 0]}).audit()
    assert found.difference().isna().all() and found.ratio().isna().all()
    assert found.difference_interval().isna().all(axis=None)
    assert any("fewer than two groups" in line for line in found.warnings)
    assert np.isnan(found.parity_test("true_positive_rate"))


def test_rates_on_few_people_are_named():
    """A large group with four positives has a true positive rate that rests on four people; a warning says it."""
    found = Counts.from_mapping({"a": [300, 10, 2, 2], "b": [300, 10, 50, 50]}).audit()
    assert found.warnings == [
        "true_positive_rate, false_negative_rate of group 'a': only 4 people labeled positive; wide intervals",
        "precision of group 'a': only 12 people predicted positive; wide intervals",
    ]


@pytest.mark.parametrize("form", ["array", "list", "series", "frame", "dict", "matrix", "rows", "polars"])
def test_sensitive_features_may_have_any_form(form):
    """Arrays, lists, Series, DataFrames, dicts and polars columns name the same groups, matched by position."""
    data = decisions()
    group = data.pop("sensitive_features")
    scrambled = pd.Series(group, index=np.arange(len(group))[::-1], name="site")
    import polars

    features = {
        "array": group,
        "list": group.tolist(),
        "series": scrambled,
        "frame": scrambled.to_frame(),
        "dict": {"site": scrambled},
        "matrix": group[:, None],
        "rows": [[value] for value in group.tolist()],
        "polars": polars.Series("site", group),
    }[form]
    found = audit(**data, sensitive_features=features)
    name = "site" if form in ("series", "frame", "dict", "polars") else "sensitive_feature_0"
    assert found.counts == audit(**data, sensitive_features={name: group}).counts


def test_columns_and_tensors_are_arrays_too():
    """Labels as an (n, 1) column and predictions as a tensor give the same audit."""
    import torch

    data = decisions()
    other = data | {"y_true": data["y_true"][:, None], "y_pred": torch.tensor(data["y_pred"])}
    assert audit(**other).counts == audit(**data).counts


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_pred": [0, 1, 1]}, "lengths differ: y_true has 4, y_pred has 3"),
        ({"sensitive_features": {"sex": list("abc")}}, "lengths differ: .* sex has 3"),
        ({"sensitive_features": ["a", None, "b", "b"]}, "'sensitive_feature_0' is missing for 1 people"),
        ({"sensitive_features": ["a", np.nan, "b", "b"]}, "is missing for 1 people"),
        ({"sensitive_features": [["a", 1], ["b", 2], ["c", np.nan], ["d", 4]]}, "'sensitive_feature_1' is missing"),
        ({"y_true": [0, 1, 2, 0]}, "column 'y_true' must hold 0 and 1.* it has 2"),
        ({"y_pred": [0.2, 0.7, 0.4, 0.1]}, "column 'y_pred'.*0.2, 0.7.*score >= threshold"),
        ({"y_true": ["no", "yes", "no", "no"]}, "column 'y_true'.*'no', 'yes'"),
        ({"y_true": [0, 1, None, 0]}, "column 'y_true'.*missing; drop or fill"),
        ({"sensitive_features": list("aaaa")}, "one single group, 'a'"),
        ({"y_true": [], "y_pred": [], "sensitive_features": []}, "is empty"),
        ({"sensitive_features": {}}, "no columns"),
        ({"sensitive_features": {"y_true": list("aabb")}}, "called 'y_true', which is taken"),
        ({"y_true": np.zeros((2, 2))}, r"y_true has shape \(2, 2\)"),
        ({"n_tables": 0}, "n_tables=0"),
        ({"confidence": 1.0}, "confidence=1.0"),
        ({"min_group_size": -1}, "min_group_size=-1"),
    ],
)
def test_rejects_input_with_the_remedy(change, message):
    """Wrong input is rejected by a message that names the value."""
    data = {"y_true": [0, 1, 1, 0], "y_pred": [0, 1, 0, 1], "sensitive_features": list("aabb")}
    with pytest.raises(ValueError, match=message):
        audit(**data | change)


@pytest.mark.parametrize("method", ["pairwise", "parity_test"])
def test_rejects_an_unknown_metric(method):
    """A metric that is not known is rejected with the list of those that are."""
    with pytest.raises(ValueError, match="unknown metric 'tpr'; choose one of selection_rate"):
        getattr(audit(**decisions()), method)("tpr")


def test_counts_of_one_group_cannot_be_audited():
    """Counts may hold one group, to be added to others; an audit needs two."""
    with pytest.raises(ValueError, match=r"one single group: \['a'\]"):
        Counts.from_mapping({"a": [1, 2, 3, 4]}).audit()


def test_reads_well_in_a_notebook_and_in_a_terminal():
    """Both views hold rates, marks and warnings; names of groups cannot smuggle in markup."""
    found = Counts.from_mapping({"<b>x</b>": [30, 10, 10, 30], "y": [30, 15, 15, 30], "tiny": [0, 3, 0, 0]}).audit()
    text, page = repr(found), found._repr_html_()
    for part in ("Audit of 173 people in 3 groups by group", "tiny †", "min_group_size", "max - min", "0.500"):
        assert part in text
    assert "‡" not in text  # which shows no intervals
    for part in (
        "tiny †",
        "0.500 [0.393, 0.607]",
        "1.000 [0.439, 1.000] ‡",
        "‡ too few to be precise",
        "undefined",
        "&lt;b&gt;x",
        "<li>",
    ):
        assert part in page
    assert "<b>x</b>" not in page


def test_views_without_warnings_have_no_room_for_them():
    """Large groups with every rate defined need no warning, no mark and no explanation of it."""
    found = Counts.from_mapping({"a": [30, 20, 20, 30], "b": [30, 25, 25, 30]}).audit()
    assert found.warnings == []
    for view in (repr(found), found._repr_html_()):
        assert "four_fifths(favorable=)" in view and "‡" not in view
        assert "Warnings" not in view and "!" not in view and "†" not in view


def test_many_groups_are_cut_in_views_and_kept_in_tables():
    """A view of hundreds of groups stays readable and says that it is cut."""
    found = Counts.from_mapping({group: [5, 1, 2, 4] for group in range(300)}).audit()
    assert len(found.by_group) == 300
    assert "The first 40 of 300 groups" in repr(found) and repr(found).count("\n") < 150
    assert found._repr_html_().count("<tr>") < 50


def test_tests_are_computed_once(monkeypatch):
    """The tables of a file and its page show the same tests, which take seconds with thousands of groups."""
    tested = []
    monkeypatch.setattr(_methods, "compare_rates", lambda *counts, **options: tested.append(1) or RateTest(0.5, "coin"))
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [60, 15, 40, 55], "tiny": [1, 1, 1, 1]}).audit()
    first = disparities(found)
    assert disparities(found).equals(first) and len(tested) == len(METRICS) - 2  # two are 1 minus another
    assert found.parity_test("accuracy", include_small=True) == 0.5 and len(tested) == len(METRICS) - 1


@pytest.mark.parametrize("kind", ["numbers", "ranks", "lists", "two features"])
def test_auc_of_exact_scores_is_compared(kind):
    """The difference is that of scikit-learn's AUCs, whatever the scores' scale and the form of the columns."""
    people = decisions()
    score = np.random.default_rng(0).normal(size=400).round(2) * 1e6 + 4e5 * people["y_true"]
    groups = np.array(list("xyz"))[people["sensitive_features"]]
    given = {"y_true": people["y_true"], "y_score": score, "sensitive_features": groups}
    a, b = "x", "z"
    if kind == "ranks":
        given["y_score"] = pd.Series(score).rank()
    elif kind == "lists":
        given = {name: list(values) for name, values in given.items()}
    elif kind == "two features":
        given["sensitive_features"], a, b = pd.DataFrame({"one": groups, "two": 1}), ("x", 1), ("z", 1)
    found = auc_difference(a, b, **given)
    one, other = (roc_auc_score(people["y_true"][groups == g], score[groups == g]) for g in "xz")
    assert found.difference == pytest.approx(one - other, abs=1e-12) and found.error == 0
    assert found.low < found.difference < found.high and found.groups == (a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_score": [0.1, np.nan, 0.3, 0.4]}, "y_score holds nan; give a finite number"),
        ({"y_score": [0.1, np.inf, 0.3, 0.4]}, "y_score holds inf"),
        ({"y_score": [0.1, "high", 0.3, 0.4]}, "y_score holds 'high'"),
        ({"y_score": [0.1, 0.2, 0.3]}, "lengths differ: y_true has 4, y_score has 3"),
        ({"y_true": [0, 1, 2, 1]}, "'y_true' must hold 0 and 1"),
        ({"sensitive_features": list("aacc")}, "unknown group 'b'"),
        ({"sensitive_features": {"y_score": list("aabb")}}, "'y_score', which is taken"),
        ({name: [] for name in ("y_true", "y_score", "sensitive_features")}, "is empty"),
    ],
)
def test_auc_of_what_are_no_scores_is_not_compared(change, message):
    """The message names the value."""
    good = {"y_true": [0, 1, 0, 1], "y_score": [0.1, 0.2, 0.3, 0.4], "sensitive_features": list("aabb")}
    with pytest.raises(ValueError, match=message):
        auc_difference("a", "b", **good | change)


def test_more_distinct_scores_than_bins_are_rejected(monkeypatch):
    """They can be rounded, or counted in bins."""
    monkeypatch.setattr("labkit.audit.arrays.MAX_BINS", 4)
    with pytest.raises(ValueError, match="5 different values, more than 4; round them, or count them in bins"):
        auc_difference("a", "b", y_true=[0, 1, 0, 1, 0], y_score=range(5), sensitive_features=list("aabbb"))
