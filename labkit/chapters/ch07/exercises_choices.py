"""Exercises of notebook 07 that ask for a choice: on a multiplier, on criteria, and on what intervals support."""

from dataclasses import dataclass

from labkit.exercises.checking import choice
from labkit.exercises.variants import Variant

# ---- 07.4 read a multiplier ------------------------------------------------------------------------------------------
choice(
    "07.4",
    points=1,
    objective="07-lagrangian",
    options={
        "the violations so far have added up": None,
        "how much loss a larger tolerance would save": (
            "That is the reading of a multiplier at the solution, where it no longer changes. Does it change here?"
        ),
        "the constraint binds and is met": (
            "Compare the gap with the tolerance. It is larger, so the constraint is not met."
        ),
        "the constraint is slack": (
            "Slack means that the gap is below the tolerance. Then the multiplier falls, or stays 0."
        ),
    },
    praise="The rule adds strength times violation after every epoch. Only where the gap has settled at the tolerance, "
    "and the multiplier no longer moves, could it be read as a price.",
    hints=(
        "Is the constraint met after the last epoch?",
        "Put gap and tolerance into the rule of exercise 07.3: what would the next epoch do to the multiplier?",
    ),
    idea="The gap is above the tolerance, so the multiplier rises again: it is a sum of violations, not yet a price.",
)


# ---- 07.5 decide ----------------------------------------------------------------------------------------------------
PARITY, PARITY_AND_OPPORTUNITY, BY_LABELS, NONE = (
    "demographic parity alone",
    "demographic parity and equal opportunity",
    "equal opportunity and equalized odds",
    "none of the three",
)
MISSED = (
    'In this clinic 35% of *b*\'s illnesses are recorded as "not ill". They are missed at random: which ill '
    "patients are missed\ndoes not depend on anything else about them."
)
INVENTED = (
    'In another clinic {}% of *b*\'s patients who are not ill are recorded as "ill". The errors are made at '
    "random: who is\nrecorded so does not depend on anything else about these patients."
)


def invent_illnesses(rng):
    """Turn the error of the records around: people who are not ill are recorded as ill."""
    percent = int(rng.integers(4, 10)) * 5
    wrong = [
        (
            PARITY_AND_OPPORTUNITY,
            "Equal opportunity asks for true positive rates among people recorded *ill*. In b there are now people "
            "among them who are not ill: a model that is right about them seems to miss them.",
        ),
        (
            BY_LABELS,
            "Both ask for true positive rates. Among b's patients recorded as *ill* there are people who are not: "
            "deciding rightly about them counts as a miss.",
        ),
        (NONE, "One of the three never looks at a label. What could it inherit?"),
    ]
    praise = (
        "Demographic parity needs no labels. False positive rates survive as well, since people recorded as not ill "
        "are a random part of all who are not ill; but none of the three criteria asks for them alone. All this ends "
        "where the errors are not made at random."
    )
    return Variant(PARITY, wrong, [(MISSED, INVENTED.format(percent))], {"praise": praise})


choice(
    "07.5",
    points=1,
    objective="07-criterion",
    variants=invent_illnesses,
    options={
        PARITY: (
            "It needs no labels, so it survives. But look again at equal opportunity: the patients of b who are "
            "*recorded* ill are a random part of those who *are* ill, so what share of each is found?"
        ),
        PARITY_AND_OPPORTUNITY: None,
        BY_LABELS: (
            "Equalized odds asks for false positive rates, too. Among b's patients recorded as *not ill* there are "
            "ill ones: finding them counts as a false alarm."
        ),
        NONE: (
            "Take the ill patients of b, and cross out 35% of them at random. Does the share that a model finds "
            "change among those who are left?"
        ),
    },
    praise="Demographic parity needs no labels, and equal opportunity asks only about people recorded ill, who are a "
    "random part of all the ill. False positive rates, precision, accuracy and calibration do inherit the error. All "
    "this ends where illnesses are not missed at random, for example the mild ones.",
    hints=(
        "For each criterion ask: among whom is its rate taken, and are these the right people?",
        "Some of b's patients move from one kind of record to the other, whoever they are. Which of the two kinds "
        "stays a fair sample, and which one gets people who do not belong there?",
    ),
    idea="TPR is taken among people recorded ill, FPR among people recorded not ill. A rate survives where its people "
    "are a random part of those whom the record should name. It inherits the error where others are among them.",
)


