"""Is a gap closed? An interval inside a margin that was stated beforehand says so; one that contains zero does not."""

import math

import pandas as pd

from labkit.comparison.seeds import over_seeds
from labkit.errors import UserError

CLOSED, ABOVE, BELOW, UNKNOWN = "closed", "still above", "still below", "cannot tell"
VERDICTS = (CLOSED, ABOVE, BELOW, UNKNOWN)


def is_closed(low: float, high: float, margin: float) -> bool:
    """Say whether an interval of a signed gap shows that the gap is smaller than a margin.

    It lies inside the margin, between ``-margin`` and ``margin``. That is the two one-sided tests procedure (Schuirmann
    1987): with a 95% interval each test has level 2.5%, and so has the claim "closed"; with a 90% interval the level is
    5% (in general, alpha belongs to confidence 1 - 2 alpha).

    Parameters
    ----------
    low, high : float
        Limits of the interval, in the unit of the gap.
    margin : float
        The smallest gap that matters, above 0, stated before the data were seen.

    Returns
    -------
    bool
        False also where the interval is undefined (NaN).

    Raises
    ------
    UserError
        The margin is not above 0, or the limits are in the wrong order.

    Examples
    --------
    >>> is_closed(-0.02, 0.04, margin=0.05), is_closed(-0.04, 0.09, margin=0.05)
    (True, False)
    """
    return judge_interval(low, high, margin) == CLOSED


def judge_interval(low: float, high: float, margin: float) -> str:
    """Say what an interval of a signed gap shows about a margin.

    Parameters
    ----------
    low, high : float
        Limits of the interval, in the unit of the gap.
    margin : float
        The smallest gap that matters, above 0, stated before the data were seen.

    Returns
    -------
    str
        "closed": the interval is inside the margin (`is_closed`). "still above", "still below": it is beyond the
        margin, on that side; a claim of the same level. "cannot tell": it holds the margin, or is undefined (NaN). An
        interval that contains zero can be any of "closed" and "cannot tell".

    Raises
    ------
    UserError
        The margin is not above 0, or the limits are in the wrong order.

    Examples
    --------
    >>> [judge_interval(*limits, margin=0.05) for limits in [(-0.02, 0.04), (0.06, 0.11), (-0.04, 0.09)]]
    ['closed', 'still above', 'cannot tell']
    """
    if not 0 < margin < math.inf:
        raise UserError(f"margin={margin} must be above 0: the smallest gap that matters, stated before the experiment")
    if low > high:
        raise UserError(f"the interval from {low} to {high} ends before it begins; pass low first")
    if -margin < low and high < margin:
        return CLOSED
    return ABOVE if low > margin else BELOW if high < -margin else UNKNOWN


def judge_gaps(
    runs: pd.DataFrame,
    value: str = "gap",
    *,
    margin: float,
    by: str = "method",
    confidence: float = 0.95,
    overlap: float | None = None,
) -> pd.DataFrame:
    """Say for each method whether its mean signed gap over runs is closed.

    The sign is kept in every run: the mean of absolute gaps is above 0 even where groups are treated alike, and counts
    a gap that was turned around as if nothing had changed.

    Parameters
    ----------
    runs : DataFrame
        One row per run.
    value : str
        Column with the signed gap.
    margin : float
        The smallest gap that matters, above 0, stated before the experiment.
    by : str
        Column that names the method.
    confidence : float
        Level of Student's t interval, in (0, 1). With 0.95, "closed" is a claim at a level of 2.5%; see `is_closed`.
    overlap : float, optional
        Where runs are repeated splits of one data set, as in `labkit.comparison.over_seeds`.

    Returns
    -------
    DataFrame
        As `labkit.comparison.over_seeds`, with the column verdict; see `judge_interval`.

    Raises
    ------
    UserError
        A column is missing, or the margin is not above 0.

    Examples
    --------
    >>> runs = pd.DataFrame({"method": ["plain"] * 3 + ["fair"] * 3, "gap": [0.30, 0.32, 0.34, 0.01, -0.01, 0.0]})
    >>> judge_gaps(runs, margin=0.05)["verdict"].to_dict()
    {'plain': 'still above', 'fair': 'closed'}
    """
    means = over_seeds(runs, value, by=by, confidence=confidence, overlap=overlap)
    verdicts = [judge_interval(low, high, margin) for low, high in zip(means["low"], means["high"], strict=True)]
    return means.assign(verdict=verdicts)
