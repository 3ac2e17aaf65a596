"""Rules on the cells of a notebook: parameters, what is stored, and what exercises leave open."""

import ast
import re
import symtable
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.notebooks.page import Page, parse, quote, rule, tags


def imports_when_run(statements: list[ast.stmt]) -> list[ast.stmt]:
    """Return the import statements that run with a cell; not those in a function, or in a `try` that may fail."""
    found = []
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            found.append(statement)
        elif isinstance(statement, ast.Try) and statement.handlers:
            found += imports_when_run([s for part in (statement.orelse, statement.finalbody) for s in part])
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nested = [getattr(statement, part, []) for part in ("body", "orelse", "finalbody")]
            found += imports_when_run([s for part in nested if isinstance(part, list) for s in part])
    return found


def parameter_cells(page: Page) -> list:
    """Return the cells tagged `parameters`."""
    return [cell for cell in page.code if "parameters" in tags(cell)]


@rule
def parameters_are_in_one_cell(page: Page) -> list[str]:
    """Exactly one: papermill writes its values after the first."""
    found = parameter_cells(page)
    return [] if len(found) == 1 else [f"{len(found)} cells are tagged 'parameters'; there should be one"]


@rule
def parameters_are_capitals_with_plain_values(page: Page) -> list[str]:
    """Assignments `NAME = value`, no value computed from another: papermill would not compute it again."""
    complaints = []
    for cell in parameter_cells(page):
        body, known = parse(cell).body, assigned_names(cell)
        for statement in body:
            if not isinstance(statement, ast.Assign | ast.AnnAssign):
                complaints.append(f"parameters cell: {quote(ast.unparse(statement))} is no assignment")
            elif used := {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)} & known - targets(statement):
                complaints.append(f"parameters cell: {sorted(targets(statement))[0]} is computed from {min(used)}")
        complaints += [
            f"parameters cell: {name} should be in capitals"
            for name in sorted(known)
            if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        ]
    return complaints


@rule
def profiles_name_known_parameters(page: Page) -> list[str]:
    """A name in profiles.toml that no parameters cell has would be ignored, and the notebook run at full size."""
    known = set().union(*map(assigned_names, parameter_cells(page)))
    return [f"profiles.toml sets {name}, which is no parameter" for name in sorted(page.sized - known)]


@rule
def nothing_that_ran_is_stored(page: Page) -> list[str]:
    """No outputs, no execution counts, no state of widgets."""
    complaints = [f"{quote(cell.source)} has stored outputs" for cell in page.code if cell.outputs]
    counts = [cell for cell in page.code if cell.execution_count is not None]
    complaints += [f"{quote(cell.source)} has an execution count" for cell in counts]
    return complaints + (["the state of widgets is stored"] if "widgets" in page.notebook.metadata else [])


@rule
def cell_ids_are_valid_and_unique(page: Page) -> list[str]:
    """As nbformat wants them: 1 to 64 letters, digits, - and _."""
    ids = [cell.get("id") for cell in page.notebook.cells]
    complaints = [f"{name!r} is no valid cell id" for name in ids if not re.fullmatch(r"[\w-]{1,64}", name or "", re.A)]
    return complaints + [f"cell id {name!r} is used {count} times" for name, count in Counter(ids).items() if count > 1]


@rule
def nothing_uses_what_an_exercise_asks_for(page: Page) -> list[str]:
    """An untouched stub would stop the notebook there, and a wrong answer would spoil what follows."""
    owner, complaints = {}, []
    for cell in page.code:
        if {"solution", "check"} & set(tags(cell)):
            continue
        stub, own = "exercise" in tags(cell), cell.metadata.get("exercise")
        for used, bound in uses(parse(cell).body):
            for name in sorted(used & owner.keys()):
                if not (stub and owner[name] == own):
                    complaints.append(f"{quote(cell.source)} uses {name}, which exercise {owner[name]} asks for")
            for name in bound:
                owner.pop(name, None)
        if stub:
            owner |= dict.fromkeys(assigned_names(cell), own)
    return complaints


def uses(statements: list[ast.stmt]) -> Iterator[tuple[set[str], set[str]]]:
    """Yield (names read, names bound at the top level) by steps, in the order in which Python takes them."""
    for node in statements:
        if isinstance(node, ast.If | ast.While):
            yield names(ast.Expr(node.test))
        elif isinstance(node, ast.For):
            yield names(ast.Expr(node.iter))
            yield set(), targets(node.target)
        elif isinstance(node, ast.With):
            yield names(ast.With(node.items, [ast.Pass()]))
        elif not isinstance(node, ast.Try):
            yield names(node)
            continue
        handled = [statement for handler in getattr(node, "handlers", []) for statement in handler.body]
        yield from uses([*node.body, *handled, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])])


def names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the global names that a statement reads, functions in it included, and the names that it binds."""
    text = ast.unparse(ast.fix_missing_locations(ast.Module([statement], [])))
    top = symtable.symtable(text, "cell", "exec")
    read = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_referenced()}
    read |= targets(statement.target) if isinstance(statement, ast.AugAssign) else set()  # x += 1 reads x
    inner = list(top.get_children())
    for table in inner:
        inner += table.get_children()
        read |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return read, {symbol.get_name() for symbol in top.get_symbols() if binds(symbol)}


def targets(statement: ast.AST) -> set[str]:
    """Return the names that a statement stores."""
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def assigned_names(cell: Any) -> set[str]:
    """Return the names that a cell assigns at its top level."""
    return {s.get_name() for s in symtable.symtable(ast.unparse(parse(cell)), "cell", "exec").get_symbols() if binds(s)}


def binds(symbol: symtable.Symbol) -> bool:
    """Say whether a symbol is given a value in its own scope: assigned, defined or imported."""
    return symbol.is_assigned() or symbol.is_imported()
