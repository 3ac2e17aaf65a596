"""The course's notebooks on disk: sources that people edit, student notebooks built from them, a student's copies."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.sources import convert, student_text

PACKAGE = Path(__file__).resolve().parent


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
        ValueError
            A name that is no notebook; the message lists those that are.
        """
        known, wanted = self.names, {Path(name).name.removesuffix(".ipynb").removesuffix(".py") for name in names}
        if not known:
            raise ValueError(f"{self.solutions} holds no notebook source (NN_topic.py)")
        numbers = {name.partition("_")[0]: name for name in known}
        wanted = {numbers.get(name, name) for name in wanted}
        if unknown := sorted(wanted - set(known)):
            raise ValueError(f"no notebook named {', '.join(unknown)}; there are: {', '.join(known)}")
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


def start(course: Course) -> tuple[list[str], list[str]]:
    """Copy the student notebooks that are missing in ``work/``; what is there stays as it is.

    Returns
    -------
    tuple of list of str
        Names of the notebooks copied, and of those that were there.

    Raises
    ------
    FileNotFoundError
        No student notebook was built yet.
    """
    notebooks = sorted(course.notebooks.glob("*.ipynb"))
    if not notebooks:
        raise FileNotFoundError(f"{course.notebooks} holds no notebook; `labkit build` writes them from their sources")
    course.work.mkdir(exist_ok=True)
    copied, kept = [], []
    for path in notebooks:
        target = course.work / path.name
        if target.exists():
            kept.append(path.stem)
        else:
            write_file(target, path.read_text(encoding="utf-8"))
            copied.append(path.stem)
    return copied, kept
