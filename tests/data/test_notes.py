"""The clinic's notes read like notes: length, registers, negations, intensities, grammar, and the group's name."""

import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from labkit.data.clinic._notes import BARE, BUDGETS, LENGTHS, NAMES
from labkit.data.clinic.simulator import simulate_clinic
from labkit.data.clinic.vocabulary import DISTRICTS, EXAMINED, PLACES, REGISTERS, SYMPTOMS, symptom_probabilities

N = 3000
NAMES_OF_GROUPS = "|".join(DISTRICTS.values())
EXTREMES = [
    {},
    {"mask_group": True},
    {"measurement_bias": 1.0, "mask_group": True, "representation": 1.0},
    {"measurement_bias": 0.5, "proxy_strength": 1.0, "collection_bias": 1.0, "representation": 1.0},
]


@pytest.fixture(scope="module")
def world():
    """3,000 patients with every knob neutral."""
    return simulate_clinic(n=N, seed=0)


@pytest.fixture(scope="module", params=EXTREMES, ids=str)
def notes(request):
    """1,500 notes, neutral and at the ends of the knobs."""
    return simulate_clinic(n=1500, seed=1, **request.param)["note"]


def test_notes_have_20_to_60_words(notes):
    """All of them, also at the ends of the knobs."""
    assert notes.str.split().str.len().between(20, 60).all()


def test_notes_are_well_formed(notes):
    """Articles fit, sentences begin with a capital and end, nothing is left unfilled or doubled."""
    for fault in (
        r"\b[Aa] [aeiou]",
        r"\b[Aa]n [^aeiou]",
        r"[{}]",
        r"  ",
        r" [,.;]",
        r"[,;]\s*\.",
        r"\.\.",
        r"\b(?P<word>\w+) (?P=word)\b",
    ):
        assert not [note for note in notes if re.search(fault, note)], fault
    assert notes.str.match(r"^[“A-Z0-9?]").all()
    assert notes.str.contains(r"[.”]$").all()
    sentences = notes.str.split(r"(?<=[.”]) (?=\S)", regex=True).explode()
    assert sentences.str.match(r"^[“A-Z0-9?]").all()


def test_there_are_at_least_forty_symptoms_and_findings():
    """Each has its own name, in both vocabularies."""
    assert len(SYMPTOMS) >= 40
    for names in zip(*(symptom[:2] for symptom in SYMPTOMS), strict=True):
        assert len(set(names)) == len(SYMPTOMS)


def test_every_symptom_is_mentioned_and_every_symptom_told_is_also_denied(world):
    """Every entry of the table is used, and no symptom's name alone says that it is present."""
    text = " ".join(world["note"])
    denials = " ".join(re.findall(r"(?:[Dd]en(?:y|ies|ied)|[Nn]o|Nil|not noticed|not have) ([^.”]*)", text)).lower()
    text = text.lower()
    for symptom in SYMPTOMS:
        name = symptom.clinical.removeprefix("a ")
        assert name in text, name
        assert symptom.examined or name in denials, name


def test_no_note_denies_what_it_tells(world):
    """A short note's list of complaints and its list of denials share nothing."""
    for note in world.loc[world["register"] == "triage nurse", "note"]:
        told = re.search(r"(?:C/o|Presents w/|/7 of) ([^.]*?)(?:,? x?\d+ ?d(?:ays)?)?\.", note)
        denied = re.search(r"(?:Denies|No|Nil) ([^.]*)\.", note)
        if told and denied:
            bare = {re.sub(r"^\?|mild |severe ", "", item) for item in told[1].split(", ")}
            assert not bare & set(denied[1].split(", ")), note


def test_all_registers_and_orders_occur(world):
    """Six writers share the notes evenly, and each begins its notes in several ways."""
    shares = world["register"].value_counts(normalize=True)
    assert set(shares.index) == {register.name for register in REGISTERS}
    assert shares.between(0.8 / len(REGISTERS), 1.2 / len(REGISTERS)).all()
    first_words = world["note"].str.split().str[0].groupby(world["register"]).nunique()
    assert (first_words >= 3).all()


def test_notes_are_not_repeated(world):
    """Practically every note is unique."""
    assert world["note"].nunique() > 0.999 * N


