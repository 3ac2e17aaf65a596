"""What the figures of an audit need, as numbers and names, for a process that knows neither audits nor pandas."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Fonts:
    """The families in which names are written, and the files of those that matplotlib may not know yet."""

    families: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RatesPanel:
    """One rate of all groups of a figure: rates (groups,), limits (groups, 2), and the rate of everyone."""

    name: str
    base: str  # whom it is a share of
    rates: np.ndarray
    limits: np.ndarray
    overall: float


@dataclass(frozen=True)
class RatesPlan:
    """The figure of rates: a panel for each rate, a row for each group; ``small`` groups (groups,) are hollow."""

    panels: list[RatesPanel]
    small: np.ndarray
    labels: list[str]
    ylabel: str
    fonts: Fonts


@dataclass(frozen=True)
class CalibrationPanel:
    """Calibration of one group: score, share, low and high of each dot (dots,), and how many people are where."""

    title: str
    score: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    people: np.ndarray  # (bars,), over equal parts of [0, 1]


@dataclass(frozen=True)
class CalibrationPlan:
    """The figure of calibration: a panel for each group."""

    panels: list[CalibrationPanel]
    fonts: Fonts


@dataclass(frozen=True)
class Plan:
    """All figures of a page, each with its text for readers who cannot see it."""

    rates: RatesPlan
    alt: str
    calibration: CalibrationPlan | None = None
    calibration_alt: str = ""


@dataclass(frozen=True)
class Images:
    """The figures of a page: PNG in base64, SVG as it is written to a file."""

    rates: str
    rates_svg: bytes
    calibration: str = ""
    calibration_narrow: str = ""
