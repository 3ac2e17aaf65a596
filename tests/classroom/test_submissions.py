"""Exports of learning platforms: whose each file is, which one counts, and what is said."""

import pytest

from labkit.classroom.submissions import find_submissions
from tests.classroom.exports import Handout, lay_out, notebook, zipped

NAME = "04_measuring"
FILE = f"{NAME}.ipynb"


def found(folder, release=None, **options):
    """Return the submissions by student."""
    return {each.student: each for each in find_submissions(folder, release or Handout(), **options)}


LAYOUTS = {
    "Moodle": (
        {f"Ada Lovelace_11_assignsubmission_file_/{FILE}": b"A", f"Kurt Gödel_12_assignsubmission_file/{FILE}": b"K"},
        {"Ada Lovelace_11": b"A", "Kurt Gödel_12": b"K"},
    ),
    "Moodle without folders": (
        {f"Ada Lovelace_11_assignsubmission_file_{FILE}": b"A", f"Kurt Gödel_12_assignsubmission_file_{FILE}": b"K"},
        {"Ada Lovelace_11": b"A", "Kurt Gödel_12": b"K"},
    ),
    "Moodle, anonymous": (
        {f"Participant_11_assignsubmission_file_/{FILE}": b"A"},
        {"Participant_11": b"A"},
    ),
    "Canvas": (
        {f"lovelaceada_LATE_5_77_{NAME}-2.ipynb": b"A", f"gödelkurt_6_78_{FILE}": b"K"},
        {"lovelaceada_5": b"A", "gödelkurt_6": b"K"},
    ),
    "Canvas, anonymous": (
        {f"anon_aB3x9_77_{FILE}": b"A", f"LATE_anon_zzzz1_78_{FILE}": b"K"},
        {"anon_aB3x9": b"A", "anon_zzzz1": b"K"},
    ),
    "nbgrader": (
        {
            f"submitted/ada/{NAME}/{FILE}": b"A",
            f"submitted/ada/{NAME}/timestamp.txt": b"2026-11-02 15:58:23.948203 UTC",
            f"submitted/kurt/{NAME}/{FILE}": b"K",
        },
        {"ada": b"A", "kurt": b"K"},
    ),
    "nbgrader's exchange": (
        {
            f"ada+{NAME}+2026-11-02 15:58:23.948203 UTC/{FILE}": b"A",
            f"kurt+{NAME}+2026-11-02 15:58:23 UTC/{FILE}": b"K",
        },
        {"ada": b"A", "kurt": b"K"},
    ),
    "a folder per student": ({f"ada/{FILE}": b"A", f"kurt/work/{FILE}": b"K"}, {"ada": b"A", "kurt": b"K"}),
    "a notebook per student": ({"ada.ipynb": b"A", f"kurt_{FILE}": b"K"}, {"ada": b"A", "kurt": b"K"}),
}


@pytest.mark.parametrize("packed", ["folder", "zip", "zip in a folder", "unpacked twice"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_exports(layout, packed, tmp_path):
    """Every student is found, with the bytes of the right file."""
    if packed == "unpacked twice" and layout == "a notebook per student":
        pytest.skip("a folder with notebooks is that of one student")
    files, expected = LAYOUTS[layout]
    contents = {
        name: notebook(metadata={"whose": data.decode()}) if name.endswith("ipynb") else data
        for name, data in files.items()
    }
    if packed == "folder":
        folder = lay_out(tmp_path / "in", contents)
    elif packed == "unpacked twice":
        folder = lay_out(tmp_path / "in" / "export", contents).parent
    else:
        folder = tmp_path / "in"
        folder.mkdir()
        (folder / "export.zip").write_bytes(zipped(contents))
        folder = folder / "export.zip" if packed == "zip" else folder
    submissions = found(folder)
    assert set(submissions) == set(expected)
    for student, mark in expected.items():
        assert submissions[student].problem is None
        assert b'"whose": "' + mark + b'"' in submissions[student].files[NAME].read()
