"""One row per run, means over seeds with intervals, and paired changes."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from labkit.comparison.seeds import CONSTANTS, _adjust, accuracy_change, changes_over_seeds, over_seeds, summarise
from labkit.errors import UserError


@pytest.fixture
def table():
    """A predictions table of two groups with known rates."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"group": ["a"] * 200 + ["b"] * 100, "y_true": generator.integers(0, 2, 300)})
    frame["y_score"] = np.clip(0.3 * frame["y_true"] + generator.random(300) * 0.7, 0, 1)
    return frame.assign(y_pred=(frame["y_score"] >= 0.5).astype(int))


def test_summary_equals_the_parts_computed_by_hand(table):
    """AUC, accuracy and the signed gap are those of pandas and scikit-learn."""
    from sklearn.metrics import roc_auc_score

    found, rates = summarise(table), table.groupby("group")["y_pred"].mean()
    assert found["auc"] == pytest.approx(roc_auc_score(table.y_true, table.y_score))
    assert found["accuracy"] == pytest.approx((table.y_true == table.y_pred).mean())
    assert found["gap"] == pytest.approx(rates["a"] - rates["b"])
    assert found["gap_low"] < found["gap"] < found["gap_high"]
    positives = table[table.y_true == 1].groupby("group")["y_pred"].mean()
    assert summarise(table, metric="true_positive_rate")["gap"] == pytest.approx(positives["a"] - positives["b"])


def test_summary_has_the_rates_next_to_the_gap(table):
    """Balanced accuracy is scikit-learn's; shares selected, TPR and FPR are those of everybody and of each group."""
    from sklearn.metrics import balanced_accuracy_score

    found = summarise(table)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(table.y_true, table.y_pred))
    assert found["gap"] == pytest.approx(found["selected_a"] - found["selected_b"])
    for name, part in (
        ("selected", table),
        *(((f"{k}_positive_rate"), table[table.y_true == (k == "true")]) for k in ("true", "false")),
    ):
        assert found[name] == pytest.approx(part["y_pred"].mean())
        for group, own in part.groupby("group")["y_pred"].mean().items():
            assert found[f"{name}_{group}"] == pytest.approx(own)


def test_summary_knows_recorded_and_true_labels(table):
    """A model may be more or less accurate by the true labels than by the records."""
    found = summarise(table, true_labels=table["y_pred"])
    assert found["accuracy_true"] == 1 and found["accuracy"] == summarise(table)["accuracy"]
    assert "accuracy_true" not in summarise(table)
    with pytest.raises(ValueError, match=r"true_labels has shape \(3,\) for 300 rows; give one label per row"):
        summarise(table, true_labels=[0, 1, 1])
    with pytest.raises(ValueError, match=r"true_labels holds \[2\]; labels are 0 or 1"):
        summarise(table, true_labels=table["y_pred"] * 2)


def test_one_class_has_no_auc(table):
    """AUC is NaN, not a crash and not 0."""
    found = summarise(table.assign(y_true=1))
    assert np.isnan(found["auc"]) and np.isnan(found["balanced_accuracy"]) and np.isnan(found["false_positive_rate_a"])


def test_more_than_two_groups_are_rejected(table):
    """The message names them and what to use."""
    three = table.assign(group=["a", "b", "c"] * 100)
    with pytest.raises(ValueError, match=r"\['a', 'b', 'c'\]; a signed gap needs two"):
        summarise(three)


def test_interval_over_seeds_is_students(table):
    """Mean and interval equal scipy's; order of appearance is kept; one run has no interval."""
    runs = pd.DataFrame({"model": ["z"] * 3 + ["a"], "gap": [0.1, 0.2, 0.4, 0.3]})
    found = over_seeds(runs, "gap", by="model")
    expected = stats.ttest_1samp([0.1, 0.2, 0.4], 0).confidence_interval(0.95)
    assert list(found.index) == ["z", "a"] and list(found["n"]) == [3, 1]
    np.testing.assert_allclose(found.loc["z", ["low", "high"]].astype(float), expected)
    assert found.loc["a", ["low", "high"]].isna().all()
    with pytest.raises(ValueError, match=r"no column \['loss'\]; there are"):
        over_seeds(runs, "loss", by="model")


