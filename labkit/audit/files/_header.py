"""The first lines of a CSV: what stands above the names of columns, the names, and the delimiter between them."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labkit.errors import UserError
from labkit.validation import check_columns, escape_controls

HEADER_CHARACTERS = 2**20  # in which the first row must end
DELIMITERS = ",;\t|"
LINES_ABOVE = 30  # titles and blank lines, at most, above the names of columns
TITLES_SHOWN = 4  # of them: they may say what the file is, and what it lacks
DECLARATION = re.compile(r'"?sep=(.)"?[,;\t|]*', re.IGNORECASE)  # what Excel writes and reads


@dataclass(frozen=True)
class Header:
    """The names of columns in a CSV, and where its rows begin.

    Parameters
    ----------
    names : list of str
        Of all columns, as they are asked for where blanks and line breaks are the only difference.
    delimiter : str
        Between them.
    lines : int
        Lines from the top of the file to the end of the names.
    start : int
        Bytes before the first row.
    notes : list of str
        What was left out above the names.
    is_spaced : bool
        Whether there is a blank after each delimiter, which is then no part of a value.
    """

    names: list[str]
    delimiter: str
    lines: int
    start: int
    notes: list[str] = field(default_factory=list)
    is_spaced: bool = False


def read_header(path: Path, wanted: Sequence[str], delimiters: str, *, name: str) -> Header:
    """Find the names of columns in a file of UTF-8 text.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    wanted : sequence of str
        Columns that are asked for: the names are the first row that has them all, and the delimiter the one that gives
        them.
    delimiters : str
        Those that are tried.
    name : str
        What the file is called in messages.

    Returns
    -------
    Header
        Without rows: they begin at ``start``.

    Raises
    ------
    UnicodeDecodeError
        The beginning is not UTF-8.
    UserError
        Columns that are not there or are there twice, or a first row without end.
    """
    with open(path, "rb") as file:
        content = file.read(HEADER_CHARACTERS)
    mark = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    text = codecs.getincrementaldecoder("utf-8")().decode(content[mark:], final=len(content) < HEADER_CHARACTERS)
    lines = io.StringIO(text, newline="").readlines()
    declared = DECLARATION.fullmatch(lines[0].strip()) if lines else None
    if declared:
        delimiters = declared[1]
    first = 1 if declared else 0
    names, delimiter, place, end = _find_names(lines, first, wanted, delimiters, name)
    written, _ = _parse(lines, place, delimiter)
    is_spaced = len(written) > 1 and all(each.startswith(" ") for each in written[1:])
    check_columns(names, wanted, place=escape_controls(name) + (f" (line {place + 1})" if place else ""))
    for column in wanted:
        if names.count(column) > 1:
            raise UserError(f"{name!r} has {names.count(column)} columns called {column!r}; rename one")
    start = mark + len("".join(lines[:end]).encode())
    return Header(names, delimiter, end, start, _note_above(lines[first:place], first, name), is_spaced)


def _find_names(
    lines: Sequence[str], first: int, wanted: Sequence[str], delimiters: str, name: str
) -> tuple[list[str], str, int, int]:
    """Find the first row with all wanted names, or else the likeliest; return also its delimiter, line, and end."""
    found, errors = [], []
    for place in range(first, min(len(lines), first + LINES_ABOVE)):
        if not lines[place].strip(" \r\n,;\t|"):
            continue
        is_first = not found and not errors
        for delimiter in delimiters:
            try:
                names, end = _parse(lines, place, delimiter)
            except csv.Error as error:
                errors += [error] if is_first else []
                continue
            names = _match(names, wanted)
            if set(wanted) <= set(names):
                return names, delimiter, place, end
            found.append((names, delimiter, place, end))
    if errors:
        raise UserError(f"cannot read {name!r} as CSV: {errors[0]}; the first row must hold the names of columns")
    if not found:
        raise UserError(f"{name!r} is empty: it holds blank lines only; export or download it again")

    def rank(each: tuple[list[str], str, int, int]) -> tuple[int, bool, int, int]:
        names, delimiter, place, end = each
        is_title = sum(bool(text.strip()) for text in names) < 2  # one field with text
        return (
            len(set(wanted) & set(names)),
            not is_title,
            _is_continued(lines, end, delimiter, names),
            -place,
            len(names),
        )

    return max(found, key=rank)


def _is_continued(lines: Sequence[str], end: int, delimiter: str, names: Sequence[str]) -> bool:
    """Say whether the line below has as many fields: a comma in a title has not."""
    try:
        return end < len(lines) and len(_parse(lines, end, delimiter)[0]) == len(names)
    except csv.Error:
        return False


def _parse(lines: Sequence[str], place: int, delimiter: str) -> tuple[list[str], int]:
    """Read one row from a line on; return its fields, and the number of the line after it."""
    reader = csv.reader(iter(lines[place:]), delimiter=delimiter)
    fields = next(reader, [])
    end = place + reader.line_num
    if end == len(lines) and sum(map(len, lines)) >= HEADER_CHARACTERS - 3:
        raise csv.Error(f"the first row does not end within {HEADER_CHARACTERS:,} characters")
    return fields, end


def _match(names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Write names as they are asked for where only blanks and line breaks differ: Excel breaks lines in headings."""
    plain = [" ".join(name.split()) for name in names]
    often = Counter(plain)
    asked = {" ".join(column.split()): column for column in wanted if column not in names}
    return [
        asked[short] if short in asked and often[short] == 1 else name for name, short in zip(names, plain, strict=True)
    ]


def _note_above(lines: Sequence[str], first: int, name: str) -> list[str]:
    """Name what stands above the names of columns; blank lines are no loss."""
    texts = [line.strip().strip(",;\t|") for line in lines if line.strip(" \r\n,;\t|")]
    if not texts:
        return []
    shown = [text if len(text) <= 80 else f"{text[:80]}..." for text in texts[:TITLES_SHOWN]]
    more = len(texts) - len(shown)
    return [
        f"the names of columns in {escape_controls(name)} are in line {first + len(lines) + 1}; what stands above them "
        f"was left out: {escape_controls(', '.join(map(repr, shown)))}" + (f" and {more} more" if more else "")
    ]
