"""The tables that ship with the course, their registry, and what their columns mean."""

import hashlib
import io
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from labkit.cache import cache_folder
from labkit.errors import UserError

DATASETS_FOLDER = Path(__file__).resolve().parents[2] / "datasets"


def read_registry() -> dict[str, dict[str, Any]]:
    """Return `datasets/registry.toml`: for each set its sha256, origin, rows, label, sensitive columns and text column.

    Returns
    -------
    dict of str to dict
        A table a set, by name, as the file has it.

    Raises
    ------
    FileNotFoundError
        The folder `datasets/` does not stand beside the package.
    """
    path = DATASETS_FOLDER / "registry.toml"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the data sets stand beside the package in the repository; clone it whole and install "
            "it with `pip install -e .`"
        )
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_checked(path: Path, sha256: str, *, remedy: str, **options: Any) -> pd.DataFrame:
    """Read a CSV file from the very bytes whose sum was checked, so that no change can slip in between.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sha256 : str
        The sum it must have.
    remedy : str
        What to do when it has another; it ends the error message.
    **options
        Passed to `pandas.read_csv`.

    Returns
    -------
    pandas.DataFrame
        The rows.

    Raises
    ------
    UserError
        The file was changed.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise UserError(f"{path} was changed: its sha256 is {found}, expected {sha256}; {remedy}")
    return pd.read_csv(io.BytesIO(content), **options)


@dataclass(frozen=True)
class Dataset:
    """A table and what its columns mean.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows; a fresh copy on every load.
    label : str or None
        Column to predict, coded 0/1; None where the set has no single one.
    sensitive : tuple of str
        Columns that say to which group a person belongs.
    text : str or None
        Column with text, for sets of sentences.
    card : pathlib.Path
        The datasheet: who collected the data and why, units, group sizes, known harms. Read it first.
    """

    frame: pd.DataFrame
    label: str | None
    sensitive: tuple[str, ...]
    text: str | None
    card: Path


def load_hmda() -> Dataset:
    """Load the Boston mortgage applications of 1990 (2,380 rows; label `deny`, 1 = denied; sensitive `afam`)."""
    return _load("hmda")


def load_compas() -> Dataset:
    """Load COMPAS scores and recidivism (7,214 rows; label `two_year_recid`; sensitive `race`, `sex`, `age_cat`)."""
    return _load("compas")


def load_rand_hie() -> Dataset:
    """Load the RAND Health Insurance Experiment (20,190 person-years; no single label; sensitive `black, female`).

    `black` describes the head of the household and takes values between 0 and 1 for some families: see the card.
    """
    return _load("rand_hie")


def load_star() -> Dataset:
    """Load Tennessee's class-size experiment (11,598 children; no label; sensitive `ethnicity, lunchk, gender`)."""
    return _load("star")


def load_ucb() -> Dataset:
    """Load Berkeley's graduate admissions of 1973 (24 cells with counts `n`; label `admitted`; sensitive `gender`)."""
    return _load("ucb")


def load_resume_names() -> Dataset:
    """Load the audit study of names (4,870 fictitious applications; label `call`; sensitive `ethnicity, gender`)."""
    return _load("resume_names")


def load_german() -> Dataset:
    """Load German credit (1,000 loans, 1973-75; label `good_credit`, 1 = repaid; sensitive `age, sex`, see card)."""
    return _load("german")


def load_fico() -> Dataset:
    """Load TransRisk score aggregates of 2003 (198 scores x 4 groups, 792 rows; no label; sensitive `race`)."""
    return _load("fico")


def kept_path(name: str) -> Path:
    """Return where a fetched data set is kept in the cache folder."""
    return cache_folder("datasets") / f"{name}.csv"


def _load(name: str) -> Dataset:
    entry = read_registry()[name]
    path = DATASETS_FOLDER / name / "data.csv.gz"
    remedy = f"restore it with `git checkout -- datasets/{name}` or rebuild it with `python datasets/build.py {name}`"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {remedy}")
    return make_dataset(name, read_checked(path, entry["sha256"], remedy=remedy, compression="gzip"), entry)


def make_dataset(name: str, frame: pd.DataFrame, meaning: dict[str, Any]) -> Dataset:
    """Return a frame with the meaning of its columns, as the registry states it, and its datasheet."""
    card = DATASETS_FOLDER / name / "card.md"
    return Dataset(frame, meaning.get("label"), tuple(meaning["sensitive"]), meaning.get("text"), card)
