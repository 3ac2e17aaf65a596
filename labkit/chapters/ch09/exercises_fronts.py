"""Exercises of notebook 09 on fronts and on who pays: points that nothing beats, and levelling down."""

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers


# ---- 09.1 write a function -------------------------------------------------------------------------------------------
def front_by(beats):
    """Return a function that keeps the points which no point beats."""

    def on_front(points):
        return [not any(beats(other, point) for other in points) for point in points]

    return on_front


def beats(other, point):
    """At least as accurate, a gap at most as large, and better in one of the two."""
    return other[0] >= point[0] and other[1] <= point[1] and tuple(other) != tuple(point)


POINTS = ([(0.80, 0.30), (0.78, 0.10), (0.77, 0.20), (0.78, 0.10), (0.70, 0.10), (0.65, 0.02)], [(0.7, 0.1)])


MORE = [(0.60, 0.05), (0.75, 0.05), (0.75, 0.12), (0.90, 0.40), (0.85, 0.41)]


BEHIND = [
    (0.90, 0.40),
    (0.70, 0.05),
    (0.80, 0.35),
    (0.72, 0.20),
    (0.79, 0.36),
]  # nothing beats the third; no weights choose it


def on_hull(points):
    """Keeps what is best for some weight of accuracy and gap."""
    weights = [step / 200 for step in range(1, 200)]
    best = [max((1 - weight) * other[0] - weight * other[1] for other in points) for weight in weights]
    return [
        any(
            (1 - weight) * point[0] - weight * point[1] >= most - 1e-12
            for weight, most in zip(weights, best, strict=True)
        )
        for point in points
    ]


ENDS = [(0.80, 0.20), (0.90, 0.10)], [(0.90, 0.10), (0.80, 0.20)]  # what beats is the last point, and the first


def draw_fronts(rng):
    """Draw points on a coarse grid, where some are equal, points of which one is on no hull, and a pair of points."""
    calls = []
    for number in (6, 5, 6):
        accuracies, gaps = rng.integers(12, 19, size=number) / 20, rng.integers(1, 9, size=number) / 20
        calls.append((list(zip(accuracies.tolist(), gaps.tolist(), strict=True)),))
    less, more = rng.uniform(0.6, 0.7), rng.uniform(0.85, 0.95)
    low, high = rng.uniform(0.03, 0.1), rng.uniform(0.3, 0.45)
    middle = ((less + more) / 2 - 0.03, (low + high) / 2 + 0.05)  # behind the line between the other two
    beaten = [(middle[0] - 0.01, high), (less - 0.02, middle[1])]
    behind = [(round(float(x), 2), round(float(y), 2)) for x, y in ((less, low), (more, high), middle, *beaten)]
    calls.append(([behind[place] for place in rng.permutation(5)],))
    best = (round(rng.uniform(0.8, 0.95), 2), 0.05)
    return [*calls, ([(0.75, 0.3), best],), ([best, (0.75, 0.3)],)]


compare_answers(
    "09.1",
    points=2,
    objective="09-front",
    hidden=draw_fronts,
    collect=outputs_of(*[(points,) for points in (*POINTS, MORE, BEHIND, *ENDS)]),
    reference=front_by(beats),
    wrong=[
        (
            front_by(lambda other, point: other[0] > point[0] and other[1] < point[1]),
            "You ask for strictly better in *both*. A point with the same gap and less accuracy is beaten too.",
        ),
        (
            front_by(lambda other, point: other[0] >= point[0] and other[1] <= point[1]),
            "By this rule every point beats itself, so no point is left. It must be better in at least one of the two.",
        ),
        (
            front_by(lambda other, point: other[0] >= point[0] and other[1] >= point[1] and other != point),
            "More accuracy is better, but *less* gap is better: the second comparison points the wrong way.",
        ),
        (
            front_by(lambda other, point: other[0] > point[0] or other[1] < point[1]),
            "With `or` a point falls as soon as another is better in one of the two: then only a point that is best in "
            "both is left.",
        ),
        (
            on_hull,
            "You keep the points that are best for some weight of accuracy and gap. A point that no weight chooses "
            "may still be beaten by no other one.",
        ),
        (
            lambda points: [point[0] == max(p[0] for p in points) for point in points],
            "That keeps the most accurate point alone. A point with less accuracy and less gap is not beaten by it.",
        ),
    ],
    otherwise="Not the front. Draw the points on paper: for each one that your function drops, which one beats it?",
    hints=(
        "First write when one point beats another. Then a point is on the front when no point beats it.",
        "`other[0] >= point[0] and other[1] <= point[1]`, and one of the two strictly: equal points do not beat each "
        "other.",
    ),
    idea="`not any(beats(other, point) for other in points)` for each point, with `beats` as in the text.",
    praise="Two equal points are both on the front: a front does not choose between them.",
)


