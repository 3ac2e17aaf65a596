"""A student's copies in ``work/``: missing ones are made, outdated ones are named and, when asked, updated.

A copy is outdated when the student notebook in ``notebooks/`` is not the one that it was made from. Both carry a
fingerprint in their metadata, and again in the cell that checks the copy (see ``sources/conversion.py``), because some
programs drop metadata when they save. A copy with neither was made before copies carried one, and is outdated.
"""

import codecs
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from labkit.cache import short_hash
from labkit.course.build import Course, write_file
from labkit.course.sources.conversion import VERSION_CELL, cell_slug
from labkit.errors import UserError

CHECK = re.compile(r"labkit\.check_copy\(.*\"([0-9a-f]{12})\"\)")  # the cell that `labkit build` adds
CONFLICT = re.compile(rb"^(<{7}|={7}|>{7})( |\r?$)", flags=re.MULTILINE)  # what git leaves in a file
GIVEN_ID = re.compile(rf"[0-9a-f]{{12}}(-\d+)?|exercise-[\w-]+|{VERSION_CELL}")  # ids that `labkit build` gives


@dataclass(frozen=True)
class Copies:
    """Names of notebooks, by the state of their copy in ``work/``.

    ``missing`` have no copy; ``current`` and ``outdated`` have one; ``unreadable`` have something there that is no
    notebook: a damaged file, a folder, or a link that leads nowhere (see `explain_damage`). ``recoded`` have one that
    was saved in an encoding that JupyterLab does not open; `update_copy` makes it readable again.
    """

    missing: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    recoded: list[str] = field(default_factory=list)


@dataclass
class Update:
    """What became of an outdated copy.

    Attributes
    ----------
    kept_as : str
        Name of the file that now holds the old copy.
    answers : list of str
        Exercises whose answer is in the new copy.
    changed : list of str
        Those of them whose stub is no longer the one that was answered.
    gone : list of str
        Exercises with an answer that are no longer in the notebook.
    others : int
        Other cells carried over: given ones that were edited, and the student's own.
    """

    kept_as: str = ""
    answers: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    others: int = 0


def find_copies(course: Course) -> Copies:
    """Return the state of every notebook's copy in ``work/``; nothing is written.

    Raises
    ------
    FileNotFoundError
        No student notebook was built yet.
    UserError
        A student notebook in ``notebooks/`` is damaged, or ``work/`` is something else than a folder.
    """
    check_work(course)
    notebooks = sorted(course.notebooks.glob("*.ipynb"))
    if not notebooks:
        raise FileNotFoundError(f"{course.notebooks} holds no notebook; `labkit build` writes them from their sources")
    copies = Copies()
    for path in notebooks:
        target = course.work / path.name
        newest = read_fingerprint(read_student_notebook(path))
        if not os.path.lexists(target):
            copies.missing.append(path.stem)
            continue
        try:
            content = read_copy(target)
            made_from = read_fingerprint(parse_notebook(content))
        except (OSError, ValueError):
            copies.unreadable.append(path.stem)
            continue
        if not is_plain_utf8(content):
            copies.recoded.append(path.stem)
        elif made_from == newest:
            copies.current.append(path.stem)
        else:
            copies.outdated.append(path.stem)
    return copies


def check_work(course: Course) -> None:
    """Raise UserError where ``work/`` is a file, or a link that leads to no folder."""
    work = course.work
    if work.is_dir() or not os.path.lexists(work):
        return
    if work.is_symlink():
        raise UserError(
            f"{work} is a link that leads to no folder ({os.readlink(work)}); make that folder available, or delete "
            "the link, then try again"
        )
    raise UserError(f"{work} is where your notebooks go, but it is not a folder; move it away, then try again")


def explain_damage(path: Path) -> str:
    """Return what is wrong with a copy that cannot be read, and how to save the work in it.

    Parameters
    ----------
    path : pathlib.Path
        What is there instead of a notebook: a file, a folder, or a link that leads nowhere.

    Returns
    -------
    str
        One sentence that begins with the path.
    """
    if path.is_symlink() and not path.exists():
        return (
            f"{path} is a link that leads nowhere ({os.readlink(path)}); make that file available, or delete the link "
            "and run `labkit start`"
        )
    try:
        content = read_copy(path)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror}); move it away, then run `labkit start` to get a fresh copy"
    if CONFLICT.search(content):
        side = f"git checkout --ours {shlex.quote(str(path))}"
        return f"{path} holds a merge conflict of git; keep one side with `{side}`, or with --theirs for the other one"
    what = "is not a notebook" if content.strip() else "is empty"
    checkpoint = path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint.ipynb"
    try:
        parse_notebook(read_copy(checkpoint))
    except (OSError, ValueError):
        rest = ", and paste your answers from the old file, which a text editor opens" if content.strip() else ""
        return f"{path} {what}; rename it, run `labkit start` to get a fresh copy{rest}"
    return f"{path} {what}; JupyterLab's last checkpoint of it is whole: copy {checkpoint} over it"


