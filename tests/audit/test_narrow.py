"""The figure of rates for a phone shows the numbers of the audit, and is as wide as a phone."""

import re
from xml.etree import ElementTree

import pytest

from labkit.audit.counts import Counts
from labkit.audit.narrow._rates import LONGEST, MARGIN, WIDTH, draw_narrow
from labkit.audit.sections._sentences import SHOWN

SPACE = "{http://www.w3.org/2000/svg}"
CELLS = {"a": [30, 10, 10, 30], "b": [50, 5, 30, 15], "none": [30, 5, 0, 0], "tiny": [2, 1, 0, 1]}
AUDIT = Counts.from_mapping(CELLS, names=["group"]).audit()


def draw(audit=AUDIT, metrics=SHOWN, places=None, keys=None):
    """Draw all groups, and parse what comes."""
    number = len(audit.counts.groups)
    drawn = draw_narrow(audit, metrics, range(number) if places is None else places, keys or [False] * number)
    return ElementTree.fromstring(drawn)


def test_dots_and_lines_are_where_the_rates_are():
    """In the order of the groups; small groups are hollow, undefined rates have no dot, and every number is written."""
    drawn = draw(metrics=["true_positive_rate"])
    dots = drawn.findall(f"{SPACE}circle")
    rates, limits = AUDIT.by_group["true_positive_rate"].dropna(), AUDIT.intervals["true_positive_rate"].dropna()
    scale = WIDTH - 2 * MARGIN
    assert [float(dot.get("cx")) for dot in dots] == pytest.approx(MARGIN + scale * rates, abs=0.06)
    assert [dot.get("class") for dot in dots] == ["dot", "dot", "dot hollow"]
    lines = [line for line in drawn.findall(f"{SPACE}line") if line.get("class") == "limits"]
    for end, limit in (("x1", "low"), ("x2", "high")):
        assert [float(line.get(end)) for line in lines] == pytest.approx(MARGIN + scale * limits[limit], abs=0.06)
    texts = [text.text for text in drawn.findall(f"{SPACE}text")]
    assert texts[:2] == ["true positive rate", "share of people labeled 1"]
    assert texts[-8:] == ["a", "0.750", "b", "0.333", "none", "undefined", "tiny †", "1.000"]


def test_panels_stand_below_one_another_within_the_width_of_a_phone():
    """One for each rate that is known; nothing is to the left or the right of the drawing."""
    drawn = draw(places=[1, 0])
    heads = [text for text in drawn.findall(f"{SPACE}text") if text.get("class") == "head"]
    assert [head.text for head in heads] == [metric.replace("_", " ") for metric in SHOWN]
    assert sorted(tops := [float(head.get("y")) for head in heads]) == tops and len(set(tops)) == 4
    assert float(drawn.get("width")) == WIDTH <= 360
    across = [float(part.get(name)) for part in drawn.iter() for name in ("x", "x1", "x2", "cx") if part.get(name)]
    assert min(across) >= 0 and max(across) <= WIDTH
    unlabeled = Counts.from_mapping({"a": [30, 20], "b": [20, 30]}).audit()
    assert [text.text for text in draw(unlabeled).findall(f"{SPACE}text") if text.get("class") == "head"] == [
        "selection rate"
    ]


def test_names_are_text_and_fit():
    """Markup and control characters are shown; a long name is cut and leads to the table by its key."""
    names = ["<script>alert(1)</script>", "\x1b[31m&amp;", "x" * 200, "中" * 30]
    found = Counts.from_mapping(dict.fromkeys(names, [30, 10, 10, 30])).audit()
    texts = [text.text for text in draw(found, ["accuracy"], keys=[False, False, True, True]).findall(f"{SPACE}text")]
    assert "<script>alert(1)</script>" in texts and not any("\x1b" in text for text in texts)
    assert any(re.fullmatch(f"x{{15,{LONGEST}}}… #3", text) for text in texts)
    assert any(re.fullmatch(f"中{{8,{LONGEST // 2}}}… #4", text) for text in texts)
