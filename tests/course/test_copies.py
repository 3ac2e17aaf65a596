"""A student's copies in work/: made, named when outdated, updated when asked; what their first cell says."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from typer.testing import CliRunner

import labkit
from labkit import version
from labkit.course import copies as module
from labkit.course.build import build, find_course
from labkit.course.cli import app
from labkit.course.copies import find_copies, start, update_copy
from labkit.course.execute import Job, execute
from labkit.course.sources.conversion import convert, student_text
from labkit.errors import UserError
from labkit.version import OutdatedCopy, check_copy, explain_missing_modules, version_series

SOURCE = """
    # %% [markdown]
    # # 00 · Copies?
    # %%
    SIZE = 3
    # %% [markdown]
    # ### Exercise 00.1
    # %% tags=["exercise"] exercise="00.1" points=2 objective="00-half"
    half = ...
    # %% tags=["solution"]
    half = SIZE / 2
    # %%
    print(SIZE)
    # %% tags=["exercise"] exercise="00.2" points=1 objective="00-half"
    third = ...
    # %%
    print("the end")
"""
NAME = "00_half"
SERIES = version_series(version.__version__)


@pytest.fixture
def copied(make_course, tmp_path):
    """A course of one notebook, built, with a copy in work/."""
    made = make_course(tmp_path, {NAME: SOURCE})
    build(made)
    start(made)
    return made


def copy_of(course):
    """Return the path of the copy."""
    return course.work / f"{NAME}.ipynb"


def edit_copy(course, change):
    """Change the notebook in work/, as JupyterLab would save it; return the bytes on disk."""
    notebook = nbformat.read(copy_of(course), as_version=4)
    change(notebook)
    nbformat.write(notebook, copy_of(course))
    return copy_of(course).read_bytes()


def write(source, text):
    """Return an edit that replaces the source of the cell that has `source`."""

    def change(notebook):
        next(cell for cell in notebook.cells if cell.source == source).source = text

    return change


def revise(course, old="the end", new="the very end"):
    """Change the course's source, and build."""
    path = course.path(NAME)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    build(course)


def sources_of(course):
    """Return the sources of the copy's cells, in order."""
    return [cell.source for cell in nbformat.read(copy_of(course), as_version=4).cells]


# Which copies are outdated


def test_start_copies_what_is_missing_and_overwrites_nothing(course):
    """A student's edited copy stays as it is; a missing notebook comes."""
    build(course)
    assert start(course).missing == ["00_half", "01_fails"]
    (course.work / "00_half.ipynb").write_text("mine")
    (course.work / "01_fails.ipynb").unlink()
    assert start(course).missing == ["01_fails"]
    assert (course.work / "00_half.ipynb").read_text() == "mine"
    assert json.loads((course.work / "01_fails.ipynb").read_text())["nbformat"] == 4


def test_start_before_build_names_the_command(course):
    """Without student notebooks the message has the command that writes them."""
    with pytest.raises(FileNotFoundError, match="labkit build"):
        start(course)


def test_work_on_a_copy_does_not_make_it_outdated(copied):
    """Answers, outputs and cells of the student's own leave it current."""

    def work(notebook):
        write("half = ...", "half = 1.5")(notebook)
        notebook.cells.append(new_code_cell("mine = 1"))
        notebook.cells[-2].outputs = [nbformat.v4.new_output("stream", text="3\n")]

    edit_copy(copied, work)
    assert find_copies(copied).current == [NAME]


def test_copy_is_outdated_once_its_notebook_changes_and_is_left_alone(copied):
    """It is named, and keeps every byte."""
    before = edit_copy(copied, write("half = ...", "half = 1.5"))
    revise(copied)
    assert start(copied).outdated == [NAME]
    assert copy_of(copied).read_bytes() == before
    assert [path.name for path in copied.work.iterdir()] == [f"{NAME}.ipynb"]


def test_copy_is_outdated_once_the_series_of_versions_changes(copied, monkeypatch):
    """Its first cell would stop, although the text of the notebook is the same."""
    for made_by, outdated in ((f"{SERIES}.9", []), ("99.0.0", [NAME])):
        monkeypatch.setattr("labkit.course.sources.conversion.__version__", made_by)
        build(copied)
        assert find_copies(copied).outdated == outdated


