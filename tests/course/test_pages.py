import hashlib
import re

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.pages import ASSETS, read_asset, render_page, shorten

FORMULA = new_markdown_cell("A gap $\\Delta v = v_a - v_b$.")
DIAGRAM = new_markdown_cell("```mermaid\nflowchart LR\n  data --> model\n```")
LIMIT = 3_000  # characters of text that a page shows of a cell, in place of a hundred thousand
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "100% done"}


def render(*cells):
    """Return the page of some cells, parsed."""
    return BeautifulSoup(render_page(new_notebook(cells=list(cells)), title="00_cells"), "html.parser")


def outside_loads(page):
    """List everything that a browser would load from elsewhere to show a page; the vendored scripts aside."""
    for script in page.select("script[id^=vendored-]"):
        script.decompose()
    addresses = [
        tag.get(name) for tag in page.find_all() for name in ("src", "data", "action", "poster") if tag.get(name)
    ]
    addresses += [tag["href"] for tag in page.find_all("link")]
    found = [address for address in addresses if not address.startswith("data:")]
    for tag in page.find_all(["script", "style"]):
        found += re.findall(
            r"""(?:import\s*\(|@import|url\s*\(|from)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", tag.get_text()
        )
    return found


def test_page_loads_nothing_from_elsewhere():
    """No script, style, picture or import has an address, whatever the notebook holds."""
    output = new_output("display_data", WIDGET)
    page = render(FORMULA, DIAGRAM, new_code_cell("tqdm()", outputs=[output]))
    assert page.select("script[id^=vendored-]")
    assert outside_loads(page) == []


def test_the_search_for_outside_loads_finds_some():
    """nbconvert's own page does load from elsewhere: the test above can fail."""
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_notebook_node(new_notebook(cells=[FORMULA]))
    assert any("cdnjs" in address for address in outside_loads(BeautifulSoup(page, "html.parser")))


@pytest.mark.parametrize(
    "cells, vendored",
    [
        ([new_markdown_cell("Words, and 5 $ or so.")], set()),
        ([FORMULA], {"vendored-mathjax"}),
        ([DIAGRAM], {"vendored-mermaid"}),
        ([new_code_cell("1", outputs=[new_output("display_data", {"text/markdown": "$x$"})])], {"vendored-mathjax"}),
        (
            [new_code_cell("1", outputs=[new_output("display_data", {"text/vnd.mermaid": "graph TD"})])],
            {"vendored-mermaid"},
        ),
    ],
    ids=["words", "formula", "diagram", "formula in an output", "diagram in an output"],
)
def test_libraries_come_along_only_where_needed(cells, vendored):
    """A page without formulas and diagrams stays small."""
    assert {script["id"] for script in render(*cells).select("script[id^=vendored-]")} == vendored


def test_diagram_and_formula_keep_their_text():
    """Mermaid reads its source from the page, MathJax its TeX."""
    page = render(FORMULA, DIAGRAM)
    assert "flowchart LR" in page.select_one(".jp-Mermaid pre.mermaid").get_text()
    assert "$\\Delta v = v_a - v_b$" in page.get_text()


def test_widget_is_shown_as_its_text():
    """A progress bar that was a widget is read as text; the notebook itself is not changed."""
    cell = new_code_cell("tqdm()", outputs=[new_output("display_data", dict(WIDGET))])
    assert "100% done" in render(cell).get_text()
    assert set(cell.outputs[0].data) == set(WIDGET)


def test_links_between_notebooks_lead_to_pages():
    """A reader of pages stays among pages."""
    page = render(new_markdown_cell("[next](04_measuring.ipynb) [there](../notebooks/05_x.ipynb#part)"))
    addresses = [link["href"] for link in page.select("p a")]
    assert addresses == ["04_measuring.html", "../notebooks/05_x.html#part"]


def test_vendored_files_are_as_published():
    """Each vendored file has the checksum in the table of assets/README.md, is under 1 MB, and has its license."""
    table = (ASSETS / "README.md").read_text()
    rows = re.findall(r"^\| `([\w.-]+)\.gz` .*\| `([0-9a-f]{64})` \| .*`([\w.-]+)` \|$", table, flags=re.MULTILINE)
    assert {f"{name}.gz" for name, _, _ in rows} == {path.name for path in ASSETS.glob("*.gz")}
    for name, expected, license in rows:
        assert hashlib.sha256(read_asset(name).encode()).hexdigest() == expected
        assert (ASSETS / f"{name}.gz").stat().st_size < 2**20
        assert (ASSETS / license).stat().st_size > 500


def test_long_text_keeps_its_beginning_and_its_end():
    """The line between them says how much is left out, and where it is."""
    assert shorten("a" * 10, 10, rest="?") == "a" * 10
    assert shorten("a" * 50 + "b" * 50, 4, rest="see there") == (
        "aa\n[... 96 characters are left out here; see there ...]\nbb"
    )


@pytest.mark.parametrize(
    "outputs",
    [
        [new_output("stream", text="x" * 3 * LIMIT)],
        [new_output("stream", text="x" * LIMIT)] * 3,
        [new_output("stream", text="x" * 9 + "\n")] * (LIMIT // 3),
        [new_output("error", ename="E", evalue="x", traceback=["x" * 3 * LIMIT])],
        [new_output("execute_result", {"text/plain": "x" * 3 * LIMIT})],
    ],
    ids=["long", "several", "many", "error", "value"],
)
def test_page_is_bounded_and_says_where_the_rest_is(outputs, monkeypatch):
    """However a cell puts out its text; the notebook itself is not changed."""
    monkeypatch.setattr("labkit.course.pages.CELL_TEXT", LIMIT)
    notebook = new_notebook(cells=[new_code_cell("print()", outputs=outputs)])
    size = len(str(notebook))
    page = render_page(notebook, title="00_cells")
    assert len(page) < len(render_page(new_notebook(cells=[new_code_cell("print()")]), title="")) + 1.5 * LIMIT
    assert "the rest is in 00_cells.ipynb" in page
    assert len(str(notebook)) == size
