"""The Pareto front: against brute force, with ties, and with the runs redrawn."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.chapters.ch09.fronts import describe_fronts, find_front, non_dominated, plot_front, plot_fronts
from tests.figures import drawn, spans

POINT = st.tuples(st.integers(0, 4), st.integers(0, 4))  # few values, so that ties are frequent
POINTS = st.lists(POINT, min_size=1, max_size=12)


def runs_of(**points):
    """Return runs: a list of (accuracy, gap) by seed for each point."""
    rows = [
        {"method": name, "seed": seed, "accuracy": accuracy, "gap": gap}
        for name, own in points.items()
        for seed, (accuracy, gap) in enumerate(own)
    ]
    return pd.DataFrame(rows)


def beaten(point, others):
    """Say by loops whether some point is no worse in both and better in one."""
    for gain, cost in others:
        if gain >= point[0] and cost <= point[1] and (gain > point[0] or cost < point[1]):
            return True
    return False


@given(points=POINTS)
def test_front_is_what_brute_force_finds(points):
    """Point by point, against every other."""
    assert non_dominated(*zip(*points, strict=True)).tolist() == [not beaten(point, points) for point in points]


@given(points=POINTS)
def test_front_is_never_empty_and_beats_the_rest(points):
    """Some point is on it; whatever is off it is beaten by a point *on* it; equal points share their fate."""
    on_front = non_dominated(*zip(*points, strict=True))
    front = [point for point, kept in zip(points, on_front, strict=True) if kept]
    assert front
    for point, kept in zip(points, on_front, strict=True):
        assert kept != beaten(point, front)
        assert kept == (point in front)


@given(points=POINTS, order=st.randoms(use_true_random=False))
def test_order_does_not_matter(points, order):
    """A shuffled list has the same front."""
    shuffled = order.sample(points, len(points))
    first, second = (
        sorted(p for p, kept in zip(some, non_dominated(*zip(*some, strict=True)), strict=True) if kept)
        for some in (points, shuffled)
    )
    assert first == second


def test_what_is_always_better_is_always_on_the_front():
    """Its share is 1, that of a point that loses in every run is 0, and a lucky one lies between."""
    runs = runs_of(
        good=[(0.9, 0.1)] * 4,
        bad=[(0.8, 0.2)] * 4,
        lucky=[(0.99, 0.3), (0.85, 0.3), (0.85, 0.3), (0.85, 0.3)],
    )
    front = find_front(runs, gain="accuracy", cost="gap", n_boot=500)
    assert front["share"]["good"] == 1 and front["share"]["bad"] == 0 and 0.1 < front["share"]["lucky"] < 0.9
    assert front["on_front"].to_dict() == {"good": True, "bad": False, "lucky": False}
    assert front["accuracy"]["lucky"] == pytest.approx(0.885) and list(front.index) == ["good", "bad", "lucky"]


def test_seeds_are_redrawn_for_all_points_together():
    """What a seed does to every point cancels: a small constant lead stays a lead in each draw."""
    seeds = [0.5, 0.7, 0.9]
    runs = runs_of(ahead=[(base + 0.01, 0.1) for base in seeds], behind=[(base, 0.1) for base in seeds])
    assert find_front(runs, gain="accuracy", cost="gap", n_boot=200)["share"].tolist() == [1, 0]


def test_the_size_of_the_mean_counts_not_the_mean_of_sizes():
    """Gaps of both signs that cancel are small on average; a gap that was turned around is as large as before."""
    runs = runs_of(noisy=[(0.8, 0.1), (0.8, -0.1)], turned=[(0.8, -0.2), (0.8, -0.2)], plain=[(0.9, 0.2), (0.9, 0.2)])
    front = find_front(runs, gain="accuracy", cost="gap", n_boot=1)
    assert front["on_front"].to_dict() == {"noisy": True, "turned": False, "plain": True}
    assert front["gap"].to_dict() == pytest.approx({"noisy": 0, "turned": -0.2, "plain": 0.2})


def test_draws_are_repeatable():
    """The same seed of the draws gives the same shares."""
    generator = np.random.default_rng(0)
    runs = runs_of(**{name: generator.random((3, 2)).tolist() for name in "uvw"})
    one, two = (find_front(runs, gain="accuracy", cost="gap", n_boot=50, draw_seed=1) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_points_are_plotted_with_both_intervals():
    """A marker for each family, rings on the front, a line in each direction for every point."""
    runs = runs_of(x=[(0.8, 0.3), (0.82, 0.32)], y=[(0.7, 0.1), (0.72, 0.1)], z=[(0.6, 0.2), (0.6, 0.2)])
    ax = plot_front(runs, gain="accuracy", cost="gap", families={"x": "one", "y": "two", "z": "two"})
    shown = {label: points.round(3).tolist() for label, points in drawn(ax).items()}
    assert shown == {
        "one": [[0.31, 0.81]],
        "two": [[0.1, 0.71], [0.2, 0.6]],
        "on the front": [[0.1, 0.71], [0.31, 0.81]],
    }
    assert sorted(spans(ax, along="x")) == pytest.approx([0.6, 0.71, 0.81])
    assert sorted(spans(ax, along="y")) == pytest.approx([0.1, 0.2, 0.31])
    plt.close(ax.figure)


def test_fronts_stand_side_by_side_and_are_named():
    """A panel and a title for each gain, one legend; the text names the front's points with their figures."""
    runs = runs_of(x=[(0.8, 0.3), (0.8, 0.3)], y=[(0.7, 0.1), (0.7, 0.1)], z=[(0.6, 0.2), (0.6, 0.2)])
    runs["truth"] = 0.9 - runs["gap"]
    panels = {"accuracy": "records", "truth": "truth"}
    axes = plot_fronts(runs, panels, cost="gap", families=dict.fromkeys("xyz", "all"))
    assert [ax.get_title() for ax in axes] == ["records", "truth"] and len(axes[0].figure.legends) == 1
    plt.close(axes[0].figure)
    text = describe_fronts(runs, panels, cost="gap")
    assert text.endswith("records: y (0.10, 0.70), x (0.30, 0.80); truth: y (0.10, 0.80).")


@pytest.mark.parametrize(
    ("gain", "cost", "message"),
    [
        ([1, 2], [1], r"gain has shape \(2,\) and cost \(1,\)"),
        ([], [], "one value a point"),
        ([np.nan], [1], "missing"),
    ],
)
def test_wrong_points_are_named(gain, cost, message):
    """Shapes, none at all, and missing values."""
    with pytest.raises(ValueError, match=message):
        non_dominated(gain, cost)


def test_wrong_runs_are_named():
    """A missing column, a point with a run too few, no draws, a point without a family."""
    runs = runs_of(x=[(0.8, 0.3), (0.8, 0.2)], y=[(0.7, 0.1)])
    with pytest.raises(ValueError, match="no column"):
        find_front(runs, gain="accuracy", cost="size")
    with pytest.raises(ValueError, match="'y' does not have exactly one run for each seed"):
        find_front(runs, gain="accuracy", cost="gap")
    with pytest.raises(ValueError, match="n_boot is 0"):
        find_front(runs, gain="accuracy", cost="gap", n_boot=0)
    with pytest.raises(ValueError, match="no family for 'y'"):
        plot_front(runs, gain="accuracy", cost="gap", families={"x": "one"})
