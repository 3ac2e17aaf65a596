"""Exercises of notebook 01 on tables of people: the smallest cell, and a datasheet."""

import re
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from labkit.data.clinic.simulator import simulate_clinic
from labkit.data.datasheets import check_datasheet, group_sizes, split_sections, write_datasheet
from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.variants import Variant


# ---- 01.5 the smallest cell ------------------------------------------------------------------------------------------
def cells_of(*cells):
    """Return a table with people of each cell, from (race, city, people, ones)."""
    rows = [(race, city, int(i < ones)) for race, city, n, ones in cells for i in range(n)]
    return pd.DataFrame(rows, columns=["race", "city", "y"])


PEOPLE = (
    (cells_of(("A", "x", 40, 2), ("A", "y", 6, 3), ("B", "x", 9, 1), ("B", "y", 60, 20)), ["race", "city"], "y"),
    (cells_of(("A", "x", 40, 10), ("B", "x", 4, 4), ("C", "x", 30, 3)), ["race"], "y"),
    (
        cells_of(("A", "x", 9, 2), ("A", "y", 5, 0), ("B", "x", 3, 1), ("B", "y", 20, 8)).set_axis(
            ["district", "sex", "ill"], axis="columns"
        ),
        ["sex", "district"],
        "ill",
    ),
)


def draw_cells(rng):
    """Draw tables whose smallest cell has another rate, and other numbers of ones, than the cells that mistakes find.

    It has nearly all ones, all of them, or hardly any: where half are ones, several intervals are the same.
    """

    def many(low=25):
        n = int(rng.integers(low, 60))
        return n, int(n * rng.uniform(0.3, 0.7))

    def table(columns, cells):
        order = rng.permutation(len(cells))
        pairs = (
            [("A", "x"), ("A", "y"), ("B", "x"), ("B", "y")] if len(columns) == 3 else [(each, "x") for each in "ABC"]
        )
        people = cells_of(*((*pair, *cells[place]) for pair, place in zip(pairs, order, strict=True)))
        people = people.sample(frac=1, random_state=int(rng.integers(2**31)), ignore_index=True)
        return people if len(columns) == 2 else people.set_axis(columns, axis="columns")

    n, m, k = (int(rng.integers(*limits)) for limits in ((6, 10), (4, 7), (6, 9)))
    rare, few = (int(rng.integers(15, 20)), 2), (int(rng.integers(60, 80)), 4)  # the fewest ones, and the lowest rate
    none = (int(rng.integers(10, 15)), 0)
    one, other, label = rng.permutation(["branch", "sex", "office"]).tolist()
    return [
        (table([one, other, label], [(n, n - 1), rare, few, many()]), [one, other], label),
        (table(["race", "y"], [(m, m), rare, many()]), ["race"], "y"),
        (table([other, one, "hired"], [(k, 1), none, many(), many(30)]), [one, other], "hired"),
    ]


def report_cell(method="wilson", choose=lambda cells: cells["size"].idxmin(), level=0.05):
    """Return a function that reports a cell with an interval."""

    def report(table, columns, label):
        cells = table.groupby(columns)[label].agg(["size", "sum"])
        n, ones = cells.loc[choose(cells)]
        low, high = proportion_confint(ones, n, alpha=level, method=method)
        return {"n": n, "rate": ones / n, "low": low, "high": high}

    return report


def reject_missing(found, probes):
    """Return the smallest cell of each table; Fault where an interval is no number, as after swapped arguments."""
    for cell in found:
        if isinstance(cell, dict) and any(cell.get(name, 0) is None for name in ("low", "high")):
            raise Fault(
                "a limit of the interval is a missing value (NaN). Check the order of the arguments of "
                "`proportion_confint`: can there be more ones than people?"
            )
    return found


def first_column_alone(table, columns, label):
    """Looks at the groups of the first column, not at their crossing."""
    return report_cell()(table, columns[:1], label)


ANOTHER_INTERVAL = "The cell is right, and so is its rate. But this is {} interval; the exercise asks for Wilson's."


