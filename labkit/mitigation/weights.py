"""Give people other weights, or repeat and drop them: what changes is whom a model learns from, not their data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from labkit.errors import UserError
from labkit.mitigation.base import Decide, Method, check_choice, count_cells, group_names, lottery
from labkit.mitigation.estimators import FeaturesAndClassifier, Groups, take
from labkit.validation import check_labels

SCHEMES = {
    "same": "the same weight for everybody: ordinary training",
    "group": "equal total weight for each group",
    "group_label": "equal total weight for each group and label",
    "reweighing": "the total weight that each group and label would have if they were independent",
}

STRATEGIES = {
    "over": "repeat people until nobody has to be left out",
    "under": "leave people out until nobody has to be repeated",
    "balanced": "keep the number of people, repeating some and leaving out others",
}


def target_sizes(y: np.ndarray, groups: np.ndarray, *, scheme: str) -> tuple[pd.Series, pd.Series]:
    """Return the number of people by (group, label), and the numbers that a scheme asks for, which sum to n too."""
    check_choice("scheme", scheme, SCHEMES)
    counts = count_cells(y, groups, need_both_labels=scheme in ("group_label", "reweighing"))
    of_group, of_label = (counts.groupby(level=level).transform("sum") for level in ("group", "label"))
    n, n_groups = counts.sum(), counts.index.get_level_values("group").nunique()
    targets = {
        "same": counts,
        "group": counts / of_group * n / n_groups,
        "group_label": pd.Series(n / len(counts), index=counts.index),
        "reweighing": of_group * of_label / n,
    }[scheme]
    return counts, targets.astype(float)


def find_cells(y: np.ndarray, groups: np.ndarray, index: pd.MultiIndex) -> np.ndarray:
    """Return the position of each person's (group, label) in an index, shape (n,)."""
    return index.get_indexer(pd.MultiIndex.from_arrays([groups, y]))


def sample_weights(y: Sequence[int], sensitive_features: Groups, *, scheme: str = "reweighing") -> np.ndarray:
    """Return a weight for each person; weights sum to n.

    Parameters
    ----------
    y : sequence of {0, 1}, length n
    sensitive_features : sequence, length n
    scheme : {"same", "group", "group_label", "reweighing"}
        "same": 1 for everybody, which changes nothing. "group": each group has the same total weight; its labels keep
        their shares. "group_label": each group and label has the same total weight. "reweighing": P(group) P(label) /
        P(group, label), after which label and group are independent and both keep their totals (Kamiran and Calders,
        2012, "Data preprocessing techniques for classification without discrimination", section 5.2).

    Returns
    -------
    ndarray of shape (n,)

    Raises
    ------
    UserError
        An unknown scheme; lengths that differ; labels that are not 0/1; a group without one of the labels, where the
        scheme needs both.

    Examples
    --------
    >>> sample_weights([1, 1, 0, 1], ["a", "a", "b", "b"], scheme="group").tolist()
    [1.0, 1.0, 1.0, 1.0]
    >>> sample_weights([1, 1, 0, 1, 0], ["a", "a", "a", "b", "b"]).round(2).tolist()
    [0.9, 0.9, 1.2, 1.2, 0.8]
    """
    y = check_labels(y, len(y), what="rows", classes=1)
    groups = group_names(sensitive_features, len(y))
    counts, targets = target_sizes(y, groups, scheme=scheme)
    return (targets / counts).to_numpy()[find_cells(y, groups, counts.index)]


def resample_rows(
    y: Sequence[int], sensitive_features: Groups, *, strategy: str, scheme: str = "group_label", seed: int = 0
) -> np.ndarray:
    """Return row numbers to train on, so that the sizes of groups (and labels) are in the scheme's proportions.

    Everybody is taken as many whole times as the new size allows, and the rest is drawn without replacement: of all
    ways to reach these sizes, this one loses the fewest people.

    Parameters
    ----------
    y : sequence of {0, 1}, length n
    sensitive_features : sequence, length n
    strategy : {"over", "under", "balanced"}
        See `STRATEGIES`.
    scheme : {"group", "group_label", "reweighing"}
        As in `sample_weights`; "reweighing" gives Kamiran and Calders' uniform sampling.
    seed : int
        Seed of the draws.

    Returns
    -------
    ndarray of int
        Row numbers in ascending order; a person who is repeated appears several times.

    Raises
    ------
    UserError
        As `sample_weights`; an unknown strategy; or "under" would leave nobody in some group with some label.
    """
    check_choice("strategy", strategy, STRATEGIES)
    y = check_labels(y, len(y), what="rows", classes=1)
    groups = group_names(sensitive_features, len(y))
    counts, targets = target_sizes(y, groups, scheme=scheme)
    ratio = (counts / targets)[counts > 0]
    factor = {"over": ratio.max(), "under": ratio.min(), "balanced": 1.0}[strategy]
    wanted = (targets * factor).round().astype(int)
    if (empty := (wanted == 0) & (counts > 0)).any():
        group, label = counts.index[empty][0]
        raise UserError(f"strategy {strategy!r} would leave nobody in group {group!r} with label {label}; use 'over'")
    cell = find_cells(y, groups, counts.index)  # (n,)
    generator, rows = lottery(seed), []
    for position, (size, size_wanted) in enumerate(zip(counts, wanted, strict=True)):
        own = np.flatnonzero(cell == position)
        if size:
            whole, rest = divmod(size_wanted, size)
            rows += [np.repeat(own, whole), generator.choice(own, rest, replace=False)]
    return np.sort(np.concatenate(rows))


@dataclass(frozen=True, kw_only=True)
class Reweighing(Method):
    """Train with weights by group, or by group and label. The classifier must take weights.

    Parameters
    ----------
    scheme : {"reweighing", "group", "group_label", "same"}
        See `sample_weights`. "same" does nothing, and is sometimes offered as a remedy.
    """

    scheme: str = "reweighing"

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator with the weights."""
        model = FeaturesAndClassifier(self.estimator, X)
        model.check_weights()
        model.fit(X, y, sample_weights(y, groups, scheme=self.scheme))
        return lambda X, groups: (model.score(X), None)


@dataclass(frozen=True, kw_only=True)
class Resampling(Method):
    """Train on people who are repeated or left out, by group, or by group and label: for models that take no weights.

    Parameters
    ----------
    strategy : {"over", "under", "balanced"}
        See `STRATEGIES`.
    scheme : {"group", "group_label", "reweighing"}
        Which sizes to reach; see `resample_rows`.
    seed : int
        Seed of the draws.
    """

    strategy: str = "balanced"
    scheme: str = "group_label"
    seed: int = 0

    def learn(self, X: Any, y: np.ndarray, groups: np.ndarray) -> Decide:
        """Fit the estimator on the drawn rows."""
        rows = resample_rows(y, groups, strategy=self.strategy, scheme=self.scheme, seed=self.seed)
        model = FeaturesAndClassifier(self.estimator, X).fit(take(X, rows), y[rows])
        return lambda X, groups: (model.score(X), None)
