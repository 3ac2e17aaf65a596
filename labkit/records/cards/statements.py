"""What people say about a model: the sections of its card that no program can write, from a mapping or a TOML file."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.errors import UserError, suggest
from labkit.records.cards._sections import COMPUTED, SECTIONS, STATED, key_of
from labkit.validation import check_strings

ABOUT = ("title", "license", "language", "energy_kwh", "energy_source")  # of a file, besides sections


@dataclass(frozen=True)
class Energy:
    """Energy that was measured.

    Parameters
    ----------
    kwh : float
        Kilowatt hours, 0 or more.
    source : str
        What was measured and how, such as "training, by codecarbon 3.0".

    Raises
    ------
    UserError
        No finite number, or nobody says how it was measured.
    """

    kwh: float
    source: str

    def __post_init__(self):
        if isinstance(self.kwh, bool) or not isinstance(self.kwh, int | float) or not 0 <= self.kwh < math.inf:
            raise UserError(f"energy_kwh is {self.kwh!r}; give kilowatt hours, 0 or more, or leave it out")
        if not isinstance(self.source, str) or not self.source.strip():
            raise UserError("energy_kwh needs energy_source: say what was measured and how; or leave both out")


@dataclass(frozen=True)
class StatementsFile:
    """What a file of statements holds.

    Parameters
    ----------
    sections : dict of str to list of str
        Section of the card to its paragraphs.
    title, license, language : str
        Empty where the file does not say.
    energy : Energy or None
        None where it was not measured.
    """

    sections: dict[str, list[str]]
    title: str = ""
    license: str = ""
    language: str = ""
    energy: Energy | None = None


def read_statements(path: str | Path) -> StatementsFile:
    """Read a file of statements: TOML, with a key for each section, such as ``intended_use = "..."``.

    Parameters
    ----------
    path : str or Path
        A file in UTF-8. A value is a text or a list of texts, which become a list. ``title``, ``license``,
        ``language``, ``energy_kwh`` and ``energy_source`` may be there, too.

    Returns
    -------
    StatementsFile

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        No TOML, an unknown key (with a suggestion where one is close), or a value that is no text.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no file {str(path)!r} with statements; write one with: labkit card --questions > {path.name}"
        )
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f'{path.name!r} is no TOML in UTF-8 ({error}); write each section as: key = "text"') from error
    about = {name: found.pop(name) for name in ABOUT if name in found}
    energy = None
    if about.keys() & {"energy_kwh", "energy_source"}:
        energy = Energy(about.pop("energy_kwh", None), about.pop("energy_source", ""))
    for name, value in about.items():
        if not isinstance(value, str):
            raise UserError(f"{name} in {path.name!r} is {value!r}; give a text, in quotation marks")
    return StatementsFile(check_statements(found, place=f"the file {path.name!r}"), **about, energy=energy)


def check_statements(statements: Mapping[str, Any], *, place: str = "statements") -> dict[str, list[str]]:
    """Return the paragraphs of each section, or say which name or value is wrong.

    Parameters
    ----------
    statements : mapping of str to str or sequence of str
        A section, by its name or its key ("Intended use" or "intended_use"), to a text or a list of texts. Empty ones
        are left out: nobody has answered them.
    place : str
        Where they come from, in messages.

    Returns
    -------
    dict of str to list of str
        In the order of the card.

    Raises
    ------
    UserError
        A section that does not exist, that a program writes, or that is named twice; a value that is no text.
    """
    names, found = {key_of(section): section for section in SECTIONS}, {}
    for name, value in statements.items():
        section = names.get(key_of(str(name)))
        if section is None:
            keys = [key_of(stated) for stated in STATED]
            hint = suggest(key_of(str(name)), keys)
            listed = ", ".join(keys)
            raise UserError(f"{place}: a card has no section {name!r} to answer; {hint}it has {listed}")
        if section in COMPUTED:
            raise UserError(f"{place}: {section!r} is computed, and nobody can state it; leave it out")
        if section in found:
            raise UserError(f"{place}: {section!r} is answered twice; keep one of the two")
        found[section] = _read_texts(value, section, place)
    return {section: found[section] for section in STATED if found.get(section)}


def _read_texts(value: str | Sequence[str], section: str, place: str) -> list[str]:
    """Return one text or several, without empty ones."""
    if not isinstance(value, str | list | tuple):
        raise UserError(f"{place}: {section!r} is {value!r}; give a text or a list of texts")
    texts = [value] if isinstance(value, str) else check_strings(value, f"{section!r}") if value else []
    return [text.strip() for text in texts if text.strip()]


def write_questions() -> str:
    """Write an empty file of statements, with the question of each section above its key.

    Returns
    -------
    str
        TOML. A section whose text stays empty is missing in the card, and the card says so.
    """
    lines = [
        "# What only people can say about a model. What stays empty is called missing in the card.",
        'title = ""',
        'license = ""',
        'language = ""  # of texts that it reads, such as "en"',
        "# energy_kwh = 0.0  # if it was measured",
        '# energy_source = ""  # what was measured, and how',
    ]
    for section in STATED:
        lines += ["", f"# {section}: {SECTIONS[section]}", f'{key_of(section)} = ""']
    return "\n".join(lines) + "\n"
