"""The functions that a reference is made of, read from their source, and copies of the reference with one changed."""

import ast
import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CellType, CodeType, FunctionType
from typing import Any

LARGEST = 50  # entries of a table of constants that is mutated


@dataclass(frozen=True)
class Part:
    """A function that a reference is made of: itself, or one of the same module that it reaches.

    Attributes
    ----------
    function : function
        As the module defines it.
    tree : ast.FunctionDef
        Its source without docstring, decorators, annotations and default values; a lambda is written as a function.
    used : dict
        The values of the names from outside that it reads: of its closure, then of its module.
    """

    function: FunctionType
    tree: ast.FunctionDef
    used: dict[str, Any]

    @property
    def constants(self) -> dict[str, Any]:
        """The numbers, texts and small tables among the values from outside."""
        return {name: value for name, value in self.used.items() if is_data(value)}


def parts_of(reference: FunctionType) -> list[Part]:
    """Return the functions of its own module that a reference reaches by name or closure, itself first.

    TypeError for what has no source in Python, such as a class, a `functools.partial` or a function of numpy.
    """
    if not isinstance(reference, FunctionType):
        raise TypeError(f"{reference!r} cannot be mutated; write the reference as a function")
    found: dict[FunctionType, Part] = {}
    waiting = [reference]
    while waiting:
        function = waiting.pop(0)
        if function not in found:
            tree = read(function)
            found[function] = Part(function, tree, used_by(function, tree))
            waiting += [each for each in found[function].used.values() if is_near(each, reference)]
    return list(found.values())


def is_near(value: Any, reference: FunctionType) -> bool:
    """Say whether a value is a function of the reference's module."""
    return isinstance(value, FunctionType) and value.__globals__ is reference.__globals__


def used_by(function: FunctionType, tree: ast.FunctionDef) -> dict[str, Any]:
    """Return the values of the names that a function reads from outside."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    outside = {name: function.__globals__[name] for name in sorted(names) if name in function.__globals__}
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return outside | {name: cell.cell_contents for name, cell in cells}


def is_data(value: Any) -> bool:
    """Say whether a value is a number, a text, or a small table of those."""
    if isinstance(value, dict):
        return 0 < len(value) <= LARGEST and all(map(is_data, value.values()))
    if isinstance(value, list | tuple):
        return 0 < len(value) <= LARGEST and all(map(is_data, value))
    return type(value) in (bool, int, float, str)


# ---- From a function to its tree -------------------------------------------------------------------------------------


@cache
def tree_of_file(path: str) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(Path(path).read_text(encoding="utf-8"))


@cache
def read(function: FunctionType) -> ast.FunctionDef:
    """Return the tree of a function, in the form that `Part` describes."""
    code = function.__code__
    nodes = [node for node in ast.walk(tree_of_file(code.co_filename)) if is_source(node, code)]
    # The innermost of several on a line: a lambda within a lambda lies inside the other one.
    node = copy.deepcopy(min(nodes, key=lambda node: len(ast.unparse(node))))
    if isinstance(node, ast.Lambda):
        body, name = [ast.Return(node.body)], "function"
    else:
        body, name = node.body, node.name
        if ast.get_docstring(node):
            body = body[1:] or [ast.Pass()]
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    node.args.kw_defaults = [each and ast.Constant(None) for each in node.args.kw_defaults]
    return ast.fix_missing_locations(
        ast.FunctionDef(name=name, args=node.args, body=body, decorator_list=[], returns=None, type_params=[])
    )


def is_source(node: ast.AST, code: CodeType) -> bool:
    """Say whether code was compiled from a node."""
    if isinstance(node, ast.FunctionDef):
        first = min(each.lineno for each in (node, *node.decorator_list))
        return (node.name, first) == (code.co_name, code.co_firstlineno)
    if isinstance(node, ast.Lambda) and (code.co_name, code.co_firstlineno) == ("<lambda>", node.lineno):
        start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
        places = [(line, column) for line, _, column, last in code.co_positions() if last]  # the first one is empty
        return all(start <= place <= end for place in places)
    return False


# ---- And back --------------------------------------------------------------------------------------------------------


class Copy:
    """A copy of a reference and of the functions that it reaches, in a copy of their module's names.

    Parameters
    ----------
    reference : function
        Nothing of it or of its module is changed.
    trees : mapping of function to ast.FunctionDef
        What replaces the source of functions.
    constants : mapping of (function, str) to object
        What replaces the value of a name that a function reads from outside.
    tools : mapping of str to object
        Further names that the new trees use.
    """

    def __init__(
        self,
        reference: FunctionType,
        trees: Mapping[FunctionType, ast.FunctionDef] | None = None,
        constants: Mapping[tuple[FunctionType, str], Any] | None = None,
        tools: Mapping[str, Any] | None = None,
    ):
        self.reference, self.trees, self.constants = reference, trees or {}, constants or {}
        self.namespace = reference.__globals__ | dict(tools or {})
        self.copies: dict[FunctionType, FunctionType] = {}
        for part in parts_of(reference):
            free = part.function.__code__.co_freevars
            for name, value in part.used.items():
                if name not in free:
                    self.namespace[name] = self.value(part.function, name, value)
        self.function = self.copied(reference)

    def value(self, owner: FunctionType, name: str, value: Any) -> Any:
        """Return what a name stands for in the copy."""
        if (owner, name) in self.constants:
            return self.constants[owner, name]
        return self.copied(value) if is_near(value, self.reference) else self.namespace.get(name, value)

    def copied(self, original: FunctionType) -> FunctionType:
        """Return the copy of a function, with its new source if it has one."""
        if original not in self.copies:
            free = dict(zip(original.__code__.co_freevars, original.__closure__ or (), strict=True))
            code = compiled(self.trees[original], tuple(free)) if original in self.trees else original.__code__
            cells = {name: CellType() for name in free}
            closure = tuple(cells[name] for name in code.co_freevars)
            made = FunctionType(code, self.namespace, original.__name__, original.__defaults__, closure)
            made.__kwdefaults__ = original.__kwdefaults__
            self.copies[original] = made
            for name, cell in cells.items():
                value = free[name].cell_contents
                near = self.copied(value) if is_near(value, self.reference) else value
                cell.cell_contents = self.constants.get((original, name), near)
        return self.copies[original]


def compiled(tree: ast.FunctionDef, free: tuple[str, ...]) -> CodeType:
    """Return the code of a function whose free names are those of its closure."""
    bindings = [f"    {name} = None" for name in free]
    lines = ["def outer():", *bindings, *(f"    {line}" for line in ast.unparse(tree).splitlines()), ""]
    module = compile("\n".join(lines), "<mutant>", "exec")
    outer = next(each for each in module.co_consts if isinstance(each, CodeType))
    return next(each for each in outer.co_consts if isinstance(each, CodeType) and each.co_name == tree.name)