@pytest.mark.parametrize("keep_check", [True, False])
def test_copy_without_metadata_is_judged_by_its_first_cell(copied, keep_check):
    """Metadata that a program dropped do no harm; a copy with no sign of what made it is outdated."""

    def strip(notebook):
        notebook.metadata.clear()
        notebook.cells = [cell for cell in notebook.cells if keep_check or "check_copy" not in cell.source]
        for cell in notebook.cells:
            cell.metadata.clear()

    edit_copy(copied, strip)
    assert find_copies(copied) == module.Copies(**{"current" if keep_check else "outdated": [NAME]})


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"cells": 3}', b'{"cells": {}}', b'{"cells": [{"source": "x"}]}', b'{"cells": ["x"]}', b"\xff\xfe"],
)
def test_damaged_copy_is_named_and_left_alone(copied, content):
    """Whatever is no notebook is neither outdated nor replaced."""
    copy_of(copied).write_bytes(content)
    assert start(copied).unreadable == [NAME]
    with pytest.raises(UserError, match="00_half.ipynb is not a notebook; rename it, run `labkit start`"):
        update_copy(copied, NAME)
    assert copy_of(copied).read_bytes() == content


def test_checkpoint_of_jupyterlab_is_offered(copied):
    """Where it is a whole notebook; a damaged one is not mentioned."""
    checkpoint = copied.work / ".ipynb_checkpoints" / f"{NAME}-checkpoint.ipynb"
    checkpoint.parent.mkdir()
    checkpoint.write_bytes(copy_of(copied).read_bytes())
    copy_of(copied).write_bytes(b"")
    said = module.explain_damage(copy_of(copied))
    assert f"is empty; JupyterLab's last checkpoint of it is whole: copy {checkpoint} over it" in said
    checkpoint.write_bytes(b"{")
    assert "JupyterLab" not in module.explain_damage(copy_of(copied))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-be"])
def test_copy_in_another_encoding_is_named_and_repaired_when_asked(copied, encoding, monkeypatch):
    """It is neither current nor damaged; the new file has the answers, the old one its bytes."""
    text = edit_copy(copied, write("half = ...", "half = 1.5  # ½")).decode("utf-8")
    copy_of(copied).write_bytes(text.encode(encoding))
    assert find_copies(copied) == module.Copies(recoded=[NAME])
    monkeypatch.chdir(copied.root)
    assert f"does not open: {NAME}" in CliRunner().invoke(app, ["start"]).output
    assert copy_of(copied).read_bytes() == text.encode(encoding)
    assert CliRunner().invoke(app, ["start", "--update"]).exit_code == 0
    assert find_copies(copied).current == [NAME] and "half = 1.5  # ½" in sources_of(copied)
    assert (copied.work / f"{NAME}.old.ipynb").read_bytes() == text.encode(encoding)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_what_is_no_file_is_not_waited_for(copied):
    """A pipe would block for ever."""
    copy_of(copied).unlink()
    os.mkfifo(copy_of(copied))
    assert find_copies(copied).unreadable == [NAME]
    assert "cannot be read (it is not a file); move it away" in module.explain_damage(copy_of(copied))


def test_odd_cells_are_carried_over_as_far_as_they_can_be(copied):
    """Ids and images of another form, and half a character, which no file can hold."""
    notebook = json.loads(copy_of(copied).read_text())
    odd = {"cell_type": "markdown", "source": "mine \ud800", "metadata": {}, "id": 7, "attachments": ["x"]}
    notebook["cells"] += [odd, odd | {"id": ["x"], "attachments": {"a.png": "x"}}]
    copy_of(copied).write_text(json.dumps(notebook))
    revise(copied)
    assert update_copy(copied, NAME).others == 2
    assert sources_of(copied).count(r"mine \ud800") == 2


