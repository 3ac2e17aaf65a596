"""HTML that a converter made, so that a page of it can be read: headings in order, boxes that scroll, links that work.

The converters (nbconvert's filters for markdown and outputs, pandas, `labkit.plots.show`) know nothing of the page.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.layout import Heading, png_size
from labkit.layout.boxes import LEGIBLE

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_PNG = "data:image/png;base64,"
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{3}")
LONG = 60  # characters of a cell of a table that needs some width, so that its row is not a page high on a phone


@dataclass(frozen=True)
class Marked:
    """The content of a page.

    Attributes
    ----------
    html : str
        Its HTML.
    title : str
        The plain text of its heading of level 1; empty where it has none.
    contents : list of labkit.layout.Heading
        For the table of contents: headings of level 2 and 3, those in outputs aside.
    """

    html: str
    title: str
    contents: list[Heading]


def mark_up(body: str, *, resolve: Callable[[str], str | None]) -> Marked:
    """Return the content of a page from converted HTML.

    Headings get levels without jumps and with one of level 1; tables, code, printed text, figures and diagrams get
    boxes that scroll; header cells of tables their scope; cells in Chinese their language. Tags that were not closed
    are. An output with a script is left as it is, in one box, since the script may count on its structure.

    Parameters
    ----------
    body : str
        HTML of the content.
    resolve : callable
        Takes the address of a link, returns the one to write, or None for a link that becomes its text.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(body, "html.parser")
    title, contents = _order_headings(soup)
    labels: Counter[str] = Counter()
    scripted = [output for output in soup.select(".output") if output.find("script")]
    for output in scripted:
        inside = soup.new_tag("div")
        inside.extend(list(output.contents))
        output.append(inside)
        _box(soup, inside, "Interactive output", labels)
    for tag in soup.find_all(["table", "pre", "img"]):
        if tag.find_parent(class_="scroll") is None and tag.find_parent("table") is None:
            _box_one(soup, tag, labels)
    for table in soup.find_all("table"):
        _mark_table(table)
    for link in soup.find_all("a", href=True):
        address = resolve(link["href"])
        if address is None:
            link.unwrap()
        else:
            link["href"] = address
    return Marked(str(soup), title, contents)


def _order_headings(soup: "BeautifulSoup") -> tuple[str, list[Heading]]:
    """Give headings their levels and anchors; return the title and what the table of contents lists.

    Where a notebook has parts with headings of level 1, they and everything below them go one level down.
    """
    for anchor in soup.select("a.anchor-link"):
        anchor.decompose()
    found = soup.find_all(re.compile(r"^h[1-6]$"))
    shift = int(sum(heading.name == "h1" for heading in found) > 1)
    title, before, contents = "", 0, []
    taken = {tag["id"] for tag in soup.find_all(id=True)}
    for heading in found:
        wanted = int(heading.name[1])
        if wanted == 1 and not title:
            title, before = " ".join(heading.get_text().split()), 1
            continue
        level = min(max(wanted + shift, 2), before + 1 if before else 2, 6)
        heading.name, before = f"h{level}", level
        if level > 3 or heading.find_parent(class_="output"):
            continue
        if not heading.get("id"):
            heading["id"] = _free_anchor(heading.get_text(), taken)
        contents.append(Heading(level, _text_of(heading), heading["id"]))
    return title, contents


def _free_anchor(text: str, taken: set[str]) -> str:
    """Return an id for a heading, as JupyterLab makes them, with a number where that is taken."""
    slug = anchor = re.sub(r"\s+", "-", text.strip()) or "part"
    copies = 1
    while anchor in taken:
        copies += 1
        anchor = f"{slug}-{copies}"
    taken.add(anchor)
    return anchor


def _text_of(heading: "Tag") -> str:
    """Return the HTML of a heading for a list of links: without links of its own, which must not be nested."""
    from bs4 import BeautifulSoup

    inside = BeautifulSoup(heading.decode_contents(), "html.parser")
    for tag in inside.find_all(["a", "img", "script"]):
        tag.unwrap()
    for tag in inside.find_all(id=True):
        del tag["id"]
    return str(inside)


def _box_one(soup: "BeautifulSoup", tag: "Tag", labels: Counter) -> None:
    """Put a table, code, printed text, a figure or a diagram into a box that scrolls."""
    if tag.name == "table":
        _box(soup, tag, "Table", labels)
    elif tag.name == "img":
        _hold_size(tag)
        if not tag.get("alt"):
            tag["alt"] = "A figure without a description"
        if tag.parent.name == "p":
            tag.parent.name = "div"  # a paragraph must not hold a box
        _box(soup, tag, "Figure", labels, kind="figure")
    elif "mermaid" in tag.get("class", ()):
        _box(soup, tag.parent if "jp-Mermaid" in tag.parent.get("class", ()) else tag, "Diagram", labels)
    elif tag.find_parent(class_="output"):
        _box(soup, tag, "Output", labels)
    else:
        code = tag.find_parent(class_="highlight") or tag
        _box(soup, code, "Code", labels)


def _box(soup: "BeautifulSoup", tag: "Tag", what: str, labels: Counter, kind: str = "") -> None:
    """Wrap a tag in a box with a label that no other box of the page has."""
    cell = tag.find_parent(attrs={"data-name": True})
    label = f"{what} of {cell['data-name']}" if cell else f"{what} in the text"
    labels[label] += 1
    if cell is None or labels[label] > 1:
        label = f"{label}, number {labels[label]}"
    box = soup.new_tag(
        "div",
        attrs={"class": f"scroll {kind}".strip(), "role": "region", "aria-label": label, "tabindex": "0"},
    )
    tag.wrap(box)


def _hold_size(image: "Tag") -> None:
    """Hold a figure to a width at which its letters can be read."""
    source = image.get("src", "")
    size = png_size(source[len(_PNG) : len(_PNG) + 100]) if source.startswith(_PNG) else None
    if size:
        width, height = size
        image["width"], image["height"] = str(width), str(height)
        image["style"] = f"min-width: {round(width * LEGIBLE)}px"


def _mark_table(table: "Tag") -> None:
    """Say of each header cell what it heads, and in what language a cell is; pandas and markdown do neither."""
    for cell in table.find_all(["th", "td"]):
        text = cell.get_text().strip()
        if cell.name == "th" and not text:
            cell.name = "td"  # an empty header heads nothing
        elif cell.name == "th" and not cell.get("scope"):
            cell["scope"] = "col" if cell.find_parent("thead") else "row"
        if _CHINESE.search(text) and not _LATIN_WORD.search(text):
            cell["lang"] = "zh"
        if len(text) > LONG:
            cell["class"] = [*cell.get("class", []), "long"]
    if table.has_attr("border"):
        del table["border"]
