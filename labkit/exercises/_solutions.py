"""The code that solves an exercise, read from the text of the notebook sources in ``notebooks/solutions``.

The sources are in jupytext's percent format. A cell begins with a line such as
``# %% tags=["exercise"] exercise="05.1" points=2``; the solution of an exercise is the next cell with the tag
``solution``.
"""

import re
from pathlib import Path

_CELL = re.compile(r"^# %%(.*)$", flags=re.MULTILINE)
_EXERCISE = re.compile(r'\bexercise="([^"]+)"')
_TAGS = re.compile(r"\btags=\[([^\]]*)\]")


def find_sources(start: Path | None = None) -> Path | None:
    """Return ``notebooks/solutions``, in or above a folder (the current one) or next to the package; None without."""
    here = (start or Path.cwd()).resolve()
    package = Path(__file__).resolve().parents[1]
    for root in (here, *here.parents, package.parent):
        folder = root / "notebooks" / "solutions"
        if folder.is_dir():
            return folder
    return None


def read_solution(folder: Path, identifier: str) -> str | None:
    """Return the code that solves an exercise; None where no source in the folder has it."""
    for path in sorted(folder.glob(f"{identifier[:2]}_*.py")):
        solutions = solutions_in(path.read_text(encoding="utf-8"))
        if identifier in solutions:
            return solutions[identifier]
    return None


def solutions_in(source: str) -> dict[str, str]:
    """Return the code that solves each exercise of one source, by the exercise's id."""
    found = {}
    asked = None  # the exercise whose solution comes next
    for header, body in cells_in(source):
        tags = re.findall(r"[\w-]+", "".join(_TAGS.findall(header)))
        if exercise := _EXERCISE.search(header):
            asked = exercise[1]
        elif "solution" in tags and asked is not None:
            found[asked] = body
            asked = None
    return found


def cells_in(source: str) -> list[tuple[str, str]]:
    """Return the cells of a source in percent format: what follows ``# %%`` on a cell's first line, and its text."""
    _, *pieces = _CELL.split(source)  # what comes before the first cell, then headers and texts in turn
    return [(header, text.strip("\n")) for header, text in zip(pieces[::2], pieces[1::2], strict=True)]
