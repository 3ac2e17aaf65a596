"""Exercises of notebook 09 on fronts and on who pays: points that nothing beats, a prediction, levelling down."""

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import choice, compare_answers


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


compare_answers(
    "09.1",
    points=2,
    objective="09-front",
    collect=outputs_of(*[(points,) for points in (*POINTS, MORE)]),
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
            lambda points: [point[0] == max(p[0] for p in points) for point in points],
            "That keeps the most accurate point alone. A point with less accuracy and less gap is not beaten by it.",
        ),
    ],
    otherwise="A point is on the front when no *other* point has at least its accuracy and at most its gap, and is "
    "better in one of the two.",
    hints=(
        "First write when one point beats another. Then a point is on the front when no point beats it.",
        "`other[0] >= point[0] and other[1] <= point[1]`, and one of the two strictly: equal points do not beat each "
        "other.",
    ),
    idea="`not any(beats(other, point) for other in points)` for each point, with `beats` as in the text.",
    praise="Two equal points are both on the front: a front does not choose between them.",
)


# ---- 09.2 predict ----------------------------------------------------------------------------------------------------
choice(
    "09.2",
    points=1,
    objective="09-front",
    options={
        "the same front: labels do not matter": (
            "The gap stays where it is, since it needs no labels. But accuracy is counted against other labels."
        ),
        "accuracy falls faster as the gap closes": (
            "That would be so if the gap were right about people. Are more of a ill, in truth?"
        ),
        "closing the gap costs little or nothing, or even gains": None,
        "all points reach the same accuracy": (
            "The points decide differently about people, and the truth says who is right about each of them."
        ),
    },
    praise="That is what to expect where groups are truly alike and the records hide it; now look whether it is so.",
    hints=(
        "In truth both groups are ill equally often. Which decisions does a gap then get wrong?",
        "Whoever follows the records misses the ill of b whom the records miss. What happens to them when b is "
        "decided 'ill' more often?",
    ),
    idea="The gap was learned from wrong records. Closing it moves decisions away from them, and towards the truth.",
)


# ---- 09.3 write a function -------------------------------------------------------------------------------------------
def size(rates):
    """Return the size of the gap between groups."""
    return max(rates.values()) - min(rates.values())


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
    rates_of((0.7, 0.4), (0.4, 0.4)),
    rates_of((0.7, 0.4), (0.6, 0.5)),
    rates_of((0.7, 0.4), (0.7, 0.6)),
    rates_of((0.7, 0.4), (0.5, 0.3)),
    rates_of((0.7, 0.4), (0.6, 0.2)),
    rates_of((0.5, 0.6), (0.5, 0.5)),
    rates_of((0.7, 0.4), (0.7, 0.4)),
    rates_of((0.7, 0.4), (0.45, 0.41)),
)


compare_answers(
    "09.3",
    points=2,
    objective="09-levelling",
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
            lambda before, after: (
                before["a"] - before["b"] > after["a"] - after["b"] and not any(after[g] > before[g] for g in before)
            ),
            "You compare signed gaps, a less b. Either group may be the one that is better off: take the largest rate "
            "less the smallest.",
        ),
    ],
    otherwise="Three conditions: the gap is narrower than before, some group's rate fell, and no group's rate rose.",
    hints=(
        "Write three yes-or-no questions about the two dicts, and combine them with `and`.",
        "`max(rates.values()) - min(rates.values())` is the size of a gap; `any(after[g] > before[g] for g in before)` "
        "says whether somebody gained.",
    ),
    idea="narrower and lost and not gained, each from the two dicts.",
    praise="On data, 'rose' and 'fell' need intervals; `judge_levelling` asks whether they lie clear of zero.",
)
