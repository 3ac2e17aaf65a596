"""Exercise of notebook 08 on a lottery between two thresholds."""

from dataclasses import dataclass

from labkit.exercises.checking import compare_answers
from labkit.exercises.variants import Variant


# ---- 08.1 compute a lottery ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Lottery:
    """(FPR, TPR) of a high and of a low threshold, and the share of people for whom the low one must apply."""

    high: tuple[float, float] = (0.10, 0.40)
    low: tuple[float, float] = (0.30, 0.70)
    share: float = 0.75

    def rates(self, share):
        """Return (FPR, TPR) where the low threshold applies to a share of the people."""
        pairs = zip(self.high, self.low, strict=True)
        return tuple(round((1 - share) * high + share * low, 6) for high, low in pairs)

    @property
    def wanted(self):
        """The TPR that is needed."""
        return self.rates(self.share)[1]

    def answer(self, share=None, *, of=None):
        """Return an answer: a share of people, and the FPR of that share or of another one."""
        share = self.share if share is None else share
        return {"share": share, "fpr": self.rates(share if of is None else of)[0]}

    def wrong(self):
        """Return wrong answers with their hints."""
        rest = round(1 - self.share, 6)
        (_, tpr_high), (fpr_low, tpr_low) = self.high, self.low
        most, more = ("most", "more") if self.share > 0.5 else ("fewer", "less")
        return [
            (
                self.answer(rest),
                "That is the share for whom the *high* threshold applies. With it, the TPR would be "
                f"{self.rates(rest)[1]:.4g}.",
            ),
            (
                self.answer(of=rest),
                f"The share is right. In the FPR you exchanged the thresholds: the low one, with FPR {fpr_low:.2f}, "
                f"applies to {most} of the people.",
            ),
            (
                self.answer(self.wanted),
                f"You took the TPR itself for the share. It lies between {tpr_high:.2f} and {tpr_low:.2f}: how far "
                f"along the way is {self.wanted:.4g}?",
            ),
            (
                self.answer(0.5),
                f"Half and half reaches the middle of {tpr_high:.2f} and {tpr_low:.2f}. You need {more} than that.",
            ),
        ]

    def text(self):
        """Return the numbers as the exercise gives them."""
        (fpr_high, tpr_high), (fpr_low, tpr_low) = self.high, self.low
        return (
            f"a high threshold gives FPR {fpr_high:.2f} and TPR {tpr_high:.2f}, a low one FPR {fpr_low:.2f} and TPR "
            f"{tpr_low:.2f}. You need a TPR of {self.wanted:.4g}."
        )

    def is_clear(self):
        """Say whether all shares that people give are different."""
        shares = sorted([self.share, 1 - self.share, self.wanted, 0.5])
        return min(b - a for a, b in zip(shares[:-1], shares[1:], strict=True)) > 0.03


LOTTERY = Lottery()


def draw_lottery(rng):
    """Draw rates of two thresholds and another share until all mistakes are different numbers."""
    while True:
        fpr, tpr = int(rng.integers(2, 16)) / 100, int(rng.integers(6, 11)) / 20
        low = round(fpr + int(rng.integers(2, 7)) / 20, 2), round(tpr + int(rng.integers(3, 8)) / 20, 2)
        share = float(rng.choice([0.2, 0.25, 0.3, 0.35, 0.4, 0.6, 0.65, 0.7, 0.8, 0.85]))
        lottery = Lottery((fpr, tpr), low, share)
        if low[1] < 0.96 and lottery.is_clear():
            break
    return Variant(lottery.answer(), lottery.wrong(), [(LOTTERY.text(), lottery.text())])


compare_answers(
    "08.1",
    points=2,
    objective="08-roc",
    reference=LOTTERY.answer(),
    wrong=LOTTERY.wrong(),
    variants=draw_lottery,
    otherwise="Not this lottery. Let a hundred people draw with your share: does the TPR that you need come out, and "
    "your FPR?",
    hints=(
        "A lottery's rates are means of the two thresholds' rates, weighted by the shares.",
        "How far along the way from the TPR of the high threshold to that of the low one is the TPR that you need? The "
        "FPR goes as far from one FPR to the other.",
    ),
    idea="share = (needed TPR - TPR of the high threshold) / (difference of the two TPRs); fpr = (1 - share) × FPR of "
    "the high threshold + share × FPR of the low one: a point on the line.",
    praise="A point between two thresholds, which no single threshold reaches.",
)
