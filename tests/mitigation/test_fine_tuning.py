"""Fine-tuning: a method by itself, and the estimator of other methods."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from labkit.mitigation.decisions import FairThresholds
from labkit.mitigation.features import Unmitigated
from labkit.mitigation.fine_tuning import FineTuning
from labkit.training import objectives
from labkit.training.config import TrainConfig
from labkit.training.finetuning import finetune
from tests.tiny import make_texts

CONFIG = TrainConfig(epochs=2, batch_size=16, learning_rate=1e-2, trainable_layers=0, seed=3)


@pytest.fixture(scope="module")
def people():
    """Texts, labels and groups of 96 people."""
    return make_texts(96)


@pytest.mark.parametrize("objective", [None, objectives.Penalty(objectives.DemographicParity(), 1.0)])
def test_scores_are_those_of_finetune(model, people, objective):
    """With and without a fair term; the time of the cache is left out."""
    texts, y, groups = people
    fitted = FineTuning(model=model, config=CONFIG, objective=objective).fit(texts, y, sensitive_features=groups)
    table = fitted.predict(texts, y, sensitive_features={"group": groups})
    fit = finetune(model, texts, y, sensitive_features=groups, objective=objective, config=CONFIG)
    np.testing.assert_allclose(table["y_score"], fit.predict(texts), atol=1e-6)
    assert table["y_pred"].tolist() == (table["y_score"] >= 0.5).astype(int).tolist()
    assert fitted.seconds > 0


def test_a_constraint_that_does_not_hold_is_said_unless_asked_not_to(model, people):
    """In a sweep of settings some never hold."""
    texts, _, groups = people
    y = (groups == "a").astype(int)  # the label is the group: parity and labels cannot both be had
    texts = [f"{'fever' if label else 'rash'} {text}" for text, label in zip(texts, y, strict=True)]
    term = objectives.AugmentedLagrangian(objectives.DemographicParity(), 0.0, strength=1e-6)
    config = TrainConfig(epochs=8, batch_size=16, learning_rate=5e-2, trainable_layers=0)
    with pytest.warns(UserWarning, match="the constraint does not hold"):
        FineTuning(model=model, config=config, objective=term).fit(texts, y, sensitive_features=groups)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FineTuning(model=model, config=config, objective=term, warn=False).fit(texts, y, sensitive_features=groups)


def test_an_estimator_is_rejected(model, people):
    """It would not be used."""
    with pytest.raises(ValueError, match="leave estimator= out"):
        FineTuning(model=model, config=CONFIG, estimator=object()).fit(*people[:2], sensitive_features=people[2])


def test_as_an_estimator_it_gives_the_scores_of_finetune(model, people):
    """Another method that does nothing around it adds nothing."""
    texts, y, groups = people
    method = Unmitigated(estimator=FineTuning(model=model, config=CONFIG))
    table = method.fit(texts, y, sensitive_features=groups).predict(texts)
    np.testing.assert_allclose(table["y_score"], finetune(model, texts, y, config=CONFIG).predict(texts), atol=1e-6)


def test_plain_training_needs_no_groups(model, people):
    """The scores are the same; predict_proba gives them as scikit-learn does."""
    texts, y, groups = people
    method = FineTuning(model=model, config=CONFIG)
    fitted = method.fit(texts, y)
    expected = method.fit(texts, y, sensitive_features=groups).predict(texts)["y_score"]
    np.testing.assert_allclose(fitted.predict_proba(texts), np.column_stack([1 - expected, expected]), atol=1e-6)
    table = fitted.predict(texts, y, sensitive_features=groups)
    assert fitted.groups == () and list(table.columns) == ["y_true", "y_score", "y_pred", "group"]


def test_a_fair_term_needs_groups(model, people):
    """Inside another method there are none for it."""
    term = objectives.Penalty(objectives.DemographicParity(), 1.0)
    with pytest.raises(ValueError, match="Penalty needs sensitive_features="):
        FineTuning(model=model, config=CONFIG, objective=term).fit(*people[:2])


def test_thresholds_can_be_chosen_for_a_fitted_one(model, people):
    """With prefit=True nothing is trained again: the score stays what it was."""
    texts, y, groups = people
    fitted = FineTuning(model=model, config=CONFIG).fit(texts, y)
    rule = FairThresholds(estimator=fitted, prefit=True).fit(texts, y, sensitive_features=groups)
    score = rule.predict(texts, y, sensitive_features=groups)["y_score"]
    np.testing.assert_array_equal(score, fitted.predict_proba(texts)[:, 1])


def test_what_is_not_fitted_predicts_nothing(model, people):
    """The message says that fit returns what predicts."""
    method = FineTuning(model=model, config=CONFIG)
    with pytest.raises(ValueError, match="not fitted; use what fit"):
        method.predict_proba(people[0])
    assert clone(method) is method  # not a copy of the model's weights


def test_a_method_that_decides_by_group_has_no_score_without_it(people):
    """It cannot be the estimator of another one."""
    texts, y, groups = people
    with pytest.raises(ValueError, match="FairThresholds decides by group, which predict_proba does not know"):
        FairThresholds().fit(texts, y, sensitive_features=groups).predict_proba(texts)
