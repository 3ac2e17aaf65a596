"""The registry of data sets: where each comes from, what its columns mean, and the sum that its file must have."""

import hashlib
import io
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

DATASETS_FOLDER = Path(__file__).resolve().parents[1] / "datasets"


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
    ValueError
        The file was changed.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"{path} was changed: its sha256 is {found}, expected {sha256}; {remedy}")
    return pd.read_csv(io.BytesIO(content), **options)
