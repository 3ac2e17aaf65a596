"""The simulated clinic: a causal model with six knobs of inequality, notes in words and exact counterfactual twins.

`simulate_clinic` makes patients, `counterfactual` puts the same patients in the other group, `KNOBS` says what can be
turned. The equations are in `labkit.patients`, `labkit.symptoms` and `labkit.notes`. No real person is in it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from labkit.patients import BLOCK, GROUPS, simulate_block


class Knob(NamedTuple):
    """One source of inequality: its neutral value, its range (both ends allowed) and what it does."""

    neutral: float
    low: float
    high: float
    meaning: str


KNOBS = {
    "representation": Knob(0.5, 0.0, 1.0, "probability that a patient belongs to group b"),
    "label_bias": Knob(0.0, 0.0, 1.0, "probability that an ill patient of b is recorded as not ill"),
    "measurement_bias": Knob(0.0, 0.0, 1.0, "probability that a symptom of b is not written down, or only vaguely"),
    "proxy_strength": Knob(0.0, 0.0, 1.0, "probability that a place in the note is the place of the patient's group"),
    "collection_bias": Knob(0.0, 0.0, 1.0, "probability that a mild case of b never arrives"),
    "base_rate_gap": Knob(0.0, -0.3, 0.3, "true difference in illness, P(ill | a) - P(ill | b); b is moved"),
}


def _whole(name: str, value, low: int) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < low:
        raise ValueError(f"{name}={value!r}: give a whole number of at least {low}")
    return int(value)


def _options(mask_group, knobs: dict) -> dict:
    """Check the knobs and fill in the neutral values."""
    for name, value in knobs.items():
        if name not in KNOBS:
            raise ValueError(f"unknown knob {name!r}; the knobs are {', '.join(KNOBS)}")
        low, high = KNOBS[name].low, KNOBS[name].high
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            raise ValueError(f"{name}={value!r}: give a number from {low} to {high} ({KNOBS[name].meaning})")
    if not isinstance(mask_group, bool | np.bool_):
        raise ValueError(f"mask_group={mask_group!r}: give True or False")
    neutral = {name: knob.neutral for name, knob in KNOBS.items()}
    return neutral | {name: float(value) for name, value in knobs.items()} | {"mask_group": bool(mask_group)}


def simulate_clinic(*, n: int = 2000, seed: int = 0, mask_group: bool = False, **knobs: float) -> pd.DataFrame:
    """Simulate n patients of a clinic, each with a note, a recorded and a true diagnosis.

    Use it to turn on one source of inequality at a time, with everything else equal to the last random number.

    Parameters
    ----------
    n : int
        Patients who arrive, at least 1. The first patients of a larger n are those of a smaller one.
    seed : int
        The world, at least 0.
    mask_group : bool
        Leave the words that name the group out of the notes. What `proxy_strength` puts there stays.
    **knobs : float
        Any of `KNOBS`; their neutral values are the default.

    Returns
    -------
    pandas.DataFrame of n rows
        note (str), y (recorded diagnosis, 0/1), y_true_disease (0/1), group ("a", "b"), age (years), smoking, severity
        (standard deviations), p_disease (P(ill | severity, age, smoking), and the group where `base_rate_gap` is not 0:
        the limit for any reader of the notes), symptoms (mentioned), symptoms_written (not left out, not vague),
        register (who wrote), arrives (always True here; see `counterfactual`), stayed_away (mild cases of b that stayed
        away before this patient came), patient and seed (who this is). ``attrs["clinic"]`` holds the knobs.

    Raises
    ------
    ValueError
        For an unknown knob or a value out of range.

    Examples
    --------
    >>> clinic = simulate_clinic(n=500, seed=1, label_bias=1.0)
    >>> clinic.groupby("group")["y"].sum()["b"].item()  # every ill patient of b is recorded as not ill
    0
    """
    n, seed = _whole("n", n, 1), _whole("seed", seed, 0)
    options = _options(mask_group, knobs)
    blocks = [np.arange(min(BLOCK, n - start)) for start in range(0, n, BLOCK)]
    frame = pd.concat(
        [simulate_block(seed, block, rows, options) for block, rows in enumerate(blocks)], ignore_index=True
    )
    frame.attrs["clinic"] = options
    return frame


def _check_rows(frame: pd.DataFrame) -> None:
    """Check that a frame says who its rows are."""
    missing = [name for name in ("seed", "patient", "group") if name not in frame.columns]
    if missing:
        raise ValueError(
            f"the frame has no column {missing[0]!r}: keep seed, patient and group, which say whose twin to build"
        )
    if frame.empty:
        raise ValueError("the frame has no rows: give at least one patient")
    for name in ("seed", "patient"):
        for value in frame[name].unique().tolist():
            _whole(name, value, 0)
    if not (known := frame["group"].isin(GROUPS)).all():
        raise ValueError(f"group {frame['group'][~known].iloc[0]!r}: the clinic's groups are 'a' and 'b'")


def _rebuild(frame: pd.DataFrame, options: dict, in_b: np.ndarray) -> pd.DataFrame:
    """Simulate the patients of a frame in the given groups; index and order are the frame's."""
    seed, patient = frame["seed"].to_numpy(), frame["patient"].to_numpy()
    positions = pd.Series(np.arange(len(frame))).groupby([seed, patient // BLOCK]).indices
    parts = [
        simulate_block(int(seed), int(block), patient[at] % BLOCK, options, in_b[at]).set_index(frame.index[at])
        for (seed, block), at in positions.items()
    ]
    order = np.argsort(np.concatenate(list(positions.values())))
    rebuilt = pd.concat(parts).iloc[order]
    rebuilt.attrs["clinic"] = options
    return rebuilt


def _check_same_world(frame: pd.DataFrame, rebuilt: pd.DataFrame) -> None:
    """Check that the rebuilt patients are those of the frame, wherever the frame still has the column."""
    for name in rebuilt.columns.intersection(frame.columns):
        given, made = frame[name].to_numpy(), rebuilt[name].to_numpy()
        real = made.dtype.kind == "f"  # a CSV file may change the last digit
        different = ~np.isclose(given, made, rtol=1e-9, atol=0.0) if real else given != made
        if different.any():
            who = rebuilt["patient"].iloc[int(np.argmax(different))]
            raise ValueError(
                f"column {name!r} of patient {who} is not what this world holds: it was edited, or the knobs are "
                "not those that made it; give the frame as simulated, or drop the column that you changed"
            )


def counterfactual(frame: pd.DataFrame, *, knobs: dict | None = None) -> pd.DataFrame:
    """Build the twin of each patient: the same person in the other group, with every exogenous value kept.

    Age, smoking, severity, the noise of every equation and every choice of words stay; what the group causes changes. A
    patient's twin may not have arrived (`collection_bias`): ``arrives`` says so. The twin of the twin is the original.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any rows of one or several simulated frames, in any order; seed, patient and group must be there. Columns that
        were simulated are checked against the world; columns that were not are left behind.
    knobs : dict, optional
        The knobs (and mask_group) that made the frame; ``{}`` for none. Needed where ``frame.attrs`` was lost, as it is
        in a CSV file.

    Returns
    -------
    pandas.DataFrame
        The twins, with the columns of `simulate_clinic` and the index of the frame.

    Raises
    ------
    ValueError
        Where the frame does not say who its rows are, or is not from this world.

    Examples
    --------
    >>> clinic = simulate_clinic(n=3, seed=1)
    >>> twins = counterfactual(clinic)
    >>> bool((twins["group"] != clinic["group"]).all() and (twins["severity"] == clinic["severity"]).all())
    True
    >>> counterfactual(twins).equals(clinic)
    True
    """
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"frame is a {type(frame).__name__}: give a DataFrame; clinic.loc[[17]] is one patient's")
    _check_rows(frame)
    if knobs is None:
        if "clinic" not in frame.attrs:
            raise ValueError("the frame has lost the knobs that made it (frame.attrs): name them, as in knobs={}")
        knobs = frame.attrs["clinic"]
    options = _options(knobs.get("mask_group", False), {k: v for k, v in knobs.items() if k != "mask_group"})
    in_b = (frame["group"] == "b").to_numpy()
    _check_same_world(frame, _rebuild(frame, options, in_b))
    return _rebuild(frame, options, ~in_b)
