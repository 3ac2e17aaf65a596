"""What a reader must know first, in the words of Python and in those of the command, and summed up by kind."""

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labkit.audit.command.terminal import print_audit
from labkit.audit.counts import Counts, count
from labkit.audit.sampling._notices import NO_LABELS, summarize_notices
from tests.audit.decisions import NAMES

CELLS = {"a": [30, 10, 10, 30], "b": [300, 10, 2, 2], "tiny": [0, 3, 0, 0], "none": [30, 15, 0, 0]}
PYTHON = ("include_small", "min_group_size=", "n_tables=", "difference()", "ratio()", "NaN", "_rate", "frame[")


def test_warnings_are_notices_with_kind_group_and_metrics():
    """The same lines in the same order, so that programs need not read them."""
    found = Counts.from_mapping(CELLS).audit()
    assert [notice.text for notice in found.notices] == found.warnings
    about = {(notice.kind, notice.group, notice.metrics[:1]) for notice in found.notices}
    assert about == {
        ("small group", "tiny", ()),
        ("undefined", "tiny", ("true_positive_rate",)),
        ("undefined", "none", ("true_positive_rate",)),
        ("few people", "b", ("true_positive_rate",)),
        ("few people", "b", ("precision",)),
        ("few people", "none", ("precision",)),
    }


def test_the_command_has_words_of_its_own():
    """Options in the place of methods and arguments, whatever the warning is about."""
    frame = pd.DataFrame({"y": 0, "yhat": [0, 1] * 20, "sex": ["f", "F", "m", "m"] * 10})
    with pytest.warns(UserWarning, match="in pandas"):
        odd = count(frame, **NAMES, sensitive="sex")
    unlabeled = Counts.from_mapping({"a": [3, 2], "b": [1, 2]})
    audits = [Counts.from_mapping(CELLS).audit(), odd.audit(), unlabeled.audit(), unlabeled.audit(min_group_size=0)]
    said = [notice.said for found in audits for notice in found.notices]
    assert [line for line in said if any(word in line for word in PYTHON)] == []
    assert sum("--min-group-size" in line for line in said) >= 3
    assert any("write them alike" in line for line in said) and NO_LABELS in said
    noted = Counts(odd.groups, odd.cells, notes=["if it is one, pass weight='w' instead"]).audit().notices[0]
    assert "weight=" in noted.text and noted.said == "if it is one, pass --weight 'w' instead"


def test_a_kind_of_notice_is_one_line():
    """With the number of groups and the first of them; a single group is named in a sentence."""
    many = {f"site {i}": [3, 2, 3, 4] for i in range(300)} | {"main": [200, 50, 3, 200]}
    lines = summarize_notices(Counts.from_mapping(many).audit().notices)
    assert len(lines) == 2
    assert lines[0] == (
        "300 groups have fewer than 20 people (--min-group-size): shown, and left out of the extremes and of the test "
        "of all groups: "
        "'site 0', 'site 1', 'site 2', 'site 3', 'site 4' and 295 more"
    )
    assert lines[1].startswith("fewer than two groups have 20 people: nothing can be compared")
    assert Counts.from_mapping({"a": CELLS["a"], "tiny": CELLS["tiny"], "b": CELLS["a"]}).audit().notices[0].said == (
        "group 'tiny' has 3 people, fewer than 20 (--min-group-size): shown, and left out of the extremes and of the "
        "test of all groups"
    )


def test_the_terminal_shows_a_line_per_kind():
    """300 small groups fill one line and no screen."""
    rng = np.random.default_rng(0)
    cells = {f"site {i:03}": rng.integers(0, 4, 4) for i in range(300)}
    console = Console(file=io.StringIO(), width=400)
    print_audit(Counts.from_mapping(cells).audit(n_tables=99), console, title="log.csv")
    printed = console.file.getvalue()
    warned = [line for line in printed.splitlines() if line.startswith("Warning:")]
    assert 2 <= len(warned) <= 5 and "300 groups have fewer than 20 people" in warned[0]
    assert not any(word in printed for word in ("include_small", "min_group_size", "difference()"))
