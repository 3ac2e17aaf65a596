"""What is graded again and what is kept, appeals, faults, and folders; a stand-in takes the place of the box."""

import json
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from filelock import FileLock

from labkit.classroom.box import BoxKind
from labkit.classroom.grading import grade, running
from labkit.classroom.grading._jobs import Answered
from labkit.classroom.releases import release
from labkit.classroom.results import ResultFiles, safe_name
from labkit.errors import UserError
from tests.classroom.simulated import NAME, write_class

NONE = BoxKind(None, sentence="bubblewrap is not installed", remedy="apt-get install bubblewrap")


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """A release of notebook 04."""
    return release(["04"], tmp_path_factory.mktemp("release") / "release", seed="a secret of the tests")


@pytest.fixture
def submissions(handed_out, tmp_path):
    """Four submissions."""
    write_class(tmp_path / "submissions", handed_out, 4)
    return tmp_path / "submissions"


class Workers:
    """Stands in for workers: notes what it is asked for, and answers by a table."""

    slots = 1

    def __init__(self):
        self.asked, self.fails, self.state, self.box = [], {}, "correct", "bubblewrap"

    def submit(self, function, job):
        """Return a future that is done."""
        self.asked.append(job.student)
        future = Future()
        if job.student in self.fails:
            future.set_exception(self.fails[job.student])
        else:
            outcome = {"state": self.state, "message": "as `asked`", "crashed": False, "answer": {"value": 1}}
            future.set_result(Answered({each.id: outcome for each in job.questions}, box=self.box))
        return future


@pytest.fixture
def workers(monkeypatch):
    """The stand-in, in place of the pool and the box."""
    found = Workers()

    @contextmanager
    def open_pool(*_, **__):
        found.asked.clear()
        yield found

    monkeypatch.setattr(running, "open_pool", open_pool)
    monkeypatch.setattr(running, "find_box", lambda: BoxKind("bubblewrap"))
    return found


@pytest.fixture
def call(handed_out, submissions, workers, tmp_path):
    """Return a function that grades the submissions."""

    def run(**options):
        workers.asked.clear()
        return grade(submissions, tmp_path / "grades", release=handed_out, **options)

    return run


def change(path):
    """Change a notebook."""
    path.write_text(path.read_text(encoding="utf-8").replace("null_gap", "null_gap "), encoding="utf-8")


def test_only_what_changed_is_graded_again(call, workers, submissions):
    """Nothing in a second run; then the notebook that was changed, and one that is new."""
    assert call().graded == 4 and sorted(workers.asked) == ["s000", "s001", "s002", "s003"]
    again = call()
    assert (again.graded, again.kept, workers.asked) == (0, 4, [])
    change(submissions / "s002" / f"{NAME}.ipynb")
    (submissions / "s009").mkdir()
    (submissions / "s009" / f"{NAME}.ipynb").write_bytes((submissions / "s001" / f"{NAME}.ipynb").read_bytes())
    assert call().graded == 2 and sorted(workers.asked) == ["s002", "s009"]


def test_another_release_code_or_setting_grades_everything_again(call, workers, monkeypatch, submissions, tmp_path):
    """Whatever marks depend on; the teacher is told of another release."""
    call()
    assert call(every_cell=True).graded == 4 and call(every_cell=True).graded == 0
    monkeypatch.setattr("labkit.classroom.grading._planning.fingerprint_grading", lambda: "other")
    assert call(every_cell=True).graded == 4
    other = release(["04"], tmp_path / "other", seed="another secret of the tests")
    found = grade(submissions, tmp_path / "grades", release=other, every_cell=True)
    assert found.graded == 4 and "everything is graded again" in found.notices[0]


def test_a_deadline_that_was_moved_grades_nothing_again(call, workers, submissions, tmp_path):
    """Only what results say of it changes."""
    (submissions / "s001" / "04").mkdir()
    (submissions / "s001" / f"{NAME}.ipynb").rename(submissions / "s001" / "04" / f"{NAME}.ipynb")
    (submissions / "s001" / "04" / "timestamp.txt").write_text("2026-05-05 10:00:00 UTC\n")
    early, late = (datetime(2026, 5, day, tzinfo=UTC) for day in (5, 6))
    found = call(deadline=early)
    assert [each.id for each in found.students if each.last(NAME).late] == ["s001"]
    assert "after the deadline" in (tmp_path / "grades/pages/s001.html").read_text(encoding="utf-8")
    found = call(deadline=late)
    assert workers.asked == [] and not any(each.last(NAME).late for each in found.students)


