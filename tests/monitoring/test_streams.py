"""A table of decisions from its first row to its last: what is read, what is rejected, and what is told."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportions_ztest

from labkit.errors import UserError
from labkit.monitoring import FairnessMonitor, monitor_stream, plot_wealth, repeated_z_tests
from tests.figures import drawn

NAMES = {"group": "sex", "decision": "hired"}


def make_frame(n=1_200, gap=0.4, seed=2):
    """Return decisions about f and m, of which m gets 1 more often, an hour after each other."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["f", "m"], n)
    hired = rng.random(n) < np.where(sex == "m", 0.5 + gap / 2, 0.5 - gap / 2)
    times = pd.date_range("2026-03-01", periods=n, freq="h")
    return pd.DataFrame({"sex": sex, "hired": hired.astype(int), "at": times})


def test_a_table_gives_what_single_decisions_give():
    """Each pair's row says when, how much, and where the rates stand."""
    frame, monitor = make_frame(), FairnessMonitor(["f", "m"])
    found = monitor_stream(frame, **NAMES, time="at")
    wealths, numbers = [], []
    for sex, hired in zip(frame["sex"], frame["hired"], strict=True):
        before = monitor.pairs
        monitor.update(sex, hired)
        if monitor.pairs > before:
            wealths.append(monitor.wealth)
            numbers.append((sum(monitor.decisions.values()), *monitor.decisions.values(), monitor.gap))
    assert found.monitor.state() == monitor.state()
    np.testing.assert_allclose(found.pairs["wealth"], wealths, rtol=1e-12)
    np.testing.assert_allclose(found.pairs[["decision", "n_first", "n_second", "gap"]], numbers, rtol=1e-12)
    rows = found.pairs["row"] - 1
    signs = np.where(frame["sex"].to_numpy()[rows] == "m", -1, 1)
    expected = signs * (frame["hired"].to_numpy()[rows] - frame["hired"].to_numpy()[rows - 1])
    assert found.pairs["difference"].tolist() == expected.tolist()
    assert found.pairs["time"].tolist() == frame["at"].iloc[rows].tolist()


def test_a_table_in_two_halves_is_the_table():
    """The second call goes on with the monitor of the first; rows and looks count all decisions."""
    frame = make_frame()
    whole = monitor_stream(frame, **NAMES, every=60)
    monitor = monitor_stream(frame[:601], **NAMES, every=60).monitor
    later = monitor_stream(frame[601:], **NAMES, every=59, monitor=monitor)
    assert later.monitor.state() == whole.monitor.state()
    rest = whole.pairs[whole.pairs["decision"] > 601].reset_index(drop=True)
    pd.testing.assert_frame_equal(later.pairs.assign(row=later.pairs["row"] + 601), rest)
    at_660, again = (found.looks[found.looks["decision"] == 660] for found in (whole, later))
    np.testing.assert_array_equal(at_660, again)


def test_repeated_tests_are_those_of_statsmodels():
    """At each look, with all decisions until then."""
    frame = make_frame(300, gap=0.1)
    second, hired = (frame["sex"] == "m").to_numpy(), frame["hired"].to_numpy()
    looks = repeated_z_tests(second, hired, every=70)
    assert looks["decision"].tolist() == [70, 140, 210, 280]
    for look in looks.itertuples():
        sides = [hired[: look.decision][side[: look.decision]] for side in (~second, second)]
        z, p = proportions_ztest([side.sum() for side in sides], [len(side) for side in sides])
        assert (look.z, look.p) == pytest.approx((z, p), rel=1e-9)
        assert look.gap == pytest.approx(sides[0].mean() - sides[1].mean())
    assert len(repeated_z_tests(second, hired)) == 100
    with pytest.raises(UserError, match="every is 0"):
        repeated_z_tests(second, hired, every=0)


def test_a_look_without_both_groups_or_without_variety_has_no_p_value():
    """NaN, and no warning."""
    second, hired = np.array([False, False, True, True]), np.array([1, 1, 1, 0])
    assert repeated_z_tests(second, hired, every=1)["p"].isna().tolist() == [True, True, True, False]


