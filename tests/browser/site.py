"""The pages that the tests look at, made once: some of executed notebooks, the others of notebooks without outputs."""

from pathlib import Path

import nbformat
import pandas as pd

from labkit.audit.command.run import audit_file
from labkit.course.build import find_course
from labkit.course.pages.links import page_name
from labkit.course.run import run_notebooks

COURSE = find_course()
# Executed at smoke size, in their solution form: between them, they have every kind of output that pages show.
EXECUTED = ("00_start_here", "01_data_bias")
SHEETS = [path for path in ("notebooks/glossary.md", "datasets/hmda/card.md") if (COURSE.root / path).is_file()]
OTHERS = ("index", "report", "audit", *(page_name(path).removesuffix(".html") for path in SHEETS))
PAGES = (*COURSE.names, *OTHERS)


def make_site(folder: Path) -> Path:
    """Write all pages into a folder; return it.

    Notebooks that are not executed are put there as they are: their text, code, formulas, diagrams and links make the
    same demands on a page.
    """
    folder.mkdir(exist_ok=True)
    for name in COURSE.names:
        if name not in EXECUTED:
            nbformat.write(COURSE.read(name), folder / f"{name}.ipynb")
    report = run_notebooks(COURSE, EXECUTED, profile="smoke", output=folder)
    assert [entry["error"] for entry in report["notebooks"]] == [None] * len(EXECUTED)
    people = pd.DataFrame(
        {
            "repaid": [0, 1] * 60,
            "approved": ([0, 1, 1, 0] * 15 + [1, 1, 0, 1] * 15),
            "score": [(7 * i % 20) / 20 for i in range(120)],
            "sex": ["woman"] * 60 + ["man"] * 57 + ["other"] * 3,
        }
    )
    people.to_csv(folder / "people.csv", index=False)
    audit_file(
        folder / "people.csv",
        label="repaid",
        prediction="approved",
        score="score",
        sensitive=["sex"],
        output=folder / "audit",
    )
    return folder


def find_page(folder: Path, name: str) -> Path:
    """Return the file of a page."""
    if name == "audit":
        return next((folder / "audit").glob("*.html"))
    return folder / f"{name}.html"