def test_an_appeal_keeps_both_results(call, workers, tmp_path):
    """The last one counts; the page has both, and the reason as it was written."""
    workers.state = "not yet"
    call()
    workers.state = "correct"
    found = call(regrade=["s001"], reason="the <b>cell</b> was moved")
    assert workers.asked == ["s001"] and found.kept == 3
    first, second = ResultFiles(tmp_path / "grades/results").read("s001", NAME)
    assert (first.points, second.points, second.number) == (0, 17, 2)
    page = (tmp_path / "grades/pages/s001.html").read_text(encoding="utf-8")
    assert "17 of 17 points" in page and "Graded first on" in page and "0 of 17 points." in page
    assert "because: the &lt;b&gt;cell&lt;/b&gt; was moved. The last result counts." in page
    assert call().kept == 4 and (tmp_path / "grades/grades.csv").read_text().count(",17,17,") == 1


def test_students_to_regrade_must_have_a_submission(call):
    """A name that is close is named."""
    with pytest.raises(UserError, match="--regrade s01: did you mean 's001'"):
        call(regrade=["s01"])


def test_a_fault_costs_only_its_student(call, workers, tmp_path):
    """It is named, no former result takes its place, and the next run tries again."""
    call()
    workers.fails = {"s002": RuntimeError("our fault")}
    found = call(every_cell=True)
    assert not found.complete and found.faults == {("s002", NAME): "RuntimeError: our fault"} and found.graded == 3
    assert found.students[2].last(NAME) is None
    assert "could not be graded yet" in (tmp_path / "grades/pages/s002.html").read_text(encoding="utf-8")
    assert "our fault" in (tmp_path / "grades/overview.html").read_text(encoding="utf-8")
    assert '"fault: RuntimeError: our fault"' in (tmp_path / "grades/grades.csv").read_text(encoding="utf-8")
    workers.fails = {}
    assert call(every_cell=True).complete and workers.asked == ["s002"]


def test_a_fault_of_everybody_ends_the_run(call, workers):
    """It is about the machine, and is not repeated three hundred times."""
    workers.fails = {f"s00{number}": UserError("the box could not be started") for number in range(4)}
    with pytest.raises(UserError, match="nothing can be graded: the box could not be started"):
        call()
    assert len(workers.asked) == 3


def test_a_check_that_fails_is_named(call, workers, monkeypatch):
    """The student's marks need a look, so the run is not complete."""
    monkeypatch.setattr(running, "make_result", crash(running.make_result))
    found = call()
    assert not found.complete and found.crashed["s000"] == ["04.1"]


def crash(make_result):
    """Return results in which the judge of the first exercise failed."""
    import dataclasses

    def changed(*arguments):
        result = make_result(*arguments)
        exercises = result.exercises | {"04.1": dataclasses.replace(result.exercises["04.1"], crashed=True)}
        return dataclasses.replace(result, exercises=exercises)

    return changed


def test_what_cannot_be_read_gets_no_points_and_no_worker(call, workers, submissions):
    """No notebook at all; the reason is in the result."""
    (submissions / "s003" / f"{NAME}.ipynb").rename(submissions / "s003" / "essay.txt").write_text("an essay")
    found = call()
    assert "s003" not in workers.asked and found.complete and found.graded == 3
    result = found.students[3].last(NAME)
    assert result.points == 0 and "no notebook" in result.problem
    assert {each.state for each in result.exercises.values()} == {"not collected"}


def test_students_who_are_gone_are_named(call, submissions):
    """Their results stay, and are in no table."""
    call()
    (submissions / "s000" / f"{NAME}.ipynb").unlink()
    (submissions / "s000").rmdir()
    found = call()
    assert [each.id for each in found.students] == ["s001", "s002", "s003"]
    assert found.notices == ["results of students without a submission now are left out of the tables: s000"]
    assert not (found.folder / "pages" / "s000.html").exists() and (found.folder / "results" / "s000").exists()


def test_no_box_is_refused(call, monkeypatch, workers, tmp_path):
    """With how to get one, and the command of a container; nothing is written."""
    monkeypatch.setattr(running, "find_box", lambda: NONE)
    with pytest.raises(
        UserError, match=r"(?s)bubblewrap is not installed. To get one: apt-get .*docker run .*--unsafe"
    ):
        call()
    assert workers.asked == [] and not (tmp_path / "grades").exists()


def test_unsafe_marks_every_page_and_is_graded_again_in_a_box(call, workers, monkeypatch, tmp_path):
    """Marks of a run without a box cannot be trusted; where there is one, it is used even so."""
    monkeypatch.setattr(running, "find_box", lambda: NONE)
    workers.box = "no box"
    call(unsafe=True)
    pages = [*(tmp_path / "grades" / "pages").glob("*.html"), tmp_path / "grades" / "overview.html"]
    assert len(pages) == 5 and all("cannot be trusted" in page.read_text(encoding="utf-8") for page in pages)
    assert (tmp_path / "grades/grades.csv").read_text().count("graded without a box") == 4
    assert call(unsafe=True).kept == 4
    monkeypatch.setattr(running, "find_box", lambda: BoxKind("bubblewrap"))
    workers.box = "bubblewrap"
    assert call(unsafe=True).graded == 4
    assert "cannot be trusted" not in (tmp_path / "grades/pages/s001.html").read_text(encoding="utf-8")


