"""Which section of a model card answers which point of regulation, and what no section answers."""

from functools import cache
from pathlib import Path

import pandas as pd

TABLE = Path(__file__).with_name("crosswalk.csv")

ANNEX_IV = {
    1: "general description",
    2: "development: methods, data and labels, oversight, validation, metrics with discriminatory impact",
    3: "monitoring and control: limits, outcomes that are foreseen and not intended, logs",
    4: "appropriateness of the metrics",
    5: "risk management (Art. 9)",
    6: "changes",
    7: "standards that were applied",
    8: "declaration of conformity",
    9: "monitoring after release",
}
NO_SECTION, NO_POINT = "no section", "none"

NOTES = (
    "Annex IV of Regulation (EU) 2024/1689 (AI Act) lists the technical documentation of a high-risk system; NIST's AI "
    "Risk Management Framework 1.0 (2023) has the functions govern, map, measure and manage. The table says where "
    "a section belongs, not that it is enough: it is not legal advice.",
    "As of June 29, 2026, when the Council adopted the Digital Omnibus: the duties for systems of Annex III apply from "
    "December 2, 2027, those for Annex I from August 2, 2028; and the rule on special categories of personal data for "
    "the detection of bias, formerly Art. 10(5), is Art. 4a. Look up the text in the Official Journal before you rely "
    "on it.",
)


@cache
def _read() -> pd.DataFrame:
    """Read the table that ships."""
    return pd.read_csv(TABLE, dtype=str, keep_default_na=False)


def crosswalk() -> pd.DataFrame:
    """Map each section of a model card to a point of the EU AI Act's Annex IV and a subcategory of NIST's AI RMF.

    Gaps are rows, too: a section that Annex IV does not ask for has the point "none", and points that no section
    answers have the section "no section". The table is a guide for readers, and no legal advice.

    Returns
    -------
    pandas.DataFrame
        Columns section, annex_iv (numbers of points, such as "2, 3", or "none"), rmf_function ("govern", "map",
        "measure", "manage" or "none"), rmf (a subcategory such as "MAP 1.1", or "none"), note. Sections are in the
        order of the card, points without a section at the end.

    Examples
    --------
    >>> table = crosswalk()
    >>> table[table["section"] == "no section"]["annex_iv"].tolist()
    ['3', '5', '7', '8']
    >>> table[table["annex_iv"] == "none"]["section"].tolist()
    ['Energy']
    """
    table = _read().copy()
    functions = table["rmf"].str.split().str[0].str.lower()
    table.insert(2, "rmf_function", functions.fillna(NO_POINT))
    table["section"] = table["section"].replace("", NO_SECTION)
    table["annex_iv"] = table["annex_iv"].str.replace(";", ",").replace("", NO_POINT)
    table["rmf"] = table["rmf"].replace("", NO_POINT)
    return table
