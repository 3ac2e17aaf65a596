"""The clinic's notes: facts about a patient, and chance, become a text that reads like a note.

Every choice is made by a random number that belongs to the patient (`WIDTHS`), never to the group or to a knob. So the
other group, or another value of a knob, changes exactly the words that it is about and leaves the rest as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from labkit.data.clinic.vocabulary import (
    DAYS,
    DISTRICTS,
    EXAMINED,
    HISTORY,
    LAY,
    PLACES,
    PROSE,
    REGISTERS,
    SEVERITY_SLOPES,
    SHORT,
    SYMPTOMS,
    VAGUE,
    Style,
    Symptom,
)

HEDGED = 0.12  # probability that a mentioned symptom is written as only possible


MILDER, STRONGER = -0.7, 0.8  # standard deviations; below or above them a mention gets a word for its intensity


MOST = {"told": 3, "found": 2, "denied": 3}  # how many are mentioned, at most


BUDGETS = {"told": 11, "found": 7, "denied": 6}  # how many words each list may have


MAX_WORDS = 60


EXPENDABLE = ("aside", "history", "vitals", "denied")  # left out, in this order, if a note is too long


CHOICES = (
    "order",
    "opening",
    "person",
    "district",
    "told",
    "denied",
    "found",
    "vitals",
    "aside",
    "topic",
    "days",
    "past",
)


# Purpose -> how many random numbers a patient needs for it: uniform ones, but standard normal for "intensity".
WIDTHS = {
    "mention": len(SYMPTOMS),
    "intensity": len(SYMPTOMS),
    "hedge": len(SYMPTOMS),
    "unwritten": len(SYMPTOMS),
    "vague": len(SYMPTOMS),
    "vital": 4,
    "place": len(PLACES),
    "proxy": 2 * 2,
    "register": 1,
    "wording": len(CHOICES),
}


@dataclass(frozen=True)
class Facts:
    """The facts about n patients: the only things, besides chance, that their notes depend on."""

    age: np.ndarray  # (n,) years
    smoking: np.ndarray  # (n,) 0 never, 1 former, 2 current
    severity: np.ndarray  # (n,) standard deviations
    present: np.ndarray  # (n, J) bool, one column for each of SYMPTOMS
    vitals: np.ndarray  # (n, 4) degrees Celsius, breaths per minute, % oxygen saturation, heartbeats per minute
    in_b: np.ndarray  # (n,) bool: the patient belongs to group b


class Notes(NamedTuple):
    """What was written about n patients."""

    texts: list[str]
    registers: list[str]
    mentioned: np.ndarray  # (n,) symptoms and findings that came up
    written: np.ndarray  # (n,) how many of them were written down, and not vaguely


def _spell(style: Style, hedged: bool, level: int, symptom: Symptom) -> str:
    """Name a symptom in a style, with its intensity (0 milder, 1 no word, 2 stronger) and article."""
    lay = style.lay and not symptom.examined  # findings are in the clinician's words in every style
    name = symptom.lay if lay else symptom.clinical
    milder, stronger = ("slight ", "marked ") if symptom.examined else style.adjectives
    phrase = (milder, "", stronger)[level] + name.removeprefix("a ")
    if hedged and not lay:
        phrase = (PROSE if style.lay else style).hedge + phrase
    if name.startswith("a ") and style.articles:
        phrase = ("an " if phrase[0] in "aeiou" else "a ") + phrase
    return style.hedge + phrase if hedged and lay else phrase


STYLES = (SHORT, PROSE, LAY)


NAMES = np.array(  # (style, hedged, level, symptom)
    [[[[_spell(t, h, v, s) for s in SYMPTOMS] for v in range(3)] for h in (False, True)] for t in STYLES], dtype=object
)


BARE = np.array(  # (style, symptom): its name after a "no"
    [[(s.lay if t.lay else s.clinical).removeprefix("a ") for s in SYMPTOMS] for t in STYLES], dtype=object
)


RELEVANCE = 0.4 + np.abs(SEVERITY_SLOPES)  # (J,) informative symptoms are mentioned more often


TOPICS = BARE[:, ~EXAMINED]


LENGTHS = np.array([max(len(s.clinical.split()), len(s.lay.split())) for s in SYMPTOMS])  # (J,) words


STYLE_OF_REGISTER = np.array([STYLES.index(register.style) for register in REGISTERS])


def _pick(purpose: str, keys: np.ndarray, eligible: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pick columns of each row, in the order of their keys, until the budget of words is spent.

    Returns the columns, (n, most), and which of them are picked, (n, most) bool.
    """
    columns = np.argsort(np.where(eligible, keys, np.inf), axis=1)[:, : MOST[purpose]]
    spent = np.cumsum(np.take_along_axis(lengths, columns, axis=1), axis=1)
    return columns, np.take_along_axis(eligible, columns, axis=1) & (spent <= BUDGETS[purpose])


