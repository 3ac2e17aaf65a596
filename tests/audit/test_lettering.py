"""Names of groups in figures: every name is drawn by a font that has it, or stands as a key that the page explains."""

import re
import warnings

import pytest

from labkit.audit._page import write_page
from labkit.audit.counts import Counts
from labkit.audit.drawing._figures import draw_png, draw_svg
from labkit.audit.plots import draw_audit
from labkit.audit.sampling._roles import Roles
from labkit.audit.sections import _lettering
from labkit.audit.sections._lettering import LONGEST, OWN, letter, text_width
from tests.figures import written_in

ROLES = Roles.named(label="y", prediction="yhat", sensitive="group")
CELLS = [30, 10, 10, 30]
FOREIGN = ["中文", "العربية", "हिन्दी", "👩‍💻 engineers", "日本語", "עברית", "ไทย"]


@pytest.fixture
def bare(monkeypatch):
    """A machine that has no font but matplotlib's own."""
    monkeypatch.setattr(_lettering, "_candidates", lambda: ())


def test_plain_names_are_drawn_as_they_are():
    """Whatever accents they have, and in the font that comes with matplotlib."""
    names = ["female", "São Tomé", "Ελλάδα", "Україна", "a-b_c", "_other"]
    found = letter(names)
    assert [label.lstrip("\u200b") for label in found.labels] == names
    assert not any(found.keys) and found.fonts == [OWN]


def test_names_that_no_font_has_become_keys(bare):
    """The key is the place of the group; names beside it stay."""
    found = letter(["a", "中文", "b", "ᚠ👩‍💻"])
    assert found.labels == ["a", "#2", "b", "#4"] and found.keys == [False, True, False, True]


def test_a_font_of_the_machine_is_taken_where_it_has_the_characters(monkeypatch, tmp_path):
    """Also a font that matplotlib's list of fonts does not know."""
    import matplotlib

    path = f"{matplotlib.get_data_path()}/fonts/ttf/STIXGeneral.ttf"
    monkeypatch.setattr(_lettering, "_candidates", lambda: (str(tmp_path / "none.ttf"), path))
    only_there = min(_lettering._characters_of(path) - _lettering._characters_of(_lettering._own_path()), key=ord)
    found = letter([only_there, "a"])
    assert found.labels == [only_there, "a"] and found.fonts == [OWN, "STIXGeneral"]


def test_letters_that_change_with_their_neighbors_need_a_matplotlib_that_shapes_them(monkeypatch):
    """Older versions draw Arabic backwards and in single letters: a key is better."""
    assert not letter(["العربية"]).keys[0] or not _lettering._has_shaping()
    monkeypatch.setattr(_lettering, "_has_shaping", lambda: False)
    assert letter(["العربية", "é", "cafe\u0301"]).keys == [True, False, False]


@pytest.mark.parametrize("name", ["x" * 200, "y " * 100, "中" * 40, "$" * 200, "a\nb" * 60])
def test_long_names_are_cut_and_keyed(name, bare):
    """Two long names with one beginning are told apart by their keys, and leave room for the figure."""
    labels = letter([name + "1", name + "2"]).labels
    assert labels[0].endswith("#1") and labels[1].endswith("#2")
    assert all(text_width(label.replace("\\$", "$")) <= LONGEST for label in labels)


@pytest.mark.parametrize("number", [2, 40, 300])
def test_every_name_gets_a_figure_without_complaints(number):
    """No warning (an error here) and no exception, in PNG and in SVG; the page has names in full beside their keys."""
    names = [*FOREIGN, "under $10k (bottom 5%), no $", "_other", "x" * 200, "$\\frac{", "\x1b[31m\u202e", "#3"]
    names += [f"site {i}" for i in range(max(number - len(names), 0))]
    found = Counts.from_mapping({name: CELLS for name in names[-number:]}, names=["$a_b$ 列"]).audit(n_tables=99)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure = draw_audit(found)
        png = draw_png(figure, alt="rates")
        assert draw_svg(figure, alt="rates").startswith(b"<?xml")
    assert caught == []
    page = write_page(found, png, alt="rates", title="log.csv", roles=ROLES)
    keys = letter(names[-number:]).keys
    for place, (name, is_key) in enumerate(zip(names[-number:], keys, strict=True), start=1):
        if is_key and "\x1b" not in name:
            assert f'<span class="key">#{place}</span> {name.replace("<", "&lt;")}' in page


def test_keys_in_the_figure_are_in_the_table(bare):
    """The number that stands for a name leads to it, and the caption says so."""
    found = Counts.from_mapping(dict.fromkeys(["a", "中文", "ไทย"], CELLS), names=["語"]).audit()
    drawn = written_in(draw_audit(found)).splitlines()
    assert "#2" in drawn and "#3" in drawn and "中文" not in drawn and "語" not in drawn
    page = write_page(found, "", alt="rates", title="log.csv", roles=ROLES)
    assert '<span class="key">#2</span> 中文' in page and "A number after # leads to a name in the table" in page
    plain = write_page(Counts.from_mapping({"a": CELLS, "b": CELLS}).audit(), "", alt="x", title="t", roles=ROLES)
    assert 'class="key"' not in plain and not re.search("A number after #", plain)
