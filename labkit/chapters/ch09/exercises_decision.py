"""Exercises of notebook 09 on the written decision: what its figures say about who gains and loses, and an open one.

The notebook shows `CASE` and `BEGUN` to the student, who writes what is missing.
"""

import re
from datetime import date, datetime

from labkit.chapters.ch09.decisions import check_decision, write_decision
from labkit.exercises.checking import exercise, open_question

CASE = {
    "gap": (0.031, -0.012, 0.074),
    "accuracy, records": (0.742, 0.728, 0.756),
    "change in ill people found, a": (-0.061, -0.088, -0.034),
    "change in ill people found, b": (0.024, -0.015, 0.063),
}


BEGUN = {
    "Aim": "Which patients of a clinic get an early appointment with a doctor, by a score on their note.",
    "Criterion and why": "Equal shares in both districts, since both are ill equally often as far as a survey tells.",
    "Labels and how far they are trusted": "Diagnoses in the clinic's records; those of district b miss illnesses.",
    "Chosen operating point": "`penalty 3`: most accurate on 400 validation patients with a gap of at most 0.05.",
    "What would change the decision": "A survey in which the share of the ill differs by 0.05 or more.",
}


OWN = ("Who gains", "Who loses", "Review")


FORMATS = {  # dates as people write them, beside 2035-06-30
    r"\b\d{1,2}\.\d{1,2}\.\d{4}\b": "%d.%m.%Y",
    r"\b\d{1,2} [A-Z][a-z]+ \d{4}\b": "%d %B %Y",
    r"\b[A-Z][a-z]+ \d{1,2}, \d{4}\b": "%B %d, %Y",
}


def decision(**changed):
    """Return a decision about the case, with changed sections of its own."""
    own = {
        "Who gains": "nobody: for ill people of b the interval of the change contains zero.",
        "Who loses": "Ill people of `a`, of whom about six in a hundred more are missed than before.",
        "Review": "The clinic's ethics board together with two patients of each district, on 2035-06-30.",
    }
    return write_decision(CASE, title="Early appointments", answers=BEGUN | own | changed)


def tidy(text):
    """Return a decision with dates as the validator reads them, and "nobody" where a section says it in other words.

    A section that begins with nobody may name a group in its reason: "nobody: in `b` the interval contains zero".
    """

    def as_iso(found, style):
        try:
            return datetime.strptime(found[0], style).date().isoformat()
        except ValueError:
            return found[0]  # 5 Patients 2035

    for pattern, style in FORMATS.items():
        text = re.sub(pattern, lambda found, style=style: as_iso(found, style), text)
    text = re.sub(r"\bno (?:group|one|body)\b", "nobody", text, flags=re.IGNORECASE)
    return re.sub(r"^nobody\b.*$", lambda line: line[0].replace("`", ""), text, flags=re.IGNORECASE | re.MULTILINE)


def complain(text):
    """Return the hint for a decision: what is open or contradicted, or None."""
    found = check_decision(tidy(text), figures=CASE, point="penalty 3", loses=["a"], today=date.today())
    return None if not found else "There is more to do: " + "; ".join(found[:3]) + ("; and more." if found[3:] else ".")


MISTAKES = [
    (
        decision(**{"Who gains": "Ill people of `b`, of whom more are found than before, on average."}),
        "There is more to do: 'Who gains' names `b`, which does not clearly gain.",
    ),
    (
        decision(**{"Who loses": "nobody, since the gap is closed and both groups are treated alike."}),
        "There is more to do: 'Who loses' leaves out `a`, which clearly loses; 'Who loses' says nobody, but `a` "
        "clearly loses.",
    ),
    (
        decision(**{"Who loses": "Ill people of `a` and of `b`, because fewer of both are found now."}),
        "There is more to do: 'Who loses' names `b`, which does not clearly lose.",
    ),
    (
        decision(Review="The clinic's ethics board will look at it again after some time has passed."),
        "There is more to do: 'Review' has no date, such as 2030-01-31: a review without one does not happen.",
    ),
    (
        decision(Review="The clinic's ethics board together with two patients of each district, on 2020-06-30."),
        "There is more to do: 'Review' gives 2020-06-30, which has passed.",
    ),
    (
        decision(**{"Who gains": "TODO"}),
        "There is more to do: 'Who gains' still holds 'TODO': the groups that clearly gain, between backticks, and "
        "what; 'nobody' where none does.",
    ),
    (
        decision().replace("| -0.061 |", "| 0.061 |"),
        "There is more to do: 'Figures' gives 0.061 as mean of 'change in ill people found, a'; it is -0.061.",
    ),
]


@exercise(
    "09.6",
    points=3,
    objective="09-decide",
    reference=decision(),
    wrong=MISTAKES,
    hints=(
        "Look at the intervals of the two changes: which one lies clear of zero, and on which side?",
        "Groups stand between backticks, as in `a`. Where no interval lies above zero, write 'nobody', and why. A "
        "review needs a date.",
    ),
    idea="The interval of a lies below zero: `a` loses. That of b contains zero: nobody *clearly* gains. So on these "
    "figures the gap was closed by levelling down, and a reader of the decision should learn it.",
    praise="Your text agrees with its figures. So somebody may now ask, with reason, whether this point should be "
    "used: one group pays, and nobody is shown to gain.",
)
def judge_decision(collected):
    """Say what is open, and what contradicts the figures."""
    return complain(collected)


# ---- 09.7 an open question -------------------------------------------------------------------------------------------
open_question(
    "09.7",
    objective="09-decide",
    model_answer="One answer among several. Before I sign I would ask the people who pay, not only count them: an "
    "illness missed in a costs that patient as much as one missed in b. I would accept the chosen point if more ill "
    "people are found in all, by the truth, and if no group's share of ill people found falls clearly. If one falls, I "
    "would first look for a point nearby that raises the other group's share instead, by more appointments for "
    "instance, since a fixed number of them is itself a decision. I would not accept it where the truth is unknown and "
    "my belief that both groups are ill equally often rests on nothing but hope. What would change my mind: a second "
    "look at a sample of records that finds another share of missed illness than I assumed, or refits that flip more "
    "people in one group than in the other. I would state who can object, and review it on a fixed date. A good answer "
    "names who loses and by how much, which figure rests on labels that cannot be trusted, and what would change it.",
)
