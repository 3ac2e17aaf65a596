"""Checks of what users hand in: each error names the value that is wrong and what to do."""

import numpy as np
import pandas as pd

from labkit.tables import format_group


def check_texts_and_labels(texts, y, *, name="", classes=2):
    """Return texts as a list and labels as a float32 array, both of length n.

    Parameters
    ----------
    texts : sequence of str
    y : sequence of 0/1 or booleans
    name : str
        Put before "texts" and "y" in messages.
    classes : int
        How many different labels there must be: 2 to train, 1 to predict.

    Raises
    ------
    ValueError
        Empty, missing or non-text texts; lengths that differ; labels other than 0/1; too few classes.
    """
    texts = check_texts(texts, name=name)
    return texts, check_labels(y, len(texts), name=name, classes=classes).astype(np.float32)


def check_labels(y, n, *, what="texts", name="", classes=2) -> np.ndarray:
    """Return labels as an integer array of shape (n,), or raise ValueError as `check_texts_and_labels` says.

    ``what`` is what the labels belong to, in messages: "texts" or "rows".
    """
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"{n} {name}{what} but y has shape {y.shape}; give one label for each of the {what}")
    values = pd.unique(pd.Series(y))
    if strange := [value for value in values.tolist() if pd.isna(value) or value not in (0, 1)]:
        raise ValueError(f"{name}y holds {strange[:5]}; labels must be 0 or 1, with 1 the outcome that is predicted")
    if len(values) < classes:
        raise ValueError(f"{name}y holds only {values.tolist()}; there is nothing to learn from one class")
    return y.astype(int)


def check_texts(texts, *, name="") -> list[str]:
    """Return texts as a list, or raise ValueError: none at all, a single string, or one that is missing or empty."""
    if isinstance(texts, str):
        raise ValueError(f"{name}texts is one string; give a list of strings")
    texts = list(texts)
    if not texts:
        raise ValueError(f"{name}texts is empty; give at least one text")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"{name}texts[{row}] is {text!r}, not a string; drop rows without text first")
        if not text.strip():
            raise ValueError(f"{name}texts[{row}] is empty; drop rows without text first")
    return texts


def check_max_length(model, max_length):
    """Raise ValueError when ``max_length`` tokens are more than the model has positions for."""
    if max_length > model.max_length:
        raise ValueError(
            f"max_length is {max_length}, but {model.name!r} reads at most {model.max_length} tokens; "
            f"use max_length={model.max_length} or split the texts"
        )


def sensitive_frame(sensitive_features, n, *, what="texts") -> pd.DataFrame:
    """Return sensitive features as a frame of n rows numbered from 0; a column without a name is called "group".

    ``what`` is what the groups belong to, in messages: "texts" or "rows".

    Raises
    ------
    ValueError
        A length other than n; a missing value.
    """
    if isinstance(sensitive_features, pd.Series):
        frame = sensitive_features.to_frame(sensitive_features.name or "group")
    elif isinstance(sensitive_features, pd.DataFrame | dict):
        frame = pd.DataFrame(sensitive_features)
    else:
        frame = pd.DataFrame({"group": list(sensitive_features)})
    if len(frame) != n:
        raise ValueError(f"sensitive_features has {len(frame)} rows for {n} {what}; give one group for each")
    if gaps := [column for column in frame if frame[column].isna().any()]:
        raise ValueError(
            f"sensitive column {gaps[0]!r} has missing values; name them (such as 'unknown') or drop the rows"
        )
    return frame.reset_index(drop=True)


def encode_groups(sensitive_features, n) -> tuple[np.ndarray, list[str]]:
    """Return group codes from 0, shape (n,), and the groups' names; several columns give their intersections.

    Raises
    ------
    ValueError
        As `sensitive_frame`; or there is one group only.
    """
    frame = sensitive_frame(sensitive_features, n)
    grouped = frame.groupby(list(frame.columns), observed=True)
    codes = grouped.ngroup().to_numpy()
    if codes.max() == 0:
        raise ValueError(f"sensitive_features has one group only ({frame.iloc[0].tolist()}); a gap needs two")
    return codes, [
        format_group(group[0] if len(group) == 1 else group)
        for group in grouped.size().index.to_frame().itertuples(index=False, name=None)
    ]


def check_same_groups(sensitive_features, names, validation) -> None:
    """Raise ValueError where an objective would speak of a group that the training or the validation data lack.

    Parameters
    ----------
    sensitive_features : as in `encode_groups`
        A categorical column may name categories that no row has.
    names : list of str
        The groups of the training data.
    validation : tuple (texts, y, sensitive_features) or None
    """
    columns = (
        sensitive_features if isinstance(sensitive_features, pd.DataFrame | dict) else {"group": sensitive_features}
    )
    for name, column in dict(columns).items():
        if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
            unused = set(column.categories if isinstance(column, pd.Categorical) else column.cat.categories) - set(
                column
            )
            if unused:
                raise ValueError(
                    f"group {sorted(map(str, unused))[0]!r} is a category of {getattr(column, 'name', name)!r} that no "
                    "training text has: nothing can be asked for it; add such texts, or remove_unused_categories()"
                )
    if validation is None or validation[2] is None:
        return
    _, found = encode_groups(validation[2], len(validation[0]))
    for missing, there, lacking in (
        (set(names) - set(found), "training", "validation"),
        (set(found) - set(names), "validation", "training"),
    ):
        if missing:
            raise ValueError(
                f"group {sorted(missing)[0]!r} is in the {there} data and not in the {lacking} data: its gap cannot be "
                f"seen; add such texts to the {lacking} data, or leave the group out of both"
            )
