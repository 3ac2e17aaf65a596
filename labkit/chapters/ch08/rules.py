"""The rule that fairlearn's ThresholdOptimizer found, as a readable table, and what it does to a person."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from labkit.errors import UserError

if TYPE_CHECKING:
    from fairlearn.postprocessing import ThresholdOptimizer


def read_rules(optimizer: "ThresholdOptimizer") -> pd.DataFrame:
    """Write the rule of a fitted `fairlearn.postprocessing.ThresholdOptimizer` as a table.

    A person's score is ignored with chance ``p_ignore``; the decision is then 1 with chance ``constant``. Otherwise the
    score is compared with the first threshold (chance ``p0``) or with the second (chance ``p1``), and the decision is 1
    above it. Thresholds may be infinite: then nobody, or everybody, is above.

    Parameters
    ----------
    optimizer : fairlearn.postprocessing.ThresholdOptimizer
        Fitted, with ``flip=False``, so that a decision is 1 for high scores.

    Returns
    -------
    DataFrame
        Indexed by group: p_ignore, constant, p0, threshold0, p1, threshold1.

    Raises
    ------
    UserError
        The optimizer is not fitted, or its rule decides 1 for low scores (``flip=True``).
    """
    if not hasattr(optimizer, "interpolated_thresholder_"):
        raise UserError("the optimizer is not fitted; call fit(X, y, sensitive_features=...) first")
    rows = {}
    for group, rule in optimizer.interpolated_thresholder_.interpolation_dict.items():
        operations = [rule["operation0"], rule["operation1"]]
        if any(operation.operator != ">" for operation in operations):
            raise UserError(f"the rule of group {group!r} decides 1 for low scores; fit with flip=False to read it")
        rows[group] = {
            "p_ignore": float(rule.get("p_ignore", 0)),
            "constant": float(rule.get("prediction_constant", 0)),
            "p0": float(rule["p0"]),
            "threshold0": float(operations[0].threshold),
            "p1": float(rule["p1"]),
            "threshold1": float(operations[1].threshold),
        }
    return pd.DataFrame(rows).T.rename_axis("group")


def decision_chance(rules: pd.DataFrame, y_score: Any, *, sensitive_features: Any) -> np.ndarray:
    """Return each person's chance of the decision 1 under a rule.

    Parameters
    ----------
    rules : DataFrame
        From `read_rules`.
    y_score : array-like of shape (n,)
    sensitive_features : array-like of shape (n,)
        Groups, all of them in ``rules``.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1]; strictly between 0 and 1 where a lottery decides.

    Raises
    ------
    UserError
        Lengths differ, or a group has no rule.

    Examples
    --------
    >>> rules = pd.DataFrame({"p_ignore": 0.0, "constant": 0.0, "p0": 0.25, "threshold0": 0.5, "p1": 0.75,
    ...                       "threshold1": 0.7}, index=["a"])
    >>> decision_chance(rules, [0.4, 0.6, 0.8], sensitive_features=["a"] * 3).tolist()
    [0.0, 0.25, 1.0]
    """
    score, groups = np.asarray(y_score, dtype=float), pd.Index(np.asarray(sensitive_features))
    if len(score) != len(groups):
        raise UserError(f"y_score has {len(score)} values and sensitive_features {len(groups)}; give one per person")
    if strange := set(groups) - set(rules.index):
        raise UserError(f"no rule for group {min(strange)!r}; there are rules for {rules.index.tolist()}")
    own = {name: column.to_numpy() for name, column in rules.loc[groups].items()}
    chance = own["p0"] * (score > own["threshold0"]) + own["p1"] * (score > own["threshold1"])
    return own["p_ignore"] * own["constant"] + (1 - own["p_ignore"]) * chance
