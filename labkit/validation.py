"""Checks of what users hand in: each error names the value that is wrong and what to do."""

import difflib
import re
import sys
import warnings
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labkit.errors import DataWarning, UserError

# All control characters but tab and line feed, marks that reverse the direction of text, and halves of characters.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def warn(message: str) -> None:
    """Issue a `DataWarning` that points at the user's line, not at one of ours.

    Parameters
    ----------
    message : str
        One sentence that names what was found in the data and what to do about it.
    """
    frame, depth = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "labkit":
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, DataWarning, stacklevel=depth)


def check_texts_and_labels(
    texts: Sequence[str], y: ArrayLike, *, name: str = "", classes: int = 2
) -> tuple[list[str], np.ndarray]:
    """Return texts and labels in the form that training needs, or say what is wrong with them.

    Parameters
    ----------
    texts : sequence of str
        One or more, none of them empty.
    y : array-like of shape (n,)
        A label for each text: 0, 1 or booleans.
    name : str
        Put before "texts" and "y" in messages.
    classes : int
        How many different labels there must be: 2 to train, 1 to predict.

    Returns
    -------
    texts : list of str
        Of length n.
    y : float32 array of shape (n,)
        The labels.

    Raises
    ------
    UserError
        Missing or empty texts, or values that are not texts; lengths that differ; labels other than 0 and 1; too few
        classes.
    """
    texts = check_texts(texts, name=name)
    return texts, check_labels(y, len(texts), name=name, classes=classes).astype(np.float32)


def check_labels(y: ArrayLike, n: int, *, what: str = "texts", name: str = "", classes: int = 2) -> np.ndarray:
    """Return labels as integers, or say what is wrong with them.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels: 0, 1 or booleans.
    n : int
        How many there must be.
    what : str
        What the labels belong to, in messages: "texts" or "rows".
    name : str
        Put before "y" in messages.
    classes : int
        How many different labels there must be: 2 to train, 1 to predict.

    Returns
    -------
    int array of shape (n,)
        The labels.

    Raises
    ------
    UserError
        Another length, labels other than 0 and 1, or too few classes.
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


def check_texts(texts: Sequence[str], *, name: str = "") -> list[str]:
    """Return texts as a list, or say what is wrong with them.

    Parameters
    ----------
    texts : sequence of str
        One or more, none of them empty.
    name : str
        Put before "texts" in messages.

    Returns
    -------
    list of str
        The texts.

    Raises
    ------
    UserError
        No text at all, a single string, or a text that is missing or empty.
    """
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


def sensitive_frame(sensitive_features: Any, n: int, *, what: str = "texts") -> pd.DataFrame:
    """Return sensitive features as a frame; a column without a name is called "group".

    Parameters
    ----------
    sensitive_features : array-like of shape (n,), Series, DataFrame, or dict of arrays
        Which group each row belongs to.
    n : int
        How many rows there must be.
    what : str
        What the groups belong to, in messages: "texts" or "rows".

    Returns
    -------
    pandas.DataFrame
        n rows, numbered from 0; one column per sensitive feature.

    Raises
    ------
    UserError
        Another length, or a missing value.
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


def encode_groups(sensitive_features: Any, n: int) -> tuple[np.ndarray, list[str]]:
    """Number the groups that sensitive features make; several columns give their intersections.

    Parameters
    ----------
    sensitive_features : array-like of shape (n,), Series, DataFrame, or dict of arrays
        Which group each row belongs to.
    n : int
        How many rows there must be.

    Returns
    -------
    codes : int array of shape (n,)
        Each row's group, from 0.
    names : list of str
        The groups' names, in the order of their codes.

    Raises
    ------
    UserError
        As `sensitive_frame`; or there is only one group.
    """
    frame = sensitive_frame(sensitive_features, n)
    grouped = frame.groupby(list(frame.columns), observed=True)
    codes = grouped.ngroup().to_numpy()
    if codes.max() == 0:
        raise UserError(f"sensitive_features has one group only ({frame.iloc[0].tolist()}); a gap needs two")
    groups = grouped.size().index.to_frame().itertuples(index=False, name=None)  # tuples, also of a single column
    return codes, [format_group(group[0] if len(group) == 1 else group) for group in groups]


def check_columns(known: Iterable[str], wanted: Iterable[str], *, place: str = "the frame") -> None:
    """Reject the first wanted column that does not exist, and suggest names that are close.

    Parameters
    ----------
    known : iterable of str
        The columns that there are.
    wanted : iterable of str
        The columns that are asked for.
    place : str
        Where the columns are, in messages.

    Raises
    ------
    UserError
        A wanted column is not known.
    """
    known = [str(name) for name in known]
    for name in wanted:
        if name not in known:
            lowered = {other.lower(): other for other in known}
            close = [lowered[match] for match in difflib.get_close_matches(str(name).lower(), lowered, n=3)]
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {list_some(known)}"
            raise UserError(f"unknown column {name!r}: {place} has no such column; {hint}")


def sorted_groups(groups: Iterable[Hashable]) -> list[Hashable]:
    """Sort groups by value, or by their text where values of several types cannot be compared.

    Parameters
    ----------
    groups : iterable of hashable
        Values, or tuples of values for intersections.

    Returns
    -------
    list
        The same groups in order.
    """
    groups = list(groups)
    try:
        return sorted(groups)
    except TypeError:
        return sorted(groups, key=str)


def list_some(names: Sequence[str], limit: int = 12) -> str:
    """Write the first names with commas between them, and say how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more


def format_group(group: Hashable) -> str:
    """Write a group as text, for a legend, a table or a message.

    Parameters
    ----------
    group : hashable
        A value, or a tuple of values for an intersection.

    Returns
    -------
    str
        The value, or the values with commas between them.
    """
    return ", ".join(map(str, group)) if isinstance(group, tuple) else str(group)


def escape_controls(text: str) -> str:
    """Write control characters as Python does (``\\x1b``), so that text from a file cannot steer a terminal.

    Parameters
    ----------
    text : str
        A name, or lines that hold names that others chose.

    Returns
    -------
    str
        The text; line breaks and tabs are kept.
    """
    return CONTROLS.sub(lambda match: repr(match[0])[1:-1], text)