compare_answers(
    "01.5",
    points=2,
    objective="01-cells",
    reference=report_cell(),
    collect=outputs_of(*PEOPLE, review=reject_missing),
    hidden=draw_cells,
    always_apart=True,
    wrong=[
        (
            report_cell("normal"),
            "This is the normal approximation. For 4 of 4 it gives the interval from 1 to 1, as if four people were "
            "proof. Wilson's stays honest: `method='wilson'`.",
        ),
        (
            report_cell(choose=lambda cells: (cells["sum"] / cells["size"]).idxmin()),
            "That is the cell with the lowest *rate*. The smallest cell has the fewest people.",
        ),
        (
            report_cell(choose=lambda cells: cells["sum"].idxmin()),
            "That is the cell with the fewest *ones*. The smallest cell has the fewest people, whatever their label.",
        ),
        (
            first_column_alone,
            "You count the groups of one column. Cells are the combinations of *all* columns that are given.",
        ),
        (report_cell("agresti_coull"), ANOTHER_INTERVAL.format("Agresti and Coull's")),
        (report_cell("jeffreys"), ANOTHER_INTERVAL.format("Jeffreys'")),
        (report_cell("beta"), ANOTHER_INTERVAL.format("Clopper and Pearson's")),
        (
            report_cell(level=0.1),
            "These are the limits of a 90% interval; `proportion_confint` takes alpha = 0.05 for 95%.",
        ),
    ],
    otherwise="Not the smallest cell with its rate and limits. Count a small table by hand: which of the four numbers "
    "is another one, and does it fit the other three?",
    hints=(
        "`table.groupby(columns)[label].agg(['size', 'sum'])` has a row for each cell that occurs.",
        "`sort_values('size').iloc[0]` is the smallest cell. Its rate is sum / size.",
    ),
    idea="Size and sum of the label by cell; the row with the least size; Wilson's interval of sum out of size.",
    praise="Four of four is not everybody: the interval says what four people can tell, and no more.",
)


# ---- 01.6 a datasheet ------------------------------------------------------------------------------------------------
MEANINGS = {
    "note": "what was written at the visit",
    "age": "age in years",
    "smoking": "as the patient said",
    "y": "label: recorded diagnosis, 1 = ill, 0 = not",
    "group": "sensitive: district of the address, a Alder, b Birch",
}


ANSWERS = {
    "What it is": "The patients of one waiting room, a row each, with the note and the recorded diagnosis.",
    "Who collected it and why": "The clinic's staff on duty, while treating patients. Who paid is unstated.",
    "Source and licence": "Handed to us by the clinic; its terms are unstated, so ask before passing it on.",
    "Sensitive attributes and how they were recorded": "District from the address, by the clinic; nobody was asked.",
    "Known harms and limits": "Patients of Birch say that they were not believed: recorded diagnoses may miss "
    "illnesses.",
    "Do not use it for": "Deciding about a patient, or comparing how healthy the two districts are.",
}


def without(mapping, name):
    """Return a mapping without one of its entries."""
    return {key: value for key, value in mapping.items() if key != name}


# What the clinic told must be found in two sections, in whatever words. It is no reading of prose: it only turns away a
# text that cannot be about this table.
TOLD = re.compile(r"birch|\bgroup b\b|\bb\b|district|believ|diagnos|label|record|under-?report", re.IGNORECASE)


USES = re.compile(
    r"deci[ds]|diagnos|treat|compar|predict|train|rank|triage|insur|pric|employ|screen|model|scor|risk|health|patient|"
    r"care|district|birch|alder|research|conclu|estimat|generali[sz]|identif|polic|individual|person|people",
    re.IGNORECASE,
)


NO_HARM = (
    "'Known harms and limits' does not mention what the clinic told you about patients of Birch and their diagnoses. "
    "Whom can that hurt, and how?"
)


NO_USE = (
    "'Do not use it for' names no use. Think of somebody who trains a model on this table, or compares the two "
    "districts: what would go wrong?"
)


