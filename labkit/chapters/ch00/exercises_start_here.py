"""Exercises of notebook 00 on the machine and on the two maps."""

from functools import partial

import pandas as pd

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import exercise
from labkit.exercises.choices import ask_again, pick
from labkit.exercises.variants import Variant, replace_options, shuffle_options

# ---- 00.1 write a function -------------------------------------------------------------------------------------------
FETCH, SETUP, DISK, DOCTOR = "labkit fetch", "make setup", "free 5 GB", "labkit doctor"


def machine(*rows):
    """Return a table as the doctor gives it, from (what, ok, remedy)."""
    return pd.DataFrame(rows, columns=["what", "ok", "remedy"])


TABLES = (  # in one, a row that is ok has a command all the same; the last order is no alphabetical one
    (machine(("Python", True, ""), ("torch", False, SETUP), ("model", False, FETCH), ("numpy", False, SETUP)),),
    (machine(("disk", False, DOCTOR), ("model", True, FETCH)),),
    (machine(("Python", True, ""), ("disk", True, "")),),
    (
        machine(
            ("disk", False, DISK),
            ("torch", False, SETUP),
            ("model", False, "labkit fetch --model smollm2"),
            ("data", False, FETCH),
            ("numpy", False, SETUP),
            ("kernel", False, "jupyter kernelspec list"),
            ("memory", False, "close other notebooks"),
            ("cache", False, DOCTOR),
            ("pandas", False, SETUP),
            ("browser", False, "labkit start"),
        ),
    ),
)


PARTS = ("torch", "model", "numpy", "disk", "data", "kernel", "memory", "cache", "pandas", "browser", "Python", "git")
COMMANDS = (
    FETCH,
    SETUP,
    DISK,
    DOCTOR,
    "labkit start",
    "labkit fetch --model smollm2",
    "jupyter kernelspec list",
    "close other notebooks",
    "pip check",
    "git pull",
)


def draw_machine(rng, broken, healthy):
    """Draw a table in which two broken rows share a remedy, the remedies have no order, and some rows are ok."""
    parts = rng.permutation(PARTS)[: broken + healthy].tolist()
    commands = rng.permutation(COMMANDS).tolist()
    repairs, others = commands[: broken - 1], [*commands[broken - 1 :], *[""] * healthy][:healthy]
    if repairs == sorted(repairs):
        repairs.reverse()
    repairs.append(repairs[0])
    ok = rng.permutation([True] * healthy + [False] * broken).tolist()
    return machine(*((part, each, (others if each else repairs).pop(0)) for part, each in zip(parts, ok, strict=True)))


def draw_machines(rng):
    """Draw a table with rows of all kinds, one in which all is well, and a long one."""
    healthy = machine(*((part, True, "") for part in rng.permutation(PARTS)[: rng.integers(1, 5)].tolist()))
    return [(draw_machine(rng, 4, 2),), (healthy,), (draw_machine(rng, 6, 4),)]


def list_remedies(table):
    """Return the remedies of the rows that are not ok, each once."""
    return list(table.loc[~table["ok"], "remedy"].drop_duplicates())


HEALTHY = "Commands of rows that are ok are in your list. Only rows that are not ok need one."


REVERSED = "You kept the rows that are ok and dropped those to repair. Which rows does your mask keep?"


TWICE = "Two rows may have the same remedy, and running it once repairs both: name each command once."


NAMES = "These are the names of what is broken. The command that repairs it is in the column `remedy`."


ORDER = (
    "The right commands, but in another order than in the table: what comes first is to be repaired first. A set "
    "forgets the order, and so does sorting."
)


@exercise(
    "00.1",
    points=2,
    objective="00-doctor",
    reference=list_remedies,
    collect=outputs_of(*TABLES),
    hidden=draw_machines,
    any_length=True,
    wrong=[
        (lambda table: list(table["remedy"].drop_duplicates()), HEALTHY),
        (lambda table: list(table.loc[table["ok"], "remedy"].drop_duplicates()), REVERSED),
        (lambda table: list(table.loc[~table["ok"], "remedy"]), TWICE),
        (lambda table: list(table.loc[~table["ok"], "what"]), NAMES),
        (lambda table: sorted(set(table.loc[~table["ok"], "remedy"])), ORDER),
    ],
    hints=(
        "First keep the rows that are not ok, then take one column of what is left.",
        "`table.loc[mask, column]` does both. Which mask is True where `ok` is False? And which method drops repeats?",
    ),
    idea="Keep rows by the mask `~table['ok']`, take the column `remedy`, drop the repeats, make it a list.",
    praise="A healthy machine gives an empty list. Such a list can be run by a script, which a printed table cannot.",
)
def judge_remedies(collected, asked):
    """Compare with what the doctor's command prints, table by table."""
    for found, (table,) in zip(collected, asked.calls, strict=False):
        expected = list_remedies(table)
        if found == expected:
            continue
        if set(found) & set(table["what"]):
            return NAMES
        if set(found) - set(expected):
            return HEALTHY if set(found) & set(expected) or not expected else REVERSED
        if set(found) == set(expected):
            return TWICE if len(found) > len(expected) else ORDER
        rows = ", ".join(f"{what} {'ok' if ok else 'not ok'} {remedy!r}" for what, ok, remedy in table.to_numpy())
        return f"For a table with the rows {rows} you give {found}. Which command is missing?"
    return None


