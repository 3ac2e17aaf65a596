"""Whose a file is, by the names that learning platforms give to what they export.

Moodle, ``mod/assign/classes/downloader.php``: the prefix is the full name, in which "_" becomes a space, "_" and a
number of this assignment (in group submissions, the group and its number; "Participant" where marking is anonymous);
then "_assignsubmission_" and the plugin, "file" or "onlinetext". By default that is a folder (older versions end it
with "_"); without the preference "Download submissions in folders" it begins the name of each file.

Canvas, ``lib/content_zipper.rb``: flat files ``NAME_LATE_USER_FILE_NAME.ipynb``. NAME is "last, first" in lower case
without all that is no letter, digit or "_"; LATE is there where Canvas calls the submission late; USER and FILE are
numbers. Where marking is anonymous, NAME is missing and USER is "anon_" and five characters. Texts and links have
no FILE. A file that was uploaded again under the same name ends in "-1", "-2" and so on
(``Attachment.make_unique_filename``).

nbgrader: ``submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb`` with a ``timestamp.txt``; in the exchange, folders
``STUDENT+ASSIGNMENT+TIME`` or ``STUDENT+ASSIGNMENT+TIME+SECRET`` (``nbgrader/exchange/default/submit.py``).

None of the archives says when something was handed in: Canvas's members have the time of the export (canvas-lms issue
2219), and Moodle's, too (``files/classes/local/archive_writer/zip_writer.php`` sets none).
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<rest>.*))?", re.DOTALL
)
CANVAS = re.compile(
    r"(?:(?:(?P<late_too>LATE)_)?(?P<anonymous>anon_[A-Za-z0-9]{5})|(?P<name>\w+?)_(?:(?P<late>LATE)_)?(?P<number>\d+))_"
    r"(?:\d+_(?P<rest>.+)|(?P<text>text|link)\.html)",
    re.DOTALL,
)
EXCHANGE = re.compile(
    r"(?P<name>.+)\+(?P<assignment>[^+]+)\+(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? \w+)(?:\+.*)?", re.DOTALL
)


@dataclass(frozen=True)
class Owner:
    """Whose a file is, as the export says.

    Attributes
    ----------
    platform : str
        "Moodle", "Canvas", "nbgrader" or "folder".
    name : str
        Of the student (or the group), as the platform writes it.
    number : str
        By which the platform tells students of one name apart; empty where it does not.
    """

    platform: str
    name: str
    number: str = ""

    @property
    def label(self) -> str:
        """The name by which results are kept where there is no roster."""
        return f"{self.name}_{self.number}" if self.number and self.name else self.name or self.number


def is_platform(name: str) -> bool:
    """Say whether a folder or a file has a name that a platform gives."""
    return any(pattern.fullmatch(name) for pattern in (MOODLE, CANVAS, EXCHANGE))


def find_owner(parts: Sequence[str]) -> tuple[Owner, str, bool, str]:
    """Return whose a file is by its first folder or its name.

    Returns
    -------
    tuple of (Owner, str, bool, str)
        The owner; the name of the file as the student gave it, empty where the folder alone says whose it is; whether
        the platform calls it late; and when it was handed in, empty where the name does not say.
    """
    first = unicodedata.normalize("NFC", parts[0])
    if match := MOODLE.fullmatch(first):
        return Owner("Moodle", match["name"], match["number"] or ""), match["rest"] or "", False, ""
    if match := EXCHANGE.fullmatch(first):
        return Owner("nbgrader", match["name"]), "", False, match["time"]
    if len(parts) == 1 and (match := CANVAS.fullmatch(first)):
        rest = match["rest"] or f"{match['text']}.html"
        late = bool(match["late"] or match["late_too"])
        return Owner("Canvas", match["name"] or "", match["number"] or match["anonymous"]), rest, late, ""
    return Owner("folder", first), "", False, ""
