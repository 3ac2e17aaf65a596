"""Exercises of notebook 04: rates from counts, and whose question a rate answers."""

from labkit.exercises.answers import Fault, outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.choices import ask_again, pick

# ---- 04.1 repair broken code -----------------------------------------------------------------------------------------
TABLES = (
    ({"north": (50, 10, 5, 35), "south": (30, 30, 12, 8)},),
    ({"x": (3, 1, 4, 4), "y": (0, 0, 2, 6), "z": (9, 0, 1, 0)},),
    ({"all": (0, 7, 3, 2), "one": (1, 0, 0, 0)},),
)


def alarm_rates(counts):
    """Return the false positive rate of each group."""
    found = {}
    for group, (tn, fp, _, _) in counts.items():
        found[group] = fp / (tn + fp) if tn + fp > 0 else float("nan")
    return found


def broken_alarm_rates(counts):
    """Divide by the people with an alarm, and call the rate of nobody 0: as the notebook shows it."""
    found = {}
    for group, (_, fp, _, tp) in counts.items():
        found[group] = fp / (fp + tp) if fp + tp > 0 else 0.0
    return found


def wrong_alarm_rates(whole, *, nobody=float("nan")):
    """Return the function with another denominator, or with another value for a rate of nobody."""

    def rates(counts):
        found = {}
        for group, cells in counts.items():
            found[group] = cells[1] / whole(*cells) if whole(*cells) else nobody
        return found

    return rates


def rates_of_tables(function):
    """Collect rates; a function that divides by zero is told why."""
    try:
        return outputs_of(*TABLES)(function)
    except Fault as fault:
        if "ZeroDivisionError" not in str(fault):
            raise
        raise Fault(
            f"{fault}. One group has nobody labeled negative, and your function asks about another number than the one "
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
            "You still divide by the people with an *alarm*. That share is one minus the precision, and answers a "
            "judge's question. The false positive rate starts from the people with a *negative label*.",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: tn + fp, nobody=0.0),
            "The denominator is right. But one group has nobody with a negative label, so its rate is unknown. "
            "With 0 it would look like the best-treated group of all.",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: tn + fp + fn + tp),
            "You divide by everyone. Then a group with many positive labels looks good only because few of its people "
            "could get a false alarm.",
        ),
        (
            wrong_alarm_rates(lambda tn, fp, fn, tp: fp + fn),
            "Your denominator holds all the *errors*. Which people could get a false alarm at all?",
        ),
    ],
    otherwise="Not these rates. Take one group with easy counts, work its rate out on paper, and compare.",
    tolerance=1e-6,
    hints=(
        "Say the rate as a sentence: *of the people who ..., the share that ...*. What comes first is the denominator.",
        "People with a negative label are in `tn` and in `fp`. What should come out when a group has none of them?",
    ),
    idea='Divide `fp` by `tn + fp`. Where that sum is 0, return `float("nan")`: a rate of nobody is unknown, not 0.',
    praise="A rate of nobody is now unknown, not perfect.",
)


# ---- 04.2 decide and justify -----------------------------------------------------------------------------------------
RATES = ("false_negative_rate", "false_positive_rate", "precision", "selection_rate", "accuracy")
RULES = {
    "strict": {"a": (640, 60, 90, 210), "b": (630, 70, 150, 150)},
    "broad": {"a": (560, 140, 45, 255), "b": (455, 245, 54, 246)},
}
ASKED = {"patient": "false_negative_rate", "neighbor": "false_positive_rate", "surgeon": "precision"}


def rate_of(name, tn, fp, fn, tp):
    """Return one rate of four counts."""
    return {
        "false_negative_rate": fn / (fn + tp),
        "false_positive_rate": fp / (fp + tn),
        "precision": tp / (tp + fp),
    }[name]


def closer_rule(name):
    """Return the rule under which the two groups are closer in a rate."""
    gaps = {rule: abs(rate_of(name, *groups["a"]) - rate_of(name, *groups["b"])) for rule, groups in RULES.items()}
    return min(gaps, key=gaps.get)


WHOSE = {
    "patient": "`patient`: this person *is* ill and is afraid of being missed. Which rate starts from people who are "
    "ill?",
    "neighbor": "`neighbor`: this person is *not* ill and is afraid of an operation. Which rate starts from people who "
    "are not ill?",
    "surgeon": "`surgeon`: she sees only people whom the rule has selected. Which rate starts from them?",
}
CLOSER = "The rate is well chosen. Compute it for both groups under both rules; under which rule do they differ less? "
VOICES = {who: [rate, closer_rule(rate)] for who, rate in ASKED.items()}


def voices(**changes):
    """Return the right answer with some voices changed."""
    return {who: list(changes.get(who, right)) for who, right in VOICES.items()}


@exercise(
    "04.2",
    points=3,
    objective="04-stakeholders",
    reference=voices(),
    wrong=[
        (voices(patient=("false_positive_rate", "strict")), WHOSE["patient"]),
        (voices(neighbor=("precision", "strict")), WHOSE["neighbor"]),
        (voices(surgeon=("selection_rate", "strict")), WHOSE["surgeon"]),
        (voices(patient=("false_negative_rate", "strict")), CLOSER + "Look again at: `patient`."),
        (voices(neighbor=("false_positive_rate", "broad")), CLOSER + "Look again at: `neighbor`."),
        (voices(surgeon=("precision", "broad")), CLOSER + "Look again at: `surgeon`."),
    ],
    hints=(
        "For each voice, ask first what we know about the person: being ill, or being selected? That is the "
        "denominator.",
        "Then compute that rate four times: two rules, two groups. Under which rule is the difference smaller?",
    ),
    idea="Patient: false negative rate. Neighbor: false positive rate. Surgeon: precision. Divide the counts, subtract "
    "the groups, and take the rule whose difference is closer to zero.",
    praise="No rule serves all three: choosing a rate means choosing whose fear counts.",
)
def judge_voices(collected):
    """Look at the rates first, then at the rules."""
    given = {}
    for who in VOICES:
        rate, rule = collected[who]
        given[who] = pick(rate, RATES), pick(rule, list(RULES))
        if None in given[who]:
            named, listed = (rate, RATES) if given[who][0] is None else (rule, list(RULES))
            return ask_again(f"`{who}`: {named!r}", listed)
    for who, (rate, _) in VOICES.items():
        if given[who][0] != rate:
            return WHOSE[who]
    wrong = [f"`{who}`" for who, (_, rule) in VOICES.items() if given[who][1] != rule]
    return f"{CLOSER}Look again at: {', '.join(wrong)}." if wrong else None
