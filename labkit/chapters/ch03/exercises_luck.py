"""Exercises of notebook 03, part one: kinds of luck, and gaps at a given share of people called ill."""

from dataclasses import dataclass

import numpy as np

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.choices import ask_again, pick
from labkit.exercises.variants import Variant


# ---- 03.3 the standard error of a mean gap ---------------------------------------------------------------------------
def standard_error(sample, seed, people_500, worlds, seeds, people):
    """Return the root of three variances, each divided by the number of draws of it."""
    return np.sqrt(sample / worlds + seed / (worlds * seeds) + people_500 * 500 / people)


def error_with(variance):
    """Return the root of another sum."""

    def error(sample, seed, people_500, worlds, seeds, people):
        return np.sqrt(variance(sample, seed, people_500, worlds, seeds, people))

    return error


TEAMS = (
    (0.0064, 0.0009, 0.0016, 4, 3, 2000),
    (0.0025, 0.0036, 0.0049, 5, 2, 10),
    (0.01, 0.0004, 0.0004, 16, 1, 250),
    (0.0, 0.0, 0.0025, 3, 7, 1000),
    (0.0, 0.04, 0.0, 2, 5, 400),
    (0.0, 0.0, 4.0, 2, 1, 125),  # so that 499 instead of 500 people shows
)


def draw_teams(rng):
    """Draw variances and numbers of draws; all variances are so large that every mistake shows."""
    found = []
    for _ in range(4):
        variances = [round(float(each), 2) for each in rng.uniform(0.5, 4, 3)]
        worlds, seeds = int(rng.integers(3, 12)), int(rng.integers(2, 7))
        found.append((*variances, worlds, seeds, int(rng.choice([100, 200, 250, 800, 1000, 2000]))))
    return [*found, (0.0, 0.0, round(float(rng.uniform(3, 6)), 1), 2, 1, int(rng.choice([110, 120, 130, 140])))]


compare_answers(
    "03.3",
    points=2,
    objective="03-uncertainty",
    collect=outputs_of(*TEAMS),
    hidden=draw_teams,
    reference=standard_error,
    wrong=[
        (
            lambda *team: standard_error(*team) ** 2,
            "That is the variance of the mean gap. Asked is its standard error.",
        ),
        (
            error_with(
                lambda sample, seed, part, worlds, seeds, people: sample / worlds + seed / seeds + part * 500 / people
            ),
            "How many seeds are there in all? Every training sample has seeds of its own.",
        ),
        (
            error_with(
                lambda sample, seed, part, worlds, seeds, people: (
                    sample / (worlds * seeds) + seed / (worlds * seeds) + part * 500 / people
                )
            ),
            "You divide the training sample's variance by the number of *runs*. Another seed does not draw another "
            "training sample: there are only as many of those as worlds.",
        ),
        (
            error_with(
                lambda sample, seed, part, worlds, seeds, people: (sample + seed / seeds + part * 500 / people) / worlds
            ),
            "You divide the people's variance by the number of worlds as well. All models are measured on the *same* "
            "people, so that luck is drawn once.",
        ),
        (
            error_with(
                lambda sample, seed, part, worlds, seeds, people: (
                    sample / worlds + seed / (worlds * seeds) + part / people
                )
            ),
            "The third variance is that of 500 people together, not of one person.",
        ),
        (
            error_with(
                lambda sample, seed, part, worlds, seeds, people: sample / worlds + seed / (worlds * seeds) + part
            ),
            "The third variance is that of 500 people; the team measures on another number of them.",
        ),
        (
            error_with(lambda sample, seed, part, worlds, seeds, people: sample / worlds + seed / (worlds * seeds)),
            "The luck of the people measured is missing.",
        ),
        (
            lambda sample, seed, part, worlds, seeds, people: (
                np.sqrt(sample / worlds) + np.sqrt(seed / (worlds * seeds)) + np.sqrt(part * 500 / people)
            ),
            "You add three standard errors. Variances of independent draws add up, their roots do not.",
        ),
    ],
    otherwise="Not the standard error. With two of the three variances 0 it is a quotient and a root: try that.",
    hints=(
        "For each kind of luck: how many independent draws of it are there?",
        "Training samples: `worlds`. Seeds: `worlds * seeds`. People: 500 of them have the variance given.",
    ),
    idea="The root of sample / worlds + seed / (worlds * seeds) + people_500 * 500 / people.",
    praise="Now you can ask before an experiment what its next hour should buy.",
)


# ---- 03.4 what would you buy? ----------------------------------------------------------------------------------------
KINDS = ("training sample", "seed", "people", "training sample and seed")
THREE = ("patients", "seeds", "notes")
ABOUT = {
    "patients": "`patients`: nothing about the training changes when the same models are measured on more people.",
    "seeds": "`seeds`: another seed changes the first weights and the order of the notes. The notes stay the same, and "
    "so do the people.",
    "notes": "`notes`: each new training sample is new notes, *and* its runs have seeds of their own. Look at both "
    "denominators in 03.3.",
}