def test_other_groups_are_left_out_and_counted():
    """The two that are named are compared as if there were no others; their order gives the sign."""
    frame = make_frame()
    more = frame.copy()
    more.loc[::7, "sex"] = "x"
    more.loc[::70, "sex"] = "y"
    found = monitor_stream(more, **NAMES, groups=["m", "f"])
    two = more[more["sex"].isin(["f", "m"])]
    plain = monitor_stream(two, **NAMES)
    assert found.left_out == {"x": (more["sex"] == "x").sum(), "y": (more["sex"] == "y").sum()}
    assert found.monitor.groups == ("m", "f") and found.monitor.gap == -plain.monitor.gap > 0
    assert found.pairs["decision"].tolist() == plain.pairs["decision"].tolist()
    assert found.pairs["row"].tolist() == (two.index[plain.pairs["row"] - 1] + 1).tolist()
    np.testing.assert_allclose(found.pairs["log_wealth"], plain.pairs["log_wealth"], atol=1e-12)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda f: f.assign(sex="f"), {}, "column 'sex' has one group only, f; a comparison needs decisions about two"),
        (lambda f: f.assign(sex=["x", "f", "m"] * 400), {}, "has 3 groups: f, m, x; name the two to compare"),
        (lambda f: f, {"groups": ["f", "x"]}, "no decision is about group 'x'; column 'sex' has f, m"),
        (lambda f: f, {"groups": ["f", "f"]}, "name two different ones of f, m"),
        (lambda f: f.iloc[:0], {}, "the stream has no decisions"),
        (lambda f: f.drop(columns="hired"), {}, "unknown column 'hired'"),
        (lambda f: f.assign(sex=f["sex"].mask(f.index == 6)), {}, "'sex' has 1 missing values, the first in row 7"),
        (
            lambda f: f.assign(hired=f["hired"].mask(f.index > 4)),
            {},
            "'hired' has 1,195 missing values, the first in row 6",
        ),
        (
            lambda f: f.assign(at=f["at"].mask(f.index == 0)),
            {"time": "at"},
            "'at' has 1 missing values, the first in row 1",
        ),
        (
            lambda f: f.assign(hired=f["hired"].mask(f.index == 3, 2)),
            {},
            "holds 2, first in row 4; decisions must be 0 or 1",
        ),
        (lambda f: f.assign(hired="yes"), {}, "holds 'yes', first in row 1"),
        (lambda f: f.assign(at="soon"), {"time": "at"}, "'at' holds 'soon' in row 1; write times as 2026-03-01"),
        (lambda f: f, {"sort": True}, "needs the column of times"),
        (lambda f: f, {"alpha": 5}, "alpha is 5"),
    ],
)
def test_what_cannot_be_monitored(change, options, message):
    """The message names the column, the first row that is wrong, and what to do."""
    with pytest.raises(UserError, match=message):
        monitor_stream(change(make_frame()), **NAMES, **options)


@pytest.mark.parametrize("values", [{0: False, 1: True}, {0: "0", 1: "1"}, {0: "False", 1: " true"}, {0: 0.0, 1: 1.0}])
def test_decisions_may_be_written_in_several_ways(values):
    """As booleans, text or numbers."""
    frame = make_frame(200)
    written = frame.assign(hired=frame["hired"].map(values))
    assert monitor_stream(written, **NAMES).monitor.state() == monitor_stream(frame, **NAMES).monitor.state()


def test_groups_of_a_category_keep_their_order():
    """The first is the one whose rate comes first in the gap; a category without decisions is no group."""
    frame = make_frame(200)
    frame["sex"] = pd.Categorical(frame["sex"], ["m", "x", "f"])
    assert monitor_stream(frame, **NAMES).monitor.groups == ("m", "f")


# Times


def test_rows_out_of_order_are_an_error_and_can_be_sorted():
    """The message names the first such row; sorted, they give what the ordered table gives."""
    frame = make_frame()
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    back = int((mixed["at"].diff() < pd.Timedelta(0)).to_numpy().argmax())
    with pytest.raises(UserError, match=f"row {back + 1:,} is out of order.*sort=True sorts the rows"):
        monitor_stream(mixed, **NAMES, time="at")
    ordered, found = monitor_stream(frame, **NAMES, time="at"), monitor_stream(mixed, **NAMES, time="at", sort=True)
    assert found.monitor.state() == ordered.monitor.state()
    pd.testing.assert_frame_equal(found.pairs.drop(columns="row"), ordered.pairs.drop(columns="row"))
    assert mixed["at"].iloc[found.pairs["row"] - 1].tolist() == found.pairs["time"].tolist()


