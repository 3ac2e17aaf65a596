"""A fair training step beside a plain one: full fine-tuning on real sentences, with the pronoun's gender as the group.

What an augmented Lagrangian takes to measure the training set after each epoch is no part of a step. It has a line of
its own, in which it counts.
"""

import warnings

N, BATCH_SIZE = 1024, 32


def train(objective=None, *, measuring=False):
    """Fine-tune all blocks for one epoch; return samples per second."""
    from labkit.data import load_bug
    from labkit.training import TrainConfig, finetune

    data = load_bug("clinicians")
    frame = data.frame.sample(N, random_state=0)
    texts, y, groups = frame[data.text].tolist(), frame[data.label].to_numpy(), frame["gender"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the constraint does not hold")  # one epoch is short
        config = TrainConfig(epochs=1, batch_size=BATCH_SIZE)
        fit = finetune("minilm", texts, y, sensitive_features=groups, objective=objective, config=config)
    return N / (N / fit.samples_per_second + fit.measuring_seconds * measuring)


def penalty():
    """Train with the unbiased penalty."""
    from labkit.objectives import DemographicParity, Penalty

    return train(Penalty(DemographicParity(), 5))


def lagrangian(*, measuring=False):
    """Train with the augmented Lagrangian."""
    from labkit.objectives import AugmentedLagrangian, DemographicParity

    return train(AugmentedLagrangian(DemographicParity(), 0.05), measuring=measuring)


TITLE = f"A fair training step: all blocks, {N:,} real sentences, batch size {BATCH_SIZE}, groups by gender"
UNIT = "samples/s"
BASELINE = "plain"
LINES = {
    BASELINE: train,
    "penalty on demographic parity": penalty,
    "augmented Lagrangian on demographic parity": lagrangian,
    "the same, with measuring the training set after the epoch": lambda: lagrangian(measuring=True),
}
