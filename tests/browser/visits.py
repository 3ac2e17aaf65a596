"""A visit to a page: it is opened from its file with the network cut, and what can be measured of it is noted."""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.chromium import open_tab, take_picture

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).resolve().parent
WIDTHS = (1100, 390)  # CSS pixels: a laptop's window, a phone
GRAVE = ("serious", "critical")

# Formulas and diagrams are drawn after the page is loaded; one with a mistake stays as it is.
FORMULAS = "() => window.MathJax?.startup?.promise?.then(() => null)"
DIAGRAMS = "() => !document.querySelector('pre.mermaid')"

# What MathJax and Mermaid draw has thousands of elements, and no text in colors of ours.
WITHOUT = {"include": [["html"]], "exclude": [["mjx-container"], ["figure svg"]]}

# At the smaller width everything is open: what is closed has no width, and is in nobody's way.
OPEN = "document.querySelectorAll('details').forEach(part => { part.open = true; })"


@dataclass(frozen=True)
class Visit:
    """What was noted of a page.

    Attributes
    ----------
    file : pathlib.Path
        The page.
    seen : dict of int to dict
        By width of the window, what look.js measures.
    violations : list of str
        Rules of axe-core that the page breaks gravely at the smaller width, each with the elements that do.
    skipped : str
        Id of what has the focus after Tab and Enter, as the first keys on the page.
    scrolled : bool
        Whether an arrow key scrolls the first box that is wider than it shows, at the smaller width; True without one.
    complaints, asked_for : list of str
        Errors in the console, and addresses outside this machine that the page tried to load.
    """

    file: Path
    seen: dict[int, dict]
    violations: list[str]
    skipped: str
    scrolled: bool
    complaints: list[str]
    asked_for: list[str]


def visit(browser: "Browser", file: Path) -> Visit:
    """Open a page and note what can be measured of it, at both widths; at the smaller one, with all its parts open."""
    seen = {}
    with open_tab(browser, width=WIDTHS[0]) as page:
        page.goto(file.as_uri())
        page.evaluate(FORMULAS)
        page.wait_for_function(DIAGRAMS)
        skipped = skip_to_content(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate(OPEN if width == WIDTHS[-1] else "null")
            page.wait_for_timeout(250)  # the page looks at its boxes again 100 ms after a change of its width
            seen[width] = page.evaluate(read_script("look.js"))
            take_picture(page, f"{file.stem}_{width}")
        violations = find_violations(page)
        scrolled = scroll_by_key(page)
        return Visit(file, seen, violations, skipped, scrolled, page.complaints, page.asked_for)


def skip_to_content(page: "Page") -> str:
    """Press Tab and, where that leads to a link within the page, Enter; return the id of what has the focus then."""
    page.keyboard.press("Tab")
    if page.evaluate("() => document.activeElement.getAttribute('href')?.startsWith('#')"):
        page.keyboard.press("Enter")
    return page.evaluate("() => document.activeElement.id")


def find_violations(page: "Page") -> list[str]:
    """Return the grave violations that axe-core finds, each with the elements that break the rule."""
    page.evaluate(read_axe())
    options = {"resultTypes": ["violations"]}
    found = page.evaluate("async ([place, options]) => (await axe.run(place, options)).violations", [WITHOUT, options])
    return [
        f"{rule['id']}: {rule['help']}: " + "; ".join(node["html"][:150] for node in rule["nodes"][:3])
        for rule in found
        if rule["impact"] in GRAVE
    ]


def scroll_by_key(page: "Page") -> bool:
    """Press an arrow key in the first box that is wider than it shows, and say whether it scrolled."""
    box = page.evaluate_handle(
        """() => [...document.querySelectorAll("main [tabindex='0']")].find(
             box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 20) ?? null"""
    ).as_element()
    if box is None:
        return True
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(300)  # Chromium scrolls smoothly
    return box.evaluate("box => box.scrollLeft > 0")


@cache
def read_script(name: str) -> str:
    """Return the text of a script beside this file."""
    return "\n".join(line for line in (HERE / name).read_text().splitlines() if not line.startswith("//"))


@cache
def read_axe() -> str:
    """Return axe-core."""
    return gzip.decompress((HERE / "assets" / "axe.min.js.gz").read_bytes()).decode()
