"""A point chosen by a rule on some people, and judged on others."""

import numpy as np
import pandas as pd
import pytest

from labkit.chapters.ch09.selection import choose_point, measure_points, promise_and_deliver, promises_by_world
from labkit.comparison.seeds import summarise
from labkit.comparison.trials import Trial

FIGURES = pd.DataFrame(
    {"accuracy": [0.8, 0.7, 0.7, 0.6], "gap_size": [0.3, 0.04, 0.05, 0.01]}, index=["x", "y", "z", "w"]
)


@pytest.fixture(scope="module")
def tables():
    """Forty points that decide by coins of one kind: none is better, and some are lucky on any set of people."""
    generator = np.random.default_rng(0)
    group, y = generator.choice(["a", "b"], 600, p=[0.7, 0.3]), generator.integers(2, size=600)
    people = pd.DataFrame({"y_true": y, "y_score": 0.5, "group": group})
    return {f"point {i}": people.assign(y_pred=generator.integers(2, size=600)) for i in range(40)}


@pytest.mark.parametrize(("tolerance", "name"), [(1, "x"), (0.3, "x"), (0.05, "y"), (0.04, "y"), (0.02, "w"), (0, "w")])
def test_the_rule(tolerance, name):
    """The most accurate within the tolerance, the first of equals; the smallest gap where there is none."""
    assert choose_point(FIGURES, tolerance=tolerance) == name


def test_figures_are_those_of_summarise(tables):
    """On everybody, and on some."""
    for rows in (slice(None), np.arange(100, 300)):
        figures = measure_points(tables, rows=rows)
        for name in ("point 0", "point 7"):
            expected = summarise(tables[name].iloc[rows])
            assert figures.loc[name, "accuracy"] == pytest.approx(expected["accuracy"])
            assert figures.loc[name, "gap_size"] == pytest.approx(abs(expected["gap"]))


def test_the_best_of_many_promises_more_than_it_delivers(tables):
    """All points are coins: what is chosen looks accurate and equal, and is neither on other people."""
    kept = promise_and_deliver(tables, tolerance=0.05, n_choose=100, draws=20)
    mean = kept.groupby("measured")[["accuracy", "gap_size"]].mean()
    assert mean["accuracy"]["promised"] - mean["accuracy"]["delivered"] > 0.03
    assert mean["accuracy"]["delivered"] == pytest.approx(0.5, abs=0.03)
    assert mean["gap_size"]["delivered"] - mean["gap_size"]["promised"] > 0.01
    assert len(kept) == 40 and kept.groupby("draw")["point"].nunique().eq(1).all()


def test_one_point_promises_what_it_delivers_on_average(tables):
    """Where nothing is chosen there is no optimism in accuracy."""
    kept = promise_and_deliver({"only": tables["point 3"]}, tolerance=0.05, n_choose=200, draws=60)
    mean = kept.groupby("measured")["accuracy"].mean()
    assert mean["promised"] == pytest.approx(mean["delivered"], abs=0.02)


def test_each_world_has_its_own_points(tables):
    """Worlds and numbers of people one after the other, each as by itself."""
    names = list(tables)
    trials = [
        Trial(name, seed, tables[name], None, 0.0) for seed, part in enumerate((names[:5], names[5:9])) for name in part
    ]
    kept = promises_by_world(trials, tolerance=0.05, sizes=[60, 120], draws=2)
    assert len(kept) == 2 * 2 * 2 * 2 and set(kept.loc[kept["seed"] == 1, "point"]) <= set(names[5:9])
    alone = promise_and_deliver({name: tables[name] for name in names[:5]}, tolerance=0.05, n_choose=120, draws=2)
    part = kept.query("seed == 0 and people == 120")[alone.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, alone)
    same = [Trial(name, seed, tables[name], None, 0.0) for seed in (3, 4) for name in names[:5]]
    same = promises_by_world(same, tolerance=0.05, sizes=[60], draws=20)
    first, second = (part["gap_size"].to_numpy() for _, part in same.groupby("seed"))
    assert not np.allclose(first, second)  # each world has divisions of its own


def test_wrong_arguments_are_named(tables):
    """A tolerance out of range, no points, nobody left to judge on, people of one group."""
    with pytest.raises(ValueError, match="tolerance is 2"):
        choose_point(FIGURES, tolerance=2)
    with pytest.raises(ValueError, match="at least one point"):
        choose_point(FIGURES.iloc[:0], tolerance=0.1)
    with pytest.raises(ValueError, match="n_choose is 600; there are 600 people"):
        promise_and_deliver(tables, tolerance=0.1, n_choose=600)
    only = {"x": tables["point 0"].query("group == 'a'")}
    with pytest.raises(ValueError, match="has the groups"):
        measure_points(only)
