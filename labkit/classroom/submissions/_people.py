"""Which student of the roster is meant by a name that a platform, a folder or a file has."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.classroom.submissions._platforms import Owner

if TYPE_CHECKING:
    from labkit.classroom.releases import Student

LONGEST = 60  # characters of the name by which results are kept
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


class KnownStudents:
    """The students of a roster, found by what they are called."""

    def __init__(self, students: Sequence["Student"]):
        self.students = {each.id: each for each in students}
        self.by_number = defaultdict(set)
        self.by_key = defaultdict(set)
        self.by_name = defaultdict(set)
        for each in students:
            columns = getattr(each, "columns", {}) or {}
            if getattr(each, "platform", "") == "Canvas" and columns.get("ID"):
                self.by_number[columns["ID"]].add(each.id)
            for key in (each.id, each.login, each.folder, each.email, each.email.partition("@")[0]):
                if key:
                    self.by_key[fold(key)].add(each.id)
            for name in spellings(each.name):
                self.by_name[name].add(each.id)

    def find(self, owner: Owner) -> tuple[str | None, str | None]:
        """Return the id of a student, or why none can be named."""
        name = fold(owner.name)
        found = self.by_number.get(owner.number, set()) if owner.platform == "Canvas" else set()
        found = found or self.by_key.get(name, set()) or self.by_name.get(keep_letters(name), set())
        if not found and owner.platform == "folder":
            parts = [part for part in re.split(r"[\s_.,;()-]+", name) if part]
            found = set().union(*(self.by_key.get(part, set()) for part in parts)) if parts else set()
        if len(found) == 1:
            return next(iter(found)), None
        if found:
            several = ", ".join(sorted(found)[:5])
            return None, (
                f"{owner.name!r} may be several students of the roster ({several}); put each submission in a folder "
                "with the student's id as its name"
            )
        return None, (
            f"{owner.label!r} is nobody on the roster; put the submission in a folder with the student's id as its name"
        )


def spellings(name: str) -> set[str]:
    """Return a full name as platforms may write it: parts in any rotation, without what stands between them."""
    parts = [keep_letters(part) for part in re.split(r"[\s,_]+", fold(name)) if keep_letters(part)]
    rotations = {"".join(parts[start:] + parts[:start]) for start in range(len(parts))}
    if "," in name:  # "Last, First Middle"
        last, _, first = fold(name).partition(",")
        rotations |= {keep_letters(last) + keep_letters(first), keep_letters(first) + keep_letters(last)}
    return rotations


def fold(text: str) -> str:
    """Return a text without differences of case, accents, width of letters, and spaces."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    plain = "".join(sign for sign in plain if not "\u0300" <= sign <= "\u036f")  # accents of Latin, Greek, Cyrillic
    return " ".join(unicodedata.normalize("NFC", plain).replace("_", " ").split())


def keep_letters(text: str) -> str:
    """Return only the letters and digits of a text."""
    return "".join(sign for sign in text if sign.isalnum())


def safe_label(name: str, taken: set[str]) -> str:
    """Return a name that can be one of a file on every system, and that nobody else has."""
    safe = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .")[:LONGEST].strip(" .") or "unnamed"
    safe = "".join(sign if sign.isprintable() else "_" for sign in safe)
    label, copies = safe, 1
    while fold(label) in taken:
        copies += 1
        label = f"{safe} ({copies})"
    taken.add(fold(label))
    return label
