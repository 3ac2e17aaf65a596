"""Counting combinations by codes gives what pandas' groupby gives, for every kind of column."""

import numpy as np
import pandas as pd
import pytest

from labkit.audit import _counting, counts
from labkit.audit._counting import count_combinations
from labkit.audit.counts import count

RNG = np.random.default_rng(2)
N = 500
WORDS = np.array(["b", "a", "c"])[RNG.integers(0, 3, N)]
COLUMNS = {
    "text": pd.Series(WORDS),
    "objects": pd.Series([None, 1, "x"] * N, dtype=object)[:N],
    "categories": pd.Series(pd.Categorical(WORDS, categories=["c", "nobody", "b", "a"])),
    "missing categories": pd.Series(pd.Categorical(np.where(WORDS == "c", None, WORDS))),
    "small numbers": pd.Series(RNG.integers(-3, 4, N), dtype="int8"),
    "whole range": pd.Series(RNG.choice([-128, 0, 127], N), dtype="int8"),
    "far apart": pd.Series(RNG.choice([-(2**62), 0, 2**62], N)),
    "unsigned": pd.Series(RNG.choice([0, 2**63 + 1], N), dtype="uint64"),
    "floats": pd.Series(RNG.choice([0.5, np.nan, -1.0], N)),
    "booleans": pd.Series(RNG.random(N) < 0.5),
    "nullable": pd.Series(RNG.choice([1, 2, None], N), dtype="Int64"),
    "days": pd.Series(pd.Timestamp("2024-02-29") + pd.to_timedelta(RNG.integers(0, 3, N), unit="D")),
}


def as_dict(columns):
    """Make a dict of combination to people; missing values of any kind are None."""
    *keys, people = columns.values()
    names = [tuple(None if pd.isna(value) else value for value in row) for row in zip(*keys, strict=True)]
    assert len(set(names)) == len(names)
    return dict(zip(names, people, strict=True))


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("block", [64, 2**16])
def test_combinations_are_those_of_groupby(name, block, monkeypatch):
    """Every kind of column, with another one, is counted as by groupby, in one block of rows or in several."""
    monkeypatch.setattr(_counting, "BLOCK", block)
    frame = pd.DataFrame({"key": COLUMNS[name].reset_index(drop=True), "label": RNG.integers(-1, 2, N)})
    expected = frame.groupby(["key", "label"], dropna=False, observed=True).size().rename("people").reset_index()
    assert as_dict(count_combinations(frame)) == as_dict({name: expected[name].tolist() for name in expected})


def test_too_many_combinations_are_left_to_the_engine(monkeypatch):
    """Where no table would hold the combinations, the fast path gives up, and the counts are still right."""
    frame = pd.DataFrame({"y": [0, 1] * 300, "yhat": [1, 1, 0] * 200, "race": WORDS[0], "site": np.arange(600) % 7})
    names = {"label": "y", "prediction": "yhat", "sensitive": ["race", "site"]}
    expected = counts.count(frame, **names)
    monkeypatch.setattr(_counting, "MOST_CELLS", 10)
    assert count_combinations(frame) is None
    assert counts.count(frame, **names) == expected


def test_an_empty_frame_has_no_combinations():
    """Without rows there is nothing to count, whatever the types of the columns."""
    empty = pd.DataFrame({"a": np.zeros(0, int), "b": np.zeros(0, object)})
    assert count_combinations(empty) == {"a": [], "b": [], "people": []}


@pytest.mark.parametrize("name", ["*", "^y$", "^.*$"])
@pytest.mark.parametrize("lazy", [False, True])
def test_polars_patterns_are_not_columns(name, lazy):
    """polars would count other columns than the one of that name; the other engines take it as it is."""
    polars = pytest.importorskip("polars")
    table = {"y": [0, 1, 1], "yhat": [1, 0, 0], name: ["a", "b", "a"]}
    frame = polars.DataFrame(table)
    with pytest.raises(ValueError, match="polars reads the name of column .* as a pattern"):
        count(frame.lazy() if lazy else frame, label="y", prediction="yhat", sensitive=name)
    found = count(pd.DataFrame(table), label="y", prediction="yhat", sensitive=name)
    assert found.sizes.tolist() == [2, 1]
