"""Exercises of notebook 05 on costs, surrogates and faulty arguments."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip


# ---- 05.4 write a function -------------------------------------------------------------------------------------------
def least_error(base_a, base_b, allowed):
    """Return the smallest possible sum of the two groups' errors."""
    return max(0, abs(base_a - base_b) - allowed)


compare_answers(
    "05.4",
    points=2,
    objective="05-cost",
    collect=outputs_of(
        (0.6, 0.2, 0.0),
        (0.2, 0.6, 0.1),
        (0.5, 0.5, 0.0),
        (0.4, 0.3, 0.25),
        (0.9, 0.05, 0.05),
        (0.37, 0.924, 0.13),
        (0.61, 0.42, 0.012),
    ),
    tolerance=1e-9,
    reference=least_error,
    wrong=[
        (
            lambda base_a, base_b, allowed: abs(base_a - base_b) - allowed,
            "Errors are never negative. Where the allowed gap is larger than the difference of the base rates, "
            "nothing is forced: the least is 0.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, base_a - base_b - allowed),
            "The bound has the *absolute* difference of the base rates: it does not matter which group's is higher.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, abs(base_a - base_b) - allowed) / 2,
            "You halve it. The bound is about the sum of the two errors, not about their mean.",
        ),
        (
            lambda base_a, base_b, allowed: max(0, abs(base_a - base_b) + allowed),
            "A larger allowed gap must make the least error smaller: subtract it.",
        ),
        (
            lambda base_a, base_b, allowed: abs(base_a - base_b),
            "This is the bound for exact parity. A gap that is allowed lowers it.",
        ),
    ],
    otherwise="Not the least error. Try a rule that allows any gap, and exact parity with base rates 0.6 and 0.2, in "
    "either order: what must come out?",
    hints=(
        "Put |Δr| = allowed into the bound. That is the best case within the rule.",
        "What does the bound say when the allowed gap is larger than |Δπ|? What is the least error then?",
    ),
    idea="max(0, |base_a - base_b| - allowed): the perfect predictor has a gap of |Δπ|; every point of gap that has to "
    "go costs a point of error in one of the groups.",
    praise="And it can be reached: start from the perfect predictor and change as few decisions as the rule demands.",
)


# ---- 05.5 predict before running -------------------------------------------------------------------------------------
GAPS = {"mean_score_gap": 0.51 - (0.96 * 0.49 + 0.04 * 0.99), "gap_at_0.5": 1 - 0.04, "gap_at_0.6": 0 - 0.04}


compare_answers(
    "05.5",
    points=2,
    objective="05-loss",
    reference=GAPS,
    wrong=[
        (
            GAPS | {"gap_at_0.5": 0.0, "gap_at_0.6": 0.0},
            "Equal means do not make equal decisions. Count who is at or above the threshold in each group.",
        ),
        (
            GAPS | {"gap_at_0.6": 0.96},
            "At 0.6 nobody of a is selected any more: everybody there has 0.51. The gap depends on the threshold.",
        ),
        (
            GAPS | {"gap_at_0.5": 0.04, "gap_at_0.6": -0.96},
            "In b 96% are *below* 0.5. Count those who are at or above the threshold.",
        ),
        (
            GAPS | {"gap_at_0.5": -0.96, "gap_at_0.6": 0.04},
            "The differences are a minus b. At 0.5 everybody of a is selected and few of b.",
        ),
        (
            GAPS | {"gap_at_0.6": 0.04},
            "At 0.6 the sign turns: nobody of a is selected, and 4% of b. The gap is a minus b.",
        ),
        (
            GAPS | {"mean_score_gap": 0.51 - (0.49 + 0.99) / 2},
            "The mean of b is weighted: 96% of its people have 0.49 and only 4% have 0.99.",
        ),
        (
            GAPS | {"mean_score_gap": 0.51 - 0.49},
            "You left out the 4% of b who have 0.99. They are few, but far away.",
        ),
    ],
    otherwise="Not these three gaps. Imagine a hundred people of each group: what do their scores sum to, and how "
    "many of them does each threshold select?",
    hints=(
        "For the mean of b: 0.96 · 0.49 + 0.04 · 0.99. For the selection rates: who is at or above the threshold?",
        "At 0.5: everybody of a, 4% of b. At 0.6: who of a is left?",
    ),
    idea="Both means are 0.51. At 0.5 the rates are 1 and 0.04, at 0.6 they are 0 and 0.04.",
    praise="A training that watches the mean scores would report: no gap at all.",
)


