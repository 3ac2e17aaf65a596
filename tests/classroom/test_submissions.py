"""Exports of learning platforms: whose each file is, which one counts, and what is said."""

import re
import stat
import unicodedata
import zipfile

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


# ---- Archives and files that students made ---------------------------------------------------------------------------


def link(name):
    """Return an entry of an archive that is a link."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def device(name):
    """Return an entry of an archive that is a device."""
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFCHR | 0o666) << 16
    return entry


def patched(data, old, new):
    """Return bytes with one part replaced wherever it stands."""
    assert old in data
    return data.replace(old, new)


def encrypted(data):
    """Return an archive whose members are marked as encrypted."""
    data = bytearray(data)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + place] |= 1
            start = data.find(mark, start + 4)
    return bytes(data)


def named_in(encoding, name, content):
    """Return an archive whose only name is in an encoding that is not marked, as Windows and macOS write it."""
    raw = name.encode(encoding)
    data = zipped({"x" * len(raw): content})
    return patched(data, b"x" * len(raw), raw)


def grown(data, size):
    """Return an archive whose directory says that each member has another size."""
    data = bytearray(data)
    start = data.find(b"PK\x01\x02")
    while start >= 0:
        data[start + 24 : start + 28] = size.to_bytes(4, "little")
        start = data.find(b"PK\x01\x02", start + 4)
    return bytes(data)


def bomb():
    """Return an archive of a few hundred bytes that would be 300 MB."""
    return grown(zipped({f"{number}.bin": bytes(1_000) for number in range(3)}), 100_000_000)


def too_many():
    """Return an archive with many files."""
    return zipped({f"{number}.txt": b"" for number in range(2_001)} | {FILE: notebook()})


def lying_directory():
    """Return an archive that says that it holds more files than it may."""
    data = bytearray(zipped({FILE: notebook()}))
    place = data.rfind(b"PK\x05\x06")
    data[place + 8 : place + 12] = b"\xfe\xff\xfe\xff"
    return bytes(data)


def overlapping():
    """Return an archive two of whose entries are the same bytes."""
    data = zipped({FILE: notebook(), "b.ipynb": b"{}"})
    directory = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", directory + 4)
    return data[: second + 42] + bytes(4) + data[second + 46 :]


GOOD = notebook()
# A student's files, whether the notebook is graded, and what is said.
HANDED_IN = {
    "a notebook": ({FILE: GOOD}, True, ""),
    "a zip": ({"work.zip": zipped({FILE: GOOD})}, True, ""),
    "a zip with folders": ({"work.zip": zipped({f"a/b/c/{FILE}": GOOD})}, True, ""),
    "a zip in a zip": (
        {"a.zip": zipped({"b.zip": zipped({FILE: GOOD})})},
        True,
        "b.zip is a zip in a zip; it was opened",
    ),
    "a zip in a zip in a zip": (
        {"a.zip": zipped({"b.zip": zipped({"c.zip": zipped({FILE: GOOD})})})},
        False,
        "c.zip was not opened: it is a zip in a zip in a zip",
    ),
    "a zip bomb": ({"a.zip": bomb(), FILE: GOOD}, True, r"a.zip was not opened: it would grow.*a zip bomb"),
    "only a zip bomb": ({"a.zip": bomb()}, False, "zip bomb"),
    "too many files": ({"a.zip": too_many()}, False, "holds.* 2,002 files; at most 2,000"),
    "a directory that lies": ({"a.zip": lying_directory()}, False, "says that it holds 65,534 files"),
    "overlapping members": ({"a.zip": overlapping()}, True, "b.ipynb cannot be read: it is damaged"),
    "a damaged zip": ({"a.zip": zipped({FILE: GOOD})[:-30]}, False, "a.zip was not opened: it is damaged"),
    "a zip with wrong bytes": (
        {"a.zip": patched(zipped({FILE: GOOD}), b"PK\x01\x02", b"PK\x01\x03")},
        False,
        "damaged",
    ),
    "a zip that is none": ({"a.zip": b"Rar!" + bytes(99)}, False, "damaged, or no zip archive"),
    "an empty zip": ({"a.zip": zipped({})}, False, ""),
    "an encrypted zip": ({"a.zip": encrypted(zipped({FILE: GOOD}))}, False, "was not read: it is encrypted"),
    "a path that climbs": ({"a.zip": zipped({f"../../{FILE}": GOOD})}, False, "its path leads out of the archive"),
    "a path of Windows that climbs": ({"a.zip": zipped({f"..\\{FILE}": GOOD})}, False, "leads out of the archive"),
    "an absolute path": ({"a.zip": zipped({f"/etc/{FILE}": GOOD})}, False, "leads out of the archive"),
    "a drive of Windows": ({"a.zip": zipped({f"C:\\{FILE}": GOOD})}, False, "leads out of the archive"),
    "folders of Windows": ({"a.zip": zipped({f"a\\b\\{FILE}": GOOD})}, True, ""),
    "a link in a zip": ({"a.zip": zipped([(link(FILE), "/etc/passwd")])}, False, "it is a link to another file"),
    "a device in a zip": ({"a.zip": zipped([(device(FILE), "x")])}, False, "no ordinary file"),
    "the same name twice": (
        {"a.zip": zipped([(FILE, notebook([])), (FILE + "_", b"")]), FILE: GOOD},
        True,
        "was handed in 2 times",
    ),
    "a name in Shift-JIS": ({"a.zip": named_in("cp932", f"課題/提出_{FILE}", GOOD)}, True, "encoding Shift-JIS"),
    "a name in UTF-8 without a mark": ({"a.zip": named_in("utf-8", f"Übung_{FILE}", GOOD)}, True, ""),
    "a name in code page 437": ({"a.zip": named_in("cp437", f"Größe_{FILE}", GOOD)}, True, "encoding code page 437"),
    "a name in full width": ({"０４＿ｍｅａｓｕｒｉｎｇ.ipynb": GOOD}, True, ""),
    "a decomposed name": ({unicodedata.normalize("NFD", f"Übung {FILE}"): GOOD}, True, ""),
    "rubbish of macOS": (
        {"a.zip": zipped({FILE: GOOD, f"__MACOSX/._{FILE}": b"\0\5\x16\7", ".DS_Store": b"x"})},
        True,
        "",
    ),
    "checkpoints": ({FILE: GOOD, f".ipynb_checkpoints/{NAME}-checkpoint.ipynb": b"{}"}, True, ""),
    "renamed by a browser": ({f"{NAME} (1).ipynb": GOOD}, True, ""),
    "renamed by Canvas": ({f"{NAME}-2.ipynb": GOOD}, True, ""),
    "copied by Jupyter": ({f"{NAME}-Copy1.ipynb": GOOD}, True, ""),
    "with blanks": ({"04 Measuring FINAL.ipynb": GOOD}, True, ""),
    "with the student's name": ({f"ada_{FILE}": GOOD}, True, ""),
    "saved as text": ({f"{FILE}.txt": GOOD}, True, ""),
    "saved as JSON": ({f"{NAME}.json": GOOD}, True, ""),
    "in capitals": ({"04_MEASURING.IPYNB": GOOD}, True, ""),
    "without a name": ({"Untitled.ipynb": GOOD}, True, "Untitled.ipynb was recognized as 04_measuring by its content"),
    "another notebook without a name": (
        {"Untitled.ipynb": notebook([{"cell_type": "code", "source": "1", "id": "a"}])},
        True,
        "was taken for 04_measuring: it is the only notebook",
    ),
    "others besides": (
        {FILE: GOOD, "notes.ipynb": notebook([]), "plot.png": b"x", "my.py": b"x"},
        True,
        "notes.ipynb: no notebook that was handed out.*my.py, plot.png: no notebook",
    ),
    "a script": ({"04_measuring.py": b"x = 1"}, False, "04_measuring.py: no notebook; not graded"),
    "a page": ({"04_measuring.html": b"<html>"}, False, "no notebook"),
    "a document": ({"answers.docx": b"PK\x03\x04"}, False, "answers.docx: no notebook"),
    "an empty file": ({FILE: b""}, False, "is empty"),
    "nothing but rubbish": ({".DS_Store": b"x"}, False, ""),
    "two copies": (
        {FILE: notebook([]), f"{NAME} (1).ipynb": GOOD},
        True,
        r"handed in 2 times .*04_measuring \(1\).ipynb counts, the last one by the numbers",
    ),
    "50 MB": ({FILE: notebook(metadata={"x": "y" * 50_000_000})}, True, ""),
    "50 MB in a zip": ({"a.zip": zipped({FILE: notebook(metadata={"x": "y" * 50_000_000})})}, True, ""),
    "151 MB in a zip": ({"a.zip": grown(zipped({FILE: GOOD}), 151 * 2**20)}, False, "151 MB; at most 150 MB"),
}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """Return the submissions of a class in which every student has another case, by the number of the case."""
    folder = tmp_path_factory.mktemp("class")
    for number, (files, _, _) in enumerate(HANDED_IN.values()):
        lay_out(folder / f"student-{number:02}", files)
    return found(folder)


@pytest.mark.parametrize("name", HANDED_IN)
def test_what_students_hand_in(name, handed_in):
    """What can be graded is, and what was found is said; no case hinders another."""
    number = list(HANDED_IN).index(name)
    _, graded, says = HANDED_IN[name]
    submission = handed_in.get(f"student-{number:02}")
    if submission is None:
        assert name == "nothing but rubbish"
        return
    said = " | ".join([*submission.notes, submission.problem or ""])
    assert re.search(says, said) if says else not submission.notes, said
    assert (submission.problem is None) == graded == (NAME in submission.files), said
    if graded and "another" not in name:
        assert submission.files[NAME].read().startswith(GOOD[:-100])
