"""The squared gap on a batch: what its two estimators expect, over the draws that training makes."""

import copy

import numpy as np
import pytest
import torch

from labkit.models.batches import StratifiedBuckets
from labkit.training.config import TrainConfig
from labkit.training.objectives.base import Batch, Run, cross_entropy
from labkit.training.objectives.criteria import DemographicParity, EqualizedOdds
from labkit.training.objectives.penalty import Penalty

N, BATCH_SIZE, EPOCHS = 64, 16, 400  # 4 batches an epoch: 8 halves of 6 + 2 rows


def make_rows(*, gap, length_effect):
    """Return logits, groups (a quarter is 1) and lengths; longer texts of group 0 score higher by the effect."""
    generator = np.random.default_rng(0)
    groups, lengths = (np.arange(N) % 4 == 0).astype(int), generator.integers(5, 60, N)
    logits = generator.normal(size=N) + gap * (groups == 0) + length_effect * (groups == 0) * (lengths - 32) / 32
    return torch.tensor(logits), torch.tensor(groups), lengths


def draw_batches(groups, lengths, *, parts):
    """Yield the part and the row number of each row of a batch, for all batches of many epochs."""
    for seed in range(EPOCHS):
        for drawn in StratifiedBuckets(lengths, groups.numpy(), BATCH_SIZE, parts=parts, seed=seed):
            yield np.divmod(drawn, N)


def estimate(estimator, logits, groups, lengths):
    """Return the mean penalty over many epochs of batches, and its standard error."""
    y = torch.zeros(N, dtype=torch.float64)
    run = Run(y.numpy(), groups.numpy(), ["a", "b"], TrainConfig(batch_size=BATCH_SIZE), 1, 1)
    term = Penalty(DemographicParity(), 1.0, estimator=estimator).start(run)
    values = []
    for part, rows in draw_batches(groups, lengths, parts=term.parts):
        batch = Batch(logits[rows], y[rows], groups[rows], torch.as_tensor(part))
        values.append((term(batch) - cross_entropy(batch.logits, batch.y)).item())
    by_epoch = np.reshape(values, (EPOCHS, -1)).mean(axis=1)
    return by_epoch.mean(), by_epoch.std(ddof=1) / np.sqrt(EPOCHS)


def measure_gaps(logits, groups, lengths, *, parts):
    """Return the soft gap of every part of every batch, (epochs, parts of an epoch)."""
    soft, second = DemographicParity().soften(logits).numpy(), groups.numpy() == 1
    gaps = []
    for part, rows in draw_batches(groups, lengths, parts=parts):
        for number in range(parts):
            some = rows[part == number]
            gaps.append(soft[some][~second[some]].mean() - soft[some][second[some]].mean())
    return np.reshape(gaps, (EPOCHS, -1))


def moments(logits, groups):
    """Return the training set's soft gap, and S²/N summed over its groups."""
    soft = DemographicParity().soften(logits).numpy()
    a, b = soft[groups == 0], soft[groups == 1]
    return a.mean() - b.mean(), a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_product_of_halves_is_the_populations_squared_gap(gap):
    """The product of disjoint random halves expects the training set's gap² minus S²/N of each group."""
    logits, groups, lengths = make_rows(gap=gap, length_effect=0)
    mean, error = estimate("unbiased", logits, groups, np.ones_like(lengths))
    whole, within = moments(logits, groups)
    assert mean == pytest.approx(whole**2 - within, abs=4 * error)
    assert 4 * error < within  # so that the training set's own gap² would not have passed


def test_square_of_one_batch_is_biased_by_its_variance():
    """The naive estimator expects gap² + variance of the gap on a batch: far above gap² where there is hardly a gap."""
    logits, groups, lengths = make_rows(gap=0.0, length_effect=0)
    mean, error = estimate("naive", logits, groups, np.ones_like(lengths))
    whole, within = moments(logits, groups)
    batches = N // BATCH_SIZE
    # without replacement, n of N rows: variance S²/n (1 - n/N) = S²/N (N/n - 1)
    assert mean == pytest.approx(whole**2 + within * (batches - 1), abs=4 * error)
    assert mean > whole**2 + 20 * error


def test_length_buckets_do_not_bias_the_product():
    """Where scores depend on length, halves of different buckets expect gap² - V / (K - 1); halves of one do not."""
    logits, groups, lengths = make_rows(gap=0.0, length_effect=3.0)
    mean, error = estimate("unbiased", logits, groups, lengths)
    gaps = measure_gaps(logits, groups, lengths, parts=2)
    whole, within = moments(logits, groups)
    k = gaps.shape[1]
    bias = gaps.var(axis=1, ddof=0).mean() / (k - 1)
    assert mean == pytest.approx(whole**2 - bias, abs=4 * error)
    assert 4 * error < bias  # so that gap² itself would not have passed
    # A batch of one bucket: its squared gap has the variance between buckets on top of that of simple random samples.
    batches = measure_gaps(logits, groups, lengths, parts=1)
    assert (batches**2).mean() - within * 3 > whole**2 + 0.01


def test_several_groups_use_the_pair_of_past_batches():
    """With four groups the product is that of the pair whose running rates are extreme, whatever this batch says."""
    generator = np.random.default_rng(1)
    groups = torch.arange(64) % 4
    logits, y = torch.tensor(generator.normal(size=64)), torch.zeros(64, dtype=torch.float64)
    run = Run(y.numpy(), groups.numpy(), list("abcd"), TrainConfig(), 1, 1)
    term = Penalty(DemographicParity()).start(run)
    term.running.copy_(torch.tensor([[0.2, 0.9, 0.5, 0.1]]))
    batch = Batch(logits, y, groups, torch.arange(64) // 32)
    soft = DemographicParity().soften(logits)
    gaps = [
        soft[part][groups[part] == 1].mean() - soft[part][groups[part] == 3].mean()
        for part in (slice(32), slice(32, 64))
    ]
    assert (term(batch) - cross_entropy(logits, y)).item() == pytest.approx((gaps[0] * gaps[1]).item(), abs=1e-6)


@pytest.mark.parametrize("criterion", [DemographicParity(), EqualizedOdds()])
@pytest.mark.parametrize("estimator", ["unbiased", "naive"])
def test_gradient_is_right(criterion, estimator):
    """Autograd agrees with finite differences, for one rate and for two."""
    generator = np.random.default_rng(2)
    y, groups = torch.arange(24, dtype=torch.float64) % 2, torch.arange(24) // 2 % 2
    run = Run(y.numpy(), groups.numpy(), ["a", "b"], TrainConfig(), 1, 1)
    term = Penalty(criterion, 3.0, estimator=estimator).start(run)

    def loss(logits):
        return copy.deepcopy(term)(Batch(logits, y, groups, torch.arange(24) // 12))

    logits = torch.tensor(generator.normal(size=24)).requires_grad_()
    assert torch.autograd.gradcheck(loss, logits)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": DemographicParity}, r"criterion is <class .* with its parentheses"),
        ({"criterion": DemographicParity(), "weight": -1}, "weight is -1; give a number of at least 0"),
        ({"criterion": DemographicParity(), "estimator": "exact"}, "estimator 'exact' is not one of unbiased, naive"),
    ],
)
def test_impossible_settings_are_refused(options, message):
    """Each message names the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        Penalty(**options)
