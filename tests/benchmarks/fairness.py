"""What a fair objective adds to a training step: all blocks, real sentences, the pronoun's gender as the group.

Two runs of the same training differ by a third on a machine that others use too, far more than what is looked for. So a
fair run and a plain one take turns in one process, a few steps each, and the median of their ratios is the figure. The
first line is a plain run beside a plain one: how far it lies from 1 is what such a figure can be wrong by.

What an augmented Lagrangian takes to measure the training set after each epoch is no part of a step.
"""

import statistics
import warnings

N, BATCH_SIZE, TURNS = 96, 32, 8


def compare(objective):
    """Return the seconds of an epoch with an objective, in those of a plain one beside it: the median over turns."""
    from labkit.models.encoder import load_foundation_model

    model = load_foundation_model("minilm")
    seconds(model, None)  # the first run of a process is slower
    ratios = []
    for turn in range(TURNS):
        order = (None, objective) if turn % 2 else (objective, None)  # neither of the two always goes first
        taken = [seconds(model, each) for each in order]
        ratios.append(taken[1] / taken[0] if turn % 2 else taken[0] / taken[1])
    return statistics.median(ratios)


def seconds(model, objective):
    """Fine-tune all blocks for one epoch of a few steps; return the seconds of the loop."""
    from labkit.data.bug import load_bug
    from labkit.training.config import TrainConfig
    from labkit.training.finetuning import finetune

    data = load_bug("clinicians")
    frame = data.frame.sample(N, random_state=0)
    texts, y, groups = frame[data.text].tolist(), frame[data.label].to_numpy(), frame["gender"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the constraint does not hold")  # one epoch is short
        config = TrainConfig(epochs=1, batch_size=BATCH_SIZE)
        fit = finetune(model, texts, y, sensitive_features=groups, objective=objective, config=config)
    return N / fit.samples_per_second


def penalty():
    """Compare the unbiased penalty."""
    from labkit.training.objectives.criteria import DemographicParity
    from labkit.training.objectives.penalty import Penalty

    return compare(Penalty(DemographicParity(), 5))


def lagrangian():
    """Compare the augmented Lagrangian."""
    from labkit.training.objectives.criteria import DemographicParity
    from labkit.training.objectives.lagrangian import AugmentedLagrangian

    return compare(AugmentedLagrangian(DemographicParity(), 0.05))


TITLE = f"A fair training step, in plain steps beside it: all blocks, batch size {BATCH_SIZE}, groups by gender"
UNIT = "plain steps"
BETTER = "lower"
REPEATS = 1
BASELINE = "plain"
LINES = {
    BASELINE: lambda: compare(None),
    "penalty on demographic parity": penalty,
    "augmented Lagrangian on demographic parity": lagrangian,
}