def test_interval_covers_at_its_level():
    """In 2,000 repetitions of three normal runs, about 95% of intervals hold the true mean."""
    runs = pd.DataFrame({"repetition": np.repeat(np.arange(2000), 3), "v": np.random.default_rng(0).normal(size=6000)})
    found = over_seeds(runs, "v", by="repetition")
    covered = ((found["low"] <= 0) & (0 <= found["high"])).mean()
    assert abs(covered - 0.95) < 0.02  # four standard errors


def test_a_change_of_accuracy_is_paired():
    """By hand: 12 decisions became right and 4 wrong among 100; the interval is Agresti and Min's."""
    before = pd.DataFrame({"y_true": 1, "y_pred": [0] * 12 + [1] * 88})
    after = pd.DataFrame({"y_true": 1, "y_pred": [1] * 12 + [0] * 4 + [1] * 84})
    found = accuracy_change(before, after)
    middle, half = 8 / 102, 1.959964 * np.sqrt((12.5 + 4.5) - 8**2 / 102) / 102
    assert (found["change"], found["gained"], found["lost"]) == (0.08, 12, 4)
    assert (found["low"], found["high"]) == pytest.approx((middle - half, middle + half), abs=1e-6)
    assert found["p_value"] == pytest.approx(stats.binomtest(12, 16).pvalue)
    reverse = accuracy_change(after, before)
    assert (reverse["change"], reverse["low"]) == pytest.approx((-0.08, -found["high"]))
    assert accuracy_change(before, before)["p_value"] == 1 and accuracy_change(before, before)["change"] == 0


def test_a_change_is_judged_by_the_labels_that_are_given():
    """What loses accuracy on the records can gain it on the truth."""
    before = pd.DataFrame({"y_true": [0, 0, 1, 1], "y_pred": [0, 0, 1, 1]})
    after = before.assign(y_pred=[1, 0, 1, 1])
    assert accuracy_change(before, after)["change"] == -0.25
    assert accuracy_change(before, after, true_labels=[1, 0, 1, 1])["change"] == 0.25


def test_a_paired_interval_covers_at_its_level():
    """Of 60 people, exactly: summed over what can happen, about 95% of intervals hold the true change of .05."""
    truth = pd.DataFrame({"y_true": np.ones(60, dtype=int)})
    right = np.arange(60)
    covered = seen = 0.0
    for gained, lost in product(range(25), range(20)):
        chance = stats.multinomial.pmf([gained, lost, 60 - gained - lost], 60, [0.15, 0.10, 0.75])
        if chance < 1e-4:
            continue
        before, after = right >= gained, right < 60 - lost
        found = accuracy_change(truth.assign(y_pred=before), truth.assign(y_pred=after))
        assert (found["gained"], found["lost"]) == (gained, lost)
        seen += chance
        covered += chance * (found["low"] <= 0.05 <= found["high"])
    assert seen > 0.99 and 0.94 < covered / seen < 0.97


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"y_true": [0], "y_pred": [0]}, "before has 2 rows and after 1; a paired change needs the same people"),
        ({"y_true": [1, 0], "y_pred": [0, 0]}, "differ in y_true; a paired change needs the same people"),
    ],
)
def test_other_people_make_no_pair(after, message):
    """Tables of other rows, or in another order, are rejected."""
    with pytest.raises(ValueError, match=message):
        accuracy_change(pd.DataFrame({"y_true": [0, 1], "y_pred": [0, 1]}), pd.DataFrame(after))


def test_changes_are_paired_by_seed():
    """The mean change and its interval are scipy's for paired runs; a run without a partner is left out."""
    plain, fair = [0.3, 0.5, 0.1], [0.2, 0.45, 0.02]
    runs = pd.DataFrame(
        {"method": ["plain"] * 3 + ["fair"] * 4, "seed": [0, 1, 2, 0, 1, 2, 9], "gap": plain + fair + [1]}
    )
    found = changes_over_seeds(runs.sample(frac=1, random_state=1), "gap", by="method", baseline="plain")
    expected = stats.ttest_rel(fair, plain).confidence_interval(0.95)
    assert list(found.index) == ["fair"] and found.loc["fair", "n"] == 3
    np.testing.assert_allclose(found.loc["fair", ["low", "high"]].astype(float), expected)
    assert found.loc["fair", "mean"] == pytest.approx(np.mean(np.subtract(fair, plain)))
    assert found.loc["fair", "p_value"] == pytest.approx(stats.ttest_rel(fair, plain).pvalue)