ABOUT_BEST = "Compute it with `standard_error` from 03.3: which of the three leaves the smallest?"


@dataclass(frozen=True)
class Team:
    """What another team has: three variances, how many draws of each, and how many times as many it can afford."""

    sample: float = 0.0064
    seed: float = 0.0009
    people_500: float = 0.0016
    worlds: int = 4
    seeds: int = 3
    people: int = 2000
    more: tuple[int, int, int] = (4, 4, 4)  # patients, seeds, notes

    def errors(self):
        """Return the standard error of the mean gap after each purchase."""
        variances = self.sample, self.seed, self.people_500
        patients, seeds, notes = self.more
        return {
            "patients": standard_error(*variances, self.worlds, self.seeds, patients * self.people),
            "seeds": standard_error(*variances, self.worlds, seeds * self.seeds, self.people),
            "notes": standard_error(*variances, notes * self.worlds, self.seeds, self.people),
        }

    def purchase(self, **changes):
        """Return the right answer with some entries changed."""
        best = min(self.errors(), key=self.errors().get)
        return {"patients": "people", "seeds": "seed", "notes": "training sample and seed", "best": best} | changes

    def wrong(self):
        """Return wrong answers with their hints."""
        others = [what for what in THREE if what != self.purchase()["best"]]
        return [
            (self.purchase(patients="seed"), ABOUT["patients"]),
            (self.purchase(seeds="training sample and seed"), ABOUT["seeds"]),
            (self.purchase(notes="training sample"), ABOUT["notes"]),
            *((self.purchase(best=what), ABOUT_BEST) for what in others),
        ]

    def texts(self):
        """Return what the exercise says of it, in parts."""
        patients, seeds, notes = ("" if same else f"{TIMES[each]} as many " for each, same in self.said())
        return [
            f"are {self.sample:.4f} for the training sample",
            f"{self.seed:.4f} for the seed",
            f"{self.people_500:.4f} for",
            f"has {self.worlds} training samples, {self.seeds} seeds for each",
            f"measures on {self.people:,} people",
            f"afford {patients}patients to measure on, {seeds}seeds for each training sample, or {notes}training\n"
            "samples",
        ]

    def said(self):
        """Return each number of times, and whether it was just said of the purchase before."""
        return [(each, place > 0 and len(set(self.more)) == 1) for place, each in enumerate(self.more)]

    def judge(self, collected):
        """Look at the kinds of luck first, then at the best purchase."""
        right = self.purchase()
        for what in THREE:
            given = pick(collected[what], KINDS)
            if given is None:
                return ask_again(f"`{what}`: {collected[what]!r}", list(KINDS))
            if given != right[what]:
                return ABOUT[what]
        best = pick(collected["best"], THREE)
        if best is None:
            return ask_again(f"`best`: {collected['best']!r}", list(THREE))
        return None if best == right["best"] else ABOUT_BEST


def draw_team(rng):
    """Draw a team for which one purchase is clearly the best: that of the notebook, which is copied, less often."""
    best = str(rng.choice(["patients", "seeds", TEAM.purchase()["best"]], p=[0.4, 0.4, 0.2]))
    while True:
        variances = rng.integers([5, 5, 5], [100, 100, 60]) / 10_000
        draws = *rng.integers([3, 2], [9, 6]).tolist(), 250 * int(rng.integers(2, 13))
        team = Team(*variances.tolist(), *draws, tuple(rng.choice(list(TIMES), 3).tolist()))
        first, second, _ = sorted(team.errors().values())
        if team.purchase()["best"] == best and first < 0.92 * second:
            changes = list(zip(TEAM.texts(), team.texts(), strict=True))
            return Variant(team.purchase(), team.wrong(), changes, {"judge": team.judge})


TIMES = {2: "twice", 4: "four times", 8: "eight times"}
TEAM = Team()
exercise(
    "03.4",
    points=2,
    objective="03-uncertainty",
    choices={**dict.fromkeys(THREE, KINDS), "best": THREE},
    written={
        "patients": "patients: more people to measure on",
        "seeds": "seeds: more for each training sample",
        "notes": "notes: more training samples",
    },
    reference=TEAM.purchase(),
    wrong=TEAM.wrong(),
    variants=draw_team,
    hints=(
        "Go through the three terms of 03.3: which denominators become larger?",
        "`best`: call `standard_error` four times, as it is and with each purchase.",
    ),
    idea="More people shrink the third term, more seeds the second, more training samples the first two. Compare what "
    "is left of the sum after each purchase.",
    praise="A large variance with few draws: that is where the next hour goes.",
)(TEAM.judge)


