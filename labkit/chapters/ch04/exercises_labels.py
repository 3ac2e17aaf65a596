"""Exercises of notebook 04: an audit on labels that are wrong, and an open question."""

from collections.abc import Mapping
from dataclasses import dataclass

from labkit.exercises.checking import compare_answers, open_question
from labkit.exercises.variants import Variant

# ---- 04.6 compute ----------------------------------------------------------------------------------------------------
SEEMS = ("too many alarms", "too few alarms", "fair")
ON_TRUTH = (
    "Against the truth the doctor makes no mistake. But the audit only has the *records*: there, some of the people "
    "she calls ill are recorded as not ill."
)


@dataclass(frozen=True)
class Records:
    """How many people of group b there are, how many are ill, and what percentage of these the records deny."""

    people: int
    ill: int
    denied: int

    @property
    def hidden(self):
        """The ill people whom the records deny."""
        return self.ill * self.denied // 100

    @property
    def found(self):
        """The right answer."""
        healthy = self.people - self.ill
        return {
            "counts": [healthy, self.hidden, 0, self.ill - self.hidden],
            "false_positive_rate": self.hidden / (healthy + self.hidden),
            "seems": SEEMS[0],
        }

    def doctor(self, **changes):
        """Return the right answer with some parts changed."""
        return self.found | changes

    def text(self):
        """Return the first sentences of the exercise."""
        return (
            f"Of {self.people:,} patients of group b, {self.ill} are ill. The records call {self.denied}% of these "
            f"{self.ill} not ill"
        )

    def wrong(self):
        """Return wrong answers with their hints."""
        doctor, hidden, shown = self.doctor, self.hidden, self.ill - self.hidden
        healthy = self.people - self.ill
        exchanged = (
            "You exchanged the patients whom the records deny with those whom they confirm. "
            f"{self.denied}% of {self.ill} are denied."
        )
        return [
            (doctor(counts=[healthy, 0, 0, self.ill], false_positive_rate=0.0, seems=SEEMS[2]), ON_TRUTH),
            (doctor(counts=[healthy, 0, 0, self.ill]), ON_TRUTH),
            (
                doctor(counts=[healthy, 0, hidden, shown]),
                "You made the hidden patients false negatives. The doctor *does* call them ill; it is the record that "
                "says no. Decision yes, label no: which of the four counts is that?",
            ),
            (
                doctor(counts=[healthy, 0, hidden, shown], false_positive_rate=0.0, seems=SEEMS[1]),
                "You made the hidden patients false negatives. She calls them ill, so they cannot be negatives of "
                "hers.",
            ),
            (doctor(counts=[healthy, shown, 0, hidden], false_positive_rate=shown / (healthy + shown)), exchanged),
            (doctor(counts=[healthy, shown, 0, hidden]), exchanged),
            (
                doctor(false_positive_rate=hidden / self.people),
                "This is a share of all patients. The false positive rate only looks at people *recorded* as not ill.",
            ),
            (
                doctor(false_positive_rate=hidden / healthy),
                "You divided by those who truly are not ill. An audit on records divides by those *recorded* as not "
                "ill.",
            ),
            (
                doctor(false_positive_rate=hidden / self.ill),
                "You divided by the people whom she calls ill. That is one minus the precision.",
            ),
            (
                doctor(seems=SEEMS[2]),
                "In group a, where the records are right, her false positive rate is 0. Compare it with your number "
                "for b.",
            ),
            (
                doctor(seems=SEEMS[1]),
                "She calls people of b ill whom the records call not ill. Is that too few alarms or too many?",
            ),
        ]


RECORDS = Records(people=1000, ill=300, denied=40)


def draw_records(rng):
    """Draw another group of patients: a quarter of them ill, or more, since with few of them mistakes look alike."""
    people = 100 * int(rng.integers(8, 20))
    ill = 20 * int(rng.integers(people // 80, people // 50))
    records = Records(people, ill, denied=int(rng.choice([30, 35, 45, 55, 60, 65, 70])))
    return Variant(records.found, records.wrong(), [(RECORDS.text(), records.text())])


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
    reference=RECORDS.found,
    wrong=RECORDS.wrong(),
    variants=draw_records,
    collect=in_order,
    choices={"seems": SEEMS},
    tolerance=0.0006,
    otherwise="Not these numbers. Check the order of the four counts, that they add up to the patients of b, and that "
    "the rate follows from them.",
    hints=(
        "Write two columns: what she decides (always the truth), and what the record says. Where do they differ?",
        "The hidden patients: decided ill, recorded as not ill. In which of tn, fp, fn, tp are they?",
    ),
    idea="The records call everyone not ill who is not ill, and the hidden patients too. She calls all the ill people "
    "ill: those recorded as ill are tp, the hidden ones are fp. The rate is fp of tn + fp.",
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
