"""What a reader of files can leave out silently: other files in a folder, and rows that a quotation mark swallowed."""

import gzip
from collections.abc import Sequence
from pathlib import Path

from labkit.validation import escape_controls, list_some

# Endings of tables that are not counted in a folder of Parquet files.
TABLE_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".arrow", ".feather", ".json", ".jsonl", ".orc", ".xls", ".xlsx")
BLOCK = 2**22  # bytes read at a time
SHOWN = 5  # names of files in a note
MANY = 20  # lines of one value; texts that people write into a field are shorter


def note_other_files(folder: Path, counted: Sequence[Path]) -> list[str]:
    """Name the tables in a folder that are no Parquet files, and were not counted.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    counted : sequence of pathlib.Path
        Files in it that are counted.

    Returns
    -------
    list of str
        One sentence, or none. Hidden files (``.name`` and ``_name``) are left out on purpose and not named.
    """
    others = [
        file.relative_to(folder)
        for file in sorted(set(folder.rglob("*")) - set(counted))
        if file.name.lower().endswith(TABLE_ENDINGS) and file.is_file()
    ]
    others = [file for file in others if not any(part.startswith((".", "_")) for part in file.parts)]
    if not others:
        return []
    named = escape_controls(list_some([repr(file.as_posix()) for file in others], SHOWN))
    return [
        f"only Parquet files were counted in {escape_controls(folder.name)}, which also holds {named}: write all data "
        "in one format, or count the others separately and add the counts"
    ]


def note_swallowed_lines(path: Path, rows: int, *, compressed: bool) -> list[str]:
    """Say where a value of a CSV spans many lines: a quotation mark that is not closed swallows rows.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    rows : int
        Rows that were read from it.
    compressed : bool
        Whether it is compressed with gzip.

    Returns
    -------
    list of str
        One sentence, or none. Texts with a few line breaks are not suspected.
    """
    if _count_line_ends(path, compressed=compressed) <= rows + 1:  # at least as many rows as lines below the header
        return []
    lines, is_open, opened, longest, place = -1, False, 0, 0, 0  # the header is no row
    with gzip.open(path, "rt", encoding="latin-1") if compressed else open(path, encoding="latin-1") as file:
        for number, line in enumerate(file, start=1):
            lines += not line.isspace()
            if line.count('"') % 2:
                is_open = not is_open
                if is_open:
                    opened = number
                elif number - opened >= longest:
                    longest, place = number - opened + 1, opened
    if lines <= rows or longest < MANY:  # a mark inside a value that does not begin with one opens nothing
        return []
    return [
        f"{escape_controls(path.name)} has {rows:,} rows on {lines:,} lines: a quotation mark opens in line {place:,} "
        f"and closes {longest:,} lines on. Where it does not belong there, the rows between are lost: look at that line"
    ]


def _count_line_ends(path: Path, *, compressed: bool) -> int:
    """Count the line ends of a file, of the kind that it has more of; much faster than reading its lines."""
    feeds = returns = 0
    with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
        while block := file.read(BLOCK):
            feeds += block.count(b"\n")
            returns += block.count(b"\r")
    return max(feeds, returns)
