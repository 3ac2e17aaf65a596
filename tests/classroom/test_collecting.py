"""Rosters, deadlines, files that are none, and students who claim to be others."""

import os
import pickle
import random
import re
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from labkit.classroom.releases import Student
from labkit.classroom.submissions import _choosing, find_submissions, read_deadline
from labkit.errors import UserError
from tests.classroom.exports import Handout, lay_out, notebook, zipped
from tests.classroom.test_submissions import FILE, NAME, found, named_in

OWN, OTHER = notebook(metadata={"own": 1}), notebook(metadata={"own": 2})


def said(submission):
    """Return all that is said of a submission."""
    return " | ".join([*submission.notes, submission.problem or ""])


# ---- Files -----------------------------------------------------------------------------------------------------------


def test_links_and_devices_in_folders_are_not_read(tmp_path):
    """They are named, and the other students are not affected."""
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(OTHER)
    folder = lay_out(
        tmp_path / "in", {f"good/{FILE}": OWN, "linked/a.txt": b"x", "piped/a.txt": b"x", "outside/a": b"x"}
    )
    (folder / "linked" / FILE).symlink_to(secret)
    (folder / "outside" / "folder").symlink_to(tmp_path)
    (folder / "emmy").symlink_to(folder / "good")
    os.mkfifo(folder / "piped" / FILE)
    os.mkfifo(folder / "piped" / "pipe.zip")
    submissions = found(folder)
    assert submissions["good"].files[NAME].read() == OWN
    assert "it is a link to another file" in said(submissions["linked"]) and not submissions["linked"].files
    assert "emmy was not read: it is a link" in said(submissions["emmy"]) and not submissions["emmy"].files
    assert "folder was not read: it is a link" in said(submissions["outside"]) and not submissions["outside"].files
    assert said(submissions["piped"]).count("it is no ordinary file") == 2


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path):
    """Between the listing and the reading, whoever can write there may replace it."""
    folder = lay_out(tmp_path / "in", {f"ada/{FILE}": OWN, "secret/x.ipynb": OTHER})
    submission = found(folder)["ada"]
    (folder / "ada" / FILE).unlink()
    (folder / "ada" / FILE).symlink_to(folder / "secret" / "x.ipynb")
    with pytest.raises(UserError, match="cannot be read"):
        submission.files[NAME].read()


def test_what_the_disk_does_not_give(tmp_path, monkeypatch):
    """A folder without permission is named, and the others are read."""
    folder = lay_out(tmp_path / "in", {f"ada/{FILE}": OWN, f"kurt/{FILE}": OTHER})
    real = os.scandir

    def scandir(path):
        if str(path).endswith("ada"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    submissions = found(folder)
    assert "the folder cannot be read: Permission denied" in said(submissions["ada"])
    assert submissions["kurt"].files[NAME].read() == OTHER


def test_a_fault_of_ours_stops_one_student_only(tmp_path, monkeypatch):
    """Whatever nobody thought of is named, too."""
    folder = lay_out(tmp_path / "in", {f"ada/{FILE}": OWN, f"kurt/{FILE}": OTHER})
    real = _choosing.choose_files

    def choose_files(handed, *arguments):
        if handed[0].file.parts[0] == "ada":
            raise MemoryError("too much")
        return real(handed, *arguments)

    monkeypatch.setattr(_choosing, "choose_files", choose_files)
    submissions = found(folder)
    assert "cannot be read (MemoryError: too much)" in submissions["ada"].problem
    assert submissions["kurt"].problem is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "holds no submissions"),
        ({"marks.csv": b"x"}, "holds no submissions"),
    ],
)
def test_a_folder_without_submissions(files, message, tmp_path):
    """The error names the folder and what to do."""
    with pytest.raises(UserError, match=message):
        find_submissions(lay_out(tmp_path, files), Handout())


def test_no_folder(tmp_path):
    """A missing one, a file that is none, and a broken export are named."""
    with pytest.raises(UserError, match="there is no folder or zip"):
        find_submissions(tmp_path / "nowhere", Handout())
    (tmp_path / "a.txt").write_bytes(b"x")
    with pytest.raises(UserError, match="neither a folder nor a zip"):
        find_submissions(tmp_path / "a.txt", Handout())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", lambda path: os.stat(tmp_path / "nowhere"))
        with pytest.raises(UserError, match="the folder cannot be read: No such file"):
            find_submissions(tmp_path, Handout())
    (tmp_path / "a.zip").write_bytes(b"x")
    with pytest.raises(UserError, match="cannot be opened: it is damaged"):
        find_submissions(tmp_path / "a.zip", Handout())


