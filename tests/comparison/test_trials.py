"""Methods tried on splits."""

import numpy as np
import pandas as pd
import pytest

from labkit.comparison.constants import summarise_constants
from labkit.comparison.seeds import CONSTANTS
from labkit.comparison.trials import Split, measure_trials, run_trials, split_frame, try_methods
from labkit.mitigation.features import Unmitigated
from labkit.mitigation.weights import Reweighing


@pytest.fixture(scope="module")
def frame():
    """200 people in two groups."""
    generator = np.random.default_rng(0)
    group, x = generator.choice(["a", "b"], 200, p=[0.7, 0.3]), generator.normal(size=200)
    return pd.DataFrame({"x": x, "note": "a note", "sex": group, "y": (x + (group == "a") > 0.3).astype(int)})


def test_splits_hold_everybody_once_and_keep_the_shares(frame):
    """Each row is on one side; groups and labels are as frequent on both; the label is not among the features."""
    splits = split_frame(frame, label="y", sensitive="sex", test_size=0.4, n_splits=2)
    for split in splits:
        assert sorted([*split.train[0].index, *split.test[0].index]) == list(frame.index) and len(split.test[1]) == 80
        assert list(split.train[0].columns) == ["x", "note", "sex"] and split.train[2].name == "group"
        assert abs((split.train[2] == "b").mean() - (split.test[2] == "b").mean()) < 0.02
    assert splits[0].test[0].index.tolist() != splits[1].test[0].index.tolist()
    assert split_frame(frame, label="y", sensitive="sex", text="note", n_splits=1)[0].train[0].iloc[0] == "a note"
    with pytest.raises(ValueError, match="unknown column 'race'"):
        split_frame(frame, label="y", sensitive="race")


def test_trials_are_what_the_methods_give(frame):
    """One row per method and split, with the same figures as by hand."""
    from labkit.comparison.seeds import summarise

    splits = split_frame(frame, label="y", sensitive="sex", n_splits=2)
    found = try_methods({"untouched": Unmitigated(), "reweighing": Reweighing()}, splits)
    assert list(zip(found["method"], found["seed"], strict=True)) == [
        (name, seed) for seed in (0, 1) for name in ("untouched", "reweighing")
    ]
    X, y, groups = splits[1].train
    table = (
        Unmitigated()
        .fit(X, y, sensitive_features=groups)
        .predict(*splits[1].test[:2], sensitive_features=splits[1].test[2])
    )
    row = found.query("method == 'untouched' and seed == 1").iloc[0]
    assert row["gap"] == summarise(table)["gap"] and row["seconds"] > 0
    assert row["selected"] == table["y_pred"].mean() and "gap_size" not in row
    known = Split(splits[0].train, splits[0].test, splits[0].test[1])
    assert try_methods({"untouched": Unmitigated()}, [known])["accuracy_true"].notna().all()


def test_trials_keep_what_was_decided(frame):
    """Measured again on everybody they give what `try_methods` gives; on some people, what those people give."""
    splits = split_frame(frame, label="y", sensitive="sex", n_splits=2)
    trials = run_trials({"untouched": Unmitigated()}, splits)
    tried = try_methods({"untouched": Unmitigated()}, splits)
    assert measure_trials(trials).drop(columns="seconds").equals(tried.drop(columns="seconds"))
    part = measure_trials([trials[0]._replace(true_labels=splits[0].test[1])], rows=slice(0, 60)).iloc[0]
    table = trials[0].table[:60]
    assert part["accuracy"] == (table["y_true"] == table["y_pred"]).mean() == part["accuracy_true"]


def test_methods_may_depend_on_the_seed(frame):
    """A function of the split's position makes them."""
    splits, asked = split_frame(frame, label="y", sensitive="sex", n_splits=3), []

    def methods(seed):
        asked.append(seed)
        return {"untouched": Unmitigated()}

    assert [trial.seed for trial in run_trials(methods, splits)] == asked == [0, 1, 2]


def test_constants_are_measured_on_the_people_of_each_split(frame):
    """Once per split, after the methods: the same rows as for its test people alone."""
    splits = split_frame(frame, label="y", sensitive="sex", n_splits=2)
    methods = {"untouched": Unmitigated(), "reweighing": Reweighing()}
    plain = try_methods(methods, splits).drop(columns="seconds")
    found = try_methods(methods, splits, constants=True).drop(columns="seconds")
    assert found[:4].equals(plain) and len(found) == 4 + 2 * len(CONSTANTS)
    for seed, (_, (_, y, group), _) in enumerate(splits):
        rows = found[found["method"].isin(CONSTANTS) & (found["seed"] == seed)].set_index("method")
        expected = summarise_constants(pd.DataFrame({"y_true": y, "group": group}))
        pd.testing.assert_frame_equal(rows.drop(columns="seed"), expected, check_names=False)
    with pytest.raises(ValueError, match=r"'method' already holds \['toss a coin'\]; rename"):
        try_methods({"toss a coin": Unmitigated()}, splits, constants=True)
