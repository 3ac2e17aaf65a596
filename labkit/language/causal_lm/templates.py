"""Sentences from templates: every template with every combination of what goes into its slots."""

import itertools
from collections.abc import Sequence
from string import Formatter

import pandas as pd

from labkit.errors import UserError

RESERVED = ("template", "text")  # columns of the frame


def fill_templates(templates: Sequence[str], **values: Sequence[str]) -> pd.DataFrame:
    """Fill every template with every combination of values, as a tidy frame.

    What a model says differs from template to template, by more than between groups in many studies (Seshadri et al.,
    2022). So use several templates, and take whole templates (and names, and roles) as clusters when you compute
    intervals: the columns say which row belongs to which.

    Parameters
    ----------
    templates : sequence of str
        With slots in braces, as for `str.format`: ``"{name} works as {role}."``. Each template has all slots, and a
        slot may come more than once. Write ``{{`` for a brace.
    **values : sequence of str
        What goes into each slot, without repetitions.

    Returns
    -------
    pandas.DataFrame
        One row per template and combination, the last slot changing fastest. Columns: ``template``, one per slot in
        the order of the arguments, and ``text``.

    Raises
    ------
    UserError
        No templates, or repeated ones; a slot without values, values without a slot, or repeated values.

    Examples
    --------
    >>> fill_templates(["{name} is a {role}."], name=["Emily", "Jamal"], role=["nurse"])["text"].tolist()
    ['Emily is a nurse.', 'Jamal is a nurse.']
    """
    templates = check_filling("templates", templates)
    if taken := sorted(set(RESERVED) & set(values)):
        raise UserError(f"slot {taken[0]!r} has the name of a column of the result; name it otherwise")
    values = {slot: check_filling(slot, given) for slot, given in values.items()}
    for template in templates:
        slots = read_slots(template)
        if missing := sorted(slots - set(values)):
            raise UserError(f"template {template!r} has the slot {missing[0]!r}; give its values: {missing[0]}=[...]")
        if unused := sorted(set(values) - slots):
            raise UserError(
                f"template {template!r} has no slot {{{unused[0]}}}; add it, or leave out {unused[0]}= and fill such "
                "templates in a call of their own"
            )
    rows = []
    for template in templates:
        for combination in itertools.product(*values.values()):
            filled = dict(zip(values, combination, strict=True))
            rows.append({"template": template, **filled, "text": template.format(**filled)})
    return pd.DataFrame(rows, columns=["template", *values, "text"])


def check_filling(name: str, values: Sequence[str]) -> list[str]:
    """Return strings as a list; a UserError names what is no string, or is there twice."""
    if isinstance(values, str):
        raise UserError(f"{name} is one string; give a list of strings")
    values = list(values)
    if not values:
        raise UserError(f"{name} is empty; give at least one string")
    for value in values:
        if not isinstance(value, str):
            raise UserError(f"{name} holds {value!r}, which is not a string; give strings only")
        if values.count(value) > 1:
            raise UserError(f"{name} holds {value!r} more than once; give each once, so that none counts double")
    return values


def read_slots(template: str) -> set[str]:
    """Return the names of a template's slots; a UserError says what is wrong with a brace."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise UserError(f"template {template!r} cannot be read ({error}); write {{{{ for a brace") from error
    slots = {slot for _, slot, _, _ in parts if slot is not None}
    for _, slot, format_spec, conversion in parts:
        if slot is not None and (not slot.isidentifier() or format_spec or conversion):
            raise UserError(f"template {template!r} has a slot that is not a plain name such as {{name}}; name it so")
    return slots
