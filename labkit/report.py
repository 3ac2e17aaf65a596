"""The report of a run: `report.json` for programs, `report.html` for people."""

import json
import platform
from importlib import metadata
from pathlib import Path

from labkit.course import write_file
from labkit.outputs import Outputs, library_versions
from labkit.pages import ASSETS

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
