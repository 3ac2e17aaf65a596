"""Exercises of notebook 02 on balancing a corpus, and on whether that reaches a decision."""

import math

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip

# ---- 02.4 repair code ------------------------------------------------------------------------------------------------
ROLES = {
    ("she", "subject"): "he",
    ("he", "subject"): "she",
    ("her", "object"): "him",
    ("him", "object"): "her",
    ("her", "possessive"): "his",
    ("his", "possessive"): "her",
}


def swap_pronouns(words):
    """Swaps by word and role."""
    return [ROLES.get(pair, pair[0]) for pair in words]


OTHER_WORDS = ("saw", "the", "book", "with", "himself", "there", "heron", "and", "called", "sheet", "history")


def draw_sentences(rng):
    """Draw sentences with other words between the pronouns: each of the six, and *her* in both orders of its roles."""
    subjects, objects, owners = (list(ROLES)[place : place + 2] for place in (0, 2, 4))
    her, his = (objects[0], owners[0]), (objects[1], owners[1])
    orders = [(subjects[0], *her), (*reversed(her), subjects[0]), (subjects[1], *his), (*reversed(his), subjects[1])]
    found = []
    for place in rng.permutation(len(orders)):
        words = []
        for pair in orders[place]:
            words += [(str(word), "") for word in rng.choice(OTHER_WORDS, rng.integers(0, 3))] + [pair]
        found.append(([*words, (str(rng.choice(OTHER_WORDS)), "")],))
    return found


def broken_swap(words):
    """What the notebook comes with: it does not look at the role."""
    partner = {"she": "he", "he": "she", "her": "his", "his": "her", "him": "her"}
    return [partner.get(word, word) for word, role in words]


def always_him(words):
    """Chooses the other word, still without the role."""
    return [
        {"she": "he", "he": "she", "her": "him", "his": "her", "him": "her"}.get(word, word) for word, role in words
    ]


def only_her(words):
    """Repairs her, and forgets the way back."""
    repaired = {("her", "object"): "him", ("her", "possessive"): "his", ("she", "subject"): "he"}
    return [repaired.get(pair, pair[0]) for pair in words]


def first_her_is_object(words):
    """Goes by the place in the sentence in place of the role."""
    seen = False
    found = []
    for word, role in words:
        found.append("his" if word == "her" and seen else "him" if word == "her" else ROLES.get((word, role), word))
        seen = seen or word == "her"
    return found


def whatever_role(words):
    """Exchanges him and his."""
    turned = ROLES | {("her", "object"): "his", ("her", "possessive"): "him"}
    return [turned.get(pair, pair[0]) for pair in words]


compare_answers(
    "02.4",
    points=2,
    objective="02-balance",
    collect=outputs_of(
        ([("she", "subject"), ("saw", ""), ("her", "object"), ("with", ""), ("her", "possessive"), ("dog", "")],),
        ([("he", "subject"), ("told", ""), ("him", "object"), ("about", ""), ("his", "possessive"), ("day", "")],),
        ([("her", "possessive"), ("mother", ""), ("met", ""), ("her", "object"), ("and", ""), ("she", "subject")],),
        (
            [
                ("his", "possessive"),
                ("book", ""),
                ("is", ""),
                ("here", ""),
                ("himself", ""),
                ("with", ""),
                ("him", "object"),
            ],
        ),
    ),
    hidden=draw_sentences,
    reference=swap_pronouns,
    untouched=broken_swap,
    wrong=[
        (
            always_him,
            "Now every *her* becomes *him*, as in *he saw him with him dog*. One word, two partners: use the role.",
        ),
        (
            first_her_is_object,
            "You go by where the word is in the sentence. The possessive may come first, as in *her mother met her*.",
        ),
        (only_her, "*her* is right now, but *he*, *him* and *his* stay as they are: that corpus loses its women."),
        (
            whatever_role,
            "The roles are exchanged: the possessive *her* (her dog) is *his*, the object (saw her) is *him*.",
        ),
    ],
    otherwise="Some words come out wrong. Swap a sentence with each of the six pronouns, then swap the result with "
    "the same roles: is it what you began with?",
    hints=(
        "Which word of the six has two partners, and what tells them apart?",
        'A dict whose keys are pairs, such as `("her", "object")`, needs no `if` at all.',
    ),
    idea="Six entries, keyed by word and role: she/he as subjects, her/him as objects, her/his as possessives.",
    praise="A swap without roles would have taught the model sentences that nobody writes, and only about one sex.",
)


