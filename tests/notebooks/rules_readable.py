"""Rules on code that students read: what makes it hard to follow, however few lines it has.

They hold for every cell that is shown: neither readings, whose code is hidden, nor the one-line checks of answers. A
notebook that has not been revised is on a list with the number of its complaints (`unrevised.toml`), which may only
shrink.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.notebooks.page import Page, called, calls, parse, quote, rule, tags
from tests.notebooks.rules_code import assigned_names, imports_when_run, names, targets

LINE, LINES, CHARACTERS = 100, 20, 900
LAMBDA = 40  # characters
DRAWING = 8  # lines that draw, in one cell
LONG = 2  # cells of a notebook that may break a limit on length
LABKIT_NAMES = 25
BY_HAND = 3  # cells in which the lesson is written out
REUSED = {"fig", "ax", "axes"}  # every figure has them

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def shown(page: Page) -> list:
    """Return the code cells whose code a student reads: demonstrations, stubs and solutions."""
    return [cell for cell in page.code if not {"reading", "check", "parameters"} & set(tags(cell))]


def nodes(page: Page, *kinds: type) -> Iterator[Any]:
    """Yield the syntax nodes of some kinds in the cells that are shown."""
    for cell in shown(page):
        yield from (node for node in ast.walk(parse(cell)) if isinstance(node, kinds))


@rule
def cells_are_short(page: Page) -> list[str]:
    """At most 20 lines and 900 characters; a cell tagged `long` may have more."""
    complaints = []
    for cell in shown(page):
        if "long" in tags(cell):
            continue
        count = sum(bool(line.strip()) for line in cell.source.splitlines())
        if count > LINES:
            complaints.append(f"{count} lines in {quote(cell.source)}; at most {LINES}")
        elif len(cell.source) > CHARACTERS:
            complaints.append(f"{len(cell.source)} characters in {quote(cell.source)}; at most {CHARACTERS}")
    return complaints


@rule
def lines_are_short(page: Page) -> list[str]:
    """At most 100 characters."""
    return [
        f"{len(line)} characters in the line {quote(line)}; at most {LINE}"
        for cell in shown(page)
        for line in cell.source.splitlines()
        if len(line) > LINE
    ]


@rule
def long_cells_give_a_reason(page: Page) -> list[str]:
    """At most two, each with a reason in its metadata."""
    found = [cell for cell in page.code if "long" in tags(cell)]
    complaints = [
        f"{quote(cell.source)} is tagged 'long' without a reason" for cell in found if not cell.metadata.get("reason")
    ]
    return complaints + ([f"{len(found)} cells are tagged 'long'; at most {LONG}"] if len(found) > LONG else [])


@rule
def code_is_formatted(page: Page) -> list[str]:
    """Nothing is kept from ruff's formatter."""
    return [
        f"{quote(line)} keeps code from the formatter"
        for cell in page.code
        for line in cell.source.splitlines()
        if re.search(r"#\s*fmt:\s*(skip|off)", line)
    ]


@rule
def comprehensions_have_one_loop(page: Page) -> list[str]:
    """One `for`, and no comprehension inside another."""
    complaints = []
    for outer in nodes(page, *COMPREHENSIONS):
        inner = [node for node in ast.walk(outer) if isinstance(node, COMPREHENSIONS) and node is not outer]
        if inner:
            complaints.append(f"a comprehension inside another in {quote(ast.unparse(outer))}")
        elif len(outer.generators) > 1:
            complaints.append(f"{len(outer.generators)} loops in {quote(ast.unparse(outer))}")
    return complaints


@rule
def no_assignment_inside_an_expression(page: Page) -> list[str]:
    """The walrus operator hides where a name comes from."""
    return [f"{quote(ast.unparse(node))} assigns inside an expression" for node in nodes(page, ast.NamedExpr)]


@rule
def choices_are_not_nested(page: Page) -> list[str]:
    """No conditional expression in an f-string, or in another conditional expression."""
    return [
        f"{quote(ast.unparse(inner))} is a choice inside an f-string or another choice"
        for outer in nodes(page, ast.JoinedStr, ast.IfExp)
        for inner in ast.walk(outer)
        if isinstance(inner, ast.IfExp) and inner is not outer
    ]


@rule
def lambdas_are_short(page: Page) -> list[str]:
    """A longer one deserves a name."""
    return [
        f"a lambda of {len(text)} characters: {quote(text)}; at most {LAMBDA}"
        for text in map(ast.unparse, nodes(page, ast.Lambda))
        if len(text) > LAMBDA
    ]


@rule
def no_names_from_a_generator(page: Page) -> list[str]:
    """`a, b = (f(x) for x in ...)` hides how many there are, and which is which."""
    return [
        f"{quote(ast.unparse(node))} unpacks a comprehension into names"
        for node in nodes(page, ast.Assign)
        if isinstance(node.targets[0], ast.Tuple | ast.List)
        and any(isinstance(part, COMPREHENSIONS) for part in _unpacked(node.value))
    ]


def _unpacked(value: ast.expr) -> list[ast.expr]:
    """Return what an assignment to several names takes apart: its value, and what stands after a star in it."""
    if not isinstance(value, ast.Tuple | ast.List):
        return [value]
    return [part.value for part in value.elts if isinstance(part, ast.Starred)]


@rule
def rows_are_plain_dicts(page: Page) -> list[str]:
    """`|` between dicts makes a reader look up what each side has."""
    complaints = []
    for node in nodes(page, ast.BinOp):
        if isinstance(node.op, ast.BitOr) and any(map(_is_dict, (node.left, node.right))):
            complaints.append(f"{quote(ast.unparse(node))} joins dicts; write one dict")
    return complaints


