"""Write a release: what is handed out to students, and what stays with the teacher."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from labkit.cache import REPOSITORY
from labkit.classroom.releases import _nbgrader, _readme
from labkit.classroom.releases._folders import (
    checksums,
    find_changed,
    find_others,
    folder_aside,
    move_away,
    name_others,
    put_in_place,
)
from labkit.classroom.releases._notebooks import notebook_bytes, parse_notebook_file, released_cells, vary_notebook
from labkit.classroom.releases.released import BASE, FORMAT, MANIFEST, Release, load_release, read_manifest
from labkit.classroom.releases.rosters import Student, read_roster
from labkit.errors import UserError, choose_notebooks
from labkit.exercises.checking import find_exercise
from labkit.validation import list_some
from labkit.version import __version__

NOTEBOOKS = REPOSITORY / "notebooks"
CONSTRAINTS = REPOSITORY / "constraints.txt"
SHORTEST = 8  # characters of a seed that is not guessed at once


def release(
    names: Iterable[str],
    output: str | Path,
    *,
    seed: str | None = None,
    roster: str | Path | None = None,
    notebooks: str | Path = NOTEBOOKS,
    deadline: datetime | None = None,
    nbgrader: bool = False,
    replace: bool = False,
) -> Release:
    """Write what students get, and what a teacher needs to grade it, as a whole or not at all.

    The same seed writes the same bytes. Into a release that exists, students and notebooks can be added.

    Parameters
    ----------
    names : iterable of str
        Notebooks, as `labkit run` takes them: "04", "04_measuring".
    output : str or pathlib.Path
        The folder to write. ``student/`` in it, or ``students/`` with a folder for each student, is for handing out;
        ``teacher/`` holds the seed and stays.
    seed : str, optional
        The teacher's secret, which picks variants of exercises and hidden probes. Without it, that of the release in
        the folder, or else a random one.
    roster : str or pathlib.Path, optional
        A CSV with the students (see `read_roster`): each gets variants of his or her own. Without it everybody gets
        the same.
    notebooks : str or pathlib.Path
        The folder of the student notebooks, by default the course's.
    deadline : datetime.datetime, optional
        Of the submissions; without a time zone, that of this machine is meant. The students' README says it, and
        grading goes by it.
    nbgrader : bool, default False
        Whether to write a course folder for nbgrader, too: ``teacher/nbgrader``.
    replace : bool, default False
        Whether to replace a release that does not fit to this one. It is kept, under another name.

    Returns
    -------
    Release
        As `load_release` reads it.

    Raises
    ------
    UserError
        No such notebook, no such roster, a seed without characters, a folder that cannot be written, or a release in
        it whose submissions could no longer be graded.
    """
    folder, source = Path(output), Path(notebooks)
    known = sorted(path.stem for path in source.glob("[0-9][0-9]_*.ipynb"))
    if not (chosen := choose_notebooks(names, known)):
        raise UserError(f"name at least one notebook; there are: {', '.join(known) or 'none'}")
    former = find_former(folder)
    if seed is None:
        seed = former.seed if former else secrets.token_urlsafe(16)
    if not seed.strip():
        raise UserError("the seed is empty; give a secret of at least 8 characters, or none, and one is drawn")
    if nbgrader and roster is not None:
        raise UserError("nbgrader hands out the same notebook to everybody; leave out --roster or --nbgrader")
    students = () if roster is None else read_roster(roster)
    due = "" if deadline is None else (deadline if deadline.tzinfo else deadline.astimezone()).isoformat()
    originals = {name: parse_notebook_file(source / f"{name}.ipynb") for name in chosen}
    check_points(originals)
    with folder_aside(folder) as aside:
        made = Release(aside, tuple(chosen), seed, students, due)
        write_files(aside, made, originals, nbgrader=nbgrader)
        if former is not None and (problem := find_conflict(former, made, checksums(aside))):
            if not replace:
                raise UserError(problem)
            move_away(folder)
        write_manifest(aside, made)
        put_in_place(aside, folder, last=MANIFEST)
    return load_release(folder)


def find_weakness(seed: str) -> str:
    """Say why a seed is easily guessed; empty where nothing speaks against it."""
    if len(seed) < SHORTEST:
        return f"the seed is shorter than {SHORTEST} characters: if you can guess it, you know the hidden probes"
    if seed.isdigit() or len(set(seed)) < SHORTEST // 2:
        return "the seed is made of too few characters: if you can guess it, you know the hidden probes"
    return ""


def find_former(folder: Path) -> Release | None:
    """Return the release that is in a folder, None where it is free; a UserError says that something else is there."""
    if not folder.exists() or folder.is_dir() and not any(folder.iterdir()):
        return None
    if not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder for the release")
    if not (folder / MANIFEST).is_file():
        raise UserError(f"{folder} holds something else than a release; name another folder, or empty it")
    return read_manifest(folder)


def find_conflict(former: Release, made: Release, files: dict[str, str]) -> str:
    """Say why submissions to a former release could not be graded by a new one, and what to do; empty if they can.

    Parameters
    ----------
    former, made : Release
    files : dict of str to str
        The sha256 of the new files, by their path.
    """
    gone = [each.id for each in former.students if each.id not in {student.id for student in made.students}]
    before = [name for name in former.files if name.endswith(".ipynb")]
    changed = [name for name in before if files.get(name) != former.files[name]]
    by_hand = find_changed(former.folder, former.files)
    if former.seed != made.seed:
        problem = "a release with another seed"
    elif lost := [name for name in former.names if name not in made.names]:
        problem = f"a release with {', '.join(lost)} in it"
    elif bool(former.students) != bool(made.students):
        problem = f"a release with{'' if former.students else 'out'} a roster"
    elif gone:
        problem = f"a release with students who are not on this roster: {list_some([repr(each) for each in gone])}"
    elif changed:
        problem = f"a release of other versions of the same notebooks: {list_some(changed, 3)} would change"
    elif by_hand:
        problem = f"a release with files that were changed since: {list_some(by_hand, 3)}"
    else:
        return ""
    others = name_others(find_others(former.folder, former.files, MANIFEST))
    return (
        f"{former.folder} holds {problem}{others}. Submissions to it can be graded only with it; name another folder, "
        f"or add --replace, which keeps it as {former.folder.name}.old"
    )


def check_points(originals: dict[str, dict[str, Any]]) -> None:
    """Raise a UserError where a notebook and the installed exercises do not fit together."""
    for name, notebook in originals.items():
        for cell in released_cells(notebook):
            if cell.role != "check":
                continue
            try:
                expected = find_exercise(cell.exercise).points
            except ValueError as error:
                raise UserError(f"notebook {name} has an exercise that is not installed: {error}") from error
            if expected != cell.points:
                raise UserError(
                    f"notebook {name} gives {cell.points} points for exercise {cell.exercise}, which is worth "
                    f"{expected}; `labkit build` writes it again from its source"
                )


def write_files(aside: Path, made: Release, originals: dict[str, dict[str, Any]], *, nbgrader: bool) -> None:
    """Write everything but the manifest."""
    aside.chmod(0o755)
    teacher = aside / "teacher"
    (aside / BASE).mkdir(parents=True)
    teacher.chmod(0o700)
    for name, notebook in originals.items():
        (aside / BASE / f"{name}.ipynb").write_bytes(notebook_bytes(notebook))
    points = {
        name: sum(cell.points for cell in released_cells(notebook) if cell.role == "check")
        for name, notebook in originals.items()
    }
    constraints = CONSTRAINTS.read_bytes()
    receivers: Sequence[Student | None] = made.students or (None,)
    for student in receivers:
        place = aside / "students" / student.folder if student else aside / "student"
        place.mkdir(parents=True)
        number = made.number(student.id if student else None)
        for name, notebook in originals.items():
            (place / f"{name}.ipynb").write_bytes(notebook_bytes(vary_notebook(notebook, number)))
        readme = _readme.write_student_readme(
            originals,
            points,
            person=(student.name or student.id) if student else "",
            number=number,
            deadline=made.deadline,
        )
        (place / "README.md").write_bytes(readme.encode())
        (place / "constraints.txt").write_bytes(constraints)
    rows = [(each, *about) for name in made.names for each, about in describe_marking(originals[name]).items()]
    (teacher / "README.md").write_bytes(_readme.write_teacher_readme(rows).encode())
    if nbgrader:
        _nbgrader.write_course(teacher / "nbgrader", made, originals)


def describe_marking(notebook: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Return the points of each exercise, and by what it is marked, in words."""
    found = {}
    for cell in released_cells(notebook):
        if cell.role == "check":
            exercise = find_exercise(cell.exercise)
            ways = ["hidden probes"] if exercise.hidden is not None else []
            ways += ["a variant"] if exercise.varies else []
            found[cell.exercise] = cell.points, " and ".join(ways) or "what everybody can see"
    return found


def write_manifest(aside: Path, made: Release) -> None:
    """Write the file that makes a folder a release."""
    students = [
        asdict(each) | {"columns": dict(each.columns), "number": made.number(each.id)} for each in made.students
    ]
    manifest = {
        "format": FORMAT,
        "labkit": __version__,
        "names": made.names,
        "seed": made.seed,
        "deadline": made.deadline,
        "number": made.number(),
        "students": students,
        "files": checksums(aside),
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (aside / MANIFEST).write_bytes(f"{text}\n".encode())
