"""Arguments that are ignored, exchanged or only looked at in part."""

import ast
from collections.abc import Iterator

from tests.exercises.mutation.operators.items import CUTS
from tests.exercises.mutation.operators.registry import Context, operator, with_changes


def begins_with(tree: ast.FunctionDef, line: str) -> ast.FunctionDef:
    """Return a function with a line in front of its body."""
    return with_changes(tree, body=[*ast.parse(line).body, *tree.body])


def reads(tree: ast.FunctionDef, name: str) -> bool:
    """Say whether a function looks at an argument at all."""
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree))


def names_of(tree: ast.FunctionDef) -> list[str]:
    """Return the names of a function's positional arguments."""
    return [each.arg for each in (*tree.args.posonlyargs, *tree.args.args)]


class FirstSeen:
    """Remembers the first value of each argument: how a function behaves that ignores it, on every later call."""

    def __init__(self):
        self.values = {}

    def __call__(self, name, value):
        """Return the first value that was given under a name."""
        return self.values.setdefault(name, value)


@operator
def ignored_argument(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """An argument that keeps the value of the first call; a number that is always 1."""
    if isinstance(node, ast.FunctionDef):
        for position, name in enumerate(names_of(node)):
            if not reads(node, name):
                continue
            yield begins_with(node, f"{name} = first_seen({node.name + '.' + name!r}, {name})")
            if node is context.tree and any(is_number(call[position]) for call in context.calls):
                yield begins_with(node, f"{name} = 1")


@operator
def exchanged_arguments(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Two neighboring arguments exchanged."""
    if isinstance(node, ast.FunctionDef):
        names = [name for name in names_of(node) if reads(node, name)]
        for one, other in zip(names, names[1:], strict=False):
            yield begins_with(node, f"{one}, {other} = {other}, {one}")


@operator
def part_of_an_argument(node: ast.AST, context: Context) -> Iterator[ast.AST]:
    """Only the first item of arguments that go together, all but the first or the last; one of them backwards."""
    if node is not context.tree:
        return
    for names in aligned(names_of(context.tree), context.calls):
        left = ", ".join(names)
        for cut in CUTS:
            yield begins_with(node, f"{left} = {', '.join(name + cut for name in names)}")
        if len(names) > 1:
            yield begins_with(node, f"{names[0]} = {names[0]}[::-1]")


def aligned(names: list[str], calls: tuple[tuple, ...]) -> list[list[str]]:
    """Return the names of the arguments that hold several items, together where they hold as many in every call."""
    groups: dict[tuple, list[str]] = {}
    for name, values in zip(names, zip(*calls, strict=True), strict=False):
        if all(is_sliceable(value) for value in values) and max(map(len, values)) > 1:
            groups.setdefault(tuple(map(len, values)), []).append(name)
    return list(groups.values())


def is_number(value: object) -> bool:
    """Say whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_sliceable(value: object) -> bool:
    """Say whether a value holds items that can be cut: a list, a tuple, a text, an array, a tensor, a table."""
    return hasattr(value, "__len__") and hasattr(value, "__getitem__") and not isinstance(value, dict)