# ---- 05.6 find the step that is wrong --------------------------------------------------------------------------------
SCORES, LABELS, IN_A = np.repeat([0.8, 0.2], 2), np.array([1, 0, 1, 0]), np.array([True, True, False, False])


ERRORS = SCORES - LABELS


TERMS = {
    "mean_error": float(ERRORS.mean()),
    "absolute_error": float(abs(ERRORS).mean()),
    "mean_error_a": float(ERRORS[IN_A].mean()),
    "decision_gap": float((SCORES[IN_A] >= 0.5).mean() - (SCORES[~IN_A] >= 0.5).mean()),
}


REFERENCE = {"step": 4, "valid_if": "equal base rates"} | {name: round(value, 9) for name, value in TERMS.items()}


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


SLIPS = (
    (
        "mean_error",
        0.3,
        "`mean_error` is over everybody. In b the scores lie as far below the base rate as in a above it.",
    ),
    (
        "absolute_error",
        0.0,
        "`absolute_error`: errors of opposite sign cancel in a mean of errors, not in a mean of their sizes.",
    ),
    ("absolute_error", 0.3, "`absolute_error`: take |S - Y| for each person first (0.2 or 0.8), and then the mean."),
    ("mean_error_a", 0.0, "`mean_error_a` is within group a only: the mean score there minus the base rate there."),
    ("mean_error_a", -0.3, "`mean_error_a` is the score minus the label, so it is positive where scores are too high."),
    ("decision_gap", 0.6, "This is the gap of the mean scores. Decide first: who is at or above 0.5?"),
    ("decision_gap", 0.0, "The base rates are equal, the decisions are not: all of a are above 0.5, and nobody of b."),
    ("decision_gap", -1.0, "The gap is a minus b, and those who are selected are in a."),
)


@exercise(
    "05.6",
    points=4,
    objective="05-critique",
    reference=REFERENCE,
    choices={"valid_if": tuple(CONDITIONS)},
    wrong=[
        *((REFERENCE | {"step": step}, text) for step, text in STEPS.items()),
        *((REFERENCE | {"valid_if": condition}, text) for condition, text in CONDITIONS.items() if text),
        *((REFERENCE | {name: value}, text) for name, value, text in SLIPS),
    ],
    hints=(
        "Argument one: put the perfect predictor with base rates 0.6 and 0.2 into every line. Which fails first? "
        "Argument two: make a list of four people, one for each group and label.",
        "In step 3 the second sum has P(Y=y | A=b). Where is it in step 4? And for argument two: the errors are "
        "-0.2, 0.8, -0.8 and 0.2.",
    ),
    idea="Step 4 replaces the second group's base rate by the first's, which is right only when they are equal. In "
    "argument two the errors of the two groups cancel, and no term says who has them.",
    praise="Both arguments lose the group on the way: one in a factor, the other from the start.",
)
def judge_critique(collected):
    """Look at the step, then at its condition, then at the numbers of the second argument."""
    if collected["step"] != 4:
        return STEPS.get(collected["step"], "`step` is the number of a step, 1 to 5.")
    if told := CONDITIONS[collected["valid_if"]]:
        return told
    for name, value in TERMS.items():
        if not same(collected[name], value, 0.005):
            known = (text for which, wrong, text in SLIPS if which == name and close(collected[name], wrong, 0.005))
            slip = recognize_slip({name: collected[name]}, {name: value}, tolerance=0.005)
            otherwise = f"`{name}` is another number. Over whom is the mean taken, and of what?"
            return next(known, None) or slip or otherwise
    return None
