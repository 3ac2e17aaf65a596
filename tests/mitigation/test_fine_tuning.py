"""Fine-tuning with the signature of all methods."""

import warnings

import numpy as np
import pytest

from labkit.mitigation.fine_tuning import FineTuning
from labkit.models.encoder import load_foundation_model
from labkit.training import objectives
from labkit.training.config import TrainConfig
from labkit.training.finetuning import finetune
from tests.tiny import make_texts, save_tiny_bert

CONFIG = TrainConfig(epochs=2, batch_size=16, learning_rate=1e-2, trainable_layers=0, seed=3)


@pytest.fixture(scope="module")
def people():
    """Texts, labels and groups of 96 people."""
    return make_texts(96)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny encoder."""
    return load_foundation_model(str(save_tiny_bert(tmp_path_factory.mktemp("bert"))))


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


def test_an_estimator_is_refused(model, people):
    """It would not be used."""
    with pytest.raises(ValueError, match="leave estimator= out"):
        FineTuning(model=model, config=CONFIG, estimator=object()).fit(*people[:2], sensitive_features=people[2])
