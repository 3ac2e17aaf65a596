"""Checks of what users hand in: each error names the value that is wrong and what to do."""

import itertools
import math
import re
import sys
import warnings
from collections.abc import Hashable, Iterable, Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from labkit.errors import DataWarning, UserError, suggest

if TYPE_CHECKING:
    import pandas as pd

# All control characters but tab and line feed, marks that reverse the direction of text, and halves of characters.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

# How text of a range begins: "(0, 9]", "18-24", "<25", ">= 65", "$25k-$50k", "(-inf, 3.5]".
COLUMNS_LISTED = 40  # names in a message about an unknown one
FIRST_NUMBER = re.compile(
    r"\s*(?P<bracket>[(\[])?\s*(?P<side>[<>]=?|[≤≥])?\s*(?P<currency>[$€£¥])?\s*"
    r"(?P<number>-?(?:inf\b|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]*\.?[0-9]+))"
    r"\s*(?:(?P<unit>[kKmM])\b)?\s*(?P<plus>\+)?"
)


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
    import pandas as pd

    y = np.asarray(unmask(y))
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
    texts = check_strings(texts, f"{name}texts")
    for row, text in enumerate(texts):
        if not text.strip():
            raise UserError(f"{name}texts[{row}] is empty; drop rows without text first")
    return texts


def check_strings(texts: Sequence[str], name: str) -> list[str]:
    """Return one string or more as a list; a UserError says what is none of them. A string may be empty."""
    if isinstance(texts, str):
        raise UserError(f"{name} is one string; give a list of strings")
    texts = list(texts)
    if not texts:
        raise UserError(f"{name} is empty; give at least one text")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise UserError(f"{name}[{row}] is {text!r}, not a string; drop rows without text first")
    return texts


def sensitive_frame(sensitive_features: Any, n: int, *, what: str = "texts") -> "pd.DataFrame":
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
    import pandas as pd

    if isinstance(sensitive_features, pd.Series):
        frame = sensitive_features.to_frame(sensitive_features.name or "group")
    elif isinstance(sensitive_features, pd.DataFrame | dict):
        frame = pd.DataFrame(sensitive_features)
    else:
        frame = pd.DataFrame({"group": list(unmask(sensitive_features))})
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


def unmask(values: Any) -> Any:
    """Turn what a mask hides into missing values, since ``np.asarray`` would bring back the numbers under it.

    Parameters
    ----------
    values : array-like
        A masked array, a list made of one, or anything else.

    Returns
    -------
    array-like
        With None for each masked value; anything else is returned as it is.
    """
    if isinstance(values, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(values)
        return np.where(hidden, None, values.data.astype(object)) if hidden.any() else values.data
    if isinstance(values, list | tuple) and any(value is np.ma.masked for value in values):
        return [None if value is np.ma.masked else value for value in values]
    return values


def check_columns(known: Iterable[str], wanted: Iterable[str], *, place: str = "the frame") -> None:
    """Reject the first wanted column that does not exist, list those that do, and suggest names that are close.

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
            hint = suggest(name, known)
            listed = list_some([other if len(other) <= 60 else f"{other[:60]}..." for other in known], COLUMNS_LISTED)
            raise UserError(f"unknown column {name!r}: {place} has no such column; {hint}it has {listed}")


def sorted_groups(groups: Iterable[Hashable], declared: Sequence[Sequence[Hashable] | None] = ()) -> list[Hashable]:
    """Sort groups by value: numbers by size, text by the numbers in it, and declared categories as they are declared.

    Text such as ``"<25"``, ``"25-44"`` and ``"[45, 65)"`` is sorted by its first number where every text with a digit
    begins with a number; ``"site 9"`` comes before ``"site 10"``; other text is in the order of its characters.

    Parameters
    ----------
    groups : iterable of hashable
        Values, or tuples of values for intersections.
    declared : sequence of sequences, optional
        For each part of a group, the categories of its column in order, or None. Other values come after them.

    Returns
    -------
    list
        The same groups in order.

    Examples
    --------
    >>> sorted_groups(["25-44", "unknown", "(0, 9]", ">= 65", "<25"])
    ['(0, 9]', '<25', '25-44', '>= 65', 'unknown']
    """
    groups = list(groups)
    rows = [group if isinstance(group, tuple) else (group,) for group in groups]
    if len({len(row) for row in rows}) > 1:
        return sorted(groups, key=str)
    ranks = []  # for each part, the position of each value
    for values, known in itertools.zip_longest(zip(*rows, strict=True), declared[: len(rows[0]) if rows else 0]):
        known = dict.fromkeys(known or ())
        ordered = [*known, *_sort_values([value for value in dict.fromkeys(values) if value not in known])]
        ranks.append({value: position for position, value in enumerate(ordered)})
    order = sorted(range(len(rows)), key=lambda row: [rank[part] for rank, part in zip(ranks, rows[row], strict=True)])
    return [groups[row] for row in order]


def _sort_values(values: Sequence[Hashable]) -> list[Hashable]:
    """Sort numbers first, text last, and what is neither between them."""
    numbers = [value for value in values if isinstance(value, Real | Decimal)]
    texts = [value for value in values if isinstance(value, str)]
    others = [value for value in values if not isinstance(value, Real | Decimal | str)]
    try:
        others.sort()
    except TypeError:  # of several types
        others.sort(key=str)
    starts = {text: _first_number(text) for text in texts}
    if any(start is None and re.search("[0-9]", text) for text, start in starts.items()):
        starts = {}
    last = (math.inf, 2)  # after every number, infinity too
    return [
        *sorted(numbers),
        *others,
        *sorted(texts, key=lambda text: (starts.get(text) or last, _natural_key(text), text)),
    ]


def _first_number(text: str) -> tuple[float, int] | None:
    """Read the number with which a range begins, and -1 for what lies below it, 1 for what lies above; None if none."""
    found = FIRST_NUMBER.match(text)
    if not found:
        return None
    digits = found["number"].replace("inf", "Infinity")
    # in "(1,250]" the comma is between two numbers, in "$1,250-$5,000" it is within one
    digits = digits.partition(",")[0] if found["bracket"] else digits.replace(",", "")
    factor = {"k": 1e3, "m": 1e6}.get((found["unit"] or "").lower(), 1) if found["currency"] else 1
    side = -1 if found["side"] in ("<", "<=", "≤") else 1 if found["side"] or found["plus"] else 0
    return float(digits) * factor, side


def _natural_key(text: str) -> list[tuple[int, str] | str]:
    """Split a text into words and numbers, so that 9 comes before 10; numbers compare by length, then by digits."""
    parts = re.split("([0-9]+)", text)
    numbers = [part.lstrip("0") for part in parts[1::2]]
    parts[1::2] = [(len(number), number) for number in numbers]
    return parts


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
        The value, or the values with commas between them. A value that holds such a comma is written in quotes.

    Examples
    --------
    >>> format_group(("Asian, Pacific", "f"))
    "'Asian, Pacific', f"
    """
    if not isinstance(group, tuple):
        return str(group)
    parts = map(str, group)
    return ", ".join(repr(part) if ", " in part or part[:1] in ("'", '"') else part for part in parts)


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
