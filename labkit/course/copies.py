"""A student's copies in ``work/``: missing ones are made, outdated ones are named and, when asked, updated.

A copy is outdated when the student notebook in ``notebooks/`` is not the one that it was made from. Both carry a
fingerprint in their metadata, and again in the cell that checks the copy (`labkit.course.build.stamp`), because some
programs drop metadata when they save. A copy with neither was made before copies carried one, and is outdated.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from labkit.course.build import Course, write_file
from labkit.course.sources import VERSION_CELL, cell_slug, short_hash
from labkit.errors import UserError

CHECK = re.compile(r"labkit\.check_copy\(.*\"([0-9a-f]{12})\"\)")  # the cell that `labkit build` adds
GIVEN_ID = re.compile(rf"[0-9a-f]{{12}}(-\d+)?|exercise-[\w-]+|{VERSION_CELL}")  # ids that `labkit build` gives


@dataclass(frozen=True)
class Copies:
    """Names of notebooks, by the state of their copy in ``work/``.

    ``missing`` have no copy; ``current`` and ``outdated`` have one; ``unreadable`` have something there that is no
    notebook: a damaged file, a folder, or a link that leads nowhere.
    """

    missing: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


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
        A student notebook in ``notebooks/`` is damaged.
    """
    notebooks = sorted(course.notebooks.glob("*.ipynb"))
    if not notebooks:
        raise FileNotFoundError(f"{course.notebooks} holds no notebook; `labkit build` writes them from their sources")
    copies = Copies()
    for path in notebooks:
        target = course.work / path.name
        if not os.path.lexists(target):
            copies.missing.append(path.stem)
            continue
        try:
            made_from = read_fingerprint(parse_notebook(target.read_bytes()))
        except (OSError, ValueError):
            copies.unreadable.append(path.stem)
            continue
        current = made_from == read_fingerprint(_read_student_notebook(path))
        (copies.current if current else copies.outdated).append(path.stem)
    return copies


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
        A student notebook in ``notebooks/`` is damaged.
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
    content = target.read_bytes()
    try:
        old = nbformat.from_dict(parse_notebook(content))
    except ValueError as error:
        raise UserError(f"{target} is not a notebook; delete it or move it away, then run `labkit start`") from error
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
    pasted_images = {"attachments": cell.attachments} if "attachments" in cell else {}
    return make(cell.source, **pasted_images)


def _insert_below(cells: list, own_cells: dict[str | None, list]) -> Iterable:
    """Yield cells in order, each followed by the student's cells that belong below it."""
    for cell in cells:
        yield cell
        yield from own_cells.get(cell.id, [])


def parse_notebook(content: bytes) -> dict:
    """Return a notebook file's content with each cell's source as one string; ValueError when it is no notebook."""
    notebook = json.loads(content)
    try:
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
            cell["metadata"] = dict(cell.get("metadata", {}))
            cell["cell_type"] = str(cell["cell_type"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no cells as a notebook has them") from error
    return notebook


def read_fingerprint(notebook: dict) -> str | None:
    """Return the fingerprint of the student notebook that a notebook was made from; None where it carries none."""
    try:
        return notebook["metadata"]["labkit"]["fingerprint"]
    except (KeyError, TypeError):  # a program dropped it
        checks = (CHECK.search(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        return next((found[1] for found in checks if found), None)


def _read_student_notebook(path: Path) -> dict:
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
