"""The command `labkit class grade`: the README's example, exit statuses, and how it stops."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from labkit.classroom.box import find_box
from labkit.classroom.releases import load_release, release
from labkit.course.cli import app
from tests.classroom.simulated import NAME, Student, answer, write_class, write_submission

README = Path(__file__).parents[2] / "README.md"
ROSTER = "id,name,email\ns1,Ada Ames,ada@example.org\ns2,Ben Boole,ben@example.org\ns3,Cy Cole,cy@example.org\n"


def labkit(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(app, ["class", *arguments])


@pytest.fixture
def box():
    """Skip a test where no box works."""
    if find_box().name is None:
        pytest.skip(find_box().sentence)


def test_the_example_of_the_readme_prints_what_it_shows(box, tmp_path, monkeypatch):
    """Word for word, from the roster to the tables; a second call grades nothing."""
    section = README.read_text(encoding="utf-8").split("**With a class.**")[1]
    lines, shown = re.search(r"```sh\n(.+?)\n```.*?```text\n(.+?)```", section, re.DOTALL).groups()
    first, second = (shlex.split(line) for line in lines.splitlines())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("labkit.classroom.grading.running.count_workers", lambda budgets: 1)  # one box is enough here
    Path("roster.csv").write_text(ROSTER, encoding="utf-8")
    done = labkit(*first[2:])
    assert done.exit_code == 0, done.output
    handed_out = load_release("release")
    for number, (student, day) in enumerate({"s1": "18", "s2": "19"}.items()):
        questions = handed_out.questions(NAME, student)
        folder = Path("submissions", student, NAME)
        write_submission(folder / f"{NAME}.ipynb", handed_out.path(NAME, student), right_answers(questions, number))
        (folder / "timestamp.txt").write_text(f"2026-12-{day} 12:00:00 UTC\n")
    Path("submissions/s3").mkdir()
    Path("submissions/s3/answers.pdf").write_bytes(b"%PDF-1.4\n")
    done = labkit(*second[2:])
    assert done.exit_code == 0, done.output
    assert done.stdout == shown
    again = labkit(*second[2:])
    assert again.exit_code == 0 and "0 notebooks graded now, 3 unchanged" in again.stdout
    grades = Path("grades/grades-canvas.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[2] for line in grades[2:]] == ['"s1"', '"s2"', '"s3"']


def right_answers(questions, style):
    """Return a student who answers the first and the last exercise, both right, in a style."""
    student = Student("")
    for question in (questions[0], questions[-1]):
        answer(student, question, "right", style)
    return student


def test_wrong_calls_exit_with_2(tmp_path):
    """Options that contradict each other, and values that are none; nothing is written."""
    start = ["grade", str(tmp_path), "--release", str(tmp_path / "no"), "--output", str(tmp_path / "grades")]
    for options, said in (
        (["--reason", "appeal"], "--regrade"),
        (["--deadline", "tomorrow"], "no deadline"),
        (["--workers", "0"], "--workers"),
    ):
        done = labkit(*start, *options)
        assert done.exit_code == 2 and said in re.sub(r"[\s│]+", " ", done.stderr)
    assert labkit("grade").exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_fixed_exits_with_1(tmp_path):
    """A folder that is no release is named."""
    done = labkit("grade", str(tmp_path), "--release", str(tmp_path), "--output", str(tmp_path / "grades"))
    assert done.exit_code == 1 and done.stderr.startswith("labkit: ") and "holds no release" in done.stderr


@pytest.fixture
def running(box, tmp_path):
    """Return a function that starts the command on a class of eight, of which one takes long, and waits for results."""
    handed_out = release(["04"], tmp_path / "release", seed="a secret of the tests")
    write_class(tmp_path / "submissions", handed_out, 8)
    path = tmp_path / "submissions" / "s005" / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("exercise") == "04.6":
            cell["source"] = "while True:\n    doctor = 1"
    path.write_text(json.dumps(notebook), encoding="utf-8")

    def start():
        command = [sys.executable, "-c", "from labkit.course.cli import app; app()", "class", "grade", "submissions"]
        options = ["--release", "release", "--output", "grades", "--workers", "1"]
        process = subprocess.Popen(
            [*command, *options],
            cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 300
        while len(results(tmp_path)) < 4 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        return process

    (tmp_path / "temporary").mkdir()
    return start


def results(folder):
    """Return the results that are there, with what they hold."""
    return {path: path.read_bytes() for path in folder.glob("grades/results/*/*.json")}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_loses_only_what_is_under_way(running, interruptible, tmp_path, number):
    """After kill -9, Ctrl-C or SIGTERM, workers and boxes are gone, results are whole, and the next run goes on."""
    process = running()
    family = psutil.Process(process.pid).children(recursive=True)
    assert family and process.poll() is None
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    if number == signal.SIGINT:
        assert "stopped; " in errors and "Traceback" not in errors
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []
    before = results(tmp_path)
    assert 4 <= len(before) < 8 and all(json.loads(content)["format"] == 1 for content in before.values())
    assert list((tmp_path / "temporary").iterdir()) == []
    path = tmp_path / "submissions" / "s005" / f"{NAME}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace("while True:", "if True:"), encoding="utf-8")
    again = running()
    out, errors = again.communicate(timeout=600)
    assert again.returncode == 0, errors
    assert f"8 students, 0 late; {8 - len(before)} notebooks graded now, {len(before)} unchanged" in out
    after = results(tmp_path)
    assert len(after) == 8 and all(after[path] == content for path, content in before.items())
    assert list((tmp_path / "temporary").iterdir()) == []
