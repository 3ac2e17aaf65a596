"""Exercises of notebook 09 on refits and on choosing: pairs of refits that disagree, and a report to be repaired."""

from itertools import combinations

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers


# ---- 09.4 compute ----------------------------------------------------------------------------------------------------
def flip_rate(refits):
    """Average disagreement over all pairs of refits."""
    refits = np.asarray(refits)
    return np.mean([np.mean(one != other) for one, other in combinations(refits, 2)])


def against_the_first(refits):
    """Compares with the first refit alone."""
    refits = np.asarray(refits)
    return np.mean([np.mean(refits[0] != other) for other in refits[1:]])


def adjacent_pairs(refits):
    """Compares each refit with the next one."""
    refits = np.asarray(refits)
    return np.mean(refits[1:] != refits[:-1])


def any_disagreement(refits):
    """Counts people with any disagreement."""
    refits = np.asarray(refits)
    return np.mean(refits.min(axis=0) != refits.max(axis=0))


def with_itself(refits):
    """Counts each refit's agreement with itself."""
    refits = np.asarray(refits)
    return np.mean([[np.mean(one != other) for other in refits] for one in refits])


def net_change(refits):
    """Compares shares of positive decisions."""
    rates = np.asarray(refits).mean(axis=1)
    return np.mean([abs(one - other) for one, other in combinations(rates, 2)])


REFITS = (
    [[1, 0, 1, 0, 1], [1, 1, 0, 0, 1], [1, 1, 1, 0, 0]],
    [[0, 1, 1], [1, 0, 1]],
    [[1, 0], [1, 0], [1, 1], [0, 0]],
    [[1, 0, 1, 0], [1, 0, 1, 1], [0, 1, 0, 1]],
)


def draw_refits(rng):
    """Draw decisions of two to four refits about three to six people."""
    shapes = ((3, 5), (2, 3), (4, 4), (3, 6))
    return [(rng.integers(2, size=shape).tolist(),) for shape in shapes]


compare_answers(
    "09.4",
    points=1,
    objective="09-flips",
    hidden=draw_refits,
    collect=outputs_of(*[(refits,) for refits in REFITS]),
    reference=flip_rate,
    wrong=[
        (
            against_the_first,
            "You compare everything with the first refit. It is as arbitrary as the others: all pairs.",
        ),
        (adjacent_pairs, "You compare each refit with the next one. Their order means nothing: take all pairs."),
        (
            any_disagreement,
            "That is the share of people about whom *any* two refits disagree. It grows with the number of refits; a "
            "pair of refits is what can be compared between methods.",
        ),
        (
            with_itself,
            "Each refit agrees with itself, and you count that in. Take pairs of two *different* refits.",
        ),
        (
            net_change,
            "Those are changes in how many people are decided 1. Flips in both directions cancel there, and still each "
            "of them concerns a person.",
        ),
        (lambda refits: 1 - flip_rate(refits), "That is how often two refits *agree*."),
    ],
    otherwise="Not how often two refits disagree. Try three refits about one person, decided 1, 1 and 0: whom do you "
    "compare with whom?",
    tolerance=1e-6,
    hints=(
        "`itertools.combinations(refits, 2)` gives each pair of refits once.",
        "For one pair of arrays, `np.mean(one != other)` is the share of people who are decided differently.",
    ),
    idea="The mean of `np.mean(one != other)` over `combinations(refits, 2)`.",
)


# ---- 09.5 repair a report --------------------------------------------------------------------------------------------
def make_report(chosen_on="validation", reported_on="test", key="accuracy", signed=False, within=True):
    """Return a function that chooses a point and reports it."""

    def report(points, tolerance):
        def fits(point):
            gap = point[chosen_on]["gap"]
            return (gap if signed else abs(gap)) <= tolerance

        allowed = [point for point in points if fits(point) or not within]
        best = max(allowed, key=lambda point: point[chosen_on][key])
        return {"name": best["name"], **best[reported_on]}

    return report


def smallest_gap(points, tolerance):
    """Takes the point with the smallest gap, whatever its accuracy."""
    best = min(points, key=lambda point: abs(point["validation"]["gap"]))
    return {"name": best["name"], **best["test"]}


def strictly_within(points, tolerance):
    """Drops a gap that equals the tolerance."""
    allowed = [point for point in points if abs(point["validation"]["gap"]) < tolerance]
    best = max(allowed, key=lambda point: point["validation"]["accuracy"])
    return {"name": best["name"], **best["test"]}


