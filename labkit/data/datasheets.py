"""Records that go with data: the datasheet, which says where a table comes from and what it must not be used for.

After Gebru, Morgenstern, Vecchione, Vaughan, Wallach, Daumé and Crawford (2021), "Datasheets for datasets",
Communications of the ACM 64(12), shortened to the eight sections of the cards in ``datasets/``.
"""

import re
from collections.abc import Hashable, Mapping, Sequence

import pandas as pd

from labkit.errors import UserError

SECTIONS = {
    "What it is": "how many rows, what one row stands for, and what they are about",
    "Who collected it and why": "who made the table, when, and for what purpose; who paid",
    "Source and licence": "where it comes from, and under which terms; write 'unstated' where you do not know",
    "Columns": "every column with its meaning and its unit or codes",
    "Sensitive attributes and how they were recorded": "who said to which group a person belongs, and who is left out",
    "Group sizes": "how many people each group has",
    "Known harms and limits": "who is missing, what is measured badly, whose labels may be wrong, whom that can hurt",
    "Do not use it for": "uses that the table cannot bear",
}


FEWEST_WORDS = 8  # in a section of prose; fewer answer no question. Tables are held to their content instead.


BLANK = re.compile(
    r"\bTODO\b|\bTBD\b|(?:(?<=\|)|^)[ \t]*(?:\.\.\.|…)[ \t]*(?=\||$)", re.MULTILINE
)  # dots alone in a cell


TABLES = ("Columns", "Group sizes")


def write_datasheet(
    frame: pd.DataFrame,
    *,
    title: str,
    sensitive: Sequence[str],
    answers: Mapping[str, str] | None = None,
    meanings: Mapping[str, str] | None = None,
    weight: str | None = None,
) -> str:
    """Write a datasheet in Markdown: codes and sizes are counted, the rest is what people answer.

    Parameters
    ----------
    frame : DataFrame
        The table.
    title : str
        Name of the data set.
    sensitive : sequence of str
        Columns that say to which group a person belongs.
    answers : mapping of str to str, optional
        From a section of `SECTIONS` to its text. Where one is left out, TODO stands with the question to answer.
    meanings : mapping of str to str, optional
        From a column to what it means, likewise.
    weight : str, optional
        A column of counts, where a row stands for several people.

    Returns
    -------
    str
        All sections of `SECTIONS`, in order.

    Raises
    ------
    UserError
        A column or section that does not exist.
    """
    answers, meanings = dict(answers or {}), dict(meanings or {})
    check_answers(answers, SECTIONS, TABLES)
    if unknown := [column for column in meanings if column not in frame]:
        raise UserError(f"no column {unknown[0]!r}; the table has {', '.join(map(str, frame.columns))}")
    sizes = group_sizes(frame, sensitive, weight=weight)
    columns = [f"| `{name}` | {meanings.get(name, 'TODO')} | {describe_codes(frame[name])} |" for name in frame]
    tables = {
        "Columns": ["| column | meaning | unit or codes |", "|---|---|---|", *columns],
        "Group sizes": [
            "| column | group | n |",
            "|---|---|---:|",
            *(f"| {column} | {group} | {n:,} |" for (column, group), n in sizes.items()),
        ],
    }
    return join_sections(title, SECTIONS, answers, tables)


def check_answers(answers: Mapping[str, str], sections: Mapping[str, str], tables: Sequence[str]) -> None:
    """Raise ValueError for an answer to a section that there is not, or that is a table."""
    prose = [section for section in sections if section not in tables]
    if unknown := [section for section in answers if section not in prose]:
        raise UserError(f"no section {unknown[0]!r} to answer; there are: {', '.join(prose)}")


def join_sections(title: str, sections: Mapping[str, str], answers: Mapping[str, str], tables: Mapping) -> str:
    """Write a record in Markdown: each section with its table or its answer; TODO and the question where both lack."""
    parts = [f"# {title}"]
    for section, question in sections.items():
        rows = tables.get(section) or [str(answers.get(section, f"TODO: {question}")).strip()]
        parts.append("\n".join([f"## {section}", *rows]))
    return "\n\n".join(parts) + "\n"