def test_a_folder_of_others_is_left_alone(call, tmp_path):
    """So is one that another run uses."""
    (tmp_path / "grades").mkdir()
    (tmp_path / "grades" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds something else .'thesis.txt'.; name a new folder"):
        call()
    (tmp_path / "grades" / "thesis.txt").unlink()
    with FileLock(tmp_path / "grades" / ".lock"), pytest.raises(UserError, match="another run is grading into"):
        call()
    assert call().graded == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{", "", "Extra data"),
        ('"exercises"', '"tasks"', "tasks is unknown"),
        ('"points": 2', '"points": "two"', "points is 'two'"),
        ('"points": 2', '"points": true', "points is True"),
        ('"points": 2', '"points": 3', "04.1 has 3 of 2 points"),
        ('"answer": {', '"answer": [], "notes": {', "answer is"),
        ('"notes": []', '"notes": [1]', "notes is 1"),
        ('"student": "s001"', '"student": "s002"', "it is result 1 of 's002' in 04_measuring"),
    ],
)
def test_a_damaged_result_is_kept_apart_and_graded_again(call, workers, tmp_path, old, new, said):
    """It is named with its file, and neither it nor the result of another is lost."""
    call()
    path, other = (tmp_path / "grades/results" / each / f"{NAME}.1.json" for each in ("s001", "s002"))
    good, untouched = path.read_text(), other.read_bytes()
    path.write_text(good.replace(old, new, 1))
    found = call()
    assert workers.asked == ["s001"] and found.kept == 3 and found.complete
    (notice,) = found.notices
    assert str(path) in notice and said in notice and notice.endswith("and graded again")
    (kept,) = path.parent.glob("*.damaged")
    assert kept.read_text() == good.replace(old, new, 1) and other.read_bytes() == untouched
    assert json.loads(path.read_text())["exercises"]["04.1"]["points"] == 2 and call().kept == 4


def test_a_damaged_result_of_an_appeal_is_graded_again(call, workers, tmp_path):
    """The first result does not take its place."""
    workers.state = "not yet"
    call()
    workers.state = "correct"
    call(regrade=["s001"], reason="an appeal")
    path = tmp_path / "grades/results/s001" / f"{NAME}.2.json"
    path.write_bytes(b"\0" * 100)
    result = call().students[1].last(NAME)
    assert (result.number, result.points, result.reason) == (2, 17, "the file of its result was damaged")


def test_a_result_of_another_version_is_a_fault_of_one_student(call, tmp_path):
    """It is named with its file; nothing is overwritten."""
    call()
    path = tmp_path / "grades/results/s001" / f"{NAME}.1.json"
    path.write_text('{"format": 9}')
    found = call()
    assert list(found.faults) == [("s001", NAME)] and "another version" in found.faults["s001", NAME]
    assert str(path) in found.faults["s001", NAME] and path.read_text() == '{"format": 9}' and found.kept == 3


def test_general_hints_stay_until_they_are_exact_again(call, workers, tmp_path):
    """A later call without the option does not write what was found in answers; nothing is graded again."""
    workers.state = "not yet"

    def page(**options):
        call(**options)
        return (tmp_path / "grades/pages/s001.html").read_text(encoding="utf-8")

    assert "as <code>asked</code>" in page()
    general = page(general_hints=True)
    assert "as <code>asked</code>" not in general and "Your answer" not in general and "0 of 17 points" in general
    assert page() == general and workers.asked == []
    assert "as <code>asked</code>" in page(general_hints=False)


def test_results_are_files_for_programs(call, tmp_path):
    """With answers, outcomes, and the fingerprints of whatever marks depend on."""
    call()
    content = json.loads((tmp_path / "grades/results/s001" / f"{NAME}.1.json").read_text(encoding="utf-8"))
    assert set(content["fingerprints"]) == {"release", "number", "submission", "code", "cells"}
    assert content["exercises"]["04.1"] == {
        "points": 2,
        "possible": 2,
        "state": "correct",
        "message": "as `asked`",
        "crashed": False,
        "answer": {"value": 1},
        "notes": [],
    }


@pytest.mark.parametrize("identifier", ["..", "a/b", "A", "ä", "x" * 300, "con.", "", "a b", "s1-0123abcd", "-rf"])
def test_names_of_files_are_safe(identifier):
    """No id climbs out of the folder, hides a file, or takes the file of another id."""
    name = safe_name(identifier)
    assert name != identifier and len(name) < 60 and name[0].isalnum() and name.replace("-", "").isalnum()
    assert safe_name(identifier + "x") != name and safe_name(name) != name


def test_a_full_disk_is_a_clear_error(call, monkeypatch):
    """What could not be kept, and that the next call goes on."""

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("labkit.classroom.results.replace_file", refuse)
    with pytest.raises(
        UserError, match=r"s000.* cannot be written .No space left on device.; .* the next call goes on"
    ):
        call()
