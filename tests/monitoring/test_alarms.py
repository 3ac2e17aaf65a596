"""The committed table of alarms is what the monitor gives, and keeps the limits that are promised."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from tests.monitoring.alarms import ALPHA, METHODS, SETTINGS, STREAMS, TABLE, compute, tabulate

MOST_FALSE = 73  # the .999 quantile of Binomial(1000, .05): a monitor may alarm in 5% of fair streams
LEAST_OF_Z = 200  # as many fair streams have an alarm of the repeated z test


@pytest.fixture(scope="module")
def table():
    """The table as committed."""
    return pd.read_csv(TABLE)


def test_the_limit_is_the_quantile_that_it_claims_to_be():
    """73 of 1,000."""
    assert binom.ppf(0.999, STREAMS, ALPHA) == MOST_FALSE


def test_the_table_has_every_setting(table):
    """Three base rates, with and without drift, at both rates of arrival, fair and with gaps; each method once."""
    expected = tabulate([(*setting, method, STREAMS, 0, 0, 0) for setting in SETTINGS for method in METHODS])
    keys = ["gap_from", "base_rate", "drift", "arrival", "method", "streams"]
    pd.testing.assert_frame_equal(table[keys], expected[keys])


@pytest.mark.parametrize("method", ["restarts", "no restarts"])
def test_false_alarms_of_the_monitor_are_few(method, table):
    """In every setting, those with a gap later too."""
    assert table.loc[table["method"] == method, "false_alarms"].max() <= MOST_FALSE


def test_false_alarms_of_the_z_test_are_many(table):
    """On the same fair streams, in every setting."""
    fair = table[table["gap_from"].isna() & (table["method"] == "z test")]
    assert len(fair) == 12 and fair["false_alarms"].min() >= LEAST_OF_Z


def test_safety_is_not_bought_with_blindness(table):
    """A gap of .1 from the start is found in time, and restarts find one after a fair start sooner."""
    found = table[table["arrival"] == 1].set_index(["gap_from", "base_rate", "method"])
    for rate in (0.1, 0.3, 0.5):
        print(found.loc[0.0, rate, "restarts"][["found", "median_delay"]].to_dict())
        assert found.loc[(0.0, rate, "restarts"), "found"] >= 0.99
        late, slow = (found.loc[(5_000.0, rate, method)] for method in ("restarts", "no restarts"))
        assert late["found"] >= 0.9 and late["found"] > slow["found"] - 0.01
        assert late["median_delay"] < 0.85 * slow["median_delay"]


def test_the_readme_says_what_the_table_has(table):
    """Its numbers are those of the monitor with restarts, rounded to hundreds; and a third of the z tests is true."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    text = " ".join(readme.split("**Your decisions as they come.**")[1].split("**As a teacher.**")[0].split())
    z_tests = table[table["gap_from"].isna() & (table["method"] == "z test")]
    assert "in more than a third of fair streams with 100 looks at 5%" in text
    assert (z_tests["false_alarms"] / z_tests["streams"]).min() > 1 / 3
    delays = table[(table["gap_from"] == 0) & (table["method"] == "restarts")].groupby("arrival")["median_delay"]
    (low, high), (rare_low, rare_high) = delays.agg(["min", "max"]).round(-2).astype(int).to_numpy()
    assert f"about {low:,} to {high:,} decisions until the alarm (median) where both groups come equally often" in text
    assert f"and {rare_low:,} to {rare_high:,} where one comes ten times as often" in text


def mark_slow(setting):
    """Leave one setting to the fast tests."""
    return pytest.param(setting, marks=() if setting == (None, 0.3, True, 10) else pytest.mark.slow)


@pytest.mark.parametrize("setting", [mark_slow(setting) for setting in SETTINGS], ids=str)
def test_the_table_is_what_the_monitor_gives(setting, table):
    """A part of it, simulated again; the rest in the slow tests."""
    gap_from, *others = setting
    rows = table[["base_rate", "drift", "arrival"]].eq(others).all(axis=1)
    rows &= table["gap_from"].isna() if gap_from is None else table["gap_from"] == gap_from
    again = tabulate(compute(setting))
    committed = table[rows].reset_index(drop=True)
    assert np.array_equal(again["false_alarms"], committed["false_alarms"])
    pd.testing.assert_frame_equal(again, committed, rtol=2e-5, check_dtype=False)
