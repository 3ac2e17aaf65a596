"""Where the numbers of an audit come from: the file, the command, the versions and the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provenance:
    """What somebody needs in order to compute an audit again, and to know of which file it was.

    Parameters
    ----------
    source : str
        Name of the file or folder, without the folders above it.
    files : int
        How many files were counted, at least 1.
    size : int
        Bytes of all of them.
    rows : int
        Rows of all of them.
    sha256 : str
        Of the file as it lies on the disk, in hexadecimal; for a folder, of the names and hashes of its files.
    date : str
        When the audit ran, in UTC, as ISO 8601 writes it.
    command : str
        What repeats it in a shell; ``""`` where it was called from Python.
    versions : mapping of str to str
        Package -> version.
    settings : mapping of str to str
        Option -> value, also those that nobody set.
    """

    source: str
    files: int
    size: int
    rows: int
    sha256: str
    date: str
    command: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