def describe_codes(values: pd.Series) -> str:
    """Name the values of a column where there are few, else their range or kind, for the third column of a table."""
    known = values.dropna()
    few = sorted(known.unique(), key=str)
    if len(few) <= 6 and all(len(str(value)) <= 20 for value in few):
        return ", ".join(map(str, few))
    return f"{known.min():g} to {known.max():g}" if pd.api.types.is_numeric_dtype(known) else "text"


def group_sizes(
    frame: pd.DataFrame, sensitive: Sequence[str], *, weight: str | None = None
) -> dict[tuple[str, str], int]:
    """Count the people of each group of each sensitive column; "missing" counts those without one.

    Returns
    -------
    dict of (str, str) to int
        From (column, group) to people, groups in sorted order.

    Raises
    ------
    UserError
        A column that the table does not have.
    """
    if unknown := [column for column in (*sensitive, *filter(None, [weight])) if column not in frame]:
        raise UserError(f"no column {unknown[0]!r}; the table has {', '.join(map(str, frame.columns))}")
    people = pd.Series(1, index=frame.index) if weight is None else frame[weight]
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
) -> list[str]:
    """Say what a datasheet lacks; an empty list where it is complete.

    A program sees whether something was written, and whether names and counts agree with the table. Whether it is true
    and tells a reader what he or she must know, only people can judge.

    Parameters
    ----------
    text : str
        Markdown with one title and the sections of `SECTIONS`, as headings of the second level. More sections may stand
        between them.
    columns : sequence of str
        Names that the section "Columns" must describe, each between backticks.
    sizes : mapping of (str, str) to int, optional
        From (column, group) to people, as `group_sizes` counts them: the rows of the table under "Group sizes".

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong, in the order of the sections.
    """
    title, written = split_sections(text)
    complaints = check_sections(title, written, sections=SECTIONS, tables=TABLES, titled="the name of the data set")
    if "Columns" in written:
        described = set(re.findall(r"`([^`]+)`", written["Columns"]))
        if lacking := [str(column) for column in columns if str(column) not in described]:
            complaints.append(f"'Columns' does not describe {', '.join(lacking)}")
    if "Group sizes" in written and sizes:
        complaints += _compare_sizes(read_sizes(written["Group sizes"]), dict(sizes))
    return complaints


def check_sections(
    title: str, written: Mapping[str, str], *, sections: Mapping[str, str], tables: Sequence[str], titled: str
) -> list[str]:
    """Say what a record lacks, whatever it is a record of; an empty list where nothing is open.

    Parameters
    ----------
    title : str
    written : mapping of str to str
        Section to text, from `split_sections`.
    sections : mapping of str to str
        Section to the question that it answers.
    tables : sequence of str
        Sections that are held to their content instead of a number of words.
    titled : str
        What the title should be.
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
    """Read the rows ``| column | group | n |`` of a table; rows whose last cell is no count are passed over."""
    rows = ([cell.strip().strip("`") for cell in line.strip().strip("|").split("|")] for line in section.splitlines())
    found = {}
    for row in rows:
        if len(row) == 3 and re.fullmatch(r"\d[\d, ]*", row[2]):
            found[row[0], row[1]] = int(re.sub(r"\D", "", row[2]))
    return found


def _compare_sizes(stated: dict, counted: dict) -> list[str]:
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
    """Return the title and the text under each heading of the second level; what stands in code is no heading."""
    from markdown_it import MarkdownIt

    lines, tokens = text.splitlines(), MarkdownIt("commonmark").parse(text)
    headings = [
        (token.tag, token.map[0], token.map[1], tokens[i + 1].content.strip())
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    title = next((content for tag, *_, content in headings if tag == "h1"), "")
    second = [heading for heading in headings if heading[0] in ("h1", "h2")]
    ends = [begin for _, begin, *_ in second[1:]] + [len(lines)] * bool(second)
    bodies = {
        content: "\n".join(lines[start:end]).strip()
        for (tag, _, start, content), end in zip(second, ends, strict=True)
        if tag == "h2"
    }
    return title, bodies
