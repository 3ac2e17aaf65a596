"""What a reader of files can leave out silently: other files in a folder, and rows that a quotation mark swallowed."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from labkit.audit.files.kinds import EXCEL_ENDINGS, OTHER_ENDINGS, PACKED_ENDINGS, TEXT_ENDINGS
from labkit.errors import UserError
from labkit.validation import escape_controls, list_some

# Endings of tables, and of archives of tables, that are not counted in a folder of Parquet files.
TABLE_ENDINGS = (
    *TEXT_ENDINGS,
    *EXCEL_ENDINGS,
    *OTHER_ENDINGS,
    *PACKED_ENDINGS,
    ".orc",
    ".avro",
    ".dta",
    ".sav",
    ".rds",
)
# What formats are called where a folder holds several; others by their endings.
FORMATS = {"CSV": TEXT_ENDINGS, "Excel": EXCEL_ENDINGS, "JSON": OTHER_ENDINGS[:3], "Feather": OTHER_ENDINGS[3:]}
# Names, without endings, of files that describe data and hold none.
DESCRIPTIONS = {"readme", "license", "licence", "copying", "notice", "changelog", "changes", "manifest", "metadata"}
DESCRIPTIONS |= {"schema", "codebook", "data_dictionary", "datapackage"}
FIRST = 3  # names of files of each format in a message
BLOCK = 2**22  # bytes read at a time
SHOWN = 100  # names of files in a note
MANY = 20  # lines of one value; texts that people write into a field are shorter


def list_other_files(folder: Path, counted: Sequence[Path] = ()) -> list[str]:
    """List the tables in a folder that are no Parquet files.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    counted : sequence of pathlib.Path
        Files in it that are counted.

    Returns
    -------
    list of str
        Their paths from the folder on. Hidden files (``.name`` and ``_name``) are left out on purpose and not named.
    """
    others = [
        file.relative_to(folder)
        for file in sorted(set(folder.rglob("*")) - set(counted))
        if file.name.lower().endswith(TABLE_ENDINGS) and file.is_file()
    ]
    return [file.as_posix() for file in others if not any(part.startswith((".", "_")) for part in file.parts)]


def note_other_files(folder: Path, counted: Sequence[Path]) -> list[str]:
    """Name the files in a folder that a reader of tables could count, and that only describe those that are counted.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    counted : sequence of pathlib.Path
        Its Parquet files.

    Returns
    -------
    list of str
        One sentence, or none.

    Raises
    ------
    UserError
        The folder also holds tables in another format: nobody can tell whether they are a part of the data.
    """
    others = list_other_files(folder, counted)
    tables = [name for name in others if not _is_description(name)]
    if tables:
        raise UserError(_say_formats(folder, counted, tables))
    if not others:
        return []
    named = escape_controls(list_some(list(map(repr, others)), SHOWN))
    return [f"only Parquet files were counted in {escape_controls(folder.name)}, which also holds {named}"]


def _is_description(name: str) -> bool:
    """Say whether a file describes data by its name, and holds none."""
    return PurePosixPath(name).name.lower().partition(".")[0].replace("-", "_") in DESCRIPTIONS


def _say_formats(folder: Path, counted: Sequence[Path], tables: Sequence[str]) -> str:
    """Say how many files of each format a folder holds, and what to do."""
    formats: dict[str, list[str]] = {"Parquet": [file.relative_to(folder).as_posix() for file in counted]}
    for name in tables:
        formats.setdefault(_name_format(name), []).append(name)
    found = [
        f"{len(names):,} {kind} file{'' if len(names) == 1 else 's'} ({list_some(list(map(repr, names)), FIRST)})"
        for kind, names in formats.items()
    ]
    several = "two" if len(formats) == 2 else str(len(formats))
    return escape_controls(
        f"the folder {str(folder)!r} holds files of {several} formats: {', '.join(found[:-1])} and {found[-1]}. Only "
        "files of one format are counted together: write all that belong to the data as Parquet, or move the others to "
        "another folder (a pattern such as *.parquet is not taken: name a folder whose files are all Parquet, or one "
        "file)"
    )


def _name_format(name: str) -> str:
    """Name the format of a table by the ending of its file."""
    plain = name.lower()
    for ending in PACKED_ENDINGS:
        plain = plain.removesuffix(ending)
    ending = PurePosixPath(plain).suffix or PurePosixPath(name.lower()).suffix
    return next((kind for kind, endings in FORMATS.items() if ending in endings), ending.lstrip(".").upper())


def note_swallowed_lines(path: Path, rows: int, ends: int, *, name: str) -> list[str]:
    """Say where a value of a CSV spans many lines: a quotation mark that is not closed swallows rows.

    Parameters
    ----------
    path : pathlib.Path
        A file of UTF-8 text.
    rows : int
        Rows that were read from it.
    ends : int
        Its line ends, see `count_line_ends`.
    name : str
        What it is called in messages.

    Returns
    -------
    list of str
        One sentence, or none. Texts with a few line breaks are not suspected.
    """
    if ends <= rows + 1:  # at least as many rows as lines below the header
        return []
    lines, is_open, opened, longest, place = -1, False, 0, 0, 0  # the header is no row
    with open(path, encoding="latin-1") as file:
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
        f"{escape_controls(name)} has {rows:,} rows on {lines:,} lines: a quotation mark opens in line {place:,} "
        f"and closes {longest:,} lines on. Where it does not belong there, the rows between are lost: look at that line"
    ]


def count_line_ends(path: Path) -> int:
    """Count the line ends of a file, of the kind that it has more of; much faster than reading its lines."""
    feeds = returns = 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            feeds += block.count(b"\n")
            returns += block.count(b"\r")
    return max(feeds, returns)
