"""The form of an answer: does it look like the reference, and which forms are the same answer?

Everything here works on plain values (see `labkit.exercises.answers`): numbers, texts, lists and dicts.
"""

from collections.abc import Callable
from typing import Any

from labkit.exercises.choices import metric_name, squeeze
from labkit.exercises.plain_values import NamedValues, Positions
from labkit.exercises.words import short

MOST_NAMES = 8  # of a dict that are listed in a message

KINDS = {
    bool: "bool",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    Positions: "list",
    dict: "dict",
    NamedValues: "dict",
}


# ---- One rule for all forms ------------------------------------------------------------------------------------------


def conform(answer: Any, like: Any) -> Any:
    """Return an answer in the form of a reference, wherever it has the same values in another form.

    A list, a tuple, an array and a Series with any index are the same; so are a value and the only one in a list or a
    Series, a row of a frame and the list of its values, True and 1 where the reference has 1 or 0, and names of a dict
    that differ only in case, hyphens and blanks, or name the same metric.
    """
    kind = kind_of(like)
    if kind in ("number", "text", "bool"):
        answer = only_value(answer)
        if kind == "number" and isinstance(answer, bool) and type(like) is int and like in (0, 1):
            return int(answer)
        if kind == "bool" and kind_of(answer) == "number" and answer in (0, 1):
            return bool(answer)
    elif kind == "list":
        if isinstance(answer, NamedValues):
            answer = answer.listed()
        elif isinstance(answer, list) and len(answer) == 1 < len(like) and isinstance(answer[0], NamedValues):
            answer = answer[0].listed()  # a frame with one row
        elif len(like) == 1 and kind_of(answer) == kind_of(like[0]) != "list":
            answer = [answer]
        if isinstance(answer, list) and like:
            last = len(like) - 1  # further values are held to the form of the last one
            return [conform(each, like[min(position, last)]) for position, each in enumerate(answer)]
    elif kind == "dict":
        if isinstance(answer, Positions) and set(like) <= set(answer.labels):
            answer = dict(zip(answer.labels, answer, strict=True))
        elif isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], NamedValues):
            answer = answer[0]  # a frame with one row
        if isinstance(answer, dict):
            return {key: conform(each, like.get(key)) for key, each in with_names_of(answer, like).items()}
    return answer


def only_value(answer: Any) -> Any:
    """Return the only value of a list, a Series or a frame, however deep it is; another answer as it is."""
    while isinstance(answer, (list, NamedValues)):
        inner = answer if isinstance(answer, list) else answer.listed()
        if len(inner) != 1:
            break
        answer = inner[0]
    return answer


def with_names_of(answer: dict, like: dict) -> dict:
    """Return a dict in which names that mean one of the reference's are written as there."""
    missing = [key for key in like if key not in answer]
    renamed = {}
    for key in answer:
        if key not in like:
            means = [name for name in missing if squeeze(name) == squeeze(key) or is_metric(name, key)]
            if len(means) == 1 and means[0] not in renamed.values():
                renamed[key] = means[0]
    return {renamed.get(key, key): each for key, each in answer.items()}


def is_metric(name: str, key: str) -> bool:
    """Say whether two names mean the same metric."""
    return metric_name(name) is not None and metric_name(name) == metric_name(key)


# ---- What is wrong with a form ---------------------------------------------------------------------------------------


def find_misfit(answer: Any, like: Any, where: str = "your answer", *, any_length: bool = False) -> str | None:
    """Return why an answer has another form than a reference, None when it has the same.

    Where `like` is None, anything goes. With `any_length`, all values of a list are held to the reference's first.

    >>> find_misfit({"rate": "0.5"}, {"rate": 0.5})
    "`rate` is the text '0.5'; a number is asked for, without quotes."
    """
    if like is None:
        return None
    start = where if where.startswith("`") else f"{where[0].upper()}{where[1:]}"
    if answer is None:
        return f"{start} is a missing value (NaN or None). Which division by zero, or which empty cell, gives it?"
    kind, wanted = kind_of(answer), kind_of(like)
    if kind != wanted:
        return f"{start} is {say(answer)}; {say_wanted(like, any_length)} is asked for{say_quotes(answer, like)}."
    if kind == "dict":
        if missing := [key for key in like if key not in answer]:
            there = say_names(answer) or "nothing"
            return f"{start} lacks {say_names(missing)}; it has {there}."
        pairs = [(answer[key], like[key], named(where, key)) for key in like]
    elif kind == "list":
        found, expected = shape(answer), shape(like)
        if found != expected and not any_length:
            return f"{start} has {say_shape(found)}; the exercise asks for {say_shape(expected)}."
        examples = [like[0]] * len(answer) if any_length and like else like
        pairs = [
            (each, example, f"{where}[{position}]")
            for position, (each, example) in enumerate(zip(answer, examples, strict=False))
        ]
    else:
        return None
    misfits = (find_misfit(each, example, place, any_length=any_length) for each, example, place in pairs)
    return next((misfit for misfit in misfits if misfit), None)


