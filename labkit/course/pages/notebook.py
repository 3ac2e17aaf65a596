"""An executed notebook as one HTML page that needs no network."""

import copy
import gzip
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.pages.exercises import frame_exercises
from labkit.course.pages.markup import Marked, mark_up
from labkit.course.sources.readings import is_reading
from labkit.layout import write_document

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

ASSETS = Path(__file__).resolve().parents[1] / "assets"
CELL_TEXT = 100_000  # characters of plain text that a page shows of one cell's outputs

_FORMULA = re.compile(r"\$[^$]+\$|\\\(|\\\[|\\begin\{")
_DIAGRAM = re.compile(r"^\s*(```+|~~~+)\s*mermaid", re.MULTILINE)
_WIDGET = "application/vnd.jupyter.widget-view+json"
_MERMAID = "text/vnd.mermaid"

# As in JupyterLab: $...$ and \(...\) are formulas. The menu is off because it would load parts from a server.
MATHJAX = """<script>
window.MathJax = {
  tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]], processEscapes: true, tags: "ams"},
  options: {enableMenu: false, ignoreHtmlClass: "tex2jax_ignore|mathjax_ignore|jp-Mermaid"},
  startup: {pageReady: () => MathJax.startup.defaultPageReady().then(() => window.lookAtBoxes())},
};
</script>
"""
# A diagram keeps the width at which it can be read, and scrolls in its box; one with a mistake is shown as its source.
MERMAID = """<script>
mermaid.initialize({startOnLoad: false, fontFamily: "system-ui, sans-serif", maxTextSize: 100000, maxEdges: 100000});
addEventListener("DOMContentLoaded", async () => {
  let number = 0;
  for (const source of document.querySelectorAll("pre.mermaid")) {
    try {
      const {svg} = await mermaid.render(`diagram-${number++}`, source.textContent.trim());
      const figure = document.createElement("figure");
      figure.className = "diagram";
      figure.innerHTML = svg;
      const drawn = figure.querySelector("svg");
      drawn.style.minWidth = `${Math.round(parseFloat(drawn.style.maxWidth) * 0.7)}px`;
      source.replaceWith(figure);
    } catch (error) {
      console.warn(error);
    }
  }
  window.lookAtBoxes();
});
</script>
"""


def render_page(
    notebook: "NotebookNode",
    *,
    name: str,
    navigation: str = "",
    resolve: Callable[[str], str | None] | None = None,
) -> str:
    """Return a notebook as one self-contained HTML page.

    MathJax or Mermaid (0.7 MB each, compressed; 2.5 MB written into the page) are included only where the notebook has
    a formula or a diagram. Of a cell that printed more than `CELL_TEXT` characters the page shows the beginning and the
    end, and names the notebook file, which has more. Of a cell tagged ``reading`` it shows the text, without the code.
    Stubs and solutions of exercises are labeled and can be closed (see `labkit.course.pages.exercises`).

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed or not; it is not changed.
    name : str
        Of the notebook's file; the page's title is the notebook's first heading, or this where it has none.
    navigation : str, optional
        HTML of a list of links to other pages.
    resolve : callable, optional
        Takes where a link in the notebook leads to, and returns where it leads to on the page; None for nowhere, which
        leaves its text. Without it, links to notebooks lead to pages of the same name, and others stay.

    Returns
    -------
    str
        The page. No script, style or picture in it is loaded from elsewhere, unless an output of the notebook itself
        asks for one.
    """
    notebook = copy.deepcopy(notebook)
    _prepare_cells(notebook, name)
    texts = list(_rich_texts(notebook))
    marked = mark_up(_convert(notebook), resolve=resolve or link_to_page)
    head = ""
    if any(map(_FORMULA.search, texts)):
        head += f'{MATHJAX}<script id="vendored-mathjax">{read_asset("mathjax-tex-svg-full.js")}</script>\n'
    if any(map(_DIAGRAM.search, texts)):
        head += f'<script id="vendored-mermaid">{read_asset("mermaid-tiny.js")}</script>\n{MERMAID}'
    return finish_page(marked, name=name, navigation=navigation, head=head)


