"""Slips that are alike in every exercise: the right number rounded, in percent, with another sign, in another order.

Each recognizer takes plain values, an answer and what is expected, and returns a sentence for the student, or None. It
returns None for a correct answer, for one of another form, and where anything else is wrong besides the slip.
"""

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from labkit.exercises._forms import kind_of
from labkit.exercises.judging import Exercise, same

# Largest relative difference between a rounded number and the exact one: 0.3 may be 1/3, and 0.1 is not 0.06.
MOST_ROUNDING, MOST_ROUNDING_TO_WHOLE = 0.15, 0.05
_WORDS = "no one two three four five six seven eight nine ten".split()

Relation = Callable[[float, float], bool]  # does the first number, a student's, come from the second, by a slip?


# ---- One number against another --------------------------------------------------------------------------------------


def near(value: float, target: float, tolerance: float) -> bool:
    """Say whether a number is the target, or the target rounded to at least two decimals."""
    allowed = max(1e-9, min(tolerance, 0.005 * abs(target)))
    return abs(value - target) <= allowed or (count_decimals(value) >= 2 and is_rounded(value, target))


def is_rounded(value: float, exact: float) -> bool:
    """Say whether a number is another one, rounded or cut to the decimals that it shows."""
    decimals = count_decimals(value)
    unit = 10.0**-decimals
    most = MOST_ROUNDING if decimals else MOST_ROUNDING_TO_WHOLE
    if value == 0 or abs(value - exact) > most * abs(exact):
        return False
    cut_off = decimals >= 2 and value * exact > 0 and 0 <= abs(exact) - abs(value) < unit
    return cut_off or abs(value - exact) <= 0.5 * unit * (1 + 1e-9)


def count_decimals(value: float) -> int:
    """Return how many decimals a number shows when Python writes it.

    >>> count_decimals(0.25), count_decimals(3.0), count_decimals(7)
    (2, 0, 0)
    """
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


# ---- Every number of an answer ---------------------------------------------------------------------------------------


def places_where(answer: Any, expected: Any, relation: Relation, tolerance: float) -> list[tuple] | None:
    """Return the places of the numbers that differ, if the relation explains all of them; otherwise None."""
    if same(answer, expected, tolerance):
        return []
    kind = kind_of(expected)
    if kind_of(answer) != kind:
        return None
    if kind == "number":
        return [()] if relation(answer, expected) else None
    if kind == "list" and len(answer) == len(expected):
        pairs = enumerate(zip(answer, expected, strict=True))
    elif kind == "dict" and all(key in answer for key in expected):
        pairs = ((key, (answer[key], each)) for key, each in expected.items())
    else:
        return None
    found = []
    for key, (each, like) in pairs:
        inner = places_where(each, like, relation, tolerance)
        if inner is None:
            return None
        found += [(key, *place) for place in inner]
    return found


def explain_slip(
    answer: Any, expected: Any, relation: Relation, sentence: str, *, tolerance: float, calls: bool
) -> str | None:
    """Return a sentence if a relation explains all that is wrong, with the parts of the answer that it is about."""
    places = places_where(answer, expected, relation, tolerance)
    return start_sentence(sentence, places, calls=calls) if places else None


def rounds_alike(answer: Any, expected: Any, tolerance: float) -> bool:
    """Say whether all numbers that differ, at least two, are rounded to the same number of decimals, however coarse."""

    def to(decimals: int) -> Relation:
        unit = 10.0**-decimals
        return lambda value, exact: count_decimals(value) <= decimals and abs(value - exact) <= 0.5 * unit * (1 + 1e-9)

    found = (places_where(answer, expected, to(decimals), tolerance) for decimals in range(1, 6))
    return any(places is not None and len({value_at(answer, place) for place in places} - {0}) > 1 for places in found)


def value_at(answer: Any, place: tuple) -> Any:
    """Return the value at a place of nested lists and dicts."""
    for key in place:
        answer = answer[key]
    return answer


def start_sentence(sentence: str, places: Iterable[tuple], *, calls: bool) -> str:
    """Return a sentence after the names of the parts that it is about, or after a word on the function."""
    if calls:
        return f"Your function: {sentence}"
    parts = dict.fromkeys(f"`{place[0]}`" for place in places if place and isinstance(place[0], str))
    if parts:
        return f"{', '.join(parts)}: {sentence}"
    return f"{sentence[0].upper()}{sentence[1:]}"


