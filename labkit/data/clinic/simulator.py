"""The simulated clinic: a structural causal model of patients and of the notes written about them.

A seed gives one world. Each purpose (severity, wording, ...) draws from its own random stream, a thousand patients at a
time: patient 17 is the same person whatever n is, and a knob never shifts what another purpose draws. How symptoms
occur and what notes say is in `labkit.data.clinic.vocabulary` and ``_notes``; the card in ``datasets/clinic`` states
all equations in words.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from labkit.data.clinic._notes import WIDTHS, Facts, write_notes
from labkit.data.clinic.vocabulary import FEVER, symptom_probabilities
from labkit.errors import UserError

GROUPS = ("a", "b")


SMOKING = ("never", "former", "current")


SMOKING_SHARES = np.array([0.50, 0.30, 0.20])


SMOKING_LEVELS = np.array([0.0, 0.5, 1.0])


AGES = np.arange(18, 96)  # years; a normal distribution, cut off at the ends and rounded to whole years


AGE_MEAN, AGE_SD = 56.0, 18.0


MILD_BELOW = 0.0  # severity, in standard deviations: half of all cases are mild


BASE_RATE = 0.45  # P(ill) of both groups when base_rate_gap is 0


COEFFICIENTS = {"severity": 2.8, "decades": 0.30, "smoking": 0.80}  # of the log odds of illness


# Rows: temperature, breathing rate, oxygen saturation, heart rate.
# Columns: mean, effect of severity, effect of fever, standard deviation of the noise, lower limit, upper limit.
VITALS = np.array(
    [
        [36.8, 0.23, 0.9, 0.40, 35.0, 41.0],
        [18.0, 2.30, 0.5, 2.60, 10.0, 44.0],
        [95.5, -1.40, 0.0, 1.60, 72.0, 100.0],
        [82.0, 7.00, 6.0, 11.0, 45.0, 160.0],
    ]
)


STREAMS = ("group", "age", "smoking", "severity", "arrival", "illness", "record", "symptom", "vitals_noise", *WIDTHS)


GAUSSIAN = {"severity", "vitals_noise", "intensity"}  # standard normal; the other streams are uniform on [0, 1)


STREAM_WIDTHS = {"symptom": WIDTHS["mention"], "vitals_noise": len(VITALS)} | WIDTHS  # 1 for all others


BLOCK = 1000  # patients drawn together


def _draw(seed: int, block: int, stream: str, attempt: int = 0) -> np.ndarray:
    """Draw a stream's random numbers for a block of patients, shape (BLOCK, width) or (BLOCK,)."""
    key = np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), block, attempt))
    generator = np.random.default_rng(key)
    size = (BLOCK, STREAM_WIDTHS[stream]) if stream in STREAM_WIDTHS else BLOCK
    return generator.standard_normal(size) if stream in GAUSSIAN else generator.random(size)


def _log_odds(severity: np.ndarray, age: np.ndarray, smoking: np.ndarray) -> np.ndarray:
    """Compute the log odds of illness without the intercept; arguments broadcast, smoking is an index into SMOKING."""
    return (
        COEFFICIENTS["severity"] * np.asarray(severity)
        + COEFFICIENTS["decades"] * (np.asarray(age) - 55.0) / 10.0
        + COEFFICIENTS["smoking"] * SMOKING_LEVELS[smoking]
    )


def _age_shares() -> np.ndarray:
    """Return the probability of each of AGES."""
    inner = norm.cdf((AGES[:-1] + 0.5 - AGE_MEAN) / AGE_SD)
    return np.diff(np.concatenate([[0.0], inner, [1.0]]))  # the ends include what is beyond them