def find_misfit_of_calls(
    results: list, like: list, arguments: Callable[[int], str], *, any_length: bool = False
) -> str | None:
    """Return why what a function returned has another form than what the reference returns; None when it has the same.

    `arguments` returns those of a call, by its number, as they are written in a message.

    >>> find_misfit_of_calls([0.5, [1, 2, 3]], [0.5, 0.5], lambda position: f"n={position}")
    'Your function returned 3 values for n=1; a number is expected.'
    """
    for position, (result, example) in enumerate(zip(results, like, strict=True)):
        if example is None:
            continue
        if result is None:
            told = "Your function returned a missing value (NaN or None) for {}. Which division by zero gives it?"
            return told.format(arguments(position))
        other = kind_of(result) != kind_of(example)
        if other or (kind_of(example) == "list" and not any_length and shape(result) != shape(example)):
            verb = "are" if kind_of(example) == "list" and not any_length and shape(example) != (1,) else "is"
            wanted = say_wanted(example, any_length, counted=True)
            quotes = say_quotes(result, example)
            given = say_shape(shape(result)) if kind_of(result) == "list" else say(result)
            return f"Your function returned {given} for {arguments(position)}; {wanted} {verb} expected{quotes}."
        if misfit := find_misfit(result, example, "the result", any_length=any_length):
            return f"For {arguments(position)}: {misfit[0].lower()}{misfit[1:]}"
    return None


def kind_of(value: Any) -> str:
    """Return the kind of a plain value: a number, a text, a list and so on."""
    return KINDS.get(type(value), "missing")


def say(value: Any) -> str:
    """Return a value with its kind, for a message."""
    kind = kind_of(value)
    if kind == "text":
        return f"the text {short(value)}"
    if kind == "number":
        return f"the number {short(value)}"
    if kind == "list":
        return f"a list of {say_shape(shape(value))}"
    if kind == "dict":
        return f"a dict with {say_names(value) or 'nothing in it'}"
    return short(value)


def say_wanted(like: Any, any_length: bool, *, counted: bool = False) -> str:
    """Return what is asked for in words; a list by its length where it is `counted`."""
    kind = kind_of(like)
    if kind == "list":
        if any_length:
            return "a list"
        return say_shape(shape(like)) if counted else f"a list of {say_shape(shape(like))}"
    if kind == "dict":
        return f"a dict with {say_names(like)}"
    return {"bool": "True or False", "number": "a number", "text": "a text in quotes"}.get(kind, "None")


def say_quotes(answer: Any, like: Any) -> str:
    """Return what to do about the quotes around a number; "" otherwise."""
    return ", without quotes" if (kind_of(answer), kind_of(like)) == ("text", "number") else ""


def say_names(names: Any) -> str:
    """Return the first names of a dict, for a message."""
    listed = [f"`{name}`" for name in names]
    more = ["…"] if len(listed) > MOST_NAMES else []
    return ", ".join(listed[:MOST_NAMES] + more)


def named(where: str, key: str) -> str:
    """Return what a named part of an answer is called."""
    return f"`{key}`" if where in ("your answer", "the result") else f"{where}[{key!r}]"


def shape(value: Any) -> tuple[int, ...]:
    """Return the shape of nested lists, as far as all lists of a level are equally long.

    >>> shape([[1, 2], [3, 4], [5, 6]]), shape([[1], [2, 3]])
    ((3, 2), (2,))
    """
    if not isinstance(value, list):
        return ()
    inner = {shape(each) for each in value}
    return (len(value), *(inner.pop() if len(inner) == 1 else ()))


def say_shape(sizes: tuple[int, ...]) -> str:
    """Return a shape in words.

    >>> say_shape((1,)), say_shape((3, 2)), say_shape((2, 3, 4))
    ('1 value', '3 rows of 2 values', 'shape (2, 3, 4)')
    """
    if len(sizes) > 2:
        return f"shape {sizes}"
    values = f"{sizes[-1]} value{'' if sizes[-1] == 1 else 's'}"
    return values if len(sizes) == 1 else f"{sizes[0]} row{'' if sizes[0] == 1 else 's'} of {values}"
