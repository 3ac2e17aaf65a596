"""The datasheet of a table: where it comes from, who is in it, and what it must not be used for.

After Gebru, Morgenstern, Vecchione, Vaughan, Wallach, Daumé and Crawford (2021), "Datasheets for datasets",
Communications of the ACM 64(12), shortened to the eight sections of the cards in ``datasets/``.
"""

import html
import re
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise

import pandas as pd
from markdown_it import MarkdownIt

from labkit.errors import UserError
from labkit.layout.markdown import escape_markdown

SECTIONS = {
    "What it is": "how many rows, what one row is, and what they are about",
    "Who collected it and why": "who made the table, when, and for what purpose; who paid",
    "Source and licence": "where it comes from, and under which terms; write 'unstated' where you do not know",
    "Columns": "every column with its meaning and its unit or codes",
    "Sensitive attributes and how they were recorded": "who recorded a person's group, and who is left out",
    "Group sizes": "how many people each group has",
    "Known harms and limits": "who is missing, what is measured badly, whose labels may be wrong, whom that can hurt",
    "Do not use it for": "uses that the table does not support",
}


FEWEST_WORDS = 8  # in a section of prose; fewer cannot answer its question


TABLES = ("Columns", "Group sizes")  # sections that are checked against the table instead


# What is still open: TODO, TBD, or dots alone in a cell or on a line.
BLANK = re.compile(r"\bTODO\b|\bTBD\b|(?:(?<=\|)|^)[ \t]*(?:\.\.\.|…)[ \t]*(?=\||$)", re.MULTILINE)


def write_datasheet(
    frame: pd.DataFrame,
    *,
    title: str,
    sensitive: Sequence[str],
    answers: Mapping[str, str] | None = None,
    meanings: Mapping[str, str] | None = None,
    count: str | None = None,
    more: Mapping[str, Sequence[str]] | None = None,
    sections: Mapping[str, str] = SECTIONS,
) -> str:
    """Write a datasheet in Markdown: codes and group sizes are computed, people answer the rest.

    Use it as a draft: what nobody has answered yet is marked TODO, and `check_datasheet` lists it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table, with one row per person, or per several people if there is a `count`.
    title : str
        Name of the data set.
    sensitive : sequence of str
        Columns that say to which group a person belongs.
    answers : mapping of str to str, optional
        From a section of `SECTIONS` to its text. A section that is left out gets TODO and its question.
    meanings : mapping of str to str, optional
        From a column to what it means; TODO for columns that are left out.
    count : str, optional
        A column of counts: how many people a row represents.
    more : mapping of str to sequence of str, optional
        Further computed sections, from their names to their lines.
    sections : mapping of str to str, optional
        Section to its question, in the order of the datasheet; those of ``more`` are among them.

    Returns
    -------
    str
        All sections, in order. Names of groups and columns are shown as they are, whatever Markdown they hold.

    Raises
    ------
    UserError
        A column or section that does not exist.
    """
    answers = dict(answers or {})
    meanings = dict(meanings or {})
    more = dict(more or {})
    check_answers(answers, sections, (*TABLES, *more))
    if unknown := [column for column in meanings if column not in frame]:
        raise UserError(f"no column {unknown[0]!r}; the table has {', '.join(map(str, frame.columns))}")
    sizes = group_sizes(frame, sensitive, count=count)
    columns = [
        f"| {_as_code(name)} | {meanings.get(name, 'TODO')} | {escape_markdown(describe_codes(frame[name]))} |"
        for name in frame
    ]
    tables = {
        "Columns": ["| column | meaning | unit or codes |", "|---|---|---|", *columns],
        "Group sizes": [
            "| column | group | n |",
            "|---|---|---:|",
            *(f"| {escape_markdown(column)} | {_in_a_line(group)} | {n:,} |" for (column, group), n in sizes.items()),
        ],
    }
    return join_sections(title, sections, answers, tables | more)


def _as_code(name: Hashable) -> str:
    """Write a name as code, in a table."""
    return "`" + str(name).replace("`", "'").replace("\n", " ").replace("|", "\\|") + "`"


