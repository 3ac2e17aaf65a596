"""The same answer in other forms: what students give who work with numpy, pandas or torch, or who round.

An answer is a value, a function, or a dict of both; a function in another form returns its values in that form.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from labkit.exercises.answers import leaves, plain


def in_other_forms(answer: Any, *, texts: bool) -> Iterator[tuple[str, Any]]:
    """Yield the name of each other form, and the answer in it; `texts` adds those that write words differently."""
    forms = FORMS | (TEXTS if texts else {})
    for name, convert in forms.items():
        yield name, convert_answer(answer, convert)


def convert_answer(answer: Any, convert: Callable[[Any], Any]) -> Any:
    """Return an answer with its values, or those that its functions return, converted."""
    if isinstance(answer, Mapping):
        return {key: convert_answer(each, convert) for key, each in answer.items()}
    if not callable(answer):
        return convert(plain(answer))

    @functools.wraps(answer)
    def converted(*arguments):
        return convert(plain(answer(*arguments)))

    return converted


def nested(convert_list: Callable = list, convert_leaf: Callable = lambda leaf: leaf) -> Callable[[Any], Any]:
    """Return a conversion of nested plain values, from one of a list (or None: not this one) and one of a leaf."""

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: convert(each) for key, each in value.items()}
        if isinstance(value, list):
            whole = convert_list(value)
            return [convert(each) for each in value] if whole is None else whole
        return convert_leaf(value)

    return convert


def are_numbers(values: list) -> bool:
    """Say whether a list, nested or not, holds numbers alone and is as regular as an array."""
    if not values or not all(type(leaf) in (int, float) for _, leaf in leaves(values)):
        return False
    lengths = {len(each) if isinstance(each, list) else -1 for each in values}
    return len(lengths) == 1 and (lengths == {-1} or all(are_numbers(each) for each in values))


def is_flat(values: list) -> bool:
    """Say whether a list holds values alone, none of them missing."""
    return bool(values) and not any(each is None or isinstance(each, (list, dict)) for each in values)


def as_array(values: list) -> np.ndarray | None:
    """Return numbers as an array."""
    return np.array(values) if are_numbers(values) else None


def as_tensor(values: list) -> Any:
    """Return numbers as a tensor that has a gradient."""
    import torch  # here, so that pytest collects the tests of exercises without it

    return torch.tensor(values, dtype=torch.float64, requires_grad=True) if are_numbers(values) else None


def as_series(values: list) -> pd.Series | None:
    """Return values as a Series whose index has gaps, as after a mask."""
    return pd.Series(values, index=[7 * position + 3 for position in range(len(values))]) if is_flat(values) else None


def as_labeled_series(values: list) -> pd.Series | None:
    """Return values as a Series whose index has labels."""
    return pd.Series(values, index=[f"row {n}" for n in range(len(values), 0, -1)]) if is_flat(values) else None


def as_tuple(values: list) -> tuple:
    """Return a list, and lists in it, as tuples."""
    return tuple(as_tuple(each) if isinstance(each, list) else each for each in values)


def as_scalar(leaf: Any) -> Any:
    """Return a number as numpy's."""
    return {bool: np.bool_, int: np.int64, float: np.float64}.get(type(leaf), lambda other: other)(leaf)


def rounded(leaf: Any) -> Any:
    """Return a number with four decimals."""
    return round(leaf, 4) if isinstance(leaf, float) else leaf


def shouted(leaf: Any) -> Any:
    """Return a text in capitals, with spaces around it."""
    return f" {leaf.upper()} " if isinstance(leaf, str) else leaf


FORMS = {
    "array": nested(as_array, as_scalar),
    "tensor": nested(as_tensor),
    "series": nested(as_series),
    "labeled series": nested(as_labeled_series),
    "tuple": nested(as_tuple),
    "rounded": nested(lambda values: None, rounded),
}
TEXTS = {"capitals": nested(lambda values: None, shouted)}
