"""The course's notebooks on disk: sources that people edit, student notebooks built from them, a student's copies."""

import hashlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.errors import UserError
from labkit.version import __version__, version_series

PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Course:
    """The folders of a course.

    Attributes
    ----------
    root : pathlib.Path
        The repository: holds ``notebooks/``, ``datasets/`` and ``constraints.txt``.
    package : pathlib.Path
        The package whose code the notebooks use; what is cached is computed again when it changes.
    """

    root: Path
    package: Path = PACKAGE

    @property
    def notebooks(self) -> Path:
        """The student notebooks, generated."""
        return self.root / "notebooks"

    @property
    def solutions(self) -> Path:
        """The sources, in jupytext's percent format, with solutions."""
        return self.notebooks / "solutions"

    @property
    def work(self) -> Path:
        """A student's own copies; nothing here is ever overwritten."""
        return self.root / "work"

    @property
    def names(self) -> list[str]:
        """Names of all notebooks, ``NN_topic``, in the order of the course."""
        return sorted(path.stem for path in self.solutions.glob("*.py"))

    def choose(self, names: Iterable[str] = ()) -> list[str]:
        """Return the named notebooks in the order of the course, all of them when no name is given.

        A name may be whole, a path, or the number alone: "04_measuring", "work/04_measuring.ipynb", "04".

        Raises
        ------
        UserError
            A name that is no notebook; the message lists those that are.
        """
        known, wanted = self.names, {Path(name).name.removesuffix(".ipynb").removesuffix(".py") for name in names}
        if not known:
            raise UserError(f"{self.solutions} holds no notebook source (NN_topic.py)")
        numbers = {name.partition("_")[0]: name for name in known}
        wanted = {numbers.get(name, name) for name in wanted}
        if unknown := sorted(wanted - set(known)):
            raise UserError(f"no notebook named {', '.join(unknown)}; there are: {', '.join(known)}")
        return [name for name in known if not wanted or name in wanted]

    def path(self, name: str, *, form: str = "solution") -> Path:
        """The file that a form of a notebook is made from: its source, or the student notebook."""
        return self.solutions / f"{name}.py" if form == "solution" else self.notebooks / f"{name}.ipynb"

    def read(self, name: str, *, form: str = "solution"):
        """Return a notebook as a ``NotebookNode``: the whole source, or what students get.

        Raises
        ------
        FileNotFoundError
            The student notebook was not built yet; the message has the command.
        """
        path = self.path(name, form=form)
        if form == "solution":
            return convert(path.read_text(encoding="utf-8"))
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; `labkit build` writes it from its source")
        import nbformat

        return nbformat.read(path, as_version=4)


def find_course(start: str | Path | None = None) -> Course:
    """Return the course around a folder (default: the current one), or the one this package stands in.

    Raises
    ------
    FileNotFoundError
        No folder ``notebooks/solutions`` was found.
    """
    here = Path(start or Path.cwd()).resolve()
    for root in (here, *here.parents, PACKAGE.parent):
        if (root / "notebooks" / "solutions").is_dir():
            return Course(root)
    raise FileNotFoundError(
        f"no folder notebooks/solutions in {here}, above it, or beside the package; run labkit inside the repository"
    )


