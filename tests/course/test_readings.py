"""Rules for readings, each with code that breaks it, and what becomes of a reading in a notebook and on a page."""

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output

from labkit.course.build import read_source
from labkit.course.pages import render_page
from labkit.course.sources.conversion import convert, student_text
from labkit.course.sources.readings import WORDS, list_complaints
from labkit.errors import UserError


@pytest.mark.parametrize(
    "source",
    [
        'reading("Nothing to fill in.")',
        'reading("A gap of {gap:.2f}, {row.low} to {row[high]}; {{x}}.", gap=gap, row=pairs.iloc[0])',
        'reading("{a} {b}", a=rates["x", -1], b=table[name].low)',
        'reading("{a}" " and {b:.1%}", a=a, b=choose(found, "{a}", otherwise="none"))',
        'reading("{a}", a=verdict(row.low, row.high, above="A {b}", below="B", unclear="C", margin=0.05), b=b)',
        'reading("{word} in 1973, 2 of 3, section 4", word="Birch")',
        'reading("' + "word " * WORDS + "\\n\\n" + "word " * WORDS + '")',
    ],
)
def test_readings_that_keep_the_rules(source):
    """Names, attributes, items, choices; whole numbers; two paragraphs."""
    assert list(list_complaints(source)) == []


@pytest.mark.parametrize(
    "source, words",
    [
        ("reading(", "is not Python"),
        ('x = 1\nreading("a")', "one call of reading(...)"),
        ('display(reading("a"))', "one call of reading(...)"),
        ('prose.reading("a")', "one call of reading(...)"),
        ('reading(f"{x}", x=x)', "one plain string"),
        ('reading("a" + "b")', "one plain string"),
        ("reading(TEXT)", "one plain string"),
        ('reading("{a}", **values)', "not with **"),
        ('reading("{a} {b}", a=a)', "no value named 'b'"),
        ('reading("{a}", a=a, b=b)', "no field for b"),
        ('reading("{a + 1}", a=a)', "more than a name with attributes and items"),
        ('reading("{a()}", a=a)', "more than a name with attributes and items"),
        ('reading("{a", a=a)', "cannot be read"),
        ('reading("{a}", a=100 * b)', "'100 * b' is more than"),
        ('reading("{a}", a=b.mean())', "'b.mean()' is more than"),
        ('reading("{a}", a=b[b > 0])', "is more than"),
        ('reading("{a}", a=f"{b}")', "is more than"),
        ('reading("{a}", a="x" if b else "y")', "is more than"),
        ('reading("{a}", a=0.35)', "a=0.35 is a typed number"),
        ('reading("{a}", a=12)', "a=12 is a typed number"),
        ('reading("{a}", a="0.35")', "the decimal 0.35 is typed"),
        ('reading("{a}", a=choose(b > 1, "x", otherwise="y"))', "'b > 1' is computed inside"),
        ('reading("{a}", a=choose(b, "x", otherwise=str(c)))', "'str(c)' is computed inside"),
        ('reading("{a}", a=verdict(0.1, b, above="x", below="y", unclear="z"))', "'0.1' is computed inside"),
        ('reading("{a}", a=choose(b, "about 3.5", otherwise="y"))', "the decimal 3.5 is typed"),
        ('reading("{a}", a=choose(b, "{c}", otherwise="y"))', "no value named 'c'"),
        ('reading("It is 0.35.")', "the decimal 0.35 is typed"),
        ('reading("It is .35 here.")', "the decimal .35 is typed"),
        ('reading("Of these, 40 % were denied.")', "the percentage 40 % is typed"),
        ('reading("Of these, 40 percent were denied.")', "the percentage 40 percent is typed"),
        ('reading("' + "word " * (WORDS + 1) + '")', f"{WORDS + 1} words"),
    ],
)
def test_readings_that_break_a_rule(source, words):
    """The message quotes the place."""
    assert any(words in complaint for complaint in list_complaints(source)), list(list_complaints(source))


SOURCE = """# %%
gap = 0.25
# %% tags=["reading"]
reading({text})
"""


def test_a_wrong_reading_fails_the_build(tmp_path):
    """By name of the source, before anything runs."""
    path = tmp_path / "00_gap.py"
    path.write_text(SOURCE.replace("{text}", '"{gpa}", gap=gap'))
    with pytest.raises(UserError, match=r"a reading, 'reading\(\"\{gpa\}\", gap=gap\)': the text has a field \{gpa\}"):
        student_text(read_source(path), name="00_gap")


def test_code_of_readings_is_hidden():
    """Collapsed in JupyterLab, left out of pages; its text is shown, and other cells keep their code."""
    notebook = convert(SOURCE.replace("{text}", '"The gap is {gap:.2f}.", gap=gap'))
    computed, said = notebook.cells
    assert said.metadata.jupyter == {"source_hidden": True} and "jupyter" not in computed.metadata
    said.outputs = [new_output("execute_result", {"text/markdown": "The gap is 0.25."})]
    page = BeautifulSoup(render_page(notebook, name="00_gap"), "html.parser").main.get_text()
    assert "The gap is 0.25." in page and "gap = 0.25" in page and "reading(" not in page
