"""What can happen while `labkit audit` runs: interruptions, outputs that take little, names, and messages."""

import inspect
import io
import json
import os
import re
import signal
import sys

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from labkit.audit.command._groups import find_group, find_reference_group
from labkit.audit.command.folder import FILES
from labkit.audit.command.run import audit_file
from labkit.audit.counts import Counts
from labkit.audit.inputs._options import PARAMETERS, in_options
from labkit.course.cli import app
from labkit.errors import UserError
from tests.figures import draw_nothing

CALL = ["audit", "log.csv", *"--label y --prediction yhat --sensitive sex".split()]
NAMES = {"label": "y", "prediction": "yhat", "sensitive": "sex"}
PYTHON = re.compile(r"include_small|\b(min_group_size|n_tables|output|prediction|missing_group)=|difference\(\)|pandas")


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Write a small log with names in several scripts and a small group, and draw nothing."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)
    monkeypatch.chdir(tmp_path)
    rng, n = np.random.default_rng(0), 400
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "yhat": rng.integers(0, 2, n), "p": rng.random(n)})
    frame["sex"] = rng.choice(["Zoë", "中文\x1b[2J"], n)
    frame.loc[:4, "sex"] = "few"
    frame.to_csv("log.csv", index=False)
    return tmp_path / "log.csv"


def former(folder):
    """Write an audit, and return what it wrote."""
    assert CliRunner().invoke(app, CALL).exit_code == 0
    return {path.name: path.read_bytes() for path in (folder / "log-audit-sex").iterdir()}


def test_ctrl_c_is_quiet_also_where_a_library_makes_an_error_of_it(log, monkeypatch, interruptible):
    """DuckDB raises a RuntimeError; the exit status is 130, nothing is said, and the former results are whole."""
    before = former(log.parent)

    def interrupted(*arguments, **options):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("Query interrupted") from error

    def plainly(*arguments, **options):
        signal.raise_signal(signal.SIGINT)

    for stand_in in (interrupted, plainly):
        monkeypatch.setattr("labkit.audit.command.steps.count_path", stand_in)
        done = CliRunner().invoke(app, CALL)
        assert done.exit_code == 130 and "Traceback" not in done.output and done.stderr == ""
        assert {path.name: path.read_bytes() for path in (log.parent / "log-audit-sex").iterdir()} == before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_request_to_end_is_quiet_and_leaves_nothing_hidden(log, monkeypatch, interruptible):
    """SIGTERM during the count, while DuckDB is at work, and while files are moved: 143, nothing said, nothing left."""
    before = former(log.parent)

    def plainly(*arguments, **options):
        assert len([path for path in (log.parent / "log-audit-sex").iterdir() if path.name.startswith(".")]) == 1
        signal.raise_signal(signal.SIGTERM)

    def in_duckdb(*arguments, **options):
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as error:
            raise RuntimeError("Query interrupted") from error

    for stand_in in (plainly, in_duckdb):
        with monkeypatch.context() as patch:
            patch.setattr("labkit.audit.command.steps.count_path", stand_in)
            done = CliRunner().invoke(app, CALL)
        assert done.exit_code == 143 and "Traceback" not in done.output and done.stderr == ""
        assert {path.name: path.read_bytes() for path in (log.parent / "log-audit-sex").iterdir()} == before
    replace = os.replace
    monkeypatch.setattr("os.replace", lambda *places: (signal.raise_signal(signal.SIGTERM), replace(*places)))
    assert CliRunner().invoke(app, CALL).exit_code == 143
    assert {path.name for path in (log.parent / "log-audit-sex").iterdir()} == set(before)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("value", ["yes", "2", "", "approved"])
