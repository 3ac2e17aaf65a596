"""Exercises of notebook 00 on associations, p-values and a first audit."""

from functools import cache
from itertools import combinations

import numpy as np

from labkit.audit.arrays import audit
from labkit.data.tables import load_compas
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip


# ---- 00.3 repair broken code -----------------------------------------------------------------------------------------
def cosine(u, v):
    """Return the cosine of the angle between two vectors."""
    return float(np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v)))


def lean(word, a, b):
    """Return how much nearer a vector is to those in a than to those in b."""
    return np.mean([cosine(word, other) for other in a]) - np.mean([cosine(word, other) for other in b])


def broken_lean(word, a, b):
    """Add up where a mean is asked for: as the notebook shows it."""
    return np.sum([cosine(word, other) for other in a]) - np.sum([cosine(word, other) for other in b])


EAST, NORTH, STEEP, FLAT = np.array([2.0, 0.0]), np.array([0.0, 1.0]), np.array([3.0, 4.0]), np.array([8.0, 6.0])


ARROWS = (  # no mean cosine is 0, so that a ratio of means can be told what it is
    (NORTH, [STEEP], [NORTH]),
    (STEEP, [EAST, NORTH, NORTH], [EAST]),
    (EAST, [STEEP], [NORTH, STEEP, EAST, FLAT]),
    (EAST, [EAST, -STEEP, NORTH], [FLAT]),
)


MISTAKES = (
    (
        lambda word, a, b: lean(word, b, a),
        "The sign is turned around: above zero must mean that the word is nearer to the *first* set.",
    ),
    (
        lambda word, a, b: abs(lean(word, a, b)),
        "Without its sign nobody can tell to which set the word leans. Leave out the absolute value.",
    ),
    (
        lambda word, a, b: broken_lean(word, a, b) / (len(a) + len(b)),
        "You divide both sums by the number of all words. Each set has its own size, so each sum needs its own "
        "divisor.",
    ),
    (
        lambda word, a, b: broken_lean(word, a, b) / len(a),
        "You divide both sums by the size of the first set. The second set has a size of its own.",
    ),
    (
        lambda word, a, b: (
            np.mean([cosine(word, other) for other in a]) / np.mean([cosine(word, other) for other in b])
        ),
        "You divide one mean by the other. The association is what one mean has more than the other.",
    ),
    (
        lambda word, a, b: cosine(word, np.mean(a, axis=0)) - cosine(word, np.mean(b, axis=0)),
        "You take the mean of the arrows first and its cosine then, so that long arrows count more. The formula goes "
        "the other way round.",
    ),
    (
        lambda word, a, b: (
            np.median([cosine(word, other) for other in a]) - np.median([cosine(word, other) for other in b])
        ),
        "You take medians. The formula divides a sum by the number of words.",
    ),
    (
        lambda word, a, b: np.mean([word @ other for other in a]) - np.mean([word @ other for other in b]),
        "The means are right, but the lengths of the arrows count again: use `cosine`, not the product `@` alone.",
    ),
    (
        lambda word, a, b: np.mean([cosine(word, other) for other in a]),
        "This is the nearness to the first set alone. What all words share cancels only in the difference of "
        "two means.",
    ),
)


compare_answers(
    "00.3",
    points=2,
    objective="00-association",
    reference=lean,
    wrong=MISTAKES,
    otherwise="Not $s(w, A, B)$ for all vectors. Try vectors whose cosines you know: `lean(east, [east], [north])` "
    "must give 1, and so must `lean(east, [east, east], [north])`.",
    collect=outputs_of(*ARROWS),
    untouched=broken_lean,
    tolerance=1e-6,
    hints=(
        "Try the function with the same vector in both sets, once in the first and three times in the second. "
        "What should "
        "come out, and what does?",
        "Compare the code with the formula of $s(w, A, B)$. What do $1/|A|$ and $1/|B|$ do there?",
    ),
    idea="A sum grows with the number of words, so the larger set always wins. Take means (`np.mean`) instead of sums.",
    praise="Now a set of many words does not win because it is large: published word lists often differ in length.",
)