def test_p_values_are_adjusted_for_the_number_of_methods(runs):
    """By statsmodels' Holm; constants are no hypotheses, one run has no test, no change at all has a p-value of 1."""
    from statsmodels.stats.multitest import multipletests

    more = [{"method": CONSTANTS[0], "seed": seed, "gap": 0.0} for seed in range(3)]
    more += [{"method": "once", "seed": 0, "gap": 0.0}]
    same = runs[runs["method"] == "untouched"].assign(method="same")
    found = changes_over_seeds(pd.concat([runs, pd.DataFrame(more), same]), "gap", by="method", baseline="untouched")
    assert found.loc[[CONSTANTS[0], "once"], ["p_value", "p_holm"]].isna().all(axis=None)
    tested = found.dropna()
    assert len(tested) == 4 and found["p_value"]["same"] == 1
    np.testing.assert_allclose(tested["p_holm"], multipletests(tested["p_value"], method="holm")[1])
    row = np.random.default_rng(0).random(30) ** 3
    np.testing.assert_allclose(_adjust(row), multipletests(row, method="holm")[1])


def test_overlap_widens_the_test_with_the_interval(runs):
    """A p-value is below .05 where the interval does not contain zero."""
    for overlap in (0.01, 1.0, 5.0, 12.0, 30.0):
        found = changes_over_seeds(runs, "gap", by="method", baseline="untouched", overlap=overlap)
        clear = (found["low"] > 0) | (found["high"] < 0)
        assert (clear == (found["p_value"] < 0.05)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"value": "loss"}, r"no column \['loss'\]; there are"),
        ({"baseline": "majority"}, "no run of the baseline 'majority'; 'method' holds"),
        ({"seed": "pair"}, "'plain' has two runs with pair 0"),
    ],
)
def test_runs_that_cannot_be_paired_are_rejected(options, message):
    """The message names what is missing or twice there."""
    runs = pd.DataFrame({"method": ["plain", "plain", "fair"], "seed": [0, 1, 0], "gap": 0.1, "pair": 0})
    with pytest.raises(ValueError, match=message):
        changes_over_seeds(runs, **{"value": "gap", "by": "method", "baseline": "plain"} | options)


def test_overlapping_splits_widen_the_interval():
    """For halves and five splits by the square root of six (Nadeau and Bengio 2003), in means and in changes."""
    runs = pd.DataFrame(
        {"method": list("ab") * 5, "seed": np.repeat(range(5), 2), "gap": [1, 4, 2, 4, 3, 9, 4, 8, 6, 7]}
    )
    for compare in (over_seeds, lambda *args, **options: changes_over_seeds(*args, baseline="a", **options)):
        alone, overlapping = (compare(runs, "gap", by="method", overlap=overlap) for overlap in (None, 1.0))
        widths = [(found["high"] - found["low"]).to_numpy() for found in (overlapping, alone)]
        assert widths[0] / widths[1] == pytest.approx(np.sqrt(6)) and alone["mean"].equals(overlapping["mean"])


@pytest.mark.parametrize("overlap", [0, -0.25, float("nan"), float("inf")])
def test_an_overlap_that_is_none_is_rejected(overlap):
    """Runs that share nothing have no overlap, which is None."""
    with pytest.raises(UserError, match="must be above 0"):
        over_seeds(pd.DataFrame({"method": ["a"], "gap": [1.0]}), "gap", by="method", overlap=overlap)


def test_interval_of_overlapping_splits_covers_at_its_level():
    """Ten splits 80/20 of one sample, a mean fitted on one part and judged on the other; without overlap it fails."""
    repetitions, splits, n = 1000, 10, 100
    generator = np.random.default_rng(0)
    samples = np.repeat(generator.normal(size=(repetitions, 1, n)), splits, axis=1)
    orders = generator.permuted(samples, axis=2)  # (repetitions, splits, n)
    test, train = orders[..., : n // 5], orders[..., n // 5 :]
    errors = ((test - train.mean(axis=2, keepdims=True)) ** 2).mean(axis=2)
    runs = pd.DataFrame({"repetition": np.repeat(np.arange(repetitions), splits), "error": errors.ravel()})
    expected = 1 + 1 / (0.8 * n)  # squared error of a mean of 80 people about new ones, of variance 1
    covered = {}
    for overlap in (None, 0.25):
        found = over_seeds(runs, "error", by="repetition", overlap=overlap)
        covered[overlap] = ((found["low"] < expected) & (expected < found["high"])).mean()
    assert covered[None] < 0.85 and 0.92 < covered[0.25] < 0.99