# ---- 07.6 read and judge ---------------------------------------------------------------------------------------------
BOTH, HARMS, OPEN, RECORDS = (
    "A and B narrow the gap",
    "A narrows the gap, and harms accuracy on the truth",
    "A narrows the gap; B may or may not",
    "B is better: it loses nothing on the records",
)
Interval = tuple[int, int, int]  # an estimate, low and high, in hundredths


@dataclass(frozen=True)
class Report:
    """Changes against plain training: of the gap, and of accuracy on the records and on the truth, by two methods."""

    a: tuple[Interval, Interval, Interval] = ((-16, -21, -11), (-2, -3, -1), (1, -1, 3))
    b: tuple[Interval, Interval, Interval] = ((-7, -15, 1), (0, -1, 1), (0, -1, 1))

    @property
    def supported(self):
        """The statement that the intervals support."""
        (_, _, harm), (_, low, high) = self.a[2], self.b[0]
        return HARMS if harm < 0 else OPEN if low <= 0 <= high else BOTH

    def hint(self, statement):
        """Return what a wrong statement is told; None for the one that is supported."""
        if statement == self.supported:
            return None
        _, low, high = (say(number) for number in self.b[0])
        _, truth_low, truth_high = (say(number) for number in self.a[2])
        records = say(self.a[1][0]).removeprefix("-")
        if statement == BOTH:
            if self.b[0][1] > 0:
                return f"B's interval reaches from {low} to {high}: its gap is wider than that of plain training."
            return f"B's interval reaches from {low} to {high}: narrowing is one possibility, no change another."
        if statement == HARMS:
            return (
                f"On the records A loses {records}, but they are known to be wrong; on the truth its interval starts "
                f"at {truth_low} and reaches to {truth_high}: no harm is shown."
            )
        if statement == OPEN:
            return f"B's interval reaches from {low} to {high}: does it contain 0?"
        if self.supported == OPEN:
            return (
                "It was not asked whether records are followed. And whether B narrows the gap at all cannot be told "
                "from three runs."
            )
        return "It was not asked whether records are followed. What do the intervals of the two gaps say?"

    def wrong(self):
        """Return wrong statements with their hints."""
        return [(each, self.hint(each)) for each in (BOTH, HARMS, OPEN, RECORDS) if each != self.supported]

    def text(self):
        """Return the figures as the exercise gives them."""

        def found(interval):
            value, low, high = interval
            return f"{'+' if value > 0 else ''}{say(value)}", f"({say(low)} to {say(high)})"

        (gap, limits), (records, of_records), (truth, of_truth) = map(found, self.a)
        (gap_b, limits_b), (records_b, of_records_b), (truth_b, of_truth_b) = map(found, self.b)
        return (
            f"gap {gap}\n(interval {limits[1:]}, accuracy on the records {records} {of_records}, on the truth "
            f"{truth} {of_truth}. **Method B:** gap {gap_b} {limits_b},\n"
            f"accuracy on the records {records_b} {of_records_b}, on the truth {truth_b} {of_truth_b}."
        )


def say(hundredths):
    """Return a number with two decimals."""
    return f"{hundredths / 100:.2f}"


def around(value, half_width):
    """Return an interval, in hundredths."""
    return value, value - half_width, value + half_width


REPORT = Report()


def draw_report(rng):
    """Draw figures that support another statement: both methods narrow the gap, or A does and harms accuracy."""
    harms = rng.random() < 0.5
    truth = around(-int(rng.integers(3, 6)), 2) if harms else around(int(rng.integers(0, 2)), 2)
    gap_b = around(int(rng.integers(6, 9)), 5) if harms else around(-int(rng.integers(7, 10)), 5)
    gap, records = around(-int(rng.integers(13, 20)), int(rng.integers(4, 7))), around(-int(rng.integers(2, 5)), 1)
    report = Report((gap, records, truth), (gap_b, around(0, 1), around(0, 1)))
    praise = "Yes. Whether parity is the right aim, no table tells."
    return Variant(report.supported, report.wrong(), [(REPORT.text(), report.text())], {"praise": praise})


choice(
    "07.6",
    points=2,
    objective="07-judge",
    options={statement: REPORT.hint(statement) for statement in (BOTH, HARMS, OPEN, RECORDS)},
    variants=draw_report,
    praise="Yes. More seeds would tell more about B; and whether parity is the right aim, no table tells.",
    hints=("Which intervals of the change in gap contain 0?", "Judge accuracy by the labels that can be trusted."),
    idea="A change is clear where its interval does not contain 0. Ask this of both gaps, and of accuracy on the "
    "truth.",
)
