"""Exercises of notebook 04: an audit on labels that are wrong, and an open question."""

from collections.abc import Mapping

from labkit.exercises.checking import compare_answers, open_question

# ---- 04.6 compute ----------------------------------------------------------------------------------------------------
NOT_ILL, ILL, HIDDEN = 700, 300, 120  # the records deny 40% of the 300
SEEMS = ("too many alarms", "too few alarms", "fair")
DOCTOR = {
    "counts": [NOT_ILL, HIDDEN, 0, ILL - HIDDEN],
    "false_positive_rate": HIDDEN / (NOT_ILL + HIDDEN),
    "seems": SEEMS[0],
}
ON_TRUTH = (
    "Against the truth the doctor makes no mistake. But the audit only has the *records*: there, some of the people "
    "she calls ill are recorded as not ill."
)


def doctor(**changes):
    """Return the right answer with some parts changed."""
    return DOCTOR | changes


def in_order(answer):
    """Collect counts that are given by name in the order tn, fp, fn, tp."""
    counts = answer.get("counts") if isinstance(answer, Mapping) else None
    if not isinstance(counts, Mapping) or set(counts) != {"tn", "fp", "fn", "tp"}:
        return answer
    return dict(answer) | {"counts": [counts[name] for name in ("tn", "fp", "fn", "tp")]}


compare_answers(
    "04.6",
    points=3,
    objective="04-labels",
    reference=DOCTOR,
    collect=in_order,
    choices={"seems": SEEMS},
    tolerance=0.0006,
    wrong=[
        (doctor(counts=[700, 0, 0, 300], false_positive_rate=0.0, seems=SEEMS[2]), ON_TRUTH),
        (doctor(counts=[700, 0, 0, 300]), ON_TRUTH),
        (
            doctor(counts=[700, 0, 120, 180]),
            "You made the hidden patients false negatives. The doctor *does* call them ill; it is the record that says "
            "no. Decision yes, label no: which of the four counts is that?",
        ),
        (
            doctor(counts=[700, 0, 120, 180], false_positive_rate=0.0, seems=SEEMS[1]),
            "You made the hidden patients false negatives. She calls them ill, so they cannot be negatives of hers.",
        ),
        (
            doctor(counts=[700, 180, 0, 120], false_positive_rate=180 / 880),
            "You exchanged the patients whom the records deny with those whom they confirm. 40% of 300 are denied.",
        ),
        (
            doctor(counts=[700, 180, 0, 120]),
            "You exchanged the patients whom the records deny with those whom they confirm. 40% of 300 are denied.",
        ),
        (
            doctor(false_positive_rate=0.12),
            "This is a share of all patients. The false positive rate only looks at people *recorded* as not ill.",
        ),
        (
            doctor(false_positive_rate=120 / 700),
            "You divided by those who truly are not ill. An audit on records divides by those *recorded* as not ill.",
        ),
        (
            doctor(false_positive_rate=0.4),
            "You divided by the people whom she calls ill. That is one minus the precision.",
        ),
        (
            doctor(seems=SEEMS[2]),
            "In group a, where the records are right, her false positive rate is 0. Compare it with your number for b.",
        ),
        (
            doctor(seems=SEEMS[1]),
            "She calls people of b ill whom the records call not ill. Is that too few alarms or too many?",
        ),
    ],
    otherwise="Not these numbers. Check the order of the four counts, that they add up to the patients of b, and that "
    "the rate follows from them.",
    hints=(
        "Write two columns: what she decides (always the truth), and what the record says. Where do they differ?",
        "The hidden patients: decided ill, recorded as not ill. In which of tn, fp, fn, tp are they?",
    ),
    idea="The records call 700 + 120 people not ill and 180 ill. She calls 300 ill: 180 of them are recorded as ill "
    "(tp), 120 as not ill (fp). The rate is 120 of 820.",
    praise="A perfect doctor looks as if she gave group b false alarms. The fault is in the records.",
)


# ---- 04.7 open -------------------------------------------------------------------------------------------------------
open_question(
    "04.7",
    objective="04-stakeholders",
    model_answer="One answer among several. A false alarm can contribute to holding a person who would not have been "
    "charged again, and lost freedom cannot be given back. A miss may harm somebody who is not in this table at all. "
    "The state does the first and only fails to prevent the second. So I would publish false positive rates by group, "
    "with intervals, and precision next to them, so that nobody can improve one by spoiling the other unseen. I would "
    "not promise to equalize them before I knew how charges come about: where police look more, more is charged. I "
    "would change my mind if an independent record, such as self-reports, showed that the gap is one of records and "
    "not of people. A good answer names who is harmed by the error, what the number leaves out, and what would change "
    "its mind.",
)
