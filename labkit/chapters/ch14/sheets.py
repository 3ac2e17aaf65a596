"""Datasheets that ship with the data, as answers to the questions of a datasheet that is written from a run."""

import re
from pathlib import Path

from labkit.data.datasheets import TABLES, split_sections

OPEN = re.compile(r"TODO: (.+)")


def read_answers(card: Path) -> dict[str, str]:
    """Read what people have answered in the datasheet of a data set that ships.

    Parameters
    ----------
    card : pathlib.Path
        The datasheet's file, such as ``load_compas().card``.

    Returns
    -------
    dict of str to str
        From a section to its text, without the sections that are tables. ``write_run_datasheet`` takes it as answers.
    """
    _, written = split_sections(card.read_text(encoding="utf-8"))
    return {section: text for section, text in written.items() if section not in TABLES}


def list_open(datasheet: str) -> dict[str, str]:
    """List the sections of a datasheet that nobody has answered.

    Parameters
    ----------
    datasheet : str
        Markdown, from ``write_run_datasheet``.

    Returns
    -------
    dict of str to str
        From a section to the question that is open, in the order of the datasheet. Columns without a meaning are not
        counted here.
    """
    _, written = split_sections(datasheet)
    found = {section: OPEN.match(text) for section, text in written.items()}
    return {section: match[1] for section, match in found.items() if match}
