"""Rules for cells tagged ``reading``: one call of ``reading`` whose text has no number that somebody typed.

They run when notebooks are built, so that a misspelled field is found without executing anything.
"""

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from labkit.errors import UserError
from labkit.prose import field_root, list_fields

if TYPE_CHECKING:
    from nbformat import NotebookNode

READING = "reading"  # the tag
WORDS = 120  # the longest paragraph
CHOICES = {"choose", "verdict"}
NUMBERS = {"margin"}  # arguments that state a decision of the author and may be typed

_DECIMAL = re.compile(r"(?<![\w.])\d*\.\d+")
_PERCENTAGE = re.compile(r"(?<![\w.])\d+(\.\d+)?\s*(%|percent\b)")


def is_reading(cell: "NotebookNode") -> bool:
    """Say whether a cell is tagged as a reading."""
    return cell.cell_type == "code" and READING in cell.metadata.get("tags", [])


def hide_readings(cells: list["NotebookNode"]) -> None:
    """Collapse the code of readings in JupyterLab, so that nobody reads the answer before running the cell."""
    for cell in cells:
        if is_reading(cell):
            cell.metadata.setdefault("jupyter", {})["source_hidden"] = True


def check_readings(cells: list["NotebookNode"]) -> None:
    """Check the cells that are tagged as readings.

    Parameters
    ----------
    cells : list of nbformat.NotebookNode
        Cells of one notebook.

    Raises
    ------
    UserError
        A reading that breaks a rule; the message quotes the place and says what to do.
    """
    for cell in cells:
        if is_reading(cell):
            for complaint in list_complaints(cell.source):
                raise UserError(f"a reading, {_beginning(cell.source)}: {complaint}")


def list_complaints(source: str) -> Iterator[str]:
    """Yield what is wrong with the code of a reading, most basic fault first.

    Parameters
    ----------
    source : str
        Code of the cell.

    Yields
    ------
    str
        One sentence per fault.
    """
    try:
        body = ast.parse(source).body
    except SyntaxError as error:
        yield f"line {error.lineno} is not Python: {error.msg}"
        return
    call = body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else None
    if not _is_call_of(call, {READING}):
        yield "the cell must be one call of reading(...); move the other code to the cell before"
        return
    if len(call.args) != 1 or not _is_text(call.args[0]):
        yield "its only positional argument is the text, written as one plain string (no f-string, no +)"
        return
    if any(keyword.arg is None for keyword in call.keywords):
        yield "pass each value by name, not with **"
        return
    texts = [call.args[0].value]
    for keyword in call.keywords:
        yield from _argument_complaints(keyword.arg, keyword.value, texts)
    given = {keyword.arg for keyword in call.keywords}
    used: set[str] = set()
    for text in texts:
        try:
            used |= {field_root(field) for field, _ in list_fields(text)}
        except UserError as error:
            yield str(error)
            return
        yield from _text_complaints(text)
    if unknown := sorted(used - given):
        yield f"the text has a field {{{unknown[0]}}}, but no value named {unknown[0]!r} is passed"
    if idle := sorted(given - used):
        yield f"the text has no field for {idle[0]}; add {{{idle[0]}}}, or leave the value out"


def _argument_complaints(name: str, value: ast.expr, texts: list[str]) -> Iterator[str]:
    """Yield what is wrong with one argument; add the wordings of a choice to ``texts``."""
    if _is_call_of(value, CHOICES):
        if any(keyword.arg is None for keyword in value.keywords):
            yield f"{name}: pass each argument of {value.func.id} by name, not with **"
            return
        for part, argument in [("", each) for each in value.args] + [(each.arg, each.value) for each in value.keywords]:
            if _is_text(argument):
                texts.append(argument.value)
            elif not (_is_place(argument) or (part in NUMBERS and isinstance(argument, ast.Constant))):
                yield f"{name}: {_quote(argument)} is computed inside the reading; compute it in the cell before"
        return
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield from _text_complaints(value.value)
        elif isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
            yield f"{name}={value.value} is a typed number; pass the name of a computed one"
        return
    if not _is_place(value):
        yield (
            f"{name}: {_quote(value)} is more than a name, an attribute, an item, choose(...) or verdict(...); "
            "compute it in the cell before"
        )


def _text_complaints(text: str) -> Iterator[str]:
    """Yield what is wrong with the text between the fields of a template."""
    plain = re.sub(r"\{[^{}]*\}", "{}", text)  # the format of a field is no number of the text
    for pattern, what in ((_PERCENTAGE, "percentage"), (_DECIMAL, "decimal")):
        if found := pattern.search(plain):
            yield f"the {what} {found[0]} is typed; pass a computed value and name it as a field"
            return
    for paragraph in re.split(r"\n\s*\n", text):
        if (words := len(paragraph.split())) > WORDS:
            yield f"a paragraph has {words} words, more than {WORDS}; split it, or leave the detail to the figure"


def _is_call_of(node: ast.AST | None, names: set[str]) -> bool:
    """Say whether an expression calls one of these functions by its bare name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _is_text(node: ast.AST) -> bool:
    """Say whether an expression is a plain string; adjacent strings are one."""
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_place(node: ast.AST) -> bool:
    """Say whether an expression only names something: a name, an attribute or an item of one, at any depth."""
    if isinstance(node, ast.Name):
        return True
    if isinstance(node, ast.Attribute):
        return _is_place(node.value)
    return isinstance(node, ast.Subscript) and _is_place(node.value) and _is_key(node.slice)


def _is_key(node: ast.AST) -> bool:
    """Say whether an expression is a key of an item: a constant, a negative number, a name, or a tuple of those."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_key, node.elts))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant) or _is_place(node)


def _quote(node: ast.AST) -> str:
    """Return the code of an expression, shortened."""
    code = ast.unparse(node)
    return repr(code if len(code) <= 60 else f"{code[:60]}...")


def _beginning(source: str) -> str:
    """Return the first words of a cell, to find it by."""
    words = " ".join(source.split())
    return repr(words if len(words) <= 60 else f"{words[:60]}...")
