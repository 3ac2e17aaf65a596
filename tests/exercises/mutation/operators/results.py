"""What a function returns, changed on its way out: sign, percent, complement, rounding, order."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

from labkit.exercises.answers import leaves, plain
from tests.exercises.mutation.operators.registry import Context, call, operator, with_changes


def each_number(change: Callable) -> Callable[[Any], Any]:
    """Return a function that changes every number of a result; a tensor stays one."""

    def changed(result: Any) -> Any:
        if hasattr(result, "detach"):
            return change(result)
        return walk(plain(result))

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(each) for key, each in value.items()}
        if isinstance(value, list):
            return [walk(each) for each in value]
        return change(value) if type(value) in (int, float) else value

    return changed


def each_list(change: Callable[[list], list]) -> Callable[[Any], Any]:
    """Return a function that changes the outermost lists of a result; a dict is changed by its values."""

    def changed(result: Any) -> Any:
        return walk(plain(result))

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            return change(value)
        if isinstance(value, dict) and any(isinstance(each, list) for each in value.values()):
            return {key: walk(each) for key, each in value.items()}
        if isinstance(value, dict):
            return dict(zip(value, change(list(value.values())), strict=False))
        return value

    return changed


def flipped(result: Any) -> Any:
    """Return a result with its truth values turned around."""
    value = plain(result)
    if isinstance(value, list):
        return [flipped(each) for each in value]
    return not value if isinstance(value, bool) else value


def rounding(digits: int) -> Callable[[Any], Any]:
    """Return a function that rounds a number or a tensor."""
    return lambda value: value.round(decimals=digits) if hasattr(value, "detach") else round(value, digits)


NUMBERS = {
    "negated": each_number(lambda value: -value),
    "absolute": each_number(abs),
    "complement": each_number(lambda value: 1 - value),
    "in_percent": each_number(lambda value: 100 * value),
}
LISTS = {
    "backwards": each_list(lambda values: values[::-1]),
    "in_order": each_list(lambda values: sorted(values)),
    "rotated": each_list(lambda values: values[1:] + values[:1]),
    "without_last": each_list(lambda values: values[:-1]),
    "first_repeated": each_list(lambda values: values[:1] * len(values)),
}
ROUNDED = {"rounded_1": each_number(rounding(1)), "rounded_2": each_number(rounding(2))}
TOOLS = NUMBERS | LISTS | ROUNDED | {"flipped": flipped}


@operator
def result(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """What is returned with another sign, as a complement, rounded, in another order and so on."""
    if node is context.tree and context.results:
        values = [value for each in context.results for _, value in leaves(each)]
        names = []
        if any(type(value) in (int, float) for value in values):
            names += NUMBERS
            names += [name for name in ROUNDED if context.tolerance < 0.5 * 10 ** -int(name[-1])]
        if any(isinstance(each, list | dict) for each in context.results):
            names += LISTS
        if any(isinstance(value, bool) for value in values):
            names.append("flipped")
        yield from (Returning(name).visit(node) for name in names)


class Returning(ast.NodeTransformer):
    """Sends what a function returns through another one; functions within it stay as they are."""

    def __init__(self, name: str):
        self.name = name
        self.inside = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Enter the outermost function only."""
        if self.inside:
            return node
        self.inside = True
        return self.generic_visit(copy.deepcopy(node))

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        """Leave a lambda as it is."""
        return node

    def visit_Return(self, node: ast.Return) -> ast.Return:
        """Wrap the value that is returned."""
        return with_changes(node, value=call(self.name, node.value))