# ---- Whose it is -----------------------------------------------------------------------------------------------------

ROSTER = (
    Student("1001", "Ada Lovelace", "ada@example.org", login="al"),
    Student("1002", "Kurt Gödel", "kg@example.org", platform="Canvas", columns={"ID": "6"}),
    Student("1003", "Emmy Noether", "emmy@example.org"),
    Student("1004", "太郎 田中", "taro@example.org"),
    Student("1005", "Mary Smith", "mary@example.org"),
    Student("1006", "Mary Smith", "smith@example.org"),
    Student("1007", "Ludwig van der Berg", "berg@example.org"),
)


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"Ada Lovelace_11_assignsubmission_file_/{FILE}", "1001"),
        (f"ADA  LOVELACE_11_assignsubmission_file_/{FILE}", "1001"),
        (f"Lovelace Ada_11_assignsubmission_file_/{FILE}", "1001"),
        (f"Kurt Go\u0308del_12_assignsubmission_file_{FILE}", "1002"),
        (f"Kurt Godel_12_assignsubmission_file_{FILE}", "1002"),
        (f"田中 太郎_13_assignsubmission_file_/{FILE}", "1004"),
        (f"noetheremmy_LATE_44_77_{FILE}", "1003"),
        (f"somebodyelse_6_77_{FILE}", "1002"),
        (f"vanderbergludwig_9_77_{FILE}", "1007"),
        (f"1003/{FILE}", "1003"),
        (f"emmy/{FILE}", "1003"),
        (f"emmy@example.org/{FILE}", "1003"),
        (f"al+{NAME}+2026-11-02 15:58:23 UTC/{FILE}", "1001"),
        (f"1003_{FILE}", "1003"),
        ("Emmy Noether.zip", "1003"),
        (f"group 2 - 1003/{FILE}", "1003"),
    ],
)
def test_students_of_a_roster(name, student, tmp_path):
    """They are found by id, login, address or name, however the platform writes it; the others handed in nothing."""
    folder = lay_out(tmp_path, {name: zipped({FILE: OWN}) if name.endswith("zip") else OWN})
    submissions = found(folder, Handout(students=ROSTER))
    assert set(submissions) == {each.id for each in ROSTER}
    assert submissions[student].problem is None and submissions[student].files[NAME].read() == OWN
    assert {each.problem for each in submissions.values() if each.student != student} == {"nothing was handed in"}


def test_nobody_on_the_roster(tmp_path):
    """An unknown name and one that two students have are named, with the remedy, and graded for nobody."""
    folder = lay_out(tmp_path, {f"zeno/{FILE}": OWN, f"Mary Smith_9_assignsubmission_file_/{FILE}": OWN})
    submissions = found(folder, Handout(students=ROSTER))
    assert "'zeno' is nobody on the roster; put" in submissions["zeno"].problem
    assert "may be several students of the roster (1005, 1006)" in submissions["Mary Smith_9"].problem
    assert not submissions["zeno"].files and len(submissions) == len(ROSTER) + 2


@pytest.mark.parametrize(
    "inside", [f"Kurt_2_assignsubmission_file_/{FILE}", f"kurt_2_3_{FILE}", f"submitted/kurt/x/{FILE}"]
)
@pytest.mark.parametrize("students", [(), ROSTER])
def test_nobody_can_claim_to_be_another(inside, students, tmp_path):
    """What is in a student's folder or zip is the student's, whatever it is called."""
    folder = lay_out(
        tmp_path,
        {
            "ada.zip": zipped({inside: OTHER}),
            "kurt.zip": zipped({FILE: OWN}),
            f"emmy/{inside}": OTHER,
            f"Zoe_4_assignsubmission_file_/{inside}": OTHER,
        },
    )
    submissions = {each.name: each for each in find_submissions(folder, Handout(students=students)) if each.platform}
    assert set(submissions) == {"ada", "kurt", "emmy", "Zoe"}
    assert submissions["kurt"].problem is not None or submissions["kurt"].files[NAME].read() == OWN


def test_names_that_are_no_file_names(tmp_path):
    """Without a roster, results are kept by a name that is safe on every system, and that nobody else has."""
    folder = tmp_path / "a.zip"
    folder.write_bytes(
        zipped({f'A: "B"?_1_assignsubmission_file_/{FILE}': OWN, f"A_ _B___1_assignsubmission_file_/{FILE}": OWN})
    )
    labels = [each.student for each in find_submissions(folder, Handout())]
    assert len(set(map(str.casefold, labels))) == 2 and not any(set(label) & set('<>:"/\\|?*') for label in labels)