def test_odd_metadata_are_no_fingerprint(copied):
    """A notebook whose metadata are no mapping is outdated, not an error."""
    copy_of(copied).write_text(json.dumps({"cells": [], "metadata": {"labkit": "0.1"}}))
    assert find_copies(copied).outdated == [NAME]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_link_is_followed_and_never_replaced(copied, tmp_path):
    """A copy kept elsewhere is judged by what is there, and updating refuses; a dangling link is left alone."""
    elsewhere = tmp_path / "elsewhere.ipynb"
    copy_of(copied).rename(elsewhere)
    copy_of(copied).symlink_to(elsewhere)
    assert start(copied).current == [NAME]
    revise(copied)
    assert start(copied).outdated == [NAME]
    with pytest.raises(UserError, match="is a link and is left alone"):
        update_copy(copied, NAME)
    elsewhere.unlink()
    assert start(copied).unreadable == [NAME]
    assert copy_of(copied).is_symlink() and len(list(copied.work.iterdir())) == 1


@pytest.mark.parametrize("has_copy", [True, False])
def test_damaged_student_notebook_names_the_command(copied, has_copy):
    """The course's own file is not the student's fault, and is not copied: `labkit build` writes it."""
    copied.path(NAME, form="student").write_text("{")
    if not has_copy:
        copy_of(copied).unlink()
    with pytest.raises(UserError, match="labkit build"):
        start(copied)
    assert copy_of(copied).exists() == has_copy


@pytest.mark.parametrize("command", ["start", "progress"])
@pytest.mark.parametrize("kind", ["file", "link", "loop"])
def test_work_that_is_no_folder_is_a_sentence(copied, command, kind, monkeypatch):
    """Nothing is written, and what is there stays."""
    if kind != "file" and sys.platform == "win32":
        pytest.skip("links need rights there")
    copied.work.rename(copied.root / "elsewhere")
    if kind == "file":
        copied.work.write_text("mine")
    else:
        copied.work.symlink_to("work" if kind == "loop" else "stick/work")
    monkeypatch.chdir(copied.root)
    done = CliRunner().invoke(app, [command])
    message = "is not a folder; move it away" if kind == "file" else "is a link that leads to no folder"
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert message in done.output and len(done.output.splitlines()) == 1
    assert copied.work.is_symlink() or copied.work.read_text() == "mine"


# Updating


def test_update_carries_answers_over_and_keeps_the_old_file(copied):
    """The new copy is current and has the answer and the new text; the old file has the old bytes."""
    before = edit_copy(copied, write("half = ...", "half = 1.5"))
    revise(copied)
    update = update_copy(copied, NAME)
    assert (update.kept_as, update.answers, update.changed, update.gone) == ("00_half.old.ipynb", ["00.1"], [], [])
    assert (copied.work / update.kept_as).read_bytes() == before
    assert {"half = 1.5", "third = ...", 'print("the very end")'} < set(sources_of(copied))
    nbformat.validate(nbformat.read(copy_of(copied), as_version=4))
    assert find_copies(copied).current == [NAME]


def test_update_keeps_a_notebook_without_answers_as_it_is_built(copied):
    """Untouched, the new copy is the student notebook, byte for byte."""
    revise(copied, "half = ...", "half = ...  # a number")
    update = update_copy(copied, NAME)
    assert (update.answers, update.changed, update.gone, update.others) == ([], [], [], 0)
    assert copy_of(copied).read_bytes() == copied.path(NAME, form="student").read_bytes()


def test_two_updates_in_a_row_keep_both_old_files(copied):
    """The second old copy gets a number; answers pass through both."""
    first = edit_copy(copied, write("half = ...", "half = 1.5"))
    revise(copied)
    update_copy(copied, NAME)
    second = edit_copy(copied, write("third = ...", "third = 1"))
    revise(copied, "very end", "end, at last")
    update = update_copy(copied, NAME)
    assert (update.kept_as, update.answers) == ("00_half.old-2.ipynb", ["00.1", "00.2"])
    assert (copied.work / "00_half.old.ipynb").read_bytes() == first
    assert (copied.work / "00_half.old-2.ipynb").read_bytes() == second


