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

Canvas takes "_5_" out of names (``sanitize_user_name``), but not "_5 _", whose blank goes later, and nothing out of the
names of files. So a student may choose numbers before USER and after FILE, and nothing in such a name says which
ones Canvas wrote: a file that can be read as that of two people is nobody's, until a teacher says whose it is. Two
things help: the number that begins the name of a notebook is no FILE, and nobody chooses a FILE (``choose_reading``).

nbgrader: ``submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb`` with a ``timestamp.txt``; in the exchange, folders
``STUDENT+ASSIGNMENT+TIME`` or ``STUDENT+ASSIGNMENT+TIME+SECRET`` (``nbgrader/exchange/default/submit.py``).

None of the archives says when something was handed in: Canvas's members have the time of the export (canvas-lms issue
2219), and Moodle's, too (``files/classes/local/archive_writer/zip_writer.php`` sets none).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_(?:file|onlinetext)(?:_(?P<rest>.*))?", re.DOTALL
)
MOODLE_FOLDER = re.compile(
    r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_(?:file|onlinetext)_?(?P<rest>)", re.DOTALL
)
ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<number>anon_[A-Za-z0-9]{5})_(?:\d+_(?P<rest>.+)|(?:text|link)\.html)", re.DOTALL
)
CANVAS = re.compile(  # looks ahead, so that every place at which USER may stand is found
    r"(?=_(?P<late>LATE_)?(?P<number>[1-9][0-9]*)_(?:(?P<file>[1-9][0-9]*)_(?P<rest>.+)|(?:text|link)\.html\Z))",
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
    doubt : str
        Why nobody can say whose it is; empty where that is clear.
    """

    platform: str
    name: str
    number: str = ""
    doubt: str = ""

    @property
    def label(self) -> str:
        """The name by which results are kept where there is no roster."""
        return f"{self.name}_{self.number}" if self.number and self.name else self.name or self.number


def is_platform(name: str) -> bool:
    """Say whether a folder or a file has a name that a platform gives."""
    named = any(pattern.fullmatch(name) for pattern in (MOODLE, ANONYMOUS, EXCHANGE))
    return named or bool(read_canvas(name, ()))


def find_owner(
    parts: Sequence[str], names: Sequence[str] = (), choose: Callable[[Sequence[Owner]], Owner | None] = lambda _: None
) -> tuple[Owner, str, bool, str]:
    """Return whose a file is by its first folder or its name.

    Parameters
    ----------
    parts : sequence of str
        Its folders and its name.
    names : sequence of str, optional
        Notebooks that were handed out: "14_monitoring".
    choose : callable, optional
        Returns which of several people a file of Canvas is of; None where that is not certain.

    Returns
    -------
    tuple of (Owner, str, bool, str)
        The owner; the name of the file as the student gave it, empty where the folder alone says whose it is; whether
        the platform calls it late; and when it was handed in, empty where the name does not say.
    """
    first = unicodedata.normalize("NFC", parts[0])
    if match := (MOODLE if len(parts) == 1 else MOODLE_FOLDER).fullmatch(first):
        return Owner("Moodle", match["name"], match["number"] or ""), match["rest"] or "", False, ""
    if match := EXCHANGE.fullmatch(first):
        return Owner("nbgrader", match["name"]), "", False, match["time"]
    if len(parts) == 1 and (match := ANONYMOUS.fullmatch(first)):
        return Owner("Canvas", "", match["number"]), match["rest"] or first, bool(match["late"]), ""
    if len(parts) == 1 and (found := read_canvas(first, names)):
        owners = [owner for owner, _, _ in found]
        if len({each.number for each in owners}) == 1:
            return owners[-1], found[-1][1], any(late for _, _, late in found), ""
        if (chosen := choose(owners)) is not None:
            return *found[owners.index(chosen)], ""
        numbers = " or ".join(dict.fromkeys(each.number for each in owners))
        doubt = f"{first!r} may be a file of several people, by Canvas's number {numbers}"
        return Owner("Canvas", first, doubt=doubt), found[-1][1], False, ""
    return Owner("folder", first), "", False, ""


def read_canvas(name: str, names: Sequence[str]) -> list[tuple[Owner, str, bool]]:
    """Return each way to read the name of a file as one that Canvas gave: owner, the student's name of it, late.

    >>> [owner.label for owner, _, _ in read_canvas("x_5_6_77_04_measuring.ipynb", ["04_measuring"])]
    ['x_5', 'x_5_6']
    >>> [owner.label for owner, _, _ in read_canvas("ada_6_77_14_monitoring.ipynb", ["14_monitoring"])]
    ['ada_6']
    """
    found, ends = [], 0  # of the name of a notebook, which is not read as a number of Canvas
    for match in CANVAS.finditer(name):
        student = name[: match.start()]
        is_name = re.fullmatch(r"\w+", student) and not any(sign.isupper() for sign in student)
        if not is_name or (match["file"] and match.start("file") < ends):
            continue
        rest = match["rest"] or name[match.end("number") + 1 :]
        for each in names:
            if rest.casefold().startswith(each.casefold()):
                ends = max(ends, len(name) - len(rest) + len(each))
        found.append((Owner("Canvas", student, match["number"]), rest, bool(match["late"])))
    return found
