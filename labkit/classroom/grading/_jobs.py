"""What a worker grades: one notebook of one student, with all that it needs, so that it may run on another machine."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labkit.classroom.box.submissions import Limits, Question

if TYPE_CHECKING:
    from labkit.classroom.releases import ReleasedCell


@dataclass(frozen=True)
class GradingJob:
    """A notebook to grade.

    Attributes
    ----------
    student, notebook : str
        The student's id, and the name of the notebook: "04_measuring".
    content : bytes
        The file that was handed in.
    cells : tuple of ReleasedCell
        The notebook as the student got it.
    questions : tuple of Question
        What is asked; hidden probes included, and nothing about what is right.
    imports : tuple of str
        The notebook's import statements.
    limits : Limits
        What the submission may use.
    every_cell : bool
        Whether cells that no exercise depends on are executed, too.
    boxed : bool
        False where student code runs without a box.
    """

    student: str
    notebook: str
    content: bytes = field(repr=False)
    cells: "tuple[ReleasedCell, ...]" = field(repr=False)
    questions: tuple[Question, ...] = field(repr=False)
    imports: tuple[str, ...] = field(default=(), repr=False)
    limits: Limits = Limits()
    every_cell: bool = False
    boxed: bool = True


@dataclass(frozen=True)
class Answered:
    """What a worker found in a notebook.

    Attributes
    ----------
    outcomes : dict of str to dict
        By exercise: ``state``, ``message``, ``crashed``, and the ``answer`` that was collected.
    notes : dict of str to list of str
        By exercise, what was found about its cells.
    remarks : list of str
        What was found about the notebook.
    problem : str or None
        Why nothing of it could be graded.
    failures : dict of str to str
        By cell, what it raised or how it was stopped.
    variant : int
        The number that picked the student's variants; 0 for the exercises as declared.
    box : str
        "bubblewrap", "Landlock" or "no box".
    executed, attempts : int
        Cells executed, and how often the submission was run.
    seconds, cpu_seconds : float
        What it took in the box.
    """

    outcomes: dict[str, dict] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problem: str | None = None
    failures: dict[str, str] = field(default_factory=dict)
    variant: int = 0
    box: str = ""
    executed: int = 0
    attempts: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
