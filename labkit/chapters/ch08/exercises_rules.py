"""Exercises of notebook 08 on rules: what a rule does to a person, equal people, and a report."""

import numpy as np

from labkit.chapters.ch08.probing import decide_by_rule
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers


# ---- 08.2 write what a rule does -------------------------------------------------------------------------------------
def chance_of_ill(rule, score):
    """Weigh the two thresholds, and mix in those whose score is not looked at."""
    looked_at = rule["p0"] * (score > rule["threshold0"]) + rule["p1"] * (score > rule["threshold1"])
    return rule["p_ignore"] * rule["constant"] + (1 - rule["p_ignore"]) * looked_at


def always_looking(rule, score):
    """Forgets p_ignore."""
    return rule["p0"] * (score > rule["threshold0"]) + rule["p1"] * (score > rule["threshold1"])


def adding_ignored(rule, score):
    """Adds the ignored on top, without taking them off."""
    return rule["p_ignore"] * rule["constant"] + always_looking(rule, score)


def never_constant(rule, score):
    """Takes it that the ignored are decided 0."""
    return (1 - rule["p_ignore"]) * always_looking(rule, score)


def mean_threshold(rule, score):
    """Averages the thresholds instead of the decisions."""
    cut = rule["p0"] * rule["threshold0"] + rule["p1"] * rule["threshold1"]
    return rule["p_ignore"] * rule["constant"] + (1 - rule["p_ignore"]) * (score > cut)


def at_least(rule, score):
    """Counts a score that equals a threshold."""
    looked_at = rule["p0"] * (score >= rule["threshold0"]) + rule["p1"] * (score >= rule["threshold1"])
    return rule["p_ignore"] * rule["constant"] + (1 - rule["p_ignore"]) * looked_at


def make_rule(p_ignore, constant, p0, threshold0, threshold1):
    """Return a rule as `read_rules` gives it."""
    names = ("p_ignore", "constant", "p0", "threshold0", "p1", "threshold1")
    return dict(zip(names, (p_ignore, constant, p0, threshold0, 1 - p0, threshold1), strict=True))


RULE, PLAIN = make_rule(0.2, 0.5, 0.25, 0.4, 0.6), make_rule(0.0, 0.0, 0.5, 0.3, 0.7)


def draw_rules(rng):
    """Draw a rule that ignores some scores, and one that ignores none, with scores of each kind."""
    found = []
    for ignored in (round(float(rng.uniform(0.1, 0.4)), 2), 0.0):
        chances = rng.uniform([0.3, 0.2], [0.9, 0.8]).round(2).tolist()
        low, high = (rng.uniform([0.2, 0.55], [0.45, 0.8])).round(2).tolist()
        middle = chances[1] * low + (1 - chances[1]) * high  # the mean threshold lies between the two
        between = round((low + middle) / 2 if ignored else (middle + high) / 2, 3)
        rule = make_rule(ignored, chances[0], chances[1], low, high)
        found += [(rule, score) for score in (round(low - 0.1, 2), low, between, high, round(high + 0.1, 2))]
    return found


compare_answers(
    "08.2",
    points=2,
    objective="08-optimise",
    collect=outputs_of(
        *((RULE, score) for score in (0.3, 0.5, 0.8)),
        *((PLAIN, score) for score in (0.6, 0.7, 0.3, 0.1)),
        through=decide_by_rule,
    ),
    hidden=draw_rules,
    reference=chance_of_ill,
    wrong=[
        (always_looking, "You look at everybody's score. With chance `p_ignore` it is not looked at."),
        (
            adding_ignored,
            "You add those whose score is ignored on top of everybody. The others are only a share of 1 - `p_ignore`.",
        ),
        (never_constant, "Those whose score is ignored are decided, too: 'ill' with chance `constant`."),
        (
            mean_threshold,
            "You average the thresholds. The lottery averages the *decisions*: each threshold applies to some people.",
        ),
        (at_least, "A score that equals a threshold is not above it: use `>`."),
    ],
    otherwise="Not the chance that this rule gives. Try a score above both thresholds, one between them, and one "
    "below both: what should come out for a rule that never ignores the score?",
    tolerance=1e-6,
    hints=(
        "First write the chance for somebody whose score is looked at.",
        "`score > threshold` is True or False, and counts as 1 or 0 when you multiply it by a chance.",
    ),
    idea="p_ignore × constant + (1 - p_ignore) × (p0 × [score > threshold0] + p1 × [score > threshold1]).",
)


# ---- 08.3 two equal people -------------------------------------------------------------------------------------------
def two_answers(chances):
    """Average 2p(1 - p)."""
    chances = np.asarray(chances)
    return np.mean(2 * chances * (1 - chances))


def one_order(chances):
    """Counts one of two orders."""
    chances = np.asarray(chances)
    return np.mean(chances * (1 - chances))


def of_the_mean(chances):
    """Puts the mean chance into the formula."""
    return 2 * np.mean(chances) * (1 - np.mean(chances))


def share_drawn(chances):
    """Gives the share of people decided by lot."""
    chances = np.asarray(chances)
    return np.mean((chances > 0) & (chances < 1))


