"""Figures that a second process draws: the same as this one draws, whatever becomes of that process."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labkit.audit.command.run import audit_file
from labkit.audit.counts import Counts
from labkit.audit.drawing import _process
from labkit.audit.drawing._figures import draw_images
from labkit.audit.drawing._planning import plan_figures
from labkit.audit.drawing._process import open_drawing
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._lettering import PLAIN, _characters_of, _own_path

CELLS = {"$a$": [30, 10, 10, 30], "b": [20, 20, 20, 20], "中文": [5, 5, 0, 2]}
NAMES = {"label": "y", "prediction": "yhat", "sensitive": "g", "score": "p"}


@pytest.fixture(scope="module")
def plan():
    """All figures of a small audit with scores."""
    scores = ScoreHistogram.from_cells({name: np.full((2, 8), 3) for name in CELLS}, names=["g"], shape=(2, 8))
    return plan_figures(Counts.from_mapping(CELLS, names=["g"]).audit(), scores, score="p")


@pytest.fixture(scope="module")
def here(plan):
    """The figures as this process draws them."""
    return draw_images(plan)


@pytest.fixture
def log(tmp_path):
    """Write a small file of decisions."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": rng.integers(0, 2, 90), "yhat": rng.integers(0, 2, 90), "p": rng.random(90)})
    frame.assign(g=list("abc") * 30).to_csv(tmp_path / "log.csv", index=False)
    return tmp_path / "log.csv"


def without_ids(svg):
    """Remove the random names of an SVG's parts."""
    return re.sub(rb'(#|id=")[a-z][0-9a-f]{10}', rb"\1", svg)


@pytest.fixture
def second(monkeypatch):
    """Start a second process although matplotlib has been imported, and on one processor, too."""
    monkeypatch.setattr(_process, "_saves_time", lambda: True)


def test_the_second_process_draws_the_same(plan, here, second, tmp_path, monkeypatch, capfd):
    """PNGs byte for byte, also where files of the user are called like libraries; nothing is left and nothing said."""
    for name in ("json", "pickle", "matplotlib", "labkit"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the current folder')\n")
    monkeypatch.chdir(tmp_path)
    with open_drawing() as drawing:
        process = drawing.process
        drawing.begin(plan)
        found = drawing.finish()
        assert drawing.finish() is found
    assert process.returncode == 0 and capfd.readouterr() == ("", "")
    pngs = ("rates", "calibration", "calibration_narrow")
    assert [getattr(found, name) for name in pngs] == [getattr(here, name) for name in pngs]
    assert without_ids(found.rates_svg) == without_ids(here.rates_svg)
    assert len({getattr(here, name) for name in pngs}) == 3


@pytest.mark.parametrize("moment", ["before the plan", "while drawing", "unable to import"])
def test_figures_are_drawn_here_where_the_second_process_fails(moment, plan, here, second, monkeypatch, capfd):
    """One line says so, with the status and the last line of what the process said."""
    if moment == "unable to import":
        monkeypatch.setattr(_process, "CODE", "raise SystemExit('no such module')")
    with open_drawing() as drawing:
        process = drawing.process
        if moment == "before the plan":
            process.kill()
            process.wait()
        drawing.begin(plan)
        if moment == "while drawing":
            process.kill()
        assert drawing.finish().rates == here.rates
    said = "status 1: no such module" if moment == "unable to import" else "status -9: it said nothing"
    assert capfd.readouterr().err == f"labkit: the process that draws figures failed ({said}); this one drew them\n"


def test_without_another_process_figures_are_drawn_here(plan, here, second, monkeypatch):
    """Where the system starts none."""

    def refuse(*arguments, **options):
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with open_drawing() as drawing:
        assert drawing.process is None
        drawing.begin(plan)
        assert drawing.finish().rates == here.rates


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
@pytest.mark.parametrize("is_drawing", [False, True])
def test_nothing_is_left_of_the_process_after_an_error(error, is_drawing, plan, second):
    """It is ended and waited for, whether it waits or draws."""
    with pytest.raises(error), open_drawing() as drawing:
        process = drawing.process
        if is_drawing:
            drawing.begin(plan)
        raise error
    assert process.returncode == -signal.SIGKILL and process.stdin.closed and process.stdout.closed
    with pytest.raises(ChildProcessError):
        os.waitpid(process.pid, 0)


def test_an_error_in_a_figure_is_the_same_error(plan, second, monkeypatch):
    """This process draws again, and its error is raised."""
    with open_drawing() as drawing, pytest.raises(AttributeError, match="'NoneType' object has no attribute"):
        drawing.begin(None)
        drawing.finish()


@pytest.mark.parametrize(
    ("modules", "processors", "python", "expected"),
    [
        ((), 2, "/usr/bin/python3.12", True),
        (("matplotlib",), 2, "/usr/bin/python3.12", False),
        ((), 1, "/usr/bin/python3.12", False),
        ((), 2, "/usr/bin/uwsgi", False),
        ((), 2, None, False),
    ],
)
def test_a_second_process_starts_only_where_it_saves_time(modules, processors, python, expected, monkeypatch):
    """Not where matplotlib is there already, on one processor, or in a program that embeds Python."""
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(processors)), raising=False)
    monkeypatch.setattr(sys, "executable", python)
    assert _process._saves_time() is expected


def test_the_command_ends_its_second_process(log, tmp_path):
    """SIGTERM while both are busy: the command exits with 143, nothing is written, and no process is left behind."""
    code = (
        "import json, sys; from labkit.audit.drawing import _process; _process._saves_time = lambda: True; "
        "begin = _process.Drawing.begin\n"
        "def watched(self, plan):\n"
        "    begin(self, plan); print(self.process.pid, flush=True); import time; time.sleep(60)\n"
        "_process.Drawing.begin = watched; from labkit.course.cli import app; app()"
    )
    call = ["audit", log, *"--label y --prediction yhat --sensitive g --output".split(), tmp_path / "out"]
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, call)], stdout=subprocess.PIPE, text=True)
    second = int(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 143 and not (tmp_path / "out").exists()
    process.stdout.close()
    for _ in range(100):
        if not os.path.exists(f"/proc/{second}"):
            break
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


def test_an_audit_is_the_same_with_a_second_process(log, tmp_path, monkeypatch):
    """All files but the SVG, whose names of parts are random, and what has its checksum, the time or the command."""
    written = {}
    for which in (False, True):
        monkeypatch.setattr(_process, "_saves_time", lambda which=which: which)
        audit_file(log, **NAMES, output=tmp_path / "out", console=Console(file=io.StringIO()))
        written[which] = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    for name in ("audit.png", "rates.csv", "comparisons.csv", "counts.csv", "scores.csv"):
        assert written[False][name] == written[True][name]
    first, other = (json.loads(written[which]["audit.json"]) for which in (False, True))
    assert first["groups"] == other["groups"] and first["auc"] == other["auc"]
    assert all(b"data:image/png" in page for page in (written[False]["audit.html"], written[True]["audit.html"]))


def test_names_that_need_no_font_are_in_matplotlibs_own():
    """So that an audit of plain names opens no font, and imports no matplotlib, in its first process."""
    assert {character for character in PLAIN if not character.isspace()} <= _characters_of(_own_path())
