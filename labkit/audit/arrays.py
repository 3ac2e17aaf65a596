"""The audit of predictions held in memory: arrays or columns in, group metrics with intervals, tests and warnings out.

Frames, in memory or not, go through ``labkit.audit.count`` and ``Counts.audit``; both ways give the same ``Audit``.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from labkit.audit.between.delong import AucDifference
from labkit.audit.counts import count_decisions
from labkit.audit.inputs._groups import NumbersAsGroups
from labkit.audit.inputs._types import check_flat
from labkit.audit.inputs._vectors import explicit, warn_about_order
from labkit.audit.results import Audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import MAX_BINS, count_scores
from labkit.errors import UserError


def audit(
    *,
    y_true: Any,
    y_pred: Any = None,
    sensitive_features: Any,
    y_score: Any = None,
    threshold: float | None = None,
    count: Any = None,
    weight: Any = None,
    person: Any = None,
    confidence: float = 0.95,
    n_tables: int = 9_999,
    seed: int = 0,
    min_group_size: int = 20,
    missing_group: str | None = None,
) -> Audit:
    """Audit binary predictions by group.

    Rows are matched by position, never by a pandas index. Masked values are missing values.

    Parameters
    ----------
    y_true : array-like of shape (n,), or None
        Labels: 0 and 1, or booleans. None where they are not known yet: then there are selection rates, and error
        rates, precision and base rates stay unknown.
    y_pred : array-like of shape (n,), optional
        Decisions: 0 and 1, or booleans.
    sensitive_features : array-like of shape (n,) or (n, k), Series, DataFrame, or dict of arrays
        Which group each row belongs to: strings, categories, booleans or integers. With several columns the groups are
        the combinations that occur. Numbers are codes: cut amounts, such as ages, into ranges first. Categories keep
        the order in which they are declared.
    y_score, threshold : array-like of shape (n,) and float, optional
        In place of ``y_pred``: scores, and the score from which on the decision is 1.
    count, weight, person : array-like of shape (n,), optional
        What a row stands for: several people, a survey weight, or one of several rows of the same person; see
        `labkit.audit.count`.
    confidence : float
        Coverage of every interval, between 0 and 1.
    n_tables : int
        Random tables behind a p-value where counts are small, at least 99.
    seed : int
        Seed of those tables.
    min_group_size : int
        Groups with fewer people are shown and marked, and left out of ``difference()``, ``ratio()`` and
        ``parity_test()``.
    missing_group : str, optional
        Audit people whose group is missing as a group of this name, such as "not stated"; by default they are an error.

    Returns
    -------
    Audit
        Tables as attributes (``overall``, ``by_group``, ``intervals``), comparisons as methods (``difference()``).

    Raises
    ------
    UserError
        Lengths that differ, no rows, labels or decisions that are not 0/1, a missing group, a single group, a sensitive
        feature with more than 20 different numbers, or one that holds lists, tuples or bytes; and what
        `labkit.audit.count` rejects of its options.

    Warns
    -----
    DataWarning
        Two arguments have the same pandas index in another order; and what `labkit.audit.count` warns about.

    Examples
    --------
    >>> result = audit(y_true=[0, 1, 1, 0], y_pred=[0, 1, 0, 1], sensitive_features=["a", "a", "b", "b"])
    >>> result.by_group["accuracy"].to_dict()
    {'a': 1.0, 'b': 0.0}
    """
    given = {"y_true": y_true, "y_pred": y_pred, "y_score": y_score, "count": count, "weight": weight, "person": person}
    groups = {"sensitive_features": sensitive_features}
    if isinstance(sensitive_features, Mapping):
        groups = {f"sensitive_features[{name!r}]": values for name, values in sensitive_features.items()}
    warn_about_order(given | groups)
    features = _named_columns(sensitive_features)
    columns = {name: _column(values, name) for name, values in given.items() if values is not None}
    if taken := columns.keys() & features.keys():
        raise UserError(f"a sensitive feature is called {taken.pop()!r}, which is taken; rename it")
    columns |= {name: _column(values, f"sensitive_features {name!r}") for name, values in features.items()}
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        rows = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise UserError(f"lengths differ: {rows}; pass one value per row in each")
    frame = pd.DataFrame(columns, copy=False)  # the counts only read it
    names = {"label": "y_true", "prediction": "y_pred", "score": "y_score"}
    names |= {name: name for name in ("count", "weight", "person")}
    named = {role: name if given[name] is not None else None for role, name in names.items()}
    roles = Roles.named(sensitive=list(features), threshold=threshold, missing_group=missing_group, **named)
    try:
        counts = count_decisions(frame, roles, min_groups=2)
    except NumbersAsGroups as error:
        remedy = f"sensitive_features = pd.cut(amounts, {error.edges})"
        raise UserError(f"{error.finding}; cut the amounts into ranges first: {remedy}") from None
    return counts.audit(confidence=confidence, n_tables=n_tables, seed=seed, min_group_size=min_group_size)


def auc_difference(
    a: Hashable, b: Hashable, *, y_true: Any, y_score: Any, sensitive_features: Any, confidence: float = 0.95
) -> AucDifference:
    """Compare the AUCs of a score in two groups: their difference, a minus b, with an interval and a test.

    The exact scores are compared, by DeLong, DeLong and Clarke-Pearson (1988); ``ScoreHistogram.auc_difference`` says
    how, and compares scores that are counted in bins. The AUC of decisions (0 and 1 in place of scores) is
    (TPR + TNR) / 2, so that this also compares balanced accuracies.

    Parameters
    ----------
    a, b : hashable
        Two groups; tuples where there are several sensitive features.
    y_true : array-like of shape (n,)
        Labels: 0 and 1, or booleans.
    y_score : array-like of shape (n,)
        Scores; any finite numbers, of which at most 65,536 different ones.
    sensitive_features : array-like of shape (n,) or (n, k), Series, DataFrame, or dict of arrays
        Which group each row belongs to, as in `audit`.
    confidence : float
        Coverage of the interval, between 0 and 1.

    Returns
    -------
    AucDifference
        Its ``error`` is 0.

    Raises
    ------
    UserError
        Lengths that differ, no rows, labels that are not 0/1, scores that are not finite numbers or too many, a missing
        group, an unknown one, the same group twice, or one without positives or without negatives.

    Examples
    --------
    >>> y, score = [0, 0, 1, 1] * 2, [1, 2, 3, 4, 1, 3, 2, 4]
    >>> auc_difference("a", "b", y_true=y, y_score=score, sensitive_features=list("aaaabbbb")).difference
    0.25
    """
    features = _named_columns(sensitive_features)
    columns = {"y_true": _column(y_true, "y_true"), "y_score": _column(y_score, "y_score")}
    if taken := columns.keys() & features.keys():
        raise UserError(f"a sensitive feature is called {taken.pop()!r}, which is taken; rename it")
    columns |= {name: _column(values, f"sensitive_features {name!r}") for name, values in features.items()}
    if len({len(values) for values in columns.values()}) > 1:
        rows = ", ".join(f"{name} has {len(values)}" for name, values in columns.items())
        raise UserError(f"lengths differ: {rows}; pass one value per row in each")
    columns["y_score"], bins = _rank(columns["y_score"])
    names = {"label": "y_true", "score": "y_score", "sensitive": list(features)}
    found = count_scores(pd.DataFrame(columns), **names, bins=bins).auc_difference(a, b, confidence=confidence)
    return replace(found, error=0.0)  # each bin holds one score alone


def _rank(scores: pd.Series) -> tuple[pd.Series, int]:
    """Map distinct scores, in order, to the middles of bins over [0, 1]; return them, and how many bins there are."""
    numbers = pd.to_numeric(scores, errors="coerce").astype(float)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise UserError(
            f"y_score holds {scores[wrong].tolist()[0]!r}; give a finite number in each row, or drop the row"
        )
    ranks = numbers.rank(method="dense")  # from 1
    distinct = 0 if ranks.empty else int(ranks.max())
    if distinct > MAX_BINS:
        raise UserError(
            f"y_score has {distinct:,} different values, more than {MAX_BINS:,}; round them, or count them in bins "
            "with count_scores, whose result has auc_difference()"
        )
    bins = 2 ** max(1, (distinct - 1).bit_length())
    return (ranks - 0.5) / bins, bins


def _named_columns(features: Any) -> dict[str, Any]:
    """Turn sensitive features of any accepted form into a dict of columns, named as fairlearn names them."""
    if isinstance(features, pd.DataFrame):
        check_flat(features.columns)
    features = explicit(features)
    frame = nw.from_native(features, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        features = {name: frame[name].to_native() for name in frame.columns}
    elif isinstance(frame, nw.Series):
        features = {str(frame.name or "sensitive_feature_0"): features}
    elif isinstance(features, list | tuple) and not _is_flat(features):
        return _named_columns(np.asarray(pd.DataFrame(features), dtype=object))
    elif not isinstance(features, Mapping):
        # flat lists stay lists: numpy would turn ['a', nan] into text, and a missing group into a group named nan
        values = features if isinstance(features, list | tuple) else np.asarray(features)
        columns = [values] if np.ndim(values) < 2 else list(values.T)
        features = {f"sensitive_feature_{position}": column for position, column in enumerate(columns)}
    if not features:
        raise UserError("sensitive_features has no columns; pass at least one")
    return {str(name): values for name, values in features.items()}


def _is_flat(values: list | tuple) -> bool:
    """Say whether a list holds values, not rows."""
    return not values or np.ndim(values[0]) == 0


def _column(values: Any, name: str) -> pd.Series:
    """Make a pandas column without index, keeping categories and missing values as they are."""
    values = explicit(values)
    series = nw.from_native(values, series_only=True, pass_through=True)
    if isinstance(series, nw.Series):
        return series.to_pandas().reset_index(drop=True)
    if not isinstance(values, list | tuple) or not _is_flat(values):
        values = np.asarray(values)
        if values.ndim == 2 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 1:
            raise UserError(f"{name} has shape {values.shape}; pass one value per row, shape (n,)")
    return pd.Series(values)