def same_answers(chances):
    """Gives the complement."""
    return 1 - two_answers(chances)


def draw_chances(rng):
    """Draw chances, some of them 0 and 1."""
    some, others = rng.uniform(0.05, 0.95, size=(2, 3)).round(2).tolist()
    mixed = [*some, 0.0, 1.0]
    return [([mixed[place] for place in rng.permutation(len(mixed))],), (others,)]


compare_answers(
    "08.3",
    points=1,
    objective="08-judge",
    hidden=draw_chances,
    collect=outputs_of(([0.5, 1.0, 0.0, 0.2],), ([0.9, 0.9],)),
    reference=two_answers,
    wrong=[
        (one_order, "You count 'first ill, then not'. The other order also gives two answers."),
        (
            of_the_mean,
            "You average the chances first. Somebody with chance 0 and somebody with chance 1 never get two answers.",
        ),
        (share_drawn, "That is the share of people for whom a lot is drawn. Not every draw turns out differently."),
        (same_answers, "That is how often the two draws *agree*."),
    ],
    otherwise="Not how often two draws disagree. Try one person with chance 0.5, one with chance 1, then both "
    "together.",
    tolerance=1e-6,
    hints=(
        "Take one person with chance 0.5: in how many of the four outcomes of two draws do they disagree?",
        "The formula for one person is in the text above. Average it over people, not the chances.",
    ),
    idea="`np.mean(2 * p * (1 - p))` over the array of chances.",
)


# ---- 08.6 repair a report --------------------------------------------------------------------------------------------
def make_report(chosen_on, reported_on, sign=1):
    """Return a function that chooses and reports on some people, given as conditions on ``part``."""

    def reported_gap(score, group, part):
        rates = {}
        for name in ("a", "b"):
            own = group == name
            cut = np.median(score[own & chosen_on(part)])
            rates[name] = np.mean(score[own & reported_on(part)] > cut)
        return sign * (rates["a"] - rates["b"])

    return reported_gap


def everybody(part):
    """All people."""
    return part >= 0


def first(part):
    """People to choose on."""
    return part == 0


def second(part):
    """People to report on."""
    return part == 1


def make_people(n, seed, *, shift=0.2):
    """Return scores, groups and parts (n,) in which the two parts differ by chance, and people tie at cuts."""
    generator = np.random.default_rng(seed)
    group = np.where(np.arange(n) % 5 < 2, "b", "a")  # odd and unequal numbers: no share above a median is just a half
    part = (np.arange(n) >= n // 2).astype(int)
    score = generator.random(n) + shift * (group == "a") * (part == 1) + 0.3 * (group == "b") - 0.1 * part
    return score.round(1), group, part


def draw_samples(rng):
    """Draw people of three samples, the parts of which differ in one direction or the other."""
    sizes, seeds, shifts = (25, 65, 45), rng.integers(2**31, size=3).tolist(), (0.2, 0.3, -0.4)
    return [make_people(n, seed, shift=shift) for n, seed, shift in zip(sizes, seeds, shifts, strict=True)]


def common_cut(score, group, part):
    """Chooses one cut for both groups."""
    cut = np.median(score[part == 0])
    rates = [np.mean(score[(group == name) & (part == 1)] > cut) for name in ("a", "b")]
    return rates[0] - rates[1]


def at_or_above(score, group, part):
    """Counts people at the cut, too."""
    cuts = {name: np.median(score[(group == name) & (part == 0)]) for name in ("a", "b")}
    rates = [np.mean(score[(group == name) & (part == 1)] >= cut) for name, cut in cuts.items()]
    return rates[0] - rates[1]


compare_answers(
    "08.6",
    points=2,
    objective="08-judge",
    collect=outputs_of(make_people(25, 0), make_people(65, 1), make_people(45, 2, shift=-0.4)),
    hidden=draw_samples,
    untouched=make_report(everybody, everybody),
    reference=make_report(first, second),
    wrong=[
        (make_report(everybody, second), "The cuts still see everybody: those you report on helped to choose them."),
        (make_report(first, everybody), "You report on everybody, the people you chose on among them."),
        (
            make_report(first, first),
            "You choose and report on the same part: the gap looks closed because it was made so.",
        ),
        (make_report(second, first), "The parts are exchanged: choose on `part == 0`, report on `part == 1`."),
        (make_report(first, second, sign=-1), "The gap is a minus b; yours has the other sign."),
        (common_cut, "One cut for everybody: each group needs its own, so that half of *it* is above."),
        (at_or_above, "People whose score equals the cut are not above it."),
    ],
    otherwise="Not the gap on the second part. Write down for each line of your function whom it sees: which group, "
    "and which part?",
    tolerance=1e-6,
    hints=(
        "Which people may the line with `np.median` see, and which people the line with `np.mean`?",
        "Combine masks with `&` and parentheses: `own & (part == 0)`.",
    ),
    idea="Take the median of `score[own & (part == 0)]`, and the share of `score[own & (part == 1)]` above it.",
)