def test_update_says_which_questions_changed_or_disappeared(copied):
    """An answer to a changed stub is carried over and named; one to a stub that is gone only named."""

    def answer_both(notebook):
        write("half = ...", "half = 1.5")(notebook)
        write("third = ...", "third = 1")(notebook)

    edit_copy(copied, answer_both)
    revise(copied, "half = ...", "half = ...  # as a fraction")
    revise(copied, 'exercise="00.2"', 'exercise="00.3"')
    update = update_copy(copied, NAME)
    assert (update.answers, update.changed, update.gone) == (["00.1"], ["00.1"], ["00.2"])
    assert "half = 1.5" in sources_of(copied) and "third = 1" not in sources_of(copied)


def test_stub_that_nobody_touched_is_neither_carried_over_nor_missed(copied):
    """A stub that changed or disappeared concerns only students who answered it."""
    revise(copied, "half = ...", "half = None")
    revise(copied, 'exercise="00.2"', 'exercise="00.3"')
    update = update_copy(copied, NAME)
    assert (update.answers, update.changed, update.gone) == ([], [], [])
    assert "half = None" in sources_of(copied)


def test_update_carries_over_own_cells_and_edits_of_given_ones(copied):
    """A note stays below the cell that it followed; a changed setting stays changed; outputs stay behind."""

    def work(notebook):
        write("SIZE = 3", "SIZE = 30")(notebook)
        place = next(i for i, cell in enumerate(notebook.cells) if cell.source == "half = ...")
        image = {"figure.png": {"image/png": "AAAA"}}
        notebook.cells.insert(place + 1, new_markdown_cell("My *note*", attachments=image))
        notebook.cells.insert(place + 2, new_code_cell("hint('00.1')", outputs=[], execution_count=7))
        notebook.cells.insert(0, new_markdown_cell("Mine"))

    edit_copy(copied, work)
    revise(copied)
    update = update_copy(copied, NAME)
    assert (update.answers, update.others) == ([], 4)
    found = sources_of(copied)
    place = found.index("half = ...")
    assert found[0] == "Mine" and found[place : place + 3] == ["half = ...", "My *note*", "hint('00.1')"]
    assert "SIZE = 30" in found and "SIZE = 3" not in found
    cells = nbformat.read(copy_of(copied), as_version=4).cells
    assert cells[place + 1].attachments and cells[place + 2].execution_count is None


def test_check_of_the_copy_and_help_lines_are_always_fresh(copied):
    """What the build adds is not mistaken for a student's edit."""

    def edit(notebook):
        for cell in notebook.cells:
            if "check_copy" in cell.source or "Stuck?" in cell.source:
                cell.source += "\n# older words"

    edit_copy(copied, edit)
    revise(copied)
    assert update_copy(copied, NAME).others == 0
    assert not any("older words" in source for source in sources_of(copied))


def test_stub_copied_by_the_student_is_a_cell_of_its_own(copied):
    """A second attempt in a copied cell stays below; the answer is the one in the stub."""

    def try_twice(notebook):
        place = next(i for i, cell in enumerate(notebook.cells) if cell.source == "half = ...")
        again = new_code_cell("half = 2", metadata=dict(notebook.cells[place].metadata))
        notebook.cells.insert(place + 1, again)
        notebook.cells[place].source = "half = 1.5"

    edit_copy(copied, try_twice)
    revise(copied)
    update = update_copy(copied, NAME)
    assert (update.answers, update.others) == (["00.1"], 1)
    cells = nbformat.read(copy_of(copied), as_version=4).cells
    assert [cell.source for cell in cells if cell.metadata.get("exercise") == "00.1"] == ["half = 1.5"]


@pytest.mark.parametrize("lost", ["ids", "metadata"])
def test_answers_survive_a_program_that_drops_ids_or_metadata(copied, lost):
    """A stub is recognized by either; with new ids nothing given is mistaken for the student's."""

    def strip(notebook):
        write("half = ...", "half = 1.5")(notebook)
        for number, cell in enumerate(notebook.cells):
            if lost == "ids":
                cell.id = f"cell{number}"
            else:
                cell.metadata = {}

    edit_copy(copied, strip)
    revise(copied)
    update = update_copy(copied, NAME)
    assert (update.answers, update.gone, update.others) == (["00.1"], [], 0)


