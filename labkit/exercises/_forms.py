"""The form of an answer: does it look like the reference?

Everything here works on plain values (see `labkit.exercises.answers`): numbers, texts, lists and dicts.
"""

from typing import Any

from labkit.exercises.answers import NamedValues, short

NAMES = {
    "bool": "True or False",
    "number": "a number",
    "text": "a text in quotes",
    "list": "a list or an array",
    "dict": "a table of named values",
    "missing": "None",
}


def unname(answer: Any, like: Any) -> Any:
    """Return an answer with the values of a Series as a list, wherever a reference has a list."""
    if isinstance(answer, NamedValues) and isinstance(like, list):
        answer = list(answer.values())
    if isinstance(answer, dict) and isinstance(like, dict):
        return type(answer)((key, unname(each, like.get(key))) for key, each in answer.items())
    if isinstance(answer, list) and isinstance(like, list) and like:
        last = len(like) - 1  # further values are held to the form of the last one
        return [unname(each, like[min(position, last)]) for position, each in enumerate(answer)]
    return answer


def find_misfit(answer: Any, like: Any, where: str = "your answer", *, any_length: bool = False) -> str | None:
    """Return why an answer has another form than a reference, None when it has the same.

    Where `like` is None, anything goes. With `any_length`, all values of a list are held to the reference's first.

    >>> find_misfit({"rate": "0.5"}, {"rate": 0.5})
    "`rate` is the text '0.5'; a number is asked for, without quotes."
    """
    if like is None:
        return None
    start = f"{where[0].upper()}{where[1:]}" if where.startswith("your") else where
    if answer is None:
        return f"{start} is a missing value (NaN or None). Which division by zero, or which empty cell, gives it?"
    kind, wanted = kind_of(answer), kind_of(like)
    if kind != wanted:
        quotes = ", without quotes" if (kind, wanted) == ("text", "number") else ""
        return f"{start} is {say(answer)}; {NAMES[wanted]} is asked for{quotes}."
    if kind == "dict":
        if missing := [key for key in like if key not in answer]:
            there = ", ".join(f"`{key}`" for key in answer) or "nothing"
            return f"{start} lacks {', '.join(f'`{key}`' for key in missing)}; it has {there}."
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


def kind_of(value: Any) -> str:
    """Return the kind of a plain value: one of the keys of `NAMES`."""
    kinds = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "dict", NamedValues: "dict"}
    return kinds.get(type(value), "missing")


def say(value: Any) -> str:
    """Return a value with its kind, for a message."""
    kind = kind_of(value)
    if kind == "text":
        return f"the text {short(value)}"
    if kind == "number":
        return f"the number {short(value)}"
    return short(value) if kind == "bool" else NAMES[kind]


def named(where: str, key: str) -> str:
    """Return what a named part of an answer is called."""
    return f"`{key}`" if where == "your answer" else f"{where}[{key!r}]"


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
    """Return a shape in words: how many values, or rows by columns."""
    if len(sizes) == 1:
        return f"{sizes[0]} value{'' if sizes[0] == 1 else 's'}"
    return f"shape {sizes}"
