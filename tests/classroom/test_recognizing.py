"""Damaged notebooks: what each damage costs, and what is said about it."""

import contextlib
import copy
import dataclasses
import io
import json
import re
from pathlib import Path

import pytest

from labkit.classroom.releases._notebooks import released_cells
from labkit.classroom.submissions import recognize
from tests.classroom.exports import ANSWERS, RELEASED, answered, notebook

EXERCISES = ("04.1", "04.2", "04.3")
EXPRESSIONS = {"04.1": "alarm_rates", "04.2": "voices", "04.3": '{"difference": difference, "low": low}'}
PLACES = {cell.id: number for number, cell in enumerate(RELEASED)}


def take_answers(found):
    """Run recognized cells one after the other, and return what each check would get; None where it gets nothing."""
    names, taken = {}, {}
    for number in range(len(found.cells) + 1):
        for exercise in EXERCISES:
            if found.after.get(exercise) == number:
                with contextlib.suppress(Exception):
                    taken[exercise] = describe_answer(eval(EXPRESSIONS[exercise], names))
        if number < len(found.cells) and "check_copy" not in found.cells[number].source:
            with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
                exec(plain_python(found.cells[number].source), names)
    return {exercise: taken.get(exercise) for exercise in EXERCISES}


def plain_python(source):
    """Return code without magic commands, and without checks, which would take seconds."""
    return re.sub(r"^[%!].*$", "", source, flags=re.MULTILINE).replace("check(", "str(")


def describe_answer(answer):
    """Return what an answer is, as a text: of a function, what it returns."""
    return repr(answer({"a": (1, 2, 3, 4), "b": (5, 0, 0, 5)}) if callable(answer) else answer)


GOOD = take_answers(recognize(RELEASED, notebook()))


def test_an_undamaged_submission():
    """All cells but checks and texts are there in order, and nothing is said."""
    found = recognize(RELEASED, notebook())
    assert (found.problem, found.notes, found.remarks) == (None, {}, [])
    assert found.after == {"04.1": 5, "04.2": 7, "04.3": 8}
    code = [cell for cell in answered() if cell["cell_type"] == "code" and "check(" not in cell["source"]]
    assert [cell.source for cell in found.cells] == [cell["source"] for cell in code]
    assert [cell.id for cell in found.cells if cell.id.startswith("exercise")] == list(ANSWERS)
    assert None not in GOOD.values()


# ---- Damages: each changes the list of cells -------------------------------------------------------------------------


def at(identifier):
    """Return a cell's place."""
    return PLACES[identifier]


def code(source, **more):
    """Return a code cell."""
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source} | more


def without(*identifiers):
    """Return a damage that deletes cells."""

    def damage(cells):
        cells[:] = [cell for cell in cells if cell.get("id") not in identifiers]

    return damage


def changed(identifier, **changes):
    """Return a damage that changes a cell."""

    def damage(cells):
        cells[at(identifier)].update(changes)

    return damage


def moved(identifier, behind):
    """Return a damage that moves a cell behind another one, or to the top."""

    def damage(cells):
        cell = cells.pop(at(identifier))
        places = [number for number, other in enumerate(cells) if other["id"] == behind]
        cells.insert(places[0] + 1 if places else 0, cell)

    return damage


def inserted(behind, *new):
    """Return a damage that inserts cells behind another one."""

    def damage(cells):
        place = at(behind) + 1
        cells[place:place] = copy.deepcopy(list(new))

    return damage


def merged(first, second, **changes):
    """Return a damage that merges two neighbors, as JupyterLab does; the cell keeps the first one's type."""

    def damage(cells):
        one, other = cells[at(first)], cells.pop(at(second))
        one["source"] = f"{one['source']}\n\n{other['source']}"
        one.update(changes)

    return damage


def split(identifier, line, **changes):
    """Return a damage that splits a cell before a line; the second part has another id."""

    def damage(cells):
        cell = cells[at(identifier)]
        lines = cell["source"].split("\n")
        cell["source"] = "\n".join(lines[:line])
        cells.insert(at(identifier) + 1, code("\n".join(lines[line:]), id="new", **changes))

    return damage


def all_of(*damages):
    """Return several damages as one."""

    def damage(cells):
        for each in damages:
            each(cells)

    return damage


