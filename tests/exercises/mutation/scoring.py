"""The score of an exercise: what share of its mutants its judge rejects."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from labkit.exercises.judging import CORRECT, Exercise
from tests.exercises.mutation.equivalence import Inputs, OutOfTime
from tests.exercises.mutation.inputs.inference import inputs_like
from tests.exercises.mutation.inputs.overrides import ASKS_FOR_LESS, COLLECT, INPUTS, is_right
from tests.exercises.mutation.limits import TimeUp, at_most, returned
from tests.exercises.mutation.mutants import Mutant, Target, mutants_of_target, mutants_of_values, targets_of

SECONDS = 1.0  # of processor time for the calls of a mutant
ENOUGH = 0.95  # share of mutants that a judge rejects
FEWEST = 10  # mutants of an exercise that asks for a function
MOST_EQUIVALENT = 0.2  # share of mutants that may be equivalent


@dataclass
class Score:
    """What became of the mutants of an exercise.

    Attributes
    ----------
    identifier : str
        "05.1".
    asks_for_function : bool
        Whether a function is among the answers.
    killed, survivors, equivalent, raised, undecided : list of Mutant
        Rejected; accepted; accepted, and the same as the reference on 1,000 inputs; without a result in any call, which
        does not count; accepted, and not compared in time, which counts as a survivor.
    """

    identifier: str
    asks_for_function: bool = False
    killed: list[Mutant] = field(default_factory=list)
    survivors: list[Mutant] = field(default_factory=list)
    equivalent: list[Mutant] = field(default_factory=list)
    raised: list[Mutant] = field(default_factory=list)
    undecided: list[Mutant] = field(default_factory=list)

    @property
    def mutants(self) -> int:
        """How many mutants count."""
        return len(self.killed) + len(self.survivors) + len(self.equivalent) + len(self.undecided)

    @property
    def share(self) -> float:
        """The share of the mutants that are not equivalent which the judge rejects, to three digits."""
        return round(len(self.killed) / max(1, self.mutants - len(self.equivalent)), 3)

    @property
    def complaints(self) -> list[str]:
        """What an exercise of a revised notebook must not show."""
        found = []
        if self.share < ENOUGH:
            lines = "".join(f"\n    {each.operator}: {each.change}" for each in self.survivors)
            found.append(f"{self.share} of the mutants are rejected, {ENOUGH} are asked for. Survivors:{lines}")
        if self.asks_for_function and self.mutants < FEWEST:
            found.append(f"{self.mutants} mutants; a function needs {FEWEST}")
        if len(self.equivalent) > MOST_EQUIVALENT * self.mutants:
            found.append(f"{len(self.equivalent)} of {self.mutants} mutants are equivalent; one in five may be")
        if self.undecided:
            found.append(f"{len(self.undecided)} mutants were not compared with the reference in time")
        return found


def score_of(exercise: Exercise) -> Score:
    """Try every mutant of an exercise, and compare those that its judge accepts with the reference."""
    score = Score(exercise.id)
    with quiet():
        for target in targets_of(exercise):
            score.asks_for_function = True
            right = ASKS_FOR_LESS.get(exercise.id, ())
            mutants = mutants_of_target(target, exercise.tolerance or 0.0)
            wrong = [each for each in mutants if each.operator not in right]
            accepted = [each for each in wrong if tried(each, exercise, target, score)]
            compare(accepted, exercise, target, score)
        if not callable(exercise.reference):
            for mutant in mutants_of_values(exercise):
                if is_right(exercise, mutant.answer):
                    continue
                kind = score.survivors if is_accepted(exercise, mutant) else score.killed
                kind.append(mutant)
    return score


def tried(mutant: Mutant, exercise: Exercise, target: Target, score: Score) -> bool:
    """Try one mutant of a function; return whether it is accepted, or note what became of it."""
    try:
        with at_most(SECONDS):
            works = target.works(mutant.function, COLLECT.get(exercise.id, returned))
    except TimeUp:
        works = False
    if not works:
        score.raised.append(mutant)
    elif is_accepted(exercise, mutant):
        return True
    else:
        score.killed.append(mutant)
    return False


def is_accepted(exercise: Exercise, mutant: Mutant) -> bool:
    """Say whether the judge takes a mutant for correct."""
    try:
        with at_most(SECONDS):
            return exercise.outcome(mutant.answer).state == CORRECT
    except TimeUp:
        return False


def compare(accepted: list[Mutant], exercise: Exercise, target: Target, score: Score) -> None:
    """Divide accepted mutants into survivors and those that are equivalent."""
    if not accepted:
        return
    draw = INPUTS.get(exercise.id) or inputs_like(target.calls)
    inputs = Inputs(target.reference, draw, exercise.tolerance, COLLECT.get(exercise.id, returned))
    for mutant in accepted:
        try:
            kind = score.equivalent if inputs.agree(mutant.function) else score.survivors
        except OutOfTime:
            kind = score.undecided
        kind.append(mutant)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let mutants warn: a division by zero is theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
