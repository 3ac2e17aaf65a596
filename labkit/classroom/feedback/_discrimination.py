"""Does an exercise tell those who do well elsewhere from those who do not? Only where the class is large enough."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

FEWEST_STUDENTS = 20  # from which the interval below has its coverage (tests/classroom/test_discrimination.py)
FEWEST_OF_A_KIND = 5  # right answers, and wrong ones
USUAL = 0.2  # correlations below are called low in the literature on tests (Ebel 1965)
CONFIDENCE = 0.95  # of all intervals of a notebook together
BADLY, BACKWARDS, UNCLEAR, WELL = "badly", "backwards", "unclear", "well"


@dataclass(frozen=True)
class Discrimination:
    """How well an exercise discriminates.

    Attributes
    ----------
    correct, students : int
        Right answers, and all.
    correlation : float
        Of being right with the points of all other exercises (point-biserial), from -1 to 1; NaN where it is undefined.
    low, high : float
        The limits of its interval; NaN where nothing can be said.
    """

    correct: int
    students: int
    correlation: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What the interval says: "backwards", "badly", "well", or "unclear" where it does not exclude any of these."""
        if np.isnan(self.high):
            return UNCLEAR
        if self.high < 0:
            return BACKWARDS
        if self.high < USUAL:
            return BADLY
        return WELL if self.low > USUAL else UNCLEAR


def measure_discrimination(correct: np.ndarray, points: Sequence[float]) -> list[Discrimination]:
    """Correlate each exercise with the rest of its notebook.

    Parameters
    ----------
    correct : bool array of shape (students, exercises)
        Which answers earned their points.
    points : sequence of float, of length exercises
        What the exercises are worth.

    Returns
    -------
    list of Discrimination
        With Fisher's interval of a correlation (1915), ``tanh(atanh(r) ± z / sqrt(students - 3))``, whose z makes all
        intervals of the notebook hold at once (Bonferroni). Without an interval where there are fewer than
        `FEWEST_STUDENTS` students, or fewer than `FEWEST_OF_A_KIND` right or wrong answers.
    """
    students, exercises = correct.shape
    earned = correct * np.asarray(points, dtype=float)  # (students, exercises)
    z = norm.isf((1 - CONFIDENCE) / 2 / max(exercises, 1))
    found = []
    for item in range(exercises):
        right = correct[:, item].astype(float)  # (students,)
        rest = earned.sum(axis=1) - earned[:, item]
        number = int(right.sum())
        low = high = r = np.nan
        if students > 1 and np.ptp(right) and np.ptp(rest):
            r = float(np.corrcoef(right, rest)[0, 1])
        enough = students >= FEWEST_STUDENTS and min(number, students - number) >= FEWEST_OF_A_KIND
        if enough and abs(r) < 1:
            half = z / np.sqrt(students - 3)
            low, high = (float(np.tanh(np.arctanh(r) + side)) for side in (-half, half))
        found.append(Discrimination(number, students, r, low, high))
    return found
