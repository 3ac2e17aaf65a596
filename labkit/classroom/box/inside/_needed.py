"""Which cells of a notebook an exercise depends on, by the names in its source.

A cell is needed where it binds, or may change, a name that is needed further down. What cannot be seen in the names
(a star import, `exec`, a magic command, broken code) counts as needed by all that comes after it.
"""

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

RANDOM = {"default_rng", "RandomState", "Generator", "Random"}  # what makes a source of random numbers
# Calls that leave their arguments as they are, and names of functions that change settings of a library.
HARMLESS = {"print", "display", "show", "reading", "check", "hint", "solution", "compare", "len", "help"}
SETTINGS = ("seed", "set_", "use", "update", "register", "filterwarnings", "simplefilter", "option", "reset", "config")
SEEING_ALL = {"exec", "eval", "globals", "locals", "vars", "setattr", "delattr", "get_ipython", "__import__"}
BUILT_IN = set(dir(builtins))


@dataclass
class Names:
    """The names of a cell.

    Attributes
    ----------
    bound : set of str
        Those that it certainly binds.
    changed : set of str
        Those that it may bind, or whose values it may change.
    read : set of str
        Those that it reads before it binds them, in functions too.
    opaque : bool
        Whether it may do more than its names say.
    inside : dict of str to set of str
        What each function or class that it defines reads.
    random, imported : set of str
        Those that it binds to a source of random numbers, or to what is imported.
    """

    bound: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    opaque: bool = False
    inside: dict[str, set[str]] = field(default_factory=dict)
    random: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)


# ---- Of a notebook ---------------------------------------------------------------------------------------------------


def find_needed(sources: list[str], asked: list[dict]) -> set[int]:
    """Return the positions of the cells that exercises depend on.

    Parameters
    ----------
    sources : list of str
        Of the cells, as plain Python.
    asked : list of dict
        Exercises: ``expression``, what is asked for, and ``after``, how many cells stand before it.

    Returns
    -------
    set of int
    """
    known = Names()  # of all cells so far
    cells = []
    for source in sources:
        cells.append(read_names(source, known))
        known.random |= cells[-1].random
        known.imported |= cells[-1].imported
    inside: dict[str, set[str]] = {}
    for cell in cells:
        for name, read in cell.inside.items():
            inside[name] = inside.get(name, set()) | read
    found = set()
    for each in asked:
        found |= needed_for(read_names(each["expression"], known).read, cells[: each["after"]], inside)
    return found


def needed_for(names: set[str], cells: list[Names], inside: dict[str, set[str]]) -> set[int]:
    """Return the positions of the cells that names depend on, from the last one upward."""
    wanted = with_functions(names, inside)
    found = set()
    for position in reversed(range(len(cells))):
        cell = cells[position]
        if cell.opaque or wanted & (cell.bound | cell.changed):
            found.add(position)
            wanted -= cell.bound
            wanted |= with_functions(cell.read, inside)
    return found


def with_functions(names: set[str], inside: dict[str, set[str]]) -> set[str]:
    """Return names together with all that functions of these names read."""
    found, new = set(), set(names)
    while new:
        found |= new
        new = set().union(*(inside.get(name, set()) for name in new)) - found
    return found


# ---- Of a cell -------------------------------------------------------------------------------------------------------


def read_names(source: str, known: Names) -> Names:
    """Return the names of a cell, given those of the cells above; of one that cannot be read, that it is opaque."""
    found = Names(random=set(known.random), imported=set(known.imported))
    try:
        found.bound = add_block(found, ast.parse(source).body, set())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found.opaque = True
    found.random -= known.random
    found.imported -= known.imported
    return found


def add_block(found: Names, statements: list[ast.stmt], bound: set[str]) -> set[str]:
    """Add the names of statements that run one after the other; return those that are bound after the last one.

    Names in `bound` are bound before the first one, in the same cell.
    """
    for statement in statements:
        if isinstance(statement, (ast.For, ast.AsyncFor)):
            add_names(found, statement.iter, bound)
            of_loop = bound | set(global_names(statement.target)[1])
            found.changed |= of_loop - bound
            add_block(found, statement.body, of_loop)
            add_block(found, statement.orelse, bound)
            bound = of_loop
        elif isinstance(statement, (ast.If, ast.While)):
            add_names(found, statement.test, bound)
            one, other = (add_block(found, block, bound) for block in (statement.body, statement.orelse))
            bound = bound | one & other
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            for item in statement.items:
                add_names(found, item.context_expr, bound)
                names = set(global_names(item.optional_vars)[1]) if item.optional_vars is not None else set()
                found.changed |= names
                bound = bound | names
            bound = add_block(found, statement.body, bound)
        elif isinstance(statement, ast.Try):
            tried = add_block(found, statement.body, bound)
            for handler in statement.handlers:
                if handler.type is not None:
                    add_names(found, handler.type, bound)
                add_block(found, handler.body, bound | ({handler.name} if handler.name else set()))
            add_block(found, statement.orelse, tried)
            bound = add_block(found, statement.finalbody, bound)
        else:
            bound = bound | add_names(found, statement, bound)
    return bound


