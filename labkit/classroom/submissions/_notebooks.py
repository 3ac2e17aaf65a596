"""A notebook as a student handed it in, which may be damaged: its bytes, its JSON, and its cells.

Only ids, types and sources of cells are read. Nothing here trusts the file: sizes are limited before something is read
into memory, and what is wrong becomes a sentence.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from labkit.exercises.words import printable

MEGABYTE = 2**20
MOST_BYTES = 150 * MEGABYTE  # of a notebook; 50 MB of outputs are nothing unusual
MOST_VALUES = 8_000_000  # numbers, texts and the like in its JSON, each of which takes up to 72 bytes in memory
MOST_CELLS = 5_000
MOST_SOURCE = 4 * MEGABYTE  # characters of a cell
MOST_SOURCES = 20 * MEGABYTE  # characters of all cells
LONGEST_ID = 64  # characters, as in notebook format 4.5
MOST_FAILURES = 20  # cells of a broken notebook that cannot be read, until the rest is given up

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|\|{7})(?: |$)|^={7}$", re.MULTILINE)
_CELLS = re.compile(r'"cells"\s*:\s*\[')
_CELL = re.compile(r'\{\s*"(?:cell_type|attachments|id|execution_count|metadata)"\s*:')
_HALF = re.compile("[\ud800-\udfff]")
_BEGINNINGS = {
    "<": "it is a web page (HTML)",
    "%PDF": "it is a PDF",
    "PK\x03\x04": "it is a zip archive, or a document of Word",
    "{\\rtf": "it is a text of a word processor (RTF)",
    "version https://git-lfs": "it only says where Git LFS keeps the notebook",
}


@dataclass
class SubmittedCell:
    """A cell of a submission.

    Attributes
    ----------
    position : int
        Its place in the notebook, counted from 1.
    id : str
        "" where it has none.
    kind : str
        "code", "markdown", "raw", or whatever the file says.
    source : str
    """

    position: int
    id: str
    kind: str
    source: str


@dataclass
class Parsed:
    """What could be read of a notebook: cells, what was found, and why nothing can be read."""

    cells: list[SubmittedCell] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problem: str | None = None


def parse_submitted(data: bytes) -> Parsed:
    """Read the bytes of a notebook. Nothing that they hold raises an error."""
    found = Parsed()
    if len(data) > MOST_BYTES:
        found.problem = f"the file has {len(data) / MEGABYTE:,.0f} MB; at most {MOST_BYTES // MEGABYTE} MB are read"
        return found
    text = decode_notebook(data, found.remarks)
    if not text.strip("\0 \t\r\n"):
        found.problem = "the file is empty"
        return found
    for beginning, kind in _BEGINNINGS.items():
        if text.lstrip().startswith(beginning):
            found.problem = f"this is no notebook: {kind}; hand in the .ipynb file itself"
            return found
    if too_many_values(text):
        found.problem = f"the file holds more than {MOST_VALUES:,} values; clear the outputs and hand it in again"
        return found
    try:
        raw = cells_of(json.loads(text, strict=False), found)
    except RecursionError:
        found.problem = "the file is no notebook: its JSON is nested too deeply"
    except ValueError as error:
        raw = rescue_cells(text, error, found)
    if found.problem is None:
        read_cells(raw, found)
    return found


def decode_notebook(data: bytes, remarks: list[str]) -> str:
    """Return the text of a notebook, in whatever encoding it is; what is not UTF-8 is remarked."""
    encoding = json.detect_encoding(data)  # by the byte order mark, or by zeros among the first bytes
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8" and encoding != "utf-8-sig":
            remarks.append(f"the file is damaged {encoding.upper()} text; what could not be read was replaced")
            return data.decode(encoding, errors="replace")
        text = data.decode(encoding, errors="surrogateescape")
        wrong = len(_HALF.findall(text))
        right = sum(len(each) for each in re.findall("[^\x00-\x7f\ud800-\udfff]+", text))
        if right >= wrong:
            remarks.append(f"{wrong} bytes of the file are no UTF-8; they were replaced")
            return data.decode(encoding, errors="replace")
        remarks.append("the file is in the encoding Latin-1, and not in UTF-8; it was read nevertheless")
        try:
            return data.decode("cp1252")
        except UnicodeDecodeError:
            return data.decode("latin-1")
    if encoding.startswith(("utf-16", "utf-32")):
        remarks.append(
            f"the file is in the encoding {encoding[:6].upper()}, and not in UTF-8; it was read nevertheless"
        )
    return text


def too_many_values(text: str) -> bool:
    """Say whether the JSON would take too much memory; texts are left out only where the quick count is too high."""
    if sum(map(text.count, ",[{")) <= MOST_VALUES:
        return False
    return sum(map(_STRING.sub('""', text).count, ",[{")) > MOST_VALUES


def cells_of(notebook: Any, found: Parsed) -> list:
    """Return the cells in the JSON of a notebook, whatever they are."""
    if not isinstance(notebook, dict):
        found.problem = "the file is no notebook: it holds other JSON"
        return []
    version = notebook.get("nbformat")
    if isinstance(notebook.get("cells"), list):
        if type(version) is int and version > 4:
            found.problem = f"the notebook has format {version}; formats 3 and 4 can be read: save it as format 4"
        elif version != 4:
            found.remarks.append(f"the notebook has no format that is known ({say_value(version)}); it was read as 4")
        return notebook["cells"]
    if isinstance(sheets := notebook.get("worksheets"), list):
        found.remarks.append(f"the notebook has the old format {say_value(version)}; it was read nevertheless")
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        return [cell for cells in lists if isinstance(cells, list) for cell in cells]
    if type(version) is int and version not in (3, 4):
        found.problem = f"the notebook has format {version}; formats 3 and 4 can be read: save it as format 4"
    else:
        found.problem = "the notebook has no list of cells"
    return []


def say_value(value: Any) -> str:
    """Return a value of the file, for a message."""
    return printable(json.dumps(value))[:40]


# ---- Broken files ----------------------------------------------------------------------------------------------------


def rescue_cells(text: str, error: ValueError, found: Parsed) -> list:
    """Return the whole cells of a notebook whose JSON is broken, and remark how it is broken."""
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        damage = f"the file holds the marks of a merge conflict (line {line:,}: {conflict[0].strip()})"
    elif text.rstrip().endswith("}"):
        place = f"line {error.lineno:,}" if isinstance(error, json.JSONDecodeError) else "somewhere"
        damage = f"the file is broken: its JSON has a mistake in {place}"
    else:
        damage = "the file is broken: it is cut off"
    start = _CELLS.search(text)
    cells, complete = walk_cells(text, start.end()) if start is not None else ([], False)
    if not cells:
        found.problem = f"{damage}; open it in Jupyter, save it and hand it in again"
        return []
    count = f"{len(cells)} whole cell{'s' if len(cells) > 1 else ''}"
    rest = "" if complete else ", and the rest was given up"
    found.remarks.append(f"{damage}; {count} could be read{rest}")
    return cells


def walk_cells(text: str, start: int) -> tuple[list, bool]:
    """Return the cells that can be read one by one, and whether the whole text was gone through."""
    decoder = json.JSONDecoder(strict=False)
    cells: list = []
    failures, place = 0, start
    while (match := _CELL.search(text, place)) is not None:
        try:
            cell, place = decoder.raw_decode(text, match.start())
            if isinstance(cell, dict) and isinstance(cell.get("cell_type"), str):
                cells.append(cell)
        except (ValueError, RecursionError):
            failures += 1
            if failures >= MOST_FAILURES:
                return cells, False
            place = match.end()
    return cells, True


# ---- Cells -----------------------------------------------------------------------------------------------------------


def read_cells(raw: list, found: Parsed) -> None:
    """Read id, type and source of each cell; what is none is left out and remarked."""
    if len(raw) > MOST_CELLS:
        found.problem = f"the notebook has {len(raw):,} cells; at most {MOST_CELLS:,} are read"
        return
    total = 0
    for position, cell in enumerate(raw, start=1):
        if not isinstance(cell, dict):
            found.remarks.append(f"cell {position} is no cell but {say_value(cell)}; it was left out")
            continue
        source = source_text(cell, position, found.remarks)
        total += len(source)
        identifier = cell.get("id")
        kind = cell.get("cell_type")
        found.cells.append(
            SubmittedCell(
                position,
                identifier[:LONGEST_ID] if isinstance(identifier, str) else "",
                kind if isinstance(kind, str) else "",
                source,
            )
        )
    if total > MOST_SOURCES:
        found.problem = f"the cells hold {total:,} characters; at most {MOST_SOURCES:,} are read"
    elif not found.cells:
        found.problem = "the notebook has no cells"


def source_text(cell: dict, position: int, remarks: list[str]) -> str:
    """Return the source of a cell, from text or a list of lines."""
    source = cell.get("source", cell.get("input", ""))  # "input" of code cells in format 3
    if isinstance(source, list):
        lines = [line for line in source if isinstance(line, str)]
        if len(lines) < len(source):
            remarks.append(f"cell {position} has lines that are no text; they were left out")
        source = "".join(lines)
    elif not isinstance(source, str):
        remarks.append(f"the source of cell {position} is no text but {say_value(source)}; it was left out")
        return ""
    if len(source) > MOST_SOURCE:
        remarks.append(f"cell {position} holds {len(source):,} characters; it was left out")
        return ""
    if _HALF.search(source):
        # "\ud83d\ude00" in JSON is one character; half of such a pair is none, and Python runs no source with it.
        remarks.append(f"cell {position} holds half a character (U+D800 to U+DFFF); it was replaced")
        source = _HALF.sub("\N{REPLACEMENT CHARACTER}", source)
    return source
