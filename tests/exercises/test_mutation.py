"""The mutation harness: its operators make mutants; it tells apart blind judges, good ones and equivalent mutants."""

from itertools import combinations

import numpy as np
import pytest

from labkit.exercises.answers import outputs_of
from labkit.exercises.judging import Exercise, same
from tests.exercises.mutation import equivalence, ledger, scoring
from tests.exercises.mutation.mutants import mutants_of_target, targets_of
from tests.exercises.mutation.operators import OPERATORS
from tests.exercises.mutation.scoring import Score, score_of
from tests.exercises.mutation.source import Copy, parts_of
from tests.exercises.mutation.values import variants


def declared(reference, *probes, judge=None, tolerance=1e-9, **options):
    """Return an exercise; without a judge of its own, answers must equal the reference."""
    if probes:
        options["collect"] = outputs_of(*probes)

    def compare(collected):
        return None if same(collected, made.model, tolerance) else "no"

    made = Exercise("99.1", 1, "99-made", reference, (), judge or compare, ("", ""), "", tolerance=tolerance, **options)
    return made


def changes_of(reference, *probes):
    """Return the (operator, changed line) pairs of a function's mutants."""
    (target,) = targets_of(declared(reference, *probes))
    return {(each.operator, each.change) for each in mutants_of_target(target)}


# ---- Operators -------------------------------------------------------------------------------------------------------


def grade(score, least):
    """Has a comparison, a condition and two texts."""
    if score >= least and score > 0:
        return "pass"
    return "fail"


def mean_gap(first, second):
    """Has a difference, a mean and arguments that go together."""
    return np.mean(first, axis=0) - np.mean(second, axis=0)


def pairs(items):
    """Has a loop over all pairs, a filter and an order."""
    return sorted([-abs(a - b) for a, b in combinations(items, 2) if not a == b])


def summary(values):
    """Has a dict, a list, a slice and a bound."""
    return {"ends": [values[0], values[-1]], "middle": max(0, len(values[1:-1]))}


def count_large(values):
    """Has a loop and a mask."""
    count = 0
    for value in np.asarray(values)[np.asarray(values) > 1]:
        count += value
    return float(count)


@pytest.mark.parametrize(
    ("reference", "probe", "operator", "change"),
    [
        (grade, (2, 1), "boundary", "if score >= least and score > 0: => if score > least and score > 0:"),
        (grade, (2, 1), "negation", "if score >= least and score > 0: => if score < least and score > 0:"),
        (grade, (2, 1), "condition", "if score >= least and score > 0: => if False:"),
        (grade, (2, 1), "combination", "if score >= least and score > 0: => if score >= least or score > 0:"),
        (grade, (2, 1), "combination", "if score >= least and score > 0: => if score > 0:"),
        (grade, (2, 1), "constant", "if score >= least and score > 0: => if score >= least and score > 1:"),
        (grade, (2, 1), "constant", "return 'fail' => return 'pass'"),
        (grade, (2, 1), "ignored argument", "+ least = first_seen('grade.least', least)"),
        (grade, (2, 1), "ignored argument", "+ least = 1"),
        (grade, (2, 1), "exchanged arguments", "+ score, least = (least, score)"),
        (mean_gap, ([1.0], [2.0, 3.0]), "arithmetic", "np.mean(first, axis=0) + np.mean(second, axis=0)"),
        (mean_gap, ([1.0], [2.0, 3.0]), "operand", "=> return np.mean(first, axis=0)"),
        (mean_gap, ([1.0], [2.0, 3.0]), "operand", "np.mean(second, axis=0) - np.mean(first, axis=0)"),
        (mean_gap, ([1.0], [2.0, 3.0]), "sign", "=> return abs(np.mean(first, axis=0) - np.mean(second, axis=0))"),
        (mean_gap, ([1.0], [2.0, 3.0]), "confused function", "=> return np.median(first, axis=0)"),
        (mean_gap, ([1.0], [2.0, 3.0]), "argument of call", "=> return np.mean(first) - "),
        (mean_gap, ([1.0], [2.0, 3.0]), "part of an argument", "+ second = second[:-1]"),
        (mean_gap, ([1.0, 2.0], [2.0, 3.0]), "part of an argument", "+ first, second = (first[1:], second[1:])"),
        (mean_gap, ([1.0], [2.0, 3.0]), "result", "=> return rounded_2(np.mean"),
        (pairs, ([1, 3, 4],), "adjacent", "in list(zip(list(items), list(items)[1:]))"),
        (pairs, ([1, 3, 4],), "loop", "in list(combinations(items, 2))[:1]"),
        (pairs, ([1, 3, 4],), "condition", "for a, b in combinations(items, 2)])"),
        (pairs, ([1, 3, 4],), "order", "reverse=True"),
        (pairs, ([1, 3, 4],), "dropped call", "[-(a - b) for"),
        (pairs, ([1, 3, 4],), "sign", "[abs(a - b) for"),
        (pairs, ([1, 3, 4],), "result", "=> return backwards(sorted"),
        (summary, ([1, 2, 3, 4],), "elements", "{'ends': max(0, len(values[1:-1])), 'middle': [values[0]"),
        (summary, ([1, 2, 3, 4],), "elements", "[values[-1], values[0]]"),
        (summary, ([1, 2, 3, 4],), "elements", "=> return {'ends': [values[0], values[-1]]}"),
        (summary, ([1, 2, 3, 4],), "without slice", "max(0, len(values))"),
        (summary, ([1, 2, 3, 4],), "bound", "'middle': len(values[1:-1])}"),
        (count_large, ([1, 2, 3],), "mask", "=> for value in np.asarray(values):"),
        (count_large, ([1, 2, 3],), "early end", "+ break"),
    ],
)
def test_operators_change_a_line(reference, probe, operator, change):
    """Each one makes the slip that it is named for."""
    made = changes_of(reference, probe)
    assert any(name == operator and change in line for name, line in made), sorted(made)


