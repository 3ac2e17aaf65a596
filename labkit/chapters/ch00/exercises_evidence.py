"""Exercises of notebook 00 on associations and p-values."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant


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


def draw_arrows(rng):
    """Draw arrows of many lengths, sets of one and of several, and an association on either side of zero."""
    calls = []
    for sizes, dimensions, sign in (((1, 3), 2, 1), ((4, 2), 3, -1), ((2, 3), 4, 1), ((5, 3), 3, -1)):
        word, *others = rng.normal(size=(1 + sum(sizes), dimensions)) * rng.uniform(1, 9, size=(1 + sum(sizes), 1))
        a, b = others[: sizes[0]], others[sizes[0] :]
        calls.append((word if lean(word, a, b) * sign > 0 else -word, a, b))
    return calls


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
    hidden=draw_arrows,
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
READINGS = {  # in the order of their letters; the right one has no hint
    "unbiased": "It is not the probability that the model is unbiased: the p-value is computed *as if* the labels "
    "meant nothing, so it cannot say how probable that is.",
    "divisions": None,
    "people": "No person was sampled. The divisions are divisions of words.",
    "size": "A p-value mixes the size of the effect with the number of words. With four words even the largest "
    "possible effect has a p-value that looks harmless.",
}


WRITTEN = {
    "unbiased": "unbiased: how probable it is that the model has no bias",
    "divisions": "divisions: how large a share of the divisions has a difference at least as large as ours",
    "people": "people: how large a share of people is affected",
    "size": "size: how strong the association is",
}


@dataclass(frozen=True)
class FourWords:
    """Associations of the two words of each set."""

    first: tuple[float, float]
    second: tuple[float, float]

    def differences(self):
        """Return the differences of means of all divisions of the four values (6,), ours first."""
        values = np.array(self.first + self.second)
        pairs = combinations(range(4), 2)
        return np.array([values[list(chosen)].mean() - np.delete(values, chosen).mean() for chosen in pairs])

    @property
    def p_value(self):
        """The share of divisions whose difference is at least ours."""
        return float((self.differences() >= self.differences()[0] - 1e-9).mean())

    def mistakes(self):
        """Return wrong p-values with their hints."""
        found = self.differences()
        as_large = found >= found[0] - 1e-9
        return (
            (
                float((found > found[0] + 1e-9).mean()),
                "One division too few: you counted those that are larger than ours, or left ours out above the line. "
                "*At least as large* includes our own.",
            ),
            (
                float(as_large[1:].mean()),
                "You left our own division out, above and below the line. If the labels mean nothing, it is as "
                "possible as the others.",
            ),
            (
                float((abs(found) >= found[0] - 1e-9).mean()),
                "You also counted large differences in the other direction. Our test asks in one direction only, as "
                "the paper does.",
            ),
            (
                float(as_large.sum()),
                "This is the number of divisions that are at least as large. Divide it by the number of all divisions.",
            ),
            (
                float(found[0]),
                "This is the difference of the means itself. The p-value is a share: of divisions whose difference is "
                "as large.",
            ),
        )

    def wrong(self):
        """Return wrong answers with their hints."""
        numbers = [({"p_value": value, "says": "divisions"}, text) for value, text in self.mistakes()]
        return numbers + [({"p_value": self.p_value, "says": each}, text) for each, text in READINGS.items() if text]

    def reference(self):
        """Return the right answer, to two decimals."""
        return {"p_value": round(self.p_value, 2), "says": "divisions"}

    def text(self):
        """Return how the exercise tells the four values."""
        (a, b), (c, d) = self.first, self.second
        return f"the associations {a} and {b} (first set) and {c} and {d} (second set)"

    def judge(self, collected):
        """Look at the share first, then at what it is said to mean."""
        found = collected["p_value"]
        if not close(found, self.p_value, 0.005):
            known = next((text for value, text in self.mistakes() if close(found, value, 0.005)), None)
            slip = recognize_slip({"p_value": found}, {"p_value": self.p_value}, tolerance=0.005)
            otherwise = "Not the p-value. Write down every division into two and two, ours too. Is none missing?"
            return known or slip or otherwise
        return READINGS[collected["says"]]


FOUR_WORDS = FourWords((0.9, 0.6), (0.7, 0.1))


def draw_words(rng):
    """Draw four values until the p-value is another one, and all mistakes are different numbers."""
    while True:
        a, b, c, d = (rng.choice(np.arange(1, 10), size=4, replace=False) / 10).tolist()
        words = FourWords((a, b), (c, d))
        numbers = sorted([words.p_value, *(value for value, _ in words.mistakes())])
        if words.p_value != FOUR_WORDS.p_value and np.diff(numbers).min() > 0.021:
            break
    changes = [(FOUR_WORDS.text(), words.text())]
    return Variant(words.reference(), words.wrong(), changes, {"judge": words.judge})


exercise(
    "00.4",
    points=2,
    objective="00-p-value",
    reference=FOUR_WORDS.reference(),
    wrong=FOUR_WORDS.wrong(),
    variants=draw_words,
    choices={"says": tuple(READINGS)},
    written=WRITTEN,
    hints=(
        "There are six ways to choose two of four words for the first set. Write them all down, ours too.",
        "For each way, take the mean of the two chosen minus the mean of the others. In how many is it at least ours?",
    ),
    idea="Count the divisions whose difference is at least ours, ours among them, and divide by six. The "
    "p-value is that "
    "share, and nothing else.",
    praise="With so few words, nothing we could have found would have had a small p-value.",
)(FOUR_WORDS.judge)