def test_copy_from_before_copies_carried_a_version(make_course, tmp_path):
    """Without marks, an answer is what differs from the stub of today."""
    made = make_course(tmp_path, {NAME: SOURCE})
    build(made)
    old = convert(made.path(NAME).read_text(), student_of=NAME)
    write("half = ...", "half = 1.5")(old)
    made.work.mkdir()
    nbformat.write(old, copy_of(made))
    assert start(made).outdated == [NAME]
    update = update_copy(made, NAME)
    assert (update.answers, update.changed, update.others) == (["00.1"], [], 0)
    assert find_copies(made).current == [NAME]


def test_failed_write_leaves_the_copy_and_no_half_file(copied, monkeypatch):
    """With a full disk nothing has changed."""
    before = copy_of(copied).read_bytes()
    revise(copied)

    def fail(*files):
        raise OSError("no space left on device")

    monkeypatch.setattr(module.shutil, "copystat", fail)
    with pytest.raises(OSError, match="no space"):
        update_copy(copied, NAME)
    assert copy_of(copied).read_bytes() == before
    assert len(list(copied.work.iterdir())) == 1


def test_copy_saved_meanwhile_is_not_replaced(copied, monkeypatch):
    """What JupyterLab writes while the copy is being updated is not lost."""
    revise(copied)
    carry_over = module.carry_over

    def save_meanwhile(*arguments):
        edit_copy(copied, write("half = ...", "half = 1.5"))
        return carry_over(*arguments)

    monkeypatch.setattr(module, "carry_over", save_meanwhile)
    with pytest.raises(UserError, match="saved while it was being updated"):
        update_copy(copied, NAME)
    assert "half = 1.5" in sources_of(copied) and len(list(copied.work.iterdir())) == 1


# The command


def test_command_names_outdated_copies_and_updates_them_when_asked(copied, monkeypatch):
    """Copied, left, outdated with the command; progress says it too; then what was carried over."""
    monkeypatch.chdir(copied.root)
    edit_copy(copied, write("half = ...", "half = 1.5"))
    edit_copy(copied, write("third = ...", "third = 1"))

    def call(*arguments):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done.output

    assert "outdated" not in call("start") + call("progress")
    revise(copied, "half = ...", "half = ...  # as a fraction")
    revise(copied, 'exercise="00.2"', 'exercise="00.3"')
    for command in ("start", "progress"):
        assert re.search("outdated.*00_half(.|\n)*labkit start --update", call(command))
    said = call("start", "--update")
    assert "00_half.ipynb updated, with 1 answer and 0 other cells of yours; the old copy is 00_half.old.ipynb" in said
    assert "exercise 00.1 has changed" in said and "exercise 00.2 no longer exists" in said
    assert "1 of your notebooks in work/ left as they are" in call("start", "--update")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_command_updates_the_others_when_one_cannot_be(course, monkeypatch, tmp_path):
    """A link and a damaged file are named; the next notebook is updated all the same; the status is 1."""
    build(course)
    monkeypatch.chdir(course.root)
    start(course)
    for name in course.names:
        path = course.path(name)
        path.write_text(path.read_text() + "\n# %%\nnew = 1\n")
    build(course)
    copy_of(course).rename(tmp_path / "elsewhere.ipynb")
    copy_of(course).symlink_to(tmp_path / "elsewhere.ipynb")
    done = CliRunner().invoke(app, ["start", "--update"])
    assert done.exit_code == 1 and "is a link" in done.output and "01_fails.ipynb updated" in done.output
    (course.work / "01_fails.ipynb").write_text("{")
    assert "01_fails.ipynb is not a notebook" in CliRunner().invoke(app, ["start"]).output


# The first cell of a copy


@pytest.mark.parametrize("made_by", ["0.1.0", "0.0.9"])
def test_copy_of_an_earlier_series_stops_and_says_what_to_do(made_by):
    """The sentence names both versions, the command, and what is kept."""
    with pytest.raises(OutdatedCopy, match=rf"made by version {made_by}(.|\n)*start --update(.|\n)*Nothing is lost"):
        check_copy(NAME, made_by, "0" * 12)


def test_copy_of_a_later_series_asks_for_the_newer_course():
    """Updating the copy would not help: the package is too old."""
    with pytest.raises(OutdatedCopy, match="git pull") as caught:
        check_copy(NAME, "0.10.0", "0" * 12)
    assert "--update" not in str(caught.value)


