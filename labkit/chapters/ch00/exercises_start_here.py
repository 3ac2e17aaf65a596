"""Exercises of notebook 00 on the machine and on the two maps."""

import pandas as pd

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import exercise

# ---- 00.1 write a function -------------------------------------------------------------------------------------------
FETCH, SETUP = "labkit fetch", "make setup"


def machine(*rows):
    """Return a table as the doctor gives it, from (what, ok, remedy)."""
    return pd.DataFrame(rows, columns=["what", "ok", "remedy"])


TABLES = (
    (machine(("Python", True, ""), ("torch", False, SETUP), ("model", False, FETCH), ("numpy", False, SETUP)),),
    (machine(("disk", False, "labkit doctor"), ("model", True, "")),),
    (machine(("Python", True, ""), ("disk", True, "")),),
)


def list_remedies(table):
    """Return the remedies of the rows that are not ok, each once."""
    return list(table.loc[~table["ok"], "remedy"].drop_duplicates())


HEALTHY = (
    "The rows that are ok are in your list. Keep those where `ok` is False: `~table['ok']` turns the column around."
)


REVERSED = "You kept the rows that are ok and dropped those to mend. `~` in front of `table['ok']` turns it around."


TWICE = "Two rows may have the same remedy, and it mends both: name each command once."


NAMES = "These are the names of what is broken. The command that mends it stands in the column `remedy`."


ORDER = "Keep the order of the table: first things are mended first. A set forgets it; `drop_duplicates` does not."


@exercise(
    "00.1",
    points=2,
    objective="00-doctor",
    reference=list_remedies,
    collect=outputs_of(*TABLES),
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
    praise="No row to mend gives an empty list: the machine is ready.",
)
def judge_remedies(collected):
    """Compare with what the doctor's command prints, table by table."""
    for found, (table,) in zip(collected, TABLES, strict=False):
        expected, remedies = list_remedies(table), list(table["remedy"])
        if found == expected:
            continue
        if set(found) & set(table["what"]):
            return NAMES
        if "" in found:
            return HEALTHY if set(found) & set(expected) or not expected else REVERSED
        if set(found) == set(expected):
            return TWICE if len(found) > len(expected) else ORDER
        return f"For one table with the remedies {remedies} you give {found}; {expected} is asked for."
    return None


# ---- 00.2 place questions on the two maps ----------------------------------------------------------------------------
PROPERTIES = ("fairness", "transparency", "safety", "accountability", "sustainability")


STEPS = ("data", "pretraining", "fine-tuning", "decision", "monitoring")


PLACES = {
    "photos": ("fairness", "data"),
    "months": ("sustainability", "pretraining"),
    "names": ("safety", "fine-tuning"),
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
    "nobody": "`nobody`: how the model works may be clear. What lacks is somebody who answers for it and puts "
    "it right.",
}


WHICH_STEP = {
    "photos": "`photos`: the model repeats what it was given. The photos were missing before any training began.",
    "months": "`months`: no task and no labels yet, only very many texts: that comes before any fine-tuning.",
    "names": "`names`: the first training was on public texts, without patients. In which later step did it "
    "read the notes?",
    "refusal": "`refusal`: the model is ready; a threshold has just turned its score into *no*. Which step is that?",
    "nobody": "`nobody`: the decisions were made long ago. Which step should have noticed, and was never set up?",
}


def placed(**changes):
    """Return the right places of all cases, with some changed."""
    return PLACES | changes


@exercise(
    "00.2",
    points=2,
    objective="00-map",
    reference=PLACES,
    wrong=[
        (placed(photos=("safety", "data")), WHICH_PROPERTY["photos"]),
        (placed(photos=("fairness", "fine-tuning")), WHICH_STEP["photos"]),
        (placed(names=("safety", "pretraining")), WHICH_STEP["names"]),
        (placed(refusal=("accountability", "decision")), WHICH_PROPERTY["refusal"]),
        (placed(nobody=("transparency", "monitoring")), WHICH_PROPERTY["nobody"]),
        (placed(nobody=("accountability", "decision")), WHICH_STEP["nobody"]),
        (placed(months=("fairness", "pretraining")), WHICH_PROPERTY["months"]),
        (placed(months=("sustainability", "fine-tuning")), WHICH_STEP["months"]),
    ],
    hints=(
        "Each property comes with a question, above the first diagram. Which of the five questions does the case ask?",
        "For the step ask: at which moment would somebody have had to act to prevent this case?",
    ),
    idea="Five cases, five properties, five steps: each occurs once. Start with the cases that you are sure of.",
    praise="Each question has a place. A remedy at another step would not have helped these people.",
)
def judge_places(collected):
    """Name the first case that stands elsewhere, its property before its step."""
    for case, expected in PLACES.items():
        words = [word.strip().lower() for word in collected[case]]
        for word, known in zip(words, (PROPERTIES, STEPS), strict=True):
            if word not in known:
                return f"`{case}`: '{word}' is none of {', '.join(known)}. Give the property first, then the step."
        for word, right, hints in zip(words, expected, (WHICH_PROPERTY, WHICH_STEP), strict=True):
            if word != right:
                return hints[case]
    return None
