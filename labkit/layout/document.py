"""A page from its content: title, landmarks, skip link, table of contents, style, and nothing from the network."""

import base64
import hashlib
import html
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Heading:
    """A heading to list in the table of contents.

    Attributes
    ----------
    level : int
        2 or 3.
    text : str
        HTML without links.
    anchor : str
        Its ``id`` on the page.
    """

    level: int
    text: str
    anchor: str


def write_document(
    main: str,
    *,
    title: str,
    head: str = "",
    navigation: str = "",
    contents: Iterable[Heading] = (),
    scripted: bool = False,
    wide: bool = False,
    style: str = "",
    strict: bool = False,
) -> str:
    """Write a page: one file that loads nothing.

    Parameters
    ----------
    main : str
        HTML of the content, which begins with the only heading of level 1.
    title : str
        Plain text, for the tab and for search.
    head : str, optional
        HTML for the head, such as scripts.
    navigation : str, optional
        HTML of a list of links to other pages; stands above the content and below it.
    contents : iterable of Heading, optional
        What the table of contents lists; no table without any.
    scripted : bool
        Include the script that opens the table of contents on wide screens and takes boxes with nothing to scroll out
        of the keyboard's way. Without it the page works all the same.
    wide : bool
        Let the content be as wide as the page, for tables rather than text.
    style : str, optional
        Style sheet of this page, after that of all pages.
    strict : bool
        Let browsers load, run and style nothing but the page's own style sheet: for pages with texts of people who are
        not trusted. ``head`` and ``scripted`` do not go with it, nor do attributes ``style``.

    Returns
    -------
    str
        The page.
    """
    if strict and (head or scripted):
        raise ValueError("a strict page has no scripts, and nothing else in its head; give its style as style=")
    sheet = f"\n{read_file('style.css')}{style}"
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_write_policy(sheet)}">\n' if strict else ""
    listed = _write_contents(list(contents))
    classes = ("columns has-contents" if listed else "columns") + (" wide" if wide else "")
    above = f'<header class="bar"><nav aria-label="Course">{navigation}</nav></header>\n' if navigation else ""
    below = f'<footer class="bar"><nav aria-label="Course, again">{navigation}</nav></footer>\n' if navigation else ""
    script = f"<script>\n{read_file('script.js')}</script>\n" if scripted else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{policy}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title, quote=False)}</title>
<style>{sheet}</style>
{head}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
{above}<div class="{classes}">
{listed}<main id="main" tabindex="-1">
{main}
</main>
</div>
{below}{script}</body>
</html>
"""


def _write_policy(sheet: str) -> str:
    """Return a content security policy that allows one style sheet, by its checksum, and pictures in the page."""
    checksum = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode("ascii")
    return f"default-src 'none'; style-src 'sha256-{checksum}'; img-src data:; base-uri 'none'; form-action 'none'"


def _write_contents(headings: list[Heading]) -> str:
    """Write the table of contents, which can be closed; a list in a list for headings of level 3."""
    if not headings:
        return ""
    items: list[str] = []
    below: list[str] = []

    def close() -> None:
        """End the entry of level 2 that is open, with what is below it."""
        if below:
            items[-1] += f"<ol>{''.join(below)}</ol>"
            below.clear()

    for heading in headings:
        link = f'<a href="#{html.escape(heading.anchor)}">{heading.text}</a>'
        if heading.level == 2 or not items:
            close()
            items.append(link)
        else:
            below.append(f"<li>{link}</li>")
    close()
    entries = "\n".join(f"<li>{item}</li>" for item in items)
    return (
        '<nav class="contents" aria-label="On this page"><details><summary>On this page</summary>\n'
        f"<ol>\n{entries}\n</ol></details></nav>\n"
    )


@cache
def read_file(name: str) -> str:
    """Return the text of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")
