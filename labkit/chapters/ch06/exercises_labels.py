"""Exercise of notebook 06 on repaired labels: how many ill people the records hide."""

from dataclasses import dataclass
from itertools import pairwise

from labkit.exercises.checking import exercise
from labkit.exercises.judging import close
from labkit.exercises.recognizers import recognize_slip
from labkit.exercises.variants import Variant


# ---- 06.5 compute ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Files:
    """People of a group, those recorded as ill, and the percentage of the truly ill who are recorded as not ill."""

    people: int = 1000
    recorded: int = 195
    percent: int = 35

    @property
    def share(self):
        """The share of the truly ill who are hidden."""
        return self.percent / 100

    def count_hidden(self, share=None):
        """Return the number of hidden people, for this share of the truly ill or another one."""
        share = self.share if share is None else share
        return self.recorded * share / (1 - share)

    def answer(self, hidden=None, base_rate=None):
        """Return an answer in its form, the right one unless told otherwise."""
        hidden = self.count_hidden() if hidden is None else hidden
        return {
            "hidden": hidden,
            "base_rate": (self.recorded + hidden) / self.people if base_rate is None else base_rate,
        }

    @property
    def rest(self):
        """People recorded as not ill."""
        return self.people - self.recorded

    def hidden_mistakes(self):
        """Return wrong numbers of hidden people, with what they are told."""
        return (
            (
                self.recorded * self.share,
                f"The share is of the truly ill, and {self.recorded} are only those who were recorded. How many truly "
                f"ill leave {self.recorded}?",
            ),
            (
                self.rest * self.share,
                "You take the share of everybody recorded as not ill. Most of them are not ill.",
            ),
            (
                self.recorded / (1 - self.share),
                "That is the number of all truly ill people, recorded or not. The hidden ones are the rest.",
            ),
        )

    def base_mistakes(self):
        """Return wrong base rates, with what they are told."""
        hidden = self.count_hidden()
        return (
            (
                self.recorded / self.people,
                "The number is right. The base rate after repair counts the hidden ones as ill.",
            ),
            (
                hidden / self.people,
                "`hidden` is right. `base_rate` has only the hidden ones above the line; the recorded ones are ill, "
                "too.",
            ),
            (
                hidden / self.rest,
                f"`hidden` is right. The base rate is a share of all {self.people:,} people, not of the {self.rest}.",
            ),
            (
                self.share,
                f"`hidden` is right. {self.percent}% is the share of the ill who are hidden; the base rate is the "
                "share of people who are ill.",
            ),
        )

    def wrong(self):
        """Return wrong answers with their hints."""
        return [
            *((self.answer(hidden), text) for hidden, text in self.hidden_mistakes()),
            *((self.answer(base_rate=base_rate), text) for base_rate, text in self.base_mistakes()),
        ]

    def is_clear(self):
        """Say whether the right answer and all mistakes are different numbers, and the base rate a plausible one."""
        numbers = sorted([self.count_hidden(), *(value for value, _ in self.hidden_mistakes())])
        rates = sorted([self.answer()["base_rate"], *(value for value, _ in self.base_mistakes())])
        apart = min(b - a for a, b in pairwise(numbers)) > 1 and min(b - a for a, b in pairwise(rates)) > 0.004
        return apart and self.answer()["base_rate"] < 0.6

    @property
    def praise(self):
        """What a right answer is told: what the estimate of the share does."""
        less, more = self.percent - 15, self.percent + 15
        few, many = (round(self.count_hidden(percent / 100)) for percent in (less, more))
        return (
            f"The estimate of the share does all the work: {less}% in place of {self.percent}% would put back {few} "
            f"people, and {more}% would put back {many}. It has to come from a second look at files, and that look has "
            "an interval."
        )

    def texts(self):
        """Return the sentences of the exercise that name the numbers."""
        return (
            f"Of {self.people:,} people in a group, {self.recorded} are recorded as ill. A second look at some files "
            f"suggests that {self.percent}% of the truly ill",
            f"hidden among the {self.rest} (",
        )

    def judge(self, collected):
        """Look at the hidden people first, to one decimal, then at the base rate."""
        hidden, base_rate, right = collected["hidden"], collected["base_rate"], self.answer()
        if not close(hidden, right["hidden"], 0.051):
            known = (text for value, text in self.hidden_mistakes() if close(hidden, value, 0.051))
            otherwise = f"`hidden` is another number. Add it to the {self.recorded}: is it then {self.percent}% of all "
            return next(known, f"{otherwise}who are ill?")
        if close(base_rate, right["base_rate"], 6e-4):
            return None
        known = (text for value, text in self.base_mistakes() if close(base_rate, value, 6e-4))
        slip = recognize_slip({"base_rate": base_rate}, {"base_rate": right["base_rate"]}, tolerance=6e-4)
        return next(known, None) or slip or "`hidden` is right. `base_rate` is another share: of whom, and who of them?"


FILES = Files()


def draw_files(rng):
    """Draw other numbers until no two answers are alike."""
    while True:
        people = 100 * int(rng.integers(8, 21))
        recorded = int(people * rng.uniform(0.12, 0.3))
        files = Files(people, recorded, int(rng.choice([20, 25, 30, 40, 45, 55, 60])))
        if files.is_clear():
            break
    changes = list(zip(FILES.texts(), files.texts(), strict=True))
    return Variant(files.answer(), files.wrong(), changes, {"judge": files.judge, "praise": files.praise})


exercise(
    "06.5",
    points=2,
    objective="06-labels",
    reference=FILES.answer(),
    wrong=FILES.wrong(),
    variants=draw_files,
    hints=(
        "Call the number of truly ill people T. Which share of T was recorded?",
        "(1 - share) T is the number of people recorded as ill. The hidden ones are the rest of T.",
    ),
    idea="T = recorded / (1 - share); hidden = T - recorded; the base rate after repair is T / people.",
    praise=FILES.praise,
)(FILES.judge)
