"""What a run tells people and programs: lines on the terminal meanwhile, then `report.json` and `report.html`."""

import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from textwrap import indent

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from labkit.course.build import write_file
from labkit.course.outputs import Outputs, library_versions
from labkit.course.pages import ASSETS
from labkit.course.pages.links import INDEX
from labkit.layout import strip_sequences, write_document

KEYS = ("name", "status", "seconds", "peak_rss_mb", "exercises", "error")  # of a notebook's entry, in this order
COLORS = {"passed": "green", "cached": "blue", "failed": "bold red"}


def make_entry(**values: object) -> dict:
    """Return one notebook's entry in the report.

    Parameters
    ----------
    **values
        At least the keys of `KEYS`, as fields of `labkit.course.execute.Execution` have them, with "cached" as a
        third ``status``; others are left out.
    """
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
    """Write ``report.json`` and ``report.html``, and return the path of the page.

    Parameters
    ----------
    outputs : labkit.course.outputs.Outputs
        The folder to write to.
    report : dict
        From `make_report`.
    budgets : dict of str to dict
        See `render_report`.
    """
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
        default profile; other profiles are shown next to them without a verdict.
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
    index = f'<ul><li><a href="{INDEX}">All notebooks</a></li></ul>' if (folder / INDEX).is_file() else ""
    content = template.render(report=report, rows=rows, failed=failed)
    return write_document(content, title="Fairness Lab: run report", navigation=index, wide=True)


class PipeConsole(Console):
    """A console whose reader may leave: what is written after that is dropped, and the run goes on."""

    def on_broken_pipe(self) -> None:
        """Send everything that is still written to standard output nowhere."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Display:
    """Shows a run on the terminal; a context manager around it.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; the standard output when left out.
    """

    def __init__(self, console: Console | None = None):
        self.console = console or PipeConsole(highlight=False)
        self.kept = 0  # notebooks that a later run need not execute
        self._running: list[str] = []
        self._total = self._done = 0
        names = TextColumn("{task.description}", markup=False)
        columns = SpinnerColumn(), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), names
        # Without a terminal only the line of each finished notebook is written.
        self._bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def __enter__(self) -> "Display":
        self._bar.start()
        return self

    def __exit__(self, *exception) -> None:
        self._bar.stop()

    def expect(self, total: int) -> None:
        """Note how many notebooks there are."""
        self._total = total
        self._task = self._bar.add_task("", total=total)

    def started(self, name: str) -> None:
        """Show that a notebook runs now."""
        self._running.append(name)
        self._bar.update(self._task, description=", ".join(self._running))

    def finished(self, entry: dict) -> None:
        """Write the line of a notebook that is done or did not need to run; `entry` is from `make_entry`."""
        if entry["name"] in self._running:
            self._running.remove(entry["name"])
        self._done += 1
        self.kept += entry["status"] != "failed"
        self._bar.update(self._task, advance=1, description=", ".join(self._running))
        line = Text.assemble(
            f"[{self._done}/{self._total}] {entry['name']:<28} ",
            (f"{entry['status']:<7}", COLORS[entry["status"]]),
            f"{entry['seconds']:>8.1f} s {entry['peak_rss_mb']:>7.0f} MB",
        )
        self.console.print(line, soft_wrap=True)

    def explain_failures(self, entries: list[dict]) -> None:
        """Print the failing cell's source and error of each notebook that failed."""
        for entry in entries:
            if error := entry["error"]:
                where = f" in cell [{error['cell']}]" if error["cell"] else ""
                self.say(f"\n{entry['name']} failed{where}", style=COLORS["failed"])
                if error["source"]:
                    self.say(indent(error["source"], "    "))
                self.say(f"{error['name']}: {error['message']}")

    def say(self, text: str, *, style: str = "") -> None:
        """Print text that is not markup, whoever wrote it."""
        self.console.print(Text(strip_sequences(text), style), soft_wrap=True)
