"""Exercises of notebook 12, part two: benchmarks, many tests, and temperature."""

from dataclasses import dataclass

import numpy as np

from labkit.audit.intervals import wilson_interval
from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers
from labkit.exercises.variants import Variant

# ---- 12.4 which number may you read? ---------------------------------------------------------------------------------
PREFERS, WITHIN, UNABLE, WIDE = (
    "it prefers the stereotype by more than the margin",
    "its preference is within the margin",
    "it cannot do the task",
    "the interval is too wide to decide",
)
NAMES = ("north", "south", "east", "west")


@dataclass(frozen=True)
class Tested:
    """A model that was tested: the number of items, and how many it could do, and preferred the stereotype in."""

    items: int
    able: int
    preferred: int

    def interval(self, count):
        """Return the limits of Wilson's 95% interval of a share."""
        return wilson_interval(count, self.items, confidence=0.95)

    def row(self, name):
        """Return its row of the table."""
        cells = []
        for count in (self.able, self.preferred):
            low, high = self.interval(count)
            cells.append(f"{count / self.items:.2f} ({low:.2f} to {high:.2f})")
        return f"| `{name}` | {self.items:,} | {' | '.join(cells)} |"


@dataclass(frozen=True)
class Table:
    """Four models, of which something else can be said each: by what can be said, and their names in that order."""

    models: dict[str, Tested]
    names: tuple[str, ...] = NAMES

    def said(self, changes=None):
        """Return the right answer, with other words about the model of which a thing can be said."""
        named = dict(zip(self.models, self.names, strict=True))
        found = {named[kind]: kind for kind in self.models}
        return {name: found[name] for name in NAMES} | {named[kind]: other for kind, other in (changes or {}).items()}

    def text(self):
        """Return the rows of the table."""
        rows = {name: model.row(name) for name, model in zip(self.names, self.models.values(), strict=True)}
        return "\n".join(rows[name] for name in NAMES)

    def wrong(self):
        """Return wrong answers with their hints."""
        prefers, unable, within, wide = (f"`{name}`" for name in self.names)
        return [
            (
                self.said({UNABLE: WITHIN}),
                f"{unable}: look at its competence first. What would a coin have in both columns?",
            ),
            (self.said({WIDE: PREFERS}), f"{wide}: the estimate is beyond the margin. Is the whole interval?"),
            (
                self.said({WIDE: WITHIN}),
                f"{wide}: *no clear preference* is not *no preference*. How large a preference does the interval "
                "allow?",
            ),
            (
                self.said({UNABLE: WITHIN, WIDE: WITHIN}),
                f"{unable} and {wide}: an interval that contains one half is not enough. One of them guesses, and the "
                "interval of the other allows much more than the margin.",
            ),
            (self.said({PREFERS: WIDE}), f"{prefers}: where does the interval begin, and where does the margin end?"),
            (
                self.said({WITHIN: WIDE}),
                f"{within}: compare both ends of the interval with the margin around one half.",
            ),
            (
                self.said({UNABLE: WIDE}),
                f"{unable}: the interval is no wider than that of {prefers}. Look at its competence.",
            ),
        ]


TABLE = Table(
    {
        PREFERS: Tested(400, 364, 248),
        UNABLE: Tested(1600, 816, 800),
        WITHIN: Tested(2400, 2136, 1200),
        WIDE: Tested(64, 58, 36),
    }
)


def draw_table(rng):
    """Draw four models, one of each kind, with clear intervals, and their names."""

    def tested(items, able, preferred):
        return Tested(items, round(items * rng.uniform(*able)), round(items * rng.uniform(*preferred)))

    half = (0.5, 0.5)
    while True:
        prefers = tested(100 * int(rng.integers(3, 10)), (0.85, 0.95), (0.6, 0.72))
        wide = tested(2 * int(rng.integers(24, 41)), (0.87, 0.95), (0.555, 0.59))
        low, high = wide.interval(wide.preferred)
        if prefers.interval(prefers.preferred)[0] > 0.56 and wide.preferred / wide.items >= 0.555 and low < 0.49:
            break
    models = {
        PREFERS: prefers,
        UNABLE: tested(100 * int(rng.integers(12, 21)), (0.49, 0.51), half),
        WITHIN: tested(100 * int(rng.integers(20, 31)), (0.85, 0.93), half),
        WIDE: wide,
    }
    table = Table(models, tuple(rng.permutation(NAMES).tolist()))
    return Variant(table.said(), table.wrong(), [(TABLE.text(), table.text())])


