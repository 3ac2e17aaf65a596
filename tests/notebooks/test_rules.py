"""Every rule of notebook style is shown to catch what breaks it, on made-up notebooks that break nothing else."""

from textwrap import dedent

import jupytext
import pytest

from tests.notebooks.page import Page, tags
from tests.notebooks.rules import RULES, complaints_about
from tests.notebooks.rules_prose import typed_decimals

FORMS = ("solution", "student")
GOOD = """\
    # ---
    # jupyter:
    #   labkit:
    #     budget:
    #       seconds: 30
    #       mb: 500
    # ---
    # %% [markdown]
    # # 01 · What is in a name?
    #
    # **You will be able to**
    # - *count* names, with care `[01-count]`
    # - *draw* what was
    #   counted `[01-draw]`
    # - *judge* a count `[01-judge]`
    #
    # About 5 minutes. Before this: [00 · Is it ready?](00_start_here.ipynb)
    # %%
    from matplotlib import pyplot as plt

    from labkit.plots import count, show
    # %% tags=["parameters"]
    SAMPLE_SIZE = 10  # names
    SEED: int = 0
    # %% [markdown]
    # ## How many?
    #
    # Python 3.11 counts; `0.25` is code, $0.5 \\times 2$ is math, [a link 0.7](00_start_here.ipynb), see CC-BY-4.0.
    #
    # A share of 0.31 was published (Angwin et al., 2016). <b>Bold</b>. See [below](#How-many?), Exercise 01.1.
    # %%
    try:
        import gone_for_good
    except ImportError as error:
        print(error)
    # %%
    fig, ax = plt.subplots()
    plot_names(SAMPLE_SIZE, ax=ax)
    # %%
    show(fig, alt=f"{SAMPLE_SIZE:.2f} names.")
    plt.close()
    # %% tags=["reading"]
    reading(
        "Of them, {new:.2f} are new.",
        new=new,
    )
    # %% [markdown] tags=["exercise"]
    # ### Exercise 01.1 · Shares
    #
    # Base rates are 0.6 and 0.2.
    # %% tags=["exercise"] exercise="01.1" points=2 objective="01-count"
    share = ...
    # %% tags=["solution"]
    share = 0.5
    # %% tags=["check"]
    check("01.1", share)
    # %%
    one = 1
    # %% tags=["by-hand"]
    two = 2
    # %%
    three = count(two)
    # %% tags=["by-hand"]
    four = 4
    # %%
    five = count(four)
    print(show)
    # %% tags=["by-hand"]
    six = 6
    # %%
    seven = count(six)
    # %% [markdown]
    # # Part two · The end
    # ## What you learned
    #
    # - `[01-count]` Counting.
    # - `[01-draw]` Drawing.
    # - Judging `[01-judge]`.
    #
    # **What this does not show.** Whether names matter.
    #
    # **Next.** All of it again.
    """


def make_page(source=GOOD, *, form="solution", change=None):
    """Make a page from a source, in one of the two forms; `change` edits its notebook in place."""
    notebook = jupytext.reads(dedent(source), fmt="py:percent")
    notebook.cells = [c for c in notebook.cells if form == "solution" or "solution" not in tags(c)]
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
    notebook.metadata.labkit = notebook.metadata.get("labkit", {})
    if change:
        change(notebook)
    return Page(notebook, "01_names", frozenset({"SAMPLE_SIZE"}))


@pytest.mark.parametrize("form", FORMS)
def test_good_notebook_breaks_no_rule(form):
    """The made-up notebook that the others differ from is in order."""
    assert complaints_about(make_page(form=form)) == {}


