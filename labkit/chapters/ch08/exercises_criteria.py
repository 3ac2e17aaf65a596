"""Exercises of notebook 08 on criteria: a lender's choice under conditions, and what matching does to calibration."""

from dataclasses import dataclass
from functools import cache

from labkit.chapters.ch08.profits import CRITERIA, best_rules, count_borrowers, profit_shares
from labkit.data.tables import load_fico
from labkit.exercises.checking import choice, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant

# ---- 08.4 decide and justify -----------------------------------------------------------------------------------------
PUBLISHED_PROFIT = 92.8  # of equal opportunity: Hardt, Price and Srebro (2016)
REGULATOR = "The owners would accept it, the regulator would not: look at its largest TPR gap."
OWNERS = "The regulator would accept it, the owners would not: look at its profit."
NEITHER = "It meets neither condition: its profit is too low, and its TPR gap too large."
OTHER_ROW = "Your choice meets both conditions. But the evidence is that of another row of the table."
PUBLISHED = "That is the published profit, in the column next to the computed one."
PERCENT = "Give the profit in percent of the maximum, as in the table, not as a share of one."


@cache
def evidence():
    """Return (profit in percent of the maximum, largest difference of true positive rates) by criterion."""
    rules = best_rules(count_borrowers(load_fico().frame))
    rates = rules.groupby(level="criterion")["true_positive_rate"]
    profits, gaps = profit_shares(rules), rates.max() - rates.min()
    return {name: (float(profits[name]), float(gaps[name])) for name in CRITERIA}


@dataclass(frozen=True)
class Lender:
    """The least profit that the owners accept, in percent, and the largest gap that the regulator does."""

    least_profit: int = 85
    largest_gap: float = 0.05

    def fits(self, criterion):
        """Say whether a criterion meets the owners' condition, and whether it meets the regulator's."""
        profit, gap = evidence()[criterion]
        return profit >= self.least_profit, gap <= self.largest_gap

    def fitting(self):
        """Return the criteria that meet both conditions."""
        return [name for name in CRITERIA if all(self.fits(name))]

    def is_clear(self):
        """Say whether one criterion meets both conditions, and no figure in the table is close to a limit."""
        far = all(
            abs(profit - self.least_profit) > 0.5 and abs(gap - self.largest_gap) > 0.006
            for profit, gap in evidence().values()
        )
        return far and len(self.fitting()) == 1

    def answer(self, criterion=None, shown=None, *, scale=1.0):
        """Return an answer as a student gives it, with the evidence of one criterion; the right one by default."""
        criterion = criterion or self.fitting()[0]
        profit, gap = evidence()[shown or criterion]
        return {"criterion": criterion, "profit": profit * scale, "gap": gap}

    @property
    def limit(self):
        """What an answer with the limit in place of the gap is told."""
        meets = "Your choice meets both conditions."
        return f"{meets} But {self.largest_gap} is the regulator's limit: give the gap of your row."

    def refusal(self, criterion):
        """Return what a criterion that fails a condition is told; None for one that meets both."""
        rich, equal = self.fits(criterion)
        if rich and equal:
            return None
        return REGULATOR if rich else OWNERS if equal else NEITHER

    def wrong(self):
        """Return wrong answers with their hints."""
        right = self.answer()
        chosen = right["criterion"]
        others = [name for name in CRITERIA if name != chosen]
        other = max(others, key=lambda name: abs(evidence()[name][1] - right["gap"]))
        found = [(self.answer(name), self.refusal(name)) for name in others]
        found += [
            (self.answer(shown=other), OTHER_ROW),
            (self.answer(scale=0.01), PERCENT),
            (right | {"gap": self.largest_gap}, self.limit),
        ]
        return found + [(right | {"profit": PUBLISHED_PROFIT}, PUBLISHED)] * (chosen == "equal opportunity")

    def texts(self):
        """Return the conditions as the exercise tells them."""
        return (
            f"keeps at least {self.least_profit}% of the maximum profit",
            f"a difference of true positive rates of at most {self.largest_gap} between",
        )

    def judge(self, collected):
        """Look at the conditions first, then at whether the evidence belongs to the choice."""
        chosen = collected["criterion"]
        if told := self.refusal(chosen):
            return told
        profit, gap = evidence()[chosen]
        if close(collected["profit"], profit / 100, 0.005):
            return PERCENT
        if not close(collected["profit"], profit, 0.051):
            if chosen == "equal opportunity" and close(collected["profit"], PUBLISHED_PROFIT, 0.02):
                return PUBLISHED
            slip = recognize_slip({"profit": collected["profit"]}, {"profit": profit}, tolerance=0.051)
            return slip or OTHER_ROW
        if close(collected["gap"], self.largest_gap, 1e-6):
            return self.limit
        return None if close(collected["gap"], gap, 0.005) else OTHER_ROW


LENDER = Lender()


def draw_lender(rng):
    """Draw conditions that another criterion meets, and no other one does."""
    while True:
        lender = Lender(int(rng.integers(50, 100)), int(rng.integers(1, 60)) / 100)
        if lender.is_clear() and lender.fitting() != LENDER.fitting():
            break
    changes = list(zip(LENDER.texts(), lender.texts(), strict=True))
    return Variant(lender.answer(), lender.wrong(), changes, {"judge": lender.judge})


exercise(
    "08.4",
    points=3,
    objective="08-profit",
    reference=LENDER.answer(),
    wrong=LENDER.wrong(),
    variants=draw_lender,
    choices={"criterion": CRITERIA},
    hints=(
        "Two columns of the table belong to the two conditions. Cross out the rows that fail one of them.",
        "The owners' condition is about the column `computed`, the regulator's about the column `largest TPR gap`.",
    ),
    idea="`profits.query(...)` with both conditions, on `computed` and on `largest TPR gap`, leaves one row; its "
    "values are the evidence.",
    praise="Both conditions are met. Neither asks what a default does to the borrower: a third condition might.",
)(LENDER.judge)


# ---- 08.5 predict ----------------------------------------------------------------------------------------------------
choice(
    "08.5",
    points=1,
    objective="08-match",
    written={
        "worse on both": "worse on both: further from recorded and from true labels",
        "better on both": "better on both: nearer to recorded and to true labels",
        "no change": "no change: ranks within *b* stay, so calibration stays",
    },
    options={
        "worse on both": "The records hide illness in b. A score that rises above them moves towards what they hide.",
        "better on both": "The model has learned the records, so it starts near them. Where can raised scores go?",
        "worse on records, better on truth": None,
        "better on records, worse on truth": "The other way round: which labels did the model learn? Which lie higher?",
        "no change": "Ranks stay, values do not. Calibration compares the *value* of a score with a share of people.",
    },
    praise="The model's scores follow the records; raised, they leave the records and come nearer to the truth.",
    hints=(
        "In b, is the share recorded as ill below or above the share truly ill?",
        "The model's mean score in b starts near the recorded share. Matching raises it.",
    ),
    idea="Recorded share in b < true share. Scores start at the first; raised, they move away from it, to the second.",
)
