"""The words of the clinic's notes: six registers with their sentences and orders, and the places and histories.

`labkit.notes` fills them. `DISTRICTS` names the group and `PLACES` may reveal it; all else is the same for both.
"""

from typing import NamedTuple

DISTRICTS = {"a": "Alder", "b": "Birch"}  # the words that name the group; no note uses them otherwise
# what else may tell the group: a sentence and its word for a, for b
PLACES = (
    ("collects medicines at the {} pharmacy", "Mill Lane", "Quay Street"),
    ("usually travels here by {}", "tram", "ferry"),
    ("lives near the old {}", "windmill", "lighthouse"),
    ("is known to the {} practice", "Orchard", "Harbour"),
    ("shops at the {} market", "Tuesday", "Friday"),
)
VAGUE = {  # one word each, so that a vague note is never longer
    "told": ("malaise", "discomfort", "complaints", "trouble", "unwellness"),
    "found": ("changes", "abnormalities", "irregularities", "oddities", "signs"),
}
HISTORY = (
    "asthma|type 2 diabetes|high blood pressure|osteoarthritis|migraine|eczema|underactive thyroid|gout|gallstones"
    "|hip replacement|appendectomy|hernia repair|hay fever|reflux disease|cataract surgery|psoriasis"
).split("|")
DAYS = (("2", "3", "4", "5", "6", "8", "10"), ("two", "three", "four", "five", "six", "eight", "ten"))  # short, in full


class Style(NamedTuple):
    """What registers of one kind share: adjectives of intensity, the hedge, and how people and lists are written."""

    lay: bool
    articles: bool
    hedge: str
    adjectives: tuple[str, str]  # for what the patient tells: milder, stronger
    last: tuple[str, str]  # before the last item of a list, of a negated list
    people: tuple[tuple[str, ...], ...]  # ways to name a never, a former, a current smoker
    district: tuple[str, ...]  # ways to name the group, put after the person
    vitals: tuple[str, ...]  # temperature, breathing rate, oxygen saturation, heart rate
    vitals_written: int  # how many of them
    access: str  # room for one or two of PLACES
    asides: tuple[str, ...]  # about somebody else or another time: they say nothing of this patient


PEOPLE = (("lifelong non-smoker", "non-smoker"), ("former smoker", "past smoker"), ("current smoker", "daily smoker"))
SHORT = Style(
    lay=False,
    articles=False,
    hedge="?",
    adjectives=("mild ", "severe "),
    last=(", ", ", "),
    people=(("never smoked", "non-smoker"), ("ex-smoker", "stopped smoking"), ("smoker", "smokes daily")),
    district=(", {} resident", ", from {}", " ({} district)", ", lives in {}"),
    vitals=("T {:.1f}", "RR {:.0f}", "sats {:.0f}%", "HR {:.0f}"),
    vitals_written=3,
    access="{}; {}.",
    asides=("Partner has {}.", "Had {} last year, resolved.", "Neighbour ill with {}."),
)
PROSE = Style(
    lay=False,
    articles=True,
    hedge="possible ",
    adjectives=("mild ", "severe "),
    last=(" and ", " or "),
    people=PEOPLE,
    district=(" who lives in {}", " from {}", " from the {} district", " registered in {}"),
    vitals=("temperature {:.1f}", "breathing rate {:.0f}", "oxygen saturation {:.0f}%", "pulse {:.0f}"),
    vitals_written=2,
    access="The patient {}.",
    asides=("Their partner has {}.", "Last winter they had {}.", "A neighbour is ill with {}."),
)
LAY = PROSE._replace(
    lay=True,
    hedge="perhaps ",
    adjectives=("slight ", "bad "),
    asides=("“My partner has {}.”", "“Last year I had {}.”", "“A friend has {}.”"),
)


