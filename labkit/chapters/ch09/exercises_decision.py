"""Exercises of notebook 09 on the written decision: what its figures show, and an open question.

The notebook shows `CASE` and `BEGUN` to the student, who reads the figures.
"""

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


# ---- 09.6 read the figures of a decision -----------------------------------------------------------------------------
GROUPS = ("only a", "only b", "both", "nobody")  # in the order of letters


GAPS = ("inside the tolerance", "outside the tolerance", "cannot tell")


def figures_read(gains="nobody", loses="only a", gap="cannot tell"):
    """Return an answer as a student gives it."""
    return {"gains": gains, "loses": loses, "gap": gap}


BY_GAINS = {
    "only a": "The interval of a's change lies below zero: fewer of its ill people are found.",
    "only b": "The mean of b's change is above zero, but its interval contains zero: the gain is not clear.",
    "both": "Neither interval of a change lies above zero. Look at its low end.",
}


BY_LOSES = {
    "only b": "The interval of b's change contains zero: no loss is shown. And that of a?",
    "both": "Only one of the two intervals lies below zero. Look at the high ends.",
    "nobody": "One of the two intervals lies below zero: fewer ill people of that group are found.",
}


BY_GAP = {
    "inside the tolerance": "The mean is inside, but the claim needs the whole interval: where does it end?",
    "outside the tolerance": "A part of the interval lies outside of ±0.05, and a part inside. What does that show?",
}


@exercise(
    "09.6",
    points=3,
    objective="09-decide",
    reference=figures_read(),
    choices={"gains": GROUPS, "loses": GROUPS, "gap": GAPS},
    wrong=[
        *((figures_read(gains=group), text) for group, text in BY_GAINS.items()),
        *((figures_read(loses=group), text) for group, text in BY_LOSES.items()),
        *((figures_read(gap=gap), text) for gap, text in BY_GAP.items()),
    ],
    hints=(
        "Look at the intervals of the two changes: which one lies clear of zero, and on which side?",
        "For the gap compare both ends of its interval with -0.05 and 0.05.",
    ),
    idea="The interval of a lies below zero: a loses. That of b contains zero: nobody *clearly* gains. And the "
    "interval of the gap ends beyond 0.05, so the figures do not show that the tolerance is kept.",
    praise="One group pays, nobody is shown to gain, and it is not even shown that the gap is within the tolerance. "
    "Whoever reads the decision should learn all three.",
)
def judge_figures(collected):
    """Look at who gains, then at who loses, then at the gap."""
    slips = BY_GAINS.get(collected["gains"]), BY_LOSES.get(collected["loses"]), BY_GAP.get(collected["gap"])
    return next((slip for slip in slips if slip), None)


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
