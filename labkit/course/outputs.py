"""The output folder of a run: executed notebooks, their pages, and records of which of them are finished and why."""

import hashlib
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from labkit.cache import file_sha256, hash_files
from labkit.course.build import Course, write_file
from labkit.course.doctor import installed_versions, read_pins
from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.course.execute import Execution

FIGURES = ("seconds", "peak_rss_mb", "exercises")  # what a record keeps of an execution, for the report

# Libraries whose version every report shows.
LIBRARIES = ("torch", "transformers", "accelerate", "fairlearn", "scikit-learn", "statsmodels", "pandas", "numpy")

# Rooms that are no part of what all notebooks share: they run notebooks, belong to one of them, grade, or make pages.
NOT_SHARED = ("course", "chapters", "classroom", "layout", "workers")


def fingerprints(course: Course, parameters: dict[str, dict], *, form: str) -> dict[str, str]:
    """Return, for each notebook, a hash of everything that its executed file depends on.

    A notebook depends on its own file (the source or, for the student form, the student notebook), its parameter
    values, the code that all notebooks share (`NOT_SHARED` is left out), its chapter, the modules of ``labkit.course``
    that it names, the data sets with their registry, and the versions of `result_versions`. What renders pages does not
    count: pages are made from executed notebooks (see `fingerprint_renderer`).

    Parameters
    ----------
    course : Course
        Whose notebooks.
    parameters : dict of str to dict
        For each notebook the values it runs with.
    form : {"solution", "student"}
        Which of its files runs.

    Returns
    -------
    dict of str to str
        For each key of `parameters`, a sha256 as 64 hexadecimal digits.
    """
    package = course.package
    shared = {
        "code": hash_files(package, "**/*", leave_out=NOT_SHARED),
        "chapters": hash_files(package / "chapters", "*.py"),
        "data": hash_files(course.root / "datasets", "registry.toml", "*/*.csv.gz"),
        "versions": result_versions(course.root / "constraints.txt"),
    }
    marks = {}
    for name, values in parameters.items():
        path = course.path(name, form=form)
        number = name.partition("_")[0]
        named = sorted(set(re.findall(r"\blabkit\.course\.(\w+)", path.read_text(encoding="utf-8"))))
        parts = shared | {
            "notebook": file_sha256(path),
            "parameters": values,
            "chapter": hash_files(package / "chapters", f"ch{number}/**/*"),
            "tools": hash_files(package / "course", *(f"{module}.py" for module in named)),
        }
        marks[name] = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return marks


def fingerprint_renderer(course: Course) -> str:
    """Return a hash of everything that makes pages of executed notebooks; a change of it executes no notebook again."""
    files = hash_files(course.package, "course/pages/*", "course/assets/*", "layout/*")
    versions = [metadata.version(name) for name in ("nbconvert", "mistune", "Pygments", "beautifulsoup4")]
    return hashlib.sha256(json.dumps([files, versions]).encode()).hexdigest()


def result_versions(constraints: Path) -> dict[str, list[str | None]]:
    """Return the versions that results depend on: of Python, and of each distribution that set-up pins.

    Parameters
    ----------
    constraints : pathlib.Path
        The file of pins; where it is missing, `LIBRARIES` stand for what it would pin.

    Returns
    -------
    dict of str to list
        By name, the pinned and the installed version; None where there is none. Both count: what is installed makes
        the results, and a new pin announces the version that set-up installs next.
    """
    pins = read_pins(constraints) if constraints.is_file() else dict.fromkeys(LIBRARIES)
    installed = installed_versions()
    versions: dict[str, list[str | None]] = {name: [pin, installed.get(name)] for name, pin in pins.items()}
    versions["python"] = [None, f"{sys.version_info.major}.{sys.version_info.minor}"]
    return versions


