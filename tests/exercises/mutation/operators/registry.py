"""How an operator is declared, and how it is applied at every place of a function."""

import ast
import copy
import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Context:
    """What an operator may know about the function that it changes.

    Attributes
    ----------
    tree : ast.FunctionDef
        The whole function.
    calls : tuple of tuple
        The arguments of each call that the exercise makes; empty for a function that the reference calls.
    results : tuple
        The plain values that these calls return.
    tolerance : float
        How far numbers may be from those of the reference.
    texts : list of str
        The texts in the function, in order.
    parents : dict
        The node that holds each node, by the id of the latter.
    """

    tree: ast.FunctionDef
    calls: tuple[tuple, ...] = ()
    results: tuple[Any, ...] = ()
    tolerance: float = 0.0
    texts: list[str] = field(init=False)
    parents: dict[int, ast.AST] = field(init=False, repr=False)

    def __post_init__(self):
        found = [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant)]
        object.__setattr__(self, "texts", sorted({value for value in found if isinstance(value, str)}))
        parents = {id(inner): node for node in ast.walk(self.tree) for inner in ast.iter_child_nodes(node)}
        object.__setattr__(self, "parents", parents)

    def parent(self, node: ast.AST, level: int = 1) -> ast.AST | None:
        """Return the node that holds another one, or the one that holds that."""
        for _ in range(level):
            node = self.parents.get(id(node))
        return node


Operator = Callable[[ast.AST, Context], Iterable[ast.AST]]
OPERATORS: dict[str, Operator] = {}
SETTINGS = ("strict", "dtype", "kind", "keepdims", "default", "seed")  # keywords whose values are left as they are


def operator(function: Operator) -> Operator:
    """Declare an operator: it takes a node and yields what may replace it."""
    OPERATORS[function.__name__.replace("_", " ")] = function
    return function


def mutations(context: Context) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield (name of the operator, changed function) for every place and operator, each changed function once."""
    nodes = list(ast.walk(context.tree))
    settings = {id(inner) for node in nodes if is_setting(node) for inner in ast.walk(node)}
    seen = {ast.unparse(context.tree)}
    for name, function in OPERATORS.items():
        for place, node in enumerate(nodes):
            if id(node) in settings:
                continue
            for new in function(node, context):
                changed = replaced(context.tree, place, new)
                if (text := ast.unparse(changed)) not in seen:
                    seen.add(text)
                    yield name, changed


def is_setting(node: ast.AST) -> bool:
    """Say whether a node is a keyword such as `strict=True`, which changes no result."""
    return isinstance(node, ast.keyword) and node.arg in SETTINGS


def replaced(tree: ast.FunctionDef, place: int, new: ast.AST) -> ast.FunctionDef:
    """Return a copy of a function in which a node, given by its place in `ast.walk`, is another one."""
    if place == 0:
        return ast.fix_missing_locations(copy.deepcopy(new))
    changed = copy.deepcopy(tree)
    target = list(ast.walk(changed))[place]
    for parent in ast.walk(changed):
        for name, value in ast.iter_fields(parent):
            if value is target:
                setattr(parent, name, copy.deepcopy(new))
            elif isinstance(value, list):
                setattr(parent, name, [copy.deepcopy(new) if each is target else each for each in value])
    return ast.fix_missing_locations(changed)


def difference(before: ast.AST, after: ast.AST) -> str:
    """Return the lines that two functions do not share, as `old => new` on one line."""
    lines = list(difflib.ndiff(ast.unparse(before).splitlines(), ast.unparse(after).splitlines()))
    old, new = (" / ".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+")
    return f"{old} => {new}" if old else f"+ {new}"


def call(name: str, *arguments: ast.expr) -> ast.Call:
    """Return a call of a function by its name."""
    return ast.Call(func=ast.Name(name, ast.Load()), args=list(arguments), keywords=[])


def sliced(value: ast.expr, text: str) -> ast.expr:
    """Return a value with a slice such as ``[:1]`` behind it."""
    inner = ast.parse(f"x{text}", mode="eval").body
    inner.value = value
    return inner


def with_changes(node: ast.AST, **changes: Any) -> ast.AST:
    """Return a shallow copy of a node with other fields."""
    new = copy.copy(node)
    for name, value in changes.items():
        setattr(new, name, value)
    return new


def neighbors_exchanged(items: list) -> Iterator[list]:
    """Yield a list with each pair of neighbors exchanged, one pair at a time."""
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]
