"""The page of an audit as a person opens it: a file, no network, at the width of a laptop, of a phone and on paper."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from rich.console import Console

from labkit.audit.command.run import audit_file
from tests.browser.chromium import MARKS, open_tab
from tests.browser.visits import WIDTHS, visit

pytestmark = MARKS

LEGIBLE = 0.6  # as for all pages: letters of 10 points are then 9 pixels high
NAMES = ["中文", "العربية", "हिन्दी", "👩‍💻", "under $10k (5%), no $", "x" * 200, "<script>alert(1)</script>", "_other"]
SHEET = 680  # CSS pixels of A4 within its margins
LINES = 2  # a rate with the people behind it, and its interval below


def make_log(groups, n):
    """Make decisions with scores about people of several groups, of two sexes."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"group": rng.choice(groups, n), "sex": rng.choice(["f", "m"], n), "score": rng.random(n)})
    frame["yhat"] = (frame["score"] > 0.6).astype(int)
    return frame.assign(y=(rng.random(n) < frame["score"]).astype(int))


CASES = {
    "names": (NAMES, 2400, {"sensitive": "group", "score": "score", "favorable": 1}),
    "two columns": (["a", "b", "c"], 900, {"sensitive": ["group", "sex"], "positive_means": "loan approved"}),
    "many groups": ([f"site {i}" for i in range(120)], 4000, {"sensitive": "group"}),
}


@pytest.fixture(scope="module", params=CASES)
def page(request, tmp_path_factory):
    """Audit a log and return its page."""
    groups, n, options = CASES[request.param]
    folder = tmp_path_factory.mktemp("audit")
    make_log(groups, n).to_csv(folder / "log.csv", index=False)
    options = {"label": "y", "prediction": "yhat", **options, "n_tables": 99, "output": folder / "out"}
    audit_file(folder / "log.csv", **options, console=Console(file=io.StringIO()))
    return folder / "out" / "audit.html"


@pytest.fixture(scope="module")
def visited(page, browser):
    """The page, visited once for all tests of it."""
    return visit(browser, page)


def test_it_loads_nothing_and_breaks_no_rule(visited):
    """No address outside, no error in the console, and axe-core finds nothing grave."""
    assert visited.asked_for == visited.complaints == visited.violations == []


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_the_window(visited, width):
    """The page does not scroll sideways, nothing is cut off, boxes are reached by keyboard, figures can be read."""
    seen = visited.seen[width]
    assert seen["pageWidth"] <= seen["windowWidth"] and seen["cut"] == seen["unreachable"] == []
    assert seen["figures"] and all(scale >= LEGIBLE for _, scale in seen["figures"])
    assert visited.skipped == "main" and visited.scrolled


def test_it_has_one_main_part_and_a_table_of_contents(visited):
    """Every link of the contents leads to a heading; files beside the page are there."""
    seen = visited.seen[WIDTHS[0]]
    assert seen["mains"] == 1 and len(seen["headings"]) == 1
    assert len(seen["contents"]) > 5 and {f"#{name}" for name in seen["sections"]} >= set(seen["contents"])
    files = [link for link in seen["links"] if not link.startswith("#")]
    assert len(files) >= 4 and all((visited.file.parent / name).is_file() for name in files)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_number_and_its_interval_take_two_lines(page, browser, width):
    """In every cell of every table, and an interval is never broken."""
    count_lines = """() => [...document.querySelectorAll("td .ci")].map(part => part.getClientRects().length)"""
    high = """() => [...document.querySelectorAll("td:has(.ci)")].filter(cell => cell.checkVisibility())
              .map(cell => [...cell.childNodes].reduce((lines, node) => lines + (node.nodeName === "BR"), 1))"""
    with open_tab(browser, width=width) as tab:
        tab.goto(page.as_uri())
        tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
        lines = tab.evaluate(count_lines)
        assert len(lines) > 20 and set(lines) == {1}
        assert max(tab.evaluate(high)) == LINES


def test_a_phone_shows_figures_whole_and_names_beside_numbers(page, browser):
    """No figure scrolls; where a table does, the names of its rows stay in view, and captions are not cut."""
    with open_tab(browser, width=WIDTHS[-1]) as tab:
        tab.goto(page.as_uri())
        cut = """() => [...document.querySelectorAll(".scroll.figure")].filter(box => box.scrollWidth > box.clientWidth)
                 .length"""
        assert tab.evaluate(cut) == 0
        letters = """() => [...document.querySelectorAll("picture > img")].map(image => image.clientWidth
                     / image.naturalWidth)"""
        assert min(tab.evaluate(letters)) > 0.85  # of their own size: letters of 14 pixels have 12 or more
        moved = tab.evaluate("""() => [...document.querySelectorAll(".scroll:has(table)")]
            .filter(box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 40)
            .map(box => {
              box.scrollLeft = 1000;
              const left = (part) => Math.round(part.getBoundingClientRect().left - box.getBoundingClientRect().left);
              return [left(box.querySelector("tbody th")), left(box.querySelector("thead th")),
                      Math.round(box.querySelector("caption").getBoundingClientRect().right) <= innerWidth];
            })""")
        assert len(moved) > 0 and all(each == [0, 0, True] for each in moved)


def test_a_phone_shows_that_tables_scroll(page, browser):
    """A sentence says so, and a table that goes on has a shadow at that edge, until it is scrolled to its end."""
    with open_tab(browser, width=WIDTHS[0]) as tab:
        tab.goto(page.as_uri())
        assert not tab.locator(".sideways").is_visible()
    with open_tab(browser, width=WIDTHS[-1]) as tab:
        tab.goto(page.as_uri())
        assert tab.locator(".sideways").is_visible()
        box = tab.locator(".scroll:has(table)").first
        assert box.evaluate("box => box.scrollWidth > box.clientWidth + 40")

        def measure_edge():
            picture = np.asarray(Image.open(io.BytesIO(box.screenshot())).convert("L"), float)  # (height, width)
            return np.median(picture[:, -2:]), np.median(picture[:, -60:-40])

        edge, inside = measure_edge()
        assert edge < inside - 20
        box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
        edge, inside = measure_edge()
        assert abs(edge - inside) < 5


def test_paper_shows_all_of_it(page, browser):
    """Printed, nothing scrolls: boxes are as wide as their tables, and the contents are left out."""
    with open_tab(browser, width=SHEET) as tab:
        tab.goto(page.as_uri())
        tab.emulate_media(media="print")
        assert not tab.evaluate("document.querySelector('.here').checkVisibility()")
        hidden = """() => [...document.querySelectorAll(".scroll")]
                    .filter(box => getComputedStyle(box).overflowX !== "visible").length"""
        assert tab.evaluate(hidden) == 0
        wide = """() => [...document.querySelectorAll("table")].filter(table => table.offsetWidth > innerWidth)
                  .map(table => table.caption.textContent)"""
        assert tab.evaluate(wide) == []
        folded = tab.evaluate("[...document.querySelectorAll('details:not([open]) > :not(summary)')].length")
        shown = """() => [...document.querySelectorAll("details:not([open]) > :not(summary)")]
                   .filter(part => part.checkVisibility() && part.getBoundingClientRect().height > 10).length"""
        assert tab.evaluate(shown) == folded >= tab.locator("details").count()
        assert tab.pdf(format="A4").startswith(b"%PDF")