def test_every_operator_has_a_case():
    """An operator that no case of the test above shows could be dead."""
    (mark,) = test_operators_change_a_line.pytestmark
    assert {case[2] for case in mark.args[1]} == set(OPERATORS)


LEAST = 2


def half(value):
    """Is called by the next function."""
    return value / 2


def halved_by(divide, least):
    """Return a function made of three others."""

    def halved(values):
        return [divide(value) for value in values if value > least]

    return halved


def test_helpers_closures_lambdas_and_constants_are_mutated():
    """A reference of a factory is the inner function, what it closes over, and what those call."""
    lines = {line for _, line in changes_of(halved_by(lambda value: half(value) + LEAST, 1), ([1, 2, 3],))}
    assert {
        "return [divide(value) for value in values if value > least] => "
        "return [divide(value) for value in values if value >= least]",
        "return half(value) + LEAST => return half(value) - LEAST",
        "return value / 2 => return value * 2",
        "least one more: 1 => 2",
        "LEAST one less: 2 => 1",
    } <= lines


def test_a_copy_changes_nothing_of_the_module():
    """Only the copy of a function calls the copy of another one."""
    reference = halved_by(lambda value: half(value), 1)
    part = next(each for each in parts_of(reference) if each.function is half)
    part.tree.body[0].value.right.value, kept = 4, part.tree.body[0].value.right.value
    copy = Copy(reference, trees={half: part.tree}).function
    part.tree.body[0].value.right.value = kept
    assert copy([8]) == [2] and reference([8]) == [4] and half(8) == 4


def test_what_has_no_source_is_named():
    """A reference that cannot be mutated would pass with no mutants at all."""
    with pytest.raises(TypeError, match="write the reference as a function"):
        changes_of(sum, ([1, 2],))


# ---- Judges ----------------------------------------------------------------------------------------------------------


def share_above(values, cut):
    """Return the share of values above a cut."""
    return sum(value > cut for value in values) / len(values)


PROBES = (
    ([0.1, 0.5, 0.9, 0.7, 0.8, 0.2, 0.3], 0.5),
    ([0.95, 0.4, 0.2, 0.6, 0.7, 0.6], 0.3),
    ([0.4, 0.1, 0.6, 0.35, 0.2, 0.1, 0.3], 0.9),
)


def test_a_good_judge_rejects_every_mutant():
    """Its probes show every slip; there are more than ten of them."""
    score = score_of(declared(share_above, *PROBES))
    assert (score.share, score.complaints) == (1.0, []) and score.mutants >= 10


def test_a_blind_judge_is_found():
    """A judge that takes any share is told apart, and what it takes is named."""
    score = score_of(declared(share_above, *PROBES, judge=lambda collected: None if max(collected) <= 1 else "?"))
    assert score.share < 0.6
    assert "return sum((value > cut for value in values)) / len(values) => return complement(" in str(score.survivors)
    assert "=> return sum((value >= cut" in score.complaints[0]


def test_a_single_probe_is_blind():
    """It cannot show that a function looks at its arguments."""
    score = score_of(declared(share_above, PROBES[1]))
    assert "+ cut = first_seen('share_above.cut', cut)" in {each.change for each in score.survivors}


def joined(first, second):
    """Return two lists as one."""
    return first + second


def test_mutants_that_always_raise_do_not_count():
    """They would raise the score of any judge."""
    score = score_of(declared(joined, ([1], [2]), ([3, 4], [5])))
    assert "return first + second => return first - second" in {each.change for each in score.raised}
    assert score.mutants == len(score.killed) + len(score.survivors) + len(score.equivalent)


def count_down(n):
    """Return how many steps there are to zero."""
    steps = 0
    while n > 0:
        n, steps = n - 1, steps + 1
    return steps


def test_endless_mutants_are_stopped(monkeypatch):
    """A loop that never ends gives no result."""
    monkeypatch.setattr(scoring, "SECONDS", 0.05)
    score = score_of(declared(count_down, (3,), (5,)))
    assert "while n > 0: => while n <= 0:" in {each.change for each in score.killed}
    assert any("(n + 1, steps + 1)" in each.change for each in score.raised)


