"""Signs, operands and constants."""

import ast
from collections.abc import Iterator

from tests.exercises.mutation.operators.calls import name_of
from tests.exercises.mutation.operators.registry import Context, call, operator, with_changes

OTHER = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
}
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
MOST_TEXTS = 3  # other texts of a function that replace one


@operator
def arithmetic(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """`+` for `-`, `*` for `/`, and the like."""
    if isinstance(node, ast.BinOp) and type(node.op) in OTHER:
        yield with_changes(node, op=OTHER[type(node.op)]())


@operator
def operand(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """One side of an operation alone, or both exchanged."""
    if isinstance(node, ast.BinOp) and type(node.op) in OTHER:
        yield from (node.left, node.right)
        if isinstance(node.op, ORDERED) and not (isinstance(node.op, ast.Sub) and is_without_sign(node, context)):
            yield with_changes(node, left=node.right, right=node.left)


@operator
def sign(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """A minus sign left out, and a difference without its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and not is_without_sign(node, context):
        yield call("abs", node)


def is_without_sign(node: ast.AST, context: Context) -> bool:
    """Say whether only the size of a number counts: within `abs`, its sign changes nothing."""
    return isinstance(context.parent(node), ast.Call) and name_of(context.parent(node)) == "abs"


@operator
def constant(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """A number one larger or smaller, or a tenth larger; the other truth value; another text of the function."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from map(ast.Constant, (value + 1, value - 1))
    elif isinstance(value, float):
        yield from map(ast.Constant, (value * 1.1,) if value else (1.0,))
    elif isinstance(value, str):
        others = [text for text in context.texts if text != value]
        yield from map(ast.Constant, others[:MOST_TEXTS] or [f"{value}?"])
