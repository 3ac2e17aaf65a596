"""Exercises are declared, checked, hinted at and solved."""

import os
import subprocess
import sys
import warnings

import pytest

from labkit.exercises import checking
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import check, choice, compare, hint, open_question, solution
from labkit.exercises.judging import EXERCISE
from labkit.exercises.outcomes import LOOKS
from tests.exercises.conftest import HELP

SOURCE = """
# %% [markdown] tags=["exercise"]
# Exercise 99.1
# %% tags=["exercise"] exercise="99.1" points=2 objective="99-halves"
half = ...
# %% tags=["solution"]
half = 1 / 2
# %% tags=["check"]
check("99.1", half)
"""


def test_a_choice_is_answered_by_its_letter_or_its_name():
    """Case does not matter; each option has its hint; anything else is told the options with their letters."""
    choice("99.1", options={"up": "No.", "down": None, "none": "Nor this.", "both": "Hardly."}, **HELP)
    outcome = checking._declared["99.1"].outcome
    assert outcome(" Down ").state == outcome("b").state == "correct"
    assert outcome("both").message == outcome("(D)").message == "Hardly."
    assert (
        outcome("left").message
        == outcome(3).message
        == (
            "Your answer is none of the options. Answer with a letter or with a text, in quotes:\n"
            "A. up\nB. down\nC. none\nD. both"
        )
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"wrong": [(1, "no"), (2, "no")]}, "99.1 has 2 wrong answers; give at least 3"),
        ({"wrong": [(1, "no"), (2, " "), (3, "no")]}, "wrong answer 2 has no hint"),
        ({"points": 0}, "points is 0"),
        ({"points": 1.5}, "points is 1.5"),
        ({"hints": ("one",)}, "needs two graded hints"),
        ({"idea": ""}, "the idea of its solution"),
        ({"objective": "98-halves"}, "objective '98-halves' must look like '99-name'"),
        ({"identifier": "99-1"}, "id '99-1' must look like"),
    ],
)
def test_a_careless_declaration_fails(declare, options, message):
    """What a student would miss is an error at once."""
    with pytest.raises(ValueError, match=message):
        declare(1, **options)


def test_an_id_is_declared_once(declare):
    """Exercises and open questions share their ids."""
    declare(1)
    with pytest.raises(ValueError, match=r"99\.1 is declared twice"):
        declare(1)
    with pytest.raises(ValueError, match=r"99\.1 is declared twice"):
        open_question("99.1", objective="99-halves", model_answer="It depends.")


def test_a_choice_has_one_right_option():
    """Two options without a hint are a mistake of the declaration."""
    with pytest.raises(ValueError, match="2 options are right"):
        choice("99.2", options={"a": None, "b": None}, **HELP)


def test_an_open_question_has_a_model_answer():
    """A blank one would leave students alone."""
    with pytest.raises(ValueError, match="no model answer"):
        open_question("99.3", objective="99-halves", model_answer=" ")


@pytest.mark.parametrize(
    ("answer", "state", "message"), [(0.5, "correct", "Well < done."), (2, "not yet", "no"), (..., "not attempted", "")]
)
def test_check_shows_text_html_and_json(declare, shown, answer, state, message):
    """One output in three forms; the JSON is what the run report counts."""
    declare(0.5, points=2, judge=lambda c: None if c == 0.5 else "no", praise="Well < done.")
    assert check("99.1", answer) is None
    (bundle,) = shown
    assert bundle[EXERCISE] == {"id": "99.1", "state": state, "points": 2, "objective": "99-halves"}
    assert f"99.1 · {state} (2 points)\n{message}" in bundle["text/plain"]
    assert LOOKS[state][1] in bundle["text/html"] and state in bundle["text/html"]
    assert "Well < done" not in bundle["text/html"]


def test_hints_are_graded(declare, shown):
    """Two hints, then the idea of the solution, which stays; a level can be asked for."""
    declare(1)
    for _ in range(4):
        hint("99.1")
    hint("99.1", 1)
    hint("99.1")
    told = [bundle["text/plain"].split("\n")[1] for bundle in shown]
    assert told == ["Look.", "Look closer.", "Divide.", "Divide.", "Look.", "Look closer."]
    assert ['solution("99.1")' in bundle["text/plain"] for bundle in shown] == [False, False, True, True, True, True]
    assert not any(EXERCISE in bundle for bundle in shown)
    with pytest.raises(ValueError, match="level is 4"):
        hint("99.1", 4)


def test_open_questions_say_that_nothing_is_checked(shown):
    """The model answer comes after an answer; no outcome is counted."""
    open_question("99.1", objective="99-halves", model_answer="It depends.")
    compare("99.1", ...)
    compare("99.1", "Always.")
    before, after = (bundle["text/plain"] for bundle in shown)
    assert "It depends" not in before
    assert "nothing is checked" in after and after.endswith("It depends.")
    assert not any(EXERCISE in bundle for bundle in shown)