def make_points(*rows):
    """Return points as the exercise has them, from (name, accuracy, gap on validation, accuracy, gap on test)."""
    return [
        {
            "name": name,
            "validation": {"accuracy": accuracy, "gap": gap},
            "test": {"accuracy": later, "gap": gap_later},
        }
        for name, accuracy, gap, later, gap_later in rows
    ]


CASES = (
    (
        make_points(
            ("plain", 0.80, 0.21, 0.79, 0.20),
            ("penalty", 0.76, 0.04, 0.74, 0.07),
            ("thresholds", 0.78, -0.02, 0.75, -0.06),
            ("matching", 0.75, 0.06, 0.81, 0.03),
            ("repair", 0.79, -0.12, 0.80, -0.11),
        ),
        0.05,
    ),
    (
        make_points(
            ("x", 0.7, -0.3, 0.71, 0.01),
            ("y", 0.6, 0.1, 0.62, 0.2),
            ("z", 0.65, 0.08, 0.5, 0.15),
            ("w", 0.6, 0.3, 0.75, -0.2),
        ),
        0.1,
    ),
    (
        make_points(
            ("edge", 0.72, -0.125, 0.7, 0.13),
            ("smallest gap", 0.66, 0.0, 0.71, -0.01),
            ("beyond", 0.74, 0.126, 0.73, 0.05),
            ("middle", 0.69, 0.08, 0.72, 0.09),
        ),
        0.125,
    ),
    (
        make_points(
            ("small", 0.61, 0.01, 0.66, 0.02),
            ("plain", 0.80, 0.3, 0.78, 0.28),
            ("last", 0.73, -0.07, 0.69, -0.09),
        ),
        0.08,
    ),
)


def draw_points(rng, tolerance, *, edge):
    """Draw points: the more accurate one is on validation, the larger is its gap there; on test this is by chance.

    Two gaps exceed the tolerance, in either direction. The next one equals it (`edge`), or is a little smaller.
    """
    sign, least = rng.choice([-1, 1]), 1.0 if edge else 0.9
    gaps = tolerance * np.array([rng.uniform(1.2, 4), -rng.uniform(1.2, 4), sign * least, rng.uniform(0.4, 0.8), 0.1])
    later = tolerance * rng.choice([-1, 1], size=5) * rng.permutation([0.3, 0.5, 0.8, 1.6, 2.5])
    accuracies, accuracies_later = (0.6 + 0.01 * rng.permutation(30)[:5] for _ in range(2))
    accuracies[::-1].sort()
    columns = (accuracies.round(2), gaps.round(4), accuracies_later.round(2), later.round(4))
    rows = zip("abcde", *(column.tolist() for column in columns), strict=True)
    named = [(f"point {letter}", *numbers) for letter, *numbers in rows]
    return make_points(*(named[place] for place in rng.permutation(5)))


def draw_cases(rng):
    """Draw points and tolerances."""
    tolerances = [int(rng.integers(4, 16)) / 100 for _ in range(4)]
    return [(draw_points(rng, each, edge=place < 2), each) for place, each in enumerate(tolerances)]


compare_answers(
    "09.5",
    points=2,
    objective="09-select",
    hidden=draw_cases,
    collect=outputs_of(*CASES),
    untouched=make_report("test", "test", signed=True),
    reference=make_report(),
    wrong=[
        (
            make_report("test", "test"),
            "It still chooses by the figures it reports. The best of many on the same people is partly the luckiest.",
        ),
        (
            make_report("validation", "validation"),
            "Chosen on validation, and reported from there as well: the promise, not what other people get.",
        ),
        (
            make_report("test", "validation"),
            "The parts are exchanged: choose on `validation`, report `test`.",
        ),
        (
            make_report(signed=True),
            "A gap of -0.12 is as large as one of 0.12, with the other group behind. Compare its size: `abs(...)`.",
        ),
        (
            smallest_gap,
            "You take the smallest gap. The rule asks for a gap that is small enough, and then for something else.",
        ),
        (strictly_within, "A gap that equals the tolerance is allowed: *at most*."),
        (
            make_report(within=False),
            "The tolerance is gone: this takes the most accurate point, whatever its gap.",
        ),
    ],
    otherwise="Not the point of the rule, or not its figures. Choose by hand for a few points: which one, and from "
    "which part do you read what you report?",
    tolerance=1e-6,
    hints=(
        'In which lines may `"test"` stand? In one only.',
        "There are two mistakes. The second one is about gaps below zero.",
    ),
    idea='`abs(point["validation"]["gap"]) <= tolerance`, then the highest `point["validation"]["accuracy"]`; report '
    '`best["test"]`.',
    praise="The figures are less beautiful now, and they are what the next people will get.",
)