def _in_a_line(name: Hashable) -> str:
    """Write a name that others chose in one cell of a table."""
    return escape_markdown(" ".join(str(name).split("\n")))


def check_answers(answers: Mapping[str, str], sections: Mapping[str, str], tables: Sequence[str]) -> None:
    """Reject an answer to a section that does not exist or that is a table.

    Parameters
    ----------
    answers : mapping of str to str
        Section to its text.
    sections : mapping of str to str
        Section to the question that it answers.
    tables : sequence of str
        The sections that are tables.

    Raises
    ------
    UserError
        Names the section and those that can be answered.
    """
    prose = [section for section in sections if section not in tables]
    if unknown := [section for section in answers if section not in prose]:
        raise UserError(f"no section {unknown[0]!r} to answer; there are: {', '.join(prose)}")


def join_sections(
    title: str, sections: Mapping[str, str], answers: Mapping[str, str], tables: Mapping[str, Sequence[str]]
) -> str:
    """Write a record in Markdown, with a heading of the second level for each section.

    Parameters
    ----------
    title : str
    sections : mapping of str to str
        Section to the question that it answers, in the order of the record.
    answers : mapping of str to str
        Section to its text. A section without text or table gets TODO and its question.
    tables : mapping of str to sequence of str
        Section to the lines of its table.

    Returns
    -------
    str
        Markdown.
    """
    parts = [f"# {title}"]
    for section, question in sections.items():
        rows = tables.get(section) or [str(answers.get(section, f"TODO: {question}")).strip()]
        parts.append("\n".join([f"## {section}", *rows]))
    return "\n\n".join(parts) + "\n"


def describe_codes(values: pd.Series) -> str:
    """List the values of a column if there are at most six short ones; otherwise return its range, or "text"."""
    known = values.dropna()
    few = sorted(known.unique(), key=str)
    if len(few) <= 6 and all(len(str(value)) <= 20 for value in few):
        return ", ".join(map(str, few))
    return f"{known.min():g} to {known.max():g}" if pd.api.types.is_numeric_dtype(known) else "text"


def group_sizes(
    frame: pd.DataFrame, sensitive: Sequence[str], *, count: str | None = None
) -> dict[tuple[str, str], int]:
    """Count the people in each group of each sensitive column; "missing" counts those without a group.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    sensitive : sequence of str
        Columns that say to which group a person belongs.
    count : str, optional
        A column of counts: how many people a row represents.

    Returns
    -------
    dict of (str, str) to int
        From (column, group) to its number of people, groups in sorted order.

    Raises
    ------
    UserError
        A column that the table does not have.
    """
    if unknown := [column for column in (*sensitive, *filter(None, [count])) if column not in frame]:
        raise UserError(f"no column {unknown[0]!r}; the table has {', '.join(map(str, frame.columns))}")
    people = pd.Series(1, index=frame.index) if count is None else frame[count]
    sizes = {}
    for column in sensitive:
        groups = frame[column].astype(object).where(frame[column].notna(), "missing").map(str)
        sizes |= {(column, group): int(n) for group, n in people.groupby(groups).sum().items()}
    return sizes


def check_datasheet(
    text: str,
    *,
    columns: Sequence[Hashable] = (),
    sizes: Mapping[tuple[str, str], int] | None = None,
    sections: Mapping[str, str] = SECTIONS,
    tables: Sequence[str] = TABLES,
) -> list[str]:
    """List what is missing or wrong in a datasheet.

    A program can see whether something was written, and whether names and counts agree with the table. Only people can
    judge whether it is true and says what a reader must know.

    Parameters
    ----------
    text : str
        Markdown with one title and the sections of `SECTIONS`, as headings of the second level. There may be other
        sections between them.
    columns : sequence of str
        Names that the section "Columns" must describe, each between backticks.
    sizes : mapping of (str, str) to int, optional
        From (column, group) to its number of people, as `group_sizes` counts them: what the table under "Group sizes"
        must say.
    sections, tables : mapping of str to str, sequence of str, optional
        Section to its question, and those that are computed.

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong, in the order of the sections; empty if there is none.
    """
    title, written = split_sections(text)
    complaints = check_sections(title, written, sections=sections, tables=tables, titled="the name of the data set")
    if "Columns" in written:
        described = set(re.findall(r"`[^`]+`", written["Columns"]))
        if lacking := [str(column) for column in columns if _as_code(column) not in described]:
            complaints.append(f"'Columns' does not describe {', '.join(lacking)}")
    if "Group sizes" in written and sizes:
        complaints += _compare_sizes(read_sizes(written["Group sizes"]), dict(sizes))
    return complaints


