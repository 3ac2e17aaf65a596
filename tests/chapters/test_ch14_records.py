"""What notebook 14 needs for its log and datasheet: genuine small logs, kinds of forgeries, open sections."""

import json

import numpy as np
import pytest

from labkit.chapters.ch14.exercises_log import kind_of_forgery
from labkit.chapters.ch14.sheets import list_open, read_answers
from labkit.chapters.ch14.small_logs import verify_copy, write_line, write_small_log
from labkit.data import load_compas
from labkit.records import write_run_datasheet
from labkit.records.log._entries import write_line as write_line_of_records

LINES = write_small_log(9)


def chain_again(lines, number, **changes):
    """Change an entry and compute all hashes again from there."""
    forged, before = list(lines), None
    for place in range(number, len(lines)):
        entry = json.loads(lines[place])["entry"] | (changes if before is None else {"previous": before})
        forged[place], before = write_line(entry)
    return forged


def one_more(lines):
    """Add an entry that continues the chain."""
    last = json.loads(lines[-1])
    return [*lines, write_line(last["entry"] | {"previous": last["hash"], "sequence": len(lines)})[0]]


FORGERIES = {
    "nothing": LINES,
    "change": [line.replace('"score":0.55', '"score":0.45') for line in LINES],
    "deletion": LINES[:4] + LINES[5:],
    "insertion": [*LINES[:3], "a line\n", *LINES[3:]],
    "duplication": LINES[:4] + LINES[3:],
    "reordering": [*LINES[:2], LINES[3], LINES[2], *LINES[4:]],
    "truncation": LINES[:-2],
    "addition": one_more(one_more(LINES)),
    "re-chaining": chain_again(LINES, 4, decision=1),
    "incomplete line": [*LINES, LINES[-1][:50]],
    None: one_more(LINES),
}


def test_a_small_log_is_genuine():
    """It verifies as whole, with as many decisions as were asked for, and is the same at every run."""
    found = verify_copy(LINES, LINES)
    assert found.ok and not found.notices and (found.decisions, found.anchors_checked) == (9, 1)
    assert write_small_log(9) == LINES


@pytest.mark.parametrize("number", [1, 2, 9])
def test_a_drawn_log_is_genuine_and_another_one(number):
    """It is whole, begins with a decision of 1 and one of 0 as the others do, and shares no line with them."""
    drawn = write_small_log(number, rng=np.random.default_rng(3))
    decisions = [json.loads(line)["entry"]["decision"] for line in drawn[1:]]
    assert verify_copy(drawn, drawn).ok and decisions[:2] == [1, 0][:number] and len(decisions) == number
    assert not {*drawn} & {*write_small_log(number), *write_small_log(number, rng=np.random.default_rng(4))}
    assert write_small_log(number, rng=np.random.default_rng(3)) == drawn


def test_lines_are_those_of_the_log():
    """The notebook's way to write a line by hand is the log's, byte for byte."""
    for line in LINES:
        entry = json.loads(line)["entry"]
        text, digest = write_line_of_records(entry)
        assert write_line(entry) == (text.decode(), digest) and text.decode() == line


@pytest.mark.parametrize("kind", FORGERIES, ids=str)
def test_each_forgery_is_called_by_its_kind(kind):
    """Every kind that exercise 14.2 names, and the one forgery that nobody finds."""
    assert kind_of_forgery(FORGERIES[kind], LINES) == kind


def test_chaining_again_is_found_by_the_head_alone():
    """Without it the chain is whole, which is what notebook 14 shows."""
    forged = FORGERIES["re-chaining"]
    assert verify_copy(forged, forged).ok
    assert [problem.kind for problem in verify_copy(forged, LINES).problems] == ["re-chaining"]


def test_the_shipped_datasheet_answers_all_but_two_sections():
    """What the course's shorter form does not ask stays open, and an answered section is not listed."""
    compas = load_compas()
    known = read_answers(compas.card)
    sheet = write_run_datasheet(compas.frame, title="COMPAS", sensitive=["race"], answers=known)
    assert list(list_open(sheet)) == ["Preprocessing, cleaning and labeling", "Maintenance"]
    without = {section: text for section, text in known.items() if section != "Do not use it for"}
    sheet = write_run_datasheet(compas.frame, title="COMPAS", sensitive=["race"], answers=without)
    assert list_open(sheet)["Do not use it for"] == "uses that the table does not support"