def every(**changes):
    """Return a damage that changes all cells."""

    def damage(cells):
        for cell in cells:
            cell.update(changes)

    return damage


def without_ids(cells):
    """Delete all ids, as format 4.4 has none."""
    for cell in cells:
        del cell["id"]


def with_new_ids(cells):
    """Give all cells new ids."""
    for number, cell in enumerate(cells):
        cell["id"] = f"fresh-{number}"


STUB = {cell.id: cell.source for cell in RELEASED}
VOICES = ANSWERS["exercise-04-2"]

# Damage, the exercises that it costs, and what is said about exercises.
DAMAGES = {
    # Deleted.
    "an answer was deleted": (without("exercise-04-2"), "04.2", {"04.2": "the answer cell of 04.2 is missing"}),
    "a check was deleted": (without("check-2"), "", {"04.2": "the check cell of 04.2 is missing"}),
    "answer and check were deleted": (without("exercise-04-2", "check-2"), "04.2", {"04.2": "answer.*missing"}),
    "all checks were deleted": (without("check-1", "check-2", "check-3"), "", {each: "missing" for each in EXERCISES}),
    "the imports were deleted": (
        without("imports"),
        "",
        {"04.1": "'import math' was deleted; it was put back as handed out"},
    ),
    "data were deleted": (without("data"), "", {"04.3": "'people = .*deleted"}),
    "what data are derived to was deleted": (without("derived"), "", {"04.3": "'rates = .*deleted"}),
    "all given code was deleted": (without("imports", "data", "derived"), "", {"04.3": "deleted"}),
    "a cell that only shows was deleted": (without("shown"), "", {}),
    "all text was deleted": (without("title", "text-1", "between", "text-2", "text-3", "end"), "", {}),
    # Duplicated.
    "an answer twice": (
        inserted("exercise-04-2", code(VOICES, id="exercise-04-2")),
        "",
        {"04.2": "the answer cell of 04.2 appears twice; the last one with a changed answer counts"},
    ),
    "an answer, then a copy of the stub": (
        inserted("exercise-04-2", code(STUB["exercise-04-2"], id="exercise-04-2")),
        "",
        {"04.2": "appears twice; the last one with a changed answer"},
    ),
    "a copy of the stub below the check": (
        inserted("check-2", code(STUB["exercise-04-2"], id="copy")),
        "",
        {"04.2": "appears twice"},
    ),
    "the stub, and the answer in a copy with a new id": (
        all_of(
            inserted("exercise-04-1", code(ANSWERS["exercise-04-1"], id="copy")),
            changed("exercise-04-1", source=STUB["exercise-04-1"]),
        ),
        "",
        {"04.1": "appears twice; the last one"},
    ),
    "the stub, and the answer in a copy below the check": (
        all_of(
            inserted("check-1", code(ANSWERS["exercise-04-1"], id="copy")),
            changed("exercise-04-1", source=STUB["exercise-04-1"]),
        ),
        "",
        {"04.1": "appears twice; the last one"},
    ),
    "a wrong answer, then a right one with the same id": (
        all_of(
            inserted("exercise-04-2", code(VOICES, id="exercise-04-2")),
            changed("exercise-04-2", source='voices = {"patient": 1, "surgeon": 2}'),
        ),
        "",
        {"04.2": "appears twice"},
    ),
    "three times": (
        inserted("exercise-04-2", code(VOICES, id="exercise-04-2"), code(VOICES, id="exercise-04-2")),
        "",
        {"04.2": "appears 3 times"},
    ),
    "nobody changed either": (
        all_of(
            inserted("exercise-04-2", code(STUB["exercise-04-2"], id="exercise-04-2")),
            changed("exercise-04-2", source=STUB["exercise-04-2"]),
        ),
        "04.2",
        {"04.2": "appears twice; none of them has"},
    ),
    "a check twice": (inserted("check-2", code(STUB["check-2"], id="check-2")), "", {}),
    "the imports twice": (inserted("end", code(STUB["imports"], id="imports")), "", {}),
    # Retyped.
    "an answer as markdown": (
        changed("exercise-04-2", cell_type="markdown"),
        "",
        {"04.2": "the answer cell of 04.2 is a markdown cell; it was read as code"},
    ),
    "an answer as raw text": (changed("exercise-04-2", cell_type="raw"), "", {"04.2": "is a raw cell"}),
    "an answer of no type": (changed("exercise-04-2", cell_type=7), "", {"04.2": "is a strange cell"}),
    "the imports as raw text": (changed("imports", cell_type="raw"), "", {}),
    "a check as markdown": (changed("check-2", cell_type="markdown"), "", {}),
    "a text as code": (changed("text-2", cell_type="code"), "", {}),
    "every text as code": (every(cell_type="code"), "", {}),
    # Moved.
    "the imports at the end": (moved("imports", "end"), "", {"04.3": "'import math' was moved; it was put back"}),
    "derived data at the top": (moved("derived", None), "", {"04.3": "'rates = .*was moved"}),
    "an answer below its check": (
        moved("exercise-04-2", "check-2"),
        "",
        {"04.2": "the check cell of 04.2 stands above its answer; the answer below was taken"},
    ),
    "an answer at the end": (moved("exercise-04-2", "end"), "", {"04.2": "stands above its answer"}),
    "an answer that needs data at the top": (
        moved("exercise-04-3", None),
        "04.3",
        {},
    ),
    "a check at the end": (moved("check-1", "end"), "", {}),
    "in reverse": (lambda cells: cells.reverse(), "04.3", {"04.2": "stands above its answer"}),
    # Merged and split.
    "an answer and its check": (merged("exercise-04-2", "check-2"), "", {"04.2": "check cell of 04.2 is missing"}),
    "an answer and its check, with the check's id": (
        merged("exercise-04-2", "check-2", id="check-2"),
        "",
        {"04.2": "the answer cell of 04.2 is part of its check cell"},
    ),
    "an answer and its check, with a new id": (merged("exercise-04-2", "check-2", id="new"), "", {"04.2": "."}),
    "a text and its answer": (
        merged("text-2", "exercise-04-2"),
        "",
        {"04.2": "the answer cell of 04.2 was merged with a text; its code was taken from there"},
    ),
    "two given cells": (merged("imports", "data"), "", {}),
    "a given cell that was split": (split("derived", 1), "", {}),
    "a function that was split": (
        split("exercise-04-1", 3),
        "",
        {"04.1": "the answer cell of 04.1 was split; its parts were joined"},
    ),
    "an own cell that is indented": (inserted("exercise-04-1", code("    mine = 1\n    other = 2", id="own")), "", {}),
    "a helper in the answer cell, and the answer in a copy": (
        all_of(
            inserted("exercise-04-2", code("voices = make()", id="exercise-04-2")),
            changed("exercise-04-2", source=f"def make():\n    {VOICES}\n    return voices"),
        ),
        "",
        {},
    ),
    "two statements that were split": (split("exercise-04-3", 1), "", {}),
    "an answer below the stub": (
        all_of(
            inserted("exercise-04-2", code(VOICES.replace("voices = ", "voices  =  "), id="own")),
            changed("exercise-04-2", source="# voices = 1"),
        ),
        "",
        {"04.2": "does not define voices; the cell that defines voices counts"},
    ),
    "an answer in the check cell": (
        all_of(
            changed("exercise-04-2", source=STUB["exercise-04-2"]),
            changed("check-2", source=f"{VOICES}\n{STUB['check-2']}"),
        ),
        "",
        {"04.2": "part of its check cell"},
    ),
    # Damaged.
    "an answer that is no Python": (changed("exercise-04-2", source="voices = {'patient': ("), "04.2", {}),
    "an answer that is a text": (changed("exercise-04-2", source="The patient asks for B."), "04.2", {}),
    "an answer without source": (changed("exercise-04-2", source=None), "04.2", {}),
    "an answer that was emptied": (changed("exercise-04-2", source=""), "04.2", {}),
    "a renamed answer": (
        all_of(
            changed("exercise-04-2", source=VOICES.replace("voices", "my_voices")),
            changed("check-2", source=STUB["check-2"].replace("voices", "my_voices")),
        ),
        "04.2",
        {"04.2": "check cell of 04.2 hands in `my_voices`; the course asks for `voices`"},
    ),
    "a magic before an answer": (changed("exercise-04-2", source=f"%%time\n!pip install x\n{VOICES}"), "", {}),
    "a check that claims": (
        changed("check-2", source="print('correct')"),
        "",
        {"04.2": "check cell of 04.2 was changed"},
    ),
    # Ids.
    "no ids": (without_ids, "", {}),
    "new ids": (with_new_ids, "", {}),
    "one id for all": (every(id="exercise-04-1"), "", {}),
    "numbers as ids": (every(id=5), "", {}),
    "endless ids": (every(id="x" * 10_000), "", {}),
    "no ids, an answer deleted": (all_of(without("exercise-04-2"), without_ids), "04.2", {"04.2": "missing"}),
    "no ids, the imports changed": (
        all_of(changed("imports", source=STUB["imports"] + "\nimport math"), without_ids),
        "",
        {},
    ),
    "no ids, in reverse": (all_of(lambda cells: cells.reverse(), without_ids), "04.3", {"04.1": "above"}),
    # Added.
    "own cells everywhere": (lambda cells: insert_everywhere(cells, code("mine = 1")), "", {}),
    "own texts everywhere": (lambda cells: insert_everywhere(cells, {"cell_type": "markdown", "source": "x"}), "", {}),
    "a helper between answer and check": (inserted("exercise-04-2", code("helper = 2", id="own")), "", {}),
    "a later cell binds the name again": (inserted("end", code('voices = "something else"', id="own")), "", {}),
    "own checks": (inserted("exercise-04-1", code('check("04.2", 1)', id="own")), "", {}),
    "things that are no cells": (lambda cells: insert_everywhere(cells, None), "", {}),
}


