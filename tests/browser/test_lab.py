"""A student's first hour in JupyterLab: notebooks run, exercises answer, sliders move, links lead somewhere."""

import posixpath
import re
import tomllib
from textwrap import dedent
from urllib.parse import urlsplit

import nbformat
import pytest

from labkit.course.build import Course
from labkit.course.sources.conversion import student_text
from labkit.exercises.judging import STATES
from tests.browser.chromium import MARKS, open_tab, take_picture
from tests.browser.lab import (
    QUESTIONS,
    ROOT,
    cell_at,
    enter,
    find_cell,
    follow_link,
    open_file,
    read_cells,
    run_all,
    run_cell,
    run_lab,
    shown_path,
    wait_for_kernel,
    write_and_run,
)

pytestmark = MARKS

FIRST = "work/00_start_here.ipynb"
CORRECT, NOT_YET, NOT_ATTEMPTED = STATES

# What readings, sliders, formulas and diagrams are made of, in a notebook that takes no time.
PARTS = """
    # %% [markdown]
    # # 90 · Does everything show?
    #
    # A gap $\\Delta v = v_a - v_b$.
    #
    # ```mermaid
    # flowchart LR
    #   data --> model
    # ```
    # %%
    import matplotlib.pyplot as plt

    from labkit.plots import explore, show
    from labkit.prose import reading


    def draw(threshold):
        fig, ax = plt.subplots(figsize=(4, 1), layout="constrained")
        ax.barh([0], [threshold])
        ax.set_xlim(0, 1)
        return fig, f"A bar of length {threshold:.2f}."


    explore(draw, start={"threshold": 0.5}, ranges={"threshold": (0.0, 1.0, 0.05)})
    # %%
    gap = 0.125
    # %% tags=["reading"]
    reading(
        "The gap is {gap:.3f}, and its code is hidden.",
        gap=gap,
    )
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab, started once for this module, in a home folder in which it never ran."""
    with run_lab(tmp_path_factory.mktemp("lab")) as running:
        (running.root / "work" / "90_parts.ipynb").write_text(
            student_text(dedent(PARTS).lstrip(), name="90_parts"), encoding="utf-8"
        )
        yield running


@pytest.fixture(scope="module")
def tab(lab, browser):
    """The one tab that a student works in."""
    with open_tab(browser, width=1100) as page:
        enter(page, lab.address)
        yield page


