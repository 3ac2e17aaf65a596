"""Exercises of notebook 05 on surrogates: mean scores in place of decisions, and two faulty arguments."""

from dataclasses import dataclass

import numpy as np

from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant


# ---- 05.5 predict before running -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Scores:
    """Scores in percent: one of everybody in a, a lower one of most people in b and a far higher one of the others.

    The thresholds lie above the score of most people in b, and on either side of that of group a.
    """

    alike: int = 51
    most: int = 49
    few: int = 99
    share: int = 96  # percent of b who have the lower score
    thresholds: tuple[float, float] = (0.5, 0.6)

    @property
    def names(self):
        """The names of the two gaps in selection rates, which the answer has whatever the thresholds are."""
        return "gap_at_0.5", "gap_at_0.6"

    def gaps(self, *, mean_of_b=None, first=None, second=None):
        """Return the right answer, with some parts changed."""
        above = (100 - self.share) / 100
        if mean_of_b is None:
            mean_of_b = (self.share * self.most + (100 - self.share) * self.few) / 10_000
        gaps = 1 - above if first is None else first, 0 - above if second is None else second
        return {"mean_score_gap": self.alike / 100 - mean_of_b, **dict(zip(self.names, gaps, strict=True))}

    def wrong(self):
        """Return wrong answers with their hints."""
        above, low, high = (100 - self.share) / 100, *self.thresholds
        plain_mean = (self.most + self.few) / 200
        return [
            (
                self.gaps(first=0.0, second=0.0),
                "Equal means do not make equal decisions. Count who is at or above the threshold in each group.",
            ),
            (
                self.gaps(second=1 - above),
                f"At {high} nobody of a is selected any more: everybody there has {self.alike / 100}. The gap depends "
                "on the threshold.",
            ),
            (
                self.gaps(first=above, second=above - 1),
                f"In b {self.share}% are *below* {low}. Count those who are at or above the threshold.",
            ),
            (
                self.gaps(first=above - 1, second=above),
                f"The differences are a minus b. At {low} everybody of a is selected and few of b.",
            ),
            (
                self.gaps(second=above),
                f"At {high} the sign turns: nobody of a is selected, and {100 - self.share}% of b. The gap is a minus "
                "b.",
            ),
            (
                self.gaps(mean_of_b=plain_mean),
                f"The mean of b is weighted: {self.share}% of its people have {self.most / 100} and only "
                f"{100 - self.share}% have {self.few / 100}.",
            ),
            (
                self.gaps(mean_of_b=self.most / 100),
                f"You left out the {100 - self.share}% of b who have {self.few / 100}. They are few, but far away.",
            ),
        ]

    def text(self):
        """Return how the exercise describes the scores."""
        return (
            f"Everybody in group *a* has the score {self.alike / 100}. In group *b* {self.share}% have "
            f"{self.most / 100} and {100 - self.share}% have {self.few / 100}."
        )


SCORES = Scores()


def draw_scores(rng):
    """Draw scores with equal or nearly equal means, on the same sides of the thresholds as those declared."""
    while True:
        few = int(rng.integers(3, 15))
        scores = Scores(int(rng.integers(51, 60)), int(rng.integers(42, 50)), int(rng.integers(90, 100)), 100 - few)
        if scores.share != SCORES.share and abs(scores.gaps()["mean_score_gap"]) < 0.03:
            break
    praise = {} if close(scores.gaps()["mean_score_gap"], 0, 5e-4) else {"praise": NEARLY_NO_GAP}
    return Variant(scores.gaps(), scores.wrong(), [(SCORES.text(), scores.text())], praise)


NEARLY_NO_GAP = "A training that watches the mean scores would report: hardly any gap."
compare_answers(
    "05.5",
    points=2,
    objective="05-loss",
    reference=SCORES.gaps(),
    wrong=SCORES.wrong(),
    variants=draw_scores,
    otherwise="Not these three gaps. Imagine a hundred people of each group: what do their scores sum to, and how "
    "many of them does each threshold select?",
    hints=(
        "For the mean of b: weight each score by the share of people who have it. For the selection rates: who is at "
        "or above the threshold?",
        "At the lower threshold: everybody of a, and few of b. At the higher one: who of a is left?",
    ),
    idea="Compare both means. At the lower threshold all of a are selected, at the higher one nobody of a; of b, only "
    "the few with the high score are selected at either.",
    praise="A training that watches the mean scores would report: no gap at all.",
)


# ---- 05.6 find the step that is wrong --------------------------------------------------------------------------------
STEPS = {
    1: "Step 1 is total probability within group a: the people of a, split by their label. It is always true.",
    2: "Step 2 is step 1 for the other group, with that group's own base rate. It is always true.",
    3: "Step 3 only subtracts the two sums. What was under the second sum, and where is it in step 4?",
    5: "Step 5 follows from step 4: if every bracket is zero, so is the sum. The mistake is earlier.",
}
CONDITIONS = {  # in the order of their letters; the right one has no hint
    "equal base rates": None,
    "equal group sizes": "Every probability here is within a group; how large the groups are appears nowhere.",
    "perfect predictions": "A perfect predictor is the counterexample: it treats equal labels alike, step 4 says that "
    "its gap is 0, and its gap is the difference of the base rates.",
    "binary labels": "The labels are 0 and 1 already, and step 4 is wrong all the same.",
}
THRESHOLD = 0.5


