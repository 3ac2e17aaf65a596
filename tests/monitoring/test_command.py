"""The command `labkit monitor`: what it prints, its exit statuses, its state, and every bad input."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from typer.testing import CliRunner

from labkit.course.cli import app
from labkit.errors import UserError
from labkit.monitoring import FairnessMonitor

README = Path(__file__).parents[2] / "README.md"
CALL = ["--group", "sex", "--decision", "approved"]
PYTHON = re.compile(r"groups=|sort=|time=|the frame|pandas|Traceback")  # words for people who write Python


def make_decisions(gap, n=3_000, seed=21):
    """Return decisions every ten minutes, with rates that differ by a gap from the 1,000th on."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["men", "women"], n)
    rates = 0.4 + np.where(np.arange(n) < 1_000, 0, np.where(sex == "men", gap / 2, -gap / 2))
    times = pd.date_range("2026-03-02 08:00", periods=n, freq="10min")
    return pd.DataFrame({"decided_at": times, "sex": sex, "approved": (rng.random(n) < rates).astype(int)})


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Return a function that writes decisions, as a table or as text, and runs the command on them in a new folder."""
    monkeypatch.chdir(tmp_path)

    def run(decisions, *options, columns=CALL, name="decisions.csv"):
        if isinstance(decisions, pd.DataFrame):
            decisions = decisions.to_csv(index=False)
        Path(name).write_text(decisions, encoding="utf-8")
        return CliRunner().invoke(app, ["monitor", name, *columns, *options])

    return run


def rejected(done):
    """Return the message of a call with bad input: exit status 1, nothing printed, no words of Python."""
    assert done.exit_code == 1 and done.stdout == "" and done.stderr.startswith("labkit: ")
    assert done.stderr.count("\n") == 1 and not PYTHON.search(done.stderr)
    return done.stderr


def test_an_alarm_exits_with_3_and_says_what_it_means(call):
    """In plain words: when, at which level, and what is refuted; counts are those of the table."""
    frame = make_decisions(0.4)
    done = call(frame, "--time", "decided_at")
    monitor = FairnessMonitor(["men", "women"])
    monitor.update_many((frame["sex"] == "women").to_numpy(), frame["approved"].to_numpy())
    assert done.exit_code == 3 and 1_000 < monitor.alarm.decision < 2_000
    said = f"alarm at decision {monitor.alarm.decision:,} (pair {monitor.alarm.pair}): equal treatment given the past"
    assert f"{said} is refuted at level 5%; so far men got more decisions of 1 than women, as a share" in done.stdout
    men = frame[frame["sex"] == "men"]["approved"]
    assert f"men: {len(men):,} decisions, {men.sum()} of them 1 ({men.mean():.3f})\n" in done.stdout
    assert f"{monitor.pairs:,} pairs of most recent decisions; {monitor.dropped:,} decisions in no pair" in done.stdout
    assert "longest pause 00:10:00, after row 1" in done.stdout and "a z test repeated at 100 looks" in done.stdout


def test_no_alarm_exits_with_0_and_shows_nothing(call):
    """It does not say that treatment is equal."""
    done = call(make_decisions(0), "--alpha", "0.01", "--every", "500")
    assert done.exit_code == 0
    assert "no alarm: this does not show that treatment is equal" in done.stdout
    assert (
        "alarm from 100 on\n" in done.stdout
        and "repeated at 6 looks" in done.stdout
        and "times from" not in done.stdout
    )


def test_the_example_of_the_readme_prints_what_it_shows(call):
    """Word for word, with the decisions of this file."""
    section = README.read_text(encoding="utf-8").split("**Your decisions as they come.**")[1]
    line, shown = re.search(r"```sh\n(.+?)\n```.*?```text\n(.+?)```", section, re.DOTALL).groups()
    program, command, name, *options = shlex.split(line)
    assert (program, command) == ("labkit", "monitor")
    done = call(make_decisions(0.2), *options, columns=[], name=name)
    assert done.stdout == shown and done.exit_code == 3


# The state


def test_a_state_goes_on_where_the_last_call_stopped(call):
    """Three files give what one gives; an alarm stays one; the state is a monitor that Python can load."""
    frame = make_decisions(0.4)
    whole = call(frame, "--state", "whole.json", "--time", "decided_at")
    for day, rows in enumerate(np.split(np.arange(3_000), [999, 2_500])):
        done = call(frame.iloc[rows], "--state", "part.json", "--time", "decided_at", name=f"{day}.csv")
        assert done.exit_code == (0 if day == 0 else 3)
    assert done.stdout.splitlines()[:5] == whole.stdout.splitlines()[:5]  # all but times and looks of the last file
    whole, part = (FairnessMonitor.load(f"{name}.json") for name in ("whole", "part"))
    assert whole.state() == part.state() and whole.alarm is not None
    assert json.loads(Path("part.json").read_text())["read_until"] == "2026-03-23T03:50:00"


def test_a_file_is_not_counted_twice(call):
    """Neither the same file again nor, with times, older decisions; the state stays as it is."""
    frame, state = make_decisions(0), ("--state", "state.json", "--time", "decided_at")
    assert call(frame, *state).exit_code == 0
    before = Path("state.json").read_bytes()
    assert "are counted already (as 'decisions.csv')" in rejected(call(frame, *state, name="again.csv"))
    message = rejected(call(frame.iloc[5:], *state, name="rest.csv"))
    assert "row 1 has time 2026-03-02 08:50:00, and the state has decisions until 2026-03-23 03:50:00" in message
    for number, times in enumerate([range(3_000), frame["decided_at"].dt.tz_localize("UTC")]):
        others = frame.assign(decided_at=times)
        assert "are not of the kind that the state has" in rejected(call(others, *state, name=f"{number}.csv"))
    assert Path("state.json").read_bytes() == before


def test_times_may_come_later_than_the_state(call):
    """A state without times takes any; a single decision has no pause."""
    assert call(make_decisions(0), "--state", "state.json").exit_code == 0
    done = call(make_decisions(0).iloc[:1], "--state", "state.json", "--time", "decided_at")
    assert done.exit_code == 0 and "times from" not in done.stdout
    assert sum(FairnessMonitor.load("state.json").decisions.values()) == 3_001


def test_a_state_of_something_else_is_rejected(call):
    """Of another alpha, other groups, another version, or no state at all; it is not overwritten."""
    frame, later = make_decisions(0), make_decisions(0, seed=3)
    assert call(frame, "--state", "state.json").exit_code == 0
    before = Path("state.json").read_bytes()
    assert "--alpha is 0.1, and 0.05 in the state" in rejected(call(later, "--state", "state.json", "--alpha", "0.1"))
    others = later.assign(sex=later["sex"].replace("men", "nobody"))
    assert "groups that the monitor does not compare: nobody" in rejected(call(others, "--state", "state.json"))
    wrong = rejected(call(later, "--state", "state.json", "--groups", "women", "men"))
    assert "the monitor compares men and women, not women and men" in wrong
    assert Path("state.json").read_bytes() == before
    assert "is not a monitor's state" in rejected(call(later, "--state", "decisions.csv"))
    Path("state.json").write_bytes(before.replace(b'"version": 1', b'"version": 7'))
    assert "a state of version 7" in rejected(call(later, "--state", "state.json"))


def test_two_calls_at_once_do_not_share_a_state(call):
    """The second says so, and reads nothing."""
    with FileLock("state.json.lock"):
        assert "another labkit monitor uses the state" in rejected(call(make_decisions(0), "--state", "state.json"))
    assert not Path("state.json").exists()
    assert call(make_decisions(0), "--state", "state.json").exit_code == 0


@pytest.mark.parametrize("option", ["--state", "--output"])
def test_a_full_disk(option, call, monkeypatch):
    """Nothing is printed, former files stay, and the same call works when there is room."""
    assert call(make_decisions(0), option, "kept").exit_code == 0
    kept = [path.read_bytes() for path in sorted(Path().glob("kept*/**/*")) or [Path("kept")] if path.is_file()]

    def full(handle):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("labkit.files.os.fsync", full)
        assert "No space left on device" in rejected(call(make_decisions(0.4), option, "kept"))
    assert kept == [path.read_bytes() for path in sorted(Path().glob("kept*/**/*")) or [Path("kept")] if path.is_file()]
    assert not list(Path().rglob("*.part"))
    assert call(make_decisions(0.4), option, "kept").exit_code == 3


def test_the_output_has_pairs_and_a_figure(call):
    """The table has a row per pair; former ones are replaced."""
    for gap in (0, 0.4):
        done = call(make_decisions(gap), "--output", "out/new", "--time", "decided_at")
    pairs = pd.read_csv("out/new/pairs.csv")
    assert f"{len(pairs):,} pairs" in done.stdout and pairs["log_wealth"].max() > np.log(20)
    assert {"row", "time", "wealth", "gap"} < set(pairs)
    assert Path("out/new/wealth.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in Path("out/new").iterdir()) == ["pairs.csv", "wealth.png"]


def test_a_state_in_a_folder_that_is_none(call):
    """The message names it."""
    Path("file").write_text("")
    assert "cannot use the state 'file/state.json'" in rejected(call(make_decisions(0), "--state", "file/state.json"))


# Bad input


def test_three_groups_are_named_and_two_can_be_chosen(call):
    """The others are left out, and counted."""
    frame = make_decisions(0)
    frame.loc[::10, "sex"] = "other"
    message = rejected(call(frame))
    assert "has 3 groups: men, other, women; name the two to compare with --groups; decisions about others" in message
    done = call(frame, "--groups", "women", "men")
    assert done.exit_code == 0 and "left out, about other groups: other (300)\n" in done.stdout
    assert done.stdout.startswith("women: ")


def test_rows_out_of_order_can_be_sorted(call):
    """By default an error, which names the first; the sorted ones give what the ordered ones give."""
    frame = make_decisions(0)
    swapped = frame.iloc[[0, 1, 3, 2, *range(4, 3_000)]]
    message = rejected(call(swapped, "--time", "decided_at"))
    assert "row 4 is out of order: its 'decided_at' is 2026-03-02 08:20:00" in message and "--sort sorts" in message
    assert "leave out the --time" in message
    found = call(swapped, "--time", "decided_at", "--sort", "--state", "a.json")
    assert found.exit_code == call(frame, "--time", "decided_at", "--state", "b.json").exit_code == 0
    assert FairnessMonitor.load("a.json").state() == FairnessMonitor.load("b.json").state()


def test_rows_sorted_by_group_are_noticed(call):
    """Hardly anything is compared then; in the order of decisions nothing is said, where one group is rare neither."""
    frame, said = make_decisions(0.4), "these are few pairs for so many decisions"
    assert said in call(frame.sort_values("sex", kind="stable")).stdout
    rare = frame.assign(sex=np.where(np.random.default_rng(1).random(3_000) < 0.03, "women", "men"))
    assert said not in call(frame).stdout + call(rare).stdout


def test_a_long_pause_is_described(call):
    """A gap in time is no error."""
    frame = make_decisions(0)
    frame.loc[1_500:, "decided_at"] += pd.Timedelta(days=3)
    done = call(frame, "--time", "decided_at")
    assert (
        done.exit_code == 0 and "longest pause 3 days 00:10:00, after row 1,500 (median pause 00:10:00)" in done.stdout
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; it needs a line with the names of columns"),
        ("sex,approved\n", "the stream has no decisions"),
        ("sex,approved\nmen,1\nmen,0\n", "has one group only, men"),
        ("sex,approved\nmen,1\nwomen,\n", "column 'approved' has 1 missing values, the first in row 2"),
        ("sex,approved\nNA,1\nwomen,1\n", "column 'sex' has 1 missing values, the first in row 1"),
        ("sex,approved\nmen,1\nwomen,2\n", "holds '2', first in row 2; decisions must be 0 or 1"),
        ("sex,approved\nmen,1\nwomen,maybe\n", "holds 'maybe', first in row 2"),
        ("sex,aproved\nmen,1\nwomen,0\n", "unknown column 'approved': the file has no such column; did you mean"),
        ("sex,approved,sex\nmen,1,f\nwomen,0,f\n", "has 2 columns 'sex'; rename all but one"),
        ("sex,approved\nmen,1\nwomen,0,3\n", "is no table"),
        ("sex,approved\nmen,1,3\nwomen,0,3\n", "is no table"),
        ("sex,approved\nme\x1b[2Jn,1\nw\x1b[2Jo,0\nx,1", r"has 3 groups: me\\x1b\[2Jn"),
    ],
)
def test_files_that_cannot_be_monitored(text, message, call):
    """One line each, with the row, and exit status 1."""
    assert re.search(message, rejected(call(text)))


def test_files_that_are_none(call, tmp_path):
    """Missing, a folder, or not UTF-8."""
    runner = CliRunner()
    assert "there is no file 'nowhere.csv'" in rejected(runner.invoke(app, ["monitor", "nowhere.csv", *CALL]))
    assert "is a folder" in rejected(runner.invoke(app, ["monitor", ".", *CALL]))
    for rows_before in (0, 5_000):
        text = "sex,approved\n" + "men,1\n" * rows_before + "männer,1\nfrauen,0\n"
        Path("latin.csv").write_bytes(text.encode("latin-1"))
        assert "is no text in UTF-8" in rejected(runner.invoke(app, ["monitor", "latin.csv", *CALL]))


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_and_a_mark_of_utf_8(separator, call):
    """As Excel writes them; blank lines are no rows, and codes keep their zeros."""
    frame = make_decisions(0, n=50).assign(sex=lambda f: f["sex"].map({"men": "01", "women": "1"}))
    done = call("\ufeff" + frame.to_csv(index=False, sep=separator) + "\n\n")
    assert done.exit_code == 0 and done.stdout.startswith("01: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--every", "0"], "'--every'"),
        (["--alpha", "3"], "'--alpha': 3 is not above 0 and below 1"),
        (["--sort"], "--sort: it needs the column of times: name it with --time"),
        (["--groups", "men", "men"], "--groups: it takes two different groups"),
        (["--speed", "3"], "No such option"),
    ],
)
def test_wrong_calls_exit_with_2(options, message, call):
    """Before the file is read, as with `labkit audit`; the message names the option."""
    done = call("no table at all\n", *options)
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.exit_code == 2 and done.stdout == "" and message in said


def test_debug_keeps_the_traceback(call):
    """For those who look for a bug."""
    Path("decisions.csv").write_text("")
    done = CliRunner().invoke(app, ["--debug", "monitor", "decisions.csv", *CALL])
    assert isinstance(done.exception, UserError)
