"""Exercises of notebook 06 on twins, repaired labels, and the judgement of a mitigation."""

import re

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise


# ---- 06.4 write a function -------------------------------------------------------------------------------------------
def swap(text, pairs):
    """Swaps all words at once, whole words only."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return re.sub(r"\w+", lambda word: partner.get(word[0], word[0]), text)


def one_after_the_other(text, pairs):
    """Replaces one word after the other."""
    for a, b in pairs:
        text = re.sub(rf"\b{a}\b", b, text)
        text = re.sub(rf"\b{b}\b", a, text)
    return text


def one_way(text, pairs):
    """Replaces in one direction."""
    for a, b in pairs:
        text = re.sub(rf"\b{a}\b", b, text)
    return text


def inside_words(text, pairs):
    """Replaces letters inside other words too."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    letters = "|".join(sorted(partner, key=len, reverse=True))
    return re.sub(letters, lambda word: partner[word[0]], text)


def blanks_only(text, pairs):
    """Splits at blanks, so that punctuation sticks to words."""
    partner = {a: b for pair in pairs for a, b in (pair, pair[::-1])}
    return " ".join(partner.get(word, word) for word in text.split(" "))


PAIRS = [["he", "she"], ["man", "woman"]]


compare_answers(
    "06.4",
    points=2,
    objective="06-twins",
    collect=outputs_of(
        ("she said he saw the shepherd, a human, and she left", PAIRS),
        ("the woman was late; the man was not, was he?", PAIRS),
    ),
    reference=swap,
    wrong=[
        (
            one_after_the_other,
            "One word after the other undoes itself: `he` becomes `she`, and then every `she` becomes `he`. Swap all "
            "at once.",
        ),
        (one_way, "Only one direction: all texts now speak of the same gender, which is no twin."),
        (inside_words, "The letters `he` stand in `the` and `shepherd` too. Swap whole words."),
        (blanks_only, "Split at blanks, `he?` is another word than `he`. Punctuation ends a word."),
    ],
    otherwise="Each word of a pair becomes the other one, at once, as a whole word; everything else stays.",
    hints=(
        "Make a dict that leads from each word to its partner, in both directions.",
        "`re.sub(pattern, function, text)` calls the function for each match: all words are replaced in one pass.",
    ),
    idea='`re.sub(r"\\w+", lambda word: partner.get(word[0], word[0]), text)` with a dict in both directions.',
    praise="English does not always play along: `her` is `him` or `his`. `swap_words` looks at the next word, and errs "
    "now and then.",
)


# ---- 06.5 compute ----------------------------------------------------------------------------------------------------
RECORDED, PEOPLE, SHARE = 195, 1000, 0.35


HIDDEN = RECORDED * SHARE / (1 - SHARE)


def repaired(hidden):
    """Return an answer with the base rate that goes with so many hidden positives."""
    return {"hidden": round(hidden, 1), "base_rate": round((RECORDED + hidden) / PEOPLE, 4)}


compare_answers(
    "06.5",
    points=2,
    objective="06-labels",
    reference=repaired(HIDDEN),
    wrong=[
        (
            repaired(RECORDED * SHARE),
            "The share is of the truly ill, and 195 are only those who were recorded. How many truly ill leave 195?",
        ),
        (
            repaired((PEOPLE - RECORDED) * SHARE),
            "You take the share of everybody recorded as not ill. Most of them are not ill.",
        ),
        (
            {"hidden": RECORDED / (1 - SHARE), "base_rate": 0.3},
            "That is the number of all truly ill people, recorded or not. The hidden ones are the rest.",
        ),
        (
            {"hidden": HIDDEN, "base_rate": 0.195},
            "The number is right. The base rate after repair counts the hidden ones as ill.",
        ),
    ],
    otherwise="Of all truly ill people a share of 0.65 was recorded, and these are 195. Take all, less the recorded.",
    tolerance=6e-4,
    hints=(
        "Call the number of truly ill people T. Which share of T was recorded?",
        "(1 - 0.35) T = 195. The hidden ones are T - 195.",
    ),
    idea="T = 195 / 0.65; hidden = T - 195; the base rate after repair is T / 1000.",
    praise="The estimate of the share does all the work. Where does it come from, and how sure is it?",
)


# ---- 06.6 decide and justify -----------------------------------------------------------------------------------------
CLOSED = ["label repair", "under-sampling"]


REASONS = ("smallest gap", "most accurate on the records", "gap closed, truth not harmed")


WRONG_CLOSED = "Closed means that the interval of the gap contains 0. Look at each row's interval, not at its middle."


BY_METHOD = {
    "untouched": "The records reward whoever repeats their mistake. Its gap is clearly not 0, and on the truth another "
    "method is more accurate.",
    "equal group weights": "Its gap is as large as before: the smaller group's wrong labels count more now.",
    "under-sampling": "It closes the gap and loses accuracy on the truth, clearly: it threw most people away.",
    "word left out": "It harms nobody's accuracy, and half of the gap is still there: the interval does not contain 0.",
}


BY_REASON = {
    REASONS[0]: "A gap alone is no reason: a model that says the same of everybody has none. Name what it costs, too.",
    REASONS[
        1
    ]: "On the records label repair is less accurate than the untouched model. That is what repairing them means.",
}


def decision(closed=CLOSED, method="label repair", reason=REASONS[2]):
    """Return an answer as a student gives it."""
    return {"closed": list(closed), "method": method, "reason": reason}


@exercise(
    "06.6",
    points=3,
    objective="06-judge",
    reference=decision(),
    wrong=[
        (decision(closed=[*CLOSED, "word left out"]), WRONG_CLOSED),
        (decision(closed=["label repair"]), WRONG_CLOSED),
        *((decision(method=method), text) for method, text in BY_METHOD.items()),
        *((decision(reason=reason), text) for reason, text in BY_REASON.items()),
    ],
    any_length=True,
    hints=(
        "First column: whose interval of the gap contains 0? Last column: whose interval lies below 0?",
        "Of the two that close the gap, one loses accuracy on the truth and the other does not.",
    ),
    idea="Two methods close the gap; under-sampling pays with accuracy on the truth, label repair does not.",
    praise="Only the last column made this decision possible. With real records you have to argue for the truth.",
)
def judge_decision(collected):
    """Look at which gaps are closed, then at the choice, then at its reason."""
    if sorted(name.strip().lower() for name in collected["closed"]) != CLOSED:
        return WRONG_CLOSED
    method, reason = (collected[name].strip().lower() for name in ("method", "reason"))
    if method != "label repair":
        return BY_METHOD.get(method, f"'{method}' is none of the methods: label repair, {', '.join(BY_METHOD)}.")
    if reason != REASONS[2]:
        return BY_REASON.get(reason, f"'{reason}' is none of the reasons: {'; '.join(REASONS)}.")
    return None
