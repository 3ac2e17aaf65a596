"""Criteria: gaps with a gradient, what they measure, and what they refuse."""

import numpy as np
import pytest
import torch
from fairlearn import metrics

from labkit.training.objectives.criteria import DemographicParity, EqualizedOdds, EqualOpportunity

ALL = [DemographicParity, EqualOpportunity, EqualizedOdds]
FAIRLEARN = {
    DemographicParity: metrics.demographic_parity_difference,
    EqualOpportunity: metrics.equal_opportunity_difference,
    EqualizedOdds: metrics.equalized_odds_difference,
}


def draw(n=120, k=3, seed=0):
    """Logits in float64, labels and codes of k groups, each with both labels."""
    generator = np.random.default_rng(seed)
    groups, y = np.arange(n) % k, generator.integers(0, 2, n)
    y[: 2 * k] = [0] * k + [1] * k
    return torch.tensor(generator.normal(size=n)), torch.tensor(y, dtype=torch.float64), torch.tensor(groups)


@pytest.mark.parametrize("criterion", ALL)
@pytest.mark.parametrize("k", [2, 4])
def test_hard_gap_is_fairlearns(criterion, k):
    """The hard gap of decisions is fairlearn's difference of the same name, for two groups and for four."""
    logits, y, groups = draw(k=k)
    y_pred = (logits >= 0).int()
    expected = FAIRLEARN[criterion](y, y_pred, sensitive_features=groups)
    assert criterion().hard_gap(logits, y, groups) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("criterion", ALL)
def test_soft_gap_becomes_the_hard_gap_when_cold(criterion):
    """With a small temperature the soft gap is the gap of the decisions."""
    logits, y, groups = draw()
    cold = criterion(temperature=1e-4)(logits, y, groups).item()
    assert cold == pytest.approx(criterion().hard_gap(logits, y, groups), abs=1e-6)


@pytest.mark.parametrize("criterion", ALL)
def test_gradient_is_right(criterion):
    """Autograd agrees with finite differences."""
    logits, y, groups = draw(n=24)
    assert torch.autograd.gradcheck(lambda z: criterion()(z, y, groups), logits.requires_grad_())


def test_equal_opportunity_is_half_of_equalized_odds():
    """Equalized odds holds two rates equal; the first of its two gaps is equal opportunity's."""
    logits, y, groups = draw()
    soft = EqualizedOdds().soften(logits)
    both, one = (criterion().rates(soft, y, groups, 3) for criterion in (EqualizedOdds, EqualOpportunity))
    assert both.shape == (2, 3) and torch.equal(both[:1], one)


def test_equal_mean_scores_can_hide_a_gap_that_softening_at_the_threshold_shows():
    """Everyone at .51 against 96% at .49 and 4% at .99: equal means, decision gap .96 (MATH.md, section 5)."""
    scores = torch.tensor([0.51] * 100 + [0.49] * 96 + [0.99] * 4, dtype=torch.float64)
    logits, groups = torch.logit(scores), torch.tensor([0] * 100 + [1] * 100)
    assert scores[:100].mean() - scores[100:].mean() == pytest.approx(0, abs=1e-12)
    assert DemographicParity().hard_gap(logits, None, groups) == pytest.approx(0.96)
    assert DemographicParity(temperature=1.0)(logits, None, groups).item() == pytest.approx(0, abs=1e-9)
    assert DemographicParity(temperature=0.01)(logits, None, groups).item() > 0.9


def test_threshold_moves_decisions_and_softness_alike():
    """A criterion at another threshold looks at decisions made there."""
    logits, y, groups = draw()
    at = DemographicParity(threshold=0.7)
    decided = (torch.sigmoid(logits) >= 0.7).double()
    assert torch.equal(at.decide(logits).double(), decided)
    assert at.soften(torch.logit(torch.tensor([0.7]))).item() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DemographicParity(temperature=0), "temperature is 0; give a positive"),
        (lambda: DemographicParity(threshold=1), "threshold is 1; give a number between 0 and 1"),
        (lambda: DemographicParity()(torch.zeros(3), None, torch.zeros(3).long()), "one group only .* a gap needs two"),
        (
            lambda: DemographicParity()(torch.zeros(3), None, torch.tensor([0, 2, 2])),
            "group 1 has nobody among these 3: its selection_rate is undefined; use larger batches",
        ),
        (
            lambda: EqualOpportunity()(torch.zeros(4), torch.tensor([1, 0, 0, 0]), torch.tensor([0, 0, 1, 1])),
            "group 1 has nobody with label 1 among these 4: its true_positive_rate is undefined",
        ),
    ],
)
def test_what_has_no_gap_is_refused(make, message):
    """Each message names the value and the remedy; an undefined rate is never 0."""
    with pytest.raises(ValueError, match=message):
        make()
