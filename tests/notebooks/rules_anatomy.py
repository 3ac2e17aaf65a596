"""Rules on the parts of a notebook: its title, objectives, minutes, budget and ending."""

import re
from collections import Counter
from itertools import pairwise

from tests.notebooks.page import Page, bullets_under, identifiers, parse_markdown, quote, rule


@rule
def title_is_a_numbered_question(page: Page) -> list[str]:
    """`# NN · question?`, first of all, with the number of the file."""
    first = page.notebook.cells[0]
    tokens = parse_markdown(first.source) if first.cell_type == "markdown" else []
    title = tokens[1].content if tokens and tokens[0].tag == "h1" else ""
    found = re.fullmatch(r"(\d\d) · \S.*\?", title)
    if not found:
        return [f"the first cell begins {quote(first.source)}; it should be '# {page.number} · question?'"]
    return [] if found[1] == page.number else [f"the title says {found[1]}, the file {page.name}"]


@rule
def objectives_have_a_verb_and_an_id(page: Page) -> list[str]:
    """Three to five, each `*verb* … [NN-word]`, each id once."""
    items = bullets_under(page.opening, "You will be able to")
    if items is None:
        return ["no list under 'You will be able to' before the first code cell"]
    complaints = [] if 3 <= len(items) <= 5 else [f"{len(items)} objectives; there should be 3 to 5"]
    form = re.compile(rf"\*[a-z][a-z -]*\*[ ,].+ `\[{page.number}-[a-z][a-z0-9-]*\]`")
    complaints += [
        f"objective {quote(item)} should be '*verb* … `[{page.number}-word]`'"
        for item in items
        if not form.fullmatch(item)
    ]
    twice = [name for name, count in Counter(identifiers(items)).items() if count > 1]
    return complaints + [f"objective id {name} is given twice" for name in twice]


@rule
def minutes_are_stated(page: Page) -> list[str]:
    """Before the first code cell."""
    return [] if re.search(r"\b\d+ minutes\b", page.opening) else ["no 'NN minutes' before the first code cell"]


@rule
def prerequisites_are_named(page: Page) -> list[str]:
    """Prerequisites, or 'Before this' with a link; the first notebook has none before it."""
    linked = re.search(r"\bBefore this\b[^\[]*\[[^\]]+\]\([^)]+\)", page.opening)
    if page.number == "00" or linked or re.search(r"\bPrerequisites?\b", page.opening):
        return []
    return ["neither prerequisites nor 'Before this: [link](…)' before the first code cell"]


@rule
def budget_is_stated(page: Page) -> list[str]:
    """Seconds and MB in the metadata, within what the course allows a notebook on a 2-core laptop."""
    budget = page.notebook.metadata.get("labkit", {}).get("budget", {})
    most = {"seconds": 180, "mb": 3000}
    return [
        f"budget {name} is {budget.get(name)!r}; it should be a number up to {limit}"
        for name, limit in most.items()
        if not isinstance(budget.get(name), int | float) or not 0 < budget[name] <= limit
    ]


@rule
def what_you_learned_mirrors_the_objectives(page: Page) -> list[str]:
    """A bullet for every objective id, and an id in every bullet."""
    text = "\n\n".join(cell.source for cell in page.prose)
    items = bullets_under(text, "What you learned")
    if items is None:
        return ["no list right under 'What you learned'"]
    objectives = bullets_under(page.opening, "You will be able to")
    if objectives is None:
        return []  # a complaint of its own
    promised, learned = set(identifiers(objectives)), set(identifiers(items))
    complaints = [f"'What you learned' leaves out {name}" for name in sorted(promised - learned)]
    complaints += [f"'What you learned' has {name}, which is no objective" for name in sorted(learned - promised)]
    return complaints + [f"{quote(item)} has no objective id" for item in items if not identifiers([item])]


@rule
def notebook_ends_with_limits_and_next(page: Page) -> list[str]:
    """What you learned, what this does not show, next: in this order, each a heading or bold at a paragraph's start."""
    blocks = [
        token.content if before.type == "heading_open" or token.content.startswith("**") else ""
        for cell in page.prose
        for before, token in pairwise(parse_markdown(cell.source))
        if token.type == "inline"
    ]
    wanted = ("What you learned", "What this does not show", "Next")
    places = [[i for i, block in enumerate(blocks) if re.match(rf"\W*{title}\b", block)] for title in wanted]
    complaints = [f"no heading or bold beginning '{title}'" for title, at in zip(wanted, places, strict=True) if not at]
    last = [at[-1] for at in places if at]
    return complaints or ([] if last == sorted(last) else [f"the ending should be, in this order: {', '.join(wanted)}"])
