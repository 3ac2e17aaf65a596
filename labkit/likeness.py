"""Answers beside what is expected: their form before a judge runs, their values for judges."""

from typing import Any

from labkit.answers import short


def find_misfit(answer: Any, like: Any, where: str = "your answer", *, any_length: bool = False) -> str | None:
    """Return why an answer has another form than a reference, None when it has the same.

    Parameters
    ----------
    answer, like : object
        Plain values, from `labkit.answers.plain`. Where `like` is None, anything goes.
    where : str
        What the answer is called in the message.
    any_length : bool
        Lists may be longer or shorter than the reference's; their values are held to the form of its first.

    Examples
    --------
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
            (each, example, f"{where}[{i}]") for i, (each, example) in enumerate(zip(answer, examples, strict=False))
        ]
    else:
        return None
    misfits = (find_misfit(each, example, place, any_length=any_length) for each, example, place in pairs)
    return next((misfit for misfit in misfits if misfit), None)


NAMES = {
    "bool": "True or False",
    "number": "a number",
    "text": "a text in quotes",
    "list": "a list or an array",
    "dict": "a table of named values",
    "missing": "None",
}


def kind_of(value: Any) -> str:
    """Return the kind of a plain value: one of the keys of `NAMES`."""
    kinds = {bool: "bool", int: "number", float: "number", str: "text", list: "list", dict: "dict"}
    return kinds.get(type(value), "missing")


def say(value: Any) -> str:
    """Return a value with its kind, for a message."""
    kind = kind_of(value)
    return {"text": f"the text {short(value)}", "number": f"the number {short(value)}"}.get(
        kind, f"{short(value)}" if kind == "bool" else NAMES[kind]
    )


def named(where: str, key: str) -> str:
    """Return what a named part of an answer is called."""
    return f"`{key}`" if where == "your answer" else f"{where}[{key!r}]"


def shape(value: Any) -> tuple[int, ...]:
    """Return the shape of nested lists, as far as all of a level are equally long.

    Examples
    --------
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


def close(value: Any, expected: float, tolerance: float = 1e-3) -> bool:
    """Say whether a value is a number no further than `tolerance` from the expected one.

    Examples
    --------
    >>> close(0.3333, 1 / 3), close(0.33, 1 / 3), close("0.33", 1 / 3)
    (True, False, False)
    """
    return kind_of(value) == "number" and abs(value - expected) <= tolerance * (1 + 1e-9)


def same(value: Any, expected: Any, tolerance: float = 1e-3) -> bool:
    """Say whether plain values are equal, numbers up to `tolerance`, texts without regard to case and outer spaces.

    Names in a dict that are not expected are passed over.
    """
    kind = kind_of(expected)
    if kind_of(value) != kind:
        return False
    if kind == "number":
        return close(value, expected, tolerance)
    if kind == "text":
        return value.strip().casefold() == expected.strip().casefold()
    if kind == "list":
        return len(value) == len(expected) and all(map(lambda a, b: same(a, b, tolerance), value, expected))
    if kind == "dict":
        return all(key in value and same(value[key], each, tolerance) for key, each in expected.items())
    return value == expected
