"""Which of a student's files is which notebook, and which counts where there are several."""

import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from labkit.classroom.submissions import _zips
from labkit.classroom.submissions._files import MOST_ARCHIVES, OpenedArchives, SubmittedFile, open_archives
from labkit.classroom.submissions.deadlines import read_time, say_time
from labkit.errors import UserError
from labkit.exercises.words import printable

if TYPE_CHECKING:
    from labkit.classroom.releases import Release

NOTEBOOK = re.compile(r"\.ipynb(?:\.(?:txt|json|html?))?$", re.IGNORECASE)  # browsers append the type
MAYBE = re.compile(r"\.(?:json|txt)$|^[^.]+$", re.IGNORECASE)  # what may be a notebook under another name
MOST_NAMED = 5  # files that a note lists
MOST_LOOKED_AT = 10  # files of a student that are read only to see what they are
MOST_NOTES, LONGEST_NOTE = 20, 400
TIMESTAMP = "timestamp.txt"  # of nbgrader
EARLIEST = datetime(1980, 1, 2, tzinfo=UTC)

_SEPARATORS = re.compile(r"[\s_\-.,;+]+")


@dataclass(frozen=True)
class Handed:
    """A file of a student: the name that the student gave it, and what the export says about it.

    A `stamp` stands where nbgrader writes its ``timestamp.txt``.
    """

    file: SubmittedFile
    name: str
    late: bool = False
    time: str = ""
    stamp: bool = False


