"""Exercise of notebook 05 on what excludes what: five rules, and the criteria that each satisfies."""

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.exercises.checking import exercise
from labkit.exercises.variants import Variant, replace_options, shuffle_options

Pair = tuple[float, float]  # a rate in group a and in group b

# ---- 05.3 decide and justify -----------------------------------------------------------------------------------------
EQUAL_BASE, NO_USE = "both, equal base rates", "both, TPR = FPR"
ODDS_ONLY, PARITY_ONLY = "only equalized odds", "only parity"
OPTIONS = (EQUAL_BASE, NO_USE, ODDS_ONLY, PARITY_ONLY)  # in the order of their letters


@dataclass(frozen=True)
class Rule:
    """A decision rule: its rates and the base rates, in a and b."""

    tpr: Pair
    fpr: Pair
    base: Pair

    @property
    def selected(self):
        """The selection rates."""
        pairs = zip(self.tpr, self.fpr, self.base, strict=True)
        return tuple(tpr * base + fpr * (1 - base) for tpr, fpr, base in pairs)

    @property
    def verdict(self):
        """Which criteria the rule satisfies, and why."""
        if self.tpr[0] != self.tpr[1] or self.fpr[0] != self.fpr[1]:
            return PARITY_ONLY if abs(self.selected[0] - self.selected[1]) < 1e-9 else "neither"
        if self.base[0] == self.base[1]:
            return EQUAL_BASE
        return NO_USE if self.tpr[0] == self.fpr[0] else ODDS_ONLY

    @property
    def is_perfect(self):
        """Whether everybody is decided by the label."""
        return set(self.tpr) == {1.0} and set(self.fpr) == {0.0}

    def slip(self, verdict):
        """Return what a wrong verdict is told; None for one that has no hint of its own."""
        a, b = (f"{rate:.2f}" for rate in self.selected)
        base_a, base_b = self.base
        if self.is_perfect and verdict == EQUAL_BASE:
            return (
                "the base rates differ. A perfect predictor selects exactly those with Y = 1, so the selection rates "
                f"are the base rates, {base_a} and {base_b}: being right about everybody is not parity."
            )
        return {
            (ODDS_ONLY, EQUAL_BASE): f"the base rates are {base_a} and {base_b}. Equal TPR and FPR then give selection "
            f"rates of {a} and {b}.",
            (NO_USE, ODDS_ONLY): "compute the selection rates. Whoever is selected with probability "
            f"{self.tpr[0]} whatever the label is selected at the same rate in both groups.",
            (EQUAL_BASE, ODDS_ONLY): "with equal base rates equalized odds leaves no gap: (TPR - FPR)·Δπ with Δπ = 0.",
            (EQUAL_BASE, NO_USE): "TPR and FPR are not equal here. Something else makes both hold.",
            (PARITY_ONLY, ODDS_ONLY): "the TPRs differ, so this is not equalized odds. Compute both selection rates, "
            "each with its own base rate.",
        }.get((self.verdict, verdict))

    def no_refutation(self, name):
        """Return why the rule does not refute the slogan; None for the one that does."""
        a, b = (f"{rate:.2f}" for rate in self.selected)
        if self.is_perfect:
            return f"{name} is perfect, which the exercise rules out, and its selection rates differ: no parity."
        return {
            NO_USE: f"{name} satisfies parity and equalized odds, but it is useless (TPR = FPR), and its PPV, the base "
            "rate, differs.",
            PARITY_ONLY: f"{name} has parity, but the TPRs differ: no equalized odds.",
            ODDS_ONLY: f"{name} has equalized odds only: its selection rates are {a} and {b}.",
        }.get(self.verdict)


