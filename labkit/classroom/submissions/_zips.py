"""Zip archives from students: what is in them, without extracting anything, and within limits.

Nothing is written: members are read into memory when they are asked for. An archive is looked at in its own directory
first, whose size is limited too, since Python reads all of it at once.
"""

import io
import stat
import struct
import unicodedata
import zipfile
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

MEGABYTE = 2**20
MOST_BYTES = 150 * MEGABYTE  # of one file
MOST_TOTAL = 600 * MEGABYTE  # of all files of a student's archive
MOST_ARCHIVE = 300 * MEGABYTE  # of a student's archive itself
BOMB_RATIO, BOMB_BYTES = 100, 200 * MEGABYTE  # an archive that grows this many times beyond this size
MOST_MEMBERS = 2_000  # of a student's archive
MOST_EXPORTED = 50_000  # members of the export of a whole class
DIRECTORY_ENTRY = 46  # bytes at least, and a name
LONGEST_NAME = 1_000  # bytes of a name with its folders

END, END64, LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}  # LZMA may ask for gigabytes of memory
UTF8, ENCRYPTED = 0x800, 0x1  # flags of a member


class BadArchive(Exception):
    """An archive that is not opened; the message says why."""


class BadMember(Exception):
    """A file in an archive that is not read; the message says why."""


@dataclass(frozen=True)
class ZipMember:
    """A file in an archive.

    Attributes
    ----------
    index : int
        Its place in the archive's directory, since names may appear twice.
    parts : tuple of str
        Its folders and its name.
    size : int
        Bytes, as the directory says.
    modified : datetime or None
        Without a time zone, which archives do not have.
    problem : str or None
        Why it is not read.
    encoding : str
        Of its name; empty for ASCII and UTF-8.
    """

    index: int
    parts: tuple[str, ...]
    size: int
    modified: datetime | None
    problem: str | None = None
    encoding: str = ""


def list_members(file: BinaryIO, *, export: bool) -> list[ZipMember]:
    """Return the files in an archive, also those that are not read.

    Parameters
    ----------
    file : binary file
    export : bool
        Whether it holds the submissions of a whole class: then more files are allowed.

    Raises
    ------
    BadArchive
        It is no archive, it is damaged, or too much is in it.
    """
    with open_archive(file, MOST_EXPORTED if export else MOST_MEMBERS) as archive:
        infos = archive.infolist()
    packed = sum(info.compress_size for info in infos)
    total = sum(info.file_size for info in infos)
    if not export and total > BOMB_BYTES and total > BOMB_RATIO * max(packed, 1):
        raise BadArchive(f"it would grow from {say_size(packed)} to {say_size(total)}: a zip bomb")
    if not export and total > MOST_TOTAL:
        raise BadArchive(f"it holds {say_size(total)}; at most {say_size(MOST_TOTAL)} are read")
    members = []
    for index, info in enumerate(infos):
        name, encoding = decode_name(info)
        if info.is_dir() or name.endswith("/"):
            continue
        members.append(make_member(index, info, name, encoding))
    return members


def open_archive(file: BinaryIO, most: int) -> zipfile.ZipFile:
    """Open an archive whose directory is not too large."""
    try:
        check_directory(file, most)
        archive = zipfile.ZipFile(file)
    except BadArchive:
        raise
    except Exception as error:  # zipfile raises half a dozen kinds for damaged archives
        raise BadArchive(f"it is damaged, or no zip archive ({type(error).__name__})") from error
    if len(archive.infolist()) > most:
        archive.close()
        raise BadArchive(f"it holds {len(archive.infolist()):,} files; at most {most:,} are read")
    return archive


