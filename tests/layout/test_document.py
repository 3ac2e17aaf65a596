import base64
import struct

import pytest
from bs4 import BeautifulSoup

from labkit.layout import Heading, figure_box, png_size, scroll_box, write_document

HEADINGS = [Heading(3, "early", "a"), Heading(2, "A <code>b</code>", "b"), Heading(3, "c", "c"), Heading(2, "d", "d")]


def parse(main="<h1>T</h1>", **options):
    """Return a page, parsed."""
    return BeautifulSoup(write_document(main, title="T & T", **options), "html.parser")


def png(width, height):
    """Return the beginning of a PNG of a size in base64."""
    return base64.b64encode(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + bytes(60)
    ).decode()


def test_a_page_has_landmarks_and_a_skip_link():
    """One main, in English, that the first link leads to; a title; nothing else without navigation and contents."""
    page = parse()
    assert page.html["lang"] == "en" and page.title.get_text() == "T & T"
    (main,) = page.find_all("main")
    assert page.find("a")["href"] == f"#{main['id']}" and main["tabindex"] == "-1"
    assert not page.select("nav, script, header, footer")


def test_navigation_stands_above_and_below_under_different_names():
    """Landmarks of the same kind need labels that tell them apart."""
    page = parse(navigation="<ul><li>x</li></ul>", contents=HEADINGS)
    labels = [each["aria-label"] for each in page.find_all("nav")]
    assert len(labels) == len(set(labels)) == 3 and str(page).count("<li>x</li>") == 2


def test_contents_list_headings_below_their_sections():
    """In order, each with its link; headings of level 3 in a list of their own; closed without a script."""
    page = parse(contents=HEADINGS)
    links = page.select(".contents a")
    assert [(each["href"], each.decode_contents()) for each in links] == [(f"#{h.anchor}", h.text) for h in HEADINGS]
    assert [each.get_text() for each in page.select(".contents ol ol a")] == ["c"]
    assert not page.select_one(".contents details").has_attr("open")


def test_box_is_reached_by_keyboard_and_named():
    """Whatever the label holds."""
    box = BeautifulSoup(scroll_box("<pre>x</pre>", label='a "b" <c>', kind="wide"), "html.parser").div
    assert (box["tabindex"], box["role"], box["aria-label"]) == ("0", "region", 'a "b" <c>')
    assert box["class"] == ["scroll", "wide"] and box.pre


def test_figure_keeps_a_width_at_which_it_can_be_read():
    """A part of its own, from the PNG; what is no PNG has none."""
    drawn = png(1000, 30)
    assert png_size(drawn) == (1000, 30) and png_size("\n".join([drawn[:20], drawn[20:]])) == (1000, 30)
    box = BeautifulSoup(figure_box(drawn, alt="<a>", label="Figure"), "html.parser")
    assert (box.img["width"], box.img["height"], box.img["alt"]) == ("1000", "30", "<a>")
    assert 500 < int(box.img["style"].removeprefix("min-width: ").removesuffix("px")) < 1000


@pytest.mark.parametrize("text", ["", "iVBORw0KGgo", "a", "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="])
def test_what_is_no_png_has_no_size(text):
    """It is shown all the same."""
    assert png_size(text) is None and "min-width" not in figure_box(text, alt="x", label="Figure")
