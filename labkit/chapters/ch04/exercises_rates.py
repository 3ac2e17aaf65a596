"""Exercises of notebook 04: rates from counts, and whose question a rate answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.exercises.answers import outputs_of
from labkit.exercises.checking import compare_answers, exercise
from labkit.exercises.choices import ask_again, pick
from labkit.exercises.variants import Variant, replace_options, shuffle_options

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


def explain_zero(fault):
    """Say why a function divides by zero."""
    if "ZeroDivisionError" not in str(fault):
        return None
    return (
        "One group has nobody labeled negative, and your function asks about another number than the one that it "
        "divides by."
    )


def draw_tables(rng):
    """Draw tables of counts; in one, a group has nobody labeled negative, in another, one has nobody with an alarm."""
    tables = []
    for groups, nobody in ((2, []), (3, [0, 1]), (4, [1, 3])):
        counts = rng.integers(1, 80, size=(groups, 4))
        counts[rng.integers(groups), nobody] = 0
        names = rng.choice(["north", "south", "east", "west", "x", "y", "z"], size=groups, replace=False)
        tables.append(({name: tuple(row) for name, row in zip(names.tolist(), counts.tolist(), strict=True)},))
    return tables


compare_answers(
    "04.1",
    points=2,
    objective="04-rates",
    collect=outputs_of(*TABLES, explain=explain_zero),
    hidden=draw_tables,
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
WHOSE = {
    "patient": "`patient`: this person *is* ill and is afraid of being missed. Which rate starts from people who are "
    "ill?",
    "neighbor": "`neighbor`: this person is *not* ill and is afraid of an operation. Which rate starts from people who "
    "are not ill?",
    "surgeon": "`surgeon`: she sees only people whom the rule has selected. Which rate starts from them?",
}
CLOSER = "The rate is well chosen. Compute it for both groups under both rules; under which rule do they differ less? "
CLEARLY = 0.04  # by how much a difference between groups must be smaller under one rule than under the other


def rate_of(name, tn, fp, fn, tp):
    """Return one rate of four counts."""
    return {
        "false_negative_rate": fn / (fn + tp),
        "false_positive_rate": fp / (fp + tn),
        "precision": tp / (tp + fp),
    }[name]


@dataclass(frozen=True)
class Clinic:
    """Two rules, with the counts of each group, and the order in which rules and rates are listed."""

    rules: Mapping[str, Mapping[str, tuple[int, int, int, int]]]
    rates: tuple[str, ...] = RATES

    def gaps(self, name):
        """Return how far the groups are apart in a rate, by rule."""
        return {rule: abs(rate_of(name, *each["a"]) - rate_of(name, *each["b"])) for rule, each in self.rules.items()}

    def is_clear(self):
        """Say whether for each voice the groups are clearly closer under one of the rules."""
        return all(abs(gaps[0] - gaps[1]) > CLEARLY for gaps in (list(self.gaps(name).values()) for name in RATES[:3]))

    def closer(self, name, *, not_closer=False):
        """Return the rule under which the groups are closer in a rate, or the other one."""
        gaps = self.gaps(name)
        return (max if not_closer else min)(gaps, key=gaps.get)

    def voices(self, **changes):
        """Return the right answer with some voices changed."""
        return {who: changes.get(who, [rate, self.closer(rate)]) for who, rate in ASKED.items()}

    def wrong(self):
        """Return wrong answers with their hints: each voice with another rate, then with the other rule."""
        others = {"patient": "false_positive_rate", "neighbor": "precision", "surgeon": "selection_rate"}
        rates = [(self.voices(**{who: [rate, "strict"]}), WHOSE[who]) for who, rate in others.items()]
        return rates + [
            (self.voices(**{who: [rate, self.closer(rate, not_closer=True)]}), f"{CLOSER}Look again at: `{who}`.")
            for who, rate in ASKED.items()
        ]

    def table(self):
        """Return the rows of the table in the notebook."""
        rows = (
            [rule, *(", ".join(map(str, counts)) for counts in groups.values())] for rule, groups in self.rules.items()
        )
        return "\n".join(f"| {letter}. {' | '.join(row)} |" for letter, row in zip("AB", rows, strict=True))

    def judge(self, collected):
        """Look at the rates first, then at the rules."""
        given, right = {}, self.voices()
        for who in right:
            rate, rule = collected[who]
            given[who] = pick(rate, self.rates), pick(rule, list(self.rules))
            if None in given[who]:
                named, listed = (rate, self.rates) if given[who][0] is None else (rule, list(self.rules))
                return ask_again(f"`{who}`: {named!r}", listed)
        for who, (rate, _) in right.items():
            if given[who][0] != rate:
                return WHOSE[who]
        wrong = [f"`{who}`" for who, (_, rule) in right.items() if given[who][1] != rule]
        return f"{CLOSER}Look again at: {', '.join(wrong)}." if wrong else None


CLINIC = Clinic(RULES)


def draw_counts(rng, *, missed, alarmed):
    """Draw the counts of a group of 1,000, of whom 300 are ill, from ranges of shares."""
    fn, fp = int(300 * rng.uniform(*missed)), int(700 * rng.uniform(*alarmed))
    return (700 - fp, fp, fn, 300 - fn)


def draw_clinic(rng):
    """Draw counts until each voice has a clear answer, and the order of rules and rates."""
    ranges = {
        "strict": {"missed": (0.2, 0.6), "alarmed": (0.04, 0.2)},
        "broad": {"missed": (0.05, 0.35), "alarmed": (0.15, 0.45)},
    }
    while True:
        names = shuffle_options(list(RULES), rng)
        rules = {name: {group: draw_counts(rng, **ranges[name]) for group in "ab"} for name in names}
        clinic = Clinic(rules, shuffle_options(RATES, rng))
        if clinic.is_clear():
            break
    changes = [(CLINIC.table(), clinic.table()), replace_options(RATES, clinic.rates)]
    return Variant(clinic.voices(), clinic.wrong(), changes, {"judge": clinic.judge})


exercise(
    "04.2",
    points=3,
    objective="04-stakeholders",
    reference=CLINIC.voices(),
    wrong=CLINIC.wrong(),
    variants=draw_clinic,
    hints=(
        "For each voice, ask first what we know about the person: being ill, or being selected? That is the "
        "denominator.",
        "Then compute that rate four times: two rules, two groups. Under which rule is the difference smaller?",
    ),
    idea="Patient: false negative rate. Neighbor: false positive rate. Surgeon: precision. Divide the counts, subtract "
    "the groups, and take the rule whose difference is closer to zero.",
    praise="No rule serves all three: choosing a rate means choosing whose fear counts.",
)(CLINIC.judge)