def read_copy(path: Path) -> bytes:
    """Return the content of a file; OSError for what is no file, so that nothing waits for a pipe."""
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a file")
    return path.read_bytes()


def is_plain_utf8(content: bytes) -> bool:
    """Say whether JupyterLab opens a notebook with this content: in UTF-8, without a byte order mark."""
    return not content.startswith(codecs.BOM_UTF8) and b"\0" not in content  # UTF-16 and UTF-32 have zero bytes


def start(course: Course) -> Copies:
    """Copy the student notebooks that are missing in ``work/``; what is there stays as it is.

    Returns
    -------
    Copies
        As they were found: the notebooks listed as ``missing`` have a copy now.

    Raises
    ------
    FileNotFoundError
        No student notebook was built yet.
    UserError
        As for `find_copies`.
    """
    copies = find_copies(course)
    course.work.mkdir(exist_ok=True)
    for name in copies.missing:
        write_file(course.work / f"{name}.ipynb", course.path(name, form="student").read_text(encoding="utf-8"))
    return copies


def update_copy(course: Course, name: str) -> Update:
    """Replace an outdated copy by a fresh one with the student's answers; the old copy is kept beside it.

    The old copy becomes ``NN_topic.old.ipynb``, or ``NN_topic.old-2.ipynb`` and so on where that exists. It is written
    before the fresh copy takes its place, in one step, so an interruption loses nothing. Outputs are not carried over:
    they belong to code that may have changed.

    Parameters
    ----------
    course : Course
        Whose ``work/``.
    name : str
        The notebook, ``NN_topic``.

    Raises
    ------
    UserError
        The copy is a link, is no notebook, or was saved while it was being updated; nothing was changed.
    """
    import nbformat

    target = course.work / f"{name}.ipynb"
    if target.is_symlink():
        raise UserError(f"{target} is a link and is left alone; replace it with the file it leads to, then try again")
    try:
        content = read_copy(target)
        old = nbformat.from_dict(parse_notebook(content))
    except (OSError, ValueError) as error:
        raise UserError(explain_damage(target)) from error
    fresh = course.read(name, form="student")
    update = carry_over(old.cells, fresh)
    nbformat.validate(fresh)
    text = nbformat.writes(fresh).rstrip("\n") + "\n"
    kept = _keep_old(target, content)
    if target.read_bytes() != content:
        kept.unlink()
        raise UserError(f"{target} was saved while it was being updated; close it in JupyterLab, then try again")
    write_file(target, text)
    update.kept_as = kept.name
    return update


def carry_over(old_cells: list, fresh) -> Update:
    """Put what a student wrote in an old copy into a fresh notebook, in place.

    An answer goes to the stub of the same exercise. An edit of any other given cell goes to the cell with the same id;
    ids are made from the text that was given, so that cell is the same in both. A cell of the student's own goes below
    the cell that it followed, as source alone.

    Parameters
    ----------
    old_cells : list of nbformat.NotebookNode
        Cells of the old copy.
    fresh : nbformat.NotebookNode
        The student notebook as it is now.

    Returns
    -------
    Update
        What was carried over, and what has no place any more; without ``kept_as``.
    """
    update = Update()
    fresh_cells = {cell.id: cell for cell in fresh.cells}
    old_ids = {cell.get("id") for cell in old_cells}
    # Some programs give every cell a new id when they save: then no cell can be recognized as the student's own.
    ids_survived = any(_is_given_id(each) for each in old_ids)
    own_cells: dict[str | None, list] = {}  # id of the fresh cell above -> the student's cells below it
    above = None
    for cell in old_cells:
        place = _find_place(cell, fresh_cells, old_ids)
        if place is not None:
            above = place
            if _was_edited(cell, fresh_cells[place]):
                fresh_cells[place].source = cell.source
                _note_edit(update, cell, fresh_cells[place])
        elif _is_stub(cell) and cell_slug(cell) not in fresh_cells:
            if cell.metadata.get("stub") != short_hash(cell.source):
                update.gone.append(str(cell.metadata.exercise))
        elif ids_survived and not _is_given_id(cell.get("id")) and cell.source.strip():
            own_cells.setdefault(above, []).append(_copy_source(cell))
            update.others += 1
    fresh.cells = [*own_cells.get(None, []), *_insert_below(fresh.cells, own_cells)]
    return update