# ---- The recognizers -------------------------------------------------------------------------------------------------


def recognize_rounding(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize the right numbers with too few decimals.

    Parameters
    ----------
    answer, expected : object
        Plain values: a number, or a list or a dict of numbers, texts and further ones.
    tolerance : float, default 0.001
        As for `same`: an answer within it is correct.
    calls : bool, default False
        Whether both are lists with what a function returned for each probe.

    Returns
    -------
    str or None
        A sentence for the student; None where this is not what is wrong.

    Examples
    --------
    >>> recognize_rounding(0.33, 1 / 3)
    'Right, but rounded: give at least three decimals.'
    """
    number = max(1, math.ceil(-math.log10(2 * tolerance))) if 0 < tolerance < 0.5 else 0
    wanted = f"{_WORDS[number] if number < len(_WORDS) else number} decimal{'s' if number != 1 else ''}"
    sentence = f"right, but rounded: give at least {wanted}." if number else "right, but rounded: do not round."
    if calls:
        sentence = "what it returns is right, but rounded; let it return numbers as they are."
    found = explain_slip(answer, expected, is_rounded, sentence, tolerance=tolerance, calls=calls)
    if found is None and calls and rounds_alike(answer, expected, tolerance):
        found = start_sentence(sentence, (), calls=True)
    return found


def recognize_percent(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize percentages where shares are asked for, and the other way round.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None

    Examples
    --------
    >>> recognize_percent(33, 1 / 3)
    'The number is 100 times too large: give a share, such as 0.5, and not a percentage, such as 50.'
    """

    def times(value: float, exact: float) -> bool:
        wanted = 100 * exact
        return exact != 0 and (near(value, wanted, 100 * tolerance) or is_rounded(value, wanted))

    def hundredth(value: float, exact: float) -> bool:
        return exact != 0 and near(100 * value, exact, tolerance)

    settings = {"tolerance": tolerance, "calls": calls}
    large = "the number is 100 times too large: give a share, such as 0.5, and not a percentage, such as 50."
    small = "the number is 100 times too small: give a percentage, such as 50, and not a share, such as 0.5."
    found = explain_slip(answer, expected, times, large, **settings)
    return found or explain_slip(answer, expected, hundredth, small, **settings)


def recognize_sign(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize numbers of the right size with the other sign.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None

    Examples
    --------
    >>> recognize_sign({"gap": 0.1, "n": 5}, {"gap": -0.1, "n": 5})
    '`gap`: the size is right, the sign is not. Which is subtracted from which?'
    """

    def negative(value: float, exact: float) -> bool:
        return near(value, -exact, tolerance)

    sentence = "the size is right, the sign is not. Which is subtracted from which?"
    if calls:
        sentence = "what it returns has the right size, but not always the right sign. Which is subtracted from which?"
    return explain_slip(answer, expected, negative, sentence, tolerance=tolerance, calls=calls)


def recognize_complement(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize shares of all the others: 1 - x in place of x.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None

    Examples
    --------
    >>> recognize_complement([0.9, 0.25], [0.1, 0.75])
    'This is the share of the others: together with what is asked for it makes 1.'
    """

    def rest(value: float, exact: float) -> bool:
        return 0 < exact < 1 and near(value, 1 - exact, tolerance)

    sentence = "this is the share of the others: together with what is asked for it makes 1."
    return explain_slip(answer, expected, rest, sentence, tolerance=tolerance, calls=calls)


def recognize_reciprocal(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize fractions upside down: 1 / x in place of x.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None

    Examples
    --------
    >>> recognize_reciprocal(4.0, 0.25)
    'This fraction is upside down: which number belongs below the line?'
    """

    def inverse(value: float, exact: float) -> bool:
        return exact != 0 and near(value, 1 / exact, tolerance)

    sentence = "this fraction is upside down: which number belongs below the line?"
    return explain_slip(answer, expected, inverse, sentence, tolerance=tolerance, calls=calls)


def recognize_order(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Recognize the right values in another order: a list, or two named parts that are exchanged.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None
        None also where values are equal, so that their order says nothing.

    Examples
    --------
    >>> recognize_order([0.8, 0.2], [0.2, 0.8])
    'These are the right values in another order.'
    >>> recognize_order({"low": 0.8, "high": 0.2}, {"low": 0.2, "high": 0.8})
    '`low` and `high` are exchanged.'
    """
    if kind_of(answer) != kind_of(expected) or same(answer, expected, tolerance):
        return None
    if calls and kind_of(expected) == "list":
        slips = [find_order(each, like, tolerance) for each, like in zip(answer, expected, strict=False)]
        if len(answer) != len(expected) or any(slip is None for slip in slips):
            return None
        told = next(filter(None, slips))
        return f"In what your function returns {told[0].lower()}{told[1:]}" if told[0] != "`" else told
    return find_order(answer, expected, tolerance) or None


def find_order(answer: Any, expected: Any, tolerance: float) -> str | None:
    """Return a sentence on the order, "" where nothing differs, None where something else is wrong."""
    if same(answer, expected, tolerance):
        return ""
    kind = kind_of(expected)
    if kind_of(answer) != kind or kind not in ("list", "dict") or len(answer) < len(expected):
        return None
    if kind == "list":
        if len(answer) != len(expected) or len(expected) < 2 or not are_different(expected, tolerance):
            return None
        left = list(answer)
        for each in expected:
            position = next((n for n, other in enumerate(left) if same(other, each, tolerance)), None)
            if position is None:
                return None
            left.pop(position)
        return "These are the right values in another order."
    if any(key not in answer for key in expected):
        return None
    wrong = [key for key in expected if not same(answer[key], expected[key], tolerance)]
    if len(wrong) == 2:
        one, other = wrong
        if same(answer[one], expected[other], tolerance) and same(answer[other], expected[one], tolerance):
            return f"`{one}` and `{other}` are exchanged."
    if all(find_order(answer[key], expected[key], tolerance) for key in wrong):
        return f"{', '.join(f'`{key}`' for key in wrong)}: these are the right values in another order."
    return None


def are_different(values: list, tolerance: float) -> bool:
    """Say whether no two values of a list are the same; a long list is taken at its beginning."""
    first = values[:50]
    return not any(same(one, other, tolerance) for n, one in enumerate(first) for other in first[:n])


def recognize_slip(answer: Any, expected: Any, *, tolerance: float = 1e-3, calls: bool = False) -> str | None:
    """Return what the first recognizer says that knows what is wrong with an answer.

    `compare_answers` asks it before it falls back to its general text. A judge can ask it, too.

    Parameters
    ----------
    answer, expected, tolerance, calls
        As for `recognize_rounding`.

    Returns
    -------
    str or None
        A sentence for the student; None for a correct answer, and where no recognizer knows what is wrong.

    Examples
    --------
    >>> recognize_slip([25.0, 50.0], [0.25, 0.5])
    'The number is 100 times too large: give a share, such as 0.5, and not a percentage, such as 50.'
    >>> recognize_slip(0.25, 0.25) is recognize_slip(0.7, 0.25) is None
    True
    """
    known = (recognize(answer, expected, tolerance=tolerance, calls=calls) for recognize in RECOGNIZERS)
    return next((sentence for sentence in known if sentence), None)


def find_slip(asked: Exercise, collected: Any, tolerance: float) -> str | None:
    """Return what `recognize_slip` says; where functions are among the parts, of the one part that is wrong."""
    collectors = getattr(asked.collect, "collectors", {})
    wrong = [key for key in collectors if not same(collected[key], asked.model[key], tolerance)]
    if not wrong:
        calls = hasattr(asked.collect, "label")
        return recognize_slip(collected, asked.model, tolerance=tolerance, calls=calls)
    key = wrong[0]
    if not same(collected | {key: asked.model[key]}, asked.model, tolerance):
        return None
    calls = hasattr(collectors[key], "label")
    slip = recognize_slip(collected[key], asked.model[key], tolerance=tolerance, calls=calls)
    return slip and f"`{key}`: {slip[0].lower()}{slip[1:]}"


RECOGNIZERS = (
    recognize_rounding,
    recognize_percent,
    recognize_order,
    recognize_sign,
    recognize_complement,
    recognize_reciprocal,
)
