"""Options are chosen by letter or by text, and a metric may have any of its names."""

import numpy as np
import pytest

from labkit.exercises import list_options, pick
from labkit.exercises.checking import choice
from labkit.exercises.choices import SYNONYMS, metric_name
from tests.exercises.conftest import HELP

OPTIONS = ("it rises", "it falls, more slowly", "both, TPR = FPR", "fine-tuning", "FNR")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        *[(text, OPTIONS[1]) for text in ("B", "b", "B.", "(b)", "B)", " b ", "B:", '"B"')],
        *[
            (text, OPTIONS[1])
            for text in ("It falls,  more slowly.", "B. it falls, more slowly", "(b) IT FALLS, more slowly")
        ],
        *[(text, OPTIONS[2]) for text in ("both, TPR=FPR", "Both, TPR = FPR.", "both,TPR = FPR")],
        *[(text, OPTIONS[3]) for text in ("fine tuning", "finetuning", "Fine_Tuning")],
        *[(text, OPTIONS[4]) for text in ("false_negative_rate", "miss rate", "fnr", "E")],
        (np.str_("A"), OPTIONS[0]),
        *[(other, None) for other in ("", "F", "AB", "it", "A. it falls, more slowly", "it rises?", 1, None, ["A"])],
    ],
)
def test_an_option_is_picked_by_letter_or_text(answer, expected):
    """Case, blanks, hyphens between letters, and a full stop do not matter; a letter with another text is unclear."""
    assert pick(answer, OPTIONS) == expected


def test_options_that_are_letters_have_none():
    """There the text wins, and no option is reached by its position."""
    options = ("B", "A", "none")
    assert [pick(text, options) for text in ("a", "B.", "none", "C")] == ["A", "B", "none", None]
    assert list_options(options) == '"B"\n"A"\n"none"'
    assert list_options(["up", "down"], start="- ") == "- A. up\n- B. down"


def test_synonyms_are_unambiguous():
    """Each name is that of one metric, and names of this course are among them."""
    names = [other for name, others in SYNONYMS.items() for other in (name.replace("_", ""), *others)]
    assert len(set(names)) == len(names)
    for name in SYNONYMS:
        assert (
            metric_name(name)
            == metric_name(name.replace("_", " ").title())
            == metric_name(name.replace("_", "-"))
            == name
        )


@pytest.fixture
def verdicts(compared):
    """An exercise with a choice among other parts, and a list of choices."""
    right = {"seems": "unfair", "n": 3, "rates": ["precision", "false_negative_rate"]}
    wrong = [(right | {"seems": "fair"}, "No!"), (right | {"n": 2}, "Three!"), (right | {"seems": "privacy"}, "Hm.")]
    choices = {"seems": ("fair", "unfair"), "rates": ("precision", "accuracy", "false_negative_rate")}
    return compared(right, wrong, choices=choices)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, ""),
        ({"seems": "b", "rates": ("PPV", "c")}, ""),
        ({"seems": "(A)"}, "No!"),
        ({"seems": ["B"], "n": 2}, "Three!"),
        ({"seems": "privacy"}, "Hm."),
        (
            {"seems": "odd"},
            "`seems` is none of the options. Answer with a letter or with a text, in quotes:\nA. fair\nB. unfair",
        ),
        ({"seems": 2}, "`seems` is none of the options."),
        ({"rates": ["a", "odd"]}, "`rates[1]` is none of the options."),
        ({"rates": ["b", "c"]}, "?"),
    ],
)
def test_a_part_of_an_answer_may_be_a_choice(verdicts, change, message):
    """The message names the part; known mistakes are recognized in every way of writing them."""
    right = {"seems": "unfair", "n": 3, "rates": ["precision", "false_negative_rate"]}
    outcome = verdicts.outcome(right | change)
    assert outcome.message.startswith(message) and (outcome.state == "correct") == (message == "")


def test_options_can_be_distinguished():
    """Two that differ only in case, or more than there are letters, are a mistake of the declaration."""
    with pytest.raises(ValueError, match="'Up' cannot be told from another one"):
        choice("99.1", options={"Up": "No.", "up": None, "down": "No.", "both": "No."}, **HELP)
    with pytest.raises(ValueError, match="has 27 options"):
        choice("99.1", options={"right": None} | {f"wrong {n}": "No." for n in range(26)}, **HELP)
