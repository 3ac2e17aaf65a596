"""An executed notebook as one HTML page that needs no network."""

import copy
import gzip
import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.sources.readings import READING

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

ASSETS = Path(__file__).resolve().parent / "assets"
CELL_TEXT = 100_000  # characters of plain text that a page shows of one cell's outputs

_FORMULA = re.compile(r"\$[^$]+\$|\\\(|\\\[|\\begin\{")
_DIAGRAM = re.compile(r"^\s*(```+|~~~+)\s*mermaid", re.MULTILINE)
_WIDGET = "application/vnd.jupyter.widget-view+json"
_MERMAID = "text/vnd.mermaid"


def render_page(notebook: "NotebookNode", *, title: str) -> str:
    """Return a notebook as one self-contained HTML page.

    MathJax or Mermaid (0.7 MB each, compressed; 2.5 MB written into the page) are included only where the notebook has
    a formula or a diagram. Links to other notebooks lead to their pages. Of a cell that printed more than `CELL_TEXT`
    characters the page shows the beginning and the end, and names the notebook file, which has more. Of a cell tagged
    ``reading`` it shows the text, without the code.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed or not; it is not changed.
    title : str
        Title of the page.

    Returns
    -------
    str
        The page. No script, style or picture in it is loaded from elsewhere, unless an output of the notebook itself
        asks for one.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            # A widget needs a server; every widget also leaves a text, which does not.
            if "data" in output and len(output.data) > 1:
                output.data.pop(_WIDGET, None)
        if cell.cell_type == "code":
            _shorten_outputs(cell, rest=f"the rest is in {title}.ipynb")
    texts = list(_rich_texts(notebook))
    resources = {
        "metadata": {"name": title},
        "mathjax": read_asset("mathjax-tex-svg-full.js") if any(map(_FORMULA.search, texts)) else "",
        "mermaid": read_asset("mermaid-tiny.js") if any(map(_DIAGRAM.search, texts)) else "",
    }
    page, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return re.sub(r'(href="[\w./-]+)\.ipynb(["#])', r"\1.html\2", page)


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


@cache
def _exporter() -> "HTMLExporter":
    """Return the exporter of this process, whose templates take longer to compile than a page to write."""
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    hidden = Config(TagRemovePreprocessor={"enabled": True, "remove_input_tags": {READING}})
    return HTMLExporter(template_file=str(ASSETS / "page.html.j2"), config=hidden)


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
