"""Text that others wrote stays text in Markdown."""

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from labkit.layout.markdown import escape_markdown, fenced, markdown_table

MARKS = "#*_`~[]()<>&|\\-+=:.!$'\"/1 9\nab\t{}@^"


def shown(markdown):
    """Return the blocks that Markdown with tables, strikethrough and HTML makes, and the text that one reads."""
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown)
    return set(re.findall(r"<(/?\w+)", page)), html.unescape(re.sub(r"<[^>]*>", "", page))


@given(st.text(alphabet=MARKS, max_size=40))
@example("# a\n===\n- b\n1. c\n> d\n    e\n```f")
@example("a | b\n--|--\n<script>alert(1)</script> [x](javascript:y) ![z](w) https://a.b &lt; &#60;")
@example("a\n:-:")
def test_any_text_is_shown_as_it_is(text):
    """Whatever marks it holds: paragraphs and nothing else, with the same words."""
    tags, read = shown(escape_markdown(text))
    assert tags <= {"p", "/p"}
    assert read.split() == text.split()


@pytest.mark.parametrize("text", ["age_group", "0.001", "-414 to 1057", "25 - 45", "C#", "a.b@c.org", "(0, 9)"])
def test_plain_text_is_not_cluttered(text):
    """What Markdown shows as it is anyway has no backslash."""
    assert escape_markdown(text) == text


def test_controls_are_visible():
    """They cannot steer a terminal or turn text around."""
    assert escape_markdown("a\x1b[2Jb\u202ec") == r"a\\x1b\[2Jb\\u202ec"


def test_a_block_of_code_cannot_be_ended_by_its_text():
    """However many backticks it holds."""
    tokens = MarkdownIt("commonmark").parse(fenced("a\n````\n# b"))
    assert [token.type for token in tokens] == ["fence"] and tokens[0].content == "a\n````\n# b\n"


def test_a_table_has_a_row_for_each():
    """Numbers to the right."""
    assert markdown_table(["a", "b"], [["x", "1"]], right=[1]) == "| a | b |\n| --- | ---: |\n| x | 1 |"
