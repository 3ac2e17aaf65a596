"""Find the submissions in a folder or a zip, as Moodle, Canvas and nbgrader export them, or sorted by hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.classroom.submissions import _choosing, _zips
from labkit.classroom.submissions._choosing import NOTEBOOK, is_notebook, plain_name
from labkit.classroom.submissions._files import SubmittedFile, is_zip, list_archive, list_folder
from labkit.classroom.submissions._people import REMEDY, KnownStudents, fold, safe_label, split_claims
from labkit.classroom.submissions._platforms import Owner, find_owner, is_platform
from labkit.classroom.submissions.deadlines import read_deadline
from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.classroom.releases import Release


@dataclass(frozen=True)
class Submission:
    """What a student handed in.

    Attributes
    ----------
    student : str
        The id on the roster; without a roster, a name that is safe as one of a file, and that nobody else has.
    files : mapping of str to SubmittedFile
        By notebook, the file that counts; ``read()`` returns its bytes.
    received : datetime or None
        When it was handed in; None where the export does not say.
    late : bool
        Whether it was handed in after the deadline, as far as the export says.
    notes : tuple of str
        What was found: copies, encodings, what was not read, and what is not known.
    problem : str or None
        Why nothing can be graded.
    platform, name, number : str
        Where it comes from ("Moodle", "Canvas", "nbgrader", "folder"), and what the student is called there.
    """

    student: str
    files: Mapping[str, SubmittedFile] = field(default_factory=dict)
    received: datetime | None = None
    late: bool = False
    notes: tuple[str, ...] = ()
    problem: str | None = None
    platform: str = ""
    name: str = ""
    number: str = ""


def find_submissions(
    folder: str | Path, release: "Release", *, deadline: str | datetime | None = None
) -> list[Submission]:
    """Find what each student handed in. Nothing is extracted, and nothing that a student did raises an error.

    Parameters
    ----------
    folder : str or pathlib.Path
        A folder or a zip: an export of Moodle ("Download all submissions"), Canvas or nbgrader, several of them, a
        folder or a zip per student, or a notebook per student.
    release : Release
        What was handed out. Students of its roster who handed in nothing are in the list, too.
    deadline : str or datetime, optional
        See `read_deadline`.

    Returns
    -------
    list of Submission
        In the order of their students.

    Raises
    ------
    UserError
        There is no such folder, it holds no submission, or the deadline is none.
    """
    folder = Path(folder)
    limit = read_deadline(deadline) if deadline is not None else None
    people = KnownStudents(release.students)
    files = list_submitted(folder, release.names, people)
    groups: dict[Owner, list[_choosing.Handed]] = defaultdict(list)
    for file in files:
        owner, name, late, time = find_owner(file.parts, release.names, people.choose_reading)
        loose = owner.platform == "folder" and len(file.parts) == 1
        if loose and file.problem is None and not belongs_to_somebody(file.name):
            continue  # a table of marks, or the like, beside the submissions
        if loose:
            owner = Owner("folder", _choosing.student_of(file.name, release.names))
        stamp = owner.platform == "folder" and len(file.parts) == 3  # STUDENT/ASSIGNMENT/timestamp.txt
        groups[owner].append(_choosing.Handed(file, name or file.name, late, time, stamp))
    if not groups:
        raise UserError(f"{folder} holds no submissions; name the folder with one folder, zip or notebook per student")
    return make_submissions(groups, people, release, limit)


def belongs_to_somebody(name: str) -> bool:
    """Say whether a file beside the folders of students may be a submission."""
    return is_zip(name) or is_notebook(name)


def make_submissions(
    groups: dict[Owner, list[_choosing.Handed]], people: KnownStudents, release: "Release", limit: datetime | None
) -> list[Submission]:
    """Return a submission for each student, from what each owner handed in."""
    by_student: dict[str, list[Owner]] = defaultdict(list)
    unknown: list[Submission] = []
    taken = {fold(student) for student in people.students}

    def leave_out(owner: Owner, problem: str) -> None:
        label = safe_label(owner.label, taken)
        unknown.append(Submission(label, {}, problem=problem, **say_owner(owner)))

    for owner in sorted(groups, key=lambda each: (each.name, each.number)):
        student, problem = people.find(owner)
        if not people.students and not owner.doubt:
            student, problem = safe_label(owner.label, taken), None
        if student is None:
            leave_out(owner, str(problem))
        else:
            by_student[student].append(owner)
    submissions = []
    for student, owners in by_student.items():
        counting, others = settle_claims(student, owners, groups, people)
        named = ", ".join(repr(each.label) for each in others)
        if not counting:
            problem = f"several people hand in as {student} ({named}), and none counts; {REMEDY}"
            submissions.append(Submission(student, problem=problem, **say_owner(owners[0])))
            continue
        for each in others:
            leave_out(each, f"{each.label!r} hands in as {student}, whose own submission is another; {REMEDY}")
        found = [handed for owner in counting for handed in groups[owner]]
        try:
            choice = _choosing.choose_files(found, release, limit, counting[0].platform)
            submission = Submission(
                student, choice.files, choice.received, choice.late, tuple(choice.notes), choice.problem
            )
        except Exception as error:  # whatever a student made: it must not stop the others
            submission = Submission(student, problem=f"the submission cannot be read ({type(error).__name__}: {error})")
        submissions.append(replace(submission, **say_owner(counting[0])))
    for student in people.students.values():
        if student.id not in by_student:
            submissions.append(Submission(student.id, problem="nothing was handed in", name=student.name))
    return sorted([*submissions, *unknown], key=lambda each: each.student)


def settle_claims(
    student: str, owners: Sequence[Owner], groups: dict[Owner, list[_choosing.Handed]], people: KnownStudents
) -> tuple[list[Owner], list[Owner]]:
    """Return which of the owners that were found to be a student count, and which do not."""
    claims = [(owner, export) for owner in owners for export in {export_of(each.file) for each in groups[owner]}]
    return split_claims(claims, [people.is_certain(owner, student) for owner, _ in claims])


def export_of(file: SubmittedFile) -> Path:
    """Return the folder or the zip that a file of a student was listed from."""
    if file.members:
        return file.path
    return file.path.parents[min(len(file.parts), len(file.path.parents)) - 1]


def say_owner(owner: Owner) -> dict[str, str]:
    """Return what a submission says about where it comes from."""
    return {"platform": owner.platform, "name": owner.name, "number": owner.number}


# ---- What is in the folder -------------------------------------------------------------------------------------------


def list_submitted(folder: Path, names: Sequence[str], people: KnownStudents) -> list[SubmittedFile]:
    """Return the files of all students, each with the student's folder, or its name, first."""
    if not folder.exists():
        raise UserError(f"there is no folder or zip {str(folder)!r}; name the one with the submissions")
    if folder.is_file():
        if not is_zip(folder.name):
            raise UserError(f"{str(folder)!r} is neither a folder nor a zip; name one with the submissions")
        files = open_export(SubmittedFile(folder, (), (folder.name,), folder.stat().st_size))
    else:
        files = [file for file in list_folder(folder) if not _zips.is_junk("/".join(file.parts))]
        if len(files) == 1 and files[0].path == folder:
            raise UserError(f"{str(folder)!r}: {files[0].problem}")
        zips = [file for file in files if len(file.parts) == 1 and is_zip(file.name)]
        if zips:
            files = open_exports(files, zips, names, people)
    return unwrap([file for file in files if not _zips.is_junk("/".join(file.parts))], people)


