"""Which student of the roster is meant by a name that a platform, a folder or a file has."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from labkit.classroom.submissions._platforms import Owner

if TYPE_CHECKING:
    from labkit.classroom.releases import Student

CHOSEN = ("Moodle", "Canvas")  # platforms where a student may be able to choose the name that is shown
REMEDY = "put the submission in a folder with the student's id as its name"
LONGEST = 60  # characters of the name by which results are kept
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


class KnownStudents:
    """The students of a roster, found by what they are called.

    Who may choose what: the number of a person in Canvas, and the names of folders that a teacher or nbgrader made, are
    not a student's choice; the name that Moodle and Canvas show may be. So on those platforms ids and addresses do not
    count as names, unless the roster has no name of the person.
    """

    def __init__(self, students: Sequence["Student"]):
        self.students = {each.id: each for each in students}
        self.by_number = defaultdict(set)
        self.by_key = defaultdict(set)
        self.by_name = defaultdict(set)
        self.numbers: dict[str, str] = {}  # of Canvas, by student
        for each in students:
            columns = getattr(each, "columns", {}) or {}
            if getattr(each, "platform", "") == "Canvas" and columns.get("ID"):
                self.by_number[columns["ID"]].add(each.id)
                self.numbers[each.id] = columns["ID"]
            for key in (each.id, each.login, each.folder, each.email, each.email.partition("@")[0]):
                if key:
                    self.by_key[fold(key)].add(each.id)
            for name in spellings(each.name):
                self.by_name[name].add(each.id)

    def find(self, owner: Owner) -> tuple[str | None, str | None]:
        """Return the id of a student, or why none can be named."""
        if owner.doubt:
            return None, f"{owner.doubt}; {REMEDY}"
        if owner.platform == "Canvas" and owner.number in self.by_number:
            found = self.by_number[owner.number]
        else:
            found = self.find_named(owner)
        if len(found) > 1:
            several = ", ".join(sorted(found)[:5])
            return None, f"{owner.name!r} may be several students of the roster ({several}); {REMEDY}"
        if not found:
            return None, f"{owner.label!r} is nobody on the roster; {REMEDY}"
        student = next(iter(found))
        if owner.platform == "Canvas" and self.numbers.get(student, owner.number) != owner.number:
            return None, (
                f"{owner.label!r} has the name of {student}, whose number in Canvas is {self.numbers[student]}, not "
                f"{owner.number}; {REMEDY}"
            )
        return student, None

    def find_named(self, owner: Owner) -> set[str]:
        """Return the students that a name may mean."""
        name = fold(owner.name)
        named = self.by_name.get(keep_letters(name), set())
        keyed = self.by_key.get(name, set())
        if owner.platform in CHOSEN:
            return named or {each for each in keyed if not self.students[each].name}
        found = keyed or named
        if not found and owner.platform == "folder":
            parts = [part for part in re.split(r"[\s_.,;()-]+", name) if part]
            found = set().union(*(self.by_key.get(part, set()) for part in parts)) if parts else set()
        return found

    def choose_reading(self, owners: Sequence[Owner]) -> Owner | None:
        """Return which person a file of Canvas is of, whose name can be read in two ways, "x_5_6_7_FILE".

        Either "x" is the name, 5 the person, 6 the file, and the student's name of it begins with 7; or "x_5" is the
        name, 6 the person, 7 the file. Nobody chooses the number of a file, so where 6 is a person of the roster, it is
        that person; unless "x" is the name of person 5, too.
        """
        if len(owners) == 2 and owners[1].number in self.by_number:
            first, second = owners
            if not self.by_number.get(first.number, set()) & self.find_named(first):
                return second
        return None

    def is_certain(self, owner: Owner, student: str) -> bool:
        """Say whether an owner is a student by what the roster has, and no student may choose."""
        if owner.platform == "Canvas":
            return self.numbers.get(student) == owner.number
        return owner.platform not in CHOSEN and fold(owner.name) == fold(student)


def split_claims(claims: Sequence[tuple[Owner, Hashable]], certain: Sequence[bool]) -> tuple[list[Owner], list[Owner]]:
    """Return which owners are the person whom all of them claim to be, and which are not.

    Parameters
    ----------
    claims : sequence of (Owner, hashable)
        Each with the export that it is from: the numbers of Moodle are those of an assignment.
    certain : sequence of bool
        Whether an owner is the person by more than a name.
    """
    numbers = defaultdict(set)
    for owner, export in claims:
        if owner.platform in CHOSEN and owner.number:
            numbers[owner.platform, export if owner.platform == "Moodle" else ""].add(owner.number)
    if all(len(each) < 2 for each in numbers.values()):
        return list(dict.fromkeys(owner for owner, _ in claims)), []
    right = [owner for (owner, _), sure in zip(claims, certain, strict=True) if sure]
    return list(dict.fromkeys(right)), list(dict.fromkeys(owner for owner, _ in claims if owner not in right))


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