def spare_import() -> None:
    """Keep jsonschema, which nbformat needs, from building a grammar for IRIs: a second or two, used by nothing here.

    jsonschema treats the grammar's package as optional; this lets it find none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: aside first, then moved into place. Newlines are the same on every system."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(text.encode("utf-8"))
    os.replace(aside, path)


@dataclass(frozen=True)
class Build:
    """What `build` found: names of student notebooks that differed from their source, and those without a source."""

    stale: list[str]
    stray: list[str]


def build(course: Course, *, check: bool = False) -> Build:
    """Write the student notebooks from their sources.

    Parameters
    ----------
    course : Course
        Whose notebooks.
    check : bool
        Write nothing; only compare.

    Returns
    -------
    Build
        What differed (and, without `check`, was written). Files without a source are named, never deleted.
    """
    stale = []
    for name in course.choose():
        target, source = course.path(name, form="student"), course.path(name)
        text = student_text(source.read_text(encoding="utf-8"), name=name)
        # git on Windows may have turned \n into \r\n on checkout
        if not target.is_file() or target.read_bytes().replace(b"\r\n", b"\n") != text.encode("utf-8"):
            stale.append(name)
            if not check:
                write_file(target, text)
    stray = sorted(path.stem for path in course.notebooks.glob("*.ipynb") if path.stem not in course.names)
    return Build(stale, stray)


GRADER = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}  # nbgrader's schema


def convert(source: str, *, student_of: str | None = None):
    """Make a notebook from a source in percent format, the same bytes each time.

    Parameters
    ----------
    source : str
        Text of ``NN_topic.py``. Metadata under ``labkit:`` in its header is kept.
    student_of : str, optional
        Name of the source, ``NN_topic``, to make the notebook that students get: without the cells tagged
        ``solution``, with a link to them below each exercise, and with nbgrader's metadata (see `mark_for_graders`).
        Without it, the whole notebook.

    Returns
    -------
    nbformat.NotebookNode
        Without outputs. Metadata of exercises (``exercise``, ``points``, ``objective``) stays with its cell. A cell's
        id comes from its exercise, or else from its own text: editing, adding or removing one cell leaves the ids of
        all others alone.
    """
    import jupytext
    from nbformat.v4 import new_notebook

    parsed = jupytext.reads(source, fmt="py:percent")
    cells = [cell for cell in parsed.cells if student_of is None or "solution" not in _tags(cell)]
    taken: set[str] = set()
    for cell in cells:
        cell.metadata.pop("lines_to_next_cell", None)  # layout of the source file, of no use in a notebook
        cell.id = _free_id(cell_slug(cell), taken)
    if student_of is not None:
        mark_for_graders(cells)
        link_solutions(cells, student_of)
    notebook = new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata.language_info = {"name": "python"}
    if "labkit" in parsed.metadata:
        notebook.metadata.labkit = parsed.metadata.labkit
    return notebook


def student_text(source: str, *, name: str) -> str:
    """Return the file content of the student notebook of a source: JSON, two-way stable, newline at the end."""
    import nbformat

    notebook = convert(source, student_of=name)
    stamp(notebook, name)
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


VERSION_CELL = "version"  # id and tag of the cell that checks whether a copy is up to date


def stamp(notebook, name: str) -> None:
    """Let every copy of a student notebook know what it was made from.

    The notebook's metadata get the version of the course and a fingerprint of the content; the first code cell checks
    both when it runs (see `labkit.check_copy`); and each stub gets a hash of its source, so that an answer is
    distinguishable from a stub that nobody touched (see `labkit.course.copies`).
    """
    import nbformat
    from nbformat.v4 import new_code_cell

    for cell in notebook.cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            cell.metadata.stub = short_hash(cell.source)
    fingerprint = short_hash(f"{version_series(__version__)}\n{nbformat.writes(notebook)}")
    notebook.metadata.labkit = notebook.metadata.get("labkit", {}) | {
        "version": __version__,
        "fingerprint": fingerprint,
    }
    source = f'import labkit\n\nlabkit.check_copy("{name}", "{__version__}", "{fingerprint}")'
    metadata = {"tags": [VERSION_CELL], "jupyter": {"source_hidden": True}}
    cell = new_code_cell(source, id=VERSION_CELL, metadata=metadata)
    code = (place for place, other in enumerate(notebook.cells) if other.cell_type == "code")
    notebook.cells.insert(next(code, len(notebook.cells)), cell)


CHECK_IMPORT = "from labkit.exercises import check"  # the first line of every cell that earns points


def mark_for_graders(cells: list) -> None:
    """Give the cells of exercises nbgrader's metadata: where students write, and which cell earns the points.

    The stub is theirs to change. The cell below it that checks the answer is worth the exercise's points and is
    restored before grading; under nbgrader a check that is not correct raises (see `labkit.exercises.check`), so
    that it earns none. That cell imports `check` itself, in case a stub gave the name to something else.
    """
    asked = None
    for cell in cells:
        if cell.cell_type == "code" and "exercise" in cell.metadata:
            asked = cell.metadata
            cell.metadata.nbgrader = GRADER | {"solution": True, "grade_id": cell.id}
        elif "check" in _tags(cell) and asked is not None:
            number = str(asked.exercise).replace(".", "-")
            marks = {"grade": True, "locked": True, "points": asked.points, "grade_id": f"check-{number}"}
            cell.metadata.nbgrader = GRADER | marks
            if CHECK_IMPORT not in cell.source.splitlines():
                cell.source = f"{CHECK_IMPORT}\n\n{cell.source}"
            asked = None


def link_solutions(cells: list, name: str) -> None:
    """Say below the text of each exercise how to get help, and where its solution stands."""
    for text, stub in zip(cells, cells[1:], strict=False):
        if text.cell_type == "markdown" and "exercise" in stub.metadata:
            number = stub.metadata.exercise
            text.source += (
                f'\n\n*Stuck? Run `hint("{number}")` in a new cell, up to three times. '
                f"The solution stands in the source, [{name}.py](../notebooks/solutions/{name}.py).*"
            )


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def cell_slug(cell) -> str:
    """Return what a cell's id is made from: its exercise, or else its text."""
    if exercise := cell.metadata.get("exercise"):
        return f"exercise-{exercise}".replace(".", "-")
    return short_hash(f"{cell.cell_type}\n{cell.source}")


def short_hash(text: str) -> str:
    """Return twelve hexadecimal digits that change with a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _free_id(slug: str, taken: set[str]) -> str:
    candidate, copies = slug, 1
    while candidate in taken:  # cells with the same text are told apart by their order
        copies += 1
        candidate = f"{slug}-{copies}"
    taken.add(candidate)
    return candidate