def test_copy_of_the_same_series_goes_on(capsys):
    """Silently when it is current or no repository is there; with one line where a newer notebook exists."""
    name = find_course().names[0]
    fingerprint = find_course().read(name, form="student").metadata.labkit.fingerprint
    check_copy(name, f"{SERIES}.7", fingerprint)
    check_copy("99_not_in_the_repository", f"{SERIES}.0", fingerprint)
    assert capsys.readouterr().out == ""
    check_copy(name, f"{SERIES}.0", "0" * 12)
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and f"newer version of {name}" in said and "start --update" in said


def test_command_has_its_folder_where_the_shell_would_not_find_it(monkeypatch, tmp_path):
    """`make lab` starts JupyterLab without activating the environment."""
    (tmp_path / "labkit").touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    for found, command in ((None, f"{tmp_path / 'labkit'} start"), ("/bin/labkit", "\n    labkit start")):
        monkeypatch.setattr("shutil.which", lambda name, found=found: found)
        with pytest.raises(OutdatedCopy) as caught:
            check_copy(NAME, "0.1.0", "0" * 12)
        assert command in str(caught.value)


def run_cells(*sources):
    """Execute code cells in a kernel; return the execution and the cells."""
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    done = execute(Job(NAME, nbformat.writes(notebook)))
    return done, nbformat.reads(done.notebook, as_version=4).cells


@pytest.mark.parametrize(
    "first",
    ['import labkit\n\nlabkit.check_copy("00_half", "0.1.0", "0123456789ab")', "from labkit.checks import check"],
    ids=["with a check", "made before copies had one"],
)
def test_outdated_copy_stops_in_its_first_cell_with_a_sentence(first):
    """In a kernel: no traceback but what to do, and the next cell does not run."""
    done, cells = run_cells(first, "print('never')")
    assert done.status == "failed" and done.error["name"] == "OutdatedCopy"
    (output,) = (output for cell in cells for output in cell.get("outputs", []) if output.output_type == "error")
    shown = "\n".join(output.traceback)
    assert "start --update" in shown and "Nothing is lost" in shown
    assert "Traceback" not in shown and "File" not in shown and len(shown.splitlines()) < 10
    assert cells[-1].execution_count is None


def test_missing_module_is_explained_only_when_asked(monkeypatch):
    """A kernel asks; elsewhere, and for modules of others, Python's own message stays."""
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    with pytest.raises(ModuleNotFoundError, match="No module named 'labkit.checks'"):
        __import__("labkit.checks")
    explain_missing_modules()
    with pytest.raises(OutdatedCopy, match="has no labkit.checks"):
        __import__("labkit.checks")
    with pytest.raises(OutdatedCopy, match="has no labkit.objectives"):
        exec("from labkit import mitigation, objectives")
    with pytest.raises(ModuleNotFoundError, match="No module named 'labkit_of_others'"):
        __import__("labkit_of_others")


# What the build writes


def test_student_notebook_checks_itself_in_its_first_code_cell(copied):
    """One hidden cell, before all other code, with the version and the fingerprint that the metadata have."""
    notebook = nbformat.read(copied.path(NAME, form="student"), as_version=4)
    noted = notebook.metadata.labkit
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source.endswith(f'labkit.check_copy("{NAME}", "{labkit.__version__}", "{noted.fingerprint}")')
    assert noted.version == labkit.__version__ and first.metadata.jupyter.source_hidden


def test_fingerprint_follows_the_content():
    """The same source gives the same one; any change another."""
    fingerprints = [
        json.loads(student_text(source, name=NAME))["metadata"]["labkit"]["fingerprint"]
        for source in ("# %%\n1\n", "# %%\n1\n", "# %%\n2\n", "# %% [markdown]\n# 1\n")
    ]
    assert fingerprints[0] == fingerprints[1] and len(set(fingerprints)) == 3


def test_package_and_its_metadata_have_one_version():
    """pyproject.toml and labkit.__version__ agree."""
    root = Path(version.__file__).parents[1]
    assert tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"] == labkit.__version__