def check_directory(file: BinaryIO, most: int) -> None:
    """Raise BadArchive where the directory of an archive holds too many files, before Python reads it."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - 22 - 0xFFFF)
    file.seek(start)
    tail = file.read(22 + 0xFFFF)
    place = tail.rfind(END)
    if place < 0 or place + 22 > len(tail):
        raise BadArchive("it is damaged, or no zip archive")
    count, length = struct.unpack("<HL", tail[place + 10 : place + 16])
    if (count == 0xFFFF or length == 0xFFFFFFFF) and tail[place - 20 : place - 16] == LOCATOR64:
        (offset,) = struct.unpack("<Q", tail[place - 12 : place - 4])
        if offset < size:
            file.seek(offset)
            record = file.read(56)
            if record[:4] == END64 and len(record) == 56:
                count, length = struct.unpack("<QQ", record[32:48])
    if count > most or length > most * (DIRECTORY_ENTRY + 300):
        raise BadArchive(f"it says that it holds {count:,} files; at most {most:,} are read")
    file.seek(0)


def make_member(index: int, info: zipfile.ZipInfo, name: str, encoding: str) -> ZipMember:
    """Return what is known of a member, and whether it may be read."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    kind = stat.S_IFMT(info.external_attr >> 16)
    problem = None
    if name.startswith("/") or name[1:3] == ":/" or ".." in parts:
        problem = "its path leads out of the archive"
        parts = tuple(part for part in parts if part != "..")
    elif len(name) > LONGEST_NAME or not parts:
        problem = "its name is too long" if parts else "it has no name"
    elif stat.S_ISLNK(kind):
        problem = "it is a link to another file"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "it is no ordinary file (a device or the like)"
    elif info.flag_bits & ENCRYPTED:
        problem = "it is encrypted; hand it in without a password"
    elif info.compress_type not in METHODS:
        problem = f"it is compressed by a method that is not read ({info.compress_type}); make an ordinary zip"
    elif info.file_size > MOST_BYTES:
        problem = f"it has {say_size(info.file_size)}; at most {say_size(MOST_BYTES)} are read"
    try:
        modified = datetime(*info.date_time)
    except ValueError:
        modified = None
    if modified is not None and modified.year <= 1980:  # what archives write that know no time
        modified = None
    return ZipMember(index, parts or ("?",), info.file_size, modified, problem, encoding)


def read_member(file: BinaryIO, index: int, most_members: int = MOST_EXPORTED) -> bytes:
    """Return a file in an archive; BadMember says why it cannot be read."""
    try:
        with open_archive(file, most_members) as archive:
            info = archive.infolist()[index]
            if info.compress_type not in METHODS or info.flag_bits & ENCRYPTED or info.file_size > MOST_BYTES:
                raise BadMember("it cannot be read")
            with archive.open(info) as member:
                data = member.read(MOST_BYTES + 1)
    except (BadArchive, BadMember) as error:
        raise BadMember(str(error)) from error
    except Exception as error:  # of zipfile, zlib, bz2, struct: damaged, overlapping, another method
        raise BadMember(f"it is damaged ({type(error).__name__})") from error
    if len(data) > MOST_BYTES:
        raise BadMember(f"it has more than {say_size(MOST_BYTES)}")
    return data


def decode_name(info: zipfile.ZipInfo) -> tuple[str, str]:
    """Return the name of a member, with "/" between folders, and its encoding where that is not ASCII or UTF-8.

    Archives mark UTF-8 by a flag (APPNOTE.TXT 4.4.4, bit 11); without it the name is, by the standard, in code page
    437, which `zipfile` assumes. In fact macOS writes UTF-8 without the flag, and Windows the code page of its
    language: 932 (Shift-JIS) in Japan.
    """
    name, encoding = info.filename, ""
    if not name.isascii() and not info.flag_bits & UTF8:
        name, encoding = guess_name(name)
    return unicodedata.normalize("NFC", name.replace("\\", "/")), encoding


def guess_name(name: str) -> tuple[str, str]:
    """Return a name that was read as code page 437 as what it probably is, and the encoding."""
    try:
        raw = name.encode("cp437")
    except UnicodeEncodeError:
        return name, ""  # of an extra field
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    try:
        japanese = raw.decode("cp932")
    except UnicodeDecodeError:
        return name, "code page 437"
    # Any two bytes of Western accents can be a Japanese character: a name has more of them, side by side.
    words = "".join(sign if not sign.isascii() else " " for sign in japanese).split()
    if all(len(word) >= 2 and any(map(is_japanese, word)) for word in words) and all(
        is_japanese(sign) or "\uff01" <= sign <= "\uff5e" for word in words for sign in word
    ):
        return japanese, "Shift-JIS"
    return name, "code page 437"


def is_japanese(sign: str) -> bool:
    """Say whether a character is kana, kanji, or the mark of a long vowel or a repetition."""
    return "\u3040" <= sign <= "\u30ff" or "\u4e00" <= sign <= "\u9fff" or sign in "\u3005\u3000"


def is_junk(name: str) -> bool:
    """Say whether a file is none that a student handed in, but left by a computer."""
    parts = name.split("/")
    folders = {"__MACOSX", ".ipynb_checkpoints", "__pycache__", ".git", ".venv", ".idea", ".vscode"}
    return bool(folders & set(parts)) or parts[-1].startswith("._") or parts[-1].lower() in JUNK


JUNK = {".ds_store", "thumbs.db", "desktop.ini", ".gitignore", ".gitkeep", "icon\r"}


def say_size(size: int) -> str:
    """Return a number of bytes in words."""
    return f"{size / MEGABYTE:,.0f} MB" if size >= MEGABYTE else f"{size:,} bytes"
