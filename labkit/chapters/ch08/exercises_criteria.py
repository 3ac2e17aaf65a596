"""Exercises of notebook 08 on criteria: a lender's choice under conditions, and what matching does to calibration."""

from functools import cache

from labkit.chapters.ch08.profits import CRITERIA, best_rules, count_borrowers, profit_shares
from labkit.data.tables import load_fico
from labkit.exercises.checking import choice, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip

# ---- 08.4 decide and justify -----------------------------------------------------------------------------------------
LEAST_PROFIT, LARGEST_GAP = 85, 0.05
PUBLISHED_PROFIT = 92.8  # of equal opportunity: Hardt, Price and Srebro (2016)


@cache
def evidence():
    """Return (profit in percent of the maximum, largest difference of true positive rates) by criterion."""
    rules = best_rules(count_borrowers(load_fico().frame))
    rates = rules.groupby(level="criterion")["true_positive_rate"]
    profits, gaps = profit_shares(rules), rates.max() - rates.min()
    return {name: (float(profits[name]), float(gaps[name])) for name in CRITERIA}


def answer(criterion, shown=None, *, scale=1.0):
    """Return an answer as a student gives it, with the evidence of one criterion."""
    profit, gap = evidence()[shown or criterion]
    return {"criterion": criterion, "profit": profit * scale, "gap": gap}


REGULATOR = "The owners would accept it, the regulator would not: look at its largest TPR gap."


OWNERS = "The regulator would accept it, the owners would not: look at its profit."


NEITHER = "It meets neither condition: its profit is too low, and its TPR gap too large."


OTHER_ROW = "Your choice meets both conditions. But the evidence is that of another row of the table."


PUBLISHED = "That is the published profit, in the column next to the computed one."


LIMIT = "Your choice meets both conditions. But 0.05 is the regulator's limit: give the gap of your row."


PERCENT = "Give the profit in percent of the maximum, as in the table, not as a share of one."


@exercise(
    "08.4",
    points=3,
    objective="08-profit",
    reference=answer("equal opportunity"),
    choices={"criterion": CRITERIA},
    wrong=[
        (answer("race-blind"), REGULATOR),
        (answer("maximum profit"), REGULATOR),
        (answer("equalized odds"), OWNERS),
        (answer("demographic parity"), NEITHER),
        (answer("equal opportunity", "equalized odds"), OTHER_ROW),
        (answer("equal opportunity", scale=0.01), PERCENT),
        (answer("equal opportunity") | {"profit": PUBLISHED_PROFIT}, PUBLISHED),
        (answer("equal opportunity") | {"gap": LARGEST_GAP}, LIMIT),
    ],
    hints=(
        "Two columns of the table belong to the two conditions. Cross out the rows that fail one of them.",
        "Profit of at least 85 in the column `computed`, and at most 0.05 in the column `largest TPR gap`.",
    ),
    idea="`profits.query('computed >= 85 and `largest TPR gap` <= 0.05')` leaves one row; its values are the evidence.",
    praise="Both conditions are met. Neither asks what a default does to the borrower: a third condition might.",
)
def judge_choice(collected):
    """Look at the conditions first, then at whether the evidence belongs to the choice."""
    chosen = collected["criterion"]
    profit, gap = evidence()[chosen]
    rich, equal = profit >= LEAST_PROFIT, gap <= LARGEST_GAP
    if not (rich and equal):
        return REGULATOR if rich else OWNERS if equal else NEITHER
    if close(collected["profit"], profit / 100, 0.005):
        return PERCENT
    if close(collected["profit"], PUBLISHED_PROFIT, 0.02):
        return PUBLISHED
    if not close(collected["profit"], profit, 0.051):
        slip = recognize_slip({"profit": collected["profit"]}, {"profit": profit}, tolerance=0.051)
        return slip or OTHER_ROW
    if close(collected["gap"], LARGEST_GAP, 1e-6):
        return LIMIT
    return None if close(collected["gap"], gap, 0.005) else OTHER_ROW


# ---- 08.5 predict ----------------------------------------------------------------------------------------------------
choice(
    "08.5",
    points=1,
    objective="08-match",
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
