"""One rule for forms: a value, a list, a tuple, an array, a tensor and a Series with any index are the same answer."""

import numpy as np
import pandas as pd
import pytest

from labkit.exercises import exercise
from labkit.exercises._forms import find_misfit_of_calls
from labkit.exercises.answers import outputs_of, parts
from labkit.exercises.judging import same

TABLE = pd.DataFrame({"group": ["a", "b"], "low": [0.5, 0.1], "n": [3, 7]})
SINGLE = {
    "list": [0.5],
    "tuple": (0.5,),
    "array": np.array([0.5]),
    "0-d array": np.array(0.5),
    "matrix": np.array([[0.5]]),
    "Series": pd.Series([0.5]),
    "Series after a mask": pd.Series([0.5], index=[7]),
    "Series with labels": pd.Series({"a": 0.5}),
    "query": TABLE.query("group == 'a'")["low"],
    "query of a frame": TABLE.query("group == 'a'")[["low"]],
    "query by label": TABLE.set_index("group").query("n == 3")[["low"]],
    "set": {0.5},
    "generator": [0.5].__iter__(),
}
PAIRS = {
    "list": [0.5, 0.1],
    "tuple": (0.5, 0.1),
    "array": np.array([0.5, 0.1]),
    "tuple of Series": (TABLE.query("n == 3")["low"], TABLE.query("n == 7")["low"]),
    "list of arrays": [np.array([0.5]), np.array(0.1)],
    "Series": TABLE["low"],
    "Series by label": TABLE.set_index("group")["low"],
    "Series by whole numbers": TABLE.set_index("n")["low"],
    "row of a frame": TABLE.pivot_table(columns="group", values="low"),
}


@pytest.fixture
def accept(declare):
    """Return a function that says whether an answer equals a reference, given and returned by a function."""

    def accept(reference, answer):
        judge = lambda collected: None if same(collected, reference) else "no"  # noqa: E731
        given = declare(reference, identifier="99.1", judge=judge).outcome(answer)
        judge = lambda collected: None if same(collected, [reference]) else "no"  # noqa: E731
        called = declare(lambda n: reference, identifier="99.2", judge=judge, collect=outputs_of((1,)))
        returned = called.outcome(lambda n: answer)
        assert given.state == returned.state, (given, returned)
        return given.state == "correct"

    return accept


@pytest.mark.parametrize("form", [form for form in SINGLE if form != "generator"])
def test_a_single_value_may_be_in_a_container(accept, form):
    """Alone, and under a name."""
    assert accept(0.5, SINGLE[form])
    assert not accept_again(accept, 0.4, SINGLE[form])


def accept_again(accept, reference, answer):
    """Declare once more."""
    from labkit.exercises import checking

    checking._declared.clear()
    return accept(reference, answer)


@pytest.mark.parametrize("form", PAIRS)
def test_a_list_may_be_in_any_container(accept, form):
    """With any index; another order is another answer."""
    assert accept([0.5, 0.1], PAIRS[form])
    assert not accept_again(accept, [0.1, 0.5], PAIRS[form])


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ({"low": 0.5, "pair": [0.5, 0.1]}, {"low": SINGLE["query"], "pair": PAIRS["Series by label"]}),
        ({"low": 0.5, "n": 3}, TABLE.query("group == 'a'")[["low", "n"]]),
        ({"low": 0.5, "n": 3}, TABLE.set_index("group").loc["a"]),
        ({3: 0.5, 7: 0.1}, TABLE.set_index("n")["low"]),
        ({"0": 0.5, "1": 0.1}, TABLE["low"]),
        ({"a": 0.5, "b": 0.1}, TABLE.set_index("group")["low"]),
        ({"false_negative_rate": 0.5, "n": 1}, {"FNR": 0.5, "N": 1}),
        ([0.5, 0.5, 0.1], pd.Series([0.5, 0.5, 0.1], index=pd.Index(["a", "a", "b"], name="group"))),
        ([1, 0, 1], [True, False, True]),
        ([True, False], np.array([1, 0])),
        ([0.5], 0.5),
        ([[0.5, 3], [0.1, 7]], TABLE.set_index("group")),
        ([[0.5, 3], [0.1, 7]], TABLE[["low", "n"]]),
    ],
)
def test_dicts_and_tables_follow_the_same_rule(accept, reference, answer):
    """Rows, labels of whole numbers, names of metrics, and True for 1."""
    expected = {str(key): value for key, value in reference.items()} if isinstance(reference, dict) else reference
    assert accept(expected, answer)


