"""Count what a path holds, a file or a folder: its decisions, and in a second pass its scores."""

from collections.abc import Callable
from pathlib import Path

from labkit.audit.counts import Counts
from labkit.audit.files._columns import Wanted
from labkit.audit.files.logs import read_in
from labkit.audit.files.oddities._duplicates import Duplicates
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram
from labkit.errors import UserError


def bins_scores(
    *, label: str | None, score: str | None, threshold: float | None, rows: tuple[str | None, str | None, str | None]
) -> bool:
    """Say whether AUC and calibration are wanted and can be computed; a UserError where only they need the score."""
    if score is None:
        return False
    possible = label is not None and rows == (None, None, None)
    if threshold is not None:
        return possible and 0 <= threshold <= 1
    if not possible:
        reason = "need labels" if label is None else "take every row as one person, without weight, count or person"
        raise UserError(f"AUC and calibration of the score {score!r} {reason}; leave it out, or add a threshold")
    return True


def count_path(
    path: Path,
    roles: Roles,
    *,
    score: str | None,
    progress: Callable[[int], None],
    decimal: str = ".",
    sheet: str | None = None,
) -> tuple[Counts, ScoreHistogram | None, Duplicates]:
    """Count the decisions in a file or folder and, where a column of scores is named, its scores in a second pass.

    Also says which rows are the same as an earlier one.
    """
    (counts, *scores), twice = read_in(path, Wanted(roles, score, decimal, sheet), progress)  # the audit shows notes
    return counts, scores[0] if scores else None, twice
