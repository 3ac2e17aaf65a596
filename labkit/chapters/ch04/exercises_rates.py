"""Exercises of notebook 04: rates from counts, and whom they concern."""

from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.choices import ask_again, pick

# ---- 04.1 repair broken code -----------------------------------------------------------------------------------------
TABLES = (
    ({"north": (50, 10, 5, 35), "south": (30, 30, 12, 8)},),
    ({"x": (3, 1, 4, 4), "y": (0, 0, 2, 6), "z": (9, 0, 1, 0)},),
)


def divide(part, whole):
    """Divide; a rate of nobody is not a number."""
    return part / whole if whole else float("nan")


def alarm_rates(counts):
    """Return the false positive rate of each group."""
    return {group: divide(fp, tn + fp) for group, (tn, fp, fn, tp) in counts.items()}


def broken_alarm_rates(counts):
    """Divide by the people who were selected, and call the rate of nobody 0: as the notebook shows it."""
    rates = {}
    for group, (_, fp, _, tp) in counts.items():
        rates[group] = fp / (fp + tp) if fp + tp > 0 else 0.0
    return rates


def wrong_alarm_rates(whole, *, nobody=float("nan")):
    """Return the same function with another denominator, or another value for a rate of nobody."""
    return lambda counts: {
        group: divide(four[1], whole(*four)) if whole(*four) else nobody for group, four in counts.items()
    }


def rates_of_tables(function):
    """Collect rates; a function that divides by zero is told of which group."""
    try:
        return outputs_of(*TABLES)(function)
    except Fault as fault:
        if "ZeroDivisionError" not in str(fault):
            raise
        raise Fault(
            f"{fault}. Group `y` has nobody labeled negative. Your function asks about another number than the one "
            "that it divides by."
        ) from fault


rates_of_tables.label = outputs_of(*TABLES).label


compare_answers(
    "04.1",
    points=2,
    objective="04-rates",
    collect=rates_of_tables,
    reference=alarm_rates,
    untouched=broken_alarm_rates,
    wrong=[
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: fp + tp),
            "You still divide by the people who were *selected*. That share, one minus the precision, asks a selected "
            "person's question. The false positive rate asks: of the people labelled *negative*, who was selected?",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: tn + fp, nobody=0.0),
            "The denominator is right. But group `y` has nobody labeled negative: its rate is undefined. With 0 it "
            "would look like the best treated group of all.",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: tn + fp + fn + tp),
            "You divide by everybody. Then a group with many positives looks good only because few people *could* be "
            "alarmed without reason.",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: fp + fn),
            "fp + fn are all the errors. The people labelled negative are those cleared (tn) and those alarmed (fp).",
        ),
    ],
    otherwise="Not the false positive rates. Try a group of whom nobody was selected, one of whom all were, and one "
    "without anybody labeled negative: what should come out for each?",
    tolerance=1e-6,
    hints=(
        "Say the rate as a sentence: *of the people ..., the share who ...*. What follows *of* is the denominator.",
        "Labelled negative are `tn` and `fp`. What should come out when a group has none of them?",
    ),
    idea='Divide `fp` by `tn + fp`; where that is 0 return `float("nan")`, because a rate of nobody is not zero.',
    praise="And a rate of nobody is said to be unknown, not perfect.",
)


# ---- 04.2 decide and justify -----------------------------------------------------------------------------------------
RATES = ("false_negative_rate", "false_positive_rate", "precision", "selection_rate", "accuracy")


RULES = {
    "strict": {"a": (640, 60, 90, 210), "b": (630, 70, 150, 150)},
    "broad": {"a": (560, 140, 45, 255), "b": (455, 245, 54, 246)},
}


SMALLER = {
    "patient": ("false_negative_rate", "broad"),
    "neighbour": ("false_positive_rate", "strict"),
    "surgeon": ("precision", "strict"),
}


def gap_of(rate, rule):
    """Return the difference a - b of a rate under a rule."""

    def measure(tn, fp, fn, tp):
        return {
            "false_negative_rate": fn / (fn + tp),
            "false_positive_rate": fp / (fp + tn),
            "precision": tp / (tp + fp),
            "selection_rate": (fp + tp) / (tn + fp + fn + tp),
            "accuracy": (tn + tp) / (tn + fp + fn + tp),
        }[rate]

    return measure(*RULES[rule]["a"]) - measure(*RULES[rule]["b"])


WHOSE = {
    "patient": "The patient *is* ill and fears to be missed: of the people who are ill, which share is not treated? "
    "That is the false negative rate.",
    "neighbour": "The neighbour is *not* ill and fears the operation: of the people who are not ill, which share is "
    "treated? That is the false positive rate.",
    "surgeon": "The surgeon sees only people whom the rule selected: of these, which share is ill? That is the "
    "precision.",
}


def voices(**changes):
    """Return an answer with some voices changed."""
    return {who: list(changes.get(who, right)) for who, right in SMALLER.items()}


SMALL_GAP = (
    "The rate is well chosen. Now compute it for both groups under both rules: under which rule are a and b further "
    "apart? You are asked for the rule with the *smaller* gap. Look again at: "
)


@exercise(
    "04.2",
    points=3,
    objective="04-stakeholders",
    reference=voices(),
    wrong=[
        (voices(patient=("false_positive_rate", "strict")), WHOSE["patient"]),
        (voices(neighbour=("precision", "strict")), WHOSE["neighbour"]),
        (voices(surgeon=("selection_rate", "strict")), WHOSE["surgeon"]),
        (voices(patient=("false_negative_rate", "strict")), SMALL_GAP + "patient."),
        (voices(neighbour=("false_positive_rate", "broad")), SMALL_GAP + "neighbour."),
        (voices(surgeon=("precision", "broad")), SMALL_GAP + "surgeon."),
    ],
    hints=(
        "For each voice ask first: what do we know of this person, being ill or being selected? That is the "
        "denominator.",
        "Then compute that rate four times: two rules, two groups. Which rule has the smaller difference?",
    ),
    idea="Patient: false negative rate. Neighbour: false positive rate. Surgeon: precision. Divide the counts, "
    "subtract the groups, and take the rule whose difference is nearer to zero.",
    praise="No rule serves all three: a choice of rate is a choice of whose fear counts.",
)
def judge_voices(collected):
    """Look at the rates first, then at the rules."""
    given = {}
    for who, (rate, rule) in collected.items():
        if who in SMALLER:
            given[who] = pick(rate, RATES), pick(rule, list(RULES))
            if None in given[who]:
                named, listed = (rate, RATES) if given[who][0] is None else (rule, list(RULES))
                return ask_again(f"`{who}`: {named!r}", listed)
    for who, (rate, _) in SMALLER.items():
        if given[who][0] != rate:
            return WHOSE[who]
    wrong = [who for who, (_, rule) in SMALLER.items() if given[who][1] != rule]
    return f"{SMALL_GAP}{', '.join(wrong)}." if wrong else None
