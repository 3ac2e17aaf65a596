"""The threshold explorer on a page, in a browser: with the keyboard, without scripts, on a narrow screen."""

import numpy as np
import pytest

from labkit.audit.explorer._words import SHOWN, percent, points
from labkit.audit.explorer.thresholds import plot_threshold_explorer
from labkit.course.pages import render_page
from labkit.data.tables import load_compas
from tests.browser.chromium import MARKS

pytestmark = MARKS


@pytest.fixture(scope="module")
def explorers():
    """COMPAS by decile, and a score between 0 and 1."""
    frame, generator = load_compas().frame, np.random.default_rng(0)
    score, group = generator.random(300), generator.choice(["a", "b"], 300)
    compas = plot_threshold_explorer(
        frame["decile_score"],
        y_true=frame["two_year_recid"],
        sensitive_features=frame["race"],
        groups=("African-American", "Caucasian"),
        start=5,
    )
    return compas, plot_threshold_explorer(score, y_true=generator.random(300) < score, sensitive_features=group)


@pytest.fixture(scope="module")
def address(explorers, tmp_path_factory):
    """A page of the course with both explorers."""
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    cells = []
    for explorer in explorers:
        data = {"text/html": explorer._repr_html_(), "text/plain": repr(explorer)}
        cells.append(new_code_cell("explorer", outputs=[new_output("execute_result", data)]))
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(render_page(new_notebook(cells=cells), name="page"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def open_page(browser, address):
    """Open the page, with scripts or without, at a width; errors and requests on it fail the test."""
    contexts, wrong = [], []

    def open_page(width=1100, scripts=True):
        contexts.append(browser.new_context(java_script_enabled=scripts, viewport={"width": width, "height": 900}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: wrong.append(request.url) if request.url != address else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not [each for each in wrong if not each.startswith("data:")]


def texts(page, explorer=0):
    """Return the cells of the table of rates, as lines."""
    rows = page.locator(".labkit-explorer").nth(explorer).locator(".lx-live tbody tr").all()
    return [[cell.inner_text().split("\n") for cell in row.locator("td").all()] for row in rows]


def written(audit):
    """Return what the table should say of an audit."""
    rows = []
    for metric in SHOWN:
        limits = audit.intervals[metric].to_numpy()
        few = np.array([*audit.too_few[metric], audit.too_few[metric].any()])
        cells = [
            [percent(rate, 0), f"{percent(low, 0)} to {percent(high, 0)}"]
            for rate, (low, high) in zip(audit.by_group[metric], limits, strict=True)
        ]
        gap, low, high = audit.pairwise(metric).iloc[0, 2:]
        cells.append([points(gap, 0), f"{points(low, 0)} to {points(high, 0)}"])
        rows.append(
            [
                cell[:1] if cell[0] == "–" else [cell[0], cell[1] + (" ‡" if mark else "")]
                for cell, mark in zip(cells, few, strict=True)
            ]
        )
    return rows


def test_arrow_keys_move_a_cut(open_page, explorers):
    """The value that is spoken, the sentence and the table follow; the other explorer on the page stays as it was."""
    page = open_page()
    slider, spoken = page.get_by_role("slider").first, page.locator(".lx-spoken")
    before = [spoken.nth(place).inner_text() for place in (0, 1)]
    assert slider.get_attribute("aria-valuetext") == "5 or more" and spoken.first.get_attribute("aria-live") == "polite"
    assert texts(page) == written(explorers[0].audit(5, 5))
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "6 or more"
    assert spoken.first.inner_text() != before[0] and spoken.nth(1).inner_text() == before[1]
    assert texts(page) == written(explorers[0].audit(6, 5))
    page.keyboard.press("End")
    assert slider.get_attribute("aria-valuetext") == "nobody"
    assert texts(page) == written(explorers[0].audit(np.inf, 5))
    page.keyboard.press("Home")
    assert slider.get_attribute("aria-valuetext") == "1 or more: everybody"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    assert texts(page) == written(explorers[0].audit(1, 4))


def test_every_pair_of_cuts_says_what_labkit_says(open_page, explorers):
    """121 pairs, read from the page."""
    page = open_page()
    move = """([a, b]) => [a, b].forEach((place, g) => {
        const slider = document.querySelectorAll("input[type=range]")[g];
        slider.value = place;
        slider.dispatchEvent(new Event("input"));
    })"""
    read = """() => [...document.querySelectorAll(".lx-live tbody")[0].rows].map(
        (row) => [...row.querySelectorAll("td")].map((cell) => cell.innerText.split("\\n")))"""
    explorer = explorers[0]
    for a, first in enumerate(explorer.cuts.values):
        for b, second in enumerate(explorer.cuts.values):
            page.evaluate(move, [a, b])
            assert page.evaluate(read) == written(explorer.audit(first, second)), (first, second)


def test_buttons_and_the_box_move_both(open_page, explorers):
    """Each button sets the cuts of the table without scripts; ticked, the box keeps both sliders in step."""
    page, explorer = open_page(), explorers[1]
    shown = page.locator(".labkit-explorer").nth(1)
    for place, (name, cuts) in enumerate(explorer.settings.iterrows()):
        shown.get_by_role("button", name=name).click()
        assert texts(page, 1) == written(explorer.audit(*cuts)), place
    shown.get_by_role("checkbox").check()
    slider = shown.get_by_role("slider").nth(1)
    slider.focus()
    page.keyboard.press("Home")
    assert [each.input_value() for each in shown.get_by_role("slider").all()] == ["0", "0"]


def test_controls_can_be_named_and_reached(open_page):
    """Each has a name, and keeps its keys from JupyterLab's shortcuts; the script leaves no global name behind."""
    page = open_page()
    assert page.get_by_role("slider", name="African-American (3,696 people), score").count() == 1
    assert page.get_by_role("img", name="Scores of Caucasian").count() == 1
    controls = page.locator(".labkit-explorer :is(input, button, summary)")
    assert controls.count() == 2 * (2 + 1 + 4 + 1)
    assert all(each.get_attribute("data-lm-suppress-shortcuts") for each in controls.all())
    names = ["compareAt", "wilson", "make", "enhance", "data", "here"]
    assert page.evaluate("(names) => names.filter((name) => name in window)", names) == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_narrow_screen_cuts_nothing_off(open_page, scripts):
    """At 390 pixels the page does not scroll sideways, and no part of an explorer is wider than it."""
    page = open_page(width=390, scripts=scripts)
    for explorer in page.locator(".labkit-explorer").all():
        box = explorer.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        for table in explorer.locator("table:visible").all():
            inner = table.bounding_box()
            assert inner["x"] >= box["x"] and inner["x"] + inner["width"] <= box["x"] + box["width"] + 1


def test_without_scripts_four_settings_are_shown(open_page):
    """The table is open, nothing pretends to be a slider, and a line says where sliders are."""
    page = open_page(scripts=False)
    assert page.get_by_role("slider").count() == 0
    assert page.locator("details table:visible").count() == 2
    assert "Sliders appear where scripts may run" in page.locator(".labkit-explorer").first.inner_text()
