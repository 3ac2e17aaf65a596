"""What a file is, by its first bytes: a name may end in anything, and a download may be a page that asks to log in."""

import re
import stat
from difflib import get_close_matches
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from labkit.errors import UserError
from labkit.validation import escape_controls, list_some

START = 4096  # bytes that are looked at
PARQUET_ENDINGS = (".parquet", ".pq")
PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zip")
TEXT_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
OTHER_ENDINGS = (".jsonl", ".ndjson", ".json", ".feather", ".arrow")
READ = "CSV (also packed: .gz, .bz2, .xz, .zip), Parquet, Excel, JSON lines, Feather, or a folder of Parquet files"

PACKED = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
PACKED |= {b"BZh%d1AY&SY" % level: "bzip2" for level in range(1, 10)}
TABLES = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "excel"}
# What is recognized and cannot be read, and what to do about it.
SAVE = "save its table as CSV or Parquet"
REFUSED = {
    b"%PDF": ("a PDF document", SAVE),
    b"SQLite format 3": ("a SQLite database", "export the table as CSV"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unpack it first: zstd -d"),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "unpack it first, and name the file in it"),
    b"Rar!": ("a RAR archive", "unpack it first, and name the file in it"),
    b"FEA1": ("Feather in its first version", "write it again with pyarrow, or as Parquet"),
    b"\xff\xff\xff\xff": ("a stream of Arrow", "write it as a file: Feather or Parquet"),
    b"ORC": ("an ORC file", "write it as Parquet"),
    b"Obj\x01": ("an Avro file", "write it as Parquet"),
    b"\x89HDF": ("an HDF5 file", SAVE),
    b"$FL2": ("an SPSS file", SAVE),
    b"<stata_dta>": ("a Stata file", SAVE),
    b"RDX": ("a file of R", "write it as CSV: write.csv(data, row.names = FALSE)"),
    b"X\n\x00": ("a file of R", "write it as CSV: write.csv(data, row.names = FALSE)"),
    b"\x80\x04\x95": ("a pickle of Python", "write it as Parquet: frame.to_parquet(...)"),
    b"\x80\x05\x95": ("a pickle of Python", "write it as Parquet: frame.to_parquet(...)"),
}
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)  # pathlib leaves one slash of two


def file_ending(path: Path) -> str:
    """Return the part of a file's name that says what it is, such as ``.csv.gz``; empty where nothing says so.

    Parameters
    ----------
    path : pathlib.Path
        A file, which need not exist.

    Returns
    -------
    str
        As it is written, so that ``removesuffix`` takes it.
    """
    name = path.name.lower()
    packed = next((ending for ending in PACKED_ENDINGS if name.endswith(ending)), "")
    plain = name.removesuffix(packed)
    known = (*TEXT_ENDINGS, *PARQUET_ENDINGS, *EXCEL_ENDINGS, *OTHER_ENDINGS)
    ending = next((ending for ending in known if plain.endswith(ending) and plain != ending), "") + packed
    return path.name[len(name) - len(ending) :] if ending else ""


def check_path(path: Path) -> None:
    """Say what is meant by a path that is neither a file nor a folder, or that cannot be read."""
    if found := ADDRESS.fullmatch(str(path)):
        raise UserError(f"'{found[1]}://{found[2]}' is an address; download the file first, and name the file")
    if path.is_dir():
        return
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise UserError(f"{str(path)!r} is not a regular file; write what it holds to a file, and name that")
        with open(path, "rb"):
            return
    except PermissionError as error:
        raise UserError(f"you may not read {str(path)!r}; ask its owner, or give yourself the right (chmod)") from error
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {str(path)!r}{_hint(path)}") from None


def _hint(path: Path) -> str:
    """Say what may be meant by a path that does not exist."""
    if path.is_symlink():
        return f"; the link leads to {str(path.readlink())!r}, which does not exist"
    if re.search(r"[*?\[]", str(path)):
        return "; patterns are not read: name one file, or a folder of Parquet files, all of which are counted"
    if str(path).startswith("~"):
        return "; write the path of your home folder in place of ~"
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist either"
    close = get_close_matches(path.name, [other.name for other in path.parent.iterdir()])
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else "; check the path"


def recognize_kind(path: Path, name: str) -> str:
    """Say what a file is: "gzip", "bzip2", "xz", "zip", "parquet", "arrow", "excel", "json", or "text".

    Parameters
    ----------
    path : pathlib.Path
        A file.
    name : str
        What it is called in messages, and whose ending decides what text may be.

    Returns
    -------
    str
        The kind.

    Raises
    ------
    UserError
        A file without a byte, a page, an archive of several files, or data of a program that is not read here.
    """
    with open(path, "rb") as file:
        start = file.read(START)
    if not start:
        raise UserError(f"{name!r} is empty: it has 0 bytes; export or download it again")
    is_text = not re.search(rb"[\x00-\x08\x0e-\x1f]", start)  # columns may be called PAR1 or ORCID
    for magic, (kind, remedy) in REFUSED.items():
        if start.startswith(magic) and not (is_text and magic.isalnum()):
            raise UserError(f"{name!r} is {kind}, whatever its name; {remedy}")
    if start[257:262] == b"ustar":
        raise UserError(f"{name!r} is an archive of several files (tar); unpack it first, and name the file in it")
    for magic, kind in (PACKED | TABLES).items():
        if start.startswith(magic) and not (is_text and magic.isalnum()):
            return "excel" if kind == "zip" and _is_workbook(path) else kind
    ending = Path(name).suffix.lower()
    if ending in PARQUET_ENDINGS:
        raise UserError(f"cannot read {name!r} as Parquet: it does not begin as Parquet does; write the file again")
    return _kind_of_text(start, name, ending)


def _is_workbook(path: Path) -> bool:
    """Say whether a zip archive is a workbook of Excel or LibreOffice."""
    try:
        with ZipFile(path) as archive:
            names = set(archive.namelist())
            is_open = "mimetype" in names and b"opendocument.spreadsheet" in archive.read("mimetype")
    except (BadZipFile, OSError):
        return False
    return is_open or any(part.startswith("xl/workbook.") for part in names)


def _kind_of_text(start: bytes, name: str, ending: str) -> str:
    """Tell pages and JSON from tables in text, and text from other bytes."""
    begins = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begins.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<!--")):
        shown = escape_controls(" ".join(begins[:60].decode("latin-1").split()))
        raise UserError(
            f"{name!r} is a page of the web and no table (it begins with {shown!r}): often one that asks to log in; "
            "open its address in a browser, and download the file again"
        )
    if ending in (".jsonl", ".ndjson", ".json") or begins.startswith((b'{"', b"[{", b"[\n", b"[\r\n")):
        return "json"
    if b"\x00" in start and text_encoding(start) is None:
        raise UserError(f"{name!r} is no table that is read here; save it as one of these: {READ}")
    return "text"


def text_encoding(start: bytes) -> str | None:
    """Return the encoding that the first bytes of a text tell, other than UTF-8; None if they tell none."""
    for mark, encoding in (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if start.startswith(mark):
            return encoding
    even, odd = start[0:200:2], start[1:200:2]  # text in Latin letters has a zero in every second byte
    if even and odd and not even.count(0) and odd.count(0) > 0.8 * len(odd):
        return "utf-16-le"
    if even and odd and not odd.count(0) and even.count(0) > 0.8 * len(even):
        return "utf-16-be"
    return None


def name_members(names: list[str]) -> str:
    """Write the names of files in an archive, or of sheets, for a message."""
    return escape_controls(list_some([repr(name) for name in names]))
