import json
import os
import subprocess
import sys

import pytest
from bs4 import BeautifulSoup

from labkit.course.outputs import Outputs
from labkit.course.report import make_entry, make_report, render_report, strip_sequences, write_report

COUNTS = {"correct": 2, "not yet": 1, "not attempted": 0}
ERROR = {"cell": 3, "source": "1 < 0", "name": "ValueError", "message": "a <b> & c", "traceback": "Traceback <x>"}
PASSED = make_entry(
    name="00_half", status="passed", seconds=12.34, peak_rss_mb=700.0, exercises=COUNTS, error=None, notebook="ignored"
)
FAILED = make_entry(name="01_fails", status="failed", seconds=1.0, peak_rss_mb=60.0, exercises=COUNTS, error=ERROR)
BUDGETS = {"00_half": {"seconds": 10, "mb": 800}, "01_fails": {}}


def page(report, folder):
    """Return the page of a report, parsed."""
    return BeautifulSoup(render_report(report, budgets=BUDGETS, folder=folder), "html.parser")


def test_report_has_the_keys_of_the_schema():
    """Programs read report.json: these keys, and no others."""
    report = make_report([PASSED, FAILED], profile="smoke", form="student")
    assert list(report) == ["profile", "form", "versions", "notebooks"]
    assert {"python", "fairness-lab", "torch", "transformers"} <= set(report["versions"])
    keys = ["name", "status", "seconds", "peak_rss_mb", "exercises", "error"]
    assert [list(entry) for entry in report["notebooks"]] == [keys, keys]


def test_both_files_are_written(tmp_path):
    """report.json holds the report; the page is beside it."""
    report = make_report([PASSED], profile="default", form="solution")
    path = write_report(Outputs(tmp_path), report, budgets=BUDGETS)
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert path == tmp_path / "report.html" and "00_half" in path.read_text()


def test_page_shows_figures_beside_budgets(tmp_path):
    """What exceeds its budget at the default size is marked; what keeps it is not."""
    cells = page(make_report([PASSED], profile="default", form="solution"), tmp_path).select("tbody tr td.number")
    seconds, memory, *counts = (" ".join(cell.get_text().split()) for cell in cells)
    assert (seconds, memory) == ("12.3 of 10", "700 of 800")
    assert counts == [str(count) for count in COUNTS.values()]
    assert ["exceeded" in cell["class"] for cell in cells[:2]] == [True, False]


def test_budget_is_no_verdict_on_other_profiles(tmp_path):
    """Budgets hold for the default size; a full run may take longer."""
    assert not page(make_report([PASSED], profile="full", form="solution"), tmp_path).select(".exceeded")


def test_page_shows_errors_in_full(tmp_path):
    """The failing cell, message and traceback are there, as text and not as tags."""
    text = page(make_report([PASSED, FAILED], profile="smoke", form="solution"), tmp_path).get_text()
    for part in (
        "01_fails failed in cell [3]",
        ERROR["source"],
        "ValueError: a <b> & c",
        ERROR["traceback"],
        "1 failed",
    ):
        assert part in text


def test_page_links_to_what_exists(tmp_path):
    """Executed notebooks are linked by page and file; a notebook without output has no dead link."""
    (tmp_path / "00_half.html").write_text("")
    (tmp_path / "00_half.ipynb").write_text("")
    report = make_report([PASSED, FAILED], profile="smoke", form="solution")
    links = [link["href"] for link in page(report, tmp_path).select("a:not(.skip)")]
    assert links == ["00_half.html", "00_half.ipynb", "#01_fails"]
    (tmp_path / "index.html").write_text("")
    assert {link["href"] for link in page(report, tmp_path).select("nav a")} == {"index.html"}


def test_page_follows_the_template(tmp_path):
    """One main and one title, boxes that scroll around what may be wide, headers that say what they head."""
    found = page(make_report([PASSED, FAILED], profile="smoke", form="solution"), tmp_path)
    assert found.html["lang"] == "en" and found.select_one("a.skip")["href"] == "#main"
    assert len(found.select("main#main")) == len(found.select("h1")) == 1
    assert all(box.find_parent(class_="scroll") for box in found.find_all("pre"))
    assert all(header.get("scope") for header in found.find_all("th"))


def test_page_needs_no_network(tmp_path):
    """Nothing in the report is loaded from anywhere."""
    found = page(make_report([PASSED, FAILED], profile="smoke", form="solution"), tmp_path)
    assert not found.select("script, link, img, iframe") and "http" not in str(found.body)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07name", "name"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("a\x1bcb", "a\\x1bcb"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb\x08", "a\\rb\\x08"),
        ("half \ud800", "half \\ud800"),
        ("a\u2028line", "a\\u2028line"),
        ("two\nlines\tand [brackets]", "two\nlines\tand [brackets]"),
    ],
)
def test_text_that_others_wrote_cannot_steer_a_terminal(text, shown):
    """Sequences of control characters go; single ones are written out; lines, tabs and all words stay."""
    assert strip_sequences(text) == shown


AFTER_THE_PIPE = """
import sys
from labkit.course.report import Display

display = Display()
with display:
    display.expect(2)
    for name in ("00_half", "01_fails"):
        display.finished({"name": name, "status": "passed", "seconds": 1.0, "peak_rss_mb": 1.0})
display.say("the end")
print("to the end", display.kept, file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_closed_pipe_ends_nothing_early():
    """`labkit run | head`: what nobody reads is dropped, and the run goes on to its end."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([sys.executable, "-c", AFTER_THE_PIPE], stdout=writer, stderr=subprocess.PIPE, text=True)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "to the end 2\n")
