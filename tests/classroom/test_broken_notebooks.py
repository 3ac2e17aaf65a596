"""Files of notebooks that are broken, in other formats or encodings, or made to break their reader."""

import json
import random
import re
import time

import pytest

from labkit.classroom.submissions import recognize
from tests.classroom.exports import RELEASED, answered, notebook
from tests.classroom.test_recognizing import EXERCISES, GOOD, take_answers

GERMAN = "größe = 'für Zoë'"


def with_cell(source, **more):
    """Return a submission with one more code cell on top."""
    return [{"cell_type": "code", "metadata": {}, "outputs": [], "id": "own", "source": source} | more, *answered()]


def text(cells=None, *, ascii_only=True):
    """Return the text of a notebook."""
    made = {"cells": answered() if cells is None else cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=ascii_only)


def old_format(version):
    """Return a notebook of format 2 or 3."""
    cells = []
    for cell in answered():
        made = {"cell_type": cell["cell_type"], "metadata": {}}
        if cell["cell_type"] == "code":
            made |= {"input": cell["source"].splitlines(keepends=True), "language": "python", "outputs": []}
        else:
            made["source"] = cell["source"]
        cells.append(made)
    return json.dumps({"nbformat": version, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]})


def conflict(at):
    """Return a notebook with the marks of a merge conflict at the source of a cell."""
    lines = text().split("\n")
    place = next(number for number, line in enumerate(lines) if at in line)
    lines[place : place + 1] = ["<<<<<<< HEAD", lines[place], "=======", lines[place], ">>>>>>> 1a2b3c4"]
    return "\n".join(lines)


def cut_behind(at):
    """Return a notebook that ends in the middle of a cell."""
    whole = text()
    return whole[: whole.index(at) + 10]


LINES = [cell | {"source": cell["source"].splitlines(keepends=True)} for cell in answered()]

# Bytes, the exercises that are lost, and what is said about the notebook.
READ = {
    "UTF-8 with a byte order mark": (b"\xef\xbb\xbf" + notebook(), "", ""),
    "UTF-16": (text(with_cell(GERMAN), ascii_only=False).encode("utf-16"), "", "in the encoding UTF-16"),
    "UTF-16 without a mark": (text(with_cell(GERMAN), ascii_only=False).encode("utf-16-le"), "", "UTF-16"),
    "UTF-32": (text(with_cell(GERMAN), ascii_only=False).encode("utf-32"), "", "UTF-32"),
    "Latin-1": (text(with_cell(GERMAN), ascii_only=False).encode("latin-1"), "", "encoding Latin-1"),
    "Windows": (text(with_cell("euro = '€'"), ascii_only=False).encode("cp1252"), "", "encoding Latin-1"),
    "a few wrong bytes": (text(with_cell(GERMAN * 3), ascii_only=False).encode() + b"\xff \xfe", "", "2 bytes"),
    "format 4.0 without kernel": (notebook(nbformat_minor=0, metadata={}), "", ""),
    "metadata that are a list": (notebook(metadata=[1, 2]), "", ""),
    "another kernel": (notebook(metadata={"kernelspec": {"language": "R", "name": "ir"}}), "", ""),
    "format 3": (old_format(3).encode(), "", "old format 3"),
    "format 2": (old_format(2).encode(), "", "old format 2"),
    "no format": (notebook(nbformat=None), "", "no format that is known"),
    "format '4'": (notebook(nbformat="4"), "", "no format that is known"),
    "lines": (notebook(LINES), "", ""),
    "lines that are no text": (notebook([LINES[0] | {"source": ["a", 1, None]}, *LINES[1:]]), "", "cell 1 has lines"),
    "a source that is a number": (notebook(with_cell(17)), "", "source of cell 1 is no text but 17"),
    "cells that are none": (notebook([None, 3, *answered(), "x"]), "", "cell 1 is no cell but null"),
    "half a character": (notebook(with_cell("x = '\ud83d'")), "", "cell 1 holds half a character"),
    "a null byte": (notebook(with_cell("x = 1\0")), "", ""),
    "control characters in the file": (text().replace("\\n", "\n").encode(), "", ""),
    "NaN": (notebook(metadata={"x": float("nan")}), "", ""),
    "cut off in the last exercise": (
        cut_behind("difference = rates[").encode(),
        "04.3",
        "cut off; 14 whole cells could be read",
    ),
    "cut off in the first": (cut_behind("def alarm_rates").encode(), "04.1 04.2 04.3", "6 whole cells"),
    "a conflict in an answer": (conflict('"voices = ').encode(), "04.2", "merge conflict .line"),
    "a conflict in metadata": (conflict('"nbformat_minor"').encode(), "", "merge conflict"),
    "a conflict in outputs": (conflict('"outputs"').encode(), "", "merge conflict"),
    "a comma too many": (
        text().replace('"cell_type": "code",', '"cell_type": "code",,', 1).encode(),
        "",
        "mistake in line",
    ),
    "text behind it": (notebook() + b"\nthe end", "", "17 whole cells"),
    "two notebooks in one file": (notebook() + notebook(), "", "mistake in line"),
}

