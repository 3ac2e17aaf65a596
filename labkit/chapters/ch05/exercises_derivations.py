"""Exercises of notebook 05 on derivations: the missing weight, the parts of a real gap, what excludes what."""

import numpy as np

from labkit.audit.counts import Counts
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_percent


# ---- 05.1 complete a derivation --------------------------------------------------------------------------------------
def mean_difference(tpr_a, tpr_b, fpr_a, fpr_b):
    """Return what stands before the difference of the base rates."""
    return (tpr_a + tpr_b) / 2 - (fpr_a + fpr_b) / 2


PROBES = [tuple(rates) for rates in np.random.default_rng(5).uniform(size=(6, 4)).round(3).tolist()]


compare_answers(
    "05.1",
    points=2,
    objective="05-decompose",
    collect=outputs_of(*PROBES),
    tolerance=1e-12,
    reference=mean_difference,
    wrong=[
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: tpr_a - fpr_a,
            "This is group a's weight alone. The rule of step 2 has a *mean* before each difference; with one group's "
            "values a term with two differences is left over.",
        ),
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: (tpr_a + tpr_b) / 2 + (fpr_a + fpr_b) / 2,
            "The sign of the second mean is wrong: FPR is multiplied by 1 - π, and Δ(1 - π) = -Δπ.",
        ),
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: (tpr_a + tpr_b) / 2,
            "This comes from TPR·π alone. The product FPR·(1 - π) contains the base rate as well.",
        ),
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: tpr_a + tpr_b - fpr_a - fpr_b,
            "Twice too much: the bars are means of the two groups, so each sum is divided by two.",
        ),
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: (fpr_a + fpr_b) / 2 - (tpr_a + tpr_b) / 2,
            "The sign is turned around. If more people of a have Y = 1, and those are selected more often, a's rate "
            "is *higher*.",
        ),
        (
            lambda tpr_a, tpr_b, fpr_a, fpr_b: (tpr_a - tpr_b) - (fpr_a - fpr_b),
            "This is the difference of the two gaps. What stands before Δπ is made of means over the groups.",
        ),
    ],
    otherwise="With this weight the three parts do not add up to the gap. Put in numbers for one pair of groups: how "
    "much is missing, and which term of step 2 makes it up?",
    hints=(
        "Step 2 turns TPR·π into two terms and FPR·(1 - π) into two more. Two of these four contain Δπ.",
        "The two terms are mean(TPR)·Δπ and mean(FPR)·Δ(1 - π). What is Δ(1 - π)?",
    ),
    idea="mean(TPR)·Δπ + mean(FPR)·(-Δπ), so the weight is the mean TPR minus the mean FPR: how much the decision "
    "depends on the label at all.",
    praise="The weight is how far the decision follows the label. Drawing lots ignores it, and passes no base rate on.",
)


# ---- 05.2 read a figure ----------------------------------------------------------------------------------------------
COMPAS = Counts.from_mapping({"African-American": [990, 805, 532, 1369], "Caucasian": [1139, 349, 461, 505]})


FOUND = COMPAS.decompose("African-American", "Caucasian", n_boot=100)


REMAINING = float(FOUND.parts["base_rate"])


EYE = 0.012  # as far as an eye may be off: the bar is 0.034 high


LARGEST = {  # in the order of their letters; the right one has no hint
    "TPR": "Compare the bars of one color only, that of COMPAS. Its tallest bar is not the one on the left.",
    "FPR": None,
    "base rates": "That is the smallest of the three bars of COMPAS. It is what people expect to be the largest.",
}


READ_ANOTHER = (
    (
        float(FOUND.gap),
        "This is the whole gap, from the legend. With equal TPRs and equal FPRs two of its parts vanish.",
    ),
    (
        float(FOUND.gap) - REMAINING,
        "This is what would *vanish*. Asked is what remains: the part that needs no difference in treatment.",
    ),
    (
        float(FOUND.parts["false_positive_rate"]),
        "This is the bar in the middle. It vanishes when both FPRs are at their mean.",
    ),
    (
        float(FOUND.parts["true_positive_rate"]),
        "This is the bar on the left. It vanishes when both TPRs are at their mean.",
    ),
    (0.0, "Not zero: equalized odds does not give parity when base rates differ. Look at the bar on the right."),
)


@exercise(
    "05.2",
    points=1,
    objective="05-decompose",
    reference={"remaining": round(REMAINING, 2), "largest": "FPR"},
    choices={"largest": tuple(LARGEST)},
    wrong=[({"remaining": round(value, 3), "largest": "FPR"}, text) for value, text in READ_ANOTHER]
    + [({"remaining": round(REMAINING, 2), "largest": part}, text) for part, text in LARGEST.items() if text],
    hints=(
        "Setting both TPRs and both FPRs to their means makes two differences zero. Which bar is left?",
        "The colour of COMPAS is in the legend; the bar is the one over 'base rates differ'.",
    ),
    idea="The first two parts contain ΔTPR and ΔFPR and vanish; no weight changes. The bar on the right remains.",
    praise="Most of the gap goes with TPR and FPR, if means are held fixed. That says where it is, not why.",
)
def judge_reading(collected):
    """Look at the number first, then at the name of the largest part."""
    remaining = collected["remaining"]
    if not close(remaining, REMAINING, EYE):
        known = (text for value, text in READ_ANOTHER if close(remaining, value, EYE))
        slip = recognize_percent({"remaining": remaining}, {"remaining": REMAINING}, tolerance=EYE)
        otherwise = "Not the height of that bar. Is it a bar of COMPAS, by its color in the legend, and which of the "
        "three?"
        return slip or next(known, otherwise)
    return LARGEST[collected["largest"]]


