"""Names of groups: those that look alike are shown so that they can be distinguished, and warned about."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from numbers import Real
from typing import NamedTuple

import pandas as pd

from labkit.validation import format_group, list_some

INVISIBLE = "[\u00ad\u200b-\u200f\u2060\ufeff]"  # soft hyphens, blanks without width, marks of direction and of bytes
SHOWN = 5  # sets of names that look alike, or categories without rows, in one warning


class Spelling(NamedTuple):
    """A way in which two names of one group can differ."""

    difference: str
    unify: Callable[[str], str]
    remedy: str  # the same for a pandas column


# In the order in which they are applied.
SPELLINGS = (
    Spelling("type", str, ".astype(str)"),
    Spelling(
        "invisible characters",
        lambda text: re.sub(INVISIBLE, "", text),
        f'.str.replace("{ascii(INVISIBLE)[1:-1]}", "", regex=True)',
    ),
    Spelling("Unicode form", lambda text: unicodedata.normalize("NFKC", text), '.str.normalize("NFKC")'),
    Spelling("blanks", lambda text: " ".join(text.split()), '.str.split().str.join(" ")'),
    Spelling("capitals", str.casefold, ".str.casefold()"),
    Spelling(
        "zeros after the point",
        lambda text: re.sub(r"^(-?\d+)\.0+$", r"\1", text),
        r'.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)',
    ),
)


def label_groups(groups: Iterable[Hashable]) -> list[str]:
    """Write groups as text, so that no two look alike: those that would are written with quotes, as in Python.

    Parameters
    ----------
    groups : iterable of hashable
        Values, or tuples of values for intersections.

    Returns
    -------
    list of str
        As `format_group` writes them; the number 1 beside the text "1" gives ``1`` and ``'1'``, and a name with a
        blank at its end beside the same without gives ``'a '`` and ``'a'``.
    """
    groups = list(groups)
    labels = [format_group(group) for group in groups]
    for spell in (repr, ascii):  # quotes show blanks and types, ASCII shows letters that are composed of two
        seen = [_as_seen(label) for label in labels]
        often = Counter(seen)
        if len(often) == len(groups):
            break
        for place, group in enumerate(groups):
            if often[seen[place]] > 1:
                labels[place] = ", ".join(map(spell, group)) if isinstance(group, tuple) else spell(group)
    return labels


def _as_seen(text: str) -> str:
    """Reduce a text to what a reader sees of it."""
    return " ".join(unicodedata.normalize("NFC", re.sub(INVISIBLE, "", text)).split())


def warn_about_names(groups: pd.Index, declared: Mapping[str, Sequence[Hashable]]) -> list[str]:
    """List what the names of groups alone show to be odd.

    Parameters
    ----------
    groups : pandas.Index
        The groups that have people; a MultiIndex for intersections.
    declared : mapping
        Name of a sensitive column to the categories that it may hold, where the data say so.

    Returns
    -------
    list of str
        A sentence each, with the remedy: names in one column that differ only in how they are written; intersections
        whose names are the same once commas join their parts; categories without rows.
    """
    rows = [group if isinstance(group, tuple) else (group,) for group in groups.tolist()]
    found = []
    for name, values in zip(groups.names, zip(*rows, strict=True), strict=False):
        present = list(dict.fromkeys(values))
        found += _list_alike(name or "group", present)
        found += _list_empty(name or "group", present, declared.get(name, ()))
    return found + _list_joined(groups)


def _list_alike(column: str, values: Sequence[Hashable]) -> list[str]:
    """Warn about values of a column that differ only in how they are written."""
    unified = defaultdict(list)
    for value in values:
        unified[_unify(value, SPELLINGS)].append(value)
    alike = [same for same in unified.values() if len(same) > 1]
    if not alike:
        return []
    needed = [spelling for spelling in SPELLINGS if any(spelling in _differences(same) for same in alike)]
    hidden = any(spelling.difference in ("Unicode form", "invisible characters") for spelling in needed)
    shown = [" and ".join(map(ascii if hidden else repr, same)) for same in alike[:SHOWN]]
    more = f" and {len(alike) - SHOWN} more" if len(alike) > SHOWN else ""
    return [
        f"column {column!r} has groups that differ only in {' and '.join(each.difference for each in needed)}: "
        f"{'; '.join(shown)}{more}; if they are the same people, write them alike (in pandas: frame[{column!r}] = "
        f"frame[{column!r}]{''.join(each.remedy for each in needed)})"
    ]


def _unify(value: Hashable, spellings: Iterable[Spelling]) -> Hashable:
    """Write a value as all that differ only in some ways are written."""
    for spelling in spellings:
        if spelling.unify is str or isinstance(value, str):
            value = spelling.unify(value)
    return value


def _differences(values: Sequence[Hashable]) -> list[Spelling]:
    """Return the fewest ways in which values that are the same in the end differ."""
    needed = list(SPELLINGS)
    for spelling in SPELLINGS:
        without = [each for each in needed if each is not spelling]
        unified = [_unify(value, without) for value in values]
        if all(type(value) is type(unified[0]) and value == unified[0] for value in unified):
            needed = without
    return needed


def _list_empty(column: str, values: Sequence[Hashable], declared: Sequence[Hashable]) -> list[str]:
    """Warn about categories that a column may hold, and that no row has."""
    present = set(values)
    empty = [repr(value if isinstance(value, str | Real) else str(value)) for value in declared if value not in present]
    if not empty:
        return []
    named = (
        f"category {empty[0]} of column {column!r} has"
        if len(empty) == 1
        else (f"categories {list_some(empty, SHOWN)} of column {column!r} have")
    )
    return [
        f"{named} no rows: nothing is known about such people; find out why they are missing, or drop what is not a "
        f"group (in pandas: frame[{column!r}] = frame[{column!r}].cat.remove_unused_categories())"
    ]


def _list_joined(groups: pd.Index) -> list[str]:
    """Warn about intersections whose parts, joined by commas, give the same name."""
    if groups.nlevels == 1:
        return []
    joined = defaultdict(dict)
    for group in groups.tolist():
        parts = tuple(map(str, group))
        joined[", ".join(parts)].setdefault(parts, group)
    alike = [list(same.values()) for same in joined.values() if len(same) > 1]
    return [
        f"groups {' and '.join(map(repr, same))} have the same name once commas join their parts; they are shown with "
        "quotes here, and other tools may take them for one: write names without commas"
        for same in alike[:SHOWN]
    ]