def _is_dict(node: ast.expr) -> bool:
    """Say whether an expression visibly makes a dict."""
    return isinstance(node, ast.Dict | ast.DictComp) or (isinstance(node, ast.Call) and called(node) == "dict")


@rule
def names_mean_one_thing(page: Page) -> list[str]:
    """A top-level name is bound in one cell; loop variables, `fig` and `ax` aside. Stub and solution count as one."""
    bound = defaultdict(list)  # name: the cells that bind it
    for place, cell in enumerate(page.code):
        owner = cell.metadata.get("exercise") or (_exercise_before(page, place) if "solution" in tags(cell) else place)
        tree = parse(cell)
        imported = {imported_name(alias) for node in imports_when_run(tree.body) for alias in node.names}
        for name in assigned_names(cell) - _loop_variables(tree) - imported - REUSED - {"_"}:
            if owner not in bound[name]:
                bound[name].append(owner)
    return [f"{name} is bound in {len(cells)} cells" for name, cells in sorted(bound.items()) if len(cells) > 1]


def imported_name(alias: ast.alias) -> str:
    """Return the name that an import binds."""
    return alias.asname or alias.name.split(".")[0]


def _exercise_before(page: Page, place: int) -> Any:
    """Return the id of the exercise whose solution a cell is."""
    ids = [cell.metadata.get("exercise") for cell in page.code[:place]]
    return next((each for each in reversed(ids) if each), place)


def _loop_variables(tree: ast.Module) -> set[str]:
    """Return the names that `for` and `with` bind at the top level of a cell, or in its blocks."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.For):
            found |= targets(node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            found |= targets(node.optional_vars)
    return found


@rule
def imports_are_where_they_are_needed(page: Page) -> list[str]:
    """The first cell imports what several cells use, or a reading; a later import is used by its own cell."""
    read = {name for cell in page.code if "reading" in tags(cell) for name in _read(cell)}  # has no room for imports
    read.add("hint")  # which the line of help below every exercise tells students to run
    used = [set().union(*(names(statement)[0] for statement in parse(cell).body)) for cell in page.code]
    complaints = []
    for place, cell in enumerate(page.code):
        for node in imports_when_run(parse(cell).body):
            for alias in node.names:
                name = imported_name(alias)
                cells = [other for other in range(len(page.code)) if name in used[other]]
                if place and place not in cells and "check" not in tags(cell):
                    complaints.append(f"{name} is imported in a cell that does not use it: {quote(ast.unparse(node))}")
                elif not place and len(cells) < 2 and name not in read:
                    complaints.append(f"the first cell imports {name}, which {len(cells)} cells use; import it there")
    return complaints


def labkit_names(page: Page) -> set[str]:
    """Return the names that a notebook imports from labkit."""
    return {
        imported_name(alias)
        for cell in page.code
        for node in ast.walk(parse(cell))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "labkit"
        for alias in node.names
    }


@rule
def few_names_come_from_labkit(page: Page) -> list[str]:
    """About 25; a student meets each of them."""
    found = labkit_names(page)
    return [f"{len(found)} names from labkit; at most {LABKIT_NAMES}"] if len(found) > LABKIT_NAMES else []


@rule
def the_lesson_is_written_out(page: Page) -> list[str]:
    """Three cells tagged `by-hand` use nothing of labkit, and the next cell that is shown compares with labkit."""
    ours, cells = labkit_names(page), [cell for cell in page.code if "check" not in tags(cell)]
    by_hand = [place for place, cell in enumerate(cells) if "by-hand" in tags(cell)]
    complaints = [] if len(by_hand) >= BY_HAND else [f"{len(by_hand)} cells are tagged 'by-hand'; at least {BY_HAND}"]
    for place in by_hand:
        if helped := sorted(_read(cells[place]) & ours):
            complaints.append(f"{quote(cells[place].source)} is tagged 'by-hand' and uses {helped[0]} of labkit")
        if not any(_read(cell) & ours for cell in cells[place + 1 : place + 2]):
            complaints.append(f"the cell after {quote(cells[place].source)} does not compare it with labkit")
    return complaints


def _read(cell: Any) -> set[str]:
    """Return the global names that a cell reads."""
    return set().union(*(names(statement)[0] for statement in parse(cell).body))


@rule
def code_writes_no_prose(page: Page) -> list[str]:
    """A cell computes, draws or shows a table; sentences are readings, in cells of their own."""
    return [
        f"{quote(ast.unparse(call))} writes prose; use reading(...) in a cell tagged 'reading'"
        for cell in shown(page)
        for call in calls(parse(cell))
        if called(call) == "Markdown"
    ]


@rule
def readings_begin_with_an_empty_line(page: Page) -> list[str]:
    """JupyterLab shows the first line of hidden code: `reading(` alone, so that nobody reads the answer before."""
    return [
        f"{quote(cell.source)} shows its text before it is run; break the line after `reading(`"
        for cell in page.code
        if "reading" in tags(cell) and cell.source.strip().splitlines()[0] != "reading("
    ]


@rule
def drawing_is_short(page: Page) -> list[str]:
    """More than eight lines that draw are a function of the chapter."""
    complaints = []
    for cell in shown(page):
        lines = 0
        for statement in parse(cell).body:
            if not isinstance(statement, ast.FunctionDef | ast.ClassDef) and _draws(statement):
                lines += statement.end_lineno - statement.lineno + 1
        if lines > DRAWING:
            complaints.append(f"{lines} lines draw in {quote(cell.source)}; at most {DRAWING}")
    return complaints


def _draws(statement: ast.stmt) -> bool:
    """Say whether a statement handles axes or figures."""
    used = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
    return bool(used & {"plt", "ax", "axes", "fig"})
