"""README, the map in 00 and the links between notebooks agree with the notebooks that exist."""

import re
from itertools import pairwise

import pytest

from labkit.course.build import find_course

COURSE = find_course()
TITLES = {
    name: re.search(r"^# # (\d\d · .+\?)$", COURSE.path(name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1]
    for name in COURSE.names
}


def test_readme_has_a_row_for_each_notebook():
    """In order, with the link, and with the notebook's own question."""
    readme = (COURSE.root / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d)\]\(notebooks/(\w+)\.ipynb\) \| ([^|]+) \|", readme, flags=re.MULTILINE)
    assert [(name, f"{number} · {question}") for number, name, question in rows] == list(TITLES.items())


def test_readme_states_the_minutes_of_each_notebook():
    """The same number of minutes as at the notebook's beginning."""
    readme = (COURSE.root / "README.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| \[\d\d\]\(notebooks/(\w+)\.ipynb\) \|[^|]+\| (\d+) \|", readme, flags=re.MULTILINE))
    own = {name: re.search(r"\b(\d+) minutes\b", COURSE.path(name).read_text(encoding="utf-8"))[1] for name in TITLES}
    assert stated == own


def test_the_map_marks_the_notebooks_that_exist():
    """Bold in the table of the pipeline: every number of a notebook that exists, and no other."""
    text = COURSE.path("00_start_here").read_text(encoding="utf-8")
    rows = re.findall(
        r"^# \| (?:data|pretraining|fine-tuning|decision|monitoring) \|.*\| ([\d*, ]+) \|$", text, re.MULTILINE
    )
    assert len(rows) == 5
    listed = {number for row in rows for number in re.findall(r"\d\d", row)}
    bold = {number for row in rows for number in re.findall(r"\*\*(\d\d)\*\*", row)}
    assert bold == {name[:2] for name in COURSE.names} & listed


@pytest.mark.parametrize(("before", "after"), list(pairwise(COURSE.names)))
def test_each_notebook_leads_to_the_next(before, after):
    """The last link of one is the title of the next; the next names it under "Before this"."""
    ending = COURSE.path(before).read_text(encoding="utf-8").rsplit("**Next", 1)[1].replace("\n# ", " ")
    assert f"[{TITLES[after]}]({after}.ipynb)" in ending
    opening = COURSE.path(after).read_text(encoding="utf-8").split("# %%\n")[0].replace("\n# ", " ")
    assert f"[{TITLES[before]}]({before}.ipynb)" in opening.split("Before this")[1]
