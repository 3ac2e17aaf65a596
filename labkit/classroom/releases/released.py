"""A release that was written: its cells, its exercises, and the questions that are asked of a submission."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from labkit.cache import file_sha256
from labkit.classroom.box.submissions import Question
from labkit.classroom.questions import find_imports, make_questions
from labkit.classroom.releases._fingerprints import fingerprint_marks
from labkit.classroom.releases._notebooks import (
    ReleasedCell,
    notebook_bytes,
    parse_notebook_file,
    released_cells,
    vary_notebook,
)
from labkit.classroom.releases._secrets import draw_number, draw_seed, stretch_seed
from labkit.classroom.releases.rosters import Student
from labkit.errors import UserError
from labkit.exercises.checking import find_exercise
from labkit.version import __version__

FORMAT = 1  # of the manifest
MANIFEST = "teacher/manifest.json"
BASE = "teacher/notebooks"  # the notebooks as `labkit build` wrote them


@dataclass(frozen=True)
class Release:
    """What was handed out, and what is asked of a submission.

    Attributes
    ----------
    folder : pathlib.Path
        Where it is.
    names : tuple of str
        The notebooks, in the order of the course: "04_measuring".
    seed : str
        The teacher's secret.
    students : tuple of Student
        Those of the roster; empty where everybody gets the same.
    deadline : str
        Of the submissions, for `datetime.datetime.fromisoformat`, with its time zone; empty without one.
    version : str
        Of the course that wrote it.
    files : mapping of str to str
        The sha256 of every file, by its path in the folder.
    """

    folder: Path
    names: tuple[str, ...]
    seed: str = field(repr=False)
    students: tuple[Student, ...] = ()
    deadline: str = ""
    version: str = __version__
    files: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @cached_property
    def _key(self) -> bytes:
        return stretch_seed(self.seed)

    @cached_property
    def _by_id(self) -> dict[str, Student]:
        return {each.id: each for each in self.students}

    @cached_property
    def _bases(self) -> dict[str, list[ReleasedCell]]:
        return {name: released_cells(parse_notebook_file(self.folder / BASE / f"{name}.ipynb")) for name in self.names}

    def student(self, identifier: str) -> Student:
        """Return the student with an id; a UserError says that there is none on the roster."""
        if identifier not in self._by_id:
            raise UserError(
                f"student {identifier!r} is not on the roster of {self.folder}; release again with a new one"
            )
        return self._by_id[identifier]

    def number(self, student: str | None = None) -> int:
        """Return the number that picks the variants of a student's exercises, or those of the whole class.

        Parameters
        ----------
        student : str, optional
            An id of the roster. Without a roster all students have the number of the class.
        """
        return draw_number(self._key, self.student(student).id if student is not None and self.students else "")

    def path(self, name: str, student: str | None = None) -> Path:
        """Return the notebook that a student was handed out; without a student and with a roster, its original."""
        if not self.students:
            return self.folder / "student" / f"{name}.ipynb"
        if student is None:
            return self.folder / BASE / f"{name}.ipynb"
        return self.folder / "students" / self.student(student).folder / f"{name}.ipynb"

    def cells(self, name: str, student: str | None = None) -> list[ReleasedCell]:
        """Return the cells of a notebook as a student got it.

        Parameters
        ----------
        name : str
            One of `names`.
        student : str, optional
            An id of the roster. Without one, and with a roster: the notebook without anybody's variants.

        Raises
        ------
        UserError
            The student is not on the roster, or the notebook is missing or damaged.
        """
        return released_cells(parse_notebook_file(self.path(name, student)))

    def exercises(self, name: str) -> list[str]:
        """Return the ids of a notebook's exercises that are marked, in its order."""
        return list(self.checks(name))

    def checks(self, name: str) -> dict[str, str]:
        """Return the source of the check cell of each exercise, without anybody's variant."""
        return {cell.exercise: cell.source for cell in self._bases[name] if cell.role == "check"}

    def points(self, name: str) -> dict[str, int]:
        """Return what each exercise of a notebook is worth."""
        return {cell.exercise: cell.points for cell in self._bases[name] if cell.role == "check"}

    def left_out(self, name: str) -> dict[str, str]:
        """Return the exercises whose answers cannot be collected in the box, each with the reason."""
        return self._sorted_out(name)[1]

    def probes(self, name: str) -> dict[str, list[tuple]]:
        """Return the hidden calls of each exercise that has some, the same for the whole class.

        Two students with the same function get the same mark.
        """
        if name not in self._probes:
            declared = {each: find_exercise(each) for each in self.exercises(name)}
            self._probes[name] = {
                identifier: exercise.draw_hidden(draw_seed(self._key, "", identifier))
                for identifier, exercise in declared.items()
                if exercise.hidden is not None
            }
        return self._probes[name]

    def variants(self, name: str, student: str | None = None) -> dict[str, int]:
        """Return the number of the variant of each exercise that varies."""
        number = self.number(student)
        return {each: number for each in self.exercises(name) if find_exercise(each).varies}

    def questions(
        self, name: str, student: str | None = None, after: Mapping[str, int] | None = None
    ) -> list[Question]:
        """Return what is asked of a submission: with the hidden probes, and the student's variants.

        Parameters
        ----------
        name : str
            One of `names`.
        student : str, optional
            An id of the roster; needed where there is one.
        after : mapping of str to int, optional
            For each exercise, how many code cells of the submission stand before its check; without it, all.

        Returns
        -------
        list of Question
            In the order of the notebook, without the exercises that are `left_out`.

        Raises
        ------
        UserError
            The student is not on the roster, or the installed exercises are not those that were handed out.
        """
        if self.students and student is None:
            raise UserError(f"{self.folder} has a roster; name the student whose notebook is asked about")
        self._check_exercises(name, student)
        asked = self._sorted_out(name)[0]
        probes = {each: calls for each, calls in self.probes(name).items() if each in asked}
        return make_questions(asked, after, probes=probes, variants=self.variants(name, student))

    def _check_exercises(self, name: str, student: str | None) -> None:
        """Raise a UserError where the installed exercises would ask something else than the student was asked."""
        place = self.path(name, student).relative_to(self.folder).as_posix()
        base = parse_notebook_file(self.folder / BASE / f"{name}.ipynb")
        try:
            now = notebook_bytes(vary_notebook(base, self.number(student)))
        except ValueError:
            now = b""
        if file_sha256(BytesIO(now)) != self.files[place]:
            raise UserError(
                f"the exercises of {name} have changed since the release: those installed (version {__version__}) ask "
                f"other questions than {place}; grade with the version that wrote it ({self.version})"
            )

    def _sorted_out(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """Return the checks that can be asked in the box, and why the others cannot."""
        if name not in self._boxed:
            asked, refused = {}, {}
            for identifier, source in self.checks(name).items():
                probes = {each: calls for each, calls in self.probes(name).items() if each == identifier}
                try:
                    make_questions({identifier: source}, probes=probes)
                    asked[identifier] = source
                except TypeError as error:
                    refused[identifier] = str(error)
            self._boxed[name] = asked, refused
        return self._boxed[name]

    @cached_property
    def _probes(self) -> dict[str, dict[str, list[tuple]]]:
        """The hidden calls that were drawn so far, by notebook."""
        return {}

    @cached_property
    def _boxed(self) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """What was sorted out so far, by notebook."""
        return {}

    def imports(self, name: str) -> list[str]:
        """Return the import statements of a notebook, each once, in order."""
        return find_imports(cell.source for cell in self._bases[name] if cell.kind == "code")

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with whatever changes marks.

        The notebooks, the seed, and the code that collects and judges. Not the roster: a student who joins later
        changes nobody's mark.
        """
        handed_out = [self.files[f"{BASE}/{name}.ipynb"] for name in self.names]
        return fingerprint_marks([self.seed, *self.names, *handed_out])


def load_release(folder: str | Path) -> Release:
    """Return the release in a folder, after every file in it was compared with its checksum.

    Raises
    ------
    UserError
        There is no release in the folder, it was written by a later version, or a file is missing or was changed.
    """
    release = read_manifest(Path(folder))
    for place, checksum in release.files.items():
        path = release.folder / place
        if not path.is_file():
            raise UserError(f"{path} is missing; call `labkit class release` as before to get it back")
        if file_sha256(path) != checksum:
            raise UserError(f"{path} was changed since the release; call it again with --replace to get it back")
    return release


def read_manifest(folder: Path) -> Release:
    """Return the release that the manifest in a folder describes, without a look at its files."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_bytes())
        if manifest["format"] != FORMAT:
            raise UserError(f"{path} was written by another version of the course (format {manifest['format']!r})")
        return Release(
            folder=folder,
            names=tuple(manifest["names"]),
            seed=manifest["seed"],
            students=tuple(read_student(each) for each in manifest["students"]),
            deadline=manifest["deadline"],
            version=manifest["labkit"],
            files=manifest["files"],
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{folder} holds no release; `labkit class release` writes one") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{path} is damaged ({error}); write the release again, with the same seed, elsewhere"
        ) from error


def read_student(entry: dict[str, Any]) -> Student:
    """Return the student of an entry of the manifest, which has the number besides, for people."""
    return Student(**{key: value for key, value in entry.items() if key != "number"})
