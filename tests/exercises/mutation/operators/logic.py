"""Comparisons, conditions and masks."""

import ast
from collections.abc import Iterator

from tests.exercises.mutation.operators.registry import Context, operator, with_changes

BOUNDARY = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
NEGATION = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
COMBINED = {ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}
TRUE, FALSE = ast.Constant(True), ast.Constant(False)


@operator
def boundary(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """`<` for `<=`, and the like."""
    yield from recompared(node, BOUNDARY)


@operator
def negation(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """`>=` for `<`, `!=` for `==`, and `not` or `~` left out."""
    yield from recompared(node, NEGATION)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand


def recompared(node: ast.AST, table: dict) -> Iterator[ast.AST]:
    """Yield a comparison with each of its signs exchanged by a table."""
    if isinstance(node, ast.Compare):
        for i, sign in enumerate(node.ops):
            if new := table.get(type(sign)):
                yield with_changes(node, ops=[*node.ops[:i], new(), *node.ops[i + 1 :]])


@operator
def condition(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """A condition that always or never holds, or is left out of a comprehension."""
    if isinstance(node, ast.If | ast.IfExp):
        yield from (with_changes(node, test=each) for each in (TRUE, FALSE))
    if isinstance(node, ast.comprehension):
        for i in range(len(node.ifs)):
            yield with_changes(node, ifs=node.ifs[:i] + node.ifs[i + 1 :])


@operator
def combination(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """`or` for `and`, `|` for `&`, and each side alone."""
    if isinstance(node, ast.BoolOp):
        yield with_changes(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for i in range(len(node.values)):
            left = node.values[:i] + node.values[i + 1 :]
            yield left[0] if len(left) == 1 else with_changes(node, values=left)
    if isinstance(node, ast.BinOp) and type(node.op) in COMBINED:
        yield with_changes(node, op=COMBINED[type(node.op)]())


@operator
def mask(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """All rows instead of those that a condition keeps."""
    if isinstance(node, ast.Subscript):
        if is_condition(node.slice):
            yield node.value
        if isinstance(node.slice, ast.Tuple) and is_condition(node.slice.elts[0]):
            yield with_changes(node, slice=with_changes(node.slice, elts=[ast.Slice(), *node.slice.elts[1:]]))


def is_condition(node: ast.AST) -> bool:
    """Say whether an expression picks rows: a comparison, or a mask that is negated or combined."""
    if isinstance(node, ast.BinOp):
        return type(node.op) in COMBINED
    return isinstance(node, ast.Compare) or isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert)
