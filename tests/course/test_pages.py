import copy
import hashlib
import re

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labkit.course.pages.notebook import ASSETS, read_asset, render_page, shorten

FORMULA = new_markdown_cell("A gap $\\Delta v = v_a - v_b$.")
DIAGRAM = new_markdown_cell("```mermaid\nflowchart LR\n  data --> model\n```")
LIMIT = 3_000  # characters of text that a page shows of a cell, in place of a hundred thousand
WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "100% done"}


def render(*cells):
    """Return the page of some cells, parsed."""
    numbered = [NotebookNode(copy.deepcopy(cell) | {"id": f"cell-{number}"}) for number, cell in enumerate(cells)]
    return BeautifulSoup(render_page(new_notebook(cells=numbered), name="00_cells"), "html.parser")


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
    assert "flowchart LR" in page.select_one(".scroll .jp-Mermaid pre.mermaid").get_text()
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
    monkeypatch.setattr("labkit.course.pages.notebook.CELL_TEXT", LIMIT)
    notebook = new_notebook(cells=[new_code_cell("print()", outputs=outputs)])
    size = len(str(notebook))
    page = render_page(notebook, name="00_cells")
    assert len(page) < len(render_page(new_notebook(cells=[new_code_cell("print()")]), name="")) + 1.5 * LIMIT
    assert "the rest is in 00_cells.ipynb" in page
    assert len(str(notebook)) == size


TITLE = new_markdown_cell("# 00 · Is `x` *one* half?")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAYAAACddGYaAAAAFElEQVR4nGNkYPj/nwEKmBiQAAoHADr9AgJs1HQ8AAAAAElFTkSuQmCC"
TABLE = "<table border='1' class='dataframe'><thead><tr><th></th><th>n</th></tr></thead><tr><th>a</th><td>1</td></tr>"


def code(source="1", *outputs, **metadata):
    """Make a code cell with outputs, each a dict from kind to content."""
    made = [new_output("execute_result", each) for each in outputs]
    return new_code_cell(source, outputs=made, metadata=metadata)


def test_page_is_named_by_its_title():
    """The notebook's, not the file's; a notebook without one gets its name as the only heading of level 1."""
    assert render(TITLE).title.get_text() == render(TITLE).h1.get_text() == "00 · Is x one half?"
    assert render(new_markdown_cell("words")).h1.get_text() == "00_cells"


def test_headings_go_down_step_by_step():
    """Parts with a title of their own go below the notebook's; jumps are closed; outputs are not in the contents."""
    texts = ["# T", "# Part one", "## S", "#### E", "# Part two", "## S"]
    page = render(*map(new_markdown_cell, texts), code("1", {"text/html": "<h5>out</h5><div>not closed"}))
    levels = [(each.name, each.get_text()) for each in page.main.find_all(re.compile("^h[1-6]$"))]
    assert levels == [
        *[("h1", "T"), ("h2", "Part one"), ("h3", "S"), ("h4", "E"), ("h2", "Part two"), ("h3", "S"), ("h4", "out")]
    ]
    anchors = [each["href"][1:] for each in page.select(".contents a")]
    assert len(anchors) == 4 and all(page.main.find(id=anchor) for anchor in anchors)


@pytest.mark.parametrize(
    "cell, found",
    [
        (new_markdown_cell("| a | b |\n|---|---|\n| 1 | 2 |"), "table"),
        (new_markdown_cell("```python\nx\n```"), "pre"),
        (code("x = 1"), "pre"),
        (new_code_cell("1", outputs=[new_output("stream", text="x")]), ".output pre"),
        (new_code_cell("1", outputs=[new_output("stream", name="stderr", text="x")]), ".stderr pre"),
        (new_code_cell("1", outputs=[new_output("error", ename="E", evalue="x", traceback=["x"])]), ".error pre"),
        (code("1", {"text/plain": "x"}), ".output pre"),
        (code("1", {"text/html": TABLE}), ".output table"),
        (code("1", {"image/png": PNG}), "img[alt]"),
        (code("1", {"text/html": f"<img src='data:image/png;base64,{PNG}' alt='x'>"}), "img[alt=x]"),
        (code("1", {"text/html": "<div id='explorer'><table></table></div><script>1</script>"}), "#explorer table"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_may_be_wide_scrolls_in_its_own_box(cell, found):
    """Reached by keyboard, with a name that no other box has; and what a cell puts out is shown once."""
    page = render(cell, cell)
    boxes = page.select(".scroll")
    assert len({box["aria-label"] for box in boxes}) == len(boxes)
    assert all((box["tabindex"], box["role"]) == ("0", "region") for box in boxes)
    inside = page.main.select(found)
    assert len(inside) >= 2 and all(len(each.find_parents(class_="scroll")) == 1 for each in inside)


def test_figures_have_a_size_and_tables_their_headers():
    """A figure keeps a width at which it can be read; an empty header of a table is none; Chinese says so."""
    page = render(code("1", {"image/png": PNG}), code("1", {"text/html": TABLE}))
    assert (page.img["width"], page.img["style"]) == ("3", "min-width: 2px")
    assert [(each.name, each.get("scope"), each.get_text()) for each in page.table.find_all(["th", "td"])] == [
        *[("td", None, ""), ("th", "col", "n"), ("th", "row", "a"), ("td", None, "1")]
    ]
    glossary = render(new_markdown_cell("| English | 中文 |\n|---|---|\n| bias | 偏差 |"))
    assert [each.get_text() for each in glossary.select("[lang=zh]")] == ["中文", "偏差"]


def parts(*cells):
    """Return the parts of a page that can be closed: the label, whether it is open, and the code in it."""
    found = render(*cells).main.find_all("details")
    return [
        (each.summary.get_text(), each.has_attr("open"), [code.get_text().strip() for code in each.select(".code pre")])
        for each in found
    ]


def test_solutions_and_stubs_are_labeled_and_can_be_closed():
    """A solution is closed at first, and with it its check, which would give it away; what follows stands outside."""
    gap = code("half = ...", exercise="00.1")
    wrong = code("def f(:", exercise="00.2")
    solved = [code("half = x", tags=["solution"]), code("more = x", tags=["solution"]), code("check()", tags=["check"])]
    stub = ("To fill in: 00.1", True, ["half = ..."])
    broken = ("Broken on purpose: 00.2", True, ["def f(:"])
    solution = ["half = x", "more = x", "check()"]
    assert parts(gap, *solved, code("later"), wrong, *solved) == [
        *[stub, ("Solution of 00.1", False, solution), broken, ("Solution of 00.2", False, solution)]
    ]
    assert parts(gap, code("check()", tags=["check"])) == [stub]
    asked = code('compare("00.3", ...)', tags=["check", "open"])
    answered = code('compare("00.3", "Mine.")', tags=["solution"])
    assert parts(wrong, asked, answered) == [broken, ("An answer to 00.3", False, [answered.source])]


def test_links_lead_where_they_are_told_to():
    """Those that lead nowhere become their text."""
    notebook = new_notebook(cells=[new_markdown_cell("[one](a.md) [two](b.md)")])
    page = BeautifulSoup(render_page(notebook, name="00", resolve={"a.md": "a.html"}.get), "html.parser")
    assert [(link["href"], link.get_text()) for link in page.main.find_all("a")] == [("a.html", "one")]
    assert "one two" in page.main.get_text()
