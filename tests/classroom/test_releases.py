"""What a release hands out, and what it keeps."""

import json

import pytest

from labkit.classroom.releases import load_release, release
from labkit.errors import UserError

SEED = "not-to-be-guessed-4711"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a release of notebook 04 without a roster."""
    return release(["04"], tmp_path_factory.mktemp("releases") / "lab", seed=SEED)


def test_a_release_is_read_as_it_was_written(plain):
    """With its names, its seed and its exercises, and with a check cell for each of them."""
    again = load_release(plain.folder)
    assert again == plain and again.names == ("04_measuring",) and again.seed == SEED
    assert again.exercises("04_measuring") == ["04.1", "04.2", "04.3", "04.4", "04.5", "04.6"]
    roles = [cell.role for cell in again.cells("04_measuring")]
    assert roles.count("answer") == roles.count("check") == 6 and roles.count("given") > 20
    assert sum(again.points("04_measuring").values()) == 17


def test_questions_are_those_of_the_notebook(plain):
    """Each with the expression of its check cell."""
    questions = {each.id: each for each in plain.questions("04_measuring", after={"04.6": 3})}
    assert questions["04.6"].expression == "doctor" and questions["04.6"].after == 3
    assert list(questions) == plain.exercises("04_measuring")
    assert "from labkit.exercises import check" in plain.imports("04_measuring")


def test_a_changed_file_is_named(tmp_path):
    """In what was handed out as well as in what was kept."""
    made = release(["04"], tmp_path / "lab", seed=SEED)
    path = made.path("04_measuring")
    path.write_text(path.read_text(encoding="utf-8").replace("alarm", "Alarm"), encoding="utf-8")
    with pytest.raises(UserError, match=r"student.04_measuring\.ipynb was changed"):
        load_release(made.folder)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        load_release(made.folder)


def test_the_seed_is_not_handed_out(plain):
    """Nor is the key that it makes."""
    handed_out = b"".join(path.read_bytes() for path in (plain.folder / "student").rglob("*") if path.is_file())
    assert SEED.encode() not in handed_out and plain._key.hex().encode() not in handed_out
    assert SEED in json.loads((plain.folder / "teacher" / "manifest.json").read_bytes())["seed"]
