"""Names of functions that are commonly confused, arguments of calls, and calls that are left out."""

import ast
from collections.abc import Iterator

from tests.exercises.mutation.operators.registry import SETTINGS, Context, call, operator, with_changes

# Functions and methods of Python, numpy, pandas and torch.
CONFUSED = {
    "mean": ("median", "sum"),
    "median": ("mean",),
    "average": ("median",),
    "sum": ("mean", "max"),
    "min": ("max",),
    "max": ("min",),
    "idxmin": ("idxmax",),
    "idxmax": ("idxmin",),
    "argmin": ("argmax",),
    "argmax": ("argmin",),
    "std": ("var",),
    "var": ("std",),
    "ptp": ("std", "max"),
    "any": ("all",),
    "all": ("any",),
    "floor": ("ceil",),
    "ceil": ("floor",),
    "first": ("last",),
    "last": ("first",),
    "count": ("sum",),
    "size": ("nunique",),
    "zeros": ("ones",),
    "ones": ("zeros",),
    "tanh": ("sinh", "atan"),
    "atanh": ("tanh",),
    "exp": ("expm1",),
    "log": ("log2", "log1p"),
    "sigmoid": ("tanh",),
    "union": ("intersection",),
    "combinations": ("permutations",),
    "normal": ("uniform", "standard_exponential"),
    "findall": ("split",),
}
BUILTIN = {"min", "max", "sum", "any", "all"}  # what may replace a bare name
DROPPED = {
    "abs", "sqrt", "exp", "log", "tanh", "atanh", "round", "sigmoid", "sorted", "reversed", "cumsum", "unique",
    "drop_duplicates", "lower", "strip", "norm",
}  # fmt: skip
SYMMETRIC = {"max", "min", "equal", "isclose", "dot"}


def name_of(node: ast.AST) -> str:
    """Return the name of the function that is called; empty where it has none."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "attr", getattr(function, "id", ""))


@operator
def confused_function(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """`median` for `mean`, `max` for `min`, and the like."""
    if isinstance(node, ast.Call):
        for other in CONFUSED.get(name_of(node), ()):
            if isinstance(node.func, ast.Attribute):
                yield with_changes(node, func=with_changes(node.func, attr=other))
            elif other in BUILTIN or name_of(node) == "combinations":
                yield with_changes(node, func=ast.Name(other, ast.Load()))


@operator
def dropped_call(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """The value itself instead of its root, size, order and so on."""
    if isinstance(node, ast.Call) and name_of(node) in DROPPED:
        if node.args:
            yield node.args[0]
        elif isinstance(node.func, ast.Attribute):
            yield node.func.value


@operator
def bound(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """One of the values that `max` or `min` chooses from."""
    if isinstance(node, ast.Call) and name_of(node) in ("max", "min") and len(node.args) == 2:
        yield from node.args


@operator
def order(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """What is sorted in the opposite direction, or left in some order."""
    if isinstance(node, ast.Call) and name_of(node) == "sorted":
        backwards = [each for each in node.keywords if each.arg != "reverse"]
        turned = len(backwards) == len(node.keywords)
        yield with_changes(node, keywords=[*backwards, ast.keyword("reverse", ast.Constant(turned))])
    if isinstance(node, ast.Call) and name_of(node) == "set":
        yield call("list", *node.args)


@operator
def argument_of_call(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Neighboring arguments exchanged, and an option left out."""
    if not isinstance(node, ast.Call):
        return
    if name_of(node) not in SYMMETRIC:
        for i in range(len(node.args) - 1):
            one, other = node.args[i : i + 2]
            yield with_changes(node, args=[*node.args[:i], other, one, *node.args[i + 2 :]])
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in SETTINGS:
            yield with_changes(node, keywords=[each for each in node.keywords if each is not keyword])
