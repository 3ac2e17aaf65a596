"""Packed files and other encodings become plain files of UTF-8 text, in a folder that is removed after the audit."""

import bz2
import codecs
import gzip
import lzma
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile, ZipFile

from labkit.audit.files.kinds import PACKED, START, name_members, recognize_kind, text_encoding
from labkit.errors import UserError
from labkit.validation import escape_controls

BLOCK = 2**22  # bytes at a time
DEPTH = 3  # archives within archives


def unpack(path: Path, folder: Path) -> tuple[Path, str, str]:
    """Unpack a file as long as it is packed, and say what it is then.

    Parameters
    ----------
    path : pathlib.Path
        A file.
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    path : pathlib.Path
        The file itself, or what was unpacked from it.
    name : str
        What it is called; a file in an archive has the name that it has there.
    kind : str
        What it is, see `recognize_kind`; nothing packed.
    """
    name = path.name
    for depth in range(DEPTH):
        kind = recognize_kind(path, name)
        if kind not in PACKED.values():
            return path, name, kind
        with _blaming(name, kind), _open_packed(path, name, kind) as (file, inner):
            path = folder / f"unpacked-{depth}"
            with open(path, "wb") as target:
                shutil.copyfileobj(file, target, BLOCK)
        name = inner
    raise UserError(f"{name!r} is packed more than {DEPTH - 1} times; unpack it first")


@contextmanager
def _open_packed(path: Path, name: str, kind: str) -> Iterator[tuple[BinaryIO, str]]:
    """Open what a packed file holds, and give its name."""
    if kind != "zip":
        opened = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}[kind](path, "rb")
        with opened as file:
            yield file, name
        return
    with ZipFile(path) as archive:
        members = [
            member.filename
            for member in archive.infolist()
            if not member.is_dir() and not any(p.startswith((".", "__MACOSX")) for p in member.filename.split("/"))
        ]
        if len(members) != 1:
            holds = f"{len(members)} files, {name_members(members)}" if members else "no file"
            raise UserError(f"{name!r} holds {holds}; unpack it, and name one of them")
        with archive.open(members[0]) as file:
            yield file, members[0].rpartition("/")[2]


@contextmanager
def _blaming(name: str, kind: str) -> Iterator[None]:
    """Turn errors of the libraries that unpack into one line."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, BadZipFile, gzip.BadGzipFile) as error:
        raise UserError(
            f"cannot read {name!r} as CSV: it is packed with {kind} and broken ({error}); copy or download it again"
        ) from error
    except RuntimeError as error:  # of zipfile
        raise UserError(f"{name!r} needs a password; unpack it first, and name the file in it") from error
    except NotImplementedError as error:
        raise UserError(f"cannot unpack {name!r}: {error}; unpack it with another program first") from error


def decode_marked(path: Path, name: str, folder: Path) -> Path:
    """Return a file of UTF-8 text for one whose first bytes tell another encoding (UTF-16, UTF-32), or the file itself.

    Parameters
    ----------
    path : pathlib.Path
        A file of text.
    name : str
        What it is called in messages.
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    pathlib.Path
        The file to read.
    """
    with open(path, "rb") as file:
        encoding = text_encoding(file.read(START))
    if encoding is None:
        return path
    try:
        return _write_decoded(path, folder / "decoded", codecs.getincrementaldecoder(encoding)())
    except UnicodeError as error:
        raise UserError(
            f"cannot read {name!r} as CSV: it begins as {encoding.upper()} and goes on otherwise ({error}); save it "
            "as UTF-8"
        ) from error


def _write_decoded(path: Path, target: Path, decoder: codecs.IncrementalDecoder) -> Path:
    """Decode a file in blocks and write it as UTF-8."""
    with open(path, "rb") as file, open(target, "w", encoding="utf-8", newline="") as out:
        while block := file.read(BLOCK):
            out.write(decoder.decode(block))
        out.write(decoder.decode(b"", final=True))
    return target


def decode_unmarked(path: Path, name: str, folder: Path) -> tuple[Path, str]:
    """Read text that is not UTF-8 as Windows-1252, or with marks for wrong bytes where most of it is UTF-8.

    Parameters
    ----------
    path : pathlib.Path
        A file of text in which some bytes are not UTF-8.
    name : str
        What it is called in messages.
    folder : pathlib.Path
        Where to write.

    Returns
    -------
    path : pathlib.Path
        UTF-8 text.
    note : str
        What was done.
    """
    valid, place, shown = _survey(path), _first_wrong_line(path), escape_controls(name)
    decoder = codecs.getincrementaldecoder("utf-8" if valid else "cp1252")(errors="replace")
    decoded = _write_decoded(path, folder / "decoded", decoder)
    if valid:
        return decoded, (
            f"{shown} is UTF-8 except for some bytes, first in line {place:,}, which are read as "
            "\N{REPLACEMENT CHARACTER}: a group there may be two; save the file as UTF-8 again"
        )
    return decoded, (
        f"{shown} is not UTF-8 (first in line {place:,}) and was read as Windows-1252, the encoding of Western "
        "European Windows; where names look wrong, save the file as UTF-8"
    )


def _survey(path: Path) -> bool:
    """Say whether a file has more letters in UTF-8, ASCII aside, than bytes that are not UTF-8."""
    decoder, valid, wrong = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape"), 0, 0
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            if not text.isascii():
                beyond = [letter for letter in text if letter > "\x7f"]
                surrogates = sum("\udc80" <= letter <= "\udcff" for letter in beyond)
                wrong += surrogates
                valid += len(beyond) - surrogates - beyond.count("\ufeff")
    return valid > wrong


def _first_wrong_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise ValueError(f"{path} is UTF-8")