def open_export(file: SubmittedFile) -> list[SubmittedFile]:
    """Return the files in the export of a class."""
    try:
        return list_archive(file, export=True)
    except _zips.BadArchive as error:
        raise UserError(f"{str(file.path)!r} cannot be opened: {error}") from error


def open_exports(
    files: list[SubmittedFile], zips: list[SubmittedFile], names: Sequence[str], people: KnownStudents
) -> list:
    """Return the files with the members of exports in place of the zips.

    A zip that is alone is the export of the class, unless a notebook lies in it as it was handed out. Several are
    exports only where all of them look so: among zips of students, one could claim to be that of others.
    """
    opened: list[SubmittedFile] = []
    for file in zips:
        owner = Owner("folder", _choosing.student_of(file.name, ()))
        if people.students and people.find(owner)[0] is not None:
            return files
        try:
            members = list_archive(file, export=True)
        except _zips.BadArchive:
            return files
        firsts = {member.parts[0] for member in members if not _zips.is_junk("/".join(member.parts))}
        exported = bool(firsts) and all(map(is_platform, firsts))
        alone = len(files) == 1 and not any(
            plain_name(NOTEBOOK.sub("", each)) in map(plain_name, names) for each in firsts
        )
        if not exported and not alone:
            return files
        opened += members
    return [file for file in files if file not in zips] + opened


def unwrap(files: list[SubmittedFile], people: KnownStudents) -> list[SubmittedFile]:
    """Return the files without folders around all submissions: "submitted" of nbgrader, an export that was unpacked."""
    for _ in range(3):
        children: dict[str, set[str]] = defaultdict(set)
        loose = False
        for file in files:
            if len(file.parts) > 1:
                children[file.parts[0]].add(file.parts[1])
            else:
                loose = loose or belongs_to_somebody(file.name)
        if not children or loose or any(map(is_platform, children)):
            return files
        exported = all(all(map(is_platform, names)) for names in children.values())
        only = next(iter(children)) if len(children) == 1 else None
        folders = {file.parts[1] for file in files if len(file.parts) > 2}
        is_student = only is not None and people.students and people.find(Owner("folder", only))[0] is not None
        around = (
            only is not None
            and not is_student
            and (
                "submitted" in (only, *children[only])
                and len(children[only]) == 1
                or only == "submitted"
                or len(folders) > 1
                and not any(is_notebook(file.name) for file in files if len(file.parts) == 2)
            )
        )
        if not exported and not around:
            return files
        files = [replace(file, parts=file.parts[1:]) for file in files if len(file.parts) > 1]
    return files
