"""Exercises of notebook 04: an audit on labels that are wrong, and an open question."""

from collections.abc import Mapping

from labkit.exercises.checking import exercise, open_question
from labkit.exercises.judging import close, same
from labkit.exercises.recognizers import recognize_slip

# ---- 04.6 compute ----------------------------------------------------------------------------------------------------
NOT_ILL, ILL, HIDDEN = 700, 300, 120  # 40% of the 300


DOCTOR = {
    "counts": [NOT_ILL, HIDDEN, 0, ILL - HIDDEN],
    "false_positive_rate": HIDDEN / (NOT_ILL + HIDDEN),
    "seems": "too many alarms",
}


def doctor(**changes):
    """Return an answer with some parts changed."""
    return DOCTOR | changes


ON_TRUTH = (
    "Against the truth the doctor makes no mistake. But the audit only has the *records*: there, 120 of the people "
    "she calls ill stand as not ill."
)


AS_MISSES = (
    "You made the 120 false negatives. The doctor *does* call them ill; it is the record that says no. Decision yes, "
    "label no: a false positive."
)


OF_ALL = (
    "120 of 1,000 is a share of everybody. The false positive rate has only people *recorded* as not ill below the "
    "line."
)


OF_TRUE = (
    "You divided by the 700 who truly are not ill. An audit on records divides by those *recorded* as not ill, and "
    "that includes the 120."
)


OF_SELECTED = "120 of the 300 whom she calls ill: that is one minus the precision. Whom has this rate below the line?"


NAMES = ("tn", "fp", "fn", "tp")


VERDICTS = ("too many alarms", "too few alarms", "fair")  # in the order of their letters


def in_order(answer):
    """Collect counts that are given by name in the order of `NAMES`."""
    counts = answer.get("counts") if isinstance(answer, Mapping) else None
    if not isinstance(counts, Mapping) or set(counts) != set(NAMES):
        return answer
    return dict(answer) | {"counts": [counts[name] for name in NAMES]}


SEEMS = {
    "fair": "In group a, where records are right, her false positive rate is 0. Compare that with your number for b.",
    "too few alarms": "She calls 120 people of b ill whom the records call healthy. Is that too few alarms or "
    "too many?",
}


@exercise(
    "04.6",
    points=3,
    objective="04-labels",
    reference=DOCTOR,
    collect=in_order,
    choices={"seems": VERDICTS},
    wrong=[
        (doctor(counts=[700, 0, 0, 300], false_positive_rate=0.0, seems="fair"), ON_TRUTH),
        (doctor(counts=[700, 0, 120, 180]), AS_MISSES),
        (doctor(false_positive_rate=0.12), OF_ALL),
        (doctor(false_positive_rate=120 / 700), OF_TRUE),
        (doctor(false_positive_rate=0.4), OF_SELECTED),
        *((doctor(seems=verdict), text) for verdict, text in SEEMS.items()),
    ],
    hints=(
        "Write two columns: what she decides (always the truth), and what the record says. Where do they part?",
        "The 120 hidden people: decided ill, recorded not ill. In which of tn, fp, fn, tp do they stand?",
    ),
    idea="The records call 700 + 120 people not ill and 180 ill. She calls 300 ill: 180 of them stand as ill (tp), 120 "
    "as not ill (fp). The rate is 120 of 820.",
    praise="A perfect doctor looks as if she gave group b false alarms. The fault is in the records.",
)
def judge_doctor(collected):
    """Look at the counts, then at the rate, then at the verdict."""
    counts, rate, seems = (collected[name] for name in DOCTOR)
    if not same(counts, DOCTOR["counts"], 0.5):
        known = {(700, 0, 0, 300): ON_TRUTH, (700, 0, 120, 180): AS_MISSES}
        return known.get(
            tuple(counts),
            "Not her four counts, in the order tn, fp, fn, tp. Do they sum to 1,000, and do the ill of the records?",
        )
    if not close(rate, DOCTOR["false_positive_rate"], 0.0006):
        mistakes = ((0.12, OF_ALL), (120 / 700, OF_TRUE), (0.4, OF_SELECTED))
        known = (text for value, text in mistakes if close(rate, value, 0.0006))
        name = "false_positive_rate"
        slip = recognize_slip({name: rate}, {name: DOCTOR[name]}, tolerance=0.0006)
        otherwise = "The counts are right. `false_positive_rate` is another share of them: of whom, and who of these?"
        return next(known, None) or slip or otherwise
    return SEEMS.get(seems)


# ---- 04.7 open -------------------------------------------------------------------------------------------------------
open_question(
    "04.7",
    objective="04-stakeholders",
    model_answer="One answer among several. A false alarm costs a person who would not have been charged again their "
    "freedom, and it cannot be given back; a miss costs somebody else, who is not in this table at all. Because the "
    "state does the first and only fails to prevent the second, I would publish false positive rates by group, with "
    "intervals, as the first number, and precision beside it so that nobody can repair the one by spoiling the other "
    "unseen. I would not promise to equalise them before I knew how charges come about: the label is a charge, not an "
    "offence, and where police look more, more is charged. I would change my mind if an independent record, such as "
    "self-reports, showed that the gap is one of records and not of people. A good answer names who bears the error, "
    "what the number leaves out, and what would change its mind.",
)
