"""Exercises of notebook 02 on balancing a corpus, and on whether that reaches a decision."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant

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
VERDICTS = ("smaller", "larger", "cannot tell")


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


BOLD = "Your interval contains zero: for these runs the data do not tell the direction."


OPPOSITE = "The sign of a change says whether the gap after balancing is larger or smaller than before."


PRAISE = {
    "smaller": "Smaller, and small: the gap that is left is many times the change. Both belong in the report.",
    "larger": "Larger, and by little: the gap that was there is many times the change. Both belong in the report.",
    "cannot tell": "Not to know the direction is a result, too: the interval says how large a change may be.",
}


T_95, T_90, NORMAL_95 = 2.776445, 2.131847, 1.959964  # quantiles; those of Student's t with 4 degrees of freedom


@dataclass(frozen=True)
class Gaps:
    """The gaps of five pairs of runs."""

    before: tuple[float, ...] = (0.44, 0.30, 0.41, 0.33, 0.38)
    after: tuple[float, ...] = (0.40, 0.29, 0.35, 0.32, 0.33)

    def answer(self, turn=1.0, quantile=T_95, paired=True, by=1.0):
        """Return an answer as a student gives it, with the verdict that its interval gives."""
        before, after = np.array(self.before), np.array(self.after)
        variance = np.var(after - before, ddof=1) if paired else np.var(before, ddof=1) + np.var(after, ddof=1)
        mean, half = turn * np.mean(after - before), by * quantile * np.sqrt(variance / len(before))
        found = {"change": float(mean), "low": float(mean - half), "high": float(mean + half)}
        verdict = "smaller" if found["high"] < 0 else "larger" if found["low"] > 0 else "cannot tell"
        return found | {"verdict": verdict}

    def mistakes(self):
        """Return wrong numbers with their hints."""
        return [
            (self.answer(turn=-1), TURNED),
            (self.answer(paired=False), UNPAIRED),
            (self.answer(quantile=NORMAL_95), NORMAL),
            (self.answer(by=math.sqrt(5)), SPREAD),
            (self.answer(by=math.sqrt(4 / 5)), OF_FIVE),
            (self.answer(quantile=T_90), NINETY),
        ]

    def wrong(self):
        """Return wrong answers with their hints."""
        right = self.answer()
        others = [verdict for verdict in VERDICTS if verdict != right["verdict"]]
        return [
            *self.mistakes(),
            *((right | {"verdict": verdict}, self.say_verdict(verdict)) for verdict in others),
        ]

    def say_verdict(self, verdict):
        """Return what a verdict on the right numbers is told; None for the right one."""
        right = self.answer()["verdict"]
        if verdict == right:
            return None
        return TIMID if verdict == "cannot tell" else BOLD if right == "cannot tell" else OPPOSITE

    def texts(self):
        """Return the lines of the stub."""
        rows = {"before": self.before, "after": self.after}
        return [f"gaps_{name} = [{', '.join(f'{gap:.2f}' for gap in row)}]" for name, row in rows.items()]

    def judge(self, collected):
        """Look at the numbers first, then at whether the verdict follows from them."""
        right = self.answer()
        found = {name: collected[name] for name in ("change", "low", "high")}

        def looks_like(answer):
            return all(close(value, answer[name], CLOSE) for name, value in found.items())

        if looks_like(right):
            return self.say_verdict(collected["verdict"])
        if all(close(value, round(right[name], 2), 1e-9) for name, value in found.items()):
            return "Right, but rounded to two decimals: give three, so that the limits show their distance from zero."
        slip = recognize_slip(found, {name: right[name] for name in found}, tolerance=CLOSE)
        if close(found["change"], right["change"], CLOSE):
            otherwise = "The mean change is right, its limits are not. By which number do you multiply which error?"
        else:
            otherwise = "Not the mean change. Which row is taken from which, and how many differences are there?"
        return next((text for answer, text in self.mistakes() if looks_like(answer)), slip or otherwise)


CLOSE = 0.0015
GAPS = Gaps()


def draw_gaps(rng):
    """Draw gaps whose interval is clearly below zero, clearly above it, or clearly around it."""
    verdict = str(rng.choice(VERDICTS))
    middle = {"smaller": -0.065, "larger": 0.065, "cannot tell": 0.012 * rng.choice([-1, 1])}[verdict]
    while True:
        before = rng.uniform(0.28, 0.5, 5).round(2)
        after = (before + rng.normal(middle, 0.03, 5)).round(2)
        gaps = Gaps(tuple(before.tolist()), tuple(after.tolist()))
        right = gaps.answer()
        half = right["high"] - right["change"]
        numbers = [np.array([answer[name] for name in ("change", "low", "high")]) for answer, _ in gaps.mistakes()]
        numbers.append(np.array([right[name] for name in ("change", "low", "high")]))
        apart = min(np.abs(one - other).max() for one, other in combinations(numbers, 2)) > 3 * CLOSE
        clear = min(abs(right["low"]), abs(right["high"]), 2 * abs(right["change"])) > 0.006
        if right["verdict"] == verdict and 0.03 < half < 0.08 and apart and clear:
            break
    settings = {"judge": gaps.judge, "praise": PRAISE[verdict]}
    return Variant(right, gaps.wrong(), list(zip(GAPS.texts(), gaps.texts(), strict=True)), settings)


exercise(
    "02.5",
    points=3,
    objective="02-decision",
    reference=GAPS.answer(),
    choices={"verdict": VERDICTS},
    wrong=GAPS.wrong(),
    variants=draw_gaps,
    hints=(
        "The two rows belong together, seed by seed. What do you subtract, and when?",
        "Five differences, their mean, their sample standard deviation; `stats.t.ppf(0.975, 4)`.",
    ),
    idea="d = after - before; mean(d) plus and minus t * std(d, ddof=1) / sqrt(5); read the verdict off the signs.",
    praise=PRAISE["smaller"],
)(GAPS.judge)
