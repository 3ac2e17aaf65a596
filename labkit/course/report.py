"""The report of a run: `report.json` for programs, `report.html` for people."""

import copy
import gzip
import json
import platform
import re
from functools import cache
from importlib import metadata
from pathlib import Path
from textwrap import indent

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from labkit.course.build import write_file
from labkit.course.outputs import Outputs, library_versions

KEYS = ("name", "status", "seconds", "peak_rss_mb", "exercises", "error")  # of a notebook's entry, in this order


def make_entry(**values) -> dict:
    """Return one notebook's entry: the keys of `KEYS`, as DESIGN's schema orders them."""
    return {key: values[key] for key in KEYS}


def make_report(entries: list[dict], *, profile: str, form: str) -> dict:
    """Return the report of a run.

    Parameters
    ----------
    entries : list of dict
        From `make_entry`.
    profile, form : str
        What was run.

    Returns
    -------
    dict
        ``profile``, ``form``, ``versions`` (Python, the system, the package and the libraries that results depend on)
        and ``notebooks``.
    """
    own = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    versions = own | {"fairness-lab": metadata.version("fairness-lab")} | library_versions()
    return {"profile": profile, "form": form, "versions": versions, "notebooks": entries}


def write_report(outputs: Outputs, report: dict, *, budgets: dict[str, dict]) -> Path:
    """Write ``report.json`` and ``report.html`` into the output folder and return the path of the page."""
    write_file(outputs.folder / "report.json", json.dumps(report, indent=1) + "\n")
    write_file(outputs.folder / "report.html", render_report(report, budgets=budgets, folder=outputs.folder))
    return outputs.folder / "report.html"


def render_report(report: dict, *, budgets: dict[str, dict], folder: Path) -> str:
    """Return a report as an HTML page that needs no network.

    Parameters
    ----------
    report : dict
        From `make_report`.
    budgets : dict of str to dict
        For each notebook ``{"seconds": ..., "mb": ...}`` from its metadata, or an empty one. They are set for the
        default profile; other profiles are shown beside them without a verdict.
    folder : pathlib.Path
        Where the executed notebooks are; a notebook links to what exists of its page and its file.
    """
    from jinja2 import Environment, FileSystemLoader

    rows = []
    for entry in report["notebooks"]:
        budget = budgets.get(entry["name"]) or {}
        exceeded = {
            figure: report["profile"] == "default" and entry[figure] > budget.get(unit, float("inf"))
            for figure, unit in (("seconds", "seconds"), ("peak_rss_mb", "mb"))
        }
        there = {kind: (folder / f"{entry['name']}.{kind}").is_file() for kind in ("html", "ipynb")}
        rows.append({"entry": entry, "budget": budget, "exceeded": exceeded, "there": there})
    template = Environment(loader=FileSystemLoader(ASSETS), autoescape=True).get_template("report.html.j2")
    failed = sum(entry["status"] == "failed" for entry in report["notebooks"])
    return template.render(report=report, rows=rows, failed=failed)


ASSETS = Path(__file__).resolve().parent / "assets"


_FORMULA = re.compile(r"\$[^$]+\$|\\\(|\\\[|\\begin\{")


_DIAGRAM = re.compile(r"^\s*(```+|~~~+)\s*mermaid", re.MULTILINE)


_WIDGET = "application/vnd.jupyter.widget-view+json"


_MERMAID = "text/vnd.mermaid"


def render_page(notebook, *, title: str) -> str:
    """Return a notebook as one self-contained HTML page.

    MathJax or Mermaid (0.7 MB each, compressed; 2.5 MB written into the page) come along only where the notebook has a
    formula or a diagram. Links to other notebooks lead to their pages.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed or not; it is not changed.
    title : str
        Title of the page.

    Returns
    -------
    str
        The page. No script, style or picture in it is loaded from elsewhere, unless an output of the notebook asks for
        that by itself.
    """
    from nbconvert import HTMLExporter

    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            # A widget needs a server; every widget leaves a text beside it that does not.
            if "data" in output and len(output.data) > 1:
                output.data.pop(_WIDGET, None)
    texts = list(_rich_texts(notebook))
    resources = {
        "metadata": {"name": title},
        "mathjax": read_asset("mathjax-tex-svg-full.js") if any(map(_FORMULA.search, texts)) else "",
        "mermaid": read_asset("mermaid-tiny.js") if any(map(_DIAGRAM.search, texts)) else "",
    }
    exporter = HTMLExporter(template_file=str(ASSETS / "page.html.j2"))
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    return re.sub(r'(href="[\w./-]+)\.ipynb(["#])', r"\1.html\2", page)


def _rich_texts(notebook):
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


COLOURS = {"passed": "green", "cached": "blue", "failed": "bold red"}


class Display:
    """Follow a run; a context manager around it.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; the standard output when left out.
    """

    def __init__(self, console: Console | None = None):
        self.console = console or Console(highlight=False)
        self._running: list[str] = []
        self._total = self._done = 0
        names = TextColumn("{task.description}", markup=False)
        columns = SpinnerColumn(), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), names
        # Without a terminal only the line of each finished notebook is written.
        self._bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *exception):
        self._bar.stop()

    def expect(self, total: int) -> None:
        """Say how many notebooks there are."""
        self._total, self._task = total, self._bar.add_task("", total=total)

    def started(self, name: str) -> None:
        """A notebook runs now."""
        self._running.append(name)
        self._bar.update(self._task, description=", ".join(self._running))

    def finished(self, entry: dict) -> None:
        """A notebook is done, or did not need to run."""
        if entry["name"] in self._running:
            self._running.remove(entry["name"])
        self._done += 1
        self._bar.update(self._task, advance=1, description=", ".join(self._running))
        line = Text.assemble(
            f"[{self._done}/{self._total}] {entry['name']:<28} ",
            (f"{entry['status']:<7}", COLOURS[entry["status"]]),
            f"{entry['seconds']:>8.1f} s {entry['peak_rss_mb']:>7.0f} MB",
        )
        self.console.print(line, soft_wrap=True)

    def explain_failures(self, entries: list[dict]) -> None:
        """Print the failing cell's source and error of each notebook that failed."""
        for entry in entries:
            if error := entry["error"]:
                where = f" in cell [{error['cell']}]" if error["cell"] else ""
                self.console.print(Text(f"\n{entry['name']} failed{where}", COLOURS["failed"]), soft_wrap=True)
                if error["source"]:
                    self.console.print(Text(indent(error["source"], "    ")), soft_wrap=True)
                self.console.print(Text(f"{error['name']}: {error['message']}"), soft_wrap=True)
