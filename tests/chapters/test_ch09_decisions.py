"""A written decision: what its draft holds, what a check finds missing, and what contradicts the figures."""

from datetime import date

import pytest

from labkit.chapters.ch09.decisions import DECISION_SECTIONS, agrees, check_decision, write_decision

FIGURES = {"gap": (0.0312, -0.0118, 0.0742), "change in ill found, a": (-0.061, -0.088, -0.034)}
PROSE = "Eight plain words say who, what, when, why."
ANSWERS = {
    "Aim": PROSE,
    "Criterion and why": PROSE,
    "Labels and how far they are trusted": PROSE,
    "Chosen operating point": f"`penalty 3`. {PROSE}",
    "Who gains": f"Nobody clearly. {PROSE}",
    "Who loses": f"Ill people of `a`. {PROSE}",
    "What would change the decision": f"A gap of 0.1 or more. {PROSE}",
    "Review": f"On 2030-01-31. {PROSE}",
}
TEXT = write_decision(FIGURES, title="A decision", answers=ANSWERS)


def complaints(text):
    """Check a text against the figures."""
    return check_decision(text, figures=FIGURES, point="penalty 3", loses=["a"], today=date(2026, 1, 1))


def test_a_complete_decision_has_no_complaint():
    """Figures may be rounded to two digits."""
    assert complaints(TEXT) == []
    assert complaints(TEXT.replace("| 0.031 | -0.012 | 0.074 |", "| 0.03 | -0.01 | 0.07 |")) == []


def test_a_draft_holds_the_figures_and_leaves_the_rest_open():
    """Each section without an answer stands with its question, and is named."""
    draft = write_decision(FIGURES, title="A decision")
    found = complaints(draft)
    open_sections = [section for section in DECISION_SECTIONS if section != "Figures"]
    assert [complaint.split("'")[1] for complaint in found] == open_sections
    assert all("still holds 'TODO'" in complaint for complaint in found)
    assert "| gap | 0.031 | -0.012 | 0.074 |" in draft


@pytest.mark.parametrize("section", DECISION_SECTIONS)
def test_a_missing_section_is_named(section):
    """Whichever it is; nothing else is said about it."""
    assert complaints(TEXT.replace(f"## {section}\n", "### "))[0] == f"missing section: {section}"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("# A decision\n", "A decision\n", "the title is missing: begin with '# ' and what is decided"),
        ("| 0.031 |", "| 0.041 |", "'Figures' gives 0.041 as mean of 'gap'; it is 0.031"),
        ("| -0.088 |", "| 0.088 |", "'Figures' gives 0.088 as low of 'change in ill found, a'; it is -0.088"),
        ("| 0.074 |", "| 0.1 |", "'Figures' gives 0.1 as high of 'gap'"),
        ("| 0.074 |", "|  |", "'Figures' gives nothing as high of 'gap'"),
        ("| gap |", "| the gap |", "'Figures' lacks 'gap'"),
        ("`penalty 3`", "`penalty 10`", "'Chosen operating point' does not name `penalty 3`"),
        ("`a`", "the better-off group", "'Who loses' leaves out `a`, which clearly loses"),
        ("`a`", "`a` and `b`", "'Who loses' names `b`, which does not clearly lose"),
        ("Nobody clearly", "Group `b`", "'Who gains' names `b`, which does not clearly gain"),
        ("Nobody clearly", "The sick", "'Who gains' should say that nobody clearly gains"),
        ("Ill people of `a`", "Nobody of `a`", "'Who loses' says nobody, but `a` clearly loses"),
        ("0.1 or more", "a large size", "'What would change the decision' gives no number"),
        ("2030-01-31", "some day", "'Review' has no date"),
        ("2030-01-31", "2030-02-31", "'Review' gives 2030-02-31, which is not a date"),
        ("2030-01-31", "2025-12-31", "'Review' gives 2025-12-31, which has passed"),
        (f"On 2030-01-31. {PROSE}", "On 2030-01-31.", "'Review' says next to nothing"),
    ],
)
def test_what_is_wrong_is_said(old, new, complaint):
    """One change, one complaint."""
    assert old in TEXT
    (found,) = complaints(TEXT.replace(old, new, 1))
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2030-01-31", "31 January 2030"),
        ("2030-01-31", "31.01.2030"),
        ("2030-01-31", "January 31, 2030"),
        ("Nobody clearly", "nobody clearly: in `b` the interval contains zero"),
        ("Nobody clearly", "No group clearly gains: the interval of `b` contains zero"),
    ],
)
def test_the_same_in_other_words(old, new):
    """Dates as people write them, and nobody with the group in its reason."""
    assert old in TEXT and complaints(TEXT.replace(old, new, 1)) == []


@pytest.mark.parametrize(
    ("written", "value", "agreed"),
    [
        ("0.031", 0.0312, True),
        ("0.03", 0.0349, True),
        ("0.03", 0.0351, False),
        ("−0.06", -0.061, True),
        ("+0.06", 0.061, True),
        (".06", 0.061, True),
        ("0.06", -0.061, False),
        ("0", 0.001, False),
        ("6%", 0.06, False),
        ("0.000", -0.0001, True),
    ],
)
def test_numbers_agree_up_to_their_rounding(written, value, agreed):
    """With two digits at least, and their sign."""
    assert agrees(written, value) == agreed


def test_wrong_arguments_are_named():
    """An answer to an unknown section would silently be lost, and a decision needs figures."""
    with pytest.raises(ValueError, match="no section 'Figures' to answer; there are: Aim"):
        write_decision(FIGURES, title="x", answers={"Figures": "none"})
    with pytest.raises(ValueError, match="figures is empty"):
        write_decision({}, title="x")
