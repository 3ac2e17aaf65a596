"""The rule of fairlearn's ThresholdOptimizer, read and applied."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.postprocessing import ThresholdOptimizer

from labkit.chapters.ch08.rules import decision_chance, read_rules
from labkit.mitigation.estimators import GivenScore


@pytest.fixture(scope="module")
def people():
    """600 people; the score ranks group b worse."""
    generator = np.random.default_rng(0)
    group, y = np.where(generator.random(600) < 0.4, "b", "a"), generator.integers(0, 2, 600)
    score = 1 / (1 + np.exp(-(y * np.where(group == "a", 2, 1) + generator.normal(size=600) - 1)))
    return y, score, group


def fit(people, constraints, **options):
    """Fit fairlearn's optimizer on given scores."""
    y, score, group = people
    options |= {"estimator": GivenScore(), "prefit": True, "predict_method": "predict_proba"}
    optimizer = ThresholdOptimizer(constraints=constraints, **options)
    return optimizer.fit(score[:, None], y, sensitive_features=group)


@pytest.mark.parametrize("constraints", ["demographic_parity", "true_positive_rate_parity", "equalized_odds"])
def test_chances_are_those_that_fairlearn_draws_with(constraints, people):
    """Read from the table, each person's chance is fairlearn's own."""
    _, score, group = people
    optimizer = fit(people, constraints)
    chance = decision_chance(read_rules(optimizer), score, sensitive_features=group)
    own = optimizer._pmf_predict(score[:, None], sensitive_features=group)[:, 1]
    assert chance == pytest.approx(own)
    assert 0 < chance.mean() < 1


def test_somebody_ignored_meets_the_constant():
    """With nothing looked at, the chance is the constant; with everything, it is the lottery between thresholds."""
    rules = pd.DataFrame(
        {"p_ignore": [1.0, 0.0], "constant": 0.3, "p0": 0.4, "threshold0": 0.2, "p1": 0.6, "threshold1": 0.8},
        index=["a", "b"],
    )
    assert decision_chance(rules, [0.9, 0.5], sensitive_features=["a", "b"]).tolist() == pytest.approx([0.3, 0.4])


def test_wrong_arguments_are_named(people):
    """Not fitted, decisions for low scores, lengths, a group without a rule."""
    with pytest.raises(ValueError, match="not fitted; call fit"):
        read_rules(ThresholdOptimizer(estimator=GivenScore()))
    y, score, group = people
    flipped = fit((y, np.where(group == "b", 1 - score, score), group), "equalized_odds", flip=True)
    with pytest.raises(ValueError, match="decides 1 for low scores; fit with flip=False"):
        read_rules(flipped)
    rules = read_rules(fit(people, "demographic_parity"))
    with pytest.raises(ValueError, match="y_score has 1 values and sensitive_features 2"):
        decision_chance(rules, [0.5], sensitive_features=["a", "b"])
    with pytest.raises(ValueError, match="no rule for group 'c'"):
        decision_chance(rules, [0.5], sensitive_features=["c"])