# ---- Equivalence -----------------------------------------------------------------------------------------------------


def larger(a, b):
    """`a >= b` is the same here: of two equal numbers, either one is the larger."""
    return a if a > b else b


def sign_of(a, b):
    """`a >= b` is another function here, but on data without ties it is not seen."""
    return 1 if a > b else 0


STRICT = ((0.313, 0.2), (0.1, 0.9), (0.5, 0.7), (0.8, 0.6), (0.44, 0.21))


def test_an_equivalent_mutant_is_recognized():
    """It agrees with the reference on 1,000 random inputs; one that differs where two are equal does not."""
    score = score_of(declared(larger, *STRICT))
    boundary = "return a if a > b else b => return a if a >= b else b"
    assert boundary in {each.change for each in score.equivalent} and not score.survivors
    score = score_of(declared(sign_of, *STRICT))
    boundary = "return 1 if a > b else 0 => return 1 if a >= b else 0"
    assert boundary in {each.change for each in score.survivors}


def test_a_score_is_the_same_every_time():
    """Otherwise the list of exceptions would change by itself."""
    one, other = (score_of(declared(larger, *STRICT)) for _ in range(2))
    for kind in ("killed", "survivors", "equivalent", "raised"):
        assert [each.change for each in getattr(one, kind)] == [each.change for each in getattr(other, kind)]


def test_a_function_with_too_few_valid_inputs_has_no_equivalent_mutants(monkeypatch):
    """What could not be compared is a survivor."""
    monkeypatch.setattr(equivalence, "MOST_TRIES", 2)

    def only_these(a, b):
        if (a, b) not in STRICT:
            raise ValueError(a)
        return a if a > b else b

    score = score_of(declared(only_these, *STRICT))
    assert score.survivors and not score.equivalent


def counted(**numbers):
    """Return a score with so many mutants of each kind."""
    return Score("99.1", True, **{kind: [None] * number for kind, number in numbers.items()})


@pytest.mark.parametrize(
    ("numbers", "complaint"),
    [
        ({"killed": 16, "equivalent": 4}, None),
        ({"killed": 15, "equivalent": 5}, "5 of 20 mutants are equivalent; one in five may be"),
        ({"killed": 9}, "9 mutants; a function needs 10"),
        ({"killed": 95, "undecided": 1}, "1 mutants were not compared with the reference in time"),
    ],
)
def test_complaints(numbers, complaint):
    """One in five may be equivalent, ten mutants count, and each is decided."""
    assert counted(**numbers).complaints == ([complaint] if complaint else [])


# ---- Values ----------------------------------------------------------------------------------------------------------


def test_values_are_changed_as_slips_change_them():
    """Signs, percent, complements, neighbors, other options; nothing that the tolerance allows."""
    value = {"rate": 0.254, "gaps": [0.1, -0.2], "fair": True, "verdict": "lower", "n": 7}
    made = [new for _, new in variants(value, {"verdict": ["higher"]}, 0.001)]
    for expected in (
        {"rate": -0.254},
        {"rate": 25.4},
        {"rate": 0.746},
        {"rate": 0.3},
        {"rate": 0.254 + 3 * 0.001},
        {"gaps": [-0.2, 0.1]},
        {"gaps": [0.1]},
        {"gaps": [0.1, 0.1]},
        {"fair": False},
        {"verdict": "higher"},
        {"n": 8},
        {"rate": [0.1, -0.2], "gaps": 0.254},
    ):
        assert any(same(new, value | expected, 1e-9) for new in made), expected
    assert not any(same(new, value, 0.001) and same(value, new, 0.001) for new in made)


def test_a_blind_judge_of_values_is_found():
    """A judge that looks at the size of a number only takes its negative."""
    close = declared({"gap": 0.3, "n": 5}, judge=lambda found: None if abs(abs(found["gap"]) - 0.3) < 0.01 else "no")
    assert {"gap another sign", "n one more"} <= {each.change for each in score_of(close).survivors}
    assert score_of(declared({"gap": 0.3, "n": 5})).share == 1.0


# ---- The list --------------------------------------------------------------------------------------------------------


def test_scores_are_written_down(tmp_path, monkeypatch):
    """Those that fall short, in order; others keep their lines, and a good one loses its own."""
    file = tmp_path / "scores.toml"
    file.write_text('"05.1" = 0.5\n"05.2" = 0.7\n')
    monkeypatch.setattr(ledger, "SCORES", file)
    monkeypatch.setattr(ledger, "unrevised", lambda: {"05"})
    few, good = {"killed": [None] * 9, "survivors": []}, {"killed": [None] * 10}
    ledger.write_scores([Score("05.10", True, **few), Score("05.1", True, **good), Score("06.1", True, **few)])
    assert ledger.read_scores() == {"05.2": 0.7, "05.10": 1.0}
    assert "# 9 mutants; a function needs 10" in file.read_text()
    assert "05 " in ledger.totals([Score("05.1", True, **good)])
