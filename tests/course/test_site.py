"""The folder of pages: every link in it works, and only what has changed is written again."""

import re
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_notebook

from labkit.course.outputs import Outputs
from labkit.course.pages import write_site
from labkit.course.pages.links import Links

README = """# Little course

What it is. [Licence](LICENSE).

## The notebooks

| | question |
|---|---|
| [00](notebooks/00_half.ipynb) | half? |
| [01](notebooks/01_fails.ipynb) | fails? |

## Another section
"""
FIRST = """# 00 · Is $x$ half?

[next](01_fails.ipynb) [data](../datasets/hmda/card.md) [source](solutions/00_half.py) [terms](../notebooks/glossary.md)
[out](https://example.org) [part](#part)

## part
"""


@pytest.fixture
def site(course, tmp_path):
    """A course with a README, a glossary, a datasheet and a license, and a function that makes its pages."""
    for path, text in {
        "README.md": README,
        "LICENSE": "MIT",
        "notebooks/glossary.md": "# Glossary\n\n| English | 中文 |\n|---|---|\n| half | 一半 |\n",
        "datasets/hmda/card.md": "# Loans\n\n[more](notes.md) [table](data.csv)\n",
        "datasets/hmda/notes.md": "# Notes\n\n[back](card.md) [start](../../notebooks/00_half.ipynb)\n",
        "datasets/hmda/data.csv": "a\n1\n",
    }.items():
        (course.root / path).parent.mkdir(parents=True, exist_ok=True)
        (course.root / path).write_text(text, encoding="utf-8")
    folder = tmp_path / "out"

    def make(renderer="one", **sources):
        with Outputs(folder) as outputs:
            for name, text in sources.items():
                nbformat.write(new_notebook(cells=[new_markdown_cell(text)]), folder / f"{name}.ipynb")
            (folder / "report.html").write_text("<p>", encoding="utf-8")
            return write_site(course, folder, record=outputs.pages, renderer=renderer)

    make.course, make.folder = course, folder
    return make


def dead_links(folder):
    """List the links of all pages in a folder that lead to no file in it, or to a place that its page lacks."""
    pages = {path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.glob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in page.find_all("a"):
            url = urlsplit(link["href"])
            target = path.parent / unquote(url.path) if url.path else path
            inside = not url.fragment or pages[target].find(id=unquote(url.fragment))
            if not url.scheme and not (target.is_file() and inside):
                dead.append((path.name, link["href"]))
    return dead


def test_every_link_works(site):
    """From notebooks, the index, datasheets and what these link to; other pages are copied or made."""
    assert site(**{"00_half": FIRST, "01_fails": "# 01 · Fails?"}) == ({}, [])
    assert dead_links(site.folder) == []
    names = {path.relative_to(site.folder).as_posix() for path in site.folder.rglob("*") if path.is_file()}
    assert {"index.html", "glossary.html", "datasheet-hmda.html", "datasets-hmda-notes.html"} <= names
    assert {"files/LICENSE", "files/notebooks/solutions/00_half.py", "files/datasets/hmda/data.csv"} <= names
    (site.folder / "glossary.html").unlink()
    assert ("index.html", "glossary.html") in dead_links(site.folder)  # the search finds some


def test_notebooks_lead_to_the_next_and_the_one_before(site):
    """By their titles; the first has none before it."""
    site(**{"00_half": FIRST, "01_fails": "# 01 · Fails?"})
    first, second = (
        BeautifulSoup((site.folder / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        for name in ("00_half", "01_fails")
    )
    assert not first.select("[rel=prev]") and {each.get_text() for each in first.select("[rel=next]")} == {
        "Next: 01 · Fails?"
    }
    assert {each["href"] for each in second.select("[rel=prev]")} == {"00_half.html"}


def test_index_has_the_table_of_the_readme(site):
    """Its opening and its table, nothing else of it; a notebook that was not executed has no link."""
    site(**{"00_half": FIRST})
    page = BeautifulSoup((site.folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    rows = [[each.get_text() for each in row.find_all("td")] for row in page.select("tbody tr")]
    assert rows == [["00", "half?"], ["01", "fails?"]]
    assert [link["href"] for link in page.select("table a")] == ["00_half.html"]
    assert page.h1.get_text() == "Little course" and "Another" not in page.get_text()
    assert dead_links(site.folder) == []


def test_a_course_without_a_readme_has_an_index_all_the_same(site):
    """With the titles of its notebooks."""
    (site.course.root / "README.md").unlink()
    site(**{"00_half": FIRST})
    page = BeautifulSoup((site.folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert page.select_one('main a[href="00_half.html"]').get_text() == "00 · Is x half?"


def test_without_an_executed_notebook_there_is_an_index_all_the_same(site):
    """Where the only notebook cannot be read, nothing was executed, and that is no error of the pages."""
    assert site() == ({}, [])
    assert (site.folder / "index.html").is_file()
    assert dead_links(site.folder) == []


def test_only_what_has_changed_is_written_again(site):
    """A notebook, its neighbors, what renders pages, a page that somebody edited; nothing is executed for it."""
    pages = [site.folder / f"{name}.html" for name in ("00_half", "01_fails")]

    def written(**options):
        """Say which of the two pages were written."""
        before = [path.stat().st_mtime_ns if path.exists() else 0 for path in pages]
        assert site(**options) == ({}, [])
        return [path.stat().st_mtime_ns != time for path, time in zip(pages, before, strict=True)]

    assert written(**{"00_half": FIRST, "01_fails": "# 01 · Fails?"}) == [True, True]
    assert written() == [False, False]
    assert written(**{"01_fails": "# 01 · Fails?\n\nmore"}) == [False, True]
    assert written(**{"01_fails": "# 01 · Another title?"}) == [True, True]
    assert written(renderer="two") == [True, True]
    pages[0].write_text("edited")
    assert written(renderer="two") == [True, False]
    (site.folder / ".records" / "pages.json").write_text("[")
    assert written(renderer="two") == [True, True]


def test_a_link_that_leads_nowhere_is_a_warning_each_time(site):
    """It names the file and the link; on the page its text stays."""
    for _ in range(2):
        faults, warnings = site(
            **{"00_half": "# T\n\n[lost](../datasets/none/card.md) [out](../../etc/x) [dir](../datasets)"}
        )
        assert faults == {} and len(warnings) == 3
        assert warnings[0].startswith("notebooks/00_half.ipynb: the link to ../datasets/none/card.md leads nowhere")
    assert "lost" in (site.folder / "00_half.html").read_text(encoding="utf-8") and dead_links(site.folder) == []


def test_a_page_that_cannot_be_made_is_named(site, monkeypatch):
    """The others are written, and no old page of that notebook remains."""
    site(**{"00_half": FIRST, "01_fails": "# 01"})
    (site.folder / "00_half.ipynb").write_text("{}")
    faults, _ = site()
    assert list(faults) == ["00_half"] and not (site.folder / "00_half.html").exists()
    assert (site.folder / "01_fails.html").exists()


def test_addresses_keep_their_fragment_and_are_quoted(course):
    """A space in a name is no end of an address."""
    (course.root / "a b.md").write_text("# A")
    links = Links(course.root, {})
    assert links.resolve("../a%20b.md#c-d", source="notebooks/x.ipynb") == "a%20b.html#c-d"
    assert re.fullmatch(r"a b\.html", links.wanted["a b.md"])
