"""What is declared of single exercises: inputs that `inference` would draw wrongly, and answers that are right too."""

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from labkit.exercises.answers import plain
from labkit.exercises.judging import Exercise
from tests.exercises.mutation.inputs.inference import Draw
from tests.exercises.mutation.limits import returned

INPUTS: dict[str, Draw] = {}  # what draws the arguments of one call
COLLECT: dict[str, Callable[[Callable, tuple], Any]] = {}  # what the exercise sees of a function, where not its value
# Operators whose mutants are right, by exercise.
ASKS_FOR_LESS: dict[str, tuple[str, ...]] = {}
UNORDERED = {"06.6": ("closed",)}  # lists that are right in any order


def inputs_of(identifier: str) -> Callable[[Draw], Draw]:
    """Declare what draws the arguments of an exercise's function."""

    def declare(draw: Draw) -> Draw:
        INPUTS[identifier] = draw
        return draw

    return declare


def collect_of(identifier: str) -> Callable[[Callable], Callable]:
    """Declare what an exercise sees of a function and the arguments of a call."""

    def declare(collect: Callable) -> Callable:
        COLLECT[identifier] = collect
        return collect

    return declare


def is_right(exercise: Exercise, answer: Any) -> bool:
    """Say whether a changed value is another right answer."""
    keys = UNORDERED.get(exercise.id, ())
    return (
        bool(keys)
        and all(
            sorted(answer[key]) == sorted(value) if key in keys else answer.get(key) == value
            for key, value in exercise.model.items()
            if key in answer
        )
        and set(answer) == set(exercise.model)
    )


# ---- 01: tables of counts --------------------------------------------------------------------------------------------


@inputs_of("01.3")
def applications(random: Random) -> tuple:
    """Every department has applications by both genders, some of each admitted."""
    import pandas as pd

    cells = [
        (department, gender, admitted, random.choice((random.randint(1, 9), random.randint(1, 100))))
        for department in "XYZ"[: random.randint(2, 3)]
        for gender in ("male", "female")
        for admitted in (1, 0)
    ]
    return (pd.DataFrame(cells, columns=["department", "gender", "admitted", "n"]),)


# ---- 03: a loss of two groups, a run ---------------------------------------------------------------------------------


@inputs_of("03.7")
def loss_of_two_groups(random: Random) -> tuple:
    """Logits, labels and groups of as many people, at least one in each group."""
    import torch

    n = random.randint(2, 8)
    is_b = [True, False, *(random.random() < 0.5 for _ in range(n - 2))]
    logits = torch.tensor([random.uniform(-3, 3) for _ in range(n)], requires_grad=True)
    labels = torch.tensor([float(random.randint(0, 1)) for _ in range(n)])
    return logits, labels, torch.tensor(is_b), random.uniform(0, 20)


@inputs_of("03.10")
def evaluation(random: Random) -> tuple:
    """A function that answers by a threshold, batches with one smaller last batch, and all labels."""
    threshold, size, n = random.randint(-2, 2), random.randint(2, 4), random.randint(5, 12)
    inputs = [random.randint(-5, 5) for _ in range(n)]
    labels = [random.randint(0, 1) for _ in range(n)]
    batches = [(inputs[at : at + size], labels[at : at + size]) for at in range(0, n, size)]

    def predict(values: list) -> list:
        return [int(value > threshold) for value in values]

    return predict, batches, labels


@collect_of("03.13")
def weights_and_device(function: Callable, arguments: tuple) -> dict:
    """The judge looks at the weights of the head that is returned, and at their device."""
    head = function(*copy.deepcopy(arguments))
    parameters = list(head.parameters())
    devices = sorted({each.device.type for each in parameters})
    return plain({"weights": [] if "meta" in devices else [each.tolist() for each in parameters], "devices": devices})


@inputs_of("03.13")
def run_of_a_head(random: Random) -> tuple:
    """Inputs and labels of a few patients, a seed, up to four steps, and a device."""
    import torch

    n, width = random.randint(2, 8), random.randint(1, 4)
    inputs = torch.tensor([[random.uniform(-2, 2) for _ in range(width)] for _ in range(n)])
    labels = torch.tensor([float(random.randint(0, 1)) for _ in range(n)])
    return inputs, labels, random.randint(0, 9), random.randint(0, 4), random.choice(("cpu", "meta"))


# ---- 04: gaps by chance ----------------------------------------------------------------------------------------------


@inputs_of("04.4")
def trials(random: Random) -> tuple:
    """Two to four groups: more of them take long to simulate, and show nothing else."""
    return [random.randint(1, 500) for _ in range(random.randint(2, 4))], random.randint(1, 19) / 20


# ---- 06: balanced parts, words ---------------------------------------------------------------------------------------


@collect_of("06.2")
def parts_in_any_order(function: Callable, arguments: tuple) -> list:
    """The judge counts people; the order of a part is nobody's concern."""
    return [sorted(part) for part in returned(function, arguments)]


@inputs_of("06.2")
def people(random: Random) -> tuple:
    """People of two groups in random order, each once."""
    return ([f"{random.choice('ab')}{i}" for i in range(random.randint(4, 20))],)


@inputs_of("06.4")
def sentence(random: Random) -> tuple:
    """Words to swap, words that hold them, and punctuation."""
    words = random.choices(["he", "she", "man", "woman", "human", "shepherd", "the", "saw"], k=random.randint(1, 8))
    return "".join(word + random.choice([" ", ", ", "; ", "'s "]) for word in words), [["he", "she"], ["man", "woman"]]


# ---- 08: two parts of a sample ---------------------------------------------------------------------------------------


@inputs_of("08.6")
def scores_of_two_parts(random: Random) -> tuple:
    """Scores, groups and parts, every combination of which occurs."""
    import numpy as np

    n = random.randint(8, 40)
    group = np.array(["a", "b"] * 2 + [random.choice("ab") for _ in range(n - 4)])
    part = np.array([0, 0, 1, 1] + [random.randint(0, 1) for _ in range(n - 4)])
    return np.array([round(random.random(), 3) for _ in range(n)]), group, part