# ---- 03.5 the gap at a given share -----------------------------------------------------------------------------------
def gap_at_share(scores, in_b, share):
    """Return the gap when that share of people, with the highest scores, is called ill."""
    scores, in_b = np.asarray(scores), np.asarray(in_b, dtype=bool)
    called = np.zeros(len(scores), dtype=bool)
    called[np.argsort(-scores)[: round(share * len(scores))]] = True
    return called[~in_b].mean() - called[in_b].mean()


def lowest_called(scores, in_b, share):
    """Call the lowest scores ill."""
    return gap_at_share(-np.asarray(scores), in_b, share)


def threshold_at_share(scores, in_b, share):
    """Take the share for a threshold."""
    called, in_b = np.asarray(scores) >= share, np.asarray(in_b, dtype=bool)
    return called[~in_b].mean() - called[in_b].mean()


def threshold_beyond_share(scores, in_b, share):
    """Take one minus the share for a threshold."""
    return threshold_at_share(scores, in_b, 1 - share)


def share_in_each(scores, in_b, share):
    """Call the highest scores of each group ill."""
    scores, in_b = np.asarray(scores), np.asarray(in_b, dtype=bool)
    rates = []
    for members in (~in_b, in_b):
        count = round(share * members.sum())
        rates.append(count / members.sum())
    return rates[0] - rates[1]


def share_of_everyone(scores, in_b, share):
    """Divide the people called ill of each group by everyone."""
    scores, in_b = np.asarray(scores), np.asarray(in_b, dtype=bool)
    called = np.zeros(len(scores), dtype=bool)
    called[np.argsort(-scores)[: round(share * len(scores))]] = True
    return (called & ~in_b).mean() - (called & in_b).mean()


def share_of_called(scores, in_b, share):
    """Divide the people called ill of each group by all that are called ill."""
    return share_of_everyone(scores, in_b, share) / share


PEOPLE = (
    ([0.91, 0.32, 0.55, 0.47, 0.76, 0.12, 0.68, 0.29, 0.83, 0.41], [0, 1, 0, 1, 0, 1, 0, 0, 1, 1], 0.4),
    ([0.21, 0.63, 0.35, 0.58, 0.44, 0.74, 0.07], [0, 1, 1, 1, 0, 1, 0], 3 / 7),
    ([0.11, 0.02, 0.35, 0.08, 0.19, 0.27, 0.05, 0.31], [1, 0, 0, 1, 0, 0, 0, 1], 0.25),
    ([0.9, 0.7, 0.5, 0.3, 0.1, 0.2, 0.4], [0, 0, 1, 1, 0, 1, 0], 0.33),  # 2.31 people, rounded down
    ([0.9, 0.7, 0.5, 0.3, 0.1, 0.2, 0.4], [0, 0, 1, 1, 0, 1, 0], 0.39),  # 2.73, rounded up
)


def draw_scores(rng):
    """Draw people of two groups of unequal size, with scores that all differ, until the gap has the sign wanted."""
    found = []
    for sign, share in ((1, 0.4), (-1, 0.4), (1, 0.25), (-1, 0.55)):
        gap = 0.0
        while gap * sign < 0.15:
            n = int(rng.integers(8, 14))
            scores = rng.choice(np.arange(3, 98), n, replace=False) / 100
            in_b = rng.permutation(n) < int(rng.integers(3, n // 2))
            asked = round(float(share + rng.uniform(-0.05, 0.05)), 2)
            gap = gap_at_share(scores, in_b, asked) if abs(asked * n % 1 - 0.5) > 0.01 else 0.0
        found.append((scores, in_b, asked))
    return found


compare_answers(
    "03.5",
    points=2,
    objective="03-design",
    collect=outputs_of(*((np.array(scores), np.array(in_b) == 1, share) for scores, in_b, share in PEOPLE)),
    hidden=draw_scores,
    reference=gap_at_share,
    wrong=[
        (lowest_called, "You call the people with the *lowest* scores ill."),
        (threshold_at_share, "You use the share as a threshold of the score. How many people do you call ill?"),
        (
            threshold_beyond_share,
            "A score of 0.6 is no rank: 40% of the people need not have scores above it. Sort them.",
        ),
        (
            share_in_each,
            "You call the same share of *each* group ill, so the gap is near zero whatever the scores are.",
        ),
        (share_of_everyone, "You divide by everyone. The gap compares shares of *each group*."),
        (share_of_called, "You divide by the people who are called ill. The gap compares shares of *each group*."),
        (
            lambda *people: abs(gap_at_share(*people)),
            "The gap has a sign: it is negative where *b* is called ill more often.",
        ),
        (lambda *people: -gap_at_share(*people), "The sign is the other way round: group a minus group b."),
    ],
    otherwise="Not this gap. Count the people that your function calls ill: is it the share that was "
    "asked for, rounded to a person?",
    hints=(
        "Sort the people by their score, and call the first `round(share * n)` of them ill.",
        "Then the share called ill among people of a, minus that among people of b.",
    ),
    idea="`np.argsort(-scores)[:round(share * n)]` are the people called ill; then a mean for each group.",
)
