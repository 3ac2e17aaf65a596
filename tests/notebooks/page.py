"""A notebook as the rules of style see it: its cells, headings and text, each parsed once.

A rule is a function from a `Page` to a list of complaints, empty where all is well. Rules register with `rule`.
"""

import ast
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from labkit.course.build import find_course

COURSE = find_course()
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Page:
    """A notebook, its name `NN_topic`, the parameters that `profiles.toml` sets for it, and where its links start."""

    notebook: Any
    name: str
    sized: frozenset[str] = frozenset()
    folder: Path = field(default=COURSE.notebooks)

    @property
    def number(self) -> str:
        """The notebook's two digits."""
        return self.name[:2]

    @cached_property
    def code(self) -> list:
        """All code cells but the one that checks the version of a copy, which the build writes."""
        return [c for c in self.notebook.cells if c.cell_type == "code" and "version" not in tags(c)]

    @cached_property
    def prose(self) -> list:
        """All markdown cells."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "markdown"]

    @cached_property
    def opening(self) -> str:
        """Text of the markdown cells before the first code cell."""
        first = next((i for i, cell in enumerate(self.notebook.cells) if cell.cell_type == "code"), None)
        return "\n\n".join(cell.source for cell in self.notebook.cells[:first] if cell.cell_type == "markdown")

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """Level and text of every heading, in order."""
        return [
            (int(before.tag[1]), token.content)
            for cell in self.prose
            for before, token in pairwise(parse_markdown(cell.source))
            if before.type == "heading_open"
        ]


@cache
def load_page(name: str, form: str) -> Page:
    """Read a notebook of the course, and what profiles.toml sets for it."""
    profiles = tomllib.loads((COURSE.notebooks / "profiles.toml").read_text(encoding="utf-8"))
    sized = frozenset(parameter for profile in profiles.values() for parameter in profile.get(name, {}))
    return Page(COURSE.read(name, form=form), name, sized)


Rule = Callable[[Page], list[str]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Register a rule under its name."""
    RULES[function.__name__] = function
    return function


def tags(cell: Any) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def quote(text: str) -> str:
    """Shorten a text for a message."""
    return repr(text if len(text) <= 90 else f"{text[:90]}…")


# ---- Markdown --------------------------------------------------------------------------------------------------------


@cache
def parse_markdown(text: str) -> list[Token]:
    """Return the tokens of a markdown text."""
    return PARSER.parse(text)


def inline_parts(cell: Any) -> list[Token]:
    """Return the inline tokens of a markdown cell."""
    return [part for token in parse_markdown(cell.source) for part in token.children or []]


def bullets_under(text: str, title: str) -> list[str] | None:
    """Return the items of the list below a heading or paragraph that begins with `title`; None without one."""
    tokens = parse_markdown(text)
    texts = [(position, token.content) for position, token in enumerate(tokens) if token.type == "inline"]
    start = next((position for position, content in texts if re.match(rf"\W*{title}\b", content)), None)
    if start is None or tokens[start + 2 : start + 3] == [] or tokens[start + 2].type != "bullet_list_open":
        return None
    items = []
    for token in tokens[start + 3 :]:
        if token.type == "bullet_list_close" and token.level == tokens[start + 2].level:
            break
        if token.type == "inline":
            items.append(" ".join(token.content.split()))
    return items


def identifiers(items: list[str] | None) -> list[str]:
    """Return the objective ids in a list of bullets."""
    return re.findall(r"`\[([^\]`]+)\]`", "\n".join(items or []))


# ---- Code ------------------------------------------------------------------------------------------------------------


@cache
def parse_code(source: str) -> ast.Module:
    """Return the syntax tree of code; lines for IPython alone (%, !) are skipped."""
    return ast.parse("\n".join("pass" if re.match(r"[%!]", line) else line for line in source.split("\n")))


def parse(cell: Any) -> ast.Module:
    """Return the syntax tree of a code cell."""
    return parse_code(cell.source)


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `subplots` for `plt.subplots()`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def calls(tree: ast.AST) -> list[ast.Call]:
    """Return all calls in a tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def fixed_text(node: ast.expr) -> str:
    """Return the text of a string expression, with a gap where a value is put in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(fixed_text, node.values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return fixed_text(node.left) + fixed_text(node.right)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "\N{WHITE SQUARE}"
