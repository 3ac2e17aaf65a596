"""Rules on text: typed numbers, headings, links, HTML and paths."""

import re
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.notebooks.page import Page, called, calls, fixed_text, inline_parts, parse, parse_markdown, quote, rule, tags

# What JupyterLab 4's sanitizer lets through (@jupyterlab/apputils, sanitizer.ts); everything else is dropped silently.
KEPT_TAGS = frozenset(
    """a abbr acronym address area article aside audio b bdi bdo big blockquote br button canvas caption center
    cite code col colgroup colspan command data datalist dd del details dfn dir div dl dt em fieldset
    figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hgroup hr i img input ins kbd label legend
    li map mark menu meter nav nobr ol optgroup option output p pre progress q rowspan s samp section select
    small source span strike strong sub summary sup table tbody td textarea tfoot th thead time tr track tt
    u ul var video wbr""".split()
)

DECIMAL = re.compile(r"(?<![\w.])(?<!\w-)\d*\.\d+(?!\w|\.\d)")
NAMED = re.compile(r"(?:\bversions?|\bPython|\bCUDA|\bExercises?|\bexercises?|\bv)\s?$")  # 3.11 after "Python"
CITATION = re.compile(r"\([^()]*[A-Z][^()]*, (?:1[6-9]|20)\d\d[a-z]?\b[^()]*\)")
MATH = re.compile(r"(```.*?```|`+[^`]*`+)|\$\$.*?\$\$|(?<!\\)\$(?=\S)[^$]*?(?<=\S)\$(?!\d)", re.DOTALL)


def typed_decimals(text: str) -> list[str]:
    """Return the paragraphs of a markdown text that hold a typed decimal and no citation; a table's row is one."""
    paragraphs, quoted = [], set()
    for token in parse_markdown(MATH.sub(lambda found: found[1] or " math ", text)):
        if token.type in ("paragraph_open", "heading_open", "tr_open"):
            paragraphs.append(("", ""))
            quoted = {token.type} & {"heading_open"}
        if token.type == "inline" and not quoted:
            depth, plain = 0, ""
            for part in token.children:
                depth += part.type.startswith("link_") and part.nesting
                plain += part.content if part.type == "text" and not depth else " " * (part.type != "text")
            paragraphs[-1] = tuple(f"{a} {b}" for a, b in zip(paragraphs[-1], (plain, token.content), strict=True))
    return [
        whole.strip()
        for plain, whole in paragraphs
        if not CITATION.search(" ".join(whole.split()))
        and any(not NAMED.search(plain[: found.start()]) for found in DECIMAL.finditer(plain))
    ]


@rule
def decimals_are_computed(page: Page) -> list[str]:
    """A number with a decimal point comes from the variable that holds it, or from a source that is cited."""
    return [
        f"typed decimal in {quote(text)}"
        for cell in page.prose
        if "exercise" not in tags(cell)
        for text in typed_decimals(cell.source)
    ]


@rule
def decimals_in_rendered_text_are_computed(page: Page) -> list[str]:
    """The same for `Markdown(f"…")` and for the text of a figure."""
    rendered = [
        text
        for cell in page.code
        if "exercise" not in tags(cell)
        for call in calls(parse(cell))
        for text in (
            call.args[:1] if called(call) == "Markdown" else [k.value for k in call.keywords if k.arg == "alt"]
        )
    ]
    return [f"typed decimal in {quote(text)}" for node in rendered for text in typed_decimals(fixed_text(node))]


@rule
def headings_skip_no_level(page: Page) -> list[str]:
    """A reader who jumps from heading to heading needs each step."""
    found = page.headings
    return [
        f"heading {quote(text)} has level {level}, after level {before}"
        for (before, _), (level, text) in pairwise(found)
        if level > before + 1
    ]


@rule
def title_is_the_only_one(page: Page) -> list[str]:
    """One heading of level 1; parts may have theirs."""
    return [
        f"{quote(text)} is a second title"
        for level, text in page.headings[1:]
        if level == 1 and not re.match(r"Part \w+ · ", text)
    ]


@rule
def links_lead_somewhere(page: Page) -> list[str]:
    """From `notebooks/`, and from a student's copy in `work/`, where only the notebooks are next to it."""
    found = [
        str(part.attrs.get("href", part.attrs.get("src", "")))
        for cell in page.prose
        for part in inline_parts(cell)
        if part.type in ("link_open", "image")
    ]
    anchors = {re.sub(r"\s", "-", text) for _, text in page.headings}
    complaints = []
    for link in found:
        url = urlsplit(link)
        if url.scheme in ("http", "https", "mailto"):
            continue
        path = unquote(url.path)
        if not path:
            broken = unquote(url.fragment) not in anchors
        else:
            copied = re.fullmatch(r"[\w-]+\.ipynb", path)  # `labkit start` puts all of them side by side
            starts = [page.folder] if copied else [page.folder, page.folder.parent / "work"]
            broken = not all(Path(normpath(start / path)).exists() for start in starts)
        complaints += [f"link {link!r} leads nowhere from notebooks/ or from work/"] if broken else []
    return complaints


@rule
def html_survives_jupyterlab(page: Page) -> list[str]:
    """JupyterLab silently drops other tags, such as `<group>` meant as a placeholder, and code in attributes."""
    html = [
        token.content
        for cell in page.prose
        for token in [*parse_markdown(cell.source), *inline_parts(cell)]
        if token.type in ("html_block", "html_inline")
    ]
    dropped = [tag for text in html for tag in re.findall(r"</?([a-zA-Z][\w-]*)", text) if tag.lower() not in KEPT_TAGS]
    scripted = [text for text in html if re.search(r"<[^>]*\son\w+\s*=", text)]
    return [f"<{tag}> is dropped by JupyterLab" for tag in dropped] + [f"{quote(text)} runs code" for text in scripted]


@rule
def paths_are_relative(page: Page) -> list[str]:
    """A path of one machine is missing on the next."""
    form = r"(?<![\w./])/(?:home|Users|root|mnt|opt|usr|var|etc|tmp|srv|work|content)/|\b[A-Za-z]:\\{1,2}\w|file:///"
    complaints = [
        f"absolute path in {quote(line)}"
        for cell in page.notebook.cells
        for line in (cell.source if cell.cell_type == "code" else MATH.sub(r"\1", cell.source)).splitlines()
        if re.search(form, line)
    ]
    return complaints