@dataclass(frozen=True)
class TwoGroups:
    """Two groups of the same size, half of each labeled 1: a score of everybody in a, and one of everybody in b."""

    in_a: float = 0.8
    in_b: float = 0.2

    def terms(self):
        """Return the four numbers of the second argument."""
        scores, labels = np.repeat([self.in_a, self.in_b], 2), np.array([1, 0, 1, 0])
        of_a, errors = np.array([True, True, False, False]), scores - labels
        numbers = {
            "mean_error": errors.mean(),
            "absolute_error": abs(errors).mean(),
            "mean_error_a": errors[of_a].mean(),
            "decision_gap": (scores[of_a] >= THRESHOLD).mean() - (scores[~of_a] >= THRESHOLD).mean(),
        }
        return {name: round(float(number), 9) for name, number in numbers.items()}

    def slips(self):
        """Return the wrong numbers that people give: the name, the number, and what it is told."""
        terms, sizes = self.terms(), f"{self.in_a} or {round(1 - self.in_a, 2)}"
        own = abs(self.in_a - 0.5)
        higher, lower = ("a", "b") if self.in_a > self.in_b else ("b", "a")
        sign = 1 if self.in_a > self.in_b else -1
        found = [
            (
                "mean_error",
                terms["mean_error_a"],
                "`mean_error` is over everybody. In b the scores lie on the other side of the base rate than in a.",
            ),
            (
                "absolute_error",
                terms["mean_error"],
                "`absolute_error`: errors of opposite sign cancel in a mean of errors, not in a mean of their sizes.",
            ),
            (
                "absolute_error",
                own,
                f"`absolute_error`: take |S - Y| for each person first (in a {sizes}), and then the mean.",
            ),
            (
                "mean_error_a",
                terms["mean_error"],
                "`mean_error_a` is within group a only: the mean score there minus the base rate there.",
            ),
            (
                "mean_error_a",
                -terms["mean_error_a"],
                "`mean_error_a` is the score minus the label, so it is positive where scores are too high, and "
                "negative where they are too low.",
            ),
            (
                "decision_gap",
                round(self.in_a - self.in_b, 9),
                "This is the gap of the mean scores. Decide first: who is at or above the threshold?",
            ),
            (
                "decision_gap",
                0.0,
                f"The base rates are equal, the decisions are not: all of {higher} are above the threshold, and nobody "
                f"of {lower}.",
            ),
            ("decision_gap", -1.0 * sign, f"The gap is a minus b, and those who are selected are in {higher}."),
        ]
        return [(name, value, text) for name, value, text in found if not close(value, terms[name], 0.02)]

    def reference(self):
        """Return the right answer."""
        return {"step": 4, "valid_if": "equal base rates"} | self.terms()

    def wrong(self):
        """Return wrong answers with their hints."""
        right = self.reference()
        return [
            *((right | {"step": step}, text) for step, text in STEPS.items()),
            *((right | {"valid_if": condition}, text) for condition, text in CONDITIONS.items() if text),
            *((right | {name: value}, text) for name, value, text in self.slips()),
        ]

    def text(self):
        """Return how the exercise describes the scores."""
        return f"Everybody in *a* has the score {self.in_a}, everybody in *b* {self.in_b}"

    def judge(self, collected):
        """Look at the step, then at its condition, then at the numbers of the second argument."""
        if collected["step"] != 4:
            return STEPS.get(collected["step"], "`step` is the number of a step, 1 to 5.")
        if told := CONDITIONS[collected["valid_if"]]:
            return told
        for name, value in self.terms().items():
            if not same(collected[name], value, 0.005):
                known = (
                    text
                    for which, wrong, text in self.slips()
                    if which == name and close(collected[name], wrong, 0.005)
                )
                slip = recognize_slip({name: collected[name]}, {name: value}, tolerance=0.005)
                otherwise = f"`{name}` is another number. Over whom is the mean taken, and of what?"
                return next(known, None) or slip or otherwise
        return None


TWO_GROUPS = TwoGroups()


def draw_groups(rng):
    """Draw scores on either side of the threshold whose errors cancel, or do not quite."""
    while True:
        above, below = int(rng.integers(12, 19)) / 20, int(rng.integers(2, 9)) / 20
        groups = TwoGroups(*((above, below) if rng.random() < 0.5 else (below, above)))
        if above != 0.8 and below != 0.2 and abs(groups.in_a - 0.5) > 0.11:
            break
    settings = {"judge": groups.judge}
    return Variant(groups.reference(), groups.wrong(), [(TWO_GROUPS.text(), groups.text())], settings)


exercise(
    "05.6",
    points=4,
    objective="05-critique",
    reference=TWO_GROUPS.reference(),
    wrong=TWO_GROUPS.wrong(),
    variants=draw_groups,
    choices={"valid_if": tuple(CONDITIONS)},
    hints=(
        "Argument one: put the perfect predictor with two different base rates into every line. Which fails first? "
        "Argument two: make a list of four people, one for each group and label.",
        "In step 3 the second sum has P(Y=y | A=b). Where is it in step 4? And for argument two: write down the error "
        "of each of the four people, with its sign.",
    ),
    idea="Step 4 replaces the second group's base rate by the first's, which is right only when they are equal. In "
    "argument two the errors of the two groups have opposite signs, and no term says who has them.",
    praise="Both arguments lose the group on the way: one in a factor, the other from the start.",
)(TWO_GROUPS.judge)
