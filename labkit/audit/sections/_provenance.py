"""Where the numbers of an audit come from: the file, the command, the versions and the settings."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from labkit.audit.text import format_name


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
        What repeats it in a shell, in the folder of the file.
    versions : mapping of str to str
        Package -> version.
    parts : sequence of (str, int, str)
        Name, bytes and sha256 of each file that was counted; names are below the folder, with slashes.
    duplicates : str
        How many rows are the same as an earlier one in all columns, or why nobody looked.
    duplicate_rows : int, optional
        Their number; None where nobody looked.
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
    parts: Sequence[tuple[str, int, str]] = ()
    duplicates: str = ""
    duplicate_rows: int | None = None


def provenance_section(provenance: Provenance | None) -> str:
    """Write the section of the page on where its numbers come from, as HTML; nothing where nobody says."""
    if provenance is None:
        return ""
    files = "" if provenance.files == 1 else f" ({provenance.files:,} files)"
    rows = {
        "Source": f"{provenance.source}{files}",
        "Size": f"{provenance.size:,} bytes",
        "Rows": f"{provenance.rows:,}",
        "Duplicate rows": provenance.duplicates,
        "SHA-256": provenance.sha256,
        "Date": provenance.date,
        "Command": provenance.command,
        "Versions": ", ".join(f"{name} {version}" for name, version in provenance.versions.items()),
    }
    listed = "".join(
        f"<dt>{html.escape(name)}</dt><dd><code>{html.escape(format_name(text))}</code></dd>"
        for name, text in rows.items()
        if text
    )
    settings = "".join(
        f"<dt>{html.escape(format_name(name))}</dt><dd><code>{html.escape(format_name(str(value)))}</code></dd>"
        for name, value in provenance.settings.items()
    )
    if settings:
        settings = f'<details><summary>All settings</summary><dl class="facts">{settings}</dl></details>\n'
    return f"""<h2 id="provenance">Where the numbers come from</h2>
<dl class="facts">{listed}</dl>
{settings}"""
