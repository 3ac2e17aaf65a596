"""Loops that stop early, pairs that are adjacent ones only, and parts of lists and dicts exchanged."""

import ast
from collections.abc import Iterator

from tests.exercises.mutation.operators.calls import name_of
from tests.exercises.mutation.operators.registry import (
    Context,
    call,
    neighbors_exchanged,
    operator,
    sliced,
    with_changes,
)

CUTS = ("[:1]", "[1:]", "[:-1]")


@operator
def loop(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Only the first item, all but the first, all but the last, or the first two."""
    if isinstance(node, ast.For | ast.comprehension):
        is_pair = isinstance(node.iter, ast.Tuple | ast.List) and len(node.iter.elts) <= 2
        for cut in CUTS if is_pair else (*CUTS, "[:2]"):
            yield with_changes(node, iter=sliced(call("list", node.iter), cut))


@operator
def early_end(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """A loop that ends after its first round."""
    if isinstance(node, ast.For):
        yield with_changes(node, body=[*node.body, ast.Break()])


@operator
def adjacent(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Neighbors only, where all pairs are asked for."""
    if isinstance(node, ast.Call) and name_of(node) in ("combinations", "permutations", "product") and node.args:
        items = call("list", node.args[0])
        yield call("list", call("zip", items, sliced(items, "[1:]")))


@operator
def without_slice(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """The whole list where a part is taken."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load):
        yield node.value


@operator
def elements(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Neighbors in a list, a tuple or a dict exchanged, or one left out."""
    if isinstance(node, ast.List | ast.Tuple) and isinstance(node.ctx, ast.Load):
        # The order in which a dict is filled is not compared.
        if not isinstance(context.parent(node, level=2), ast.DictComp):
            yield from (with_changes(node, elts=elements) for elements in neighbors_exchanged(node.elts))
        for i in range(len(node.elts)):
            yield with_changes(node, elts=node.elts[:i] + node.elts[i + 1 :])
    if isinstance(node, ast.Dict):
        yield from (with_changes(node, values=values) for values in neighbors_exchanged(node.values))
        for i in range(len(node.keys)):
            keys, values = (each[:i] + each[i + 1 :] for each in (node.keys, node.values))
            yield with_changes(node, keys=keys, values=values)