# ---- 00.4 compute a p-value, and choose what it says -----------------------------------------------------------------
FIRST, SECOND = (0.9, 0.6), (0.7, 0.1)


def count_divisions():
    """Return the differences of means of all divisions of the four values, ours first."""
    values = np.array(FIRST + SECOND)
    return [values[list(chosen)].mean() - np.delete(values, chosen).mean() for chosen in combinations(range(4), 2)]


DIFFERENCES = np.array(count_divisions())


AS_LARGE = DIFFERENCES >= DIFFERENCES[0] - 1e-9


P_VALUE = float(AS_LARGE.mean())


P_MISTAKES = (
    (
        float((DIFFERENCES > DIFFERENCES[0] + 1e-9).mean()),
        "One division too few: you counted those that are larger than ours, or left ours out above the line. *At least "
        "as large* includes our own.",
    ),
    (
        float(AS_LARGE[1:].mean()),
        "You left our own division out, above and below the line. If the labels mean nothing, it is as possible as the "
        "others.",
    ),
    (
        float((abs(DIFFERENCES) >= DIFFERENCES[0] - 1e-9).mean()),
        "You also counted large differences in the other direction. Our test asks in one direction only, as the "
        "paper does.",
    ),
    (
        float(AS_LARGE.sum()),
        "This is the number of divisions that are at least as large. Divide it by the number of all divisions.",
    ),
    (
        float(DIFFERENCES[0]),
        "This is the difference of the means itself. The p-value is a share: of divisions whose difference is "
        "as large.",
    ),
)


READINGS = {  # in the order of their letters; the right one has no hint
    "unbiased": "It is not the probability that the model is unbiased: the p-value is computed *as if* the labels "
    "meant nothing, so it cannot say how probable that is.",
    "divisions": None,
    "people": "No person was sampled. The divisions are divisions of words.",
    "size": "A p-value mixes the size of the effect with the number of words. With four words even the largest "
    "possible effect has a p-value that looks harmless.",
}


@exercise(
    "00.4",
    points=2,
    objective="00-p-value",
    reference={"p_value": round(P_VALUE, 2), "says": "divisions"},
    choices={"says": tuple(READINGS)},
    wrong=[({"p_value": value, "says": "divisions"}, text) for value, text in P_MISTAKES]
    + [({"p_value": P_VALUE, "says": reading}, text) for reading, text in READINGS.items() if text],
    hints=(
        "There are six ways to choose two of four words for the first set. Write them all down, ours too.",
        "For each way, take the mean of the two chosen minus the mean of the others. In how many is it at least ours?",
    ),
    idea="Count the divisions whose difference is at least ours, ours among them, and divide by six. The "
    "p-value is that "
    "share, and nothing else.",
    praise="With so few words, nothing we could have found would have had a small p-value.",
)
def judge_p_value(collected):
    """Look at the share first, then at what it is said to mean."""
    found = collected["p_value"]
    if not close(found, P_VALUE, 0.005):
        known = next((text for value, text in P_MISTAKES if close(found, value, 0.005)), None)
        slip = recognize_slip({"p_value": found}, {"p_value": P_VALUE}, tolerance=0.005)
        return (
            known or slip or "Not the p-value. Write down every division into two and two, ours too. Is none missing?"
        )
    return READINGS[collected["says"]]


# ---- 00.5 decide and justify -----------------------------------------------------------------------------------------
VERDICTS = ("lower for women", "higher for women", "cannot tell")


OTHER_RATES = {
    "false_positive_rate": "This is the difference of the false positive rates: among people *not charged "
    "again*, who was "
    "scored high? The exercise asks what a high score means, among people *scored high*.",
    "selection_rate": "This is the difference of the selection rates: how often each sex is scored high, "
    "whatever happened later.",
    "base_rate": "This is the difference of the base rates, which knows nothing of the score. Look at those "
    "scored high.",
    "true_positive_rate": "This is the difference of the true positive rates: you divide by the people *charged "
    "again*. "
    "Divide by the people *scored high*.",
}