FILLER = "# %%\none = 1"
HALVES = [[f"{letter}{number}" for number in range(12)] for letter in "nm"]  # 24 names
# rule, what is replaced, by what, what the complaint says
BREAKS = [
    ("title_is_a_numbered_question", "name?\n", "name\n", "question"),
    ("title_is_a_numbered_question", "# 01 ·", "# 02 ·", "title says 02"),
    ("objectives_have_a_verb_and_an_id", "**You will be able to**", "**You will see:**", "no list under"),
    ("objectives_have_a_verb_and_an_id", "- *count* names", "- count names", "verb"),
    ("objectives_have_a_verb_and_an_id", "- *count*", "- *ask* `[01-count]`\n# " * 3 + "- *count*", "6 objectives"),
    (
        "objectives_have_a_verb_and_an_id",
        "- *count*",
        "- *ask* it `[01-count]`\n# - *count*",
        "01-count is given twice",
    ),
    ("minutes_are_stated", "5 minutes", "an hour", "minutes"),
    ("prerequisites_are_named", "Before this: [00 · Is it ready?](00_start_here.ipynb)", "Before this: much", "Before"),
    ("parameters_are_in_one_cell", FILLER, '# %% tags=["parameters"]\nONE = 1', "2 cells"),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "seed = 0", "capitals"),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "HALF = SAMPLE_SIZE // 2", "computed from"),
    ("parameters_are_capitals_with_plain_values", "SEED: int = 0", "print(3)", "no assignment"),
    ("profiles_name_known_parameters", "SAMPLE_SIZE = 10", "SIZE = 10", "SAMPLE_SIZE, which is no parameter"),
    ("budget_is_stated", "#       seconds: 30\n", "", "seconds is None"),
    ("budget_is_stated", "mb: 500", "mb: 5000", "mb is 5000"),
    ("what_you_learned_mirrors_the_objectives", "`[01-draw]` Drawing", "`[01-count]` Drawing", "leaves out 01-draw"),
    ("what_you_learned_mirrors_the_objectives", "- Judging", "- `[01-fly]` too\n# - Judging", "which is no objective"),
    ("what_you_learned_mirrors_the_objectives", "- Judging", "- More.\n# - Judging", "has no objective id"),
    (
        "what_you_learned_mirrors_the_objectives",
        "# - `[01-count]` C",
        "# Much.\n#\n# - `[01-count]` C",
        "no list right",
    ),
    ("notebook_ends_with_limits_and_next", "**Next.** All", "All", "Next"),
    ("notebook_ends_with_limits_and_next", "**What this does not show.** Whether", "Whether", "does not show"),
    (
        "notebook_ends_with_limits_and_next",
        "**Next.** All",
        "**Next.** All.\n#\n# **What this does not show**",
        "order",
    ),
    ("cells_are_short", FILLER, "# %%\n" + "print(1)\n" * 21, "21 lines"),
    ("cells_are_short", FILLER, "# %%\n" + f"print('{'x' * 90}')\n" * 10, "characters"),
    ("lines_are_short", FILLER, f"# %%\nprint('{'x' * 92}')", "101 characters"),
    ("long_cells_give_a_reason", FILLER, '# %% tags=["long"]\n' + "print(1)\n" * 21, "without a reason"),
    ("long_cells_give_a_reason", FILLER, '# %% tags=["long"] reason="why"\nprint(1)\n' * 3, "3 cells"),
    ("code_is_formatted", FILLER, "# %%\nprint( 1 )  # fmt: skip", "formatter"),
    ("comprehensions_have_one_loop", FILLER, "# %%\n[a for b in c for a in b]", "2 loops"),
    ("comprehensions_have_one_loop", FILLER, "# %%\n{a: [b for b in a] for a in c}", "inside another"),
    ("no_assignment_inside_an_expression", FILLER, "# %%\nprint(len(found := [1]))", "assigns inside"),
    ("choices_are_not_nested", FILLER, "# %%\nf\"{'a' if b else 'c'}\"", "is a choice inside"),
    ("choices_are_not_nested", FILLER, "# %%\nprint(1 if a else 2 if b else 3)", "is a choice inside"),
    ("lambdas_are_short", FILLER, "# %%\nprint(lambda value: value[0] + value[1] + value[2])", "a lambda of"),
    ("no_names_from_a_generator", FILLER, "# %%\na, b = (f(x) for x in c)", "unpacks a comprehension"),
    ("no_names_from_a_generator", FILLER, "# %%\na, b, c = 1, *[f(x) for x in d]", "unpacks a comprehension"),
    ("rows_are_plain_dicts", FILLER, "# %%\nprint({'a': 1} | row)", "joins dicts"),
    ("rows_are_plain_dicts", FILLER, "# %%\nprint(row | dict(a=1))", "joins dicts"),
    ("names_mean_one_thing", FILLER, "# %%\nsix = 1", "six is bound in 2 cells"),
    ("names_mean_one_thing", FILLER, "# %%\ndef six():\n    pass", "six is bound in 2 cells"),
    ("imports_are_where_they_are_needed", FILLER, "# %%\nif SEED:\n    import json", "does not use it"),
    ("imports_are_where_they_are_needed", "plt.close()\n", "", "plt, which 1 cells use"),
    (
        "readings_begin_with_an_empty_line",
        'reading(\n    "Of them',
        'reading("Of them',
        "shows its text before it is run",
    ),
    (
        "few_names_come_from_labkit",
        FILLER,
        "# %%\n"
        + "".join(
            f"from labkit.data import {', '.join(half)}\nprint({half[0]}, {', '.join(half)})\n" for half in HALVES
        ),
        "26 names",
    ),
    ("the_lesson_is_written_out", '# %% tags=["by-hand"]\ntwo', "# %%\ntwo", "2 cells are tagged"),
    ("the_lesson_is_written_out", "two = 2", "two = count(2)", "uses count of labkit"),
    ("the_lesson_is_written_out", "three = count(two)", "three = two", "does not compare"),
    ("code_writes_no_prose", FILLER, '# %%\nMarkdown("Much.")', "writes prose"),
    ("drawing_is_short", FILLER, "# %%\n" + "ax.plot(x, y)\n" * 9, "9 lines draw"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\nprint(share)", "exercise 01.1 asks for"),
    ("nothing_uses_what_an_exercise_asks_for", FILLER, "# %%\ndef f():\n    return share", "exercise 01.1 asks for"),
    ("decimals_are_computed", "(Angwin et al., 2016)", "by Angwin", "0.31"),
    ("decimals_are_computed", "Whether names", "| a | b |\n# |---|---|\n# | 1 | .5 |\n#\n# Whether names", ".5"),
    ("decimals_are_computed", "- `[01-draw]` Drawing.", "- `[01-draw]` Drawing\n#   costs 44.85%.", "44.85%"),
    ("decimals_in_rendered_text_are_computed", " names.", " of 3.7 names.", "3.7"),
    ("headings_skip_no_level", "# ## How many?", "# ## How many?\n# #### Deep", "level 4, after level 2"),
    ("title_is_the_only_one", "# # Part two · The end", "# # The end", "second title"),
    ("figures_are_shown", FILLER, "# %%\nplot_names(3)", "1 figures, of which 0"),
    ("figures_are_shown", FILLER, "# %%\nframe.plot.bar()", "1 figures, of which 0"),
    ("figures_are_shown", FILLER, "# %%\nexplored = plot_threshold_explorer(3)", "1 figures, of which 0"),
    ("figures_are_shown", 'show(fig, alt=f"{SAMPLE_SIZE:.2f} names.")', "print(show)", "1 figures, of which 0"),
    ("figures_are_shown", FILLER, "# %%\nplt.show()", "plt.show()"),
    ("figures_have_a_text", 'alt=f"{SAMPLE_SIZE:.2f} names."', 'alt=" "', "no text"),
    ("figures_have_a_text", ', alt=f"{SAMPLE_SIZE:.2f} names."', "", "no text"),
    ("figures_have_a_text", "Whether names", "![](../README.md) Whether", "has no text"),
    ("links_lead_somewhere", "00_start_here.ipynb", "99_nowhere.ipynb", "99_nowhere"),
    ("links_lead_somewhere", "(#How-many?)", "(#How-few?)", "How-few"),
    ("links_lead_somewhere", "(#How-many?)", "(solutions/00_start_here.py)", "work/"),
    ("html_survives_jupyterlab", "<b>Bold</b>", "<group>", "<group> is dropped"),
    ("html_survives_jupyterlab", "Whether names", "<script>\n# x\n# </script>", "<script> is dropped"),
    ("html_survives_jupyterlab", "<b>", '<b onclick="x">', "runs code"),
    (
        "terms_in_bold_are_in_the_glossary",
        "Whether names",
        "A **made-up\n# term**. Whether names",
        "'made-up term' is bold",
    ),
    ("terms_in_bold_are_in_the_glossary", "Of them,", "Of **made-up terms**,", "'made-up terms' is bold"),
    ("paths_are_relative", FILLER, '# %%\nopen("/home/ada/names.csv")', "absolute path"),
    ("paths_are_relative", "Whether names", "Open C:\\Users\\ada. Whether names", "absolute path"),
]


