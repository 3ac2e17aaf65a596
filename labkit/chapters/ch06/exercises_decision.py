"""Exercise of notebook 06 on the judgement of a mitigation: five methods in one table."""

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.exercises.checking import exercise
from labkit.exercises.variants import Variant, replace_options, shuffle_options

# ---- 06.6 decide and justify -----------------------------------------------------------------------------------------
REASONS = (  # in the order of letters
    "smallest gap, whatever it costs",
    "most accurate on the records",
    "gap closed, truth not harmed",
)
LIMIT = 0.08
WRONG_CLOSED = "Closed means that the interval of the gap is inside -0.08 to 0.08. Look at its ends."
PLAIN = "untouched"
KEEPS, COSTS, HALF, REPAIRS = "keeps the gap", "closes it at a cost", "leaves half of it", "closes it"
BY_KIND = {
    PLAIN: "The records reward a model that repeats their mistake. Its gap is clearly not 0, and on the truth another "
    "method is more accurate.",
    KEEPS: "Its gap is as large as that of the untouched model.",
    COSTS: "It closes the gap and loses accuracy on the truth, clearly.",
    HALF: "It harms nobody's accuracy, and a part of the gap is still there: its interval exceeds 0.08.",
}
Interval = tuple[int, int, int]  # an estimate, low and high, in hundredths


@dataclass(frozen=True)
class Clinic:
    """What each method does, its gap, and its changes of accuracy, in the order of the methods' letters."""

    kinds: Mapping[str, str]
    figures: Mapping[str, tuple[Interval, ...]]
    reasons: tuple[str, ...] = REASONS

    def having(self, *kinds):
        """Return the methods of some kinds, in the order of their names."""
        return sorted(method for method, kind in self.kinds.items() if kind in kinds)

    @property
    def choices(self):
        """What each part of the answer is chosen from."""
        methods = tuple(self.kinds)
        return {"closed": methods, "method": methods, "reason": self.reasons}

    def decision(self, closed=None, method=None, reason=REASONS[2]):
        """Return an answer as a student gives it, the right one unless told otherwise."""
        return {
            "closed": self.having(COSTS, REPAIRS) if closed is None else closed,
            "method": self.having(REPAIRS)[0] if method is None else method,
            "reason": reason,
        }

    def told(self, reason):
        """Return what a wrong reason is told; None for the right one."""
        return {
            REASONS[0]: "A gap alone is no reason: a model that gives everyone the same answer has none. Name its "
            "cost, too.",
            REASONS[1]: f"On the records {self.having(REPAIRS)[0]} is less accurate than the untouched model, so this "
            "is no reason to take it.",
        }.get(reason)

    def wrong(self):
        """Return wrong answers with their hints."""
        return [
            (self.decision(closed=self.having(COSTS, REPAIRS, HALF)), WRONG_CLOSED),
            (self.decision(closed=self.having(REPAIRS)), WRONG_CLOSED),
            *((self.decision(method=self.having(kind)[0]), text) for kind, text in BY_KIND.items()),
            *((self.decision(reason=reason), self.told(reason)) for reason in REASONS if self.told(reason)),
        ]

    def table(self):
        """Return the rows of the table in the notebook."""
        rows = []
        for letter, (method, found) in zip("ABCDE", self.figures.items(), strict=True):
            cells = [f" {value / 100:.2f} [{low / 100:.2f}, {high / 100:.2f}] |" for value, low, high in found]
            rows.append(f"| {letter}. {method} |{''.join(cells)}{' |' * (3 - len(cells))}")
        return "\n".join(rows)

    def judge(self, collected):
        """Look at which gaps are closed, then at the choice, then at its reason."""
        if sorted(collected["closed"]) != self.having(COSTS, REPAIRS):
            return WRONG_CLOSED
        return BY_KIND.get(self.kinds[collected["method"]]) or self.told(collected["reason"])


CLINIC = Clinic(
    {
        PLAIN: PLAIN,
        "equal group weights": KEEPS,
        "under-sampling": COSTS,
        "word left out": HALF,
        "label repair": REPAIRS,
    },
    {
        PLAIN: ((25, 20, 30),),
        "equal group weights": ((28, 22, 34), (-1, -2, 0), (-2, -3, -1)),
        "under-sampling": ((2, -3, 7), (-8, -10, -6), (-5, -7, -3)),
        "word left out": ((12, 8, 16), (0, -1, 1), (0, -1, 1)),
        "label repair": ((1, -4, 6), (-3, -4, -2), (2, 1, 3)),
    },
)


def draw_figures(rng, kind, gap):
    """Draw the figures of a method of one kind, in hundredths, for the gap of the untouched model."""
    centers = {  # of the gap, and of the changes of accuracy, on the records and on the truth
        PLAIN: (gap,),
        KEEPS: (gap + int(rng.integers(-1, 4)), -1, -2),
        COSTS: (int(rng.integers(-3, 4)), -int(rng.integers(6, 10)), -int(rng.integers(4, 7))),
        HALF: (gap // 2 + int(rng.integers(-1, 2)), 0, 0),
        REPAIRS: (int(rng.integers(-3, 4)), -int(rng.integers(3, 5)), int(rng.integers(2, 4))),
    }[kind]
    widths = (int(rng.integers(3, 5)), *(1 if abs(center) < 4 else 2 for center in centers[1:]))
    return tuple((center, center - width, center + width) for center, width in zip(centers, widths, strict=True))


def draw_clinic(rng):
    """Draw which method does what in another clinic, its figures, and the letters."""
    others = [method for method in CLINIC.kinds if method != PLAIN]
    while True:
        kinds = dict(zip(shuffle_options(others, rng), (KEEPS, COSTS, HALF, REPAIRS), strict=True)) | {PLAIN: PLAIN}
        if kinds["label repair"] != REPAIRS:
            break
    kinds = {method: kinds[method] for method in shuffle_options(tuple(kinds), rng)}
    gap = int(rng.integers(22, 31))
    figures = {method: draw_figures(rng, kind, gap) for method, kind in kinds.items()}
    clinic = Clinic(kinds, figures, shuffle_options(REASONS, rng))
    changes = [(CLINIC.table(), clinic.table()), replace_options(REASONS, clinic.reasons)]
    return Variant(clinic.decision(), clinic.wrong(), changes, {"judge": clinic.judge, "choices": clinic.choices})


exercise(
    "06.6",
    points=3,
    objective="06-judge",
    reference=CLINIC.decision(),
    wrong=CLINIC.wrong(),
    variants=draw_clinic,
    choices=CLINIC.choices,
    any_length=True,
    hints=(
        "First column: whose interval lies between -0.08 and 0.08? Last column: whose interval lies below 0?",
        "Of the two that close the gap, one loses accuracy on the truth and the other does not.",
    ),
    idea="Two methods close the gap; one of them pays with accuracy on the truth, the other does not.",
    praise="Only the last column made this decision possible. With real records you have to argue for the truth.",
)(CLINIC.judge)
