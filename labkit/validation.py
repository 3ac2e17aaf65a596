"""Checks of what users hand in: each error names the value that is wrong and what to do."""

import difflib
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd

from labkit.errors import UserError


def check_texts_and_labels(texts, y, *, name="", classes=2):
    """Return texts as a list and labels as a float32 array, both of length n.

    Parameters
    ----------
    texts : sequence of str
    y : sequence of 0/1 or booleans
    name : str
        Put before "texts" and "y" in messages.
    classes : int
        How many different labels there must be: 2 to train, 1 to predict.

    Raises
    ------
    UserError
        Empty, missing or non-text texts; lengths that differ; labels other than 0/1; too few classes.
    """
    texts = check_texts(texts, name=name)
    return texts, check_labels(y, len(texts), name=name, classes=classes).astype(np.float32)


def check_labels(y, n, *, what="texts", name="", classes=2) -> np.ndarray:
    """Return labels as an integer array of shape (n,), or raise ValueError as `check_texts_and_labels` says.

    ``what`` is what the labels belong to, in messages: "texts" or "rows".
    """
    y = np.asarray(y)
    if y.shape != (n,):
        raise UserError(f"{n} {name}{what} but y has shape {y.shape}; give one label for each of the {what}")
    values = pd.unique(pd.Series(y))
    if strange := [value for value in values.tolist() if pd.isna(value) or value not in (0, 1)]:
        raise UserError(f"{name}y holds {strange[:5]}; labels must be 0 or 1, with 1 the outcome that is predicted")
    if len(values) < classes:
        raise UserError(f"{name}y holds only {values.tolist()}; there is nothing to learn from one class")
    return y.astype(int)


def check_texts(texts, *, name="") -> list[str]:
    """Return texts as a list, or raise ValueError: none at all, a single string, or one that is missing or empty."""
    if isinstance(texts, str):
        raise UserError(f"{name}texts is one string; give a list of strings")
    texts = list(texts)
    if not texts:
        raise UserError(f"{name}texts is empty; give at least one text")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise UserError(f"{name}texts[{row}] is {text!r}, not a string; drop rows without text first")
        if not text.strip():
            raise UserError(f"{name}texts[{row}] is empty; drop rows without text first")
    return texts


def sensitive_frame(sensitive_features, n, *, what="texts") -> pd.DataFrame:
    """Return sensitive features as a frame of n rows numbered from 0; a column without a name is called "group".

    ``what`` is what the groups belong to, in messages: "texts" or "rows".

    Raises
    ------
    UserError
        A length other than n; a missing value.
    """
    if isinstance(sensitive_features, pd.Series):
        frame = sensitive_features.to_frame(sensitive_features.name or "group")
    elif isinstance(sensitive_features, pd.DataFrame | dict):
        frame = pd.DataFrame(sensitive_features)
    else:
        frame = pd.DataFrame({"group": list(sensitive_features)})
    if len(frame) != n:
        raise UserError(f"sensitive_features has {len(frame)} rows for {n} {what}; give one group for each")
    if gaps := [column for column in frame if frame[column].isna().any()]:
        raise UserError(
            f"sensitive column {gaps[0]!r} has missing values; name them (such as 'unknown') or drop the rows"
        )
    return frame.reset_index(drop=True)


def encode_groups(sensitive_features, n) -> tuple[np.ndarray, list[str]]:
    """Return group codes from 0, shape (n,), and the groups' names; several columns give their intersections.

    Raises
    ------
    UserError
        As `sensitive_frame`; or there is one group only.
    """
    frame = sensitive_frame(sensitive_features, n)
    grouped = frame.groupby(list(frame.columns), observed=True)
    codes = grouped.ngroup().to_numpy()
    if codes.max() == 0:
        raise UserError(f"sensitive_features has one group only ({frame.iloc[0].tolist()}); a gap needs two")
    return codes, [
        format_group(group[0] if len(group) == 1 else group)
        for group in grouped.size().index.to_frame().itertuples(index=False, name=None)
    ]


def check_columns(known: Iterable[str], wanted: Iterable[str], *, place: str = "the frame") -> None:
    """Raise a ValueError for the first wanted column that is not known, and suggest names that are close."""
    known = [str(name) for name in known]
    for name in wanted:
        if name not in known:
            lowered = {other.lower(): other for other in known}
            close = [lowered[match] for match in difflib.get_close_matches(str(name).lower(), lowered, n=3)]
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {list_some(known)}"
            raise UserError(f"unknown column {name!r}: {place} has no such column; {hint}")


def sorted_groups(groups: Iterable[Hashable]) -> list[Hashable]:
    """Sort groups by value, or by their text where values of several types cannot be compared."""
    groups = list(groups)
    try:
        return sorted(groups)
    except TypeError:
        return sorted(groups, key=lambda group: str(group))


def list_some(names: Sequence[str], limit: int = 12) -> str:
    """Write names with commas between them, and say how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more


def format_group(group: Hashable) -> str:
    """Write a group as text: the value, or the values of an intersection with commas."""
    return ", ".join(map(str, group)) if isinstance(group, tuple) else str(group)
