"""Exercises of notebook 03, part two: case 9, what a run keeps of its history, and the four logs."""

from dataclasses import dataclass

import numpy as np

from labkit.chapters.ch03.exercises_runs import binary
from labkit.chapters.ch03.probing import train_and_look
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers
from labkit.exercises.variants import Variant

LAB = {"objective": "03-debug"}


# ---- 03.14 a history -------------------------------------------------------------------------------------------------
def train_history(head, inputs, labels, epochs):
    """Train with AdamW; return the accuracy after each epoch."""
    import torch

    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        binary(head(inputs), labels).backward()
        optimizer.step()
        decided = head(inputs).squeeze(1) > 0
        history.append((decided == (labels > 0)).float().mean().item())
    return history


def history_with(optimizer_name, *, results=list, first=False):
    """Return a training with another optimizer, or that keeps other results."""

    def training(head, inputs, labels, epochs):
        import torch

        optimizer = getattr(torch.optim, optimizer_name)(head.parameters(), lr=0.05)
        history = []
        for _ in range(epochs):
            before = ((head(inputs).squeeze(1) > 0) == (labels > 0)).float().mean().item()
            optimizer.zero_grad()
            binary(head(inputs), labels).backward()
            optimizer.step()
            after = ((head(inputs).squeeze(1) > 0) == (labels > 0)).float().mean().item()
            history.append(before if first else after)
        return results(history)

    return training


def nothing(history):
    """Throw the results away: as the notebook shows it."""
    return [None] * len(history)


def draw_trainings(rng):
    """Draw numbers of epochs, patients and inputs, until the accuracy changes from one epoch to the next."""
    found = []
    before = history_with("AdamW", first=True)
    while len(found) < 2:
        call = (int(rng.integers(5, 12)), int(rng.integers(9, 20)), int(rng.integers(3, 6)))
        after, earlier = (train_and_look(each, *call)["history"] for each in (train_history, before))
        if after != earlier and call not in found and call not in TRAININGS:
            found.append(call)
    return found


TRAININGS = ((9, 13, 4), (6, 7, 3))  # epochs, patients and inputs
compare_answers(
    "03.14",
    **LAB,
    points=2,
    any_length=True,
    tolerance=1e-4,
    collect=outputs_of(*TRAININGS, through=train_and_look),
    hidden=draw_trainings,
    always_apart=True,
    reference=train_history,
    untouched=history_with("SGD", results=nothing),
    wrong=[
        (
            history_with("SGD"),
            "The accuracies are there now. But the weights are not those of AdamW. Print `type(optimizer)`.",
        ),
        (
            history_with("AdamW", results=nothing),
            "The optimizer is right. The history still holds nothing: what does `evaluate` give back?",
        ),
        (
            history_with("Adam"),
            "The accuracies are there now. But Adam is not AdamW, which also lets weights decay.",
        ),
        (
            history_with("AdamW", results=lambda history: history[-1:]),
            "The optimizer is right. Only the last accuracy is returned; one after each epoch is asked for.",
        ),
        (
            history_with("AdamW", first=True),
            "The optimizer is right. But you measure before the step of each epoch, and not after it.",
        ),
    ],
    otherwise="Not this history, or not these weights. How many results are there, when is each measured, and what "
    "kind of optimizer takes the steps?",
    hints=(
        "What does a Python function give back that ends without saying what?",
        "Print `type(optimizer)` inside the function, and run the line after `try:` by itself.",
    ),
    idea="`return` the accuracy from `evaluate`, and use `torch.optim.AdamW(head.parameters(), lr=0.05)`.",
    praise="Every result is kept, and the optimizer is the one that the docstring names.",
)


# ---- 03.15 four logs -------------------------------------------------------------------------------------------------
ILL = 0.3


