"""The monitor that takes one decision at a time, and goes on tomorrow."""

import json
from pathlib import Path

import numpy as np
import pytest

from labkit.errors import UserError
from labkit.monitoring import FairnessMonitor


@pytest.fixture(scope="module")
def stream():
    """Return 2,000 decisions about a and b, of which b gets 1 less often: groups and decisions."""
    rng = np.random.default_rng(8)
    second = rng.random(2_000) < 0.4
    return second, (rng.random(2_000) < np.where(second, 0.4, 0.6)).astype(int)


def feed(monitor, second, decisions):
    """Hand decisions over one by one; return the alarms."""
    given = [monitor.update("b" if other else "a", decision) for other, decision in zip(second, decisions, strict=True)]
    return [alarm for alarm in given if alarm is not None]


@pytest.mark.parametrize("restarts", [True, False])
def test_one_by_one_or_together_is_the_same(stream, restarts):
    """In pieces of odd sizes, too; exactly, and with one alarm alone."""
    single, together = (FairnessMonitor(["a", "b"], restarts=restarts) for _ in range(2))
    alarms = feed(single, *stream)
    for piece in np.split(np.arange(2_000), [1, 2, 5, 700, 701, 1_500]):
        together.update_many(stream[0][piece], stream[1][piece])
    assert single.state() == together.state()
    assert alarms == [single.alarm] and 0 < single.alarm.decision < 2_000
    assert single.alarm.log_wealth >= np.log(20)


def test_counts_add_up(stream):
    """Every decision is in a pair, dropped, or waits; rates are those of all decisions."""
    monitor = FairnessMonitor(["a", "b"])
    feed(monitor, *stream)
    second, decisions = stream
    assert monitor.decisions == {"a": (~second).sum(), "b": second.sum()}
    assert monitor.selected == {"a": decisions[~second].sum(), "b": decisions[second].sum()}
    assert sum(monitor.decisions.values()) == 2 * monitor.pairs + monitor.dropped + monitor.waiting
    assert monitor.gap == pytest.approx(decisions[~second].mean() - decisions[second].mean())


def test_what_waits_is_dropped_for_what_is_newer():
    """Of three decisions about a the last is compared, and b's next one finds nobody."""
    monitor = FairnessMonitor(["a", "b"])
    for decision in (1, 1, 0):
        monitor.update("a", decision)
    assert (monitor.pairs, monitor.dropped, monitor.waiting) == (0, 2, True) and np.isnan(monitor.gap)
    bets = monitor.update_many(np.array([True, True]), np.array([0, 1]))
    assert bets.differences.tolist() == [0] and bets.completing.tolist() == [0]  # 0 - 0, from the waiting one
    assert (monitor.pairs, monitor.dropped, monitor.waiting) == (1, 2, True)


@pytest.mark.parametrize("stop", [0, 1, 2, 333, 334, 1_999])
def test_a_saved_monitor_goes_on_with_the_same_numbers(stream, stop, tmp_path):
    """Wherever it was saved, bit by bit."""
    whole, part = FairnessMonitor(["a", "b"], alpha=0.01), FairnessMonitor(["a", "b"], alpha=0.01)
    feed(whole, *stream)
    feed(part, stream[0][:stop], stream[1][:stop])
    part.save(tmp_path / "state.json")
    loaded = FairnessMonitor.load(tmp_path / "state.json")
    assert loaded.state() == part.state() and loaded.wealth == part.wealth
    feed(loaded, stream[0][stop:], stream[1][stop:])
    assert loaded.state() == whole.state() and repr(loaded) == repr(whole)


def test_a_new_day_has_one_group_alone(tmp_path):
    """Nothing is paired, and what waits keeps waiting."""
    monitor = FairnessMonitor([0, 1])
    monitor.update_many(np.array([], bool), np.array([], int))
    monitor.update(0, True)
    monitor.save(tmp_path / "state.json")
    loaded = FairnessMonitor.load(tmp_path / "state.json")
    assert loaded.groups == (0, 1) and loaded.waiting and loaded.wealth == 1


@pytest.mark.parametrize(
    ("groups", "alpha", "message"),
    [
        ("a", 0.05, "two different groups, but got a; name two"),
        (["a", "b", "c"], 0.05, "but got a, b, c"),
        (["a", "a"], 0.05, "two different"),
        ([], 0.05, "none"),
        (["a", "b"], 0, "alpha is 0; it must be above 0"),
        (["a", "b"], 1.0, "alpha is 1.0"),
        (["a", "b"], float("nan"), "alpha is nan"),
    ],
)
def test_settings_that_make_no_monitor(groups, alpha, message):
    """The message names what is wrong."""
    with pytest.raises(UserError, match=message):
        FairnessMonitor(groups, alpha=alpha)


@pytest.mark.parametrize(
    ("group", "decision", "message"),
    [("c", 1, "group 'c' is not one of the two that are compared, a and b"), ("a", 2, "is 2; it must be 0 or 1")]
    + [("a", None, "decision is None"), ("a", float("nan"), "decision is nan"), ("a", "1", "decision is '1'")],
)
def test_what_is_no_decision_changes_nothing(group, decision, message):
    """The error comes before anything is counted."""
    monitor = FairnessMonitor(["a", "b"])
    monitor.update("a", 1)
    before = monitor.state()
    with pytest.raises(UserError, match=message):
        monitor.update(group, decision)
    assert monitor.state() == before


def damage(**changes):
    """Return a function that changes entries of a state."""
    return lambda state: json.dumps(state | changes)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state: json.dumps(state)[:-40], "is not a monitor's state, or is damaged"),
        (lambda state: "[1, 2]", "is not a monitor's state; name the file"),
        (damage(format="another"), "is not a monitor's state"),
        (damage(version=2), "a state of version 2, and this labkit reads version 1"),
        (damage(pairs=3), "is damaged"),
        (damage(decisions=[1]), "is damaged"),
        (damage(bets=[]), "is damaged"),
        (damage(bets=["x"]), "is damaged"),
        (damage(alarm={"decision": 3}), "is damaged"),
        (damage(alpha=2), "is damaged"),
    ],
)
def test_a_file_that_holds_no_state(spoil, message, tmp_path):
    """It is not taken for one."""
    path = tmp_path / "state.json"
    monitor = FairnessMonitor(["a", "b"])
    for group in "abba":
        monitor.update(group, 1)
    monitor.save(path)
    path.write_text(spoil(json.loads(path.read_text())))
    with pytest.raises(UserError, match=message):
        FairnessMonitor.load(path)


def test_a_full_disk_leaves_the_former_state(tmp_path, monkeypatch):
    """The error says so, and no part of a file is left."""
    path, monitor = tmp_path / "state.json", FairnessMonitor(["a", "b"])
    monitor.save(path)
    before = path.read_bytes()
    monitor.update("a", 1)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("labkit.files.os.fsync", full)
    with pytest.raises(UserError, match="No space left on device; the former state is unchanged"):
        monitor.save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_groups_that_json_cannot_hold(tmp_path):
    """A tuple would come back as a list; numbers of numpy are numbers."""
    with pytest.raises(UserError, match="name groups by texts or numbers"):
        FairnessMonitor([("f", "old"), ("m", "old")]).save(tmp_path / "state.json")
    FairnessMonitor(list(np.array([3, 4]))).save(tmp_path / "state.json")
    assert FairnessMonitor.load(tmp_path / "state.json").groups == (3, 4)


def test_a_state_that_is_not_there():
    """As for every file."""
    with pytest.raises(FileNotFoundError):
        FairnessMonitor.load(Path("nowhere.json"))
