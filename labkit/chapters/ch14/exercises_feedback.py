"""Exercise of notebook 14, part two: one year of feedback, by hand."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from labkit.exercises.checking import compare_answers
from labkit.exercises.judging import same
from labkit.exercises.variants import Variant

# ---- 14.6 one year by hand -------------------------------------------------------------------------------------------
WAYS = ("widens", "narrows", "stays")
AHEAD = 4  # points by which group a is ahead, at least
APART = 0.05  # points between any two answers, in one of the groups


@dataclass(frozen=True)
class OneYear:
    """A year of lending to 100 people in each group, at three scores, of which the second is the threshold.

    `repaid` are the shares that repay at each score; `a` and `b` the numbers of people; `up` and `down` are points.
    """

    scores: tuple[int, int, int] = (20, 50, 80)
    repaid: tuple[float, float, float] = (0.3, 0.6, 0.9)
    a: tuple[int, int, int] = (10, 30, 60)
    b: tuple[int, int, int] = (50, 40, 10)
    up: int = 10
    down: int = 20

    def change(self, people, *, lowest=1, down=None, of_borrowers=False, total=False):
        """Return the change of a group's mean score, with loans from one of the scores (0, 1, 2) on."""
        lost = self.down if down is None else down
        steps = [share * self.up - (1 - share) * lost for share in self.repaid]
        moved = sum(number * step for number, step in zip(people[lowest:], steps[lowest:], strict=True))
        return moved / (1 if total else sum(people[lowest:]) if of_borrowers else sum(people))

    def found(self, **changes):
        """Return the right answer, or what follows from a mistake."""
        a, b = (self.change(people, **changes) for people in (self.a, self.b))
        return {"a": a, "b": b, "gap": "widens" if a > b else "narrows"}

    def text(self):
        """Return the numbers as the exercise says them."""
        rows = zip(self.scores, self.repaid, self.a, self.b, strict=True)
        return [
            f"everyone with a score of {self.scores[1]} or more",
            f"raises the score by {self.up}",
            f"lowers it by {self.down}.",
            "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows),
        ]

    def wrong(self):
        """Return wrong answers with their hints."""
        found, threshold = self.found(), self.scores[1]
        other = next(way for way in WAYS if way != found["gap"])
        return [
            (
                self.found(of_borrowers=True),
                "You divide by the people with a loan. The exercise asks for the mean of the *whole* group, "
                "including those without one.",
            ),
            (
                self.found(down=0),
                f"You count what repaid loans add. Of the people with a score of {threshold}, what happens to those "
                "who do not repay?",
            ),
            (self.found(down=-self.down), "A default should take points away. Yours adds them."),
            (self.found(lowest=0), f"You let everyone have a loan. Who has a score below {threshold}?"),
            (
                self.found(lowest=2),
                f"You left out the people with a score of exactly {threshold}, who get a loan.",
            ),
            (self.found(total=True), "These are sums over people. A mean divides by their number."),
            ({"a": found["b"], "b": found["a"], "gap": other}, "The groups are swapped."),
            (
                found | {"gap": other},
                "The two numbers are right. Group a was ahead. Which of the two changes is larger?",
            ),
            (found | {"gap": "stays"}, "The two numbers are right. Are they equal?"),
        ]

    def is_clear(self):
        """Say whether group a is ahead before and after, one group gains, and all answers are far apart."""
        mean_a, mean_b = (np.dot(self.scores, people) / 100 for people in (self.a, self.b))
        found = self.found()
        ahead = min(mean_a - mean_b, mean_a + found["a"] - mean_b - found["b"]) > AHEAD
        answers = [found, *(answer for answer, _ in self.wrong())]
        apart = not any(same(*pair, tolerance=APART) for pair in combinations(answers, 2))
        return ahead and max(found["a"], found["b"]) > 0 and apart


def draw_year(rng):
    """Draw another year, in which the gap widens or narrows."""
    gap = WAYS[rng.integers(2)]
    while True:
        threshold = 5 * int(rng.integers(9, 13))
        below, above = (5 * rng.integers(3, 7, 2)).tolist()
        low, middle, high = np.sort(rng.choice([2, 3, 4, 5, 6, 7, 8, 9], 3, replace=False)).tolist()
        people = 10 * (1 + rng.multinomial(7, [1 / 3] * 3, size=2))
        year = OneYear(
            (threshold - below, threshold, threshold + above),
            (low / 10, middle / 10, high / 10),
            *map(tuple, people.tolist()),
            up=int(rng.integers(5, 10)),
            down=int(rng.integers(11, 20)),
        )
        if year.found()["gap"] == gap and year.is_clear():
            break
    changes = list(zip(OneYear().text(), year.text(), strict=True))
    return Variant(year.found(), year.wrong(), changes, {"praise": praise_year(gap)})


def praise_year(gap):
    """Return what a right answer is told."""
    gains = "ahead" if gap == "widens" else "behind"
    return f"One threshold for everyone, nobody is treated differently, and the group that was {gains} gains more."


compare_answers(
    "14.6",
    points=3,
    objective="14-feedback",
    reference=OneYear().found(),
    wrong=OneYear().wrong(),
    variants=draw_year,
    choices={"gap": WAYS},
    otherwise="Not these changes. Begin with one person at a score where loans are given, of whom you know the chance "
    "to repay: what is the change to expect?",
    hints=(
        "For one loan at a score: what does it change on average, over repaid loans and defaults?",
        "The change of a mean over 100 people counts those without a loan as well: theirs is zero.",
    ),
    idea="Expected step at a score: share that repays × the points for a repaid loan − share that defaults × the "
    "points for a default. Multiply by the number of people at each score where loans are given, add up, divide by all "
    "100 people of the group.",
    praise=praise_year("widens"),
)
