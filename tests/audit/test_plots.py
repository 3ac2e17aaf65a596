"""Figures of an audit show its numbers, in colors and markers that differ."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labkit.audit.calibration import calibration_by_group
from labkit.audit.counts import Counts
from labkit.audit.metrics import METRICS
from labkit.audit.plots import draw_audit, draw_calibration, plot_calibration, plot_group_rates
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.text import CURVES, GROUPS_DRAWN
from labkit.plots import PALETTE
from tests.figures import drawn, spans, unlabeled, written_in

COUNTS = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [50, 5, 30, 15], "tiny": [2, 1, 0, 0]})


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def names_of_rows(ax):
    """Return the labels of the rows."""
    return [label.get_text() for label in ax.get_yticklabels()]


def test_group_rates_are_drawn_where_they_are():
    """Each group has its dot at the rate, a line over the Wilson interval, and the rate of all as a dashed line."""
    audit = COUNTS.audit()
    ax = plot_group_rates(audit, "accuracy")
    rates, limits = audit.by_group["accuracy"], audit.intervals["accuracy"]
    (hollow,) = (line for line in unlabeled(ax) if line.get_markerfacecolor() == "white")
    dots = {y: x for x, y in [*drawn(ax)["accuracy"], *hollow.get_xydata()]}
    assert dots == pytest.approx(dict(enumerate(rates)))
    assert spans(ax) == {row: pytest.approx(tuple(pair)) for row, pair in enumerate(limits.to_numpy())}
    (dashed,) = (line for line in unlabeled(ax) if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(audit.overall["accuracy"])
    assert ax.get_xlabel() == "accuracy\n(share of all people)" and ax.get_ylabel() == "group"


def test_small_groups_are_hollow_and_marked():
    """The figure shows which groups are too small to compare."""
    ax = plot_group_rates(COUNTS.audit())
    rows = {line.get_markerfacecolor(): list(line.get_ydata()) for line in ax.lines if line.get_marker() == "o"}
    assert rows == {PALETTE[0]: [0, 1], "white": [2]}
    assert names_of_rows(ax) == ["a", "b", "tiny †"]


def test_several_metrics_share_axes_and_groups_can_be_chosen():
    """Metrics differ by color, marker and legend; groups appear in the order asked for."""
    ax = plot_group_rates(COUNTS.audit(), list(METRICS), groups=["b", "a"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [name.replace("_", " ") for name in METRICS]
    shown = [line for line in ax.lines if len(line.get_ydata())]
    assert len({line.get_color() for line in shown}) == len({line.get_marker() for line in shown}) == len(METRICS)
    assert names_of_rows(ax) == ["b", "a"]


def test_intersections_are_labeled():
    """Groups of two columns are written with both values."""
    counts = Counts.from_mapping({("f", 1): [9, 9, 9, 9], ("m", 2): [9, 9, 9, 9]}, names=["sex", "site"])
    ax = plot_group_rates(counts.audit(min_group_size=36))
    assert names_of_rows(ax) == ["f, 1", "m, 2"] and ax.get_ylabel() == "sex, site"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metrics": "tpr"}, r"unknown metric \['tpr'\]; choose from selection_rate"),
        ({"metrics": []}, "unknown metric"),
        ({"groups": ["a", "z"]}, r"unknown groups \['z'\]; choose from \['a', 'b', 'tiny'\]"),
    ],
)
def test_group_rates_reject_unknown_names(options, message):
    """A metric or group that does not exist is named."""
    with pytest.raises(ValueError, match=message):
        plot_group_rates(COUNTS.audit(), **options)


def make_people(n, groups):
    """Return labels, scores and groups in which every score is the probability of its label."""
    generator = np.random.default_rng(0)
    score, group = generator.random(n), generator.choice(groups, n)
    return {"y_true": (generator.random(n) < score).astype(int), "y_score": score, "sensitive_features": group}


def test_calibration_shows_shares_and_intervals():
    """A labeled line for each group at its shares, each point with its interval; the axes are named."""
    table = calibration_by_group(**make_people(4000, ["a", "b"]), bins=5)
    ax = plot_calibration(table)
    shown, intervals = drawn(ax), spans(ax, along="y")
    for group in ("a", "b"):
        np.testing.assert_allclose(shown[group][:, 1], table.loc[group, "share"])
        found = [intervals[round(x, 9)] for x in shown[group][:, 0]]
        np.testing.assert_allclose(found, table.loc[group, ["low", "high"]])
    assert set(shown) == {"a", "b"} and len(intervals) == 10
    assert ax.get_xlabel() and "share" in ax.get_ylabel()


def test_calibration_rejects_groups_that_look_alike():
    """Nine groups would need nine colors."""
    people = make_people(90, ["a"]) | {"sensitive_features": np.arange(90) % 9}
    with pytest.raises(ValueError, match="9 groups need as many colors; choose up to 8"):
        plot_calibration(calibration_by_group(**people, bins=2))


def test_many_groups_are_drawn_in_part():
    """The figure of a page holds the largest groups in their order, in a panel for each metric."""
    counts = Counts.from_mapping({group: [group, 1, 2, 4] for group in range(100)})
    panels = draw_audit(counts.audit()).axes
    assert len(panels) == len(METRICS)
    assert names_of_rows(panels[0]) == [str(group) for group in range(100 - GROUPS_DRAWN, 100)]


def test_many_groups_of_scores_are_drawn_in_part():
    """The figure of calibration holds the largest groups, and the line on which share and score agree."""
    cells = {f"site {site}": np.full((2, 8), site + 1) for site in range(CURVES + 3)}
    (ax,) = draw_calibration(ScoreHistogram.from_cells(cells, names=["site"], shape=(2, 8))).axes
    assert set(drawn(ax)) == {f"site {site}" for site in range(3, CURVES + 3)}
    assert [line.get_slope() for line in unlabeled(ax)] == [1]


def test_plots_use_the_axes_they_are_given():
    """With axes given, no new figure is made and the same axes come back."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot_group_rates(COUNTS.audit(), ax=left) is left
    assert plot_calibration(calibration_by_group(**make_people(90, ["a", "b"]), bins=2), ax=right) is right
    assert len(plt.get_fignums()) == 1


def test_names_are_not_read_as_formulas():
    """Dollar signs in groups and columns are shown, in both figures of an audit; the legend leaves no group out."""
    groups = ["$20,000-$39,999", "$a_b_c$", "$$", "_hidden"]
    counts = Counts.from_mapping(dict.fromkeys(groups, [30, 10, 10, 30]), names=["$x_y_z$"])
    scores = ScoreHistogram.from_cells(dict.fromkeys(groups, np.ones((2, 8))), names=["$x_y_z$"], shape=(2, 8))
    rates = written_in(draw_audit(counts.audit()))
    assert all(rates.splitlines().count(name) == len(METRICS) / 4 for name in ("$x_y_z$", *groups[:3]))
    calibration = written_in(draw_calibration(scores)).replace("\u200b", "").splitlines()
    assert set(groups) <= set(calibration)
