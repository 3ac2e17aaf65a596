"""Does a text that students see early give the solution away?"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from labkit.exercises import Exercise

SHORTEST = 4  # tokens of an expression that is long enough to be a recipe: a - b has three, np.mean(x) five
MOST_WORDS = 7  # in a row that a fallback may share with the idea of the solution

_TOKEN = re.compile(r"\w+|[^\w\s]")


def find_giveaways(exercise: Exercise) -> list[str]:
    """Return what the fallback of a function exercise (`otherwise`) tells of its solution.

    Parameters
    ----------
    exercise : Exercise
        One whose answer is a function, or has functions among its parts; of others nothing is returned.

    Returns
    -------
    list of str
        Pieces of code of the idea or of the reference that are in the fallback, and rows of words that it shares with
        the idea. Empty where it gives nothing away.
    """
    functions = [each for each in functions_of(exercise.reference) if callable(each)]
    if not functions or not exercise.otherwise:
        return []
    text = tokens(exercise.otherwise)
    pieces = dict.fromkeys([*marked_code(exercise.idea), *(each for f in functions for each in expressions_of(f))])
    found = [piece for piece in pieces if len(tokens(piece)) >= SHORTEST and holds(text, tokens(piece))]
    return found + shared_words(exercise.otherwise, exercise.idea)


def functions_of(reference: Any) -> list[Callable]:
    """Return the functions of a reference."""
    parts = reference.values() if isinstance(reference, dict) else [reference]
    return [each for each in parts if callable(each)]


def marked_code(text: str) -> Iterator[str]:
    """Yield the code of a text: between backticks, or all of it where it is valid Python that does something."""
    yield from re.findall(r"`([^`]+)`", text)
    bare = text.rstrip(".")
    try:
        tree = ast.parse(bare)
    except SyntaxError:
        return
    if any(isinstance(node, ast.Call | ast.BinOp | ast.Compare | ast.Subscript) for node in ast.walk(tree)):
        yield bare


def expressions_of(function: Callable) -> Iterator[str]:
    """Yield the expressions that a function returns or assigns, as they are typed."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):  # made elsewhere than in a file, or in the middle of a call
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
            yield ast.get_source_segment(source, node.value)


def tokens(text: str) -> list[str]:
    """Return the names, numbers and signs of a text, without quotes and backticks."""
    return [each.casefold() for each in _TOKEN.findall(text.replace("`", " ").replace("'", '"'))]


def holds(whole: list[str], part: list[str]) -> bool:
    """Say whether tokens follow each other in a text."""
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))


def shared_words(text: str, idea: str) -> list[str]:
    """Return rows of more than `MOST_WORDS` words that are in both texts."""
    one, other = (re.findall(r"[\w']+", each.casefold()) for each in (text, idea))
    length = MOST_WORDS + 1
    rows = (one[start : start + length] for start in range(len(one) - length + 1))
    return [" ".join(row) for row in rows if holds(other, row)]