# ---- 05.3 decide and justify -----------------------------------------------------------------------------------------
EQUAL_BASE, NO_USE = "both, equal base rates", "both, TPR = FPR"


ODDS_ONLY, PARITY_ONLY = "only equalized odds", "only parity"


OPTIONS = (EQUAL_BASE, NO_USE, ODDS_ONLY, PARITY_ONLY)  # in the order of their letters


RULES = {  # TPR, FPR and base rate in a and b
    "A": ((0.8, 0.8), (0.3, 0.3), (0.5, 0.2)),
    "B": ((0.6, 0.6), (0.6, 0.6), (0.5, 0.2)),
    "C": ((0.8, 0.8), (0.3, 0.3), (0.4, 0.4)),
    "D": ((1.0, 1.0), (0.0, 0.0), (0.5, 0.2)),
    "E": ((0.32, 0.8), (0.08, 0.05), (0.5, 0.2)),
}


def certify(tpr, fpr, base):
    """Return the verdict on a rule, worked out from its rates."""
    odds = tpr[0] == tpr[1] and fpr[0] == fpr[1]
    selected = [t * p + f * (1 - p) for t, f, p in zip(tpr, fpr, base, strict=True)]
    if not odds:
        return PARITY_ONLY if abs(selected[0] - selected[1]) < 1e-9 else "neither"
    if base[0] == base[1]:
        return EQUAL_BASE
    return NO_USE if tpr[0] == fpr[0] else ODDS_ONLY


VERDICTS = {rule: certify(*rates) for rule, rates in RULES.items()} | {"refutes": "C"}


SLIPS = {
    (
        "A",
        EQUAL_BASE,
    ): "A: the base rates are 0.5 and 0.2. Equal TPR and FPR then give selection rates of 0.55 and 0.40.",
    ("B", ODDS_ONLY): "B: compute the selection rates. Whoever is selected with probability 0.6 whatever the label is "
    "selected at the same rate in both groups.",
    ("C", ODDS_ONLY): "C: with equal base rates equalized odds leaves no gap: (TPR - FPR)·Δπ with Δπ = 0.",
    ("C", NO_USE): "C: TPR and FPR are not equal here. Something else makes both hold.",
    (
        "D",
        EQUAL_BASE,
    ): "D: the base rates differ. A perfect predictor selects exactly those with Y = 1, so the selection "
    "rates are the base rates, 0.5 and 0.2: being right about everybody is not parity.",
    (
        "E",
        ODDS_ONLY,
    ): "E: the TPRs differ, so this is not equalized odds. Compute both selection rates, each with its own base rate.",
}


REFUTES = {
    "B": "B satisfies parity and equalized odds, but it is useless (TPR = FPR), and its PPV, the base rate, differs.",
    "D": "D is perfect, which the exercise rules out, and its selection rates differ: no parity.",
    "E": "E has parity and equal PPV, but the TPRs differ: no equalized odds.",
    "A": "A has equalized odds only: its selection rates are 0.55 and 0.40.",
}


@exercise(
    "05.3",
    points=2,
    objective="05-collide",
    reference=VERDICTS,
    choices=dict.fromkeys(RULES, OPTIONS) | {"refutes": tuple(RULES)},
    wrong=[(VERDICTS | {rule: verdict}, text) for (rule, verdict), text in SLIPS.items()]
    + [(VERDICTS | {"refutes": rule}, text) for rule, text in REFUTES.items()],
    hints=(
        "First compare the TPRs and the FPRs of the two groups: that decides equalized odds. Then compute both "
        "selection rates, TPR·π + FPR·(1 - π): that decides parity.",
        "Where both hold, ask which factor of (TPR - FPR)·Δπ is zero.",
    ),
    idea="Equalized odds leaves a gap of (TPR - FPR)·Δπ. It is zero in B (first factor) and in C (second), not in A or "
    "D; E has equal selection rates by unequal treatment. With equal base rates and equal rates, PPV is equal too.",
    praise="C is no curiosity: where base rates are equal, nothing forces a choice between these three.",
)
def judge_verdicts(collected):
    """Look at the rules in order, then at the one that refutes the slogan."""
    for rule in RULES:
        if collected[rule] != VERDICTS[rule]:
            unknown = f"{rule}: not so. Which criteria does it satisfy? Compare all four rates, and both selection "
            "rates."
            return SLIPS.get((rule, collected[rule]), unknown)
    return REFUTES.get(collected["refutes"])