# rule, edit of the notebook, what the complaint says
BREAKS_IN_JSON = [
    ("nothing_that_ran_is_stored", lambda nb: nb.cells[1].outputs.append({"output_type": "stream"}), "stored outputs"),
    ("nothing_that_ran_is_stored", lambda nb: nb.cells[1].update(execution_count=3), "execution count"),
    ("nothing_that_ran_is_stored", lambda nb: nb.metadata.update(widgets={}), "widgets"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].update(id="cell-2"), "used 2 times"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].update(id="a cell"), "no valid cell id"),
    ("cell_ids_are_valid_and_unique", lambda nb: nb.cells[1].pop("id"), "no valid cell id"),
]


def assert_breaks_only(page, broken, complaint):
    """A notebook gets the complaint, by the one rule and by no other."""
    found = complaints_about(page)
    assert list(found) == [broken], found
    assert any(complaint in text for text in found[broken]), found


@pytest.mark.parametrize(("broken", "old", "new", "complaint"), BREAKS)
def test_rule_catches_what_a_source_breaks(broken, old, new, complaint):
    """A notebook that breaks one rule in its text gets that rule's complaint, and no other."""
    source = dedent(GOOD)
    assert old in source
    assert_breaks_only(make_page(source.replace(old, new)), broken, complaint)