# ---- 02.5 decide and justify -----------------------------------------------------------------------------------------
GAPS = ([0.44, 0.30, 0.41, 0.33, 0.38], [0.40, 0.29, 0.35, 0.32, 0.33])


VERDICTS = ("smaller", "larger", "cannot tell")


def answer_gaps(turn=1.0, quantile=2.776445, verdict="smaller", paired=True, by=1.0):
    """Return an answer as a student gives it."""
    n = len(GAPS[0])
    change = [after - before for before, after in zip(*GAPS, strict=True)]

    def variance(values):
        middle = sum(values) / n
        return sum((value - middle) ** 2 for value in values) / (n - 1)

    mean = turn * sum(change) / n
    error = math.sqrt((variance(change) if paired else variance(GAPS[0]) + variance(GAPS[1])) / n)
    return {
        "change": mean,
        "low": mean - by * quantile * error,
        "high": mean + by * quantile * error,
        "verdict": verdict,
    }


OF_FIVE = "Your standard deviation divides by 5. Of a sample it divides by one less: `ddof=1`."


NINETY = "These are the limits of a 90% interval. For 95% leave 2.5% on each side."


UNPAIRED = (
    "You treat the two rows as if they had nothing in common. Seed by seed, subtract first: what a seed does "
    "to both encoders cancels."
)


NORMAL = "With five pairs the standard deviation is itself uncertain: Student's t with 4 degrees of freedom, not 1.96."


TURNED = "You took before minus after. A change is after minus before, so that a smaller gap has a minus sign."


SPREAD = "That is where single pairs lie. The mean of five varies less: divide by the root of five."


TIMID = "Your interval does not contain zero: for these runs the data do tell the direction."


OPPOSITE = "The change is negative: after balancing the gap is smaller than before."


@exercise(
    "02.5",
    points=3,
    objective="02-decision",
    reference=answer_gaps(),
    choices={"verdict": VERDICTS},
    wrong=[
        (answer_gaps(paired=False, verdict="cannot tell"), UNPAIRED),
        (answer_gaps(quantile=1.959964), NORMAL),
        (answer_gaps(turn=-1, verdict="larger"), TURNED),
        (answer_gaps(by=math.sqrt(5), verdict="cannot tell"), SPREAD),
        (answer_gaps(by=math.sqrt(4 / 5)), OF_FIVE),
        (answer_gaps(quantile=2.131847), NINETY),
        (answer_gaps(verdict="cannot tell"), TIMID),
        (answer_gaps(verdict="larger"), OPPOSITE),
    ],
    hints=(
        "The two rows belong together, seed by seed. What do you subtract, and when?",
        "Five differences, their mean, their sample standard deviation; `stats.t.ppf(0.975, 4)`.",
    ),
    idea="d = after - before; mean(d) plus and minus t * std(d, ddof=1) / sqrt(5); read the verdict off the signs.",
    praise="Smaller, and small: the gap that is left is many times the change. Both belong in the report.",
)
def judge_gaps(collected):
    """Look at the numbers first, then at whether the verdict follows from them."""
    right = answer_gaps()
    found = {name: collected[name] for name in ("change", "low", "high")}

    def looks_like(answer):
        return all(close(value, answer[name], 0.0015) for name, value in found.items())

    if not looks_like(right):
        known = (
            (answer_gaps(turn=-1), TURNED),
            (answer_gaps(paired=False), UNPAIRED),
            (answer_gaps(quantile=1.959964), NORMAL),
            (answer_gaps(by=math.sqrt(5)), SPREAD),
            (answer_gaps(by=math.sqrt(4 / 5)), OF_FIVE),
            (answer_gaps(quantile=2.131847), NINETY),
        )
        if all(close(value, round(right[name], 2), 1e-9) for name, value in found.items()):
            return "Right, but rounded to two decimals: give three, so that the limits show their distance from zero."
        slip = recognize_slip(found, {name: right[name] for name in found}, tolerance=0.0015)
        if close(found["change"], right["change"], 0.0015):
            otherwise = "The mean change is right, its limits are not. By which number do you multiply which error?"
        else:
            otherwise = "Not the mean change. Which row is taken from which, and how many differences are there?"
        return next((text for answer, text in known if looks_like(answer)), slip or otherwise)
    return {"smaller": None, "larger": OPPOSITE, "cannot tell": TIMID}[collected["verdict"]]
