"""Intervals for measurements of texts: over items, or over templates, names and roles that are crossed.

A sentence "[name] applied for the job as [role]" is measured for every name, role and template. Its measurements are
not independent: all those of one template rise and fall together. What a study can say about *other* templates, names
or roles depends on how many of each it has, however many sentences that makes.

Each row's influence on the estimate is summed over each level of a factor, and the squares of the sums estimate how
much the estimate would vary if other levels had been drawn. For crossed factors the variances are added and that of
their combinations, which each of them contains, is taken off (Cameron, Gelbach and Miller, 2011, eq. 2.11). Degrees of
freedom follow Satterthwaite (1946). The intervals are deterministic.

Why not the bootstrap over the levels of both factors, whose replicates are the usual way? With 4 templates and 20 names
its 95% percentile interval covered in 81% of simulations where templates decide, and in all where only noise does; this
one covered in 95% and 99%. It falls short, at 88%, for shares where eight templates decide nearly everything
(tests/comparison/crossed.csv has all settings).
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from labkit.audit.intervals import wilson_limits
from labkit.errors import UserError
from labkit.validation import check_columns

FEWEST = 2  # levels of a factor, of which none can be taken as all there are
ROUNDING = 1e-9  # standard errors below this are what rounding leaves of zero


@dataclass(frozen=True)
class ClusterEstimate:
    """An estimate with an interval over the levels of one or several factors.

    Attributes
    ----------
    value : float
        The estimate.
    low, high : float
        Limits of the interval; NaN where the levels agree exactly, which says nothing about how far others are.
    standard_error : float
        Of the estimate, in its unit; of a correlation, of Fisher's z.
    df : float
        Degrees of freedom of the interval's t quantile: near the number of levels of the factor that matters most.
    levels : dict of str to int
        How many levels each factor has. More rows of the same levels would not make the interval shorter than these
        allow.
    rows : int
        Number of measurements.
    confidence : float
        Stated coverage.
    """

    value: float
    low: float
    high: float
    standard_error: float
    df: float
    levels: dict[str, int]
    rows: int
    confidence: float

    def __str__(self) -> str:
        over = " and ".join(f"{count} {say_several(name)}" for name, count in self.levels.items())
        if np.isnan(self.low):
            return f"{self.value:.3f} (no interval: all agree, over {over})"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f}, {self.confidence:.0%}, over {over})"


def say_several(name: str) -> str:
    """Write the plural of a column's name, which is an English word if all is well.

    >>> say_several("question"), say_several("category")
    ('questions', 'categories')
    """
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"


def mean_over_clusters(
    frame: pd.DataFrame,
    value: str,
    *,
    clusters: str | Sequence[str],
    bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> ClusterEstimate:
    """Average a column, with an interval that takes the levels of all factors as drawn from many.

    Parameters
    ----------
    frame : DataFrame
        One row per measurement.
    value : str
        Column of numbers.
    clusters : str or sequence of str
        One to three columns, such as ``"item"`` or ``["template", "name"]``. Rows that share a level of any of them are
        taken to depend on each other.
    bounds : pair of float, optional
        What no value can be below or above, such as (0, 1) for the share of three orders in which an answer was chosen.
        The interval is then Wilson's, with the number of rows that independent ones of 0 and 1 would be worth (Franco
        et al., 2019), so that its limits are within the bounds. None: (0, 1) for a column of 0 and 1, and otherwise
        Student's interval, which has no bounds. (-inf, inf): Student's in any case.
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    ClusterEstimate
        The mean over rows. Where all levels have the same mean, nothing measures how much they vary. With bounds, the
        limits then say how far the mean can be off if as many other levels differ, up to a bound, as could escape a
        sample of this size (Wilson's limit for none of them). Without bounds there is no interval: the limits are NaN.

    Raises
    ------
    UserError
        A column is missing or has missing values; a factor has one level, so that nothing can say how much depends on
        it; a value is outside ``bounds``; ``confidence`` is outside its range.

    Examples
    --------
    >>> frame = pd.DataFrame({"item": range(8), "prefers": [1, 1, 0, 1, 0, 1, 1, 0]})
    >>> print(mean_over_clusters(frame, "prefers", clusters="item"))
    0.625 (0.242 to 0.897, 95%, over 8 items)
    """
    factors = _read_factors(frame, clusters, confidence)
    y = _read_numbers(frame, value)
    variance, df = _vary((y - y.mean()) / len(y), factors, np.zeros(len(y), int))
    if bounds is None and set(np.unique(y)) <= {0.0, 1.0}:
        bounds = 0.0, 1.0
    if bounds is None or np.isinf(bounds).all():
        limits = _limits(y.mean(), variance, df, confidence)
    else:
        limits = _bounded_limits(y, variance, df, min(_count_levels(factors).values()), bounds, confidence)
    return _estimate(y.mean(), limits, variance, df, factors, confidence)


def difference_over_clusters(
    frame: pd.DataFrame,
    value: str,
    *,
    group: str,
    a: Hashable,
    b: Hashable,
    clusters: str | Sequence[str],
    adjust: Sequence[str] = (),
    confidence: float = 0.95,
) -> ClusterEstimate:
    """Compare the mean of a column between two groups, such as names of women and of men in the same templates.

    A factor whose levels are each in one group only, as names are, makes both means uncertain. One whose levels have
    rows of both, as templates have, makes only their difference uncertain: what a template adds to both cancels.

    Parameters
    ----------
    frame : DataFrame
        One row per measurement. Rows of other groups are left out.
    value : str
        Column of numbers.
    group : str
        Column of the groups.
    a, b : hashable
        The two groups; the difference is a minus b.
    clusters : str or sequence of str
        One to three columns, as in `mean_over_clusters`.
    adjust : sequence of str
        Columns of numbers, such as the number of a name's word pieces, on which the value is regressed together with
        the group: the difference is then between rows that are alike in them. It is taken to be the same everywhere,
        and what the columns do to be linear.
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    ClusterEstimate
        The difference in means (with ``adjust``, the regression's coefficient of being in ``a``).

    Raises
    ------
    UserError
        As in `mean_over_clusters`; also a group without rows, a factor with one level in a group, and columns of
        ``adjust`` that leave nothing to tell the groups apart by.

    Examples
    --------
    >>> frame = pd.DataFrame({"name": list("ABCDABCD"), "group": list("ffmmffmm"), "template": [1] * 4 + [2] * 4})
    >>> frame["log_odds"] = [0.2, 0.4, 0.1, 0.2, 1.2, 1.3, 1.0, 1.2]
    >>> print(difference_over_clusters(frame, "log_odds", group="group", a="f", b="m", clusters=["template", "name"]))
    0.150 (-0.306 to 0.606, 95%, over 2 templates and 4 names)
    """
    check_columns(frame.columns, [group])
    if a == b:
        raise UserError(f"a and b are both {a!r}; a difference needs two different groups")
    for each in (a, b):
        if not (frame[group] == each).any():
            known = ", ".join(map(repr, frame[group].unique()[:10]))
            raise UserError(f"no row has {group} {each!r}; there are {known}")
    frame = frame[frame[group].isin([a, b])]
    factors, y = _read_factors(frame, clusters, confidence), _read_numbers(frame, value)
    in_a = (frame[group] == a).to_numpy()
    design = np.column_stack([in_a, np.ones(len(y)), *(_read_numbers(frame, name) for name in adjust)])
    if np.linalg.matrix_rank(design - design.mean(axis=0) * (np.arange(design.shape[1]) != 1)) < design.shape[1]:
        raise UserError(
            f"{', '.join(adjust)} and {group} say the same: nobody in one group is like anybody in the other, so that "
            "no difference can be adjusted for it; match the groups, or leave it out"
        )
    inverse = np.linalg.inv(design.T @ design)
    found = inverse @ (design.T @ y)
    influence = (design @ inverse[0]) * (y - design @ found)
    variance, df = _vary(influence, factors, in_a.astype(int))
    return _estimate(found[0], _limits(found[0], variance, df, confidence), variance, df, factors, confidence)


def correlation_over_clusters(
    frame: pd.DataFrame, x: str, y: str, *, unit: str, clusters: str | Sequence[str] = (), confidence: float = 0.95
) -> ClusterEstimate:
    """Correlate two numbers over units, such as roles, of which each is measured by several rows.

    ``x`` and ``y`` are averaged over the rows of each unit, and Pearson's correlation is taken over units. The interval
    is one of Fisher's z.

    Parameters
    ----------
    frame : DataFrame
        One row per measurement.
    x, y : str
        Columns of numbers. One that is the same in all rows of a unit, such as the share of women in a role, is a fact
        about the unit.
    unit : str
        Column of the units, such as ``"role"``: a factor of its own.
    clusters : str or sequence of str
        Further factors that are crossed with it, such as ``"template"``.
    confidence : float
        Coverage, in (0, 1).

    Returns
    -------
    ClusterEstimate
        The correlation, in [-1, 1].

    Raises
    ------
    UserError
        As in `mean_over_clusters`; also fewer than four units, or a column that is the same in all of them.
    """
    others = [clusters] if isinstance(clusters, str) else list(clusters)
    factors = _read_factors(frame, [unit, *others], confidence)
    values = np.column_stack([_read_numbers(frame, x), _read_numbers(frame, y)])  # (rows, 2)
    codes = factors[unit]
    size = np.bincount(codes)  # (units,)
    if len(size) < 4:
        raise UserError(f"{unit} has {len(size)} levels; a correlation with an interval needs at least 4")
    means = np.column_stack([np.bincount(codes, column) / size for column in values.T])  # (units, 2)
    spread = means.std(axis=0)
    for name, each in zip((x, y), spread, strict=True):
        if not each > 1e-12 * max(1.0, np.abs(means).max()):
            raise UserError(f"{name} has the same mean in every {unit}, so that it correlates with nothing")
    standard = (means - means.mean(axis=0)) / spread
    r = float((standard[:, 0] * standard[:, 1]).mean())
    # what a unit's presence does to r, and what a change of its means does
    of_unit = (standard[:, 0] * standard[:, 1] - r / 2 * (standard**2).sum(axis=1)) / len(size)
    slope = (standard[:, ::-1] - r * standard) / spread / len(size)  # (units, 2)
    within = ((values - means[codes]) * slope[codes]).sum(axis=1)
    scale = max(1 - r**2, 1e-12)  # the derivative of Fisher's z is its inverse
    influence = (of_unit[codes] + within) / size[codes] / scale
    variance, df = _vary(influence, factors, np.zeros(len(codes), int))
    # with few units the influences, taken at estimated means and spreads, are too small: Fisher's z has 1 / (n - 3)
    variance *= (len(size) - 1) / (len(size) - 3)
    low, high = np.tanh(_limits(np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)), variance, df, confidence))
    return _estimate(r, (low, high), variance, df, factors, confidence)


def _read_factors(frame: pd.DataFrame, clusters: str | Sequence[str], confidence: float) -> dict[str, np.ndarray]:
    """Return the level of each row, 0 to levels - 1, by factor."""
    if not 0 < confidence < 1:
        raise UserError(f"confidence={confidence} is not between 0 and 1; use 0.95 for a 95% interval")
    names = [clusters] if isinstance(clusters, str) else list(dict.fromkeys(clusters))
    if not 1 <= len(names) <= 3:
        raise UserError(f"clusters names {len(names)} columns; name one to three, such as ['template', 'name']")
    check_columns(frame.columns, names)
    factors = {}
    for name in names:
        codes, levels = pd.factorize(frame[name])
        if (codes < 0).any():
            raise UserError(f"{(codes < 0).sum()} rows have no {name}; drop them or name what they belong to")
        if len(levels) < FEWEST:
            raise UserError(
                f"{name} has {len(levels)} level: nothing can say how much of the result depends on it, so that no "
                f"number from it is a finding; measure with at least {FEWEST}, better ten"
            )
        factors[str(name)] = codes
    return factors


def _read_numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column as numbers (rows,)."""
    check_columns(frame.columns, [name])
    try:
        numbers = frame[name].to_numpy(dtype=float)
    except (TypeError, ValueError):
        raise UserError(f"column {name!r} does not hold numbers, but {frame[name].iloc[0]!r}") from None
    if not np.isfinite(numbers).all():
        raise UserError(f"column {name!r} has {(~np.isfinite(numbers)).sum()} missing or infinite values; drop them")
    return numbers


def _vary(influence: np.ndarray, factors: dict[str, np.ndarray], group: np.ndarray) -> tuple[float, float]:
    """Return the variance of an estimate over all factors, and its degrees of freedom.

    ``influence`` (rows,) is how much each row's presence changes the estimate, and sums to 0 in each ``group``
    (rows,), of which there are one or two.
    """
    found = {
        names: list(_vary_over([factors[name] for name in names], influence, group, " and ".join(names)))
        for number in range(1, len(factors) + 1)
        for names in combinations(factors, number)
    }
    variances = {names: sum(variance for variance, _ in parts) for names, parts in found.items()}
    added = sum((-1) ** (len(names) + 1) * variance for names, variance in variances.items())
    # taking off the combinations can leave less than one factor alone, or less than nothing
    variance = max(added, *(each for names, each in variances.items() if len(names) == 1))
    squares = sum(each**2 / df for names, parts in found.items() if len(names) == 1 for each, df in parts)
    most = len(influence) - 1.0
    return variance, min(variance**2 / squares, most) if squares > 0 else most


def _vary_over(
    codes: list[np.ndarray], influence: np.ndarray, group: np.ndarray, name: str
) -> Iterator[tuple[float, float]]:
    """Yield variance and degrees of freedom over the levels of a factor, or of a combination; by group if nested."""
    level = np.ravel_multi_index(codes, [each.max() + 1 for each in codes])
    level = np.unique(level, return_inverse=True)[1]
    sums = np.bincount(level, influence)
    first = np.zeros(len(sums), int)
    first[level] = group
    nested = (first[level] == group).all()  # each level has rows of one group only
    for each in np.unique(group) if nested else [None]:
        mine = sums if each is None else sums[first == each]
        if len(mine) < FEWEST:
            raise UserError(f"{name} has one level in a group; an interval needs at least {FEWEST} in each")
        yield float((mine**2).sum() * len(mine) / (len(mine) - 1)), float(len(mine) - 1)


def _limits(value: float, variance: float, df: float, confidence: float) -> tuple[float, float]:
    """Return value -+ t standard errors, or no limits where all levels agree, up to rounding."""
    from scipy.special import stdtrit

    if np.sqrt(variance) <= ROUNDING * max(1.0, abs(value)):
        return np.nan, np.nan
    margin = stdtrit(df, (1 + confidence) / 2) * np.sqrt(variance)
    return value - margin, value + margin


def _bounded_limits(
    y: np.ndarray, variance: float, df: float, levels: int, bounds: tuple[float, float], confidence: float
) -> tuple[float, float]:
    """Return Wilson's limits with an effective number of rows; where all levels agree, as far as others may differ."""
    from scipy.special import stdtrit

    least, most = bounds
    if not least < most or y.min() < least or y.max() > most:
        raise UserError(f"values are from {y.min():g} to {y.max():g}, outside bounds={bounds}; correct the bounds")
    share = (y.mean() - least) / (most - least)
    variance /= (most - least) ** 2
    if np.sqrt(variance) <= ROUNDING:
        _, others = wilson_limits(0, levels, stdtrit(levels - 1, (1 + confidence) / 2))
        low, high = share - others * share, share + others * (1 - share)
    else:
        n = share * (1 - share) / variance
        low, high = wilson_limits(share * n, n, stdtrit(df, (1 + confidence) / 2))
    return least + low * (most - least), least + high * (most - least)


def _count_levels(factors: dict[str, np.ndarray]) -> dict[str, int]:
    return {name: int(codes.max()) + 1 for name, codes in factors.items()}


def _estimate(
    value: float,
    limits: tuple[float, float],
    variance: float,
    df: float,
    factors: dict[str, np.ndarray],
    confidence: float,
) -> ClusterEstimate:
    """Put an estimate together."""
    rows = len(next(iter(factors.values())))
    low, high = map(float, limits)
    return ClusterEstimate(
        float(value), low, high, float(np.sqrt(variance)), float(df), _count_levels(factors), rows, confidence
    )