def test_an_unknown_exercise_is_named(declare):
    """The message lists the ids that there are."""
    declare(1)
    with pytest.raises(ValueError, match=r"no exercise '99\.7'; there are: 99\.1"):
        check("99.7", 1)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Stand in the folder `work` of a course with the source of notebook 99; return the folder of its sources."""
    sources = tmp_path / "notebooks" / "solutions"
    sources.mkdir(parents=True)
    (sources / "99_halves.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return sources


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((), '(hint 1 of 2, hint 2 of 2, the idea of the solution): run `hint("99.1", 1)` and `hint("99.1", 2)` and'),
        ((1, 2), '(the idea of the solution): run `hint("99.1", 3)`. Then'),
        ((3, 1), '(hint 2 of 2): run `hint("99.1", 2)`. Then'),
    ],
)
def test_a_solution_waits_for_the_hints(declare, course, shown, asked, message):
    """It names the help that was not read yet, in whichever order the rest was, and shows no code."""
    declare(1)
    for level in asked:
        hint("99.1", level)
    solution("99.1")
    assert message in shown[-1]["text/plain"] and "1 / 2" not in shown[-1]["text/plain"]


def test_a_solution_is_shown_after_the_hints(declare, course, shown):
    """The code of the cell, in a kernel that works in the course's folder `work`; nothing is counted."""
    declare(1)
    for _ in range(3):
        hint("99.1")
    solution("99.1")
    assert shown[-1]["text/plain"] == "99.1 · the solution\nhalf = 1 / 2"
    assert not any(EXERCISE in bundle for bundle in shown)


def test_a_course_without_sources_says_so(declare, course, shown):
    """Where the sources were left out, the note says where the solution would be."""
    declare(1)
    (course / "99_halves.py").unlink()
    for level in (1, 2, 3):
        hint("99.1", level)
    solution("99.1")
    assert "notebooks/solutions/99_*.py`), which are not here" in shown[-1]["text/plain"]


def test_a_package_without_a_course_says_so(declare, shown, monkeypatch):
    """The same where there is no course at all."""
    declare(1)
    monkeypatch.setattr(checking, "find_sources", lambda: None)
    for level in (1, 2, 3):
        hint("99.1", level)
    solution("99.1")
    assert "which are not here" in shown[-1]["text/plain"]


def test_check_fails_for_nbgrader_unless_correct(declare, shown, monkeypatch):
    """To nbgrader a cell without an error has earned its points, so a wrong answer or none must raise there."""
    declare(0.5, judge=lambda collected: None if collected == 0.5 else "no")
    monkeypatch.setattr(checking, "GRADING", True)
    check("99.1", 0.5)
    for answer in (..., 7.0):
        with pytest.raises(AssertionError, match=r"99\.1: not (yet|attempted)"):
            check("99.1", answer)


@pytest.mark.parametrize(("mode", "grading"), [("autograde", "True"), ("validate", "True"), ("", "False")])
def test_a_notebook_cannot_leave_nbgrader(mode, grading):
    """Whether nbgrader grades is read when the module is imported; what a cell does to the environment is too late."""
    code = (
        "import os; from labkit.exercises import checking; os.environ.pop('NBGRADER_EXECUTION', None); "
        "print(checking.GRADING)"
    )
    environment = os.environ | {"NBGRADER_EXECUTION": mode}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == grading


@pytest.mark.filterwarnings("default")
def test_a_check_writes_nothing_that_costs_points(declare, shown, capfd):
    """nbgrader gives 0 for output on the standard error stream; the student reads there what would have been."""

    def half(n):
        warnings.warn("halves are rare", stacklevel=1)
        print("note 1", file=sys.stderr)
        return n / 2

    declare(
        lambda n: n / 2, collect=outputs_of((2,), (4,)), praise="Done.", judge=lambda c: None if c == [1, 2] else "no"
    )
    check("99.1", half)
    assert capfd.readouterr().err == ""
    assert shown[0][EXERCISE]["state"] == "correct"
    assert "Done.\nWhile your code ran, Python warned: `UserWarning: halves are rare`." in shown[0]["text/plain"]
    assert "standard error stream: `note 1 note 1`." in shown[0]["text/plain"]


def test_what_a_check_shows_can_be_sent(declare, shown):
    """Half characters, which no encoding has, and control characters are written as Python writes them."""
    declare({"a": 1})
    check("99.1", {"\ud800": 1, "\x1b[31m": 2})
    text = shown[0]["text/plain"]
    assert r"it has `\ud800`, `\x1b[31m`" in text and text.encode("utf-8")