UNREADABLE = {
    "empty": (b"", "empty"),
    "blanks": (b" \n\0\0 ", "empty"),
    "a web page": (b"<!DOCTYPE html><html></html>", "web page"),
    "a PDF": (b"%PDF-1.7", "PDF"),
    "a document": (b"PK\x03\x04" + bytes(100), "zip archive, or a document of Word"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "Git LFS"),
    "Python": (b"import numpy\nx = 1\n", "broken"),
    "random bytes": (random.Random(0).randbytes(5_000), "broken"),
    "a list": (b"[1, 2]", "other JSON"),
    "a number": (b"12", "other JSON"),
    "no cells": (b"{}", "no list of cells"),
    "cells that are a number": (b'{"cells": 3, "nbformat": 4}', "no list of cells"),
    "an empty list": (notebook([]), "no cells"),
    "only null": (notebook([None] * 5), "no cells"),
    "format 5": (notebook(nbformat=5), "format 5; formats 3 and 4"),
    "format 1": (b'{"nbformat": 1, "cells_of_old": []}', "format 1"),
    "another notebook": (notebook([{"cell_type": "code", "id": "q", "source": "print(1)"}]), "another notebook"),
    "too deep": (b'{"cells": ' + b"[" * 200_000, "."),
    "too deep, closed": (b"[" * 200_000 + b"]" * 200_000, "nested too deeply"),
    "too many values": (b'{"cells": [' + b"[]," * 9_000_000 + b"[]]}", "more than 8,000,000 values"),
    "too many cells": (notebook([{}] * 5_001), "5,001 cells"),
    "too much text": (notebook([{"source": "x" * 4_000_000}] * 6), "24,000,000 characters"),
    "a long number": (b'{"cells": ' + b"9" * 100_000 + b"}", "."),
}


@pytest.mark.parametrize("name", READ)
def test_files_that_can_be_read(name):
    """Encodings, formats and accidents cost what is lost in them, and are remarked."""
    data, lost, says = READ[name]
    found = recognize(RELEASED, data)
    assert found.problem is None
    remarks = " | ".join(found.remarks)
    assert re.search(says, remarks) if says else not remarks
    assert take_answers(found) == {each: None if each in lost else GOOD[each] for each in EXERCISES}
    assert set(found.notes) >= set(lost.split()) and (says or not found.notes)


@pytest.mark.parametrize("name", UNREADABLE)
def test_files_that_cannot_be_read(name):
    """What they are is named."""
    data, says = UNREADABLE[name]
    found = recognize(RELEASED, data)
    assert re.search(says, found.problem) and not found.cells


def test_letters_of_other_encodings_arrive():
    """They are what the student wrote."""
    for encoding in ("utf-8", "utf-16", "latin-1"):
        found = recognize(RELEASED, text(with_cell(GERMAN), ascii_only=False).encode(encoding))
        assert found.cells[0].source == GERMAN


def test_fifty_megabytes_of_outputs():
    """They are read in well under three seconds, and nothing of them is kept."""
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo" * 100_000}}
    numbers = {"output_type": "display_data", "metadata": {}, "data": {"application/json": [0.125] * 100_000}}
    printed = {"output_type": "stream", "name": "stdout", "text": ["A line, of text.\n"] * 50_000}
    cells = answered()
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = [picture, numbers, printed, printed, printed]
    data = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert len(data) > 50_000_000
    began = time.process_time()
    found = recognize(RELEASED, data)
    assert time.process_time() - began < 3
    assert found.cells == recognize(RELEASED, notebook()).cells and not found.remarks


