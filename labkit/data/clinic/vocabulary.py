"""The words of the simulated clinic: symptoms, how often each occurs in whom, and the registers of its writers.

The illness is a pneumonia that needs treatment today. Every number here is invented; their order follows textbooks
(crackles are evidence for it, sneezing and itchy eyes are evidence against it, knee pain is neither).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit


class Symptom(NamedTuple):
    """One symptom (told by the patient) or finding (seen by the clinician).

    ``P(present) = sigmoid(logit(base) + severity * s + age * (years - 55) / 10 + smoking * k)``, with the severity s in
    standard deviations and k = 0, 1/2 or 1 for never, former and current smokers. ``clinical`` and ``lay`` are its two
    names; a leading "a " is the article, which short notes and negations leave out.
    """

    clinical: str
    lay: str
    base: float
    severity: float
    age: float = 0.0
    smoking: float = 0.0
    examined: bool = False


def _finding(name: str, base: float, severity: float) -> Symptom:
    """Return a finding of the clinician, which has the same name in both vocabularies."""
    return Symptom(name, name, base, severity, examined=True)


SYMPTOMS: tuple[Symptom, ...] = (
    # Evidence for the illness.
    Symptom("a productive cough", "a cough with green phlegm", 0.40, 1.65, smoking=0.6),
    Symptom("fever", "fever", 0.40, 1.8, age=-0.10),
    Symptom("rigors", "shivering fits", 0.25, 1.95),
    Symptom("shortness of breath", "breathlessness", 0.35, 2.1, smoking=0.4),
    Symptom("pleuritic chest pain", "chest pain on breathing in", 0.25, 1.8),
    Symptom("rusty sputum", "rust-coloured spit", 0.15, 1.95),
    Symptom("night sweats", "sweating at night", 0.25, 1.35),
    Symptom("generalised weakness", "weakness all over", 0.30, 1.35, age=0.10),
    Symptom("fatigue", "tiredness", 0.45, 1.05),
    Symptom("loss of appetite", "loss of appetite", 0.35, 1.2),
    Symptom("confusion", "muddled thinking", 0.12, 1.8, age=0.30),
    Symptom("palpitations", "racing of the heart", 0.20, 1.2),
    Symptom("thirst", "thirst", 0.20, 1.05),
    Symptom("muscle aches", "aching muscles", 0.35, 0.75),
    Symptom("dizziness", "dizziness", 0.20, 0.75, age=0.10),
    Symptom("a wheeze", "a whistling chest", 0.20, 0.6, smoking=1.0),
    Symptom("chest tightness", "tightness in the chest", 0.20, 0.75, smoking=0.4),
    Symptom("unsteadiness", "unsteadiness on the feet", 0.12, 0.6, age=0.35),
    Symptom("nausea", "feelings of sickness", 0.20, 0.6),
    # Evidence for something milder.
    Symptom("a runny nose", "a runny nose", 0.35, -1.35),
    Symptom("sneezing", "sneezing", 0.30, -1.5),
    Symptom("itchy eyes", "itchy eyes", 0.20, -1.35),
    Symptom("a sore throat", "a sore throat", 0.35, -0.9),
    Symptom("hoarseness", "hoarseness", 0.20, -0.6),
    Symptom("earache", "earache", 0.15, -0.6),
    # Neither.
    Symptom("a headache", "a headache", 0.30, 0.15),
    Symptom("diarrhoea", "diarrhoea", 0.12, 0.15),
    Symptom("abdominal pain", "stomach ache", 0.15, 0.0),
    Symptom("ankle swelling", "swelling of the ankles", 0.15, 0.15, age=0.20),
    Symptom("back pain", "backache", 0.25, 0.0, age=0.10),
    Symptom("knee pain", "knee pain", 0.20, 0.0, age=0.20),
    Symptom("a skin rash", "a rash", 0.10, 0.0),
    Symptom("heartburn", "heartburn", 0.20, 0.0),
    Symptom("constipation", "constipation", 0.15, 0.0, age=0.10),
    Symptom("insomnia", "sleeplessness", 0.25, 0.15),
    Symptom("low mood", "low mood", 0.15, 0.0),
    Symptom("toothache", "toothache", 0.08, 0.0),
    Symptom("neck stiffness", "stiffness of the neck", 0.12, 0.0),
    # Findings on examination, for and against.
    _finding("coarse lung crackles", 0.25, 2.25),
    _finding("bronchial breathing", 0.20, 1.95),
    _finding("dullness to percussion", 0.20, 1.8),
    _finding("loss of air entry", 0.25, 1.65),
    _finding("accessory muscle use", 0.15, 2.1),
    _finding("blueness of the lips", 0.08, 2.1),
    _finding("drowsiness", 0.12, 1.8),
    _finding("coolness of the hands", 0.20, 1.05),
    _finding("dryness of the mouth", 0.25, 1.05),
    _finding("flushing of the face", 0.25, 0.6),
    _finding("swelling of the neck glands", 0.20, -0.6),
    _finding("redness of the throat", 0.30, -0.9),
    _finding("nasal congestion", 0.30, -1.35),
    _finding("redness of the eyes", 0.15, -1.2),
    _finding("a heart murmur", 0.10, 0.0),
    _finding("dryness of the skin", 0.20, 0.0),
    _finding("ear wax", 0.20, 0.0),
    _finding("stiffness of the hip", 0.12, 0.0),
    _finding("varicose veins", 0.15, 0.0),
)


FEVER = [symptom.clinical for symptom in SYMPTOMS].index("fever")


EXAMINED = np.array([symptom.examined for symptom in SYMPTOMS])  # (J,)


SEVERITY_SLOPES = np.array([symptom.severity for symptom in SYMPTOMS])  # (J,)


def symptom_probabilities(severity: np.ndarray, age: np.ndarray, smoking_level: np.ndarray) -> np.ndarray:
    """Compute the probability of each symptom for each patient; the group plays no part.

    Parameters
    ----------
    severity : ndarray of shape (n,)
        In standard deviations.
    age : ndarray of shape (n,)
        In years.
    smoking_level : ndarray of shape (n,)
        0 never, 0.5 former, 1 current.

    Returns
    -------
    ndarray of shape (n, J)
        Probabilities in (0, 1), one column for each of `SYMPTOMS`.
    """
    base, severity_slope, age_slope, smoking_slope = np.array([symptom[2:6] for symptom in SYMPTOMS]).T  # each (J,)
    decades = (np.asarray(age) - 55.0) / 10.0
    return expit(
        logit(base)
        + np.outer(severity, severity_slope)
        + np.outer(decades, age_slope)
        + np.outer(smoking_level, smoking_slope)
    )


DISTRICTS = {"a": "Alder", "b": "Birch"}  # the words that name the group; no note uses them otherwise


# Proxies for the group: a sentence, and its word for a and for b.
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
    asides: tuple[str, ...]  # about someone else or another time: not evidence about this patient


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
    """Who writes, and the sentences to choose from; each of ``orders`` lists sentences in turn, not always all."""

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
