"""Exercises of notebook 09 on the written decision: what its figures show, and an open question.

The notebook shows `CASE` and `BEGUN` to the student, who reads the figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.exercises.checking import exercise, open_question
from labkit.exercises.variants import Variant

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
TOLERANCE = 0.05


@dataclass(frozen=True)
class Figures:
    """The figures of a decision: mean, low and high of each."""

    case: Mapping[str, tuple[float, float, float]]

    def changed(self, sign):
        """Return the groups of which clearly more (1) or clearly fewer (-1) ill people are found."""
        found = []
        for group in "ab":
            _, *limits = self.case[f"change in ill people found, {group}"]
            found += [group] * all(sign * limit > 0 for limit in limits)
        return {"a": GROUPS[0], "b": GROUPS[1], "ab": GROUPS[2], "": GROUPS[3]}["".join(found)]

    @property
    def gap(self):
        """What the figures show about the gap."""
        _, low, high = self.case["gap"]
        if -TOLERANCE <= low and high <= TOLERANCE:
            return GAPS[0]
        return GAPS[1] if low > TOLERANCE or high < -TOLERANCE else GAPS[2]

    def read(self, **changes):
        """Return the right answer, with some parts changed."""
        return {"gains": self.changed(1), "loses": self.changed(-1), "gap": self.gap} | changes

    def told(self, part, answer):
        """Return what a wrong part of an answer is told; None for the right one."""
        if answer == self.read()[part]:
            return None
        if part == "gap":
            _, low, high = self.case["gap"]
            return f"The claim needs the whole interval: it reaches from {low} to {high}. Where does it end?"
        sign = 1 if part == "gains" else -1
        group = {GROUPS[0]: "a", GROUPS[1]: "b"}.get(answer)
        if group is None:
            side = "above" if sign > 0 else "below"
            return f"Look at both intervals of the changes, at both ends: which of them lie {side} zero?"
        _, low, high = self.case[f"change in ill people found, {group}"]
        start = f"The interval of {group}'s change"
        if low <= 0 <= high:
            more = "more" if sign > 0 else "fewer"
            return f"{start} contains zero: it is not clear that {more} of its ill people are found."
        if sign * low > 0:
            return f"{start} lies clear of zero, on the side that is asked for. But does only that one?"
        less = "fewer" if sign > 0 else "more"
        side = "below" if sign > 0 else "above"
        return f"{start} lies {side} zero: {less} of its ill people are found."

    def wrong(self):
        """Return wrong answers with their hints."""
        options = {"gains": GROUPS, "loses": GROUPS, "gap": GAPS}
        found = ((part, each, self.told(part, each)) for part, listed in options.items() for each in listed)
        return [(self.read(**{part: each}), told) for part, each, told in found if told]

    def table(self):
        """Return the figures as a table of markdown."""
        rows = [f"| {name} | {' | '.join(f'{each:.3f}' for each in found)} |" for name, found in self.case.items()]
        return "\n".join(["| figure | mean | low | high |", "|---|---|---|---|", *rows])

    def judge(self, collected):
        """Look at who gains, then at who loses, then at the gap."""
        slips = (self.told(part, collected[part]) for part in ("gains", "loses", "gap"))
        return next((slip for slip in slips if slip), None)


FIGURES = Figures(CASE)
OPENING = "Before anybody writes them, read the figures (mean, low and\nhigh of a 95% interval)."
OTHER_OPENING = (
    "Suppose that a second clinic wrote such a decision,\nwith these figures in place of those above (mean, low and "
    "high of a 95% interval):\n\n{}\n\n"
)


def draw_figure(rng, side, center, half_width):
    """Draw mean, low and high of an interval above zero (1), below it (-1), or on both sides of it (0)."""
    mean = side * rng.uniform(*center) if side else rng.uniform(-0.6, 0.6) * half_width
    return tuple(round(float(each), 3) for each in (mean, mean - half_width, mean + half_width))


def draw_figures(rng):
    """Draw figures of another clinic with other gains and losses, or another gap."""
    while True:
        sides = {group: int(rng.integers(-1, 2)) for group in "ab"}
        gap = [(0.01, 0.025), (0.085, 0.03), (0.035, 0.04)][rng.integers(3)]
        mean = rng.choice([-1, 1]) * (gap[0] + rng.uniform(-0.005, 0.005))
        figures = Figures(
            {
                "gap": tuple(round(float(each), 3) for each in (mean, mean - gap[1], mean + gap[1])),
                "accuracy, records": CASE["accuracy, records"],
                **{
                    f"change in ill people found, {group}": draw_figure(rng, side, (0.04, 0.08), 0.025)
                    for group, side in sides.items()
                },
            }
        )
        if figures.read() != FIGURES.read():
            break
    changes = [(OPENING, OTHER_OPENING.format(figures.table()).strip() + "\n\n")]
    praise = "Whoever reads such a decision should learn who pays, who gains, and what is not shown."
    return Variant(figures.read(), figures.wrong(), changes, {"judge": figures.judge, "praise": praise})


exercise(
    "09.6",
    points=3,
    objective="09-decide",
    reference=FIGURES.read(),
    wrong=FIGURES.wrong(),
    variants=draw_figures,
    choices={"gains": GROUPS, "loses": GROUPS, "gap": GAPS},
    hints=(
        "Look at the intervals of the two changes: which one lies clear of zero, and on which side?",
        "For the gap compare both ends of its interval with -0.05 and 0.05.",
    ),
    idea="A group loses where the interval of its change lies below zero, and gains where it lies above; where it "
    "contains zero, neither is *clear*. The tolerance is shown to be kept only where the whole interval of the gap is "
    "within it.",
    praise="One group pays, nobody is shown to gain, and it is not even shown that the gap is within the tolerance. "
    "Whoever reads the decision should learn all three.",
)(FIGURES.judge)


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