def test_a_clock_that_is_set_back_is_named():
    """In autumn an hour comes twice: an error, which names the way out; with the difference to UTC it is none."""
    local = pd.date_range("2026-10-24 20:30", periods=1_200, freq="10min", tz="Europe/Berlin")
    frame = make_frame().assign(at=local.tz_localize(None).astype(str))
    with pytest.raises(UserError, match="if a clock was set back .*leave out the time="):
        monitor_stream(frame, **NAMES, time="at")
    found = monitor_stream(frame.assign(at=[each.isoformat() for each in local]), **NAMES, time="at")
    assert found.pauses.longest == pd.Timedelta("10min") and found.pauses.begin == local[0]


def test_times_with_and_without_a_difference_to_utc_do_not_mix():
    """Nobody knows which comes first."""
    frame = make_frame(4)
    frame["at"] = ["2026-03-01T09:00+01:00", "2026-03-01T09:30+0100", "2026-03-01T10:00", "2026-03-01T10:30Z"]
    with pytest.raises(UserError, match="the first in row 3; write all of them alike"):
        monitor_stream(frame, **NAMES, time="at")


@pytest.mark.parametrize("as_numbers", [False, True])
def test_gaps_in_time_are_described(as_numbers):
    """No error: the longest pause, the row before it, and how far apart the decisions of a pair are."""
    frame = make_frame(400)
    change = int(np.flatnonzero(frame["sex"].to_numpy()[1:] != frame["sex"].to_numpy()[:-1])[40])  # a pair, perhaps
    frame.loc[change + 1 :, "at"] += pd.Timedelta(days=9)
    hour = pd.Timedelta(hours=1)
    if as_numbers:
        frame["at"], hour = (frame["at"] - frame["at"].iloc[0]) / hour, 1.0
    found = monitor_stream(frame, **NAMES, time="at")
    assert found.pauses.longest == 217 * hour and found.pauses.after_row == change + 1
    assert found.pauses.median == hour
    paired = change + 2 in found.pairs["row"].tolist()
    assert found.pauses.widest_pair == (217 if paired else 1) * hour
    assert found.monitor.state() == monitor_stream(frame, **NAMES).monitor.state()


def test_a_monitor_that_goes_on_keeps_its_groups():
    """One of them may be absent; others are an error unless they are left out on purpose."""
    frame = make_frame(300)
    monitor = monitor_stream(frame, **NAMES).monitor
    monitor_stream(frame[frame["sex"] == "f"], **NAMES, monitor=monitor)
    others = frame.assign(sex=frame["sex"].replace("m", "x"))
    before = monitor.state()
    with pytest.raises(UserError, match="has groups that the monitor does not compare: x"):
        monitor_stream(others, **NAMES, monitor=monitor)
    with pytest.raises(UserError, match="the monitor compares f and m, not m and f"):
        monitor_stream(frame, **NAMES, monitor=monitor, groups=["m", "f"])
    assert monitor.state() == before
    assert monitor_stream(others, **NAMES, monitor=monitor, groups=["f", "m"]).left_out == {
        "x": (frame["sex"] == "m").sum()
    }


def test_the_figure_shows_wealth_threshold_and_alarm():
    """On a scale of powers of ten."""
    found = monitor_stream(make_frame(), **NAMES)
    shown = drawn(plot_wealth(found))
    alarm = found.monitor.alarm
    np.testing.assert_allclose(shown["wealth"][:, 1], np.log10(found.pairs["wealth"]), atol=1e-9)
    assert shown["alarm: wealth of 20"][:, 1] == pytest.approx(np.log10(20))
    ((place, height),) = shown[f"first alarm, at decision {alarm.decision}"]
    assert place == alarm.decision and height >= np.log10(20)
    fair = drawn(plot_wealth(monitor_stream(make_frame(100, gap=0), **NAMES, alpha=0.01)))
    assert list(fair) == ["wealth", "alarm: wealth of 100"]
