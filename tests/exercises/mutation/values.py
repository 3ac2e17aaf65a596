"""Plain values changed as a student's slip would change them: for answers that are values, and for constants."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from labkit.exercises.judging import same
from tests.exercises.mutation.operators.registry import neighbors_exchanged

LONG = 200  # characters from which a text is a document, with sections to leave out
MOST_NUMBERS = 10  # in tables of a document that are changed
UNKNOWN = 0.005  # a judge without a declared tolerance may take numbers that are nearer than this for rounded ones
SMALLEST = 1e-9  # values nearer than this are the same

Variant = tuple[str, Any]


def variants(value: Any, options: Mapping[str, list[str]] | None = None, tolerance: float = 0.0) -> list[Variant]:
    """Return (what was changed, changed value) pairs, each value once and none that equals the original.

    Parameters
    ----------
    value : object
        Numbers, texts, lists and dicts.
    options : mapping of str to list of str, optional
        Other texts that may stand at a place (as `leaves` names it).
    tolerance : float, default 0
        Numbers that differ by no more are equal.

    Returns
    -------
    list of (str, object)
    """
    found: list[Variant] = []
    for name, new in changes(value, "", options or {}, tolerance):
        if not any(equal(new, known, max(tolerance, SMALLEST)) for known in [value, *(each for _, each in found)]):
            found.append((name, new))
    return found


def equal(one: Any, other: Any, tolerance: float) -> bool:
    """Say whether two values are the same in both directions: `same` allows further keys in one of them."""
    return same(one, other, tolerance) and same(other, one, tolerance)


def changes(value: Any, place: str, options: Mapping[str, list[str]], tolerance: float) -> Iterator[Variant]:
    """Yield (what was changed, changed value) pairs, some of them perhaps equal."""
    if isinstance(value, dict):
        yield from changes_of_dict(value, place, options, tolerance)
    elif isinstance(value, list | tuple):
        yield from changes_of_list(value, place, options, tolerance)
    elif isinstance(value, bool):
        yield f"{place} turned around", not value
    elif isinstance(value, int | float):
        yield from ((f"{place} {name}", new) for name, new in changes_of_number(value, tolerance))
    elif isinstance(value, str) and len(value) > LONG:
        yield from changes_of_document(value)
    elif isinstance(value, str):
        yield from ((f"{place} another option", other) for other in options.get(place, ()))
        yield from ((f"{place} another text", new) for new in (f"{value}?", value[:-1]))


def changes_of_number(value: float, tolerance: float) -> Iterator[Variant]:
    """Yield a number with another sign, in percent, as a complement, rounded, and a little off."""
    yield "another sign", -value
    if isinstance(value, int):
        yield from (("one more", value + 1), ("one less", value - 1))
        return
    if 0 <= value <= 1:
        yield "complement", 1 - value
    yield "in percent", 100 * value
    if abs(0.1 * value) > max(UNKNOWN, 2 * tolerance):
        yield from (("ten percent more", 1.1 * value), ("ten percent less", 0.9 * value))
    yield "as 0", 0.0
    if abs(round(value, 1) - value) > max(0.02, 2 * tolerance):
        yield "rounded to one digit", round(value, 1)
    if tolerance:
        yield from (("just too large", value + 3 * tolerance), ("just too small", value - 3 * tolerance))


def changes_of_list(value: Any, place: str, options: Mapping, tolerance: float) -> Iterator[Variant]:
    """Yield a list backwards, rotated, shortened, with an item in place of its neighbor, and with items changed."""
    items, kind = list(value), type(value)
    if len(items) > 1:
        yield f"{place} backwards", kind(items[::-1])
        yield f"{place} rotated", kind(items[1:] + items[:1])
        yield from ((f"{place} neighbors exchanged", kind(new)) for new in neighbors_exchanged(items))
    if items:
        yield f"{place} without the first", kind(items[1:])
        yield f"{place} without the last", kind(items[:-1])
        yield f"{place} one too many", kind([*items, items[-1]])
    for i, item in enumerate(items):
        if i:
            yield f"{place}[{i}] as its neighbor", kind([*items[:i], items[i - 1], *items[i + 1 :]])
        for name, new in changes(item, f"{place}[{i}]", options, tolerance):
            yield name, kind([*items[:i], new, *items[i + 1 :]])


def changes_of_dict(value: dict, place: str, options: Mapping, tolerance: float) -> Iterator[Variant]:
    """Yield a dict with two values exchanged, one as its neighbor, one missing, and with values changed."""
    keys = list(value)
    for new in neighbors_exchanged(list(value.values())):
        yield f"{place} values of two keys exchanged", dict(zip(keys, new, strict=True))
    for key in keys:
        if len(keys) > 1:
            yield f"{place} without {key!r}", {other: each for other, each in value.items() if other != key}
        inner = f"{place}[{key!r}]" if place else str(key)
        for name, new in changes(value[key], inner, options, tolerance):
            yield name, value | {key: new}


def changes_of_document(text: str) -> Iterator[Variant]:
    """Yield a document without one of its sections, with an empty one, and with one of its numbers changed."""
    heads = [found.start() for found in re.finditer(r"^#+ ", text, flags=re.MULTILINE)]
    for start, end in zip(heads, [*heads[1:], len(text)], strict=True):
        title = text[start:].split("\n", 1)[0]
        if text[start:end].strip() != title:  # a heading of headings holds nothing that could go
            yield f"without section {title!r}", text[:start] + text[end:]
            yield f"nothing under {title!r}", f"{text[:start]}{title}\n\n{text[end:]}"
    for found in list(re.finditer(r"(?<=\| )-?[\d.]+(?= \|)", text))[:MOST_NUMBERS]:
        number = found[0]
        other = number[:-1] + str((int(number[-1]) + 1) % 10)
        yield f"{other} for {number} in a table", text[: found.start()] + other + text[found.end() :]
    yield "the first half", text[: len(text) // 2]
