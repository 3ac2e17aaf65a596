"""Every mitigation method: one signature, one kind of table as the result, and the same errors."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from labkit.audit.counts import count
from labkit.language.swaps import both_ways
from labkit.mitigation.decisions import FairThresholds, QuantileMatching
from labkit.mitigation.estimators import Embedder
from labkit.mitigation.features import (
    CorrelationRemoval,
    CounterfactualAugmentation,
    Unawareness,
    Unmitigated,
)
from labkit.mitigation.fine_tuning import FineTuning
from labkit.mitigation.labels import LabelRepair, Massaging
from labkit.mitigation.reductions import ExponentiatedGradientReduction, GridSearchReduction
from labkit.mitigation.weights import Resampling, Reweighing
from labkit.training.config import TrainConfig
from tests.tiny import make_texts

ON_NUMBERS = {
    "nothing": Unmitigated(),
    "weights": Reweighing(),
    "rows": Resampling(),
    "labels by rate": Massaging(),
    "labels by noise": LabelRepair(missed={"b": 0.3}),
    "features": CorrelationRemoval(),
    "mixture": ExponentiatedGradientReduction(tolerance=0.1),
    "grid": GridSearchReduction(),
    "thresholds": FairThresholds(),
    "quantiles": QuantileMatching(),
}
ON_TABLES = ON_NUMBERS | {"unaware": Unawareness(columns=["member"])}
ON_TEXTS = ON_NUMBERS | {
    "labels by noise": LabelRepair(missed={"b": 0.1}),
    "unaware": Unawareness(words=["alder", "birch"]),
    "twins": CounterfactualAugmentation(swaps=both_ways([("alder", "birch")])),
}


@pytest.fixture(scope="module")
def people():
    """600 people in two groups; a quarter of the positives of b are recorded as 0; `member` says the group."""
    generator = np.random.default_rng(0)
    group = np.where(generator.random(600) < 0.4, "b", "a")
    signal = generator.normal(size=600)
    truth = (signal + generator.normal(scale=0.7, size=600) > 0).astype(int)
    y = np.where((group == "b") & (generator.random(600) < 0.4), 0, truth)
    frame = pd.DataFrame(
        {"signal": signal, "noise": generator.normal(size=600), "member": np.where(group == "b", "B", "A")}
    )
    return frame, y, group, truth


@pytest.fixture(scope="module")
def notes():
    """160 texts that name a district, with labels and groups."""
    texts, y, groups = make_texts(160)
    return (
        [f"{text} from {'Birch' if group == 'b' else 'Alder'}." for text, group in zip(texts, groups, strict=True)],
        y,
        groups,
    )


def assert_is_predictions_table(table, y, columns=("group",)):
    """It has its columns, in order and without gaps, and an audit takes it as it is."""
    assert list(table.columns) == ["y_true", "y_score", "y_pred", *columns] and not table.isna().any().any()
    assert list(table.index) == list(range(len(y))) and (table["y_true"] == y).all()
    assert table["y_score"].between(0, 1).all() and set(table["y_pred"]) <= {0, 1}
    assert count(table, label="y_true", prediction="y_pred", sensitive=list(columns)).cells.sum() == len(y)


@pytest.mark.parametrize("name", ON_TABLES)
def test_methods_take_a_table(name, people):
    """Words and numbers, in a frame with an unusual index; the method itself does not change."""
    frame, y, group, _ = people
    frame = frame.set_index(frame.index[::-1] * 7)
    method = ON_TABLES[name]
    before = repr(method)
    fitted = method.fit(frame[:400], y[:400], sensitive_features=group[:400])
    assert_is_predictions_table(fitted.predict(frame[400:], y[400:], sensitive_features=group[400:]), y[400:])
    assert fitted.seconds > 0 and fitted.method is method and repr(method) == before


@pytest.mark.parametrize("name", ON_NUMBERS)
def test_methods_take_embeddings(name, people):
    """An array, with sensitive features as a named Series, whose name the table takes."""
    frame, y, group, _ = people
    X, sex = frame[["signal", "noise"]].to_numpy(), pd.Series(group, name="sex")
    fitted = ON_NUMBERS[name].fit(X, y, sensitive_features=sex)
    assert_is_predictions_table(fitted.predict(X, y, sensitive_features=sex), y, ["sex"])


@pytest.mark.parametrize("name", ON_TEXTS)
def test_methods_take_texts(name, notes):
    """A list of strings, TF-IDF by default; a method decides the same twice."""
    texts, y, groups = notes
    fitted = ON_TEXTS[name].fit(texts, y, sensitive_features=groups)
    table = fitted.predict(pd.Series(texts), y, sensitive_features=groups)
    assert_is_predictions_table(table, y)
    pd.testing.assert_frame_equal(table, fitted.predict(texts, y, sensitive_features=groups))


def test_labels_and_groups_may_be_unknown(people):
    """Where a method decides without them, the table lacks their columns."""
    frame, y, group, _ = people
    table = Reweighing().fit(frame, y, sensitive_features=group).predict(frame[:3])
    assert list(table.columns) == ["y_score", "y_pred"] and len(table) == 3


def test_several_columns_make_intersections(people):
    """Groups are the combinations; the table keeps the columns."""
    frame, y, group, _ = people
    both = pd.DataFrame({"group": group, "half": np.where(frame["noise"] > 0, "high", "low")})
    fitted = FairThresholds().fit(frame, y, sensitive_features=both)
    assert fitted.groups == ("a, high", "a, low", "b, high", "b, low")
    table = fitted.predict(frame, y, sensitive_features=both)
    rates = count(table, label="y_true", prediction="y_pred", sensitive=["group", "half"]).audit().by_group
    assert np.ptp(rates["selection_rate"]) < 0.1 and list(table.columns[3:]) == ["group", "half"]


@pytest.mark.parametrize("estimator", ["embedder", "finetune"])
def test_a_foundation_model_can_be_the_estimator(estimator, model, notes, empty_cache):
    """Its embeddings under a linear classifier, and fine-tuning on resampled rows; the model itself does not change."""
    texts, y, groups = notes
    before = model.head[1].weight.clone()
    if estimator == "embedder":
        method = Reweighing(estimator=make_pipeline(Embedder(model), StandardScaler(), LogisticRegression()))
    else:
        config = TrainConfig(epochs=1, trainable_layers=1, precision="float32")
        method = Resampling(estimator=FineTuning(model=model, config=config), strategy="under")
    table = method.fit(texts, y, sensitive_features=groups).predict(texts, y, sensitive_features=groups)
    assert_is_predictions_table(table, y)
    assert (model.head[1].weight == before).all() and not model.head_trained


def test_the_threshold_can_be_chosen(people):
    """Where a score decides, a higher threshold selects fewer people."""
    frame, y, group, _ = people
    fitted = Unmitigated().fit(frame, y, sensitive_features=group)
    rates = [fitted.predict(frame, threshold=threshold)["y_pred"].mean() for threshold in (0.0, 0.3, 0.7, 1.0)]
    assert rates[0] == 1 and rates == sorted(rates, reverse=True) and rates[1] > rates[2]


def fit_with(**changes):
    """Return a function that fits a method on six people, some of whose data are changed."""
    given = {"X": np.arange(12.0).reshape(6, 2), "y": [0, 1, 0, 1, 0, 1], "sensitive_features": list("aaabbb")}
    given |= changes

    def fit(method):
        return method.fit(given.pop("X"), given.pop("y"), **given)

    return fit


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": [0, 1]}, r"6 rows but y has shape \(2,\); give one label for each"),
        ({"y": [0, 1, 2, 0, 1, 0]}, r"y holds \[2\]; labels must be 0 or 1"),
        ({"y": [1] * 6}, r"y holds only \[1\]; there is nothing to learn"),
        ({"sensitive_features": list("aab")}, "sensitive_features has 3 rows for 6 rows; give one group for each"),
        ({"sensitive_features": list("aaaaaa")}, "one single group, 'a'; there is nothing to make equal"),
        ({"sensitive_features": ["a", None, "a", "b", "b", "b"]}, "missing values; name them"),
        ({"X": "one text"}, "texts is one string; give a list of strings"),
        ({"X": ["a text", ""] * 3}, r"texts\[1\] is empty"),
        ({"X": np.empty((0, 2))}, "X has no rows"),
    ],
)
@pytest.mark.parametrize("method", [Unmitigated(), ExponentiatedGradientReduction(), FairThresholds()])
def test_unfit_training_data_are_rejected(method, changes, message):
    """Whatever the method, before anything is fitted; the message says what is wrong."""
    with pytest.raises(ValueError, match=message):
        fit_with(**changes)(method)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            ExponentiatedGradientReduction(constraints="fair"),
            "constraints is 'fair'; choose one of 'demographic_parity'",
        ),
        (GridSearchReduction(constraints="parity"), "constraints is 'parity'; choose one of"),
        (FairThresholds(constraints="parity"), "constraints is 'parity'; choose one of"),
        (FairThresholds(objective="profit"), "objective is 'profit'; choose one of 'accuracy_score'"),
        (FairThresholds(constraints="equalized_odds", tolerance=0.1), "its thresholds are exact; leave it out"),
        (FairThresholds(tolerance=2), "tolerance is 2; give a number from 0 to 1"),
        (FairThresholds(prefit=True), "prefit=True needs a fitted estimator"),
        (ExponentiatedGradientReduction(tolerance=-0.1), "tolerance is -0.1; give a number from 0 to 1"),
        (
            ExponentiatedGradientReduction(tolerance=0),
            "tolerance is 0, which a finite number of classifiers cannot reach",
        ),
        (GridSearchReduction(constraint_weight=3), "constraint_weight is 3; give a number from 0 to 1"),
        (CorrelationRemoval(alpha=2), "alpha is 2; give a number from 0 to 1"),
        (QuantileMatching(amount=-1), "amount is -1; give a number from 0 to 1"),
        (Massaging(amount="all"), "amount is 'all'; give a number from 0 to 1"),
        (Reweighing(scheme="fair"), "scheme is 'fair'; choose one of 'same', 'group'"),
        (Reweighing(estimator=KNeighborsClassifier(1)), "KNeighborsClassifier takes no sample weights; use Resampling"),
        (
            ExponentiatedGradientReduction(estimator=KNeighborsClassifier(1)),
            "KNeighborsClassifier takes no sample weights",
        ),
        (Unmitigated(estimator=LinearSVC()), "has no predict_proba; use a classifier that gives probabilities"),
        (Resampling(strategy="smote"), "strategy is 'smote'; choose one of 'over', 'under'"),
        (LabelRepair(), "missed is empty; say what share of a group's positives"),
        (LabelRepair(missed={"c": 0.1}), r"missed names group 'c'; the groups are \['a', 'b'\]"),
        (LabelRepair(missed={"b": 1.5}), r"missed\['b'\] is 1.5; give a number from 0 to 1"),
        (LabelRepair(missed={"b": 1.0}), r"missed\['b'\] is 1.0: that would hide 6 positives among 2 negatives"),
        (LabelRepair(missed={"a": 0.1, "b": 0.1}), "no trusted group with both labels is left"),
        (Unawareness(), "name columns= of a table, or words= of texts"),
        (Unawareness(columns=["sex"]), "columns= needs a DataFrame"),
        (CounterfactualAugmentation(), "swaps words in texts; X is ndarray without texts"),
    ],
)
def test_settings_that_make_no_sense_are_rejected(method, message):
    """The message names the setting, its value and what to give instead."""
    y = [0, 1, 0, 1, 0, 1] if not isinstance(method, LabelRepair) else [0, 1, 0, 1, 0, 0]
    with pytest.raises(ValueError, match=message):
        fit_with(y=y)(method)


def test_features_that_are_not_numbers_are_rejected(notes):
    """A method that changes features needs some: fine-tuning has none."""
    texts, y, groups = notes
    with pytest.raises(ValueError, match="needs numbers of shape .* such as Embedder"):
        CorrelationRemoval(estimator=FineTuning(model=None)).fit(texts, y, sensitive_features=groups)


def test_columns_that_are_not_there_cannot_be_left_out(people):
    """A misspelt column would stay in the model unnoticed."""
    frame, y, group, _ = people
    with pytest.raises(ValueError, match="unknown column 'membre': X has no such column; did you mean 'member'"):
        Unawareness(columns=["membre"]).fit(frame, y, sensitive_features=group)


@pytest.mark.parametrize("method", [FairThresholds(), QuantileMatching(), CorrelationRemoval()])
def test_methods_that_decide_by_group_need_it(method, people):
    """Without the sensitive feature at prediction, or with a group that was not in training, there is an error."""
    frame, y, group, _ = people
    fitted = method.fit(frame, y, sensitive_features=group)
    name = type(method).__name__
    with pytest.raises(ValueError, match=rf"{name} decides by group; give predict\(..., sensitive_features=\)"):
        fitted.predict(frame, y)
    with pytest.raises(ValueError, match=rf"{name} was not trained on group 'c'; it knows \['a', 'b'\]"):
        fitted.predict(frame, y, sensitive_features=np.where(group == "b", "c", "a"))


@pytest.mark.parametrize("method", [Unmitigated(), FairThresholds()])
def test_a_group_missing_from_the_test_set_is_announced(method, people):
    """Decisions are made, with a warning that no gap can be measured."""
    frame, y, group, _ = people
    fitted = method.fit(frame, y, sensitive_features=group)
    with pytest.warns(UserWarning, match="nobody in group 'b', which was in training, is among these"):
        table = fitted.predict(frame[group == "a"], y[group == "a"], sensitive_features=group[group == "a"])
    assert len(table) == (group == "a").sum()


@pytest.mark.parametrize("method", [Reweighing(), Resampling(), FairThresholds()])
def test_a_group_without_positives_cannot_be_made_up_for(method):
    """No weight, repetition or threshold replaces people who are not there."""
    with pytest.raises(ValueError, match="group 'b' has .*label"):
        fit_with(y=[0, 1, 0, 0, 0, 0])(method)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": [0, 1]}, r"3 rows but y has shape \(2,\)"),
        ({"sensitive_features": ["a", "b"]}, "sensitive_features has 2 rows for 3 rows"),
        ({"sensitive_features": {"y_pred": list("abb")}}, "has a name that the predictions table uses"),
        ({"threshold": 1.2}, "threshold is 1.2; give a number between 0 and 1"),
    ],
)
def test_unfit_data_to_predict_are_rejected(options, message, people):
    """Lengths, names and the threshold are checked at prediction too."""
    frame, y, group, _ = people
    with pytest.raises(ValueError, match=message):
        Unmitigated().fit(frame, y, sensitive_features=group).predict(frame[:3], **options)


def test_thresholds_of_a_method_are_its_own(people):
    """A threshold in addition to the chosen ones would be ignored."""
    frame, y, group, _ = people
    fitted = FairThresholds().fit(frame, y, sensitive_features=group)
    with pytest.raises(ValueError, match="FairThresholds makes its own decisions; leave threshold= out"):
        fitted.predict(frame, y, sensitive_features=group, threshold=0.4)
