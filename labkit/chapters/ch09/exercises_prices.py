"""Exercise of notebook 09 on prices: what intervals of changes and of their difference support."""

from dataclasses import dataclass

from labkit.exercises.checking import choice
from labkit.exercises.variants import Variant

# ---- 09.2 what an interval of a difference supports ------------------------------------------------------------------
NOTHING, LESS, SAME, GAIN = (
    "by the truth, closing the gap costs nothing",
    "by the truth, closing the gap costs less than by the records",
    "the labels make no difference to the price",
    "by the truth, closing the gap makes decisions more accurate",
)
Interval = tuple[int, int, int]  # an estimate, low and high, in thousandths


@dataclass(frozen=True)
class Prices:
    """Changes of accuracy on the records and on the truth, and the paired difference."""

    records: Interval = (-11, -16, -5)
    truth: Interval = (-2, -6, 2)
    difference: Interval = (9, 5, 13)

    @property
    def supported(self):
        """The statement that the intervals support: a gain on the truth, or a lower price."""
        return GAIN if self.truth[1] > 0 else LESS

    @property
    def hints(self):
        """What each statement is told; None for the one that is supported."""
        _, low, high = self.truth
        if self.supported == GAIN:
            return {
                NOTHING: "The interval on the truth lies above zero: decisions do not stay as accurate as they were.",
                LESS: "By the truth there is no price to compare. Does the interval on the truth contain zero?",
                SAME: "That is what the paired difference was measured for. Does its interval contain zero?",
                GAIN: None,
            }
        return {
            NOTHING: f"The interval reaches down to a loss of {-low / 1000:.3f}. That it contains zero does not make "
            "the price zero, and no margin says that such a loss would not matter.",
            LESS: None,
            SAME: "That is what the paired difference was measured for. Does its interval contain zero?",
            GAIN: "Then the interval of the change on the truth would lie above zero. Does it?",
        }

    def text(self):
        """Return the figures as the exercise gives them."""
        (records, of_records), (truth, of_truth), (difference, of_difference) = map(
            say, (self.records, self.truth, self.difference)
        )
        return (
            f"on\nthe records {records} {of_records}, on the truth {truth} {of_truth}. The paired difference, truth "
            f"minus records,\nis {difference} {of_difference}."
        )


def say(interval):
    """Return an estimate and its limits with three decimals."""
    value, low, high = (f"{each / 1000:.3f}" for each in interval)
    return value, f"({low} to {high})"


PRICES = Prices()


def draw_gain(rng):
    """Draw a clear loss by the records, and a clear gain by the truth."""
    truth, records = int(rng.integers(6, 12)), -int(rng.integers(7, 14))
    wide, narrow = int(rng.integers(3, 6)), int(rng.integers(3, 5))
    gap = truth - records
    prices = Prices(
        (records, records - wide, records + wide),
        (truth, truth - narrow, truth + narrow),
        (gap, gap - narrow - 1, gap + narrow + 1),
    )
    wrong = [(statement, told) for statement, told in prices.hints.items() if told]
    praise = "Decisions that follow wrong records less closely can be more accurate by the truth."
    return Variant(prices.supported, wrong, [(PRICES.text(), prices.text())], {"praise": praise})


choice(
    "09.2",
    points=1,
    objective="09-front",
    options=PRICES.hints,
    variants=draw_gain,
    praise="The two prices were compared by the interval of their difference, world by world.",
    hints=(
        "Three intervals answer three questions. Which question does each option ask?",
        "For a gain or a loss, look at the interval of that change; for a comparison of two prices, at the interval of "
        "their difference.",
    ),
    idea="Say of each interval whether it lies below zero, above zero, or contains it. Only what lies clear of zero "
    "supports a statement, and an interval that contains zero does not show that nothing changes.",
)