@pytest.mark.parametrize(
    ("decides", "one"),
    [
        (["--prediction", "yhat"], "a 1 (or true) in 'yhat'"),
        ("--score p --threshold .5".split(), "at least 0.5 in 'p'"),
    ],
    ids=["prediction", "threshold"],
)
def test_favorable_says_what_it_takes_and_which_decision_is_1(value, decides, one, log):
    """In one line, before anything is read."""
    call = ["audit", "none.csv", "--label", "y", "--sensitive", "sex", *decides, "--favorable", value]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 2 and len(done.stderr.strip().splitlines()) == 1
    assert f"--favorable {value!r} is no decision: it takes 0 or 1" in done.stderr and one in done.stderr
    assert "pass --favorable 1 where that is good" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--score p", "--score p alone does not say what was decided; add --threshold X"),
        ("--threshold .5", "--threshold 0.5 is a limit for scores; name their column, --score"),
        ("--prediction yhat --score p --threshold .5", "leave out --threshold (a --score then adds AUC"),
        ("", "name the column of decisions, --prediction; or a column of scores"),
    ],
)
def test_what_is_missing_to_know_decisions_is_said(options, said, log):
    """By what there is already."""
    done = CliRunner().invoke(app, ["audit", "log.csv", "--label", "y", "--sensitive", "sex", *options.split()])
    assert done.exit_code == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_errors_of_ours_keep_their_traceback(log, monkeypatch):
    """Nothing is hidden where nobody pressed Ctrl-C."""
    monkeypatch.setattr("labkit.audit.command.steps.count_path", lambda *a, **b: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(app, CALL, catch_exceptions=False)


def test_an_output_may_take_ascii_alone(log):
    """Everything is written, and printed with signs that it has; the encoding keeps its own ways afterwards."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    audit_file(log, **NAMES, score="p", console=Console(file=file, width=80))
    printed = file.buffer.getvalue().decode("ascii")
    assert "Zo\\xeb" in printed and "\\u4e2d" in printed and "few +" in printed and re.search(r"0\.\d{3}-0\.", printed)
    assert "\x1b" not in printed and "\\u2013" not in printed and file.errors == "strict"
    assert "Zoë" in (log.parent / "log-audit-sex" / "audit.html").read_text(encoding="utf-8")


def test_results_are_complete_before_anything_is_printed(log):
    """Where printing fails, the files are there."""

    class Broken(io.StringIO):
        def write(self, text):
            raise AssertionError(sorted(path.name for path in (log.parent / "log-audit-sex").iterdir()))

    with pytest.raises(AssertionError, match=r"\['audit.html', 'audit.json', .*, 'rates.csv'\]"):
        audit_file(log, **NAMES, console=Console(file=Broken(), width=80))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
def test_a_full_disk_under_the_output_is_survived(log, capsys):
    """One line on the standard error stream; the results are written."""
    file = open("/dev/full", "w")
    audit_file(log, **NAMES, console=Console(file=file, width=80))
    with pytest.raises(OSError):
        file.close()
    assert capsys.readouterr().err == "labkit: cannot print: No space left on device\n"
    assert {path.name for path in (log.parent / "log-audit-sex").iterdir()} == set(FILES) - {"scores.csv"}


@pytest.mark.parametrize("place", ["drawing._figures.draw_images", "command.folder.Output.write"])
def test_numbers_are_printed_where_the_page_cannot_be_written(place, log, monkeypatch):
    """A long count is not lost, and the former results stay."""
    before = former(log.parent)

    def fail(*arguments):
        raise UserError("cannot draw")

    monkeypatch.setattr(f"labkit.audit.{place}", fail)
    done = CliRunner().invoke(app, CALL)
    assert done.exit_code == 1 and done.stderr == "labkit: cannot draw\n" and "rates by group" in done.stdout
    assert {path.name: path.read_bytes() for path in (log.parent / "log-audit-sex").iterdir()} == before


def test_what_is_replaced_and_removed_is_named(log):
    """Files of the former audit; others stop the command before it reads."""
    assert "earlier audit" not in CliRunner().invoke(app, [*CALL, "--score", "p"]).stdout
    was = log.parent / "log-audit-sex" / "audit.json"
    said = CliRunner().invoke(app, CALL).stdout
    assert "were replaced there: audit.html, audit.png, audit.svg, rates.csv, comparisons.csv, counts.csv, " in said
    assert "were removed there: scores.csv\n" in said
    date = json.loads(was.read_text())["provenance"]["date"][:10]
    assert f"Files of an earlier audit ('log.csv' by sex from {date} " in said
    (log.parent / "log-audit-sex" / "scores.csv").write_text("mine")
    log.unlink()
    done = CliRunner().invoke(app, CALL)
    assert done.exit_code == 1 and "'scores.csv', which no audit lists" in done.stderr and "--output" in done.stderr


def test_settings_that_differ_from_the_replaced_audit_are_named(log):
    """As they were typed and as they are now; nothing is said where all are the same."""
    CliRunner().invoke(app, [*CALL, "--reference", "Zoë", "--confidence", "0.9", "--fail-if", "ratio(precision) < 0.1"])
    wide = {"COLUMNS": "1000"}
    said = CliRunner().invoke(app, [*CALL, "--positive-means", "loan approved"], env=wide).stdout
    assert (
        "That audit had other settings: --reference 'Zoë' (now not set); --fail-if 'ratio(precision) < 0.1' (now not "
        "set); --confidence 0.9 (now 0.95); --positive-means not set (now 'loan approved')\n"
    ) in said
    again = CliRunner().invoke(app, [*CALL, "--positive-means", "loan approved"], env=wide).stdout
    assert "Files of an earlier audit" in again and "other settings" not in again
    older = log.parent / "log-audit-sex" / "audit.json"
    older.write_text(older.read_text().replace('"confidence": 0.95, ', ""))
    assert "other settings" not in CliRunner().invoke(app, [*CALL, "--positive-means", "loan approved"]).stdout


@pytest.mark.parametrize(
    ("reference", "sensitive", "message"),
    [
        (
            ["f"],
            ["sex", "race"],
            "reference= names 'f', and groups are made of 2 columns, sex, race: give one value per",
        ),
        (["f", "a"], ["sex"], "reference= names 'f', 'a', and groups are made of 1 column, sex: give one value per"),
        (["f", "c"], ["sex", "race"], "reference='f, c' is none of the groups; they are 'f, a', 'm, b'"),
    ],
)
def test_a_reference_has_a_value_for_each_column(reference, sensitive, message):
    """The error says how many are needed and in which order, in the words of the command."""
    groups = {
        1: pd.Index(["f", "m"], name="sex"),
        2: pd.MultiIndex.from_tuples([("f", "a"), ("m", "b")], names=["sex", "race"]),
    }
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        find_reference_group(groups[len(sensitive)], reference)
    if len(reference) != len(sensitive):
        assert "give one value per --sensitive, in this order; the groups are 'f" in in_options(str(caught.value))
    assert find_reference_group(groups[2], ["m", "b"]) == find_reference_group(groups[2], "m, b") == ("m", "b")


def test_options_reach_the_audit(log):
    """Group size and confidence; a reference by name, a gap in parts, both on the terminal."""
    options = "--min-group-size 3 --confidence 0.9 --reference few --explain-gap few Zoë".split()
    done = CliRunner().invoke(app, [*CALL, *options])
    assert done.exit_code == 0 and "90% intervals" in done.stdout
    assert "selection rate against few" in done.stdout and "few minus Zoë" in done.stdout
    found = json.loads((log.parent / "log-audit-sex" / "audit.json").read_text())
    assert not any(group["small"] for group in found["groups"])
    assert {row["reference"] for row in found["comparisons"]} == {"few"}
    assert "Where the gap comes from: few minus Zoë" in (log.parent / "log-audit-sex" / "audit.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "said", "status"),
    [
        ("--label y --score p --sensitive sex", "name the column of decisions, --prediction", 2),
        (
            "--label y --prediction yhat --score p --threshold 1 --sensitive sex",
            "--prediction yhat and --threshold 1 both",
            2,
        ),
        ("--label y --prediction yhat --sensitive sex --count p --person y", "--count says that a row stands", 2),
        ("--label y --prediction yhat --sensitive sex --missing-group few", "--missing-group 'few' is a group of", 1),
        ("--label yhat --prediction yhat --sensitive sex", r"or none \(no --label\)", 1),
        ("--label y --prediction yhat --sensitive sex --confidence 1.5", "--confidence 1.5 is not between 0 and 1", 2),
        ("--label y --prediction yhat --sensitive sex --reference x", "--reference 'x' is none of the groups; they", 1),
        (
            "--label y --prediction yhat --sensitive sex --explain-gap few x",
            "--explain-gap 'x' is none of the",
            1,
        ),
        ("--prediction yhat --sensitive sex --explain-gap few x", "--explain-gap splits a gap .* name a --label", 2),
        ("--label y --prediction yhat --sensitive gap", "--missing-group 'not stated'", 1),
        (
            "--label y --prediction yhat --sensitive sex --output log.csv",
            "choose another folder with --out",
            1,
        ),
    ],
)
def test_messages_name_options_that_exist(options, said, status, log):
    """No argument of a function, no method, no dataframe; a wrong call exits with 2, an error in the data with 1."""
    frame = pd.read_csv(log)
    frame.assign(gap=np.where(frame.index < 3, None, "a")).to_csv(log, index=False)
    done = CliRunner().invoke(app, ["audit", "log.csv", *options.split()])
    assert done.exit_code == status and re.search(said, done.stderr) and len(done.stderr.strip().splitlines()) == 1
    assert not PYTHON.search(done.output)
    help_text = CliRunner().invoke(app, ["audit", "--help"], terminal_width=200).output
    assert [option for option in re.findall(r"--[a-z-]+", done.stderr) if option not in help_text] == []


def test_nothing_on_the_terminal_is_python(log):
    """Warnings of all kinds: alike names, small groups, undefined rates."""
    frame = pd.read_csv(log)
    frame.loc[:60, "sex"], frame.loc[:60, "y"] = "zoë", 0
    frame.to_csv(log, index=False)
    done = CliRunner().invoke(app, [*CALL, "--min-group-size", "100"])
    assert done.exit_code == 0 and done.stdout.count("Warning:") >= 3 and not PYTHON.search(done.stdout)
    done = CliRunner().invoke(app, [*CALL, "--min-group-size", "1000"])
    assert "nothing can be compared" in " ".join(done.stdout.split()) and not PYTHON.search(done.stdout)


def test_every_parameter_is_written_as_its_option():
    """And nothing in quotes is touched, since it may be a name of the user's."""
    callback = next(each.callback for each in app.registered_commands if each.callback.__name__ == "audit")
    assert set(inspect.signature(callback).parameters) - {"file"} <= set(PARAMETERS)
    assert in_options("pass prediction=, or score= and threshold=") == "pass --prediction, or --score and --threshold"
    assert in_options("column 'label=None' (label=None), Fisher's count= test's") == (
        "column 'label=None' (no --label), Fisher's --count test's"
    )
    assert in_options("missing_group='not stated', x.count=3, recount=1") == (
        "--missing-group 'not stated', x.count=3, recount=1"
    )
    assert in_options(" ".join(f"{name}=" for name in PARAMETERS)).count("--") == len(PARAMETERS)


CROSSED = Counts.from_mapping(
    {("white", "f"): [1, 1, 1, 1], ("Asian, Pacific", "f"): [1, 1, 1, 1], ("rest", "m"): [1, 1, 1, 1]},
    names=["race", "sex"],
).groups


@pytest.mark.parametrize(
    ("groups", "names", "found"),
    [
        (CROSSED, None, None),
        (CROSSED, [], None),
        (CROSSED, ["rest"], "rest"),
        (CROSSED, ["white", "f"], ("white", "f")),
        (CROSSED, "white, f", ("white", "f")),
        (CROSSED, ["Asian, Pacific", "f"], ("Asian, Pacific", "f")),
        (CROSSED, "'Asian, Pacific', f", ("Asian, Pacific", "f")),
        (pd.Index([1, 2]), ["2"], (2,)),
        (pd.Index(["rest", "a"]), ["rest"], ("rest",)),
        (pd.Index([True, False]), "True", (True,)),
    ],
)
def test_groups_are_found_by_what_was_typed(groups, names, found):
    """As tables show them, or value by value; numbers too."""
    assert find_reference_group(groups, names) == found


def test_groups_that_are_not_there_are_listed():
    """With those that are."""
    with pytest.raises(UserError, match="reference='overall' is none of the groups; they are '1', '2'"):
        find_reference_group(pd.Index([1, 2]), "overall")
    with pytest.raises(UserError, match="explain_gap='f' is none of the groups; they are 'white, f', .* 'rest, m'"):
        find_group(CROSSED, "f", option="explain_gap")
