"""The same exercise asked in another way: with other numbers, other letters of its options, or other calls.

A class marks answers by these (see `labkit.classroom`), so that an answer that was copied or typed in for the numbers
and calls that everybody can see does not pass. Which numbers, letters and calls they are depends only on the exercise
and on a whole number, and on the version of numpy.
"""

import hashlib
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from labkit.exercises.answers import find_calls, find_outputs
from labkit.exercises.choices import Choices, letter_options, list_options

if TYPE_CHECKING:
    from numpy.random import Generator


MOST_DRAWS = 200  # of hidden calls, until they tell the known mistakes apart


@dataclass(frozen=True)
class Variant:
    """What one variant of an exercise has in place of what was declared.

    Attributes
    ----------
    reference, wrong
        As for `exercise`.
    replace : sequence of (str, str)
        What changes in the exercise's text and stub in the student notebook: a text that is there exactly once, and
        the new one.
    settings : mapping of str to object
        Further attributes of `Exercise` that differ, such as ``judge`` or ``praise``. With ``choices``, the order of
        the options is that of the variant, and `replace` changes their letters in the text; otherwise the engine
        permutes them. Help (``hints`` and ``idea``) is shown without knowing the variant, so it must name no number
        that differs.
    """

    reference: Any
    wrong: Sequence[tuple[Any, str]]
    replace: Sequence[tuple[str, str]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


class Varied:
    """What an `Exercise` knows about being asked in another way."""

    @cached_property
    def calls(self) -> list[tuple] | None:
        """The arguments of the calls that collect an answer; None where the answer is a value."""
        return find_calls(self.collect)

    @property
    def varies(self) -> bool:
        """Whether variants differ from the exercise as declared, in numbers or in the letters of options."""
        return self.variants is not None or bool(option_sets(self.choices))

    def draw_hidden(self, seed: int) -> list[tuple]:
        """Draw calls that nobody can see in advance, for `asking`.

        Parameters
        ----------
        seed : int
            At least 0. The same seed draws the same calls.

        Returns
        -------
        list of tuple
            The arguments of each call.

        Raises
        ------
        ValueError
            The exercise declares no hidden calls, or the seed is no such number.
        """
        if self.hidden is None:
            raise ValueError(f"exercise {self.id} declares no hidden calls (hidden=)")
        rng = make_rng("hidden", self.id, seed)
        for _ in range(MOST_DRAWS):
            calls = [tuple(call) for call in self.hidden(rng)]
            if self.always_apart or self.asking(calls).knows_mistakes():
                return calls
        raise ValueError(f"exercise {self.id}: none of {MOST_DRAWS} draws tells the known mistakes apart")

    def knows_mistakes(self) -> bool:
        """Say whether every wrong answer that is a function gets its hint, with the calls that there are."""
        functions = ((answer, hint) for answer, hint in self.wrong if callable(answer))
        return all(self.outcome(answer).message.startswith(hint) for answer, hint in functions)

    def asking(self, calls: Sequence[tuple]) -> Self:
        """Return the exercise with other calls, by which it then judges.

        Parameters
        ----------
        calls : sequence of tuple
            The arguments of each call.

        Returns
        -------
        Exercise

        Raises
        ------
        ValueError
            The answer is a value, which has no calls.
        TypeError
            The exercise calls the function in its own way (see `find_outputs`).
        """
        outputs = find_outputs(self.collect)
        if outputs is None:
            raise ValueError(f"exercise {self.id} asks for a value, which has no calls")
        return replace(self, collect=outputs.with_probes(*calls))

    def variant(self, number: int) -> Self:
        """Return a variant of the exercise: other numbers where it declares them, and other letters of its options.

        Parameters
        ----------
        number : int
            At least 0. The variant 0 is the exercise as declared; the same number gives the same variant.

        Returns
        -------
        Exercise
            The exercise itself where nothing varies.

        Raises
        ------
        ValueError
            The number is no such number, or the exercise is itself a variant.
        """
        number = whole_number(number, "variant")
        if number == self.number or not self.varies:
            return self
        if self.number:
            raise ValueError(
                f"this is variant {self.number} of exercise {self.id}; ask the declared exercise for others"
            )
        if number not in self._made:
            self._made[number] = self._make(number)
        return self._made[number]

    def replacements(self, number: int) -> list[tuple[str, str]]:
        """Return what changes in the exercise's text and stub in the student notebook, for `rewrite_cells`.

        Parameters
        ----------
        number : int
            Of the variant.

        Returns
        -------
        list of (str, str)
            Old and new texts. They change at once: an old text may also be part of a new one.
        """
        made = self.variant(number)
        if made is self:
            return []
        drawn = self._draw(number)
        found = list(drawn.replace) if drawn else []
        if drawn is None or "choices" not in drawn.settings:
            orders = zip(option_sets(self.choices), option_sets(made.choices), strict=True)
            found += [replace_options(old, new, self.written) for old, new in orders]
        return [(old, new) for old, new in found if old != new]

    @cached_property
    def _made(self) -> dict[int, Self]:
        """The variants made so far."""
        return {}

    def _draw(self, number: int) -> Variant | None:
        return None if self.variants is None else self.variants(make_rng("variant", self.id, number))

    def _make(self, number: int) -> Self:
        drawn = self._draw(number)
        changes = {"choices": shuffle_choices(self.choices, make_rng("choices", self.id, number))}
        if drawn is not None:
            changes |= {"reference": drawn.reference, "wrong": tuple(drawn.wrong), **drawn.settings}
        return replace(self, number=number, **changes)


# ---- Options in another order ----------------------------------------------------------------------------------------


def option_sets(choices: Choices | None) -> list[tuple[str, ...]]:
    """Return the different sets of options whose letters count; options that are letters are their own."""
    given = choices.values() if isinstance(choices, Mapping) else [choices] if choices is not None else []
    return [options for options in dict.fromkeys(map(tuple, given)) if letter_options(options)]


def shuffle_options(options: Sequence[str], rng: "Generator") -> tuple[str, ...]:
    """Return options in a random order; each order, also the one given, is as likely as any other."""
    return tuple(options[place] for place in rng.permutation(len(options)))


def shuffle_choices(choices: Choices | None, rng: "Generator") -> Choices | None:
    """Return the choices of an exercise with every set of options in another order, the same for equal sets."""
    orders = {options: shuffle_options(options, rng) for options in option_sets(choices)}

    def order(options: Sequence[str]) -> tuple[str, ...]:
        return orders.get(tuple(options), tuple(options))

    if isinstance(choices, Mapping):
        return {key: order(options) for key, options in choices.items()}
    return None if choices is None else order(choices)


def replace_options(
    old: Sequence[str], new: Sequence[str], written: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return the list of options in a notebook, and the list that takes its place.

    Parameters
    ----------
    old, new : sequence of str
        The options in the order of their letters.
    written : mapping of str to str, optional
        What is written after the letter, where that is more than the option.

    Returns
    -------
    (str, str)

    Examples
    --------
    >>> replace_options(["rises", "falls"], ["falls", "rises"], {"falls": "falls: it gets less"})
    ('- A. rises\\n- B. falls: it gets less', '- A. falls: it gets less\\n- B. rises')
    """
    texts = written or {}
    one, other = (list_options([texts.get(each, each) for each in options], start="- ") for options in (old, new))
    return one, other


# ---- The text of a variant -------------------------------------------------------------------------------------------


def rewrite_cells(sources: Sequence[str], replacements: Sequence[tuple[str, str]]) -> list[str]:
    """Return the cells of an exercise with the replacements of a variant carried out, all at once.

    Parameters
    ----------
    sources : sequence of str
        The exercise's cells in the student notebook: its text and its stub.
    replacements : sequence of (str, str)
        From `Exercise.replacements`.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        A text to replace is in none of the cells, twice in one, or overlaps another one.

    Examples
    --------
    >>> rewrite_cells(["Of 300 people, 120 came."], [("300", "120"), ("120 came", "90 came")])
    ['Of 120 people, 90 came.']
    """
    for old, _ in replacements:
        counts = [source.count(old) for source in sources]
        if not old or not any(counts) or max(counts) > 1:
            raise ValueError(
                f"the text {old!r} must be exactly once in a cell of the exercise; it is there {counts} times"
            )
    return [rewrite(source, replacements) for source in sources]


def rewrite(source: str, replacements: Sequence[tuple[str, str]]) -> str:
    """Return one cell with the replacements whose old text is in it."""
    places = sorted((source.index(old), old, new) for old, new in replacements if old in source)
    pieces, end = [], 0
    for start, old, new in places:
        if start < end:
            raise ValueError(f"the text {old!r} overlaps another one that is replaced")
        pieces += [source[end:start], new]
        end = start + len(old)
    return "".join([*pieces, source[end:]])


# ---- Random numbers --------------------------------------------------------------------------------------------------


def make_rng(purpose: str, identifier: str, number: int) -> "Generator":
    """Return the random numbers for one purpose, one exercise and one whole number."""
    import numpy as np

    text = f"{purpose} {identifier} {whole_number(number, 'seed')}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()))


def whole_number(number: Any, name: str) -> int:
    """Return a whole number, at least 0; ValueError for anything else."""
    try:
        value = -1 if isinstance(number, bool) else operator.index(number)
    except TypeError:
        value = -1
    if value < 0:
        raise ValueError(f"{name} is {number!r}; give a whole number, 0 or larger")
    return value


Hidden = Callable[["Generator"], Sequence[tuple]]  # draws the arguments of calls
Variants = Callable[["Generator"], Variant]  # draws a variant