@pytest.mark.parametrize(("broken", "change", "complaint"), BREAKS_IN_JSON)
def test_rule_catches_what_a_file_breaks(broken, change, complaint):
    """The same for what only the notebook's file can break."""
    assert_breaks_only(make_page(change=change), broken, complaint)


def test_every_rule_is_shown_to_catch_something():
    """No rule that cannot fail."""
    assert {case[0] for case in (*BREAKS, *BREAKS_IN_JSON)} == set(RULES)


@pytest.mark.parametrize("new", ["# %%\nshare = share + 1", "# %%\nfor i in [1]:\n    share += i"])
def test_an_answer_is_used_before_it_is_bound_again(new):
    """Reading comes before binding, in a statement as in a loop."""
    page = make_page(dedent(GOOD).replace(FILLER, new))
    (complaint,) = RULES["nothing_uses_what_an_exercise_asks_for"](page)
    assert "exercise 01.1 asks for" in complaint


@pytest.mark.parametrize(
    "new",
    [
        "# %%\nshare = 1\nprint(share)",
        "# %%\nfor share in [1]:\n    print(share)",
        "# %%\nprint([share for share in [1]])",
        "# %%\ndef f(share):\n    return share",
        '# %% tags=["exercise"] exercise="01.1"\nprint(share)',
        '# %% tags=["check"]\nprint(share)',
    ],
)
def test_name_of_an_exercise_may_be_used_again(new):
    """A cell that gives the name its own value, a check and the exercise itself do not use the answer."""
    page = make_page(dedent(GOOD).replace(FILLER, new))
    assert RULES["nothing_uses_what_an_exercise_asks_for"](page) == []


