"""Figures of an audit show its numbers, in colors and markers that differ."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from labkit.audit.calibration import calibration_by_group
from labkit.audit.counts import Counts
from labkit.audit.drawing._planning import bin_equally
from labkit.audit.metrics import METRICS
from labkit.audit.plots import draw_audit, draw_calibration, plot_calibration, plot_group_rates
from labkit.audit.score_histogram import ScoreHistogram
from labkit.audit.sections._sentences import SHOWN
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
    """Those with the lowest and the highest selection rates and the largest, by rate; small groups only if large."""
    cells = {group: [200 - group, group, 0, 0] for group in range(2, 102)}  # rates from 2 to 101 in 200
    cells |= {f"large {i}": [500, 500 + i, 0, 0] for i in range(3)} | {"small and low": [9, 0, 0, 0]}
    panels = draw_audit(Counts.from_mapping(cells).audit()).axes
    assert len(panels) == len(SHOWN)
    third = GROUPS_DRAWN // 3
    rows = names_of_rows(panels[0])
    assert len(rows) == GROUPS_DRAWN and rows[:third] == [str(group) for group in range(2, 2 + third)]
    assert rows[-third:] == [*(str(group) for group in range(95, 101)), "large 0", "large 1", "large 2", "101"]
    assert len(drawn(panels[0])["selection rate"]) == GROUPS_DRAWN
    largest = draw_audit(Counts.from_mapping({group: [group, group, 0, 0] for group in range(100, 200)}).audit()).axes
    assert "199" in names_of_rows(largest[0]) and "150" not in names_of_rows(largest[0])


@pytest.mark.parametrize("number", [2, 8, 30])
def test_up_to_thirty_groups_are_all_drawn_in_their_order(number):
    """Whatever their rates are."""
    cells = {f"g{i}": [50 - i, 1 + i, 20, 20] for i in range(number)}
    panels = draw_audit(Counts.from_mapping(cells).audit()).axes
    assert names_of_rows(panels[0]) == list(cells)
    assert all(len(drawn(ax)[name.replace("_", " ")]) == number for name, ax in zip(SHOWN, panels, strict=True))


def test_many_groups_of_scores_are_drawn_in_part():
    """The figure of calibration has a panel for each of the largest groups, with the line where share equals score."""
    cells = {f"site {site}": np.full((2, 8), site + 1) for site in range(CURVES + 3)}
    panels = draw_calibration(ScoreHistogram.from_cells(cells, names=["site"], shape=(2, 8))).axes
    titles = [ax.get_title() for ax in panels]
    assert [title.split("\n")[0] for title in titles] == [f"site {site}" for site in range(3, CURVES + 3)]
    assert titles[0].endswith("n = 64, 21 a dot")
    assert all([line.get_slope() for line in ax.lines if hasattr(line, "get_slope")] == [1] for ax in panels)


def test_dots_of_calibration_stand_for_as_many_people():
    """Ten bins of a large group are about equal; of a small one each has 20 people; the shares are those of the bin."""
    rng = np.random.default_rng(2)
    cells = np.stack([np.bincount(rng.integers(0, 64, 3000), minlength=64), np.zeros(64, np.int64)])
    table = bin_equally(cells)
    assert len(table) == 10 and table["n"].sum() == 3000 and table["n"].between(230, 370).all()
    assert (table["share"] == 0).all() and table["score"].is_monotonic_increasing
    few = np.zeros((2, 64), np.int64)
    few[:, ::2] = 1  # 64 people
    assert bin_equally(few)["n"].min() >= 20 and (bin_equally(few)["share"] == 0.5).all()
    few[:] = 0
    few[1, 5] = 3
    assert bin_equally(few)[["n", "share", "score"]].to_numpy().tolist() == [[3, 1, 5.5 / 64]]


def test_plots_use_the_axes_they_are_given():
    """With axes given, no new figure is made and the same axes come back."""
    _, (left, right) = plt.subplots(1, 2)
    assert plot_group_rates(COUNTS.audit(), ax=left) is left
    assert plot_calibration(calibration_by_group(**make_people(90, ["a", "b"]), bins=2), ax=right) is right
    assert len(plt.get_fignums()) == 1


def test_names_are_not_read_as_formulas():
    """Dollar signs in groups and columns are shown, in both figures of an audit; no group is left out."""
    groups = [
        "$20,000-$39,999",
        "$a_b_c$",
        "$$",
        "_hidden",
        "under $10k (bottom 5%), no $",
        "pay ($) and 5% {bonus} ($)",
    ]
    counts = Counts.from_mapping(dict.fromkeys(groups, [30, 10, 10, 30]), names=["$x_y_z$"])
    scores = ScoreHistogram.from_cells(dict.fromkeys(groups, np.ones((2, 8))), names=["$x_y_z$"], shape=(2, 8))
    rates = written_in(draw_audit(counts.audit())).replace("\u200b", "").splitlines()
    assert all(rates.count(name) == 2 for name in ("$x_y_z$", *groups))  # two rows of panels
    calibration = written_in(draw_calibration(scores)).replace("\u200b", "").splitlines()
    assert set(groups) <= set(calibration)
