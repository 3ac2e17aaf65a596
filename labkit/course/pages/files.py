"""Pages that are no notebooks: the index, the glossary, datasheets and other markdown files; and copies of files."""

import re
import shutil
from functools import partial
from html import escape
from pathlib import Path

from labkit.course.build import Course, write_file
from labkit.course.pages.links import INDEX, Links
from labkit.course.pages.markup import mark_up
from labkit.course.pages.notebook import finish_page

README = "README.md"
GLOSSARY = "notebooks/glossary.md"
OVERVIEW = "## The notebooks"  # the section of README.md with the table of notebooks
REPORT = "report.html"


def write_other_pages(course: Course, folder: Path, links: Links, titles: dict[str, str]) -> None:
    """Write the index, the page of each markdown file, and a copy of each other file that pages link to.

    Parameters
    ----------
    course : Course
        Whose files.
    folder : pathlib.Path
        Where to write.
    links : Links
        Knows which pages there are; gets what these pages link to.
    titles : dict of str to str
        Of the notebooks that have pages.
    """
    sheets = {path: name for path, name in links.pages.items() if path.endswith(".md") and path != README}
    write_file(folder / INDEX, _render(write_index(course, links, titles), links, source=README))
    queue = [*sheets, *links.wanted]
    for path in queue:  # grows: these pages link to further files
        target = folder / (sheets.get(path) or links.wanted[path])
        if path.endswith(".md"):
            write_file(target, _render((course.root / path).read_text(encoding="utf-8"), links, source=path))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(course.root / path, target)
        queue += [found for found in links.wanted if found not in queue]


def _render(text: str, links: Links, *, source: str) -> str:
    """Return the page of a text in markdown; links in it are those of a file of the repository."""
    from nbconvert.filters import markdown2html

    marked = mark_up(markdown2html(text), resolve=partial(links.resolve, source=source))
    return finish_page(marked, name=source, navigation=write_navigation(links, source=source))


def write_index(course: Course, links: Links, titles: dict[str, str]) -> str:
    """Write the index in markdown: what the README says first, its table of notebooks, and what else is there.

    Parameters
    ----------
    course : Course
        Whose README; where it has no such table, the titles of the notebooks stand there.
    links : Links
        Knows the pages there are.
    titles : dict of str to str
        Of the notebooks that have pages.
    """
    readme = course.root / README
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    opening = text.split("\n## ")[0].strip() if text.startswith("# ") else "# Fairness Lab"
    section = re.search(rf"^{OVERVIEW}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    listed = "\n".join(f"- [{title}](notebooks/{name}.ipynb)" for name, title in titles.items())
    table = section[0].strip() if section else f"{OVERVIEW}\n\n{listed}"
    cards = [path for path in links.pages if path.endswith("card.md")]
    parts = [opening, table]
    if GLOSSARY in links.pages:
        parts.append(f"## Glossary\n\n[The course's terms in English and Chinese]({GLOSSARY}), each in one sentence.")
    if cards:
        sheets = "\n".join(f"- [{_title(course.root / path)}]({path})" for path in cards)
        parts.append(f"## Datasheets\n\n{sheets}")
    return "\n\n".join(parts) + "\n"


def _title(path: Path) -> str:
    """Return the first heading of a markdown file."""
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else path.parent.name


def write_navigation(
    links: Links, *, source: str = "", before: str | None = None, after: str | None = None, titles: dict | None = None
) -> str:
    """Write the list of links to the pages around one: the one before, the index, the glossary, the next.

    Parameters
    ----------
    links : Links
        Knows whether there is a glossary.
    source : str, optional
        The file whose page it is for; no page links to itself.
    before, after : str, optional
        Names of notebooks.
    titles : dict of str to str, optional
        Their titles.
    """
    entries = []
    if before:
        entries.append(f'<a href="{before}.html" rel="prev">Previous: {escape(titles[before])}</a>')
    if source != README:
        entries.append(f'<a href="{INDEX}">All notebooks</a>')
    if GLOSSARY in links.pages and source != GLOSSARY:
        entries.append(f'<a href="{links.pages[GLOSSARY]}">Glossary</a>')
    entries.append(f'<a href="{REPORT}">Run report</a>')
    if after:
        entries.append(f'<a href="{after}.html" rel="next">Next: {escape(titles[after])}</a>')
    return f"<ul>{''.join(f'<li>{entry}</li>' for entry in entries)}</ul>"