@pytest.mark.parametrize(
    "text",
    [
        "`0.25` is code",
        "```\n0.25\n```",
        "$0.25$ and $$\n0.5\n$$",
        "# 0.25 in a heading",
        "[0.25](there.ipynb)",
        "Python 3.11, version 2.0, v1.2.3",
        "CC-BY-4.0",
        "Exercise 05.1",
        "on 19.05.2016",
        "an end.Then 5 more, 1,234 and 00",
        "0.25 of them (Levy, Lazar and Stanovsky, 2021)",
        "| a |\n|---|\n| 0.25 (Angwin et al., 2016, table 2) |",
    ],
)
def test_number_may_be_typed(text):
    """Code, math, headings, links, versions, numbers of exercises, dates, and what is cited."""
    assert typed_decimals(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "0.25 of them",
        "from .5 on",
        "−0.5",
        "a rate of 44.85%",
        "**0.25**",
        "> 0.25",
        "- 1\n- 0.25",
        "0.25 by Angwin (yes)",
        "about 1,234.5",
        "| a |\n|---|\n| 0.25 |\n| (Angwin et al., 2016) |",
        "0.25\n\n(Angwin et al., 2016)",
    ],
)
def test_typed_number_is_found(text):
    """Anywhere else, also in bold, lists, quotations and tables; a citation counts for its own paragraph."""
    assert len(typed_decimals(text)) == 1


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("cells_are_short", '# %% tags=["long"] reason="one table"\n' + "print(1)\n" * 30),
        ("names_mean_one_thing", "# %%\nfor six in [1]:\n    print(six)\nwith open('x') as two:\n    pass"),
        ("names_mean_one_thing", "# %%\nfig, ax = plt.subplots()"),
        ("no_names_from_a_generator", "# %%\na, b = f(x for x in c)"),
        ("rows_are_plain_dicts", "# %%\nprint(mask | other)"),
        ("comprehensions_have_one_loop", "# %%\nfor a in b:\n    print([c for c in a])"),
        ("imports_are_where_they_are_needed", "# %%\nimport json\nprint(json)"),
        ("imports_are_where_they_are_needed", "# %%\ndef f():\n    import json\n    return json"),
        ("imports_are_where_they_are_needed", "# %%\ntry:\n    import json\nexcept ImportError:\n    pass"),
        ("drawing_is_short", "# %%\ndef draw(ax):\n" + "    ax.plot(x, y)\n" * 9),
    ],
)
def test_readable_code_breaks_no_rule(name, new):
    """A long cell with a reason, loop variables, figures, masks, one loop at a time, imports where they are used."""
    assert RULES[name](make_page(dedent(GOOD).replace(FILLER, new))) == []


def test_text_of_markdown_is_computed_too():
    """A notebook that has not been revised still writes prose in code cells."""
    page = make_page(dedent(GOOD).replace(FILLER, '# %%\nMarkdown(f"A share of 0.5, {one}.")'))
    assert RULES["decimals_in_rendered_text_are_computed"](page)


@pytest.mark.parametrize(
    "link",
    ["https://fairlearn.org", "00_start_here.ipynb#x", "../README.md", "../notebooks/solutions/00_start_here.py"],
)
def test_link_may_lead_anywhere_that_is_there(link):
    """The web is not asked; other files are reached from `notebooks/` and from `work/` alike."""
    assert RULES["links_lead_somewhere"](make_page(dedent(GOOD).replace("#How-many?", link))) == []


@pytest.mark.parametrize(
    "new",
    [
        "# %%\nframe.plot.bar()\n# %%\nshow(frame.figure, alt='Bars.')",
        "# %%\ndef draw(size):\n    show(plot_names(size).figure, alt=f'{size} names.')",
        "# %%\nax.plot(x, y)",
        "# %%\nplot_threshold_explorer(x)",
        "# %%\nexplored = plot_threshold_explorer(x)\nexplored",
    ],
)
def test_figure_may_be_shown_in_the_next_cell_or_a_function(new):
    """Drawing on axes that are there begins no figure."""
    assert RULES["figures_are_shown"](make_page(dedent(GOOD).replace(FILLER, new))) == []


def test_first_notebook_needs_nothing_before_it():
    """Only 00 may be silent about prerequisites."""
    silent = make_page(dedent(GOOD).replace("Before this:", "See"))
    assert RULES["prerequisites_are_named"](silent)
    assert RULES["prerequisites_are_named"](Page(silent.notebook, "00_names")) == []