# ---- 09.3 write a function -------------------------------------------------------------------------------------------
def size(rates):
    """Return the size of the gap between groups."""
    return max(rates.values()) - min(rates.values())


def signed(rates):
    """Return the rate of the first group minus that of the second, in order of their names."""
    first, second, *_ = sorted(rates)
    return rates[first] - rates[second]


def levelled_down(before, after):
    """Narrower, somebody lost, and nobody gained."""
    narrower = size(after) < size(before)
    gained = any(after[group] > before[group] for group in before)
    lost = any(after[group] < before[group] for group in before)
    return narrower and lost and not gained


def rates_of(*pairs):
    """Return the probes: rates by group before and after."""
    return tuple({"a": first, "b": second} for first, second in pairs)


PROBES = (
    ({"x": 0.7, "y": 0.4, "z": 0.5}, {"x": 0.6, "y": 0.4, "z": 0.5}),
    ({"x": 0.7, "y": 0.4, "z": 0.5}, {"x": 0.6, "y": 0.4, "z": 0.55}),
    ({"z": 0.5, "y": 0.4, "x": 0.7}, {"z": 0.45, "y": 0.4, "x": 0.7}),
    rates_of((0.7, 0.4), (0.4, 0.4)),
    rates_of((0.7, 0.4), (0.6, 0.5)),
    rates_of((0.7, 0.4), (0.7, 0.6)),
    rates_of((0.7, 0.4), (0.5, 0.3)),
    rates_of((0.7, 0.4), (0.6, 0.2)),
    rates_of((0.5, 0.6), (0.5, 0.5)),
    rates_of((0.7, 0.4), (0.7, 0.4)),
    rates_of((0.7, 0.4), (0.45, 0.41)),
)


CHANGES = (  # in sixteenths, of the group that is better off, of the one between, and of the one that is worse off
    (-2, 0),
    (-3, -1),
    (-1, -2),
    (-1, 2),
    (-3, 1),
    (0, 2),
    (0, 0),
    (-2, 0, 0),
    (0, -1, 0),
    (-2, 1, 0),
    (-1, 0, -1),
)


def draw_changes(rng):
    """Draw rates before and after, in sixteenths, which floats hold exactly, so that equal gaps are equal."""
    calls = []
    for place, change in enumerate((CHANGES[0], *CHANGES)):
        names = list("ab" if len(change) == 2 else "xyz")
        turned = place == 0 or (place > 1 and rng.random() < 0.5)  # the first two differ in who is better off
        ranks = np.arange(len(names))[:: -1 if turned else 1]
        low, step = rng.integers(4, 7), rng.integers(3, 5)
        before = low + step * (len(names) - 1 - ranks) * (2 if len(names) == 2 else 1)
        after = before + np.array(change)[ranks]
        order = rng.permutation(len(names)).tolist()
        calls.append(tuple({names[each]: float(rates[each]) / 16 for each in order} for rates in (before, after)))
    return [calls[place] for place in rng.permutation(len(calls))]


compare_answers(
    "09.3",
    points=2,
    objective="09-levelling",
    hidden=draw_changes,
    collect=outputs_of(*PROBES),
    reference=levelled_down,
    wrong=[
        (
            lambda before, after: size(after) < size(before),
            "A gap that narrows can do so because somebody gained. Ask who gained, too.",
        ),
        (
            lambda before, after: size(after) < size(before) and any(after[g] < before[g] for g in before),
            "Somebody lost, but did nobody gain? A gap that closes from both sides is no levelling down.",
        ),
        (
            lambda before, after: not any(after[g] > before[g] for g in before),
            "Nobody gained, but did the gap narrow, and did anybody lose? Without that nothing was levelled.",
        ),
        (
            lambda before, after: (
                size(after) < size(before) and sum(after.values()) / len(after) < sum(before.values()) / len(before)
            ),
            "The *mean* can fall although one group gained. Look at each group, not at the mean.",
        ),
        (
            lambda before, after: signed(before) > signed(after) and not any(after[g] > before[g] for g in before),
            "You compare signed gaps, a minus b. Either group may be the one that is better off: take the largest rate "
            "less the smallest.",
        ),
    ],
    otherwise="Not so in every case. Try a gap that stays as it is, one that closes from both sides, and one that "
    "closes because of a single group: what should each give?",
    hints=(
        "Write three yes-or-no questions about the two dicts, and combine them with `and`.",
        "`max(rates.values()) - min(rates.values())` is the size of a gap; `any(after[g] > before[g] for g in before)` "
        "says whether somebody gained.",
    ),
    idea="narrower and lost and not gained, each from the two dicts.",
    praise="On data, 'rose' and 'fell' need intervals; `judge_levelling` asks whether they lie clear of zero.",
)