@dataclass(frozen=True)
class LogC:
    """Log C, in which one epoch has more people selected than are ill, and an accuracy that is too high for that."""

    epoch: int = 4
    selected: tuple[float, ...] = (0.12, 0.24, 0.38, 0.56)
    accuracy: tuple[float, ...] = (0.79, 0.82, 0.80, 0.77)

    def proof(self, **changes):
        """Return the right answer with some parts changed."""
        highest = 1 - (self.selected[self.epoch - 1] - ILL)
        return {"log": "C", "epoch": self.epoch, "highest_accuracy": highest} | changes

    def wrong(self):
        """Return wrong answers with their hints."""
        proof, selected = self.proof, self.selected[self.epoch - 1]
        return [
            (
                proof(log="A", highest_accuracy=1.0),
                "In log A the loss on new patients rises while accuracy hardly moves. A model that is surer and surer "
                "of its mistakes does that.",
            ),
            (
                proof(log="D", highest_accuracy=ILL),
                "In log D the model calls everyone ill in some epochs. How many of 100 decisions are then right? "
                "Compare.",
            ),
            (
                proof(log="B", highest_accuracy=1 - ILL),
                "In log B nobody is called ill. How many of 100 decisions are then right? Compare.",
            ),
            (
                proof(highest_accuracy=1 - ILL),
                "Log and epoch are right. The share of the majority is no upper bound: a good model does better.",
            ),
            (
                proof(highest_accuracy=selected),
                "Log and epoch are right. That is the share selected. Of the people selected, how many can be ill at "
                "most?",
            ),
            (
                proof(highest_accuracy=selected - ILL),
                "Log and epoch are right. That is the share of mistakes that cannot be avoided, so what is left?",
            ),
            (
                proof(highest_accuracy=self.accuracy[self.epoch - 1]),
                "Log and epoch are right. That is what the log says. What is the most that *can* be right?",
            ),
        ]

    def code(self):
        """Return lines that put it in the place of the notebook's log C."""
        rows = {"selected": self.selected, "accuracy": self.accuracy}
        lines = [
            f'logs_two["C"]["{name}"] = [{", ".join(f"{value:.2f}" for value in row)}]' for name, row in rows.items()
        ]
        return "\n".join([*lines, 'log_table_two["C"] = pd.DataFrame(logs_two["C"], index=EPOCHS_OF_LOGS)', ""])


LOG = LogC()


def draw_log(rng):
    """Draw another log C, with the contradiction in any epoch; the other epochs are possible."""
    epoch = int(rng.integers(1, 5))
    selected = np.sort(rng.choice(np.arange(20, 40), 4, replace=False)) / 100
    accuracy = rng.integers(76, 83, 4) / 100  # possible with these shares: at most a tenth is selected wrongly
    while True:
        share = int(rng.choice([53, 54, 55, 57, 58, 59, 61, 62]))  # percent
        claimed = 100 - (share - 30) + int(rng.integers(3, 8))
        if claimed not in (share, 70):  # which would make two mistakes the same
            break
    selected[epoch - 1], accuracy[epoch - 1] = share / 100, claimed / 100
    log = LogC(epoch, tuple(selected.tolist()), tuple(accuracy.tolist()))
    changes = [
        ("Give the `log`", "You have another log C: the first lines below put it in its place. Give the `log`"),
        ("impossible = {", f"{log.code()}impossible = {{"),
    ]
    return Variant(log.proof(), log.wrong(), changes)


compare_answers(
    "03.15",
    **LAB,
    points=2,
    reference=LOG.proof(),
    wrong=LOG.wrong(),
    variants=draw_log,
    choices={"log": ("A", "B", "C", "D")},
    tolerance=0.0006,
    otherwise="Not this proof. Take 100 patients, and the share selected in one epoch: in the best case, how many of "
    "the ill are selected, how many others are, and how many decisions are right?",
    hints=(
        "If more people are selected than are ill, some selected people cannot be ill. How many?",
        "Do the count for every log and compare with its accuracy. With everyone or nobody selected it is easiest.",
    ),
    idea="At most 1 - |selected - ill| of the decisions are right. Only one row of the four logs claims more.",
    praise="Selection rate, base rate and accuracy bound one another, whatever the model is.",
)
