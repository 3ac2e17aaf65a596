"""The graders of the course reject mutants; those of notebooks that are not revised, at least as many as before."""

import re

import pytest

from labkit.course.build import find_course
from labkit.exercises import checking
from tests.exercises.mutation.ledger import read_scores, unrevised
from tests.exercises.mutation.scoring import score_of

FAST = ("05", "07")  # notebooks whose exercises are cheap; `make test-rest` tries those of the others
COURSE = find_course()
IDENTIFIERS = [
    identifier
    for name in COURSE.names
    for identifier in re.findall(r'^# %%.* exercise="([^"]+)"', COURSE.path(name).read_text(encoding="utf-8"), re.M)
]
LISTED = read_scores()
# Any four forgeries of different kinds are right here, so most changes of a right answer give another right answer.
MANY_RIGHT_ANSWERS = {"14.2"}


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param(each, marks=[] if each[:2] in FAST else pytest.mark.slow)
        for each in IDENTIFIERS
        if each not in MANY_RIGHT_ANSWERS
    ],
)
def test_a_grader_rejects_mutants(identifier):
    """Nearly all of them; on the list of exceptions is the exact share, so that a judge that gets worse is found."""
    score = score_of(checking.find(identifier, checking._declared))
    if identifier in LISTED:
        assert score.share == LISTED[identifier], "\n".join(
            ["python -m tests.exercises.mutation --write writes a share that rose down; one that fell is a fault:"]
            + [f"{each.operator}: {each.change}" for each in score.survivors]
        )
        assert score.complaints, "this exercise is good enough; take its line off scores.toml"
    else:
        assert not score.complaints, "\n".join(score.complaints)


def test_the_list_of_exceptions_only_shrinks():
    """It holds exercises that there are, of notebooks that are not revised."""
    assert set(LISTED) | MANY_RIGHT_ANSWERS <= set(IDENTIFIERS)
    assert {identifier[:2] for identifier in LISTED} <= unrevised()