def check_sections(
    title: str, written: Mapping[str, str], *, sections: Mapping[str, str], tables: Sequence[str], titled: str
) -> list[str]:
    """List the sections of a record that are missing, still open or nearly empty, whatever it is a record of.

    Parameters
    ----------
    title : str
    written : mapping of str to str
        Section to text, from `split_sections`.
    sections : mapping of str to str
        Section to the question that it answers.
    tables : sequence of str
        Sections in which a few words are enough, because they are tables.
    titled : str
        What the title should be, for the complaint about a missing one.

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong; empty if there is none.
    """
    complaints = [] if title else [f"the title is missing: begin with '# ' and {titled}"]
    if missing := [section for section in sections if section not in written]:
        complaints.append(f"missing section{'s' if len(missing) > 1 else ''}: {', '.join(missing)}")
    for section, body in written.items():
        if section not in sections:
            continue
        if blank := BLANK.search(body):
            complaints.append(f"'{section}' still holds {blank[0].strip()!r}: {sections[section]}")
        elif section not in tables and len(re.findall(r"\w+", body)) < FEWEST_WORDS:
            complaints.append(f"'{section}' says next to nothing: {sections[section]}")
    return complaints


def read_sizes(section: str) -> dict[tuple[str, str], int]:
    """Read the rows ``| column | group | n |`` of a table; rows whose last cell is not a count are skipped."""
    rows = (
        [_read_cell(cell) for cell in re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|"))]
        for line in section.splitlines()
    )
    found = {}
    for row in rows:
        if len(row) == 3 and re.fullmatch(r"\d[\d, ]*", row[2]):
            found[row[0], row[1]] = int(re.sub(r"\D", "", row[2]))
    return found


def _read_cell(cell: str) -> str:
    """Read the text of a cell, with or without what makes Markdown show marks as they are."""
    return html.unescape(re.sub(r"\\([^\w\s])", r"\1", re.sub("^`(.*)`$", r"\1", cell.strip())))


def _compare_sizes(stated: dict[tuple[str, str], int], counted: dict[tuple[str, str], int]) -> list[str]:
    """List the groups whose stated size is missing, wrong, or of a group that does not exist."""
    complaints = []
    for (column, group), n in counted.items():
        if (column, group) not in stated:
            complaints.append(f"'Group sizes' lacks the group {group!r} of {column}, which has {n:,}")
        elif stated[column, group] != n:
            complaints.append(f"'Group sizes' gives {stated[column, group]:,} for {column} {group!r}; it is {n:,}")
    return complaints + [
        f"'Group sizes' has {group!r} of {column}, which is not in the data"
        for column, group in stated.keys() - counted
    ]


def split_sections(text: str) -> tuple[str, dict[str, str]]:
    """Split a record in Markdown into its title and its sections.

    Parameters
    ----------
    text : str
        Markdown; lines inside code blocks do not count as headings.

    Returns
    -------
    title : str
        The first heading of the first level; empty if there is none.
    sections : dict of str to str
        The text under each heading of the second level.
    """
    lines = text.splitlines()
    tokens = MarkdownIt("commonmark").parse(text)
    headings = []  # (level, words of the heading, its first line, the line after it)
    for token, inline in pairwise(tokens):  # the token after "heading_open" holds the words
        if token.type == "heading_open" and token.tag in ("h1", "h2"):
            headings.append((token.tag, inline.content.strip(), *token.map))
    titles = [words for level, words, _, _ in headings if level == "h1"]
    ends = [first for _, _, first, _ in headings[1:]] + [len(lines)]
    sections = {}
    for (level, words, _, start), end in zip(headings, ends, strict=False):
        if level == "h2":
            sections[words] = "\n".join(lines[start:end]).strip()
    return (titles[0] if titles else ""), sections