@dataclass(frozen=True)
class Collisions:
    """The rules by their letters, and the order in which verdicts are listed."""

    rules: Mapping[str, Rule]
    options: tuple[str, ...] = OPTIONS

    @property
    def verdicts(self):
        """The right answer."""
        found = {name: rule.verdict for name, rule in self.rules.items()}
        return found | {"refutes": next(name for name, verdict in found.items() if verdict == EQUAL_BASE)}

    @property
    def choices(self):
        """What each part of the answer is chosen from."""
        return dict.fromkeys(self.rules, self.options) | {"refutes": tuple(self.rules)}

    def wrong(self):
        """Return wrong answers with their hints."""
        slips = [(name, verdict, rule.slip(verdict)) for name, rule in self.rules.items() for verdict in OPTIONS]
        refutations = [(name, rule.no_refutation(name)) for name, rule in self.rules.items()]
        return [(self.verdicts | {name: verdict}, f"{name}: {told}") for name, verdict, told in slips if told] + [
            (self.verdicts | {"refutes": name}, told) for name, told in refutations if told
        ]

    def table(self):
        """Return the rows of the table in the notebook."""
        rows = {name: (rule.tpr, rule.fpr, rule.base) for name, rule in self.rules.items()}
        return "\n".join(
            f"| rule {name} | {' | '.join(f'{a}, {b}' for a, b in pairs)} |" for name, pairs in rows.items()
        )

    def judge(self, collected):
        """Look at the rules in order, then at the one that refutes the slogan."""
        for name, rule in self.rules.items():
            if collected[name] != rule.verdict:
                told = rule.slip(collected[name])
                unknown = "not so. Which criteria does it satisfy? Compare all four rates, and both selection rates."
                return f"{name}: {told or unknown}"
        return self.rules[collected["refutes"]].no_refutation(collected["refutes"])


COLLISIONS = Collisions(
    {
        "A": Rule((0.8, 0.8), (0.3, 0.3), (0.5, 0.2)),
        "B": Rule((0.6, 0.6), (0.6, 0.6), (0.5, 0.2)),
        "C": Rule((0.8, 0.8), (0.3, 0.3), (0.4, 0.4)),
        "D": Rule((1.0, 1.0), (0.0, 0.0), (0.5, 0.2)),
        "E": Rule((0.32, 0.8), (0.08, 0.05), (0.5, 0.2)),
    }
)


def draw_parity(rng, base_a, base_b):
    """Draw a rule with parity by unequal treatment, in rates of two decimals."""
    while True:
        tpr, low, high = (round(each, 2) for each in (rng.uniform(0.3, 0.9), *rng.uniform(0.02, 0.2, size=2)))
        other = round((tpr * base_a + low * (1 - base_a) - high * (1 - base_b)) / base_b, 2)
        rule = Rule((tpr, other), (low, high), (base_a, base_b))
        if 0 < other < 1 and abs(other - tpr) > 0.1 and rule.verdict == PARITY_ONLY:
            return rule


def draw_collisions(rng):
    """Draw other rates, and give the kinds of rules other letters."""
    tens = [each / 10 for each in range(1, 10)]
    base_a, base_b = (tens[place] for place in rng.choice([1, 2, 3, 4, 5], size=2, replace=False))
    tpr, fpr = tens[rng.integers(5, 9)], tens[rng.integers(0, 4)]
    lots, equal = tens[rng.integers(2, 8)], tens[rng.integers(1, 6)]
    rules = [
        Rule((tpr, tpr), (fpr, fpr), (base_a, base_b)),
        Rule((lots, lots), (lots, lots), (base_a, base_b)),
        Rule((tpr, tpr), (fpr, fpr), (equal, equal)),
        Rule((1.0, 1.0), (0.0, 0.0), (base_a, base_b)),
        draw_parity(rng, base_a, base_b),
    ]
    drawn = Collisions(dict(zip("ABCDE", shuffle_options(rules, rng), strict=True)), shuffle_options(OPTIONS, rng))
    changes = [(COLLISIONS.table(), drawn.table()), replace_options(OPTIONS, drawn.options)]
    praise = f"{drawn.verdicts['refutes']} is no curiosity: where base rates are equal, nothing forces a choice "
    praise += "between these three."
    settings = {"judge": drawn.judge, "choices": drawn.choices, "praise": praise}
    return Variant(drawn.verdicts, drawn.wrong(), changes, settings)


exercise(
    "05.3",
    points=2,
    objective="05-collide",
    reference=COLLISIONS.verdicts,
    wrong=COLLISIONS.wrong(),
    variants=draw_collisions,
    choices=COLLISIONS.choices,
    hints=(
        "First compare the TPRs and the FPRs of the two groups: that decides equalized odds. Then compute both "
        "selection rates, TPR·π + FPR·(1 - π): that decides parity.",
        "Where both hold, ask which factor of (TPR - FPR)·Δπ is zero.",
    ),
    idea="Equalized odds leaves a gap of (TPR - FPR)·Δπ. It is zero where TPR = FPR (first factor) and where the base "
    "rates are equal (second), not for a perfect predictor; a rule may have equal selection rates by unequal "
    "treatment. With equal base rates and equal rates, PPV is equal too.",
    praise="C is no curiosity: where base rates are equal, nothing forces a choice between these three.",
)(COLLISIONS.judge)