# ---- Deadlines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-30 23:59 UTC", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
        ("2026-11-30T23:59Z", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
        ("2026-11-30T23:59:30+01:00", datetime(2026, 11, 30, 22, 59, 30, tzinfo=UTC)),
        ("2026-11-30 9:05 -0500", datetime(2026, 11, 30, 14, 5, tzinfo=UTC)),
        ("2026-11-30 23:59 Europe/Vienna", datetime(2026, 11, 30, 22, 59, tzinfo=UTC)),
        ("2026-07-30 23:59 Europe/Vienna", datetime(2026, 7, 30, 21, 59, tzinfo=UTC)),
        ("2026-11-30", datetime(2026, 11, 30, 23, 59, 59).astimezone()),
        ("2026-11-30 08:00", datetime(2026, 11, 30, 8).astimezone()),
        (datetime(2026, 11, 30, 8), datetime(2026, 11, 30, 8).astimezone()),
    ],
)
def test_deadlines(text, expected):
    """With an offset, a time zone, or that of this computer; a day lasts until its end."""
    found_time = read_deadline(text)
    assert found_time == expected and found_time.tzinfo is not None


@pytest.mark.parametrize(
    "text", ["", "soon", "30.11.2026", "2026-13-01", "2026-02-30 10:00", "2026-11-30 23:59 Mars/Base"]
)
def test_what_is_no_deadline(text):
    """The error shows how to write one."""
    with pytest.raises(UserError, match=r"is no deadline; write it as '2026"):
        read_deadline(text)


DEADLINE = datetime(2026, 11, 2, 17, tzinfo=timezone(timedelta(hours=1)))  # 16:00 UTC


def stamped(*times):
    """Return an exchange of nbgrader in which a student handed in at several times, each another notebook."""
    return {f"ada+{NAME}+2026-11-02 {time} UTC/{FILE}": notebook(metadata={"at": time}) for time in times}


@pytest.mark.parametrize(
    ("times", "counts", "late", "says"),
    [
        (["15:59:59"], "15:59:59", False, ""),
        (["16:00:01.5"], "16:00:01.5", True, "handed in 2026-11-02 16:00 UTC, after the deadline"),
        (["15:00:00", "15:30:00"], "15:30:00", False, "handed in 2 times .*the last one"),
        (["15:00:00", "16:30:00"], "15:00:00", False, "the last one before the deadline"),
        (["16:10:00", "16:30:00"], "16:30:00", True, "after the deadline"),
    ],
)
def test_the_last_one_before_the_deadline_counts(times, counts, late, says, tmp_path):
    """By the time that nbgrader wrote down, in its own time zone."""
    submission = found(lay_out(tmp_path, stamped(*times)), deadline=DEADLINE)["ada"]
    assert f'"at": "{counts}"'.encode() in submission.files[NAME].read()
    assert submission.late == late and submission.received.tzinfo is not None
    assert re.search(says, said(submission)) if says else not said(submission)


def test_times_of_nbgrader(tmp_path):
    """They are in a file; one that says nothing is named."""
    folder = lay_out(
        tmp_path,
        {
            f"submitted/ada/{NAME}/{FILE}": OWN,
            f"submitted/ada/{NAME}/timestamp.txt": b"2026-11-02 15:58:23.948203 UTC\n",
            f"submitted/kurt/{NAME}/{FILE}": OWN,
            f"submitted/kurt/{NAME}/timestamp.txt": b"yesterday",
        },
    )
    submissions = found(folder, deadline=DEADLINE)
    assert submissions["ada"].received == datetime(2026, 11, 2, 15, 58, 23, 948203, tzinfo=UTC)
    assert not submissions["ada"].late and not submissions["ada"].notes
    assert "timestamp.txt holds no time: 'yesterday'" in said(submissions["kurt"])
    assert "when it was handed in is not known" in said(submissions["kurt"])


def test_what_platforms_say_about_time(tmp_path):
    """Canvas marks what is late; Moodle says nothing; times of files are no proof."""
    files = {
        f"lovelaceada_LATE_5_77_{FILE}": OWN,
        f"gödelkurt_6_78_{FILE}": OWN,
        f"Emmy Noether_3_assignsubmission_file_/{FILE}": OWN,
        f"zoe/{FILE}": OWN,
    }
    folder = lay_out(tmp_path, files)
    os.utime(folder / "zoe" / FILE, (DEADLINE.timestamp() + 60,) * 2)
    submissions = {each.name: each for each in find_submissions(folder, Handout(), deadline=DEADLINE)}
    assert submissions["lovelaceada"].late and "Canvas marks it as late" in said(submissions["lovelaceada"])
    assert not submissions["gödelkurt"].late and "does not mark it as late by its own" in said(submissions["gödelkurt"])
    assert said(submissions["Emmy Noether"]).startswith("when it was handed in is not known")
    assert "after the deadline, which copying may have changed" in said(submissions["zoe"])
    assert not any(each.late for each in submissions.values() if each.name != "lovelaceada")
    assert not any(said(each) for each in find_submissions(folder, Handout()) if each.name != "lovelaceada")


