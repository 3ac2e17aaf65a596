"""First names whose perceived ethnicity and gender are known, with their number of word pieces."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from labkit.data.tables import load_resume_names


def first_names(tokenizer: Callable[..., Any] | None = None) -> pd.DataFrame:
    """Return the names of the audit study (Bertrand and Mullainathan, 2004), to fill into templates.

    Names that suggest different groups differ in other ways, too: they suggest a social class, are more or less
    frequent in texts, and have more or fewer word pieces under a tokenizer, which alone changes how models treat them
    (An and Rudinger, 2023). Compare names with the same number of pieces, or include it in a regression; and treat
    names as a random factor: 36 of them are a sample.

    Parameters
    ----------
    tokenizer : callable, optional
        A tokenizer of transformers, or a model that has one as its ``tokenizer``.

    Returns
    -------
    pandas.DataFrame of 36 rows
        ``name``, ``ethnicity`` that it suggests ("cauc" White-sounding, "afam" African-American-sounding), ``gender``
        that it suggests ("female" or "male"), ``applications`` sent under it, ``calls`` back from employers, and
        ``call_rate``, their share (0 to 1). With a `tokenizer`, ``pieces``: how many tokens the name has after a space,
        as inside a sentence. Sorted by ethnicity, gender and name.

    Examples
    --------
    >>> names = first_names()
    >>> names.groupby("ethnicity")["calls"].sum().to_dict()
    {'afam': 157, 'cauc': 235}
    """
    applications = load_resume_names().frame
    names = (
        applications.groupby(["ethnicity", "gender", "name"])["call"]
        .agg(applications="size", calls="sum", call_rate="mean")
        .reset_index()
    )
    names = names[["name", "ethnicity", "gender", "applications", "calls", "call_rate"]]
    if tokenizer is not None:
        tokenize = getattr(tokenizer, "tokenizer", tokenizer)
        names["pieces"] = [len(tokenize(f" {name}", add_special_tokens=False)["input_ids"]) for name in names["name"]]
    return names
