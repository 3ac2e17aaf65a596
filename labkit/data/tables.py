"""The tables that ship with the course, the registry that describes them, and what their columns mean."""

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from labkit.cache import cache_folder, file_sha256
from labkit.errors import UserError

DATASETS_FOLDER = Path(__file__).resolve().parents[2] / "datasets"


def read_registry_file() -> dict[str, Any]:
    """Read `datasets/registry.toml`: one table per data set, and the table "carriers"."""
    path = DATASETS_FOLDER / "registry.toml"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the data sets are in the repository, next to the package; clone all of it and install "
            "it with `pip install -e .`"
        )
    return tomllib.loads(path.read_text(encoding="utf-8"))


def read_registry() -> dict[str, dict[str, Any]]:
    """Read what `datasets/registry.toml` says about each data set.

    Returns
    -------
    dict of str to dict
        From the name of a set to its checksum, rows, origin, label, sensitive columns and text column, as in the file.

    Raises
    ------
    FileNotFoundError
        The folder `datasets/` is not next to the package.
    """
    registry = read_registry_file()
    registry.pop("carriers", None)
    return registry


def read_checked(path: Path, sha256: str, *, remedy: str, **options: Any) -> pd.DataFrame:
    """Read a CSV file after its checksum was verified, from the same bytes, so that it cannot change in between.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    sha256 : str
        The checksum it must have.
    remedy : str
        What to do if it has another one; it ends the error message.
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
    content = io.BytesIO(path.read_bytes())
    found = file_sha256(content)
    if found != sha256:
        raise UserError(f"{path} was changed: its sha256 is {found}, expected {sha256}; {remedy}")
    content.seek(0)
    return pd.read_csv(content, **options)


@dataclass(frozen=True)
class Dataset:
    """A table and what its columns mean.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows; a fresh copy on every load.
    label : str or None
        Column to predict, coded 0/1; None if the set has no single one.
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
    """Load mortgage applications in Boston in 1990, and whether the lender denied them.

    Returns
    -------
    Dataset
        2,380 applications; label `deny` (1: denied); sensitive `afam` (yes: the applicant is recorded as Black).
    """
    return _load("hmda")


def load_compas() -> Dataset:
    """Load COMPAS risk scores and whether people were charged again within two years (ProPublica, 2016).

    Returns
    -------
    Dataset
        7,214 people; label `two_year_recid` (1: charged again); sensitive `race`, `sex` and `age_cat`.
    """
    return _load("compas")


def load_rand_hie() -> Dataset:
    """Load the RAND Health Insurance Experiment, in which the cost of care and the need for it differ.

    `black` describes the head of the household and has values between 0 and 1 for some families: see the card.

    Returns
    -------
    Dataset
        20,190 person-years of 5,912 people; no single label; sensitive `black` and `female`.
    """
    return _load("rand_hie")


def load_star() -> Dataset:
    """Load Tennessee's class-size experiment, with reading and mathematics scores from kindergarten to grade 3.

    Returns
    -------
    Dataset
        11,598 pupils; no label; sensitive `ethnicity`, `lunchk` (free lunch in kindergarten) and `gender`.
    """
    return _load("star")


def load_ucb() -> Dataset:
    """Load graduate admissions at Berkeley in 1973, the best-known case of Simpson's paradox.

    Returns
    -------
    Dataset
        24 cells with counts `n` (4,526 applications); label `admitted` (1: admitted); sensitive `gender`.
    """
    return _load("ucb")


def load_resume_names() -> Dataset:
    """Load the audit study of names: fictitious applications that differ in the name at the top.

    Returns
    -------
    Dataset
        4,870 applications; label `call` (1: the employer called back); sensitive `ethnicity` and `gender`.
    """
    return _load("resume_names")


def load_german() -> Dataset:
    """Load German credit: loans of one bank, 1973 to 1975.

    Returns
    -------
    Dataset
        1,000 loans; label `good_credit` (1: repaid); sensitive `age` and `sex` (not reliable: see the card).
    """
    return _load("german")


def load_fico() -> Dataset:
    """Load TransRisk credit scores and repayment by race in 2003, as aggregates.

    Returns
    -------
    Dataset
        198 scores of four groups, 792 rows; no label; sensitive `race`.
    """
    return _load("fico")


def kept_path(name: str) -> Path:
    """Return the path of a downloaded data set in the cache folder."""
    return cache_folder("datasets") / f"{name}.csv"


def fetched_path(name: str, entry: Mapping[str, Any]) -> Path:
    """Return where a fetched set is in the cache folder: a file, or a folder of the files of its carrier.

    Parameters
    ----------
    name : str
        The set.
    entry : mapping
        What the registry says about it.
    """
    return kept_path(name) if entry["kind"] == "sentences" else kept_path(name).with_suffix("")


def make_dataset(name: str, frame: pd.DataFrame, meaning: dict[str, Any]) -> Dataset:
    """Combine a frame with its datasheet and the meaning of its columns, as the registry states it."""
    return Dataset(
        frame=frame,
        label=meaning.get("label"),
        sensitive=tuple(meaning["sensitive"]),
        text=meaning.get("text"),
        card=DATASETS_FOLDER / name / "card.md",
    )


def _load(name: str) -> Dataset:
    """Read a shipped data set, after its checksum was verified."""
    entry = read_registry()[name]
    path = DATASETS_FOLDER / name / "data.csv.gz"
    remedy = f"restore it with `git checkout -- datasets/{name}` or rebuild it with `python datasets/build.py {name}`"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {remedy}")
    frame = read_checked(path, entry["sha256"], remedy=remedy, compression="gzip")
    return make_dataset(name, frame, entry)