@dataclass(frozen=True)
class WaitingRoom:
    """A waiting room: how many patients, the seed that draws them, and the share of Birch."""

    n: int = 300
    seed: int = 11
    representation: float = 0.2

    @cached_property
    def frame(self):
        """The table."""
        found = simulate_clinic(n=self.n, seed=self.seed, representation=self.representation, label_bias=0.3)
        return found[["note", "age", "smoking", "y", "group"]]

    def code(self):
        """Return the lines of a notebook that draw it."""
        arguments = f"n={self.n}, seed={self.seed}, representation={self.representation}, label_bias=0.3"
        return f'waiting_room = simulate_clinic({arguments})[\n    ["note", "age", "smoking", "y", "group"]\n]\n'

    def sheet(self, meanings=MEANINGS, answers=ANSWERS):
        """Return its datasheet."""
        about = {"title": "The waiting room", "sensitive": ["group"]}
        return write_datasheet(self.frame, **about, meanings=meanings, answers=answers)

    def complain(self, collected):
        """Say what the validator finds missing, then whether the two sections that warn are about this table.

        To say that something is unstated is an answer.
        """
        _, written = split_sections(collected)
        short = [
            f"'{section}' says next to nothing" for section, body in written.items() if "unstated" in body.casefold()
        ]
        sizes = group_sizes(self.frame, ["group"])
        found = [
            complaint
            for complaint in check_datasheet(collected, columns=list(self.frame), sizes=sizes)
            if not complaint.startswith(tuple(short))
        ]
        if found:
            return f"Not complete yet. {'; '.join(found[:3])}{'; and more.' if len(found) > 3 else '.'}"
        if not TOLD.search(written["Known harms and limits"]):
            return NO_HARM
        return None if USES.search(written["Do not use it for"]) else NO_USE

    def wrong(self):
        """Return unfinished datasheets with their hints."""
        sheet, of_b = self.sheet, int((self.frame["group"] == "b").sum())
        return [
            (
                sheet(answers=without(ANSWERS, "Known harms and limits")),
                "Not complete yet. 'Known harms and limits' still holds 'TODO': who is missing, what is measured "
                "badly, whose labels may be wrong, whom that can hurt.",
            ),
            (
                sheet(meanings=without(MEANINGS, "y")),
                "Not complete yet. 'Columns' still holds 'TODO': every column with its meaning and its unit or codes.",
            ),
            (
                sheet(answers=ANSWERS | {"Source and licence": "None."}),
                "Not complete yet. 'Source and licence' says next to nothing: where it comes from, and under which "
                "terms; write 'unstated' where you do not know.",
            ),
            (
                sheet().replace("## Do not use it for", "Do not use it for"),
                "Not complete yet. missing section: Do not use it for.",
            ),
            (
                sheet().replace("| group | b | ", "| group | b | 1"),
                f"Not complete yet. 'Group sizes' gives {int(f'1{of_b}'):,} for group 'b'; it is {of_b}.",
            ),
            (
                sheet(
                    answers=ANSWERS
                    | {"Known harms and limits": "There are no known harms and no limits of this data set."}
                ),
                NO_HARM,
            ),
            (
                sheet(
                    answers=ANSWERS | {"Do not use it for": "It can be used for everything without any restriction."}
                ),
                NO_USE,
            ),
        ]


WAITING_ROOM = WaitingRoom()
ROOM = WAITING_ROOM.frame


def draw_room(rng):
    """Draw another waiting room, whose groups have other sizes."""
    room = WaitingRoom(10 * int(rng.integers(25, 45)), int(rng.integers(100, 1000)), int(rng.integers(16, 25)) / 100)
    changes = [
        ("Answer what is still", "You have another waiting room: the first lines below draw it. Answer what is still"),
        ("datasheet = ...", f"{room.code()}datasheet = ..."),
    ]
    return Variant(room.sheet(), room.wrong(), changes, {"judge": room.complain})


exercise(
    "01.6",
    points=3,
    objective="01-datasheet",
    reference=WAITING_ROOM.sheet(),
    wrong=WAITING_ROOM.wrong(),
    variants=draw_room,
    hints=(
        "Run the draft again and look for TODO: each one is followed by the question that you have to answer.",
        "`answers` has six keys, the headings without *Columns* and *Group sizes*; `meanings` has one key for each "
        "column.",
    ),
    idea="Call `write_datasheet` with a meaning for each of the five columns and a sentence or two for each of six "
    "sections; the clinic's own words tell you how group and label came about.",
    praise="Complete. Now read it as somebody who wants to train a model on this table: would you know whom it may "
    "harm?",
)(WAITING_ROOM.complain)