def test_a_tensor_is_a_value(accept):
    """With a gradient, of no dimension, and of one element."""
    torch = pytest.importorskip("torch")
    assert accept(0.5, torch.tensor(0.5, requires_grad=True))
    assert accept_again(accept, 0.5, torch.tensor([[0.5]]))
    assert accept_again(accept, [0.5, 0.25], torch.tensor([0.5, 0.25], requires_grad=True))


@pytest.mark.parametrize(
    ("reference", "answer", "message"),
    [
        ({"a": 1, "b": 2}, (1, 2), "Your answer is a list of 2 values; a dict with `a`, `b` is asked for."),
        (0.5, [0.5, 0.1], "Your answer is a list of 2 values; a number is asked for."),
        ([0.5, 0.1], 0.5, "Your answer is the number 0.5; a list of 2 values is asked for."),
        (0.5, {"a": 1}, "Your answer is a dict with `a`; a number is asked for."),
        (0.5, [], "Your answer is a list of 0 values; a number is asked for."),
    ],
)
def test_another_form_is_told_what_is_asked_for(declare, reference, answer, message):
    """In words for what was given, too."""
    assert declare(reference).outcome(answer).message == message


@pytest.mark.parametrize(
    ("results", "like", "message"),
    [
        ([[1, 2, 3], 1], [0.5, 1], "Your function returned 3 values for n=0; a number is expected."),
        ([0.5, "x"], [0.5, 1], "Your function returned the text 'x' for n=1; a number is expected, without quotes."),
        ([[1, 2]], [[1, 2, 3]], "Your function returned 2 values for n=0; 3 values are expected."),
        ([[[1, 2]]], [[[1], [2]]], "Your function returned 1 row of 2 values for n=0; 2 rows of 1 value are expected."),
        (
            [{"a": 1}, {"a": "x"}],
            [{"a": 1}] * 2,
            "For n=1: `a` is the text 'x'; a number is asked for, without quotes.",
        ),
        ([{}], [{"a": 1}], "For n=0: the result lacks `a`; it has nothing."),
        ([[1, [2]]], [[1, 2]], "For n=0: the result[1] is a list of 1 value; a number is asked for."),
        ([None], [1], "Your function returned a missing value (NaN or None) for n=0. Which division by zero gives it?"),
    ],
)
def test_messages_speak_of_a_call(results, like, message):
    """Never of the shape of all probes, or of a position among them."""
    assert find_misfit_of_calls(results, like, lambda position: f"n={position}") == message


def probe(refits, share=0.5):
    """Return what its first argument is."""
    return refits


def test_a_message_has_the_names_of_the_arguments(declare):
    """As the student's function calls them; without names where it takes any."""
    exercise = declare(lambda *_: 1, collect=outputs_of(([[0, 1], [1, 1]], 0.1)))
    assert exercise.outcome(lambda refits, share: [1, 2, 3]).message == (
        "Your function returned 3 values for refits=[[0, 1], [1, 1]], share=0.1; a number is expected."
    )
    assert "for [[0, 1], [1, 1]], 0.1; a number" in exercise.outcome(lambda *given: [1, 2, 3]).message
    several = declare({"f": lambda n: 1}, identifier="99.2", collect=parts(f=outputs_of((2,))))
    assert several.outcome({"f": lambda k: "x"}).message.startswith("`f`: your function returned the text 'x' for k=2;")


def test_an_error_names_the_line_of_the_student(declare):
    """The last one that is theirs, below calls of libraries; also where the source is not at hand."""

    def divide(n):
        return np.linalg.inv(np.zeros((n, n)))

    exercise = declare(lambda n: 1, collect=outputs_of((2,)))
    message = exercise.outcome(divide).message
    assert message.startswith("`divide(2)` raises LinAlgError: Singular matrix (line ")
    assert message.endswith(": `return np.linalg.inv(np.zeros((n, n)))`)")
    space = {}
    exec(compile("def crash(n):\n    return 1 / 0", "ipykernel_1/2.py", "exec"), space)
    assert exercise.outcome(space["crash"]).message == "`crash(2)` raises ZeroDivisionError: division by zero (line 2)"


def test_a_half_answer_that_raises_keeps_its_hint(declare):
    """A wrong answer that raises is recognized by its error and its call, whatever the function is called."""

    def half_repaired(a, b):
        return a / b

    wrong = [(half_repaired, "The condition is still the old one."), (lambda a, b: 1, "x"), (lambda a, b: 2, "y")]
    found = declare(lambda a, b: a / b if b else 0.0, wrong, collect=outputs_of((1, 2), (1, 0)))
    assert found.outcome(lambda x, y: x / y).message == "The condition is still the old one."
    assert "raises ZeroDivisionError: division by zero" in found.outcome(lambda x, y: 1 / (x - 1)).message


def test_the_engine_is_exported():
    """The public list has what chapters need."""
    assert callable(exercise)
