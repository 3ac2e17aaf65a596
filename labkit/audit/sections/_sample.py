"""What a page says about the sample behind its numbers: which columns were read, as what, and how many people."""

import html
from typing import TYPE_CHECKING

import pandas as pd

from labkit.audit.sampling._notices import NO_LABELS
from labkit.audit.sampling._roles import Roles
from labkit.audit.sections._tables import LISTED, write_frame
from labkit.audit.text import format_groups, format_metric

if TYPE_CHECKING:
    from labkit.audit.results import Audit

WEIGHTS = """Rates are weighted. Intervals and tests rest on effective sizes, (sum of weights)&sup2; / sum of squared
weights (Kish 1965). The weights are taken as given: strata are not known, nor clusters of rows, nor how the weights
were adjusted."""
PERSONS = """A person may have several rows. Rates are those of rows; intervals and tests take the rows of a person as
alike as they are found to be (the linearized variance of a ratio over persons, Kish 1965). A person with rows in
several groups is counted in each."""
CELLS_ON_PAGE = {"not_selected": "decision 0", "selected": "decision 1"}  # "selected" may be turned down
CELLS_IN_WORDS = (
    "By decision and label. tp: both are 1; fp: the decision is 1, the label 0; fn: the decision is 0, the label 1; "
    "tn: both are 0."
)


def describe_roles(roles: Roles) -> str:
    """Say which columns were read, and as what, as HTML."""

    def bold(name: str) -> str:
        return f"<b>{html.escape(name)}</b>"

    said = [NO_LABELS if roles.label is None else f"label {bold(roles.label)}"]
    if roles.prediction is not None:
        said.append(f"prediction {bold(roles.prediction)}")
    else:
        said.append(f"prediction 1 where the score {bold(roles.score)} is at least {roles.threshold:g}")
    for name, words in ((roles.count, "people per row"), (roles.weight, "survey weight"), (roles.person, "person")):
        if name is not None:
            said.append(f"{words} {bold(name)}")
    return "; ".join(said)


def sample_table(audit: "Audit") -> pd.DataFrame:
    """Write what each group's numbers rest on as text: rows, persons, sum of weights, effective sizes by metric."""
    columns = {format_metric(name): column.map("{:,.10g}".format) for name, column in audit.counts.sample.items()}
    columns["effective size"] = audit.counts.sample["effective_size"].map("{:,.1f}".format)
    for name, column in audit.effective_sizes.items():
        columns[f"for {format_metric(name)}"] = column.map("{:,.1f}".format)
    return pd.DataFrame(columns).set_axis(format_groups(audit.counts.groups, audit.small_groups))


def sample_section(audit: "Audit") -> str:
    """Write the section on effective sizes, as HTML; nothing where every row is one person."""
    if audit.counts.moments is None:
        return ""
    said = [WEIGHTS] * (audit.counts.weighted is not None) + [PERSONS] * (audit.counts.persons is not None)
    table, caption = sample_table(audit), "Rows, weights and effective sizes by group"
    return f"""<h2 id="sample">How many people the numbers rest on</h2>
{write_frame(table, caption=caption, label="Sizes of samples", folded=_fold(table))}
<p>{" ".join(said)}</p>
"""


def counts_section(audit: "Audit") -> str:
    """Write the counts and what their columns mean, as HTML."""
    table = audit.counts.table.map("{:,.10g}".format)
    table = table.rename(columns=lambda name: CELLS_ON_PAGE.get(name, name.replace("_", " ")))
    table = table.set_axis(format_groups(audit.counts.groups))
    legend = f"<p>{CELLS_IN_WORDS}</p>\n" if "tp" in table else ""
    return f"{write_frame(table, caption='Counts by group', label='Counts', folded=_fold(table))}\n{legend}"


def _fold(table: pd.DataFrame) -> str | None:
    """Say what a table is folded behind; None for one that is short."""
    return f"All {len(table)} groups" if len(table) > LISTED else None
