"""Answers that reviewers tried: none is wrongly accepted or rejected any more, or told something misleading."""

import importlib
import re
import warnings

import pytest

from labkit.exercises.checking import exercises
from labkit.exercises.judging import NOT_YET, Exercise
from tests.chapters.findings.finding import Finding

CHAPTERS = [f"ch{number:02d}" for number in (*range(10), 12)]
FINDINGS = [each for name in CHAPTERS for each in importlib.import_module(f"tests.chapters.findings.{name}").FINDINGS]


def declared(identifier: str) -> Exercise:
    """Return one exercise."""
    return next(each for each in exercises() if each.id == identifier)


def case(finding: Finding) -> object:
    """Return a test case, which is expected to fail where the chapter has to change first."""
    marks = [pytest.mark.xfail(strict=True, reason=finding.waits)] if finding.waits else []
    return pytest.param(finding, marks=marks, id=f"{finding.exercise} {finding.reason}")


@pytest.mark.parametrize("finding", [case(each) for each in FINDINGS])
def test_a_finding_is_settled(finding):
    """The outcome is right, and the message says what helps, and nothing that misleads."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a notebook, where a student's warning is no error
        outcome = declared(finding.exercise).outcome(finding.given())
    assert outcome.state == finding.state and not outcome.crashed, outcome.message
    for pattern in finding.says:
        assert re.search(pattern, outcome.message, re.IGNORECASE), outcome.message
    for pattern in finding.never:
        assert not re.search(pattern, outcome.message, re.IGNORECASE), outcome.message


@pytest.mark.parametrize(
    "identifier, untrue",
    [
        (
            "07.5",
            "criteria that are built on them inherit",
        ),  # equal opportunity does not, where illness is missed at random
        ("00.2", "would not have helped"),  # one gap can be repaired at several steps
    ],
)
def test_help_says_nothing_untrue(identifier, untrue):
    """What the reviewers found in hints, ideas and praise is gone."""
    each = declared(identifier)
    assert untrue not in " ".join([*each.hints, each.idea, each.praise])


def test_findings_name_what_they_try():
    """Each has an exercise that there is, and its own reason; one that waits is about a wrong answer."""
    known = {each.id for each in exercises()}
    names = [(finding.exercise, finding.reason) for finding in FINDINGS]
    assert {identifier for identifier, _ in names} <= known and len(set(names)) == len(names)
    assert all(finding.state == NOT_YET for finding in FINDINGS if finding.waits)
