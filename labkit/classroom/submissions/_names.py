"""Names in the code of students, found by patterns: broken code has names, too, and nothing here can be made to crash.

(Python's own parser can end the process on code that is made for it, so students' code is parsed in the box only.)
"""

import re
from collections import Counter

LONGEST = 20_000  # characters of a cell that are looked at

# Each pattern takes time in proportion to the text: no part can match the same characters in two ways.
_NAME = r"[^\W\d]\w*"
_GAP = r"[ \t]{0,20}"
_DEFINED = re.compile(rf"^(?:async[ \t]+)?(?:def|class)[ \t]+({_NAME})", re.MULTILINE)
_ASSIGNED = re.compile(
    rf"^(\(?\*?{_NAME}{_GAP}(?:,{_GAP}\*?{_NAME}{_GAP})*,?\)?{_GAP}(?::[^=\n]{{1,200}})?=(?!=)"
    rf"(?:{_GAP}{_NAME}{_GAP}=(?!=))*)",
    re.MULTILINE,
)
_CHANGED = re.compile(
    rf"^({_NAME})(?:{_GAP}(?:[-+*/%&|^@]|//|\*\*|<<|>>)=|(?:\.\w+|\[[^\[\]\n]{{0,200}}\])+{_GAP}=(?!=))",
    re.MULTILINE,
)
_IMPORTED = re.compile(r"^(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(?:\(([^)]{0,5000})\)|([^\n(#]+))", re.MULTILINE)
_LOOPED = re.compile(
    rf"^(?:for[ \t]+([\w, ()]{{1,200}}?)[ \t]+in\b|with\b[^\n]*\bas[ \t]+({_NAME}){_GAP}:)", re.MULTILINE
)
_ANY_NAME = re.compile(rf"(?<![\w.]){_NAME}")
_STRINGS = re.compile(  # a text that is not closed ends with its line, or with the cell
    r"(?<![fF\w])[rRbBuU]{0,2}(?:'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z)|'[^'\\\n]*(?:\\.[^'\\\n]*)*(?:'|(?=\n)|\\?\Z)"
    r"|\"[^\"\\\n]*(?:\\.[^\"\\\n]*)*(?:\"|(?=\n)|\\?\Z))|#[^\n]*",
    re.DOTALL,
)
_TOKEN = re.compile(r"\w+|[^\w\s]")


def bound_names(source: str) -> set[str]:
    """Return the names that code binds at its top level: functions, classes, variables, imports."""
    source = source[:LONGEST]
    found = set(_DEFINED.findall(source))
    for match in _ASSIGNED.finditer(source):
        for part in match[1].split("="):
            found.update(re.findall(_NAME, part.split(":")[0]))
    for listed, line in _IMPORTED.findall(source):
        for part in re.sub(r"#[^\n]*", "", listed or line).split(","):
            if words := re.findall(_NAME, part):
                found.add(words[-1] if "as" in words else words[0])
    for target, name in _LOOPED.findall(source):
        found.update(re.findall(_NAME, target or name))
    return found


def changed_names(source: str) -> set[str]:
    """Return the names that code binds or changes at its top level: ``x += 1``, ``x["a"] = 1``."""
    return bound_names(source) | set(_CHANGED.findall(source[:LONGEST]))


def read_words(source: str) -> set[str]:
    """Return all names in code, without those in comments and in texts that are no f-strings."""
    return set(_ANY_NAME.findall(_STRINGS.sub(" ", source[:LONGEST])))


def without_blanks(source: str) -> str:
    """Return a source without what does not count: line ends, spaces at ends of lines, empty lines around it."""
    return "\n".join(line.rstrip() for line in source.replace("\r\n", "\n").replace("\r", "\n").split("\n")).strip()


def count_tokens(source: str) -> Counter[str]:
    """Return how often each word and sign appears."""
    return Counter(_TOKEN.findall(source[:LONGEST]))


def likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return what two sources have in common, from 0 to 1: twice the common words over all words (Dice, 1945)."""
    if not one or not other:
        return 0.0
    return 2 * (one & other).total() / (one.total() + other.total())