def insert_everywhere(cells, new):
    """Insert a cell behind each cell."""
    for place in reversed(range(len(cells) + 1)):
        cells.insert(place, copy.deepcopy(new))


@pytest.mark.parametrize("name", DAMAGES)
def test_damages(name):
    """A damage costs its own exercise only, and the notes say what was found."""
    damage, costs, says = DAMAGES[name]
    cells = answered()
    damage(cells)
    found = recognize(RELEASED, notebook(cells))
    assert found.problem is None
    expected = {exercise: None if exercise in costs else GOOD[exercise] for exercise in EXERCISES}
    taken = take_answers(found)
    for exercise in costs.split():
        assert taken[exercise] != GOOD[exercise]
        taken[exercise] = None
    assert taken == expected
    assert set(found.notes) >= set(says)
    for exercise, pattern in says.items():
        assert any(re.search(pattern, note) for note in found.notes[exercise]), found.notes
    if not says:
        assert not found.notes, found.notes
    assert ("read as code" in str(found.remarks)) == ("imports as raw" in name)
    assert len({cell.id for cell in found.cells}) == len(found.cells)


def numbered(number):
    """Return the released cells, and a submission, whose checks have a student's number."""
    released = [
        dataclasses.replace(cell, source=cell.source[:-1] + f", variant={number})") if cell.role == "check" else cell
        for cell in RELEASED
    ]
    sources = {cell.id: cell.source for cell in released}
    return released, [cell | {"source": ANSWERS.get(cell["id"], sources[cell["id"]])} for cell in answered()]


def test_checks_with_the_number_of_a_student():
    """One's own says nothing; somebody else's is remarked, and costs nothing."""
    released, cells = numbered(123456)
    found = recognize(released, notebook(cells))
    assert not found.notes and not found.remarks and take_answers(found) == GOOD
    found = recognize(released, notebook(numbered(654321)[1]))
    assert not found.notes and take_answers(found) == GOOD
    (remark,) = found.remarks
    assert "the number `654321`, and not `123456`: this may be somebody else's" in remark


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_notebooks_of_the_course(path):
    """Each is recognized as it was handed out, and without ids, as older formats and some platforms leave it."""
    made = json.loads(path.read_bytes())
    cells = released_cells(made)
    found = recognize(cells, path.read_bytes())
    assert not found.notes and not found.remarks
    assert set(found.after) == {cell.exercise for cell in cells if cell.role == "check"}
    assert len(found.cells) == sum(cell.kind == "code" and cell.role != "check" for cell in cells)
    for cell in made["cells"]:
        del cell["id"]
    without_id = recognize(cells, json.dumps(made).encode())
    assert without_id.after == found.after and without_id.cells[0].source == found.cells[0].source
    assert not without_id.notes
