"""An executed notebook as one HTML page that needs no network."""

import copy
import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

ASSETS = Path(__file__).resolve().parent / "assets"

_FORMULA = re.compile(r"\$[^$]+\$|\\\(|\\\[|\\begin\{")
_DIAGRAM = re.compile(r"^\s*(```+|~~~+)\s*mermaid", re.MULTILINE)
_WIDGET = "application/vnd.jupyter.widget-view+json"
_MERMAID = "text/vnd.mermaid"


def render_page(notebook: "NotebookNode", *, title: str) -> str:
    """Return a notebook as one self-contained HTML page.

    MathJax or Mermaid (0.7 MB each, compressed; 2.5 MB written into the page) are included only where the notebook has
    a formula or a diagram. Links to other notebooks lead to their pages.

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
    texts = list(_rich_texts(notebook))
    resources = {
        "metadata": {"name": title},
        "mathjax": read_asset("mathjax-tex-svg-full.js") if any(map(_FORMULA.search, texts)) else "",
        "mermaid": read_asset("mermaid-tiny.js") if any(map(_DIAGRAM.search, texts)) else "",
    }
    page, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return re.sub(r'(href="[\w./-]+)\.ipynb(["#])', r"\1.html\2", page)


@cache
def _exporter() -> "HTMLExporter":
    """Return the exporter of this process, whose templates take longer to compile than a page to write."""
    from nbconvert import HTMLExporter

    return HTMLExporter(template_file=str(ASSETS / "page.html.j2"))


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
