"""What the box is told, and that judging outside says what `check` says."""

import json
import re
import signal

import pytest

from labkit.classroom import Judge, find_imports, make_questions
from labkit.classroom._judge_process import judge as judge_answer
from labkit.classroom.box.inside._cells import answer
from labkit.classroom.box.values import read_reply
from labkit.exercises import exercises
from labkit.exercises.checking import find_exercise

# Their answers can be collected only next to their collectors, which call functions on living objects, or an argument
# of their calls cannot be written as JSON.
NOT_IN_THE_BOX = {"03.6", "03.7", "03.8", "03.9", "03.10", "03.12", "03.13", "03.14", "08.2"}


def question_about(identifier):
    """Return the question about an exercise, or the reason why there is none."""
    try:
        return make_questions({identifier: f"check({identifier!r}, given)"})[0]
    except TypeError as error:
        return str(error)


def collected(question, given):
    """Return what the box would collect of an answer, after its way out, without a box."""
    taken = {question.id: ("found", given)}

    def ask(request):
        return read_reply(json.dumps(answer(taken, request)).encode(), 10**6)

    if question.calls is None:
        reply = ask({"value": question.id})
        return reply if "value" in reply else {"calls": [reply]}
    results = []
    for position, arguments in enumerate(question.calls):
        results.append(ask({"call": question.id, "position": position, "arguments": json.loads(json.dumps(arguments))}))
        if "fault" in results[-1]:
            break
    return {"calls": results}


@pytest.mark.parametrize("identifier", ["04.1", "04.2", "04.3", "04.4", "04.5", "04.6"])
def test_judging_outside_says_what_check_says(identifier):
    """For the reference, every declared mistake, the untouched answer and three that are none, in chapter 04."""
    exercise = find_exercise(identifier)
    question = question_about(identifier)
    given = [exercise.reference, exercise.untouched, ..., *(wrong for wrong, _ in exercise.wrong), 7, len, None]
    for each in given:
        here, outside = exercise.outcome(each), judge_answer(identifier, collected(question, each))
        assert outside.state == here.state
        assert outside.message == re.sub(r"\b\w+=(?=[\[({\d])", "", here.message)  # names of arguments are not recorded


@pytest.mark.slow
def test_judging_outside_says_what_check_says_in_every_chapter():
    """For every exercise whose answer can be collected in the box; the others are listed here."""
    refused = set()
    for exercise in exercises():
        question = question_about(exercise.id)
        if isinstance(question, str):
            refused.add(exercise.id)
            continue
        for each in [exercise.reference, ..., *(wrong for wrong, _ in exercise.wrong)]:
            here, outside = exercise.outcome(each), judge_answer(exercise.id, collected(question, each))
            assert (exercise.id, outside.state) == (exercise.id, here.state)
    assert refused == NOT_IN_THE_BOX


def test_questions_hold_nothing_about_what_is_right():
    """They are the expression of the check cell, and the arguments of calls."""
    source = 'from labkit.exercises import check\n\ncheck("04.6", {"counts": counts})'
    assert vars(make_questions({"04.6": source}, {"04.6": 3})[0]) == {
        "id": "04.6",
        "expression": "{'counts': counts}",
        "calls": None,
        "after": 3,
        "hidden": False,
        "variant": 0,
    }


@pytest.mark.parametrize("source", ["", "check('04.1', f)", "check('04.6')", "other('04.6', doctor)"])
def test_a_check_cell_without_its_check_is_named(source):
    """It comes from the released notebook, so this is a fault of ours."""
    with pytest.raises(ValueError, match=r"exercise 04\.6 has no `check\('04\.6', \.\.\.\)`"):
        make_questions({"04.6": source})


def test_values_have_no_probes():
    """Hidden probes are for functions."""
    with pytest.raises(TypeError, match=r"04\.6 cannot be collected in the box: it asks for a value"):
        make_questions({"04.6": "check('04.6', doctor)"}, probes={"04.6": [(1,)]})


def test_imports_are_found_once():
    """At the top level, in order."""
    assert find_imports(["import b\nimport a", "from c import d\nimport b", "def f():\n    import e"]) == [
        "import b",
        "import a",
        "from c import d",
    ]


def test_a_judge_that_does_not_answer_is_replaced(monkeypatch):
    """What it did not judge says so; the next submission is judged by another process."""
    with Judge(seconds=20) as judge:
        answers = {"04.6": {"value": 1}, "04.2": {"value": 2}}
        assert {each.state for each in judge.outcomes(answers).values()} == {"not yet"}
        first = judge._process
        with monkeypatch.context() as patch:
            patch.setattr(judge, "seconds", 0.2)
            first.send_signal(signal.SIGSTOP)
            found = judge.outcomes(answers)
        assert {each.state for each in found.values()} == {"not collected"} and all(
            each.crashed for each in found.values()
        )
        assert {each.state for each in judge.outcomes(answers).values()} == {"not yet"}
        assert judge._process is not first


def test_answers_in_another_form_are_not_judged():
    """The judge reads what the box wrote, and trusts it no more than the box does."""
    found = judge_answer("04.6", {"value": {"$": "open", "more": 1}})
    assert found.state == "not yet" and "the mark 'open'" in found.message
