"""Exercise of notebook 00 on a first audit."""

from dataclasses import dataclass
from functools import cache

from labkit.audit.arrays import audit
from labkit.data.tables import load_compas
from labkit.exercises.checking import exercise
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant

# ---- 00.5 decide and justify -----------------------------------------------------------------------------------------
VERDICTS = ("lower for women", "higher for women", "cannot tell")
SHARES = {  # of each rate: of whom, which share, as the exercise asks
    "precision": "Of the people scored *medium or\nhigh*, which share was charged again",
    "false_positive_rate": "Of the people not charged\nagain, which share was scored *medium or high*",
    "selection_rate": "Of all people, which share\nwas scored *medium or high*",
    "true_positive_rate": "Of the people charged\nagain, which share was scored *medium or high*",
}
OTHER_RATES = {  # what each of the rates counts, for an answer that asks for another one
    "false_positive_rate": "This is the difference of the false positive rates: among people *not charged again*, who "
    "was scored high? The exercise asks another question.",
    "selection_rate": "This is the difference of the selection rates: how often each sex is scored high, whatever "
    "happened later.",
    "base_rate": "This is the difference of the base rates, which knows nothing of the score.",
    "true_positive_rate": "This is the difference of the true positive rates: among people *charged again*, who was "
    "scored high? The exercise asks another question.",
    "precision": "This is the difference of the precisions: among people *scored high*, who was charged again? The "
    "exercise asks another question.",
}
TIMID = "Your interval does not contain zero, so the data do tell which rate is higher."
BOLD = "Your interval contains zero, so these data do not tell which rate is higher."
LIMITS = "The difference is right. `low` and `high` are not the limits of its 95% interval: are they of the same row?"
EXCHANGED = "The limits are right, but exchanged: `low` is the smaller one."


@cache
def audit_by_sex():
    """Return (difference, low, high) of women minus men, by rate."""
    people = load_compas().frame
    result = audit(
        y_true=people["two_year_recid"],
        y_pred=(people["score_text"] != "Low").astype(int),
        sensitive_features=people["sex"],
    )
    pairs = {rate: result.pairwise(rate).query("a == 'Female' and b == 'Male'") for rate in OTHER_RATES}
    return {rate: tuple(pair[["difference", "low", "high"]].iloc[0].astype(float)) for rate, pair in pairs.items()}


@dataclass(frozen=True)
class BySex:
    """A comparison of women and men in one rate, in one direction."""

    rate: str = "precision"
    first: str = "women"

    @property
    def second(self):
        """The sex that is subtracted."""
        return {"women": "men", "men": "women"}[self.first]

    def numbers(self, rate=None, *, turned=False):
        """Return the difference and its limits."""
        women_first = (self.first == "women") != turned
        low, difference, high = sorted((1 if women_first else -1) * each for each in audit_by_sex()[rate or self.rate])
        return {"difference": difference, "low": low, "high": high}

    @property
    def verdict(self):
        """What follows from the interval."""
        _, low, high = audit_by_sex()[self.rate]
        return VERDICTS[2] if low <= 0 <= high else VERDICTS[int(low > 0)]

    @property
    def reference(self):
        """The right answer."""
        return self.numbers() | {"verdict": self.verdict}

    @property
    def reversed(self):
        """What an answer with the other sign is told."""
        return (
            f"You took {self.second} minus {self.first}. The exercise asks for {self.first} minus {self.second}, so "
            "the sign turns around."
        )

    def hint_for(self, verdict):
        """Return the hint for a verdict that does not follow from the right numbers."""
        if verdict == self.verdict:
            return None
        if self.verdict == VERDICTS[2]:
            return BOLD
        opposite = (
            f"The difference is {self.first} minus {self.second}. Look at its sign again: for whom is the rate higher?"
        )
        return TIMID if verdict == VERDICTS[2] else opposite

    def wrong(self):
        """Return wrong answers with their hints."""
        right, others = self.reference, (rate for rate in OTHER_RATES if rate != self.rate)
        verdicts = [each for each in reversed(VERDICTS) if each != self.verdict]
        return [
            *((right | self.numbers(rate) | {"verdict": VERDICTS[2]}, OTHER_RATES[rate]) for rate in others),
            (right | self.numbers(turned=True), self.reversed),
            *((right | {"verdict": each}, self.hint_for(each)) for each in verdicts),
            (right | {"low": right["high"], "high": right["low"]}, EXCHANGED),
        ]

    def texts(self):
        """Return what the exercise asks: the share, and what is subtracted from what."""
        return SHARES[self.rate], f"{self.first} minus {self.second}"

    def judge(self, collected):
        """Look at the numbers first, then at whether the verdict follows from them."""
        right = self.numbers()
        difference = collected["difference"]
        if not same({"difference": difference}, {"difference": right["difference"]}, 0.002):
            if close(difference, -right["difference"], 0.002):
                return self.reversed
            others = (rate for rate in OTHER_RATES if rate != self.rate)
            known = (OTHER_RATES[rate] for rate in others if close(difference, self.numbers(rate)["difference"], 0.002))
            slip = recognize_slip({"difference": difference}, {"difference": right["difference"]}, tolerance=0.002)
            otherwise = "Not the difference that is asked for. Whom does the question count, and which part of them?"
            return next(known, None) or slip or otherwise
        limits, right_limits = ({name: answer[name] for name in ("low", "high")} for answer in (collected, right))
        if not same(limits, right_limits, 0.003):
            if same([limits["high"], limits["low"]], [right_limits["low"], right_limits["high"]], 0.003):
                return EXCHANGED
            return recognize_slip(limits, right_limits, tolerance=0.003) or LIMITS
        return self.hint_for(collected["verdict"])


BY_SEX = BySex()


def draw_comparison(rng):
    """Draw another rate, or the other direction."""
    known = [BySex(rate, first) for rate in SHARES for first in ("women", "men")]
    known.remove(BY_SEX)
    drawn = known[rng.integers(len(known))]
    changes = list(zip(BY_SEX.texts(), drawn.texts(), strict=True))
    praise = "The verdict follows from the interval. Other rates of the same two groups may differ in the other way."
    return Variant(drawn.reference, drawn.wrong(), changes, {"judge": drawn.judge, "praise": praise})


exercise(
    "00.5",
    points=3,
    objective="00-audit",
    reference=BY_SEX.reference,
    wrong=BY_SEX.wrong(),
    variants=draw_comparison,
    choices={"verdict": VERDICTS},
    hints=(
        "Which rate starts from the people of whom the question asks, and counts the share that it names? It is in the "
        "table by race.",
        "Call `audit` as above with `sensitive_features=people['sex']`, then `.pairwise(...)` on that rate. It may "
        "list the pair in one order only.",
    ),
    idea="Audit by sex, take `pairwise(rate)` for the two sexes, turn it around if it has the other direction, and "
    "read the verdict off the interval: zero outside it means that the data tell the sign.",
    praise="A medium or high score is followed by a new charge less often for women: used as one scale, it overstates "
    "their risk. False positive rates alone would have hidden that.",
)(BY_SEX.judge)