def test_every_note_names_its_group_once(world):
    """By the name of the patient's district, never by the other, in at least six wordings."""
    for group, part in world.groupby("group"):
        other = DISTRICTS["b" if group == "a" else "a"]
        assert (part["note"].str.count(DISTRICTS[group]) == 1).all()
        assert not part["note"].str.contains(other).any()
    around = world["note"].str.extract(rf"(\S+ \S+) \(?(?:{NAMES_OF_GROUPS})(\)? \w+)?")
    wordings = Counter(re.sub(r"^\S*\d\S*|^[\w-]*smoker\S*", "", text) for text in around[0].dropna())
    assert sum(count > N / 100 for count in wordings.values()) >= 6


def test_masked_notes_only_lack_the_words_that_name_the_group(world):
    """Masking takes a phrase out and leaves every other word in its place."""
    masked = simulate_clinic(n=N, seed=0, mask_group=True)
    assert not masked["note"].str.contains(NAMES_OF_GROUPS).any()
    phrase = re.compile(
        rf"(?: from the| who lives in| registered in| from|, lives in|, from|,)? \(?(?:{NAMES_OF_GROUPS})"
        r"(?: district| resident)?\)?"
    )
    assert world["note"].str.replace(phrase, "", n=1, regex=True).equals(masked["note"])
    others = [name for name in world.columns if name != "note"]
    assert world[others].equals(masked[others])


def test_age_and_smoking_are_in_the_note(world):
    """The age is a number and the smoking a word in every note."""
    assert all(re.search(rf"\b{age}(?=\D)", note) for age, note in zip(world["age"], world["note"], strict=True))
    words = {
        "never": r"non-smoker|never smoked",
        "former": r"former smoker|past smoker|ex-smoker|stopped smoking",
        "current": r"current smoker|daily smoker|\bsmoker|smokes daily",
    }
    for smoking, part in world.groupby("smoking"):
        assert part["note"].str.contains(words[smoking]).all()


def test_vital_signs_are_plausible_and_follow_severity(world):
    """Written temperatures lie between 35 and 41 and rise with severity, oxygen saturation falls."""
    temperature = world["note"].str.extract(r"(?:T|temperature) (\d\d\.\d)\b")[0].astype(float)
    oxygen = world["note"].str.extract(r"(?:sats|oxygen saturation) (\d+)%")[0].astype(float)
    assert temperature.dropna().between(35, 41).all() and oxygen.dropna().between(70, 100).all()
    assert temperature.notna().mean() > 0.3
    assert temperature.corr(world["severity"]) > 0.3
    assert oxygen.corr(world["severity"]) < -0.3


def test_words_of_intensity_follow_severity_but_only_partly(world):
    """A severe fever points to severity more than a mild one; for knee pain neither word tells anything."""
    severity = {}
    for name in ("fever", "productive cough", "shortness of breath", "knee pain", "back pain", "heartburn"):
        for word in ("mild", "severe"):
            severity[name, word] = world.loc[world["note"].str.contains(f"{word} {name}"), "severity"]
    for name in ("fever", "productive cough", "shortness of breath"):
        assert severity[name, "severe"].mean() - severity[name, "mild"].mean() > 0.5
    idle = [
        pd.concat([severity[n, word] for n in ("knee pain", "back pain", "heartburn")]) for word in ("mild", "severe")
    ]
    assert ks_2samp(*idle).pvalue > 1e-4


def test_some_mentions_are_hedged(world):
    """About a tenth of mentions are written as possible."""
    hedged = world["note"].str.contains(r"\?\w|possible|perhaps")
    assert 0.15 < hedged.mean() < 0.5


def test_symptoms_follow_severity_age_and_smoking_only():
    """At the reference patient the probability is the table's; the sign of the slope is the sign of the effect."""
    reference = symptom_probabilities(np.array([0.0, 1.0]), np.array([55, 55]), np.array([0.0, 0.0]))
    assert reference[0] == pytest.approx([symptom.base for symptom in SYMPTOMS])
    slopes = [symptom.severity for symptom in SYMPTOMS]
    assert (np.sign(np.round(reference[1] - reference[0], 9)) == np.sign(slopes)).all()


def test_tables_of_words_fit_their_budgets():
    """Any single mention fits its list, with an adjective and a hedge; a word of a is as long as that of b."""
    assert NAMES.shape[-1] == BARE.shape[-1] == len(SYMPTOMS)
    assert LENGTHS[EXAMINED].max() + 1 <= BUDGETS["found"]
    assert LENGTHS[~EXAMINED].max() + 2 <= BUDGETS["told"]
    assert LENGTHS[~EXAMINED].max() <= BUDGETS["denied"]
    for _, a, b in [*PLACES, ("", *DISTRICTS.values())]:
        assert len(a.split()) == len(b.split())