@pytest.fixture(scope="module")
def worked(tab):
    """That tab, with all cells of the first notebook run, after its settings were changed to those of a quick run."""
    settings = tomllib.loads((ROOT / "notebooks" / "profiles.toml").read_text())["smoke"]["00_start_here"]
    cells = read_cells(tab)
    place = next(i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", []))
    quick = "\n".join(f"{name} = {value!r}" for name, value in settings.items())
    write_and_run(tab, place, "".join(cells[place]["source"]) + "\n\n" + quick)
    run_all(tab)
    return tab


def show_first(tab):
    """Go to the first notebook, whatever another test left on the screen."""
    open_file(tab, FIRST)
    wait_for_kernel(tab)


def relative_links(cells):
    """Return the distinct addresses in a notebook's text that lead to files of the course."""
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return sorted({link for link in found if not urlsplit(link).scheme and not link.startswith("#")})


def test_it_opens_the_first_notebook_and_asks_nothing(tab):
    """A new student sees the notebook and no question: about news, a kernel, trust or an update."""
    assert shown_path(tab) == FIRST
    tab.wait_for_timeout(2000)  # the question about news comes late
    take_picture(tab, "lab_first_start")
    assert tab.locator(QUESTIONS).all_inner_texts() == []


def test_all_cells_run(worked):
    """From top to bottom, in the student's form; every check says that its exercise was not attempted."""
    show_first(worked)
    cells = [cell for cell in read_cells(worked) if cell["cell_type"] == "code" and cell["source"]]
    assert all(cell["execution_count"] for cell in cells)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
    checks = sum(bool(re.search(r"^check\(", "".join(cell["source"]), re.MULTILINE)) for cell in cells)
    assert sum(NOT_ATTEMPTED in str(output) for output in outputs) == checks > 0


def test_a_wrong_answer_and_a_right_one_get_their_outcomes(worked):
    """The student types both where the dots are; the check below says not yet, then correct."""
    show_first(worked)
    stubs = [cell for cell in read_cells(worked) if "exercise" in cell["metadata"] and cell["cell_type"] == "code"]
    exercise = str(stubs[0]["metadata"]["exercise"])
    stub, check = find_cell(worked, "".join(stubs[0]["source"])), find_cell(worked, f'check("{exercise}"')
    asked = re.search(r"check\([^,]*, (\w+)\)", "".join(read_cells(worked)[check]["source"]))[1]
    solution = next(
        cell.source
        for cell in Course(ROOT).read("00_start_here").cells
        if "solution" in cell.metadata.get("tags", []) and re.search(rf"\b{asked}\b", cell.source)
    )
    wrong = f"def {asked}(*arguments):\n    return 'something else'" if "def " in solution else f"{asked} = 'else'"
    for text, outcome in ((wrong, NOT_YET), (solution, CORRECT)):
        write_and_run(worked, stub, text)
        said = run_cell(worked, check)
        cell_at(worked, check)
        take_picture(worked, f"lab_{outcome.replace(' ', '_')}")
        assert f"{exercise}" in said and outcome in said.lower()
        assert [other for other in STATES if other in said.lower()] == [outcome]


@pytest.fixture(scope="module")
def parts(lab, tab):
    """The tab, with the notebook of `PARTS` open, and what it shows before a cell was run: the text of its reading."""
    open_file(tab, "work/90_parts.ipynb")
    wait_for_kernel(tab)
    before = cell_at(tab, find_cell(tab, "reading(\n")).inner_text()
    run_all(tab)
    return before


def show_parts(tab):
    """Go to that notebook, whatever another test left on the screen; return the place of it on the screen."""
    open_file(tab, "work/90_parts.ipynb")
    return tab.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def test_formulas_and_diagrams_are_drawn(parts, tab):
    """Without a network: JupyterLab brings what draws them."""
    panel = show_parts(tab)
    assert panel.locator("mjx-container").first.inner_text().startswith("Δ")
    panel.locator(".jp-RenderedMermaid img, .jp-RenderedMermaid svg").first.wait_for()


def test_a_moved_slider_draws_its_figure_again(parts, tab):
    """With the keyboard, as everybody can; the first figure stays for comparison."""
    panel = show_parts(tab)
    before = panel.locator(".jp-OutputArea img").evaluate_all("images => images.map(image => image.src)")
    slider = panel.locator(".noUi-handle")
    slider.scroll_into_view_if_needed()
    slider.focus()
    slider.press("ArrowRight")
    drawn = panel.locator(".jupyter-widgets img")
    drawn.wait_for()
    take_picture(tab, "lab_slider")
    assert drawn.get_attribute("alt") == "A bar of length 0.55."
    assert drawn.get_attribute("src") not in before


def test_a_reading_shows_its_text_and_not_its_code(parts, tab):
    """Before it is run nobody can read ahead, and afterwards there is the sentence alone."""
    show_parts(tab)
    cell = cell_at(tab, find_cell(tab, "reading(\n"))
    take_picture(tab, "lab_reading")
    assert "The gap" not in parts
    assert "The gap is 0.125, and its code is hidden." in cell.locator(".jp-Cell-outputArea").inner_text()
    assert "gap=gap" not in cell.inner_text()


def test_a_notebook_saved_with_a_foreign_kernel_opens_without_a_question(lab, tab):
    """Other programs write the name of a kernel that is not here; the course's own is taken."""
    path = lab.root / "work" / "91_foreign.ipynb"
    foreign = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("1")], metadata={"kernelspec": {"name": "venv-311", "display_name": "venv"}}
    )
    nbformat.write(foreign, path)
    open_file(tab, "work/91_foreign.ipynb")
    wait_for_kernel(tab)
    assert tab.locator(QUESTIONS).all_inner_texts() == []


@pytest.mark.parametrize("name", ["00_start_here", "01_data_bias"])
def test_every_link_leads_to_a_file_that_opens(tab, name):
    """A click opens the file that the notebook names; nothing answers 404."""
    for link in relative_links(Course(ROOT).read(name, form="student").cells):
        open_file(tab, f"work/{name}.ipynb")
        follow_link(tab, link, posixpath.normpath(posixpath.join("work", urlsplit(link).path)))
        assert tab.locator(QUESTIONS).all_inner_texts() == []


def test_the_settings_of_other_projects_are_left_alone(lab, worked):
    """Neither settings nor open tabs are written to the home folder; the tabs are remembered in work/."""
    worked.wait_for_timeout(1000)  # JupyterLab remembers tabs a moment after they change
    assert not (lab.root.parent / "home" / ".jupyter" / "lab").exists()
    assert list((lab.root / "work" / ".workspaces").glob("*.jupyterlab-workspace"))


def test_nothing_asks_the_network(worked):
    """Whatever was done before: no script, font, picture or news from elsewhere, and no error in the console."""
    assert worked.asked_for == []
    # JupyterLab asks for language servers before its server has looked for them, and asks again.
    assert [said for said in worked.complaints if "/lsp/status" not in said] == []