# ---- 00.2 place questions on the two maps ----------------------------------------------------------------------------
PROPERTIES = ("fairness", "transparency", "safety", "accountability", "sustainability")


STEPS = ("data", "pretraining", "fine-tuning", "decision", "monitoring")


PLACES = {
    "photos": ("fairness", "data"),
    "months": ("sustainability", "pretraining"),
    "names": ("safety", "fine-tuning"),  # or "data": remove the names from the notes
    "refusal": ("transparency", "decision"),
    "nobody": ("accountability", "monitoring"),
}


WHICH_PROPERTY = {
    "photos": "`photos`: the errors fall on people with dark skin more than on others. Which property asks who "
    "bears them?",
    "months": "`months`: nobody is treated unequally or kept in the dark; electricity is used up. Which "
    "property counts that?",
    "names": "`names`: a private name gets out. Which property keeps private data private?",
    "refusal": "`refusal`: somebody does answer, but gives no reason. Accountability asks *who* answers; which "
    "property asks "
    "whether a person can find out *how* the decision came about?",
    "nobody": "`nobody`: how the model works may be clear. What is missing is somebody who answers for it and puts "
    "it right.",
}


WHICH_STEP = {
    "photos": "`photos`: the model repeats what it was given. The photos were missing before any training began.",
    "months": "`months`: no task and no labels yet, only very many texts: that comes before any fine-tuning.",
    "names": "`names`: the public texts of pretraining hold no patients. At which step did the model meet the notes, "
    "and could somebody have kept the names from it?",
    "refusal": "`refusal`: the model is ready; a threshold has just turned its score into *no*. Which step is that?",
    "nobody": "`nobody`: the decisions were made long ago. Which step should have noticed, and was never set up?",
}


def placed(**changes):
    """Return the right places of all cases, with some changed."""
    return PLACES | changes


WRONG_PLACES = [
    (placed(photos=("safety", "data")), WHICH_PROPERTY["photos"]),
    (placed(photos=("fairness", "fine-tuning")), WHICH_STEP["photos"]),
    (placed(names=("safety", "pretraining")), WHICH_STEP["names"]),
    (placed(refusal=("accountability", "decision")), WHICH_PROPERTY["refusal"]),
    (placed(nobody=("transparency", "monitoring")), WHICH_PROPERTY["nobody"]),
    (placed(nobody=("accountability", "decision")), WHICH_STEP["nobody"]),
    (placed(months=("fairness", "pretraining")), WHICH_PROPERTY["months"]),
    (placed(months=("sustainability", "fine-tuning")), WHICH_STEP["months"]),
]


def judge_places(collected, properties=PROPERTIES, steps=STEPS):
    """Name the first case that is placed elsewhere, its property before its step."""
    for case, expected in PLACES.items():
        for word, listed in zip(collected[case], (properties, steps), strict=True):
            if word.strip().casefold() == "privacy":
                return f"`{case}`: privacy is part of one of the five properties. Which of them keeps data private?"
            if pick(word, listed) is None:
                return ask_again(f"`{case}`: {word!r}", listed)
        chosen = pick(collected[case][0], properties), pick(collected[case][1], steps)
        if case == "names" and chosen == ("safety", "data"):
            continue  # somebody who removes the names from the notes prevents it, too
        for word, right, hints in zip(chosen, expected, (WHICH_PROPERTY, WHICH_STEP), strict=True):
            if word != right:
                return hints[case]
    return None


def shuffle_lists(rng):
    """Give properties and steps other letters; the cases stay."""
    properties, steps = shuffle_options(PROPERTIES, rng), shuffle_options(STEPS, rng)
    changes = [replace_options(PROPERTIES, properties), replace_options(STEPS, steps)]
    judge = partial(judge_places, properties=properties, steps=steps)
    return Variant(PLACES, WRONG_PLACES, changes, {"judge": judge})


exercise(
    "00.2",
    points=2,
    objective="00-map",
    reference=PLACES,
    wrong=WRONG_PLACES,
    variants=shuffle_lists,
    hints=(
        "Each property comes with a question, above the first diagram. Which of the five questions does the case ask?",
        "For the step ask: at which moment would somebody have had to act to prevent this case?",
    ),
    idea="Five cases, five properties: each occurs once. Start with the cases that you are sure of.",
    praise="Property and step together say what to ask, and who can still do something about it.",
)(judge_places)
