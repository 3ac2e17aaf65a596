"""The patients of the simulated clinic: the exogenous draws and the equations of the structural causal model.

One seed is one world. Each purpose (severity, wording, ...) draws from a random stream of its own, a thousand patients
at a time: patient 17 is the same person whatever n is, and a knob never shifts what another purpose draws. The other
equations stand in `labkit.symptoms` and `labkit.notes`; the card in `datasets/clinic` tells all of them in words.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from labkit.notes import WIDTHS, Facts, write_notes
from labkit.symptoms import FEVER, symptom_probabilities

GROUPS = ("a", "b")
SMOKING = ("never", "former", "current")
SMOKING_SHARES = np.array([0.50, 0.30, 0.20])
SMOKING_LEVELS = np.array([0.0, 0.5, 1.0])
AGES = np.arange(18, 96)  # years; a normal distribution, cut off and put into whole years
AGE_MEAN, AGE_SD = 56.0, 18.0
MILD_BELOW = 0.0  # severity, in standard deviations: the milder half of all cases is mild
BASE_RATE = 0.45  # P(ill) of both groups when base_rate_gap is 0
COEFFICIENTS = {"severity": 2.8, "decades": 0.30, "smoking": 0.80}  # of the log odds of illness
# temperature, breathing rate, oxygen saturation, heart rate: mean, effect of severity, of fever, spread, limits
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
STREAM_WIDTHS = {"symptom": WIDTHS["mention"], "vitals_noise": len(VITALS)} | WIDTHS  # 1 where nothing is said
BLOCK = 1000  # patients drawn together


def _draw(seed: int, block: int, stream: str, attempt: int = 0) -> np.ndarray:
    """Draw a stream's random numbers for a block of patients, shape (BLOCK, width) or (BLOCK,)."""
    key = np.random.SeedSequence(seed, spawn_key=(STREAMS.index(stream), block, attempt))
    generator = np.random.default_rng(key)
    size = (BLOCK, STREAM_WIDTHS[stream]) if stream in STREAM_WIDTHS else BLOCK
    return generator.standard_normal(size) if stream in GAUSSIAN else generator.random(size)


def _log_odds(severity, age, smoking):
    """Log odds of illness without the intercept; arguments broadcast, smoking is an index into SMOKING."""
    return (
        COEFFICIENTS["severity"] * np.asarray(severity)
        + COEFFICIENTS["decades"] * (np.asarray(age) - 55.0) / 10.0
        + COEFFICIENTS["smoking"] * SMOKING_LEVELS[smoking]
    )


def _age_shares() -> np.ndarray:
    inner = norm.cdf((AGES[:-1] + 0.5 - AGE_MEAN) / AGE_SD)
    return np.diff(np.concatenate([[0.0], inner, [1.0]]))  # the ends take what lies beyond them


@lru_cache
def _intercept(base_rate: float) -> float:
    """Find the intercept that gives the whole population this base rate, by quadrature over severity, age, smoking."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)  # severity is standard normal
    log_odds = _log_odds(nodes[:, None, None], AGES[:, None], np.arange(len(SMOKING)))  # (60, ages, smoking)
    mass = (weights / weights.sum())[:, None, None] * _age_shares()[:, None] * SMOKING_SHARES
    return brentq(lambda intercept: (mass * expit(intercept + log_odds)).sum() - base_rate, -20.0, 20.0)


def _draw_severity(seed: int, block: int, in_b: np.ndarray, collection_bias: float) -> tuple[np.ndarray, ...]:
    """Draw who arrives: severity and arrival noise, and how many mild cases of b stayed away before this patient.

    A case that stays away leaves its place to the next one of the same group: n patients arrive, and the share of b is
    what `representation` says. Severity is independent of age, smoking and the rest, so these need no new draw.
    """
    severity, arrival = _draw(seed, block, "severity"), _draw(seed, block, "arrival")
    stayed_away = np.zeros(BLOCK, dtype=int)
    while (waiting := in_b & ~_arrives(in_b, severity, arrival, collection_bias)).any():
        stayed_away += waiting
        attempt = int(stayed_away.max())
        severity = np.where(waiting, _draw(seed, block, "severity", attempt), severity)
        arrival = np.where(waiting, _draw(seed, block, "arrival", attempt), arrival)
    return severity, arrival, stayed_away


def _arrives(in_b, severity, arrival, collection_bias) -> np.ndarray:
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
        A value for each knob of `labkit.clinic.KNOBS`, and mask_group.
    in_b : ndarray of shape (n,), optional
        The group to put each patient in, True for b. Without it, the group that chance gave the patient. All that is
        exogenous stays what it is.

    Returns
    -------
    pandas.DataFrame
        A row for each of `rows`, in their order; the columns are those of `labkit.clinic.simulate_clinic`.
    """

    def draw(stream):
        return _draw(seed, block, stream)[rows]

    own_b = _draw(seed, block, "group") < options["representation"]  # (BLOCK,)
    severity, arrival, stayed_away = (
        column[rows] for column in _draw_severity(seed, block, own_b, options["collection_bias"])
    )
    in_b = own_b[rows] if in_b is None else in_b  # (n,), as all that follows
    age = AGES[np.searchsorted(np.cumsum(_age_shares())[:-1], draw("age"), side="right")]
    smoking = np.searchsorted(np.cumsum(SMOKING_SHARES)[:-1], draw("smoking"), side="right")
    # illness
    intercept_a, intercept_b = _intercept(BASE_RATE), _intercept(BASE_RATE - options["base_rate_gap"])
    p_disease = expit(np.where(in_b, intercept_b, intercept_a) + _log_odds(severity, age, smoking))
    disease = draw("illness") < p_disease
    recorded = disease & ~(in_b & (draw("record") < options["label_bias"]))
    # symptoms and vital signs know severity, age and smoking, not the illness: p_disease bounds every reader of notes
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