def finish_page(marked: Marked, *, name: str, navigation: str = "", head: str = "") -> str:
    """Return the whole page of a content; one without a heading of level 1 gets its name as one."""
    main = marked.html if marked.title else f"<h1>{name}</h1>\n{marked.html}"
    title = marked.title or name
    return write_document(main, title=title, head=head, navigation=navigation, contents=marked.contents, scripted=True)


def link_to_page(address: str) -> str:
    """Return where a link leads when every notebook has its page beside it."""
    return re.sub(r"^([\w./-]+)\.ipynb(?=$|#)", r"\1.html", address)


def _prepare_cells(notebook: "NotebookNode", name: str) -> None:
    """Take from a notebook what a page cannot show, number its cells, and frame its exercises."""
    number = 0
    for cell in notebook.cells:
        cell.metadata.page = {"before": "", "after": "", "number": ""}
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            # A widget needs a server; every widget also leaves a text, which does not.
            if "data" in output and len(output.data) > 1:
                output.data.pop(_WIDGET, None)
        _shorten_outputs(cell, rest=f"the rest is in {name}.ipynb")
        number = cell.execution_count or number + 1
        cell.metadata.page.number = str(number)
        if is_reading(cell):
            cell.metadata.transient = {"remove_source": True}
    frame_exercises(notebook.cells)


def shorten(text: str, limit: int, *, rest: str) -> str:
    """Return a text, or its beginning and its end where it is longer than a limit.

    Parameters
    ----------
    text : str
        Any.
    limit : int
        In characters, at least 2; the line between beginning and end comes on top.
    rest : str
        Where what is left out can be found, for that line.
    """
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = f"[... {len(text) - 2 * half:,} characters are left out here; {rest} ...]"
    return f"{text[:half]}\n{left_out}\n{text[len(text) - half :]}"


def _shorten_outputs(cell: "NotebookNode", *, rest: str) -> None:
    """Hold what a cell printed, and the text of its error, to about `CELL_TEXT` characters each.

    Figures and tables are not counted: what an execution keeps of them is bounded already.
    """
    from nbformat.v4 import new_output

    kept, left = [], CELL_TEXT
    for (kind, name), outputs in groupby(cell.outputs, key=lambda output: (output.output_type, output.get("name"))):
        if kind == "stream":
            printed = "".join(output.text for output in outputs)
            text = shorten(printed, max(left, 2), rest=rest)
            kept.append(new_output("stream", name=name, text=text))
            left -= min(left, len(printed))
            continue
        for output in outputs:
            if kind == "error":
                output.traceback = shorten("\n".join(output.traceback), CELL_TEXT, rest=rest).split("\n")
            elif set(output.data) == {"text/plain"}:
                output.data["text/plain"] = shorten(output.data["text/plain"], CELL_TEXT, rest=rest)
            kept.append(output)
    cell.outputs = kept


def _convert(notebook: "NotebookNode") -> str:
    """Return the cells of a notebook as HTML.

    `HTMLExporter.from_notebook_node` does this, and then parses all of the page for images without a text, which takes
    as long again; `mark_up` does that too.
    """
    from nbconvert import TemplateExporter

    body, _ = TemplateExporter.from_notebook_node(_exporter(), notebook)
    return body


@cache
def _exporter() -> "HTMLExporter":
    """Return the exporter of this process, whose templates take longer to compile than a page to write."""
    from nbconvert import HTMLExporter
    from nbconvert.filters import Highlight2HTML

    exporter = HTMLExporter(template_file=str(ASSETS / "page.html.j2"), exclude_anchor_links=True)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3", parent=exporter))
    return exporter


def _rich_texts(notebook: "NotebookNode") -> Iterator[str]:
    """Yield the texts of a notebook that may hold formulas or diagrams."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.source
        for output in cell.get("outputs", ()):
            for kind, content in output.get("data", {}).items():
                if kind in ("text/markdown", "text/latex", "text/html"):
                    yield content
                elif kind == _MERMAID:
                    yield f"```mermaid\n{content}"


@cache
def read_asset(name: str) -> str:
    """Return the text of a compressed file in ``assets/``."""
    return gzip.decompress((ASSETS / f"{name}.gz").read_bytes()).decode("utf-8")