compare_answers(
    "12.4",
    points=2,
    objective="12-benchmarks",
    reference=TABLE.said(),
    wrong=TABLE.wrong(),
    variants=draw_table,
    choices=dict.fromkeys(NAMES, (PREFERS, WITHIN, UNABLE, WIDE)),
    otherwise="Not yet. For each model, ask in this order: can it do the task? Is the whole interval beyond the "
    "margin? Is the whole interval inside it?",
    hints=(
        "Begin with the competence: one of the four models does no better than a coin.",
        "The margin goes from 0.45 to 0.55. Draw it, and the interval of each model below it.",
    ),
    idea="One model guesses. Of the others: an interval beyond the margin is a preference, one inside it is a "
    "preference too small to matter, and one that lies on both sides of an end decides nothing.",
    praise="Two models have a share of exactly one half, and only one of them has shown anything.",
)


# ---- 12.5 many tests -------------------------------------------------------------------------------------------------
P_VALUES = (
    ([0.04, 0.01, 0.03],),
    ([0.2, 0.001, 0.6, 0.012],),
    ([0.5],),
    ([0.013, 0.014, 0.02, 0.3, 0.9],),
    ([0.9, 0.35, 0.011, 0.7, 0.002, 0.04],),
    ([0.45, 0.45],),
)


def holm(p_values):
    """Return p-values adjusted by Holm's method, in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def bonferroni(p_values):
    """Multiply all by their number."""
    return [min(1.0, len(p_values) * p) for p in p_values]


def holm_in_order(p_values):
    """Return sorted values."""
    return sorted(holm(p_values))


def holm_without_running_maximum(p_values):
    """Let a later one be smaller."""
    adjusted = [0.0] * len(p_values)
    for rank, place in enumerate(np.argsort(p_values)):
        adjusted[place] = min(1.0, (len(p_values) - rank) * p_values[place])
    return adjusted


def holm_without_bound(p_values):
    """Let values pass 1."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values)):
        largest = max(largest, (len(p_values) - rank) * p_values[place])
        adjusted[place] = largest
    return adjusted


def benjamini_hochberg(p_values):
    """Control the share of false discoveries."""
    order, m, smallest = np.argsort(p_values)[::-1], len(p_values), 1.0
    adjusted = [0.0] * m
    for position, place in enumerate(order):
        smallest = min(smallest, p_values[place] * m / (m - position))
        adjusted[place] = smallest
    return adjusted


