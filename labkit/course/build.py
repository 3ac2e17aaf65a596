"""The course's notebooks on disk: sources that people edit, student notebooks built from them, a student's copies."""

import importlib.util
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.sources.conversion import convert, read_budget, student_text
from labkit.course.sources.references import Reference, read_references
from labkit.errors import MissingExtra, UserError, choose_notebooks

if TYPE_CHECKING:
    from nbformat import NotebookNode

PACKAGE = Path(__file__).resolve().parents[1]

# What building and executing notebooks imports, from the extra `course`.
NOTEBOOK_LIBRARIES = (
    "bs4",
    "ipykernel",
    "jinja2",
    "joblib",
    "jupytext",
    "nbconvert",
    "nbformat",
    "papermill",
    "pybtex",
)


@dataclass(frozen=True)
class Course:
    """The folders of a course.

    Attributes
    ----------
    root : pathlib.Path
        The repository: holds ``notebooks/``, ``datasets/`` and ``constraints.txt``.
    package : pathlib.Path
        The package whose code the notebooks use; notebooks that depend on a changed part of it run again.
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
    def references(self) -> list[Reference]:
        """What the notebooks can cite: ``notebooks/references.bib``, without a file nothing."""
        return read_references(self.notebooks / "references.bib")

    @property
    def names(self) -> list[str]:
        """Names of all notebooks, ``NN_topic``, in the order of the course."""
        return sorted(path.stem for path in self.solutions.glob("*.py"))

    def choose(self, names: Iterable[str] = ()) -> list[str]:
        """Return the named notebooks in the order of the course, all of them when no name is given.

        Parameters
        ----------
        names : iterable of str
            Whole names, paths, or numbers alone: "04_measuring", "work/04_measuring.ipynb", "04".

        Raises
        ------
        UserError
            The course has no source at all, or no notebook of that name; the message lists those there are.
        """
        known = self.names
        if not known:
            raise UserError(f"{self.solutions} holds no notebook source (NN_topic.py)")
        return choose_notebooks(names, known) or known

    def path(self, name: str, *, form: str = "solution") -> Path:
        """Return the file that a form of a notebook is read from: its source, or the student notebook."""
        return self.solutions / f"{name}.py" if form == "solution" else self.notebooks / f"{name}.ipynb"

    def read(self, name: str, *, form: str = "solution") -> "NotebookNode":
        """Return a notebook: made from its source, or the one that students get.

        Parameters
        ----------
        name : str
            One of `names`.
        form : {"solution", "student"}
            The whole source with its solutions, or the student notebook.

        Raises
        ------
        FileNotFoundError
            The student notebook was not built yet; the message has the command.
        UserError
            The file cannot be read, or is not a notebook; the message names it.
        """
        import nbformat

        path = self.path(name, form=form)
        if form == "solution":
            with naming(path):
                return convert(read_source(path), references=self.references)
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; `labkit build` writes it from its source")
        try:
            notebook = nbformat.read(path, as_version=4)
            read_budget(notebook)
        except Exception as error:  # whatever nbformat makes of a damaged file
            raise UserError(f"{path} is not a notebook; `labkit build` writes it again from its source") from error
        return notebook


def find_course(start: str | Path | None = None) -> Course:
    """Return the course around a folder, or else the one that this package is in.

    Parameters
    ----------
    start : str or pathlib.Path, optional
        A folder in the repository; the current one when left out.

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
    """Keep jsonschema, which nbformat needs, from building a grammar for IRIs, which takes a second or two.

    Nothing here needs that grammar. Its package is optional to jsonschema; after this call it finds none.
    """
    sys.modules.setdefault("rfc3987_syntax", None)


def check_notebook_libraries() -> None:
    """Check that the extra ``course``, with what builds and executes notebooks, is installed.

    Raises
    ------
    MissingExtra
        One of its libraries is missing; the message has the command that installs them.
    """
    missing = [library for library in NOTEBOOK_LIBRARIES if importlib.util.find_spec(library) is None]
    if missing:
        raise MissingExtra(
            f'notebooks need {", ".join(missing)}: pip install -e ".[course]" -c constraints.txt, in the repository'
        )


def read_source(path: Path) -> str:
    """Return the text of a notebook's source; a `UserError` says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"it is not in UTF-8 ({error.reason}, byte {error.start}); save it as UTF-8") from error
    except OSError as error:
        raise UserError(f"it cannot be read: {error.strerror}") from error


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn every error of a block that reads a notebook's source into a `UserError` that names the source.

    What jupytext and its YAML reader raise for a damaged header, and where, depends on the damage.
    """
    import nbformat

    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except nbformat.ValidationError as error:
        raise UserError(f"{path} makes no valid notebook: {error.message}; check its cells' metadata") from error
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path} makes no valid notebook: {reason}; check its header and its cells' metadata"
        ) from error


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all, with the same newlines on every system.

    Parameters
    ----------
    path : pathlib.Path
        The file, in an existing folder. The text goes to a temporary file next to it, which then takes its place.
    text : str
        Its content.

    Raises
    ------
    UserError
        The file cannot be written, for example because the disk is full. What was there before is left as it was, and
        no temporary file remains.
    """
    aside = path.with_name(f".{path.name}.tmp")
    try:
        try:
            aside.write_bytes(text.encode("utf-8"))
            os.replace(aside, path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error


@dataclass(frozen=True)
class Build:
    """What `build` found.

    Attributes
    ----------
    stale : list of str
        Names of student notebooks that differed from their source.
    stray : list of str
        Names of student notebooks without a source.
    unreadable : list of str
        For each source that makes no notebook, a message that names it. Its student notebook was left as it is.
    """

    stale: list[str]
    stray: list[str]
    unreadable: list[str] = field(default_factory=list)


def build(course: Course, names: Iterable[str] = (), *, check: bool = False) -> Build:
    """Write the student notebooks from their sources.

    Parameters
    ----------
    course : Course
        Its sources are read, its student notebooks written.
    names : iterable of str
        Which ones, as for `Course.choose`; by default all.
    check : bool
        Write nothing; only compare.

    Returns
    -------
    Build
        What differed (and, without `check`, was written). Files without a source are named, never deleted.

    Raises
    ------
    UserError
        The course has no source, or none of a name, or a student notebook cannot be written.
    """
    stale, unreadable, references = [], [], course.references
    for name in course.choose(names):
        target, source = course.path(name, form="student"), course.path(name)
        try:
            with naming(source):
                text = student_text(read_source(source), name=name, references=references)
        except UserError as error:  # the others are built all the same
            unreadable.append(str(error))
            continue
        # git on Windows may have turned \n into \r\n on checkout
        if not target.is_file() or target.read_bytes().replace(b"\r\n", b"\n") != text.encode("utf-8"):
            stale.append(name)
            if not check:
                write_file(target, text)
    stray = sorted(path.stem for path in course.notebooks.glob("*.ipynb") if path.stem not in course.names)
    return Build(stale, stray, unreadable)