RATES = ("precision", *OTHER_RATES)


@cache
def audit_by_sex():
    """Return (difference, low, high) of women minus men, by rate."""
    people = load_compas().frame
    result = audit(
        y_true=people["two_year_recid"],
        y_pred=(people["score_text"] != "Low").astype(int),
        sensitive_features=people["sex"],
    )
    pairs = {rate: result.pairwise(rate).query("a == 'Female' and b == 'Male'") for rate in RATES}
    return {rate: tuple(pair[["difference", "low", "high"]].iloc[0].astype(float)) for rate, pair in pairs.items()}


SEX_REVERSED = "You took men minus women. The exercise asks for women minus men, so the sign turns around."


TIMID = "Your interval does not contain zero, so the data do tell which rate is higher."


OPPOSITE = "The difference is women minus men. Look at its sign again: for whom is the precision higher?"


LIMITS = "The difference is right. `low` and `high` are not the limits of its 95% interval: are they of the same row?"


EXCHANGED = "The limits are right, but exchanged: `low` is the smaller one."


def answer_by_sex(rate="precision", *, turn=1, verdict=VERDICTS[0]):
    """Return an answer as a student gives it."""
    low, difference, high = sorted(turn * value for value in audit_by_sex()[rate])
    return {"difference": difference, "low": low, "high": high, "verdict": verdict}


@exercise(
    "00.5",
    points=3,
    objective="00-audit",
    reference=answer_by_sex(),
    choices={"verdict": VERDICTS},
    wrong=[
        *((answer_by_sex(rate, verdict=VERDICTS[2]), text) for rate, text in OTHER_RATES.items()),
        (answer_by_sex(turn=-1, verdict=VERDICTS[1]), SEX_REVERSED),
        (answer_by_sex(verdict=VERDICTS[2]), TIMID),
        (answer_by_sex(verdict=VERDICTS[1]), OPPOSITE),
        (answer_by_sex() | {"low": answer_by_sex()["high"], "high": answer_by_sex()["low"]}, EXCHANGED),
    ],
    hints=(
        "Which rate answers: of the people scored medium or high, how many were charged again? It is in the "
        "table by race.",
        "Call `audit` as above with `sensitive_features=people['sex']`, then `.pairwise(...)` on that rate. It "
        "may list the "
        "pair in one order only.",
    ),
    idea="Audit by sex, take `pairwise('precision')` for Female minus Male, and read the verdict off the "
    "interval: zero "
    "outside it means that the data tell the sign.",
    praise="A medium or high score is followed by a new charge less often for women: used as one scale, it "
    "overstates "
    "their risk. False positive rates alone would have hidden that.",
)
def judge_by_sex(collected):
    """Look at the numbers first, then at whether the verdict follows from them."""
    expected = answer_by_sex()
    found, right = ({"difference": answer["difference"]} for answer in (collected, expected))
    if not same(found, right, 0.002):
        difference = found["difference"]
        if close(difference, -expected["difference"], 0.002):
            return SEX_REVERSED
        known = (text for rate, text in OTHER_RATES.items() if close(difference, audit_by_sex()[rate][0], 0.002))
        otherwise = "Not the difference that is asked for. Whom does the question count, and which part of them?"
        return next(known, None) or recognize_slip(found, right, tolerance=0.002) or otherwise
    limits, right_limits = ({name: answer[name] for name in ("low", "high")} for answer in (collected, expected))
    if not same(limits, right_limits, 0.003):
        if same([limits["high"], limits["low"]], [right_limits["low"], right_limits["high"]], 0.003):
            return EXCHANGED
        return recognize_slip(limits, right_limits, tolerance=0.003) or LIMITS
    return {VERDICTS[0]: None, VERDICTS[1]: OPPOSITE, VERDICTS[2]: TIMID}[collected["verdict"]]
