"""The operators of mutation, gathered from the files of their kind. A new one goes into one of those."""

from tests.exercises.mutation.operators import (  # noqa: F401 (they register their operators)
    arguments,
    arithmetic,
    calls,
    items,
    logic,
    results,
)
from tests.exercises.mutation.operators.registry import OPERATORS, Context, difference, mutations

__all__ = ["OPERATORS", "Context", "difference", "mutations"]
