"""A datasheet of the data behind a run: what is in the table is computed, and what only people know is asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from labkit.audit.intervals import wilson_interval
from labkit.audit.text import format_rate
from labkit.data.datasheets import SECTIONS as SHORT_SECTIONS
from labkit.data.datasheets import TABLES, check_datasheet, group_sizes, split_sections, write_datasheet
from labkit.layout.markdown import markdown_table
from labkit.records.cards._facts import describe_data
from labkit.records.cards._results import bullets, name_in_card
from labkit.validation import check_columns, check_labels

COMPOSITION = "Composition"
PREPARATION = "Preprocessing, cleaning and labeling"
# What the sections of Gebru et al. (2021) ask beyond those that the course's own datasheets have.
RUN_SECTIONS = {
    **dict(list(SHORT_SECTIONS.items())[:1]),
    COMPOSITION: "how many rows and missing values, how often is the label 1, and which checksum?",
    **dict(list(SHORT_SECTIONS.items())[1:]),
    PREPARATION: "what was removed, filled in, recoded or labeled, by whom, and is the raw table kept?",
    "Maintenance": "who keeps the table, corrects errors in it, and takes people out of it who ask for that?",
}
COMPUTED = (*TABLES, COMPOSITION)


def write_run_datasheet(
    frame: pd.DataFrame,
    *,
    title: str,
    sensitive: Sequence[str],
    label: str | None = None,
    data: "str | Path | pd.DataFrame | None" = None,
    answers: Mapping[str, str] | None = None,
    meanings: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> str:
    """Write the datasheet of a table that a run used: its composition is computed, and people answer the rest.

    It asks what all sections of Gebru et al. (2021) ask: beyond `labkit.data.write_datasheet` also how the table was
    prepared and who maintains it. What nobody has answered is marked TODO, with its question.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per person.
    title : str
        Name of the data set.
    sensitive : sequence of str
        Columns that say to which group a person belongs.
    label : str, optional
        A column of 0 and 1: adds how often it is 1 in each group, with Wilson intervals. Rows whose label is missing
        are left out there, and counted.
    data : str, Path or pandas.DataFrame, optional
        What the checksum is of; the table itself by default.
    answers, meanings : optional
        As in `labkit.data.write_datasheet`.
    confidence : float
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        A column or section that does not exist, or labels other than 0 and 1.

    Examples
    --------
    >>> frame = pd.DataFrame({"sex": ["f", "m", "f", None], "y": [1, 0, 0, 1]})
    >>> sheet = write_run_datasheet(frame, title="Four people", sensitive=["sex"], label="y")
    >>> print(sheet.split("## Composition")[1].split("- SHA-256")[0].strip())
    - Rows: 4
    - Columns: 2
    - Missing values: sex 1
    """
    lines = _describe(frame, sensitive, label, data, confidence)
    return write_datasheet(
        frame,
        title=title,
        sensitive=sensitive,
        answers=answers,
        meanings=meanings,
        more={COMPOSITION: lines},
        sections=RUN_SECTIONS,
    )


def check_run_datasheet(
    text: str,
    frame: pd.DataFrame,
    *,
    sensitive: Sequence[str],
    label: str | None = None,
    data: "str | Path | pd.DataFrame | None" = None,
    confidence: float = 0.95,
) -> list[str]:
    """List what is missing in a datasheet of `write_run_datasheet`, and what does not agree with the table.

    Parameters
    ----------
    text : str
        The datasheet.
    frame, sensitive, label, data, confidence
        What it was written from.

    Returns
    -------
    list of str
        One complaint for each thing that is missing or wrong; empty if there is none.

    Raises
    ------
    FileNotFoundError, UserError
        As `write_run_datasheet`.
    """
    complaints = check_datasheet(
        text,
        columns=list(frame),
        sizes=group_sizes(frame, sensitive),
        sections=RUN_SECTIONS,
        tables=COMPUTED,
    )
    composition = "\n".join(_describe(frame, sensitive, label, data, confidence))
    if split_sections(text)[1].get(COMPOSITION, composition) != composition:
        complaints.append(f"{COMPOSITION!r} does not agree with the table; write the datasheet again from this table")
    return complaints


def _describe(
    frame: pd.DataFrame,
    sensitive: Sequence[str],
    label: str | None,
    data: "str | Path | pd.DataFrame | None",
    confidence: float,
) -> list[str]:
    """Write rows, columns, missing values, checksum, and how often the label is 1 in each group."""
    check_columns(frame.columns, [*sensitive, *([label] if label is not None else [])], place="the table")
    missing = frame.isna().sum()
    listed = [f"{name_in_card(name)} {number:,}" for name, number in missing.items() if number]
    source = describe_data(frame if data is None else data)
    lines = [
        f"Rows: {len(frame):,}",
        f"Columns: {frame.shape[1]:,}",
        f"Missing values: {', '.join(listed) if listed else 'none'}",
        f"SHA-256 of {name_in_card(source['source'])}: `{source['sha256']}`",
    ]
    if label is None:
        return bullets(lines).split("\n")
    labeled = frame[frame[label].notna()]
    y = pd.Series(check_labels(labeled[label], len(labeled), what="rows", classes=1), index=labeled.index)
    lines.append(f"Label: {name_in_card(label)}; it is missing in {len(frame) - len(labeled):,} rows")
    rows = []
    for column in sensitive:
        for group, values in y.groupby(labeled[column].astype(object).where(labeled[column].notna(), "missing")):
            low, high = wilson_interval(values.sum(), len(values), confidence=confidence)
            rate = format_rate(values.mean(), float(low), float(high))
            rows.append([name_in_card(column), name_in_card(group), f"{len(values):,}", rate])
    headings = ["column", "group", "people with a label", f"labeled 1, {confidence:.0%} interval"]
    return [*bullets(lines).split("\n"), "", *markdown_table(headings, rows, right=(2, 3)).split("\n")]