class Register(NamedTuple):
    """Who writes, and the sentences to choose from; ``orders`` name the sentences in turn and may leave some out."""

    name: str
    style: Style
    opening: tuple[str, ...]
    told: tuple[str, ...]
    denied: tuple[str, ...]
    found: tuple[str, ...]
    vitals: tuple[str, ...]
    history: tuple[str, ...]
    orders: tuple[str, ...]


SHORT_ORDERS = (
    "opening told denied found vitals aside access",
    "told opening denied vitals found access aside",
    "opening access told denied history vitals found",
    "opening vitals told found denied history access",
)
PROSE_ORDERS = (
    "opening told denied found vitals access",
    "opening access told found denied vitals",
    "opening told denied found history access",
    "told denied opening found aside access",
    "opening told found vitals denied access",
)
REGISTERS = (
    Register(
        "triage nurse",
        SHORT,
        ("{age}yo{district}, {person}.", "Pt {age} y/o{district}, {person}.", "{age} years{district}; {person}."),
        ("C/o {list} x{days}d.", "Presents w/ {list}, {days} days.", "{days}/7 of {list}."),
        ("Denies {list}.", "No {list}.", "Nil {list}."),
        ("O/E {list}.", "Noted: {list}.", "Has {list}."),
        ("Obs: {list}.", "{list}."),
        ("PMH {item}.", "Hx of {item}."),
        SHORT_ORDERS,
    ),
    Register(
        "ambulance handover",
        SHORT,
        ("Handover: {age} y/o{district}, {person}.", "Brought in: {age} y/o{district}, {person}."),
        ("Called for {list}, {days} days.", "Reports {list} for {days} days."),
        ("No reported {list}.", "Denied {list} en route."),
        ("On scene: {list}.", "Found with {list}."),
        ("Last obs {list}.", "On board: {list}."),
        ("Background {item}.", "Past {item}."),
        SHORT_ORDERS,
    ),
    Register(
        "referral letter",
        PROSE,
        (
            "Thank you for seeing this {age}-year-old {person}{district}.",
            "Please see and assess this {age}-year-old {person}{district}.",
        ),
        ("They have had {list} for {days} days.", "The main problem is {list}, now for {days} days."),
        ("They report no {list}.", "They deny {list}."),
        ("I found {list}.", "On examination I noted {list}."),
        ("Readings: {list}.", "In my rooms: {list}."),
        ("Past history includes {item}.", "Known history of {item}."),
        PROSE_ORDERS,
    ),
    Register(
        "emergency doctor",
        PROSE,
        (
            "Seen today: a {person} aged {age}{district}.",
            "This {age}-year-old {person}{district} was seen in cubicles.",
        ),
        ("Complains of {list} for {days} days.", "{list}, going on for {days} days."),
        ("Specifically denies {list}.", "No {list} reported."),
        ("Examination shows {list}.", "Exam: {list}."),
        ("On arrival: {list}.", "Monitor shows {list}."),
        ("Earlier notes list {item}.", "The records mention {item}."),
        PROSE_ORDERS,
    ),
    Register(
        "home visit",
        PROSE,
        ("Visited this {age}-year-old {person}{district} at home.", "Home visit to a {person} aged {age}{district}."),
        ("Reports {list} over {days} days.", "{days} days of {list}."),
        ("Has not noticed {list}.", "No {list} in recent days."),
        ("I observed {list}.", "On inspection: {list}."),
        ("Readings: {list}.", "Measured: {list}."),
        ("There is a history of {item}.", "Earlier problems: {item}."),
        PROSE_ORDERS,
    ),
    Register(
        "own words",
        LAY,
        ("Account of a {person} aged {age}{district}.", "Account from this {age}-year-old {person}{district}."),
        ("“I have had {list} for {days} days.”", "“It began {days} days ago with {list}.”"),
        ("“I have had no {list}.”", "“I do not have {list}.”"),
        ("The nurse saw {list}.", "Nurse notes {list}."),
        ("Nurse: {list}.", "Measured: {list}."),
        ("Mentions {item} in the past.", "Earlier treated for {item}."),
        PROSE_ORDERS,
    ),
)
