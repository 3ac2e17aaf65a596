"""What a class got: a result for each student and notebook, in a file that is written whole or not at all."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.exercises.judging import CORRECT
from labkit.exercises.words import printable
from labkit.files import replace_file

FORMAT = 1  # of the files
PLAIN = re.compile(r"[a-z0-9][a-z0-9_@+-]{0,63}(?:\.[a-z0-9_@+-]{1,63}){0,3}")  # names that are safe everywhere
CHECKED = re.compile(r"-[0-9a-f]{8}$")  # how names with a checksum end


@dataclass(frozen=True)
class MarkedExercise:
    """One exercise of a result.

    Attributes
    ----------
    points, possible : int
        What the answer earned, and what the exercise is worth.
    state : str
        "correct", "not yet", "not attempted" or "not collected".
    message : str
        What the student is told: of a wrong answer, the hint. Words between backticks are code.
    crashed : bool
        Whether the judge itself failed on this answer, which a teacher should look at.
    answer : dict
        What was collected in the box: ``value``, ``calls`` or ``problem``.
    notes : list of str
        What was found about its cells.
    """

    points: int
    possible: int
    state: str
    message: str = ""
    crashed: bool = False
    answer: dict = field(default_factory=dict, repr=False)
    notes: list[str] = field(default_factory=list)

    @property
    def correct(self) -> bool:
        """Whether it earned its points."""
        return self.state == CORRECT


@dataclass(frozen=True)
class Result:
    """A notebook of a student that was graded.

    Attributes
    ----------
    student, notebook : str
        The student's id, and the notebook's name: "04_measuring".
    number : int
        1, or more after an appeal; the last one counts.
    exercises : dict of str to MarkedExercise
        By id, in the order of the notebook.
    fingerprints : dict of str to str
        Of whatever the marks depend on: release, submission, code, settings.
    reason : str
        Why it was graded once more.
    graded : str
        When, in ISO 8601.
    received : str or None
        When the submission came in, where that is known.
    late : bool
        Whether that was after the deadline.
    variant : int or None
        The number that picked the student's variants.
    box : str
        "bubblewrap" or "Landlock"; "no box" where the student's code could change anything; "" where none of it ran.
    notes, remarks : list of str
        What was found about the submission, and about the notebook.
    problem : str or None
        Why nothing could be graded.
    failures : dict of str to str
        By cell, what it raised or how it was stopped.
    executed, attempts : int
        Cells executed, and how often the submission was run.
    seconds, cpu_seconds : float
        What it took in the box.
    """

    student: str
    notebook: str
    number: int
    exercises: dict[str, MarkedExercise]
    fingerprints: dict[str, str] = field(default_factory=dict, repr=False)
    reason: str = ""
    graded: str = ""
    received: str | None = None
    late: bool = False
    variant: int | None = None
    box: str = ""
    notes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problem: str | None = None
    failures: dict[str, str] = field(default_factory=dict, repr=False)
    executed: int = 0
    attempts: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def points(self) -> int:
        """What all exercises earned."""
        return sum(each.points for each in self.exercises.values())

    @property
    def possible(self) -> int:
        """What all exercises are worth."""
        return sum(each.possible for each in self.exercises.values())

    @property
    def unboxed(self) -> bool:
        """Whether the student's code ran without a box."""
        return self.box == "no box"


