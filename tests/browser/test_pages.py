"""Every page as a person opens it: a file, no network, at the width of a laptop and of a phone."""

import re
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock

from tests.browser.chromium import MARKS
from tests.browser.site import COURSE, EXECUTED, PAGES, find_page, make_site
from tests.browser.visits import WIDTHS, visit

pytestmark = MARKS

NOTEBOOKS = {f"{name}.html": name for name in COURSE.names}
LEGIBLE = 0.6  # of a figure's own size: letters of 10 points at 110 dots per inch are then 9 pixels high


@pytest.fixture(scope="session")
def site(tmp_path_factory, request):
    """The folder of all pages, made by whichever worker comes first."""
    worker = hasattr(request.config, "workerinput")
    shared = tmp_path_factory.getbasetemp().parent if worker else tmp_path_factory.getbasetemp()
    with FileLock(shared / "site.lock"):
        if not (shared / "site.made").exists():
            make_site(shared / "site")
            (shared / "site.made").touch()
    return shared / "site"


@pytest.fixture(scope="module", params=PAGES)
def visited(request, site, browser):
    """A page, visited once for all tests of it."""
    return visit(browser, find_page(site, request.param))


@cache
def anchors(file: Path) -> set[str]:
    """Return the ids on a page."""
    return set(map(unescape, re.findall(r'\sid="([^"]+)"', file.read_text(encoding="utf-8"))))


@cache
def cells_of(name: str) -> list:
    """Return the cells of a notebook's source."""
    return COURSE.read(name).cells


def test_it_says_what_it_is(visited):
    """English, one main part, one first heading, and a title that is that heading's text."""
    seen = visited.seen[WIDTHS[0]]
    assert (seen["lang"], seen["mains"], len(seen["headings"])) == ("en", 1, 1)
    assert seen["title"].strip()
    if visited.file.name in NOTEBOOKS:
        assert re.match(r"\d\d · ", seen["title"])
        assert "".join(seen["title"].split()) == "".join(seen["headings"][0].removesuffix("¶").split())


def test_neighbors_and_contents_are_one_click_away(visited):
    """Notebooks lead to the one before and the one after; a page with sections lists them."""
    seen = visited.seen[WIDTHS[0]]
    if visited.file.name in NOTEBOOKS:
        pages = list(NOTEBOOKS)
        place = pages.index(visited.file.name)
        assert seen["previous"] == (pages[place - 1] if place else None)
        assert seen["next"] == (pages[place + 1] if place + 1 < len(pages) else None)
        assert len(seen["contents"]) > 3
        assert {f"#{section}" for section in seen["sections"]} <= set(map(unquote, seen["contents"]))


def test_the_first_link_skips_to_the_content(visited):
    """Tab, then Enter: the keyboard is in the main part."""
    assert visited.skipped == "main"


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_cut_off(visited, width):
    """The page is no wider than the window; what is wider scrolls inside its box, by keyboard too."""
    seen = visited.seen[width]
    assert seen["pageWidth"] <= seen["windowWidth"]
    assert seen["cut"] == []
    assert seen["unreachable"] == []
    assert visited.scrolled


@pytest.mark.parametrize("width", WIDTHS)
def test_figures_are_legible(visited, width):
    """No figure or diagram is shrunk until its letters cannot be read."""
    figures = visited.seen[width]["figures"]
    assert [figure for figure in figures if figure[1] < LEGIBLE] == []
    if visited.file.stem in EXECUTED:
        assert figures


def test_formulas_and_diagrams_are_drawn(visited):
    """Without the network, and none with an error; as many diagrams as the notebook has."""
    seen = visited.seen[WIDTHS[0]]
    assert seen["brokenFormulas"] == [] and seen["undrawn"] == 0
    if visited.file.name in NOTEBOOKS:
        text = "\n".join(cell.source for cell in cells_of(visited.file.stem) if cell.cell_type == "markdown")
        assert seen["diagrams"] >= text.count("```mermaid")
        assert bool(seen["formulas"]) or not re.search(r"\$[^$\n]*\\\w+[^$\n]*\$", text)


def test_solutions_are_labeled_and_closed(visited):
    """One click away, and not in the eye of somebody who wants to try first."""
    if visited.file.name not in NOTEBOOKS:
        return
    parts = visited.seen[WIDTHS[0]]["parts"]
    solutions = [part for part in parts if "solution" in part["label"].lower()]
    cells = cells_of(visited.file.stem)
    asked = {str(cell.metadata.exercise) for cell in cells if "exercise" in cell.metadata and cell.cell_type == "code"}
    assert len(solutions) >= len(asked) > 0
    assert not any(part["open"] for part in solutions)
    assert all(part["label"] for part in parts)


def test_every_link_leads_somewhere(visited):
    """To a file that is there, and to a place in it; addresses of the web are whole."""
    lost = []
    for link in set(visited.seen[WIDTHS[0]]["links"]):
        parts = urlsplit(link)
        if parts.scheme in ("http", "https", "mailto"):
            lost += [link] if not (parts.netloc or parts.path) else []
            continue
        target = visited.file.parent / unquote(parts.path) if parts.path else visited.file
        there = target.is_file() and not parts.scheme
        if not there or parts.fragment and unquote(parts.fragment) not in anchors(target):
            lost.append(link)
    assert lost == []


def test_axe_finds_no_grave_violation(visited):
    """Contrast, names, roles, order of headings and more: https://dequeuniversity.com/rules/axe."""
    assert visited.violations == []


def test_nothing_is_loaded_and_nothing_complains(visited):
    """One file that needs no network, and a console without errors."""
    assert visited.asked_for == []
    assert visited.complaints == []


BAD = """<!DOCTYPE html><html><head></head><body>
<p style="color: #bbb">Pale letters.</p>
<div style="width: 2000px">A line that makes the page wider than the window.</div>
<div style="width: 200px; overflow: hidden; white-space: nowrap">Words that go on beyond the edge of the box</div>
<div style="width: 200px; overflow: auto"><pre>A box that scrolls, and that no key reaches.</pre></div>
<main><h1>One</h1><h1>Two</h1><mjx-container></mjx-container><mjx-merror data-mjx-error="x">?</mjx-merror>
<figure><svg viewBox="0 0 1000 10" width="100" height="1"></svg></figure></main>
<script src="https://example.org/a.js"></script><script>throw new Error("a fault")</script></body></html>"""


def test_a_visit_notices_what_is_wrong(browser, tmp_path):
    """Each of the tests above can fail."""
    (tmp_path / "bad.html").write_text(BAD)
    found = visit(browser, tmp_path / "bad.html")
    seen = found.seen[WIDTHS[0]]
    assert seen["lang"] == seen["title"] == "" and len(seen["headings"]) == 2
    assert seen["pageWidth"] > seen["windowWidth"]
    assert len(seen["cut"]) == len(seen["unreachable"]) == len(seen["brokenFormulas"]) == 1
    assert seen["figures"][0][1] < LEGIBLE
    assert found.skipped != "main"
    rules = " ".join(found.violations)
    assert all(rule in rules for rule in ("color-contrast", "document-title", "html-has-lang"))
    assert found.asked_for == ["https://example.org/a.js"]
    assert any("a fault" in said for said in found.complaints)