@dataclass
class Choice:
    """The files of a student that count, and what is to be said."""

    files: dict[str, SubmittedFile] = field(default_factory=dict)
    received: datetime | None = None
    late: bool = False
    notes: list[str] = field(default_factory=list)
    problem: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A file that may be a notebook of the release.

    Attributes
    ----------
    file : SubmittedFile
    name : str
        As the student gave it.
    received : datetime or None
        When the platform got it.
    late : bool
        Whether the platform calls it late.
    """

    file: SubmittedFile
    name: str
    received: datetime | None
    late: bool


def choose_files(found: Sequence[Handed], release: "Release", limit: datetime | None, platform: str) -> Choice:
    """Return which files of a student count.

    Parameters
    ----------
    found : sequence of Handed
        All that the student handed in.
    release : Release
        Its names, and its exercises, by which renamed notebooks are recognized.
    limit : datetime, optional
        The deadline.
    platform : str
        Where the files come from.
    """
    choice = Choice()
    candidates, others = list_candidates(found, choice)
    sorted_out: dict[str, list[Candidate]] = defaultdict(list)
    strange = []
    for candidate in candidates:
        name = notebook_of(candidate.name, release.names)
        if name is None and len(strange) < MOST_LOOKED_AT:
            name = recognize_content(candidate, release, choice)
        if name is None:
            strange.append(candidate)
        else:
            sorted_out[name].append(candidate)
    if len(strange) == 1 and len(release.names) == 1 and not sorted_out:
        name = release.names[0]
        choice.notes.append(f"{strange[0].file.shown(1)} was taken for {name}: it is the only notebook")
        sorted_out[name] = [strange.pop()]
    if strange:
        listed = list_file_names([each.file for each in strange])
        choice.notes.append(f"{listed}: no notebook that was handed out; not graded")
    for name in release.names:
        if sorted_out[name]:
            choose_one(name, sorted_out[name], choice, limit)
    if others:
        choice.notes.append(f"{list_file_names(others)}: no notebook; not graded")
    if not choice.files and choice.problem is None:
        choice.problem = "no notebook that was handed out is among the files; hand in the .ipynb file"
        if not candidates and not others:
            choice.problem = "the submission holds no files that can be read"
    say_times(choice, limit, found, platform)
    choice.notes = [note if len(note) <= LONGEST_NOTE else f"{note[:LONGEST_NOTE]}..." for note in choice.notes]
    if len(choice.notes) > MOST_NOTES:
        choice.notes[MOST_NOTES:] = [f"and {len(choice.notes) - MOST_NOTES:,} notes more"]
    return choice


def list_candidates(found: Sequence[Handed], choice: Choice) -> tuple[list[Candidate], list[SubmittedFile]]:
    """Return the files that may be notebooks, and the others; what cannot be read is noted."""
    candidates, others = [], []
    stamps = read_stamps(found, choice)
    looked_at, opened = 0, OpenedArchives()
    for each in found:
        skip = 1 if len(each.file.parts) > 1 else 0
        for file in open_archives(each.file, choice.notes, skip, opened):
            if _zips.is_junk("/".join(file.parts)) or file.name == TIMESTAMP:
                continue
            if file.encoding:
                note_once(choice, f"names in the archive are in the encoding {file.encoding}")
            if file.problem is not None:
                choice.notes.append(f"{file.shown(skip)} was not read: {file.problem}")
                continue
            name = each.name if file is each.file else file.name
            if file.size == 0:
                choice.notes.append(f"{file.shown(skip)} is empty")
                continue
            accepted = is_notebook(name)
            if not accepted and MAYBE.search(name) and looked_at < MOST_LOOKED_AT:
                looked_at += 1
                accepted = looks_like_notebook(file)
            if accepted:
                received = read_time(each.time, otherwise=UTC) if each.time else find_stamp(stamps, file)
                candidates.append(Candidate(file, name, received, each.late))
            else:
                others.append(file)
    if opened.left:
        reason = f"there are more than {MOST_ARCHIVES} archives, or {_zips.MOST_MEMBERS:,} files in them"
        choice.notes.insert(0, f"{opened.left:,} zip archives were not opened: {reason}")
    return candidates, others


def note_once(choice: Choice, sentence: str) -> None:
    """Add a note that is not there yet."""
    if sentence not in choice.notes:
        choice.notes.append(sentence)


def read_stamps(found: Sequence[Handed], choice: Choice) -> dict[tuple[str, ...], datetime]:
    """Return, by folder, what nbgrader wrote down as the time at which it was handed in."""
    stamps = {}
    for each in found:
        if each.file.name != TIMESTAMP:
            continue
        if not each.stamp and not each.time:
            choice.notes.append(f"{each.file.shown(1)} is the student's own, and says nothing about when it came")
        elif each.stamp and each.file.size < 1_000:
            try:
                text = each.file.read().decode("utf-8", "replace")
            except UserError:
                text = ""
            # nbgrader takes a time without a zone as UTC (nbgrader/utils.py, parse_utc).
            if (moment := read_time(text, otherwise=UTC)) is not None:
                stamps[each.file.parts[:-1]] = moment
            else:
                choice.notes.append(f"{each.file.shown(1)} holds no time: {printable(text.strip())[:60]!r}")
    return stamps


def find_stamp(stamps: dict[tuple[str, ...], datetime], file: SubmittedFile) -> datetime | None:
    """Return the time written down in the folder of a file, or in one around it."""
    for length in range(len(file.parts) - 1, 0, -1):
        if file.parts[:length] in stamps:
            return stamps[file.parts[:length]]
    return None


def choose_one(name: str, candidates: list[Candidate], choice: Choice, limit: datetime | None) -> None:
    """Choose the file that counts for a notebook: the last one before the deadline."""
    on_time = [each for each in candidates if not is_late(each, limit)]
    pool = on_time or candidates
    chosen = max(pool, key=lambda each: rank(each, name))
    if len(candidates) > 1:
        listed = list_file_names([each.file for each in candidates])
        by = "the last one"
        if len(on_time) not in (0, len(candidates)):
            by = "the last one before the deadline"
        choice.notes.append(
            f"{name} was handed in {len(candidates)} times ({listed}); {chosen.file.shown(1)} counts, "
            f"{by}{say_rank(pool, name)}"
        )
    choice.files[name] = chosen.file
    if chosen.received is not None and (choice.received is None or chosen.received > choice.received):
        choice.received = chosen.received
    choice.late = choice.late or is_late(chosen, limit)


def is_late(candidate: Candidate, limit: datetime | None) -> bool:
    """Say whether a file is late, as far as it is known."""
    if limit is not None and candidate.received is not None:
        return candidate.received > limit
    return candidate.late


def rank(candidate: Candidate, name: str) -> tuple:
    """Return by what a file is later than another one."""
    known = candidate.received is not None
    moment = candidate.file.modified or EARLIEST
    return known, candidate.received or EARLIEST, copy_number(candidate, name), moment, candidate.file.parts


def copy_number(candidate: Candidate, name: str) -> int:
    """Return the number that a name ends in: 1 for "04_measuring (1).ipynb"; -1 where the name is another one."""
    _, found, rest = plain_name(NOTEBOOK.sub("", candidate.name)).rpartition(plain_name(name))
    number = re.search(r"(\d{1,9})\D*$", rest)
    return (int(number[1]) if number else 0) if found else -1


def say_rank(pool: list[Candidate], name: str) -> str:
    """Return by what the last one was found, in words."""
    if all(each.received is not None for each in pool):
        return ""
    if len({copy_number(each, name) for each in pool}) > 1:
        return " by the numbers in the names, since the times at which they were handed in are not known"
    return " by the times of the files, since those at which they were handed in are not known"


def say_times(choice: Choice, limit: datetime | None, found: Sequence[Handed], platform: str) -> None:
    """Note what is known about when it was handed in."""
    if not choice.files:
        return
    if choice.received is not None:
        if limit is not None and choice.late:
            choice.notes.append(f"it was handed in {say_time(choice.received)}, after the deadline ({say_time(limit)})")
    elif any(each.late for each in found):
        choice.notes.append(f"{platform} marks it as late")
    elif limit is not None and platform == "Canvas":
        choice.notes.append("Canvas does not mark it as late by its own deadline; its export does not say more")
    elif limit is not None:
        unknown = "when it was handed in is not known, and so it does not count as late"
        last = max((file.modified for file in choice.files.values() if file.modified), default=None)
        if platform == "folder" and last is not None:
            side = "after" if last > limit else "before"
            unknown += (
                f"; the file was last changed {say_time(last)}, {side} the deadline, which copying may have changed"
            )
        choice.notes.append(unknown)


# ---- Names and content -----------------------------------------------------------------------------------------------


def is_notebook(name: str) -> bool:
    """Say whether a file is a notebook, by its name."""
    return NOTEBOOK.search(name) is not None


def looks_like_notebook(file: SubmittedFile) -> bool:
    """Say whether a file is a notebook, by its content."""
    try:
        data = file.read()
    except UserError:
        return False
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b'"cell_type"' in data


def plain_name(name: str) -> str:
    """Return a name without differences of case, width of letters, and separators."""
    return _SEPARATORS.sub("_", unicodedata.normalize("NFKC", name).casefold()).strip("_")


def notebook_of(file_name: str, names: Sequence[str]) -> str | None:
    """Return the notebook that a file is named after: "04_measuring" for "04_measuring (1).ipynb"."""
    stem = plain_name(NOTEBOOK.sub("", file_name))
    fitting = [name for name in names if re.search(rf"(?<![^\W_]){re.escape(plain_name(name))}(?![^\W\d_])", stem)]
    return max(fitting, key=len) if fitting else None


def student_of(file_name: str, names: Sequence[str]) -> str:
    """Return whose a notebook or zip is, by its name: what is left without the name of the notebook."""
    stem = unicodedata.normalize("NFC", re.sub(r"\.zip$", "", NOTEBOOK.sub("", file_name), flags=re.IGNORECASE))
    for name in names:
        pattern = r"[\s_\-]*".join(map(re.escape, re.split(r"[\s_\-]+", name)))
        rest = re.sub(pattern, "", stem, flags=re.IGNORECASE).strip(" _-.,;+")
        if rest and rest != stem and not re.fullmatch(r"\(?\d*\)?", rest):
            return rest
    return stem


def recognize_content(candidate: Candidate, release: "Release", choice: Choice) -> str | None:
    """Return the notebook that a file with another name is, by the exercises in it."""
    try:
        data = candidate.file.read()
    except UserError as error:
        choice.notes.append(str(error))
        return None
    text = data.decode(json.detect_encoding(data), errors="replace")
    asked = set(re.findall(r"check\(\s*\\?[\"'](\d\d\.\d+)\\?[\"']", text))
    counts = {name: len(asked & set(release.exercises(name))) for name in release.names}
    for name in release.names:
        counts[name] += f'check_copy(\\"{name}\\"' in text
    best = max(counts, key=counts.get)
    if not counts[best]:
        return None
    choice.notes.append(f"{candidate.file.shown(1)} was recognized as {best} by its content")
    return best


def list_file_names(files: Sequence[SubmittedFile]) -> str:
    """Return the names of files, in words."""
    names = [file.shown(1 if len(file.parts) > 1 else 0) for file in files[:MOST_NAMED]]
    more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return ", ".join(names) + more
