"""All pages of an output folder: which of them have to be written again, and what became of them."""

import hashlib
import json
import re
from functools import partial
from pathlib import Path

from labkit.cache import file_sha256
from labkit.course.build import Course, write_file
from labkit.course.pages.files import GLOSSARY, README, write_navigation, write_other_pages
from labkit.course.pages.links import INDEX, Links, page_name
from labkit.course.pages.notebook import render_page


def write_site(course: Course, folder: Path, *, record: Path, renderer: str) -> tuple[dict[str, Exception], list[str]]:
    """Write the page of every executed notebook in a folder, and the pages and files that they link to.

    Nothing is executed for it. The page of a notebook is written again only where the notebook, `renderer` or the list
    of pages has changed.

    Parameters
    ----------
    course : Course
        Whose notebooks, README, glossary and datasheets.
    folder : pathlib.Path
        Holds executed notebooks, and gets the pages.
    record : pathlib.Path
        A file that keeps from one time to the next which pages are as they should be.
    renderer : str
        A fingerprint of the code and files that make pages.

    Returns
    -------
    dict of str to Exception
        By name, why the page of a notebook could not be made; there is none then.
    list of str
        Warnings, one sentence each: links that lead nowhere.
    """
    executed = [name for name in course.names if (folder / f"{name}.ipynb").is_file()]
    titles = {name: read_title(folder / f"{name}.ipynb") or name for name in executed}
    links = find_pages(course, executed)
    known, current, faults = _read_record(record), {}, {}
    for before, name, after in zip([None, *executed[:-1]], executed, [*executed[1:], None], strict=False):
        content = (folder / f"{name}.ipynb").read_text(encoding="utf-8")
        navigation = write_navigation(links, before=before, after=after, titles=titles)
        parts = [renderer, content, navigation, sorted(links.pages.items()), sorted(links.hidden)]
        mark = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        page, entry = folder / f"{name}.html", known.get(name)
        if not _is_current(entry, mark, page, course.root):
            own = Links(course.root, links.pages, links.hidden)
            resolve = partial(own.resolve, source=f"notebooks/{name}.ipynb")
            try:
                text = _render(content, name=name, navigation=navigation, resolve=resolve)
            except Exception as fault:  # whatever is in the notebook; the other pages are written all the same
                page.unlink(missing_ok=True)
                faults[name] = fault
                continue
            write_file(page, text)
            links.warnings += own.warnings
            entry = {"mark": mark, "sha256": file_sha256(page), "wanted": own.wanted}
            if own.warnings:
                entry["mark"] = ""  # written again next time, so that the warning comes again
        links.wanted |= entry["wanted"]
        current[name] = entry
    write_other_pages(course, folder, links, titles)
    write_file(record, json.dumps(current, indent=1) + "\n")
    return faults, links.warnings


def find_pages(course: Course, executed: list[str]) -> Links:
    """Return what links can lead to: pages of executed notebooks, the index, the glossary, all datasheets."""
    sheets = [
        GLOSSARY,
        *sorted(path.relative_to(course.root).as_posix() for path in course.root.glob("datasets/*/card.md")),
    ]
    pages = {README: INDEX} | {f"notebooks/{name}.ipynb": f"{name}.html" for name in executed}
    pages |= {path: page_name(path) for path in sheets if (course.root / path).is_file()}
    return Links(course.root, pages, {f"notebooks/{name}.ipynb" for name in course.names if name not in executed})


def _render(content: str, **options) -> str:
    """Return the page of an executed notebook, given as JSON."""
    import nbformat

    return render_page(nbformat.reads(content, as_version=4), **options)


def _read_record(path: Path) -> dict:
    """Return what is known of the pages in a folder; nothing where that cannot be read."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _is_current(entry: object, mark: str, page: Path, root: Path) -> bool:
    """Say whether a page is as it would be written again, and every file that it links to is still there."""
    if not isinstance(entry, dict) or entry.get("mark") != mark or not page.is_file():
        return False
    wanted = entry.get("wanted")
    there = isinstance(wanted, dict) and all((root / path).is_file() for path in wanted)
    return there and entry.get("sha256") == file_sha256(page)


def read_title(path: Path) -> str:
    """Return the first heading of level 1 of a notebook in plain text; empty where there is none."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (ValueError, KeyError, TypeError):
        return ""
    found = re.search(r"^# (.+)$", "\n".join(texts), re.MULTILINE)
    return re.sub(r"[*`$]", "", found[1]).strip() if found else ""