@lru_cache
def _intercept(base_rate: float) -> float:
    """Find the intercept that gives the whole population this base rate, by quadrature over severity, age, smoking."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)  # severity is standard normal
    log_odds = _log_odds(nodes[:, None, None], AGES[:, None], np.arange(len(SMOKING)))  # (60, ages, smoking)
    mass = (weights / weights.sum())[:, None, None] * _age_shares()[:, None] * SMOKING_SHARES
    return brentq(lambda intercept: (mass * expit(intercept + log_odds)).sum() - base_rate, -20.0, 20.0)


def _draw_severity(seed: int, block: int, in_b: np.ndarray, collection_bias: float) -> tuple[np.ndarray, ...]:
    """Draw who arrives: severity and arrival noise, and how many mild cases of b stayed away before this patient.

    The next case of the same group takes the place of one that stays away, so that n patients arrive and the share of b
    is what `representation` says. Severity is independent of age, smoking and the rest: they are not resampled.
    """
    severity, arrival = _draw(seed, block, "severity"), _draw(seed, block, "arrival")
    stayed_away = np.zeros(BLOCK, dtype=int)
    while (waiting := in_b & ~_arrives(in_b, severity, arrival, collection_bias)).any():
        stayed_away += waiting
        attempt = int(stayed_away.max())
        severity = np.where(waiting, _draw(seed, block, "severity", attempt), severity)
        arrival = np.where(waiting, _draw(seed, block, "arrival", attempt), arrival)
    return severity, arrival, stayed_away


def _arrives(in_b: np.ndarray, severity: np.ndarray, arrival: np.ndarray, collection_bias: float) -> np.ndarray:
    """Tell who arrives: all but mild cases of b, which stay away with the probability `collection_bias`."""
    return ~(in_b & (severity < MILD_BELOW) & (arrival < collection_bias))


def simulate_block(
    seed: int, block: int, rows: np.ndarray, options: dict, in_b: np.ndarray | None = None
) -> pd.DataFrame:
    """Simulate some patients of a block.

    Parameters
    ----------
    seed, block : int
        The world, and which thousand of its patients.
    rows : ndarray of shape (n,)
        Positions in the block; they may repeat.
    options : dict
        A value for each knob of `labkit.data.KNOBS`, and mask_group.
    in_b : ndarray of shape (n,), optional
        The group to put each patient in, True for b; by default, the group that chance gave the patient. Exogenous
        values stay the same.

    Returns
    -------
    pandas.DataFrame
        One row for each of `rows`, in their order; the columns are those of `labkit.data.simulate_clinic`.
    """

    def draw(stream: str) -> np.ndarray:
        return _draw(seed, block, stream)[rows]  # (n,) or (n, width)

    own_b = _draw(seed, block, "group") < options["representation"]  # (BLOCK,)
    severity, arrival, stayed_away = (
        column[rows] for column in _draw_severity(seed, block, own_b, options["collection_bias"])
    )
    in_b = own_b[rows] if in_b is None else in_b  # (n,), like everything that follows
    age = AGES[np.searchsorted(np.cumsum(_age_shares())[:-1], draw("age"), side="right")]
    smoking = np.searchsorted(np.cumsum(SMOKING_SHARES)[:-1], draw("smoking"), side="right")
    # Illness.
    intercept_a, intercept_b = _intercept(BASE_RATE), _intercept(BASE_RATE - options["base_rate_gap"])
    p_disease = expit(np.where(in_b, intercept_b, intercept_a) + _log_odds(severity, age, smoking))
    disease = draw("illness") < p_disease
    recorded = disease & ~(in_b & (draw("record") < options["label_bias"]))
    # Symptoms and vital signs depend on severity, age and smoking, not on the illness itself: so no classifier of notes
    # can be better than p_disease.
    present = draw("symptom") < symptom_probabilities(severity, age, SMOKING_LEVELS[smoking])
    mean, by_severity, by_fever, spread, low, high = VITALS.T
    vitals = mean + np.outer(severity, by_severity) + np.outer(present[:, FEVER], by_fever)
    vitals = np.clip(vitals + spread * draw("vitals_noise"), low, high)  # (n, 4)
    notes = write_notes(
        Facts(age, smoking, severity, present, vitals, in_b),
        {stream: draw(stream) for stream in WIDTHS},
        measurement_bias=options["measurement_bias"],
        proxy_strength=options["proxy_strength"],
        mask_group=options["mask_group"],
    )
    return pd.DataFrame(
        {
            "note": notes.texts,
            "y": recorded.astype(int),
            "y_true_disease": disease.astype(int),
            "group": np.array(GROUPS, dtype=object)[in_b.astype(int)],
            "age": age,
            "smoking": np.array(SMOKING, dtype=object)[smoking],
            "severity": severity,
            "p_disease": p_disease,
            "symptoms": notes.mentioned,
            "symptoms_written": notes.written,
            "register": notes.registers,
            "arrives": _arrives(in_b, severity, arrival, options["collection_bias"]),
            "stayed_away": stayed_away,
            "patient": block * BLOCK + rows,
            "seed": seed,
        }
    )


class Knob(NamedTuple):
    """One source of inequality: its neutral value, its range (both ends included) and what it does."""

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


def _whole(name: str, value: object, low: int) -> int:
    """Return a value as an int, or reject it if it is not a whole number or below the lowest one."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < low:
        raise UserError(f"{name}={value!r}: give a whole number of at least {low}")
    return int(value)


def _options(mask_group: object, knobs: dict) -> dict:
    """Check the knobs and add the neutral values of those that are not named."""
    for name, value in knobs.items():
        if name not in KNOBS:
            raise UserError(f"unknown knob {name!r}; the knobs are {', '.join(KNOBS)}")
        low, high = KNOBS[name].low, KNOBS[name].high
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not low <= value <= high:
            raise UserError(f"{name}={value!r}: give a number from {low} to {high} ({KNOBS[name].meaning})")
    if not isinstance(mask_group, bool | np.bool_):
        raise UserError(f"mask_group={mask_group!r}: give True or False")
    neutral = {name: knob.neutral for name, knob in KNOBS.items()}
    return neutral | {name: float(value) for name, value in knobs.items()} | {"mask_group": bool(mask_group)}


