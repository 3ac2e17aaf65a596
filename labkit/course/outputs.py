"""The output folder of a run: executed notebooks, their pages, and records of which of them are finished and why."""

import hashlib
import json
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from labkit.cache import file_sha256
from labkit.course.build import Course, write_file
from labkit.errors import UserError

FIGURES = ("seconds", "peak_rss_mb", "exercises")  # what a record keeps of an execution, for the report


# Libraries whose version changes results; shown in every report.
LIBRARIES = ("torch", "transformers", "accelerate", "fairlearn", "scikit-learn", "statsmodels", "pandas", "numpy")


def fingerprints(course: Course, parameters: dict[str, dict], *, form: str) -> dict[str, str]:
    """Return, for each notebook, a hash of everything its outputs depend on.

    That is: its source (or, for the student form, the notebook itself), its parameter values, the code of the package,
    the data sets with their registry, and the versions of the libraries.

    Parameters
    ----------
    course : Course
        Whose notebooks.
    parameters : dict of str to dict
        For each notebook the values it runs with.
    form : {"solution", "student"}
        Which of its files runs.
    """
    shared = {
        "package": hash_files(course.package, "**/*.py"),
        "data": hash_files(course.root / "datasets", "registry.toml", "*/*.csv.gz"),
        "versions": library_versions(),
    }
    marks = {}
    for name, values in parameters.items():
        parts = shared | {"notebook": file_sha256(course.path(name, form=form)), "parameters": values}
        marks[name] = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return marks


def hash_files(folder: Path, *patterns: str) -> str:
    """Return one hash over the names and contents of the files in a folder that match one of the patterns."""
    files = sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())
    sums = [(path.relative_to(folder).as_posix(), file_sha256(path)) for path in files]
    return hashlib.sha256(json.dumps(sums).encode()).hexdigest()


def library_versions() -> dict[str, str]:
    """Return the installed version of each library whose version changes results."""
    found = {}
    for library in LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            found[library] = "not installed"
    return found


class Outputs:
    """One output folder, which one run at a time writes to.

    A notebook counts as finished when its record is there, has the wanted fingerprint, and the executed notebook and
    its page have the sums noted in it. The record is written last, so nothing that an interrupted run leaves counts.
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder).resolve()
        self.records = self.folder / ".records"
        try:
            self.records.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot write to the output folder {self.folder}: {error.strerror}") from error
        self._lock = FileLock(self.records / "lock")

    def __enter__(self):
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(
                f"another run writes to {self.folder}; wait for it, or give another folder with --output"
            ) from None
        return self

    def __exit__(self, *exception):
        self._lock.release()

    def clear_report(self) -> None:
        """Remove the report of an earlier run: it would speak of notebooks that this run replaces."""
        for name in ("report.json", "report.html"):
            (self.folder / name).unlink(missing_ok=True)

    def finished(self, name: str, wanted: str) -> dict | None:
        """Return the figures of a notebook that is finished and has the wanted fingerprint, or None."""
        try:
            record = json.loads((self.records / f"{name}.json").read_text(encoding="utf-8"))
            intact = all(file_sha256(self.folder / file) == known for file, known in record["sha256"].items())
            return {key: record[key] for key in FIGURES} if intact and record["fingerprint"] == wanted else None
        except (OSError, ValueError, KeyError):  # no record, not one of ours, or a file of it is gone
            return None

    def write(self, execution, wanted: str) -> None:
        """Keep what an execution produced; only one that passed gets a record."""
        record = self.records / f"{execution.name}.json"
        record.unlink(missing_ok=True)
        files = {f"{execution.name}.ipynb": execution.notebook, f"{execution.name}.html": execution.page}
        for file, text in files.items():
            if text is None:
                (self.folder / file).unlink(missing_ok=True)
            else:
                write_file(self.folder / file, text)
        if execution.status == "passed":
            sums = {file: file_sha256(self.folder / file) for file in files}
            figures = {key: getattr(execution, key) for key in FIGURES}
            write_file(record, json.dumps({"fingerprint": wanted, "sha256": sums, **figures}, indent=1) + "\n")