def _join(items: list[str], last: str) -> str:
    """Join items with commas, and the last one with its own word."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + last + items[-1]


def _compose(row: dict, told: list[str], found: list[str], district: str | None, left_out: tuple[str, ...]) -> str:
    """Choose a patient's sentences, fill them in and put them in order; a sentence with an empty list is left out."""
    register = REGISTERS[row["register"]]
    style, (and_, or_) = register.style, register.style.last
    choose = dict(zip(CHOICES, row["wording"], strict=True))

    def pick(options: Sequence, choice: str) -> Any:
        return options[int(choose[choice] * len(options))]

    vitals = [style.vitals[i].format(row["vitals"][i]) for i in row["vital_order"][: style.vitals_written]]
    access = [PLACES[place][0].format(PLACES[place][1 + b]) for place, b in zip(*row["places"], strict=True)]
    sentences = {
        "opening": pick(register.opening, "opening").format(
            age=row["age"],
            person=pick(style.people[row["smoking"]], "person"),
            district=pick(style.district, "district").format(district) if district else "",
        ),
        "vitals": pick(register.vitals, "vitals").format(list=_join(vitals, and_)),
        "access": style.access.format(*access),
        "aside": pick(style.asides, "aside").format(pick(TOPICS[STYLES.index(style)], "topic")),
        "history": pick(register.history, "past").format(item=pick(HISTORY, "topic")),
    }
    days = pick(DAYS[style.articles], "days")
    for purpose, names, last in (("told", told, and_), ("found", found, and_), ("denied", row["denied"], or_)):
        items = list(dict.fromkeys(name for name in names if name))  # a vague phrase is not repeated
        if items:
            sentences[purpose] = pick(getattr(register, purpose), purpose).format(list=_join(items, last), days=days)
    kinds = [kind for kind in pick(register.orders, "order").split() if kind in sentences and kind not in left_out]
    return " ".join(sentences[kind][0].upper() + sentences[kind][1:] for kind in kinds)


def _compose_within_limit(row: dict) -> str:
    """Compose a note of at most `MAX_WORDS` words.

    What is left out for length depends on the note as it would be with all knobs neutral, so that no knob changes it.
    """
    left_out: tuple[str, ...] = ()
    neutral = row["told"], row["found"], row["district"]
    text = _compose(row, *neutral, left_out)
    for kind in EXPENDABLE:
        if len(text.split()) <= MAX_WORDS:
            break
        left_out += (kind,)
        text = _compose(row, *neutral, left_out)
    actual = row["told_written"], row["found_written"], row["district_written"]
    return text if actual == neutral else _compose(row, *actual, left_out)


def write_notes(
    facts: Facts,
    draws: dict[str, np.ndarray],
    *,
    measurement_bias: float = 0.0,
    proxy_strength: float = 0.0,
    mask_group: bool = False,
) -> Notes:
    """Write a note for each patient.

    It mentions up to three symptoms and two findings that the patient has, and up to three symptoms that the patient
    does not have, chosen by chance. A mention gets a word for its intensity if ``severity slope * s + noise`` is low or
    high.

    Parameters
    ----------
    facts : Facts
        The patients.
    draws : dict of ndarray
        Random numbers of shape (n, width) for each key of `WIDTHS`.
    measurement_bias : float
        Probability that a mention of a symptom of b is left out or, equally often, made vague; from 0 to 1.
    proxy_strength : float
        Probability that a place in the note is that of the patient's group, from 0 to 1; otherwise a coin picks it.
    mask_group : bool
        Leave out the words that name the group.

    Returns
    -------
    Notes
        One per patient, in the order of the facts.
    """
    hedged, keys = draws["hedge"] < HEDGED, draws["mention"] / RELEVANCE
    intensity = facts.severity[:, None] * SEVERITY_SLOPES + draws["intensity"]  # (n, J)
    level = 1 + (intensity > STRONGER).astype(int) - (intensity < MILDER)
    unwritten = (draws["unwritten"] < measurement_bias) & facts.in_b[:, None]
    register = (draws["register"][:, 0] * len(REGISTERS)).astype(int)
    style = STYLE_OF_REGISTER[register][:, None]  # (n, 1)

    lists, mentioned, written = {}, 0, 0
    for purpose, eligible in (("told", facts.present & ~EXAMINED), ("found", facts.present & EXAMINED)):
        columns, picked = _pick(purpose, keys, eligible, LENGTHS + 1 + hedged)  # room for an adjective and a hedge
        at = np.arange(len(columns))[:, None], columns
        names = NAMES[style, hedged[at].astype(int), level[at], columns]
        vague = np.where(
            draws["vague"][at] < 0.5, np.array(VAGUE[purpose], dtype=object)[columns % len(VAGUE[purpose])], ""
        )
        lists[purpose] = np.where(picked, names, "").tolist()
        lists[f"{purpose}_written"] = np.where(picked, np.where(unwritten[at], vague, names), "").tolist()
        mentioned, written = mentioned + picked.sum(axis=1), written + (picked & ~unwritten[at]).sum(axis=1)
    lengths = np.broadcast_to(LENGTHS, keys.shape)
    columns, picked = _pick("denied", keys, ~facts.present & ~EXAMINED, lengths)
    lists["denied"] = np.where(picked, BARE[style, columns], "").tolist()

    reveals, coin = np.split(draws["proxy"], 2, axis=1)  # each (n, 2)
    place_of_b = np.where(reveals < proxy_strength, facts.in_b[:, None], coin < 0.5).astype(int)
    places = np.argsort(draws["place"], axis=1)[:, :2]
    districts = [DISTRICTS["b" if b else "a"] for b in facts.in_b.tolist()]
    columns = {
        "age": facts.age.tolist(),
        "smoking": facts.smoking.tolist(),
        "district": districts,
        "district_written": [None] * len(districts) if mask_group else districts,
        "vitals": facts.vitals.tolist(),
        "vital_order": np.argsort(draws["vital"], axis=1).tolist(),
        "places": np.stack([places, place_of_b], axis=1).tolist(),
        "register": register.tolist(),
        "wording": draws["wording"].tolist(),
        **lists,
    }
    texts = [_compose_within_limit(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    return Notes(texts, [REGISTERS[index].name for index in register.tolist()], mentioned, written)
