"""The folder that grades are written to: one run at a time, and nothing of others in it is replaced."""

import json
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from labkit.errors import UserError
from labkit.files import replace_file

RECORD = "grading.json"  # says that the folder is ours, and what was graded last
FORMAT = 1


class GradesFolder:
    """A folder of grades, locked while a run uses it.

    Parameters
    ----------
    path : pathlib.Path
        Made if it is missing, for its owner alone: it holds marks.

    Raises
    ------
    UserError
        Something else is in it, or another run uses it.
    """

    def __init__(self, path: Path):
        self.path = path
        if path.exists() and not path.is_dir():
            raise UserError(f"{path} is no folder; name another one for --output")
        there = {each.name for each in path.iterdir()} - {".lock"} if path.is_dir() else set()
        if there and RECORD not in there:
            raise UserError(f"{path} holds something else ({sorted(there)[0]!r}); name a new folder for --output")
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = FileLock(path / ".lock")

    def __enter__(self) -> Self:
        """Lock it."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(f"another run is grading into {self.path}; wait until it has ended") from error
        return self

    def __exit__(self, *exception: object) -> None:
        """Unlock it."""
        self._lock.release()

    def read(self) -> dict[str, Any]:
        """Return what the last run noted; empty where there was none."""
        path = self.path / RECORD
        try:
            return json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error}); remove it: results are in files of their own") from error

    def note(self, **values: Any) -> None:
        """Note what this run grades."""
        content = json.dumps({"format": FORMAT} | values, indent=1, ensure_ascii=False)
        replace_file(self.path / RECORD, content.encode() + b"\n")
