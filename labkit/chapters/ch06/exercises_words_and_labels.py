"""Exercises of notebook 06 on twins, repaired labels, and the judgement of a mitigation."""

import re

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import exercise
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip


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


TEXTS = outputs_of(
    ("she said he saw the shepherd, a human, and she left", PAIRS),
    ("the woman was late; the man was not, was he?", PAIRS),
    ("he is the heir (she's not) and\nso  is a woman", [*PAIRS, ["king", "queen"]]),
)


SWAPS = [
    (
        one_after_the_other,
        "One word after the other undoes itself: `he` becomes `she`, and then every `she` becomes `he`. Swap all "
        "at once.",
    ),
    (one_way, "Only one direction: all texts now speak of the same gender, which is no twin."),
    (inside_words, "The letters `he` are in `the` and `shepherd` too. Swap whole words."),
    (blanks_only, "Split at blanks, `he?` is another word than `he`. Punctuation ends a word."),
]


@exercise(
    "06.4",
    points=2,
    objective="06-twins",
    collect=TEXTS,
    reference=swap,
    wrong=SWAPS,
    hints=(
        "Make a dict that leads from each word to its partner, in both directions.",
        "`re.sub(pattern, function, text)` calls the function for each match: all words are replaced in one pass.",
    ),
    idea='`re.sub(r"\\w+", lambda word: partner.get(word[0], word[0]), text)` with a dict in both directions.',
    praise="English does not always play along: `her` is `him` or `his`. `swap_words` looks at the next word, and errs "
    "now and then.",
)
def judge_swap(collected):
    """Compare texts to the letter; a known mistake has its own hint."""
    if collected == TEXTS(swap):
        return None
    known = (hint for wrong, hint in SWAPS if collected == TEXTS(wrong))
    if same(collected, TEXTS(swap)):
        return "The words are right, but capitals and small letters are not those of the text."
    return next(
        known,
        "A twin differs from its text in other words than it should. Swap your result once more: is it "
        "the text that you began with, letter by letter?",
    )


# ---- 06.5 compute ----------------------------------------------------------------------------------------------------
RECORDED, PEOPLE, SHARE = 195, 1000, 0.35


HIDDEN = RECORDED * SHARE / (1 - SHARE)


def answer(hidden=HIDDEN, base_rate=(RECORDED + HIDDEN) / PEOPLE):
    """Return an answer in its form."""
    return {"hidden": hidden, "base_rate": base_rate}


OF_RECORDED = "The share is of the truly ill, and 195 are only those who were recorded. How many truly ill leave 195?"


OF_HEALTHY = "You take the share of everybody recorded as not ill. Most of them are not ill."


ALL_ILL = "That is the number of all truly ill people, recorded or not. The hidden ones are the rest."


NOT_PUT_BACK = "The number is right. The base rate after repair counts the hidden ones as ill."


HIDDEN_ALONE = "`hidden` is right. `base_rate` has only the hidden ones above the line; the recorded ones are ill, too."


OF_805 = "`hidden` is right. The base rate is a share of all 1,000 people, not of the 805."


HIDDEN_MISTAKES = (
    (RECORDED * SHARE, OF_RECORDED),
    ((PEOPLE - RECORDED) * SHARE, OF_HEALTHY),
    (RECORDED / (1 - SHARE), ALL_ILL),
)


BASE_MISTAKES = (
    (RECORDED / PEOPLE, NOT_PUT_BACK),
    (HIDDEN / PEOPLE, HIDDEN_ALONE),
    (HIDDEN / (PEOPLE - RECORDED), OF_805),
    (
        SHARE,
        "`hidden` is right. 35% is the share of the ill who are hidden; the base rate is the share of people who are "
        "ill.",
    ),
)


@exercise(
    "06.5",
    points=2,
    objective="06-labels",
    reference=answer(),
    wrong=[
        *((answer(hidden, (RECORDED + hidden) / PEOPLE), text) for hidden, text in HIDDEN_MISTAKES),
        *((answer(base_rate=base_rate), text) for base_rate, text in BASE_MISTAKES),
    ],
    hints=(
        "Call the number of truly ill people T. Which share of T was recorded?",
        "(1 - 0.35) T = 195. The hidden ones are T - 195.",
    ),
    idea="T = 195 / 0.65; hidden = T - 195; the base rate after repair is T / 1000.",
    praise="The estimate of the share does all the work: 15% in place of 35% would put back 34 people, and 55% would "
    "put back 238. It has to come from a second look at files, and that look has an interval.",
)
def judge_repair(collected):
    """Look at the hidden people first, to one decimal, then at the base rate."""
    hidden, base_rate = collected["hidden"], collected["base_rate"]
    if not close(hidden, HIDDEN, 0.051):
        known = (text for value, text in HIDDEN_MISTAKES if close(hidden, value, 0.051))
        otherwise = "`hidden` is another number. Add it to the 195: is it then 35% of all who are ill?"
        return next(known, otherwise)
    if close(base_rate, answer()["base_rate"], 6e-4):
        return None
    known = (text for value, text in BASE_MISTAKES if close(base_rate, value, 6e-4))
    slip = recognize_slip({"base_rate": base_rate}, {"base_rate": answer()["base_rate"]}, tolerance=6e-4)
    return next(known, None) or slip or "`hidden` is right. `base_rate` is another share: of whom, and who of them?"


# ---- 06.6 decide and justify -----------------------------------------------------------------------------------------
CLOSED = ["label repair", "under-sampling"]


REASONS = (  # in the order of letters
    "smallest gap, whatever it costs",
    "most accurate on the records",
    "gap closed, truth not harmed",
)


METHODS = ("untouched", "equal group weights", "under-sampling", "word left out", "label repair")


WRONG_CLOSED = "Closed means that the interval of the gap is inside -0.08 to 0.08. Look at its ends."


BY_METHOD = {
    "untouched": "The records reward a model that repeats their mistake. Its gap is clearly not 0, and on the truth "
    "another method is more accurate.",
    "equal group weights": "Its gap is as large as before: the smaller group's wrong labels may count more now.",
    "under-sampling": "It closes the gap and loses accuracy on the truth, clearly: it threw most people away.",
    "word left out": "It harms nobody's accuracy, and half of the gap is still there: its interval exceeds 0.08.",
}


BY_REASON = {
    REASONS[0]: "A gap alone is no reason: a model that gives everyone the same answer has none. Name its cost, too.",
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
    choices={"closed": METHODS, "method": METHODS, "reason": REASONS},
    wrong=[
        (decision(closed=[*CLOSED, "word left out"]), WRONG_CLOSED),
        (decision(closed=["label repair"]), WRONG_CLOSED),
        *((decision(method=method), text) for method, text in BY_METHOD.items()),
        *((decision(reason=reason), text) for reason, text in BY_REASON.items()),
    ],
    any_length=True,
    hints=(
        "First column: whose interval lies between -0.08 and 0.08? Last column: whose interval lies below 0?",
        "Of the two that close the gap, one loses accuracy on the truth and the other does not.",
    ),
    idea="Two methods close the gap; under-sampling pays with accuracy on the truth, label repair does not.",
    praise="Only the last column made this decision possible. With real records you have to argue for the truth.",
)
def judge_decision(collected):
    """Look at which gaps are closed, then at the choice, then at its reason."""
    if sorted(collected["closed"]) != CLOSED:
        return WRONG_CLOSED
    return BY_METHOD.get(collected["method"]) or BY_REASON.get(collected["reason"])
