"""Groups as they are named on the command line."""

from collections.abc import Hashable, Sequence

import pandas as pd

from labkit.audit.between.reference import REST
from labkit.audit.inputs._names import label_groups
from labkit.errors import UserError
from labkit.validation import list_some


def find_group(groups: pd.Index, name: str, *, option: str) -> Hashable:
    """Return the group that a text names: as tables show it, or its values with commas between them.

    Parameters
    ----------
    groups : pandas.Index
        The groups of an audit.
    name : str
        What was typed.
    option : str
        The parameter that it was typed for, in messages.

    Returns
    -------
    hashable
        A group; a tuple for intersections.
    """
    listed = groups.tolist()
    labels = label_groups(listed)
    if name in labels:
        return listed[labels.index(name)]
    plain = [", ".join(map(str, group if isinstance(group, tuple) else (group,))) for group in listed]
    if plain.count(name) == 1:
        return listed[plain.index(name)]
    known = list_some([repr(label) for label in labels])
    raise UserError(f"{option}={name!r} is none of the groups; they are {known}")


def find_reference_group(groups: pd.Index, names: str | Sequence[str] | None) -> Hashable:
    """Return the reference for ``Audit.against``: None, "rest", or a group, which may be named by its values.

    Parameters
    ----------
    groups : pandas.Index
        The groups of an audit.
    names : str, sequence of str, or None
        A group, or one value for each sensitive column; "rest" is everyone else, unless a group has that name.

    Returns
    -------
    hashable
        As ``Audit.against`` takes it: a one-tuple for a group that is called as a keyword is.
    """
    if names is None or len(names) == 0:
        return None
    name = names if isinstance(names, str) else ", ".join(names)
    is_group = name in label_groups(groups)
    if name == REST and not is_group:
        return REST
    given, columns = [names] if isinstance(names, str) else list(names), [str(column) for column in groups.names]
    try:
        group = find_group(groups, name, option="reference")
    except UserError as error:
        if len(given) == len(columns):
            raise
        known = list_some([repr(label) for label in label_groups(groups)])
        raise UserError(
            f"reference= names {list_some([repr(each) for each in given])}, and groups are made of {len(columns)} "
            f"column{'' if len(columns) == 1 else 's'}, {', '.join(columns)}: give one value per sensitive=, in this "
            f"order; the groups are {known}"
        ) from error
    return group if isinstance(group, tuple) else (group,)