def add_names(found: Names, node: ast.stmt | ast.expr, bound: set[str]) -> set[str]:
    """Add the names of a simple statement, a function, a class or an expression; return those that it binds."""
    read, stored = global_names(node)
    found.opaque |= bool(read & SEEING_ALL) or "*" in stored
    changed = {name for name in changed_in(node, found) if name in read | stored}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or is_lambda(node):
        for name in stored:
            found.inside[name] = found.inside.get(name, set()) | read
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        found.imported |= stored
    elif last_names(node) & RANDOM:
        found.random |= stored
    found.changed |= stored | changed
    found.read |= (read | changed) - bound - (BUILT_IN - found.changed - found.imported)
    conditional = isinstance(node, ast.AugAssign) or isinstance(node, ast.AnnAssign) and node.value is None
    return set() if conditional or isinstance(node, (ast.Delete, ast.expr)) else stored


def is_lambda(node: ast.AST) -> bool:
    """Say whether a statement gives a name to a function without one."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)


def global_names(node: ast.AST) -> tuple[set[str], set[str]]:
    """Return the global names that a piece of code reads, and those that it binds."""
    table = symtable.symtable(ast.unparse(node) if not isinstance(node, ast.Name) else node.id, "cell", "exec")
    read, stored = set(), set()
    if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), (ast.Load, type(None))):
        for each in ast.walk(node):  # the target of a loop, which is no code of its own
            if isinstance(each, ast.Name):
                (read if isinstance(each.ctx, ast.Load) else stored).add(each.id)
        return read, stored
    for symbol in table.get_symbols():
        if symbol.is_referenced():
            read.add(symbol.get_name())
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
            stored.add(symbol.get_name())
    if isinstance(node, ast.AugAssign):
        read |= {each.id for each in ast.walk(node.target) if isinstance(each, ast.Name)}
    if isinstance(node, ast.ImportFrom) and any(each.name == "*" for each in node.names):
        stored.add("*")
    for inner in inner_tables(table):
        for symbol in inner.get_symbols():
            if symbol.is_global():
                read.add(symbol.get_name())
                if symbol.is_assigned():
                    stored.add(symbol.get_name())
    return read, stored


def inner_tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    """Yield the tables of all functions, classes and comprehensions in one."""
    for child in table.get_children():
        yield child
        yield from inner_tables(child)


# ---- What changes the value of a name --------------------------------------------------------------------------------


def changed_in(node: ast.AST, found: Names) -> Iterator[str]:
    """Yield the names whose values a piece of code may change: ``name.part = 1``, ``next(name)``, ``name.sort()``."""
    for each in ast.walk(node):
        if isinstance(each, (ast.Attribute, ast.Subscript)) and not isinstance(each.ctx, ast.Load):
            yield root_of(each)
        elif isinstance(each, ast.Call):
            root = root_of(each.func)
            arguments = {root_of(argument) for argument in each.args}
            if root in found.random or root == "next":
                yield root
                yield from arguments
            else:
                yield from arguments & found.random
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from changed_by_call(node.value, found.imported)


def changed_by_call(call: ast.Call, imported: set[str]) -> set[str]:
    """Return the names whose values a call may change that stands alone on its line: ``names.append(name)``."""
    root = root_of(call.func)
    if isinstance(call.func, ast.Name) and root in HARMLESS:
        return set()
    if isinstance(call.func, ast.Attribute) and root in imported:  # np.random.seed(0), and not np.testing.assert_...
        return {root} if any(word in call.func.attr for word in SETTINGS) else set()
    arguments = {root_of(each) for each in (*call.args, *(each.value for each in call.keywords))}
    return (arguments | ({root} if isinstance(call.func, ast.Attribute) else set())) - imported


def root_of(node: ast.AST) -> str:
    """Return the name at the beginning of ``name.part[0].call()``; "" where there is none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def last_names(node: ast.AST) -> set[str]:
    """Return all names, and all last names such as that of ``np.random.default_rng``, in a piece of code."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
