"""Stubs and solutions on a page: each in a part that says what it is and can be closed, solutions closed at first."""

import ast
import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


def frame_exercises(cells: list["NotebookNode"]) -> None:
    """Put the parts of exercises between tags of HTML, which the template of pages writes around each cell.

    A stub is labeled as code to fill in or as broken on purpose. A solution is closed, and so is the check right below
    it, whose outcome would give the solution away.

    Parameters
    ----------
    cells : list of nbformat.NotebookNode
        A notebook's cells, each with ``metadata.page``; changed in place.
    """
    label_of_solution, solving = "Solution", None
    for cell in cells:
        tags, page = cell.metadata.get("tags", []), cell.metadata.page
        if "solution" in tags:
            if solving is None:
                page.before = _open(label_of_solution, kind="solution", is_open=False)
            else:
                solving.after = ""
            solving, page.after = page, CLOSE
        elif "check" in tags and solving is not None:
            solving.after, page.after = "", CLOSE
            solving = page
        elif "open" in tags:  # a question that no program checks: its number is in its cell
            found, solving = OPEN_QUESTION.search(cell.source), None
            label_of_solution = f"An answer to {found[1]}" if found else "An answer"
        else:
            solving = None
            if cell.cell_type == "code" and "exercise" in cell.metadata:
                number = str(cell.metadata.exercise)
                label_of_solution = f"Solution of {number}"
                kind, label = ("stub", "To fill in") if has_gap(cell.source) else ("broken", "Broken on purpose")
                page.before, page.after = _open(f"{label}: {number}", kind=kind, is_open=True), CLOSE


CLOSE = "</details>\n"
OPEN_QUESTION = re.compile(r"""compare\(\s*["'](\d\d\.\d+)["']""")


def _open(label: str, *, kind: str, is_open: bool) -> str:
    """Return the beginning of a part that can be closed."""
    state = " open" if is_open else ""
    return f'<details class="part {kind}"{state}><summary>{html.escape(label)}</summary>\n'


def has_gap(code: str) -> bool:
    """Say whether code has dots where somebody is to write something.

    >>> has_gap("gap = ...  # yours"), has_gap("gap = a + b"), has_gap("gap = (")
    (True, False, False)
    """
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Constant) and node.value is ... for node in ast.walk(tree))
