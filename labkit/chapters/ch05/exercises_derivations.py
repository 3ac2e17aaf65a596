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


def draw_rates(rng):
    """Draw rates of two groups."""
    return [tuple(rates) for rates in rng.uniform(size=(6, 4)).round(3).tolist()]


compare_answers(
    "05.1",
    points=2,
    objective="05-decompose",
    collect=outputs_of(*draw_rates(np.random.default_rng(5))),
    hidden=draw_rates,
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