@dataclass(frozen=True)
class AskedNotebook:
    """A notebook of a release, as pages and tables name it.

    Attributes
    ----------
    name, title : str
        "04_measuring", "04 · How do we measure fairness?".
    points : dict of str to int
        What each exercise is worth that is graded here.
    titles, objectives, hints : dict of str to str
        By exercise; the hint is the first one of ``hint(...)``, which tells nothing about an answer.
    left_out : dict of str to str
        Exercises that no program grades, each with the reason.
    """

    name: str
    title: str
    points: dict[str, int]
    titles: dict[str, str] = field(default_factory=dict)
    objectives: dict[str, str] = field(default_factory=dict)
    hints: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graded:
    """A student of the class, with what was graded.

    Attributes
    ----------
    id : str
        By which the roster and the submissions name the student.
    name, email, login : str
        Empty where nothing says.
    canvas : str
        Canvas's own number of the person; empty where the submission does not come from there.
    row : mapping of str to str
        The person's row of Canvas's gradebook, by column; empty where the roster is another one, or none.
    results : dict of str to list of Result
        By notebook, the first result and those after appeals; the last one counts.
    faults : dict of str to str
        Notebooks that could not be graded for a fault that is not the student's, each with what happened.
    """

    id: str
    name: str = ""
    email: str = ""
    login: str = ""
    canvas: str = ""
    row: Mapping[str, str] = field(default_factory=dict)
    results: dict[str, list[Result]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def last(self, notebook: str) -> Result | None:
        """Return the result that counts; None where nothing was graded."""
        found = self.results.get(notebook)
        return found[-1] if found else None

    @property
    def counting(self) -> list[Result]:
        """The results that count, one for each notebook."""
        return [found[-1] for found in self.results.values() if found]

    @property
    def page(self) -> str:
        """The name of the student's page."""
        return f"{safe_name(self.id)}.html"


class ResultFiles:
    """The folder with a file for each result: ``STUDENT/NOTEBOOK.1.json``, and ``.2.json`` after an appeal.

    Parameters
    ----------
    folder : pathlib.Path
        It need not exist.

    Attributes
    ----------
    set_aside : list of str
        What was damaged and set aside, for the teacher.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.set_aside: list[str] = []

    def path(self, student: str, notebook: str, number: int) -> Path:
        """Return where a result is kept."""
        return self.folder / safe_name(student) / f"{notebook}.{number}.json"

    def read(self, student: str, notebook: str) -> list[Result]:
        """Return all results of a notebook of a student.

        A file that is damaged, or is another student's result, gets another name, so that nothing is lost, and the
        notebook is graded again; `set_aside` says so.

        Raises
        ------
        UserError
            A file is of another version.
        OSError
            It cannot be read, or not be renamed.
        """
        found: list[Result] = []
        while (path := self.path(student, notebook, len(found) + 1)).is_file():
            try:
                result = load_result(path)
                if (result.student, result.notebook, result.number) != (student, notebook, len(found) + 1):
                    raise DamagedResult(f"it is result {result.number} of {result.student!r} in {result.notebook}")
            except DamagedResult as error:
                kept = path.with_name(f"{path.name}.{file_sha256(path)[:8]}.damaged")
                path.replace(kept)
                self.set_aside.append(f"{path} is damaged ({error}); it is kept as {kept.name}, and graded again")
                break
            found.append(result)
        return found

    def write(self, result: Result) -> None:
        """Keep a result, which then stays even if the power fails; a UserError says why it cannot be kept."""
        path = self.path(result.student, result.notebook, result.number)
        content = json.dumps({"format": FORMAT} | asdict(result), indent=1, ensure_ascii=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content.encode(errors="backslashreplace") + b"\n")
        except OSError as error:
            reason = error.strerror or error
            raise UserError(
                f"{path} cannot be written ({reason}); what was graded before is kept, and the next call goes on"
            ) from error

    def find_others(self, students: Iterable[str]) -> list[str]:
        """Return the names of folders with results of students who are not among these."""
        known = {safe_name(each) for each in students}
        return sorted(each.name for each in self.folder.glob("*/") if each.name not in known)


class DamagedResult(Exception):
    """A file does not hold the result that it should."""


def load_result(path: Path) -> Result:
    """Return the result in a file.

    Raises
    ------
    DamagedResult
        It is not one; the message says why.
    UserError
        It was written by another version.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content.pop("format") != FORMAT:
            raise UserError(f"{path} was written by another version of the course; name another folder for --output")
        result = read_fields(Result, content)
        for name, each in result.exercises.items():
            if not 0 <= each.points <= each.possible:
                raise ValueError(f"{name} has {each.points} of {each.possible} points")
        return result
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedResult(printable(str(error))[:200]) from error


def read_fields(kind: type, content: Mapping[str, Any]) -> Any:
    """Return a dataclass from what JSON has of it; a ValueError names a value of another type."""
    types = get_type_hints(kind)
    if unknown := set(content) - set(types):
        raise ValueError(f"{', '.join(sorted(unknown))} is unknown")
    return kind(**{name: read_value(types[name], each, name) for name, each in content.items()})


def read_value(kind: Any, value: Any, place: str) -> Any:
    """Return a value of a declared type: a text, a number, None, a list, a dict, or a dataclass."""
    if is_dataclass(kind):
        return read_fields(kind, value)
    allowed, inner = get_origin(kind) or kind, get_args(kind)
    if allowed is UnionType:
        allowed, inner = inner, ()
    elif allowed is float:
        allowed = (int, float)
    if not isinstance(value, allowed) or (isinstance(value, bool) and allowed is not bool):
        raise ValueError(f"{place} is {value!r}")
    if isinstance(value, list):
        return [read_value(inner[0], each, place) for each in value]
    if isinstance(value, dict) and inner:
        return {name: read_value(inner[1], each, f"{place} {name}") for name, each in value.items()}
    return value


def safe_name(identifier: str) -> str:
    """Return the name of a file for a student: the id where it can be one, otherwise with a checksum.

    >>> safe_name("s1034"), safe_name("../Ä b")
    ('s1034', 'b-f697bec7')
    """
    if PLAIN.fullmatch(identifier) and not CHECKED.search(identifier):
        return identifier
    kept = re.sub(r"[^a-z0-9]+", "-", identifier.lower()).strip("-")[:40] or "student"
    return f"{kept}-{hashlib.sha256(identifier.encode()).hexdigest()[:8]}"
