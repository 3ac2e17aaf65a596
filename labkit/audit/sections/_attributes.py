"""Each sensitive column alone, beside the intersections of several."""

import html
from collections.abc import Hashable
from dataclasses import replace
from functools import lru_cache

import numpy as np

from labkit.audit._grouped_counts import index_groups
from labkit.audit.between.reference import REST, Picked
from labkit.audit.inputs._names import label_groups
from labkit.audit.results import Audit
from labkit.audit.sections._comparisons import name_reference, reference_tables, write_four_fifths
from labkit.audit.sections._rates import rates_section
from labkit.audit.sections._sentences import DecisionWords
from labkit.audit.text import format_name


@lru_cache(maxsize=2)  # the page and its files need the same audits, which keep their tests
def split_attributes(audit: Audit) -> dict[str, Audit | None]:
    """Audit each sensitive column alone: by its name, or None where all people have one value in it.

    With persons the counts do not say who has rows in several intersections, and there are no such audits.
    """
    counts, found = audit.counts, {}
    if counts.groups.nlevels == 1 or counts.persons is not None:
        return {}
    for level, name in enumerate(counts.groups.names):
        values = list(dict.fromkeys(group[level] for group in counts.groups.tolist()))
        if len(values) < 2:
            found[str(name)] = None
            continue
        place = {value: i for i, value in enumerate(values)}
        rows = np.array([place[group[level]] for group in counts.groups.tolist()])
        added = {}
        for array in ("cells", "weighted", "moments"):
            if (given := getattr(counts, array)) is not None:
                added[array] = np.zeros((len(values), *given.shape[1:]), given.dtype)
                np.add.at(added[array], rows, given)
        declared = {key: values for key, values in counts.declared.items() if key == name}
        alone = type(counts)(index_groups(values, [name]), **added)
        found[str(name)] = replace(audit, counts=alone.renamed(values, declared))
    return found


def own_reference(reference: Hashable, level: int, alone: Audit) -> Hashable:
    """Return the reference for a sensitive column alone: the part of an intersection that is in this column.

    Where the reference was picked by its rate, the group of the column is picked anew.
    """
    if isinstance(reference, Picked):
        return alone.pick_highest(favorable=reference.favorable)
    if reference == REST:
        return REST
    return (reference[level],) if isinstance(reference, tuple) and len(reference) > 1 else None


def attributes_section(audit: Audit, reference: Hashable, words: DecisionWords) -> str:
    """Write rates and comparisons for each sensitive column alone; nothing where there is only one."""
    if audit.counts.groups.nlevels == 1:
        return ""
    heading = '<h2 id="alone">Each column alone</h2>\n'
    if audit.counts.persons is not None:
        return f"{heading}<p>A person may have rows in several groups: audit each column in a run of its own.</p>\n"
    parts = [heading]
    for level, (name, alone) in enumerate(split_attributes(audit).items()):
        shown = html.escape(format_name(name))
        if alone is None:
            value = html.escape(format_name(label_groups([audit.counts.groups[0][level]])[0]))
            parts.append(f"<h3>{shown}</h3>\n<p>Everybody is in one group, {value}: nothing can be compared.</p>\n")
            continue
        own = own_reference(reference, level, alone)
        against, number = html.escape(name_reference(alone, own)), len(alone.counts.groups)
        rates = rates_section(alone, words, [False] * number, name=f", {format_name(name)} alone")
        rule = (
            ""
            if words.favorable is None
            else write_four_fifths(alone, words.favorable, name=f", {format_name(name)} alone")
        )
        tables = reference_tables(alone, own, words, name=f", {format_name(name)} alone", level=4)
        parts.append(
            f"<h3>{shown}: {number} groups</h3>\n{rates}{rule}"
            f"<details><summary>Every group of {shown} against {against}</summary>\n{tables}</details>\n"
        )
    return "".join(parts)
