"""Citations are found, checked against a BibTeX file, and listed at the end of a notebook."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from labkit.course.build import build, find_course
from labkit.course.sources.references import add_references, find_citations, read_references
from labkit.errors import UserError

BIB = """
@article{two, author = {O'Hara, Ann and Goldfarb-Tarrant, Bea}, title = {On {BERT}}, journal = {J}, year = {2017}}
@misc{many, author = {Young, Cy and Zhu, Di and Abel, Ed}, title = {All of it}, year = 2020}
@misc{early, author = {Young, Cy}, title = {Part of it}, year = {1998a}}
@misc{law, author = {{Civil Rights Act}}, title = {Public {Law} 1}, year = {1991}}
"""


@pytest.fixture
def references(tmp_path):
    """Four works that can be cited."""
    path = tmp_path / "references.bib"
    path.write_text(BIB)
    return read_references(path)


@pytest.mark.parametrize(
    "text, found",
    [
        ("(O'Hara and Goldfarb-Tarrant, 2017)", ["O'Hara and Goldfarb-Tarrant, 2017"]),
        ("as O'Hara and Goldfarb-Tarrant (2017) said", ["O'Hara and Goldfarb-Tarrant, 2017"]),
        ("(Young et al., 2020, Table 1; Young, 1998a)", ["Young et al., 2020", "Young, 1998a"]),
        ("(Young,\nZhu and Abel, 2020)", ["Young, Zhu and Abel, 2020"]),
        ("*Young, Zhu and Abel* (2020)", ["Young, Zhu and Abel, 2020"]),
        ("(Civil Rights Act, 1991, section 106)", ["Civil Rights Act, 1991"]),
        ("(see Young, 1998a)", ["Young, 1998a"]),
        ("in May 2016, (2016), `(Young, 2020)`, [x](Young, 2020), f(Young, 3020)", []),
    ],
)
def test_citations_are_found(text, found):
    """In parentheses and in the sentence, over line breaks; not in code, and no years without an author."""
    assert [each.written for each in find_citations(text)] == found


def test_the_list_holds_what_is_cited(references):
    """Once each, in alphabetical order, as the last cell; readings cite too, other code does not."""
    cells = [
        new_markdown_cell("(Young et al., 2020) and (Civil Rights Act, 1991) and (Young et al., 2020)"),
        new_code_cell('reading("See Young (1998a).")', metadata={"tags": ["reading"]}),
        new_code_cell('print("(Nobody, 2001)")'),
    ]
    add_references(cells, references)
    heading, listed = cells[-1].source.split("\n\n")
    assert heading == "## References" and len(cells) == 4
    assert [line.replace("\\", "") for line in listed.splitlines()] == [
        "- Civil Rights Act. Public Law 1. 1991.",
        "- C. Young. Part of it. 1998a.",
        "- C. Young, D. Zhu, and E. Abel. All of it. 2020.",
    ]


def test_nothing_cited_nothing_listed(references):
    """A notebook without citations gets no list."""
    cells = [new_markdown_cell("Nothing.")]
    add_references(cells, references)
    assert len(cells) == 1


@pytest.mark.parametrize(
    "text, words",
    [
        ("(Young, 2020)", r"\(Young, 2020\) has no entry"),
        ("(Young et al., 2021)", "has no entry"),
        ("(Young, Zhu and Abe, 2020)", "has no entry"),
        ("(O'Hara, 2017)", "has no entry"),
        ("(Young et al., 1998a)", "has no entry"),
        ("Text.\n\n## References\n\n- Young", "remove the one in the source"),
    ],
)
def test_wrong_citations_fail(references, text, words):
    """Another year, other authors, "et al." for nobody, and a list that was typed."""
    with pytest.raises(UserError, match=words):
        add_references([new_markdown_cell(text)], references)


@pytest.mark.parametrize(
    "text, words",
    [
        ("@misc{a, author = {B, C}, title = {D}}", "entry a needs an author and a year"),
        ("@misc{a, title = {D}, year = 2000}", "entry a needs an author and a year"),
        ("@misc{a, author = {B, C}", "cannot be read"),
        ("@misc{a, author={B, C}, title={D}, year=1}\n@misc{b, author={B, E}, title={F}, year=1}", "two entries"),
    ],
)
def test_wrong_files_are_errors(tmp_path, text, words):
    """The message names the file and the entry."""
    path = tmp_path / "references.bib"
    path.write_text(text)
    with pytest.raises(UserError, match=words) as caught:
        read_references(path)
    assert str(path) in str(caught.value)


def test_a_citation_without_an_entry_fails_the_build(make_course, tmp_path):
    """The message names the notebook's source; with an entry, the list is in the whole and in the student notebook."""
    course = make_course(tmp_path, {"00_cites": "# %% [markdown]\n# It was said before (Young, 1998a).\n# %%\n1\n"})
    (problem,) = build(course).unreadable
    assert "00_cites.py" in problem and "(Young, 1998a) has no entry in references.bib" in problem
    (course.notebooks / "references.bib").write_text(BIB)
    assert build(course).unreadable == []
    for form in ("solution", "student"):
        assert course.read("00_cites", form=form).cells[-1].source.startswith("## References")


def test_every_entry_of_the_course_is_cited():
    """The file has no entry that no notebook needs."""
    course = find_course()
    listed = "".join(course.read(name).cells[-1].source for name in course.names)
    assert [each.text for each in course.references if each.text not in listed] == []