def library_versions() -> dict[str, str]:
    """Return the installed version of each of `LIBRARIES`, for the report."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found


class Outputs:
    """One output folder, which one run at a time writes to.

    A notebook counts as finished when its record is there, has the wanted fingerprint, and the executed notebook has
    the checksum noted in it. The record is written last, so nothing that an interrupted run leaves counts. Pages have a
    record of their own (see `labkit.course.pages`).

    Parameters
    ----------
    folder : str or pathlib.Path
        Made if it is missing. A ``with`` block keeps other runs from writing to it.

    Raises
    ------
    UserError
        The folder cannot be made or, at the start of the block, another run writes to it.
    """

    def __init__(self, folder: str | Path):
        try:
            self.folder = Path(folder).resolve()
            self.records = self.folder / ".records"
            self.pages = self.records / "pages.json"  # which pages are as they should be, see labkit.course.pages
            self.records.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError) as error:  # RuntimeError: symbolic links in a circle
            reason = getattr(error, "strerror", None) or error
            raise UserError(f"cannot write to the output folder {folder}: {reason}") from error
        self._lock = FileLock(self.records / "lock")

    def __enter__(self) -> "Outputs":
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"another run writes to {self.folder}; wait for it, or give another folder with --output"
            ) from None
        except OSError as error:
            raise UserError(f"cannot write {self.records / 'lock'}: {error.strerror or error}") from error
        return self

    def __exit__(self, *exception) -> None:
        self._lock.release()

    def clear_report(self) -> None:
        """Remove the report of an earlier run, whose notebooks this run may replace."""
        for name in ("report.json", "report.html"):
            remove_file(self.folder / name)

    def finished(self, name: str, wanted: str) -> dict | None:
        """Return the figures of a notebook that is finished with the wanted fingerprint, or None.

        Parameters
        ----------
        name : str
            Of the notebook.
        wanted : str
            Its fingerprint now, from `fingerprints`.

        Returns
        -------
        dict or None
            ``seconds``, ``peak_rss_mb`` and ``exercises`` of its last execution.
        """
        try:
            record = json.loads((self.records / f"{name}.json").read_text(encoding="utf-8"))
            figures = {key: record[key] for key in FIGURES}
            written = {f"{name}.ipynb": file_sha256(self.folder / f"{name}.ipynb")}
            return figures if record == make_record(wanted, written, figures) else None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
        ):  # none, not ours, or a file of it is gone
            return None

    def write(self, execution: "Execution", wanted: str) -> None:
        """Keep what an execution produced; only one that passed gets a record.

        Parameters
        ----------
        execution : labkit.course.execute.Execution
            Its notebook is written, or removed where there is none; the page of an earlier execution is removed.
        wanted : str
            The notebook's fingerprint, from before it was executed.
        """
        record = self.records / f"{execution.name}.json"
        remove_file(record)
        remove_file(self.folder / f"{execution.name}.html")
        notebook = self.folder / f"{execution.name}.ipynb"
        if execution.notebook is None:
            remove_file(notebook)
        else:
            write_file(notebook, execution.notebook)
        if execution.status == "passed":
            checksums = {notebook.name: file_sha256(notebook)}
            figures = {key: getattr(execution, key) for key in FIGURES}
            write_file(record, json.dumps(make_record(wanted, checksums, figures), indent=1) + "\n")


def make_record(fingerprint: str, checksums: dict[str, str], figures: dict) -> dict:
    """Return the record of a finished notebook; a TypeError or ValueError says that its figures are none."""
    seconds, peak, exercises = (figures[key] for key in FIGURES)
    for number in (seconds, peak, *exercises.values()):
        if type(number) not in (int, float) or not 0 <= number < float("inf"):
            raise ValueError(f"{number!r} is not a figure of an execution")
    return {"fingerprint": fingerprint, "sha256": checksums, **figures}


def remove_file(path: Path) -> None:
    """Remove a file if it is there; a `UserError` names one that cannot be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot replace {path}: {error.strerror or error}") from error
