"""Random inputs like those that an exercise tries a function with.

Numbers keep their kind and sign, and stay within [0, 1] or twice the largest; texts are those that occur; arguments of
equal length stay so; records keep their fields, tables their columns and types.

Hypothesis draws a generator of random numbers, and what is here draws everything else from that: to draw each number
of a thousand lists by hypothesis takes minutes.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Draw = Callable[[Random], Any]
COARSE, FINE = 20, 200  # steps of a range that fractions are drawn from: on the coarse ones ties are frequent


def inputs_like(calls: Sequence[tuple]) -> Draw:
    """Return what draws the arguments of one more call."""
    columns = list(zip(*calls, strict=True))

    def draw(random: Random) -> tuple:
        lengths: dict[tuple, int] = {}  # by the lengths in every call, which arguments share that go together
        arguments = []
        for column in columns:
            length = None
            if all(has_length(value) for value in column):
                key = tuple(map(len, column))
                length = lengths.setdefault(key, length_like(column, random))
            arguments.append(like(column, random, length))
        return tuple(arguments)

    return draw


def has_length(value: Any) -> bool:
    """Say whether a value is a list, an array or a table: something whose length may vary."""
    return isinstance(value, list) or len(getattr(value, "shape", ())) > 0


def length_like(values: Sequence, random: Random) -> int:
    """Return a length up to two more than the largest; where all of several values are equally long, theirs."""
    lengths = list(map(len, values))
    if len(lengths) > 1 and len(set(lengths)) == 1:
        return lengths[0]
    return random.randint(min(1, *lengths), max(lengths) + 2)


def like(values: Sequence, random: Random, length: int | None = None) -> Any:
    """Return a value of the kind of those given, of a length where it has one."""
    first = values[0]
    for kind, draw in KINDS.items():
        if type(first).__name__ in kind.split():
            return draw(values, random, length)
    return random.choice(values)  # a text, a function


def truth_like(values: Sequence, random: Random, length: int | None) -> bool:
    """Return a truth value."""
    return random.random() < 0.5


def number_like(values: Sequence[float], random: Random, length: int | None) -> float:
    """Return a whole number or a fraction of the range that the values span, often one of theirs."""
    least, most = min(values), max(values)
    if random.random() < 0.2:
        return random.choice(values)
    if all(isinstance(value, int) for value in values):
        low, high = (min(least, 1), 2 * most) if least >= 0 else (2 * least, 2 * max(abs(least), abs(most)))
        return random.randint(low, 1 if 0 <= least and most <= 1 else high)
    if 0 <= least and most <= 1:
        low, high = 0.0, 1.0
    else:
        high = 2.0 * max(abs(least), abs(most))
        low = 0.0 if least >= 0 else -high
    steps = random.choice((COARSE, FINE))
    return round(low + (high - low) * random.randint(0, steps) / steps, 9)


def list_like(values: Sequence[list], random: Random, length: int | None) -> list:
    """Return a list; lists within it are equally long where those of each value are."""
    items = [item for value in values for item in value]
    if length is None:
        length = length_like(values, random)
    if not items:
        return []
    width = None
    if has_length(items[0]) and all(len(set(map(len, value))) <= 1 for value in values):
        width = length_like(items, random)
    return [like(items, random, width) for _ in range(length)]


def tuple_like(values: Sequence[tuple], random: Random, length: int | None) -> tuple:
    """Return a record: each field of its own kind. Records of texts alone are those that there are."""
    if all(isinstance(item, str) for value in values for item in value):
        return random.choice(values)
    if len(set(map(len, values))) == 1:
        return inputs_like(values)(random)
    return tuple(list_like([list(value) for value in values], random, length))


def dict_like(values: Sequence[dict], random: Random, length: int | None) -> dict:
    """Return a dict: keys that all have are always there, others may be; values of one kind are drawn alike."""
    keys = sorted({key for value in values for key in value}, key=str)
    always = {key for key in keys if all(key in value for value in values)}
    pooled = [each for value in values for each in value.values()]
    is_pooled = len({kind_of(each) for each in pooled}) == 1
    chosen = [key for key in keys if key in always or random.random() < 0.5] or [random.choice(keys)]
    return {
        key: like(pooled if is_pooled else [value[key] for value in values if key in value], random) for key in chosen
    }


def kind_of(value: Any) -> str:
    """Return the kind of a value; whole numbers and fractions are of one kind."""
    return "number" if type(value) in (int, float) else type(value).__name__


def array_like(values: Sequence, random: Random, length: int | None) -> Any:
    """Return an array with the type and the further axes of the first value."""
    import numpy as np

    first = values[0]
    items = [item for value in values for item in value.ravel().tolist()]
    shape = (length_like(values, random) if length is None else length, *first.shape[1:])
    drawn = [like(items, random) for _ in range(int(np.prod(shape)))]
    return np.array(drawn, dtype=None if first.dtype.kind in "US" else first.dtype).reshape(shape)


def table_like(values: Sequence, random: Random, length: int | None) -> Any:
    """Return a table with the columns of the first value and their types; each column is drawn by itself."""
    import pandas as pd

    first = values[0]
    rows = length_like(values, random) if length is None else length
    columns = {}
    for name in first:
        items = [item for value in values for item in value[name].tolist()]
        columns[name] = [like(items, random) for _ in range(rows)]
    return pd.DataFrame(columns).astype(first.dtypes.to_dict())


KINDS = {
    "bool bool_": truth_like,
    "int float": number_like,
    "list": list_like,
    "tuple": tuple_like,
    "dict": dict_like,
    "ndarray": array_like,
    "DataFrame": table_like,
}
