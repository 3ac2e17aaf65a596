"""Choices are answered by letter: the notebook lists the options with their letters, as they are declared."""

import re
from collections.abc import Mapping

import pytest

from labkit.course.build import find_course
from labkit.exercises._solutions import cells_in
from labkit.exercises.checking import exercises

COURSE = find_course()
# Option sets that judges ask for by themselves, because the parts of a pair have different ones.
PAIRS = {"00.2": ("PROPERTIES", "STEPS"), "04.2": ("RATES", "RULES")}
SHORT = 100  # characters: a longer text is written, not chosen
LISTED = re.compile(r"^(?:- |\| )([A-Z])\. (.+?)(?: \|.*)?$", re.MULTILINE)


def exercise_cells(name: str) -> dict[str, tuple[str, str]]:
    """Return the text and the stub of each exercise of a notebook, by its id."""
    cells = cells_in(COURSE.path(name).read_text(encoding="utf-8"))
    asked = [(re.search(r'exercise="([^"]+)"', header), place) for place, (header, _) in enumerate(cells)]
    return {
        found[1]: (re.sub(r"^# ?", "", cells[place - 1][1], flags=re.MULTILINE), cells[place][1])
        for found, place in asked
        if found
    }


def listed_options(text: str) -> list[list[str]]:
    """Return the lists with letters in a text; each begins at A, and its letters follow one another."""
    found = []
    for letter, option in LISTED.findall(text):
        if letter == "A":
            found.append([])
        assert letter == chr(ord("A") + len(found[-1])), option
        found[-1].append(option)
    return found


def declared_options(each) -> list[tuple[str, ...]]:
    """Return the different sets of options of an exercise whose letters count; single letters are their own."""
    if each.id in PAIRS:
        module = __import__(each.judge.__module__, fromlist=PAIRS[each.id])
        return [tuple(getattr(module, name)) for name in PAIRS[each.id]]
    given = each.choices.values() if isinstance(each.choices, Mapping) else [each.choices] if each.choices else []
    return [options for options in dict.fromkeys(map(tuple, given)) if len(options[0]) > 1]


@pytest.mark.parametrize("name", COURSE.names)
def test_options_are_listed_with_their_letters(name):
    """In the declared order, once each, with words after a colon at most; the stub says that letters are enough."""
    cells = exercise_cells(name)
    for each in exercises():
        if each.id[:2] == name[:2] and (declared := declared_options(each)):
            text, stub = cells[each.id]
            listed = listed_options(text)
            assert len(listed) == len(declared), each.id
            for options in declared:
                fits = [
                    len(found) == len(options)
                    and all(
                        line == one or line.startswith(f"{one}: ") for line, one in zip(found, options, strict=True)
                    )
                    for found in listed
                ]
                assert sum(fits) == 1, (each.id, options, listed)
            assert re.search(r"letter", stub), each.id


def test_every_choice_by_a_word_has_letters():
    """A text among few that are declared wrong or right is a choice; none is left without letters."""
    without = []
    for each in exercises():
        answer = each.reference
        texts = {key for key, value in answer.items() if isinstance(value, str)} if isinstance(answer, dict) else set()
        known = set(each.choices) if isinstance(each.choices, Mapping) else set()
        if texts - known or (isinstance(answer, str) and not each.choices and len(answer) < SHORT):
            without.append(each.id)
    assert without == []
