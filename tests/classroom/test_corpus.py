"""The corpus of hostile and unlucky submissions, in every box that works here."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

import labkit
from labkit.classroom import make_questions
from labkit.classroom.box import Cell, Limits, Question
from tests.classroom.conftest import KINDS
from tests.classroom.corpus import CHECKS, CORRECT, NOT_COLLECTED, NOT_YET, PRELUDE, RIGHT
from tests.classroom.corpus.accidents import CASES as ACCIDENTS
from tests.classroom.corpus.forgeries import CASES as FORGERIES
from tests.classroom.corpus.intrusions import CASES as INTRUSIONS
from tests.classroom.corpus.resources import CASES as RESOURCES

CASES = [*RESOURCES, *INTRUSIONS, *FORGERIES, *ACCIDENTS]
MEGABYTE = 2**20
LIMITS = Limits(
    seconds=20,
    cell_seconds=2,
    call_seconds=2,
    cpu_seconds=5,
    memory=512 * MEGABYTE,
    disk=16 * MEGABYTE,
    file=8 * MEGABYTE,
)
MOST_SECONDS = LIMITS.seconds + 6  # with what it takes to end a child
SECRET = "work of another student"
PACKAGE = Path(labkit.__file__).parent
# Three counts that no student has seen, and the same question as that of the notebook.
HIDDEN = (({"east": (1, 3, 0, 2), "west": (0, 0, 1, 1)},), ({"p": (8, 2, 2, 2)},))


def parameters():
    """Yield some cases with the box that works here, and, as slow tests, all cases with each kind of box."""
    quick = [case for case in (*INTRUSIONS[::3], *FORGERIES[::4], *ACCIDENTS[::4], *RESOURCES[::4]) if not case.slow]
    for case in quick:
        yield pytest.param(case, None, id=case.name)
    for kind in KINDS:
        for case in CASES:
            yield pytest.param(case, kind, id=f"{case.name}-{kind}", marks=[pytest.mark.slow])


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """Return what attacks look for: a file of another student, a server, a variable of the grader.

    Afterwards neither that file nor any of labkit has changed.
    """
    before = fingerprint()
    file = tmp_path_factory.mktemp("submissions") / "other.ipynb"
    file.write_text(SECRET, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKIT_SECRET", "secret-of-the-grader")
        yield {
            "FILE": str(file),
            "REPOSITORY": str(PACKAGE.parent),
            "ABOVE": str(file.parent),
            "PORT": str(server.getsockname()[1]),
            "GRADER": str(os.getpid()),
        }
    assert file.read_text(encoding="utf-8") == SECRET
    assert fingerprint() == before


def cells_of(case, surroundings):
    """Return the cells of a case, and how many of them stand before each check."""
    attack = case.attack
    for name, value in surroundings.items():
        attack = attack.replace(f"<<{name}>>", value)
    cells, after = [Cell("prelude", PRELUDE)], {}
    added = [Cell("attack", attack)] if attack else []
    cells += [] if case.last else added
    for exercise, source in (RIGHT | case.cells).items():
        if source is not None:
            cells.append(Cell(exercise, source))
        after[exercise] = len(cells)
    return cells + (added if case.last else []), after


def fingerprint():
    """Return a checksum of all files of labkit."""
    files = sorted(path for path in PACKAGE.rglob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def run_case(box, case, surroundings):
    """Return the run of a case, with the questions of the notebook and one for what the attack saw."""
    cells, after = cells_of(case, surroundings)
    questions = make_questions(CHECKS, after)
    if case.sees is not None:
        questions.append(Question("seen", "seen"))
    return box.run(cells, questions, limits=LIMITS, every_cell=True)


@pytest.mark.parametrize(("case", "kind"), list(parameters()))
def test_a_submission_costs_only_what_it_must(case, kind, boxes, judge, surroundings):
    """Each exercise has the outcome that the case says, and the next submission has full marks."""
    if case.only not in ("", os.uname().machine):
        pytest.skip(f"its system calls are those of {case.only}")
    box = boxes(kind)
    run = run_case(box, case, surroundings)
    seen = run.answers.pop("seen", {}).get("value")
    if case.sees is not None:
        assert seen == case.sees
    found = judge.outcomes(run.answers)
    for exercise in RIGHT:
        wanted = case.outcomes.get(exercise, CORRECT)
        if wanted == "hidden":
            continue  # right for the public probes; see the test of the hidden ones
        assert found[exercise].state in (wanted if isinstance(wanted, tuple) else (wanted,)), found[exercise].message
        assert "\x1b" not in found[exercise].message
    for exercise in list(case.outcomes)[:1]:
        assert case.says in found[exercise].message
    assert run.seconds < MOST_SECONDS
    if kind is None:  # the next case in the same box tells as much
        return
    after = box.run([Cell(name, source) for name, source in RIGHT.items()], make_questions(CHECKS), limits=LIMITS)
    assert {each.state for each in judge.outcomes(after.answers).values()} == {CORRECT}
    assert after.attempts == 1


def test_the_corpus_is_large_and_its_cases_are_told_apart():
    """There are at least sixty cases, each with a name of its own."""
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 60


def test_answers_to_public_probes_do_not_pass_hidden_ones(boxes, judge):
    """A function that looks the public probes up is right there, and wrong for probes that it has not seen."""
    case = next(case for case in CASES if case.outcomes.get("04.1") == "hidden")
    check = {"04.1": CHECKS["04.1"]}
    box = boxes(None)
    for source, states in ((RIGHT["04.1"], [CORRECT] * 3), (case.cells["04.1"], [CORRECT, NOT_YET, CORRECT])):
        found = []
        for probes in ({}, {"04.1": HIDDEN}, {}):
            questions = make_questions(check, probes=probes)
            answers = box.run([Cell("04.1", source)], questions).answers
            found.append(judge.outcomes(answers, questions)["04.1"].state)
        assert found == states


def test_what_is_not_collected_says_why(boxes, judge):
    """A cell that raises is named, with its error, by the exercises that depend on it, and by no other."""
    box = boxes(None)
    cells = [Cell("first", "rate = 1 / 0"), Cell("second", 'doctor = {"counts": rate}'), Cell("third", RIGHT["04.2"])]
    run = box.run(cells, make_questions({name: CHECKS[name] for name in ("04.2", "04.6")}))
    found = judge.outcomes(run.answers)
    assert found["04.2"].state == CORRECT and found["04.6"].state == NOT_COLLECTED
    assert "cell first: ZeroDivisionError" in found["04.6"].message