def test_two_exports(tmp_path):
    """A student who is in both handed in twice: the later file counts, and both are named."""
    first = {f"Ada Lovelace_11_assignsubmission_file_/{FILE}": OWN, f"Kurt_2_assignsubmission_file_/{FILE}": OWN}
    second = {f"Ada Lovelace_11_assignsubmission_file_/{NAME} (1).ipynb": OTHER}
    lay_out(tmp_path, {"monday.zip": zipped(first), "tuesday.zip": zipped(second)})
    submissions = found(tmp_path)
    assert set(submissions) == {"Ada Lovelace_11", "Kurt_2"}
    assert submissions["Ada Lovelace_11"].files[NAME].read() == OTHER
    assert "handed in 2 times" in said(submissions["Ada Lovelace_11"])


@pytest.mark.parametrize(("encoding", "name"), [("cp932", "田中 太郎"), ("cp437", "Kurt Gödel")])
def test_encodings_of_exports(encoding, name, tmp_path):
    """A name in another encoding is read, and said."""
    path = tmp_path / "export.zip"
    path.write_bytes(named_in(encoding, f"{name}_1_assignsubmission_file_{FILE}", OWN))
    (submission,) = find_submissions(path, Handout())
    assert submission.name == name and submission.files[NAME].read() == OWN
    assert "names in the archive are in the encoding" in said(submission)


def test_several_notebooks(tmp_path):
    """Each is found, by name or content."""
    release = Handout(names=(NAME, "05_demographic_parity"))
    other = notebook([{"cell_type": "code", "source": 'check("05.1", base_rate_weight)', "id": "a"}])
    folder = lay_out(tmp_path, {f"ada/{FILE}": OWN, "ada/Untitled3.ipynb": other, "ada/Untitled4.ipynb": notebook([])})
    submission = found(folder, release)["ada"]
    assert submission.files["05_demographic_parity"].read() == other and submission.files[NAME].read() == OWN
    assert "Untitled4.ipynb: no notebook that was handed out" in said(submission)


def test_submissions_can_be_sent_to_workers(tmp_path):
    """What reads a file is data, so that another process can read it."""
    folder = lay_out(tmp_path, {"ada/a.zip": zipped({"b.zip": zipped({FILE: OWN})})})
    submission = pickle.loads(pickle.dumps(found(folder)["ada"]))
    assert submission.files[NAME].read() == OWN


# ---- Made to break the reader ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_random_damage_to_archives_is_never_an_error(seed, tmp_path):
    """Whatever happens to the bytes of a student's zip, the notebook is found, or a problem is named."""
    chance = random.Random(seed)
    data = bytearray(zipped({"a/b.zip": zipped({FILE: OWN, "more.ipynb": b"{}"}), "c.txt": b"x", f"d/{FILE}": OWN}))
    for _ in range(chance.randint(1, 8)):
        place = chance.randrange(len(data)) if chance.random() < 0.5 else len(data) - chance.randint(1, 150)
        data[place : place + chance.choice((0, 1, 4))] = chance.choice(
            (b"", b"\0", b"\xff\xff\xff\xff", b"PK\1\2", b"\1")
        )
    folder = lay_out(tmp_path, {"ada/work.zip": bytes(data), f"kurt/{FILE}": OTHER})
    submissions = found(folder)
    assert submissions["kurt"].files[NAME].read() == OTHER
    ada = submissions["ada"]
    assert (ada.problem is None) == bool(ada.files) and (ada.notes or ada.problem or ada.files)
    if ada.files:
        try:
            ada.files[NAME].read()
        except UserError as error:
            assert "cannot be read" in str(error)


def test_many_archives_take_little_time(tmp_path):
    """Archives are listed, and only a few of their files are read to see what they are."""
    inner = zipped({f"{number}.txt": b"{" + b" " * 100_000 for number in range(100)})
    folder = lay_out(tmp_path, {"ada/work.zip": zipped({f"{number}.zip": inner for number in range(300)})})
    began = time.process_time()
    submission = found(folder)["ada"]
    assert time.process_time() - began < 3
    assert submission.problem is not None and len(submission.notes) <= 21
    assert "zip archives were not opened: there are more than 20 archives" in said(submission)