# ---- Made to break the reader ----------------------------------------------------------------------------------------

SLOW = {
    "many cells": lambda: notebook(
        [{"cell_type": "code", "source": f"alarm_rates = {n}"} for n in range(4_900)] + answered()
    ),
    "many cells with one id": lambda: notebook(
        [{"cell_type": "code", "id": "exercise-04-1", "source": f"a{n} = 1"} for n in range(4_900)]
    ),
    "a chain of names, and no given cell": lambda: notebook(
        [{"cell_type": "code", "source": "voices = x0"}]
        + [{"cell_type": "code", "source": f"x{n} = x{n + 1} + people + rates"} for n in range(4_900)]
        + [cell for cell in answered() if cell["id"] == "shown" or "exercise" in cell["id"]]
    ),
    "a long line": lambda: notebook(with_cell("x" * 3_000_000)),
    "names and commas": lambda: notebook(with_cell("a, " * 1_000_000)),
    "brackets": lambda: notebook(with_cell("a" + "[]" * 1_000_000 + "\n" + "a" + "[" * 1_000_000)),
    "blanks": lambda: notebook(with_cell("a" + " " * 3_000_000 + "b\n" + "import " + " " * 900_000)),
    "quotes": lambda: notebook(with_cell("'''\"\"\"'\"" * 400_000)),
    "escaped quotes": lambda: notebook(with_cell("'" + "\\'" * 1_500_000)),
    "comments": lambda: notebook(with_cell("#" * 1_000_000 + "\n" + "# \n" * 500_000)),
    "imports": lambda: notebook(with_cell("import (" * 400_000)),
    "a check without end": lambda: notebook(
        with_cell("from labkit.exercises import check\n" * 50_000 + 'check("04.1"' + ", (" * 50_000)
    ),
    "hints": lambda: notebook(with_cell("hint()\n" * 200)),
    "loops": lambda: notebook(with_cell("for " + "a " * 1_000_000 + "\nwith " + "as a " * 500_000)),
    "broken cells": lambda: b'{"cells": [' + b'{"cell_type":' * 30_000,
    "a broken cell with quotes": lambda: b'{"cells": [' + b'{"cell_type": "code", "source": "' * 30_000,
    "marks of conflicts": lambda: b"<<<<<<< a\n" * 500_000,
}


@pytest.mark.parametrize("name", SLOW)
def test_no_file_takes_long(name):
    """Patterns and comparisons take time in proportion to the file, or are limited."""
    data = SLOW[name]()
    began = time.process_time()
    recognize(RELEASED, data)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_is_never_an_error(seed):
    """Whatever happens to the bytes or the JSON of a notebook, it is read, or its problem is named."""
    chance = random.Random(seed)
    data = bytearray(notebook())
    if seed % 2:
        for _ in range(chance.randint(1, 30)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 1, 50))] = chance.choice(
                (b"", b"{", b"]", b'"', b"\\", b"\0", b"null", b"\xff", b"\n<<<<<<< x\n", chance.randbytes(3))
            )
    else:
        made = json.loads(data)
        for _ in range(chance.randint(1, 10)):
            spoil(made, chance)
        data = json.dumps(made).encode()
    found = recognize(RELEASED, bytes(data))
    assert (found.problem is None) == bool(found.after)
    assert set(found.notes) <= set(EXERCISES) and all(0 <= each <= len(found.cells) for each in found.after.values())
    assert all(isinstance(cell.source, str) for cell in found.cells)
    json.dumps([cell.source for cell in found.cells], ensure_ascii=False).encode()  # can be written as UTF-8


def spoil(made, chance):
    """Change something somewhere in JSON."""
    while True:
        key = chance.choice(list(made)) if isinstance(made, dict) else chance.randrange(len(made))
        if not isinstance(made[key], (dict, list)) or not made[key] or chance.random() < 0.1:
            break
        made = made[key]
    strange = [None, 3, -1.5, True, "", "exercise-04-1", "\ud800", "x" * 100, [], {}, [None], {"id": 1}, made[key]]
    made[key] = chance.choice(strange)
    if isinstance(made, list) and chance.random() < 0.3:
        chance.shuffle(made)