def _is_given_id(identifier: str | None) -> bool:
    """Whether `labkit build` gave a cell its id; JupyterLab's own have another form."""
    return GIVEN_ID.fullmatch(identifier or "") is not None


def _is_stub(cell) -> bool:
    return cell.cell_type == "code" and "exercise" in cell.metadata


def _find_place(cell, fresh_cells: dict, old_ids: set) -> str | None:
    """Return the id of the fresh cell that an old cell corresponds to, or None.

    That is the cell with the same id. A stub that lost its id is recognized by its exercise, unless another cell has
    the id of that exercise: then this one is the student's copy of it.
    """
    if cell.get("id") in fresh_cells:
        return cell.id
    if _is_stub(cell) and (identifier := cell_slug(cell)) in fresh_cells and identifier not in old_ids:
        return identifier
    return None


def _was_edited(cell, given) -> bool:
    """Whether a student changed a cell of an old copy, so that its source should replace the given one."""
    if cell.cell_type != given.cell_type or cell.source.rstrip() == given.source.rstrip() or given.id == VERSION_CELL:
        return False
    if _is_stub(given):
        return cell.metadata.get("stub") != short_hash(cell.source)
    # The text of an exercise ends with lines that the build adds, and its id says nothing about these.
    return given.id.startswith(cell_slug(given))


def _note_edit(update: Update, cell, given) -> None:
    """Count an edit that was carried over: as an answer, or as another cell."""
    if not _is_stub(given):
        update.others += 1
        return
    exercise = str(given.metadata.exercise)
    update.answers.append(exercise)
    if cell.metadata.get("stub", given.metadata.get("stub")) != given.metadata.get("stub"):
        update.changed.append(exercise)


def _copy_source(cell):
    """Return a new cell with a student's text and nothing that running it or grading it left."""
    from nbformat import v4

    make = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}.get(cell.cell_type, v4.new_raw_cell)
    images = cell.get("attachments")
    is_valid = isinstance(images, dict) and all(isinstance(image, dict) for image in images.values())
    return make(cell.source, **({"attachments": images} if is_valid else {}))


def _insert_below(cells: list, own_cells: dict[str | None, list]) -> Iterable:
    """Yield cells in order, each followed by the student's cells that belong below it."""
    for cell in cells:
        yield cell
        yield from own_cells.get(cell.id, [])


def parse_notebook(content: bytes) -> dict:
    """Return a notebook file's content with each cell's source as one string; ValueError when it is no notebook.

    UTF-8, with or without a byte order mark, UTF-16 and UTF-32 are read.
    """
    try:
        notebook = json.loads(content)
        if not isinstance(notebook["cells"], list):
            raise TypeError("cells are no list")
        for cell in notebook["cells"]:
            # Half a character, which no file can hold, is written as Python does.
            cell["source"] = "".join(cell["source"]).encode("utf-8", "backslashreplace").decode("utf-8")
            cell["metadata"] = dict(cell.get("metadata", {}))
            cell["cell_type"] = str(cell["cell_type"])
            if not isinstance(cell.get("id"), str):
                cell.pop("id", None)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no cells as a notebook has them") from error
    return notebook


def read_fingerprint(notebook: dict) -> str | None:
    """Return the fingerprint of the student notebook that a notebook was made from; None where it carries none."""
    try:
        return notebook["metadata"]["labkit"]["fingerprint"]
    except (KeyError, TypeError):  # a program dropped it
        checks = (CHECK.search(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        return next((found[1] for found in checks if found), None)


def read_student_notebook(path: Path) -> dict:
    """Return a student notebook of the course; a UserError names the command that writes it anew."""
    try:
        return parse_notebook(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path} is not a notebook; `labkit build` writes it from its source") from error


def _keep_old(target: Path, content: bytes) -> Path:
    """Write the content of an old copy under the first name that is free, and return that file."""
    for number in count(1):
        suffix = "old" if number == 1 else f"old-{number}"
        kept = target.with_name(f"{target.stem}.{suffix}.ipynb")
        try:
            stream = open(kept, "xb")  # fails where anything has that name, so nothing is overwritten
        except FileExistsError:
            continue
        try:
            with stream:
                stream.write(content)
            shutil.copystat(target, kept)
        except BaseException:
            kept.unlink()
            raise
        return kept
