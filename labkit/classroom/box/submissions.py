"""What goes into the box and what comes out of it: cells, questions, limits; answers."""

from dataclasses import dataclass, field

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    seconds : float
        For the whole submission, with repeated attempts.
    cell_seconds : float
        For one cell.
    call_seconds : float
        For one call of a function, or for reading one answer; the engine itself stops most of them earlier.
    cpu_seconds : int
        Of the processor, for one attempt.
    memory : int
        Bytes, besides what the libraries take.
    disk, file : int
        Bytes of all files, and of one file.
    answer : int
        Bytes of one collected value, as JSON.
    attempts : int
        How often a submission is run again after code of its own has ended it, each time without that code.
    """

    seconds: float = 300.0
    cell_seconds: float = 60.0
    call_seconds: float = 30.0
    cpu_seconds: int = 120
    memory: int = 2048 * MEGABYTE
    disk: int = 64 * MEGABYTE
    file: int = 32 * MEGABYTE
    answer: int = MEGABYTE
    attempts: int = 6


@dataclass(frozen=True)
class Cell:
    """A code cell of a submission.

    Attributes
    ----------
    id : str
        By which messages name it.
    source : str
        What the student wrote.
    """

    id: str
    source: str


@dataclass(frozen=True)
class Question:
    """An exercise as the box gets to know it: how its answer is collected, and nothing about what is right.

    Attributes
    ----------
    id : str
        "04.1".
    expression : str
        What the check cell of the released notebook hands in: "alarm_rates".
    calls : tuple or None
        The arguments of each call, packed (see `labkit.classroom.box.values`); None where the answer is a value.
    after : int or None
        How many cells of the submission stand before the check; None for all.
    hidden : bool
        Whether the calls are not those that the exercise declares: then the judge needs the question, too.
    variant : int
        The number of the exercise's variant, by which it is judged; it does not enter the box. 0 for the declared one.
    """

    id: str
    expression: str
    calls: tuple | None = None
    after: int | None = None
    hidden: bool = False
    variant: int = 0


@dataclass
class Collected:
    """What came out of the box.

    Attributes
    ----------
    answers : dict of str to dict
        By exercise, JSON: ``{"value": ...}``, ``{"calls": [...]}`` or ``{"problem": sentence}`` where no answer could
        be collected. `judge_answers` takes it.
    failures : dict of str to str
        By cell, what it raised or how it was stopped.
    executed : int
        Cells executed in the last attempt.
    attempts : int
        How often the submission was run.
    seconds, cpu_seconds : float
        What it took.
    """

    answers: dict[str, dict] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    executed: int = 0
    attempts: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