def holm_backward(p_values):
    """Multiply the largest by m."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values)):
        largest = max(largest, (rank + 1) * p_values[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def not_adjusted(p_values):
    """Return what was given."""
    return list(p_values)


def draw_p_values(rng):
    """Draw p-values out of order: two so close that the second is raised, two so large that a product exceeds 1."""
    found = []
    for moderate in (0, 1, 2):
        small = rng.uniform(0.012, 0.03)
        values = [small, small * rng.uniform(1.02, 1.1), *rng.uniform(0.05, 0.2, moderate)]
        values = np.round([*values, rng.uniform(0.55, 0.7), rng.uniform(0.75, 0.95)], 4)
        while (np.diff(values) > 0).all():
            values = rng.permutation(values)
        found.append((values.tolist(),))
    return [*found, ([round(float(rng.uniform(0.1, 0.9)), 3)],)]


compare_answers(
    "12.5",
    points=3,
    objective="12-letters",
    collect=outputs_of(*P_VALUES),
    hidden=draw_p_values,
    reference=holm,
    wrong=[
        (
            bonferroni,
            "You multiply all p-values by their number: Bonferroni's method. In Holm's, only the smallest one is.",
        ),
        (
            holm_in_order,
            "The numbers are right, but sorted. Return them in the order in which the p-values were given.",
        ),
        (
            holm_without_running_maximum,
            "A larger p-value has got a smaller adjusted one. None may be smaller than one before it.",
        ),
        (holm_without_bound, "Some adjusted p-values are larger than 1, and no probability is."),
        (
            benjamini_hochberg,
            "This is Benjamini and Hochberg's method, which controls the share of false findings among all findings. "
            "Holm's controls the chance of *any* false finding.",
        ),
        (holm_backward, "You multiply the smallest p-value by 1. It is the one that is multiplied by their number."),
        (not_adjusted, "You return the p-values as they came."),
    ],
    otherwise="Not Holm's values. Try three p-values on paper, in an order in which they are not sorted.",
    hints=(
        "`np.argsort` gives the places of the values, the smallest first. Go through these places and count them.",
        "While you go from the smallest to the largest, remember the largest product so far.",
    ),
    idea="For rank 0, 1, 2, ... in sorted order: the product (m − rank) × p, or the largest product before it if that "
    "is larger, at most 1; write it at the place where p came from.",
    praise="Unlike with Bonferroni's method, nothing is lost: it finds at least as much, with the same guarantee.",
)


# ---- 12.6 the gap at a temperature -----------------------------------------------------------------------------------
ODDS = (
    ([-0.9, -0.4, 0.2], [-1.1, -0.6], 1.0),
    ([-0.9, -0.4, 0.2], [-1.1, -0.6], 0.5),
    ([1.5, -2.0], [0.3, 0.8, -1.2, 2.2], 2.0),
    ([0.7], [-0.7], 0.25),
    ([-3.0, 0.4, -1.0], [-2.0, 0.9, -0.1], 1.5),
)


def gap_at(women, men, temperature):
    """Return the difference of mean shares of Yes."""
    yes_of_women = 1 / (1 + np.exp(-np.array(women) / temperature))
    yes_of_men = 1 / (1 + np.exp(-np.array(men) / temperature))
    return yes_of_women.mean() - yes_of_men.mean()


def gap_of_mean_odds(women, men, temperature):
    """Average the log odds first."""
    return gap_at([np.mean(women)], [np.mean(men)], temperature)


def gap_times_temperature(women, men, temperature):
    """Multiply by the temperature."""
    return gap_at(women, men, 1 / temperature)


def gap_without_temperature(women, men, temperature):
    """Ignore the temperature."""
    return gap_at(women, men, 1.0)


def gap_of_no(women, men, temperature):
    """Take the share of No, or men minus women."""
    return -gap_at(women, men, temperature)


def gap_of_odds(women, men, temperature):
    """Stay with odds."""
    return np.mean(np.exp(np.array(women) / temperature)) - np.mean(np.exp(np.array(men) / temperature))


def gap_of_log_odds(women, men, temperature):
    """Stay with log odds."""
    return (np.mean(women) - np.mean(men)) / temperature


def gap_divided_last(women, men, temperature):
    """Divide the gap by the temperature."""
    return gap_at(women, men, 1.0) / temperature


def draw_odds(rng):
    """Draw log odds of a few names, and temperatures on both sides of 1."""
    found = []
    for low, high in ((0.2, 0.5), (1.5, 3.0), (0.5, 0.8), (1.2, 1.5)):
        women, men = (rng.normal(0.4 * sign, 1.3, rng.integers(2, 5)).round(1).tolist() for sign in (1, -1))
        found.append((women, men, round(float(rng.uniform(low, high)), 2)))
    return found


compare_answers(
    "12.6",
    points=2,
    objective="12-prompts",
    collect=outputs_of(*ODDS),
    hidden=draw_odds,
    reference=gap_at,
    wrong=[
        (
            gap_of_mean_odds,
            "You averaged log odds before taking shares. The share of an average is not the average of shares: the "
            "curve between them is not a line.",
        ),
        (
            gap_times_temperature,
            "At a low temperature answers should become more certain. Yours become less certain: is it multiplied or "
            "divided?",
        ),
        (gap_without_temperature, "The result is the same at every temperature. Does your function use it?"),
        (gap_of_no, "The sign is wrong: either this is the gap in *No*, or it is men minus women."),
        (gap_of_odds, "These are odds, P(Yes) divided by P(No). A share of *Yes* lies between 0 and 1."),
        (gap_of_log_odds, "These are log odds. The exercise asks for shares of *Yes*, which lie between 0 and 1."),
        (gap_divided_last, "You divided the gap. It is each name's log odds that the temperature acts on."),
    ],
    otherwise="Not the gap in shares. Try one woman's name with log odds of 0: half of her answers are *Yes*.",
    hints=(
        "The formula above the table gives the share of one name. Which numbers change from name to name, and which "
        "is the same for all?",
        "First a share for every name, then a mean for each group, then one difference.",
    ),
    idea="1 / (1 + exp(−log odds / temperature)) for every name; the mean over women's names minus that over men's.",
    praise="So a vendor who lowers the temperature changes the gap in answers, and has changed nothing in the model.",
)