def simulate_clinic(*, n: int = 2000, seed: int = 0, mask_group: bool = False, **knobs: float) -> pd.DataFrame:
    """Simulate n patients of a clinic, each with a note, a recorded diagnosis and the true one.

    Use it to turn on one source of inequality at a time, while everything else stays equal, down to the last random
    number.

    Parameters
    ----------
    n : int
        How many patients arrive, at least 1. A larger n adds patients and leaves the first ones as they are.
    seed : int
        Random seed, at least 0; it gives one world.
    mask_group : bool
        Leave the words that name the group out of the notes. Places that `proxy_strength` ties to the group remain.
    **knobs : float
        Any of `KNOBS`; by default, their neutral values.

    Returns
    -------
    pandas.DataFrame of n rows
        ``attrs["clinic"]`` holds the knobs. The columns:

        - note: text of 20 to 60 words
        - y, y_true_disease: the recorded and the true diagnosis, 0 or 1
        - group: "a" or "b"
        - age (years), smoking ("never", "former", "current"), severity (standard deviations)
        - p_disease: P(ill | severity, age, smoking), and the group if `base_rate_gap` is not 0. No classifier of notes
          can be better.
        - symptoms, symptoms_written: how many were mentioned, and how many of these were neither left out nor vague
        - register: who wrote the note
        - arrives: always True here; see `counterfactual`
        - stayed_away: how many mild cases of b stayed away before this patient came
        - patient, seed: who this is

    Raises
    ------
    UserError
        An unknown knob or a value out of range.

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
        raise UserError(
            f"the frame has no column {missing[0]!r}: keep seed, patient and group, which say whose twin to build"
        )
    if frame.empty:
        raise UserError("the frame has no rows: give at least one patient")
    for name in ("seed", "patient"):
        for value in frame[name].unique().tolist():
            _whole(name, value, 0)
    if not (known := frame["group"].isin(GROUPS)).all():
        raise UserError(f"group {frame['group'][~known].iloc[0]!r}: the clinic's groups are 'a' and 'b'")


def _rebuild(frame: pd.DataFrame, options: dict, in_b: np.ndarray) -> pd.DataFrame:
    """Simulate the patients of a frame in the given groups, in its order and with its index."""
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
    """Check that the rebuilt patients are those of the frame, in each column that the frame still has."""
    for name in rebuilt.columns.intersection(frame.columns):
        given, made = frame[name].to_numpy(), rebuilt[name].to_numpy()
        real = made.dtype.kind == "f"  # a CSV file may change the last digit
        different = ~np.isclose(given, made, rtol=1e-9, atol=0.0) if real else given != made
        if different.any():
            who = rebuilt["patient"].iloc[int(np.argmax(different))]
            raise UserError(
                f"column {name!r} of patient {who} is not what this world holds: it was edited, or the knobs are not "
                "those that made it; pass the frame as it was simulated, or drop the column that you changed"
            )


def counterfactual(frame: pd.DataFrame, *, knobs: dict | None = None) -> pd.DataFrame:
    """Build the twin of each patient: the same person in the other group, with every exogenous value kept.

    Use it to see what a model would have said if a patient had been in the other group. Age, smoking, severity, the
    noise of every equation and every choice of words stay; what the group causes changes (Pearl, 2009, section 7.1:
    abduction, action, prediction). With `collection_bias` a twin may not have arrived; ``arrives`` tells. The twin of
    the twin is the original.

    Parameters
    ----------
    frame : pandas.DataFrame
        Any rows of one or several simulated frames, in any order, with the columns seed, patient and group. Simulated
        columns are checked against the world; other columns are dropped.
    knobs : dict, optional
        The knobs (and mask_group) that made the frame; ``{}`` for none. Needed if ``frame.attrs`` was lost, for example
        in a CSV file.

    Returns
    -------
    pandas.DataFrame
        The twins, with the columns of `simulate_clinic` and the index of the frame.

    Raises
    ------
    UserError
        The frame does not say who its rows are, or is not from this world.

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
        raise UserError(f"frame is a {type(frame).__name__}: give a DataFrame; clinic.loc[[17]] is one patient's")
    _check_rows(frame)
    if knobs is None:
        if "clinic" not in frame.attrs:
            raise UserError("the frame has lost the knobs that made it (frame.attrs): name them, as in knobs={}")
        knobs = frame.attrs["clinic"]
    options = _options(knobs.get("mask_group", False), {k: v for k, v in knobs.items() if k != "mask_group"})
    in_b = (frame["group"] == "b").to_numpy()
    _check_same_world(frame, _rebuild(frame, options, in_b))
    return _rebuild(frame, options, ~in_b)
