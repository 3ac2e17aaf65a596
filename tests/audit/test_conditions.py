"""Conditions of pipelines: how they are written, when they are met, and which groups they judge."""

import html
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

from labkit.audit.command._conditions import BadCondition, judge_conditions, parse_conditions
from labkit.audit.command._exits import ConditionMet
from labkit.audit.command._favorable import doubt_favorable
from labkit.audit.command.run import audit_file
from labkit.audit.counts import Counts
from labkit.audit.metrics import METRICS
from labkit.audit.text import begin
from labkit.course.cli import app
from labkit.errors import UserError
from tests.figures import draw_nothing


@pytest.fixture(scope="module")
def sites():
    """Selection rates .5 (the largest), .3, .45, and .0 of 15 people."""
    return Counts.from_mapping(
        {"big": [250, 250, 250, 250], "low": [350, 150, 350, 150], "near": [55, 45, 55, 45], "tiny": [10, 0, 5, 0]},
        names=["site"],
    ).audit()


def judge(audit, text, reference=None):
    """Judge one condition."""
    return judge_conditions(audit, parse_conditions([text], labeled=True), reference)[0]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ratio(selection_rate) < 0.8", ("ratio", "selection_rate", "<", 0.8)),
        (" difference ( precision )>-.05 ", ("difference", "precision", ">", -0.05)),
        ("ratio(base_rate)>+1.", ("ratio", "base_rate", ">", 1.0)),
    ],
)
def test_conditions_are_read(text, read):
    """Blanks are free, and numbers are written as people write them."""
    found = parse_conditions([text], labeled=True)[0]
    assert (found.statistic, found.metric, found.side, found.number) == read
    assert parse_conditions([str(found)], labeled=True) == [found]


WRONG = [
    "",
    "ratio(selection_rate)",
    "ratio(selection_rate) <= 0.8",
    "ratio(selection_rate) < 0,8",
    "ratio(selection_rate) < 80%",
    "ratio(selection_rate) < nan",
    "ratio(selection_rate) < 0.8 or 1",
    "ratio(selection rate) < 0.8",
    "ratio(tpr) < 0.8",
    "mean(selection_rate) < 0.8",
    "0.8 > ratio(selection_rate)",
]


@pytest.mark.parametrize("text", WRONG)
def test_anything_else_shows_the_grammar_and_the_metrics(text):
    """In one sentence."""
    with pytest.raises(BadCondition, match=r"write difference\(METRIC\) or ratio\(METRIC\), < or >") as caught:
        parse_conditions([text], labeled=True)
    assert all(metric in str(caught.value) for metric in METRICS)


def test_without_labels_there_are_selection_rates_alone():
    """A condition on another metric could never be judged."""
    with pytest.raises(BadCondition, match="one of the metrics selection_rate, favorable_rate .*others need a label"):
        parse_conditions(["ratio(precision) < 0.8"], labeled=False)


@pytest.mark.parametrize("statistic", ["ratio", "difference"])
@pytest.mark.parametrize("side", ["<", ">"])
def test_a_condition_is_met_where_the_adjusted_interval_is_beyond_the_number(sites, statistic, side):
    """Not where the number is inside of it, be it by a hair; the adjustment is that of three comparisons."""
    part = "ratio_" if statistic == "ratio" else ""
    ends = {"<": f"{part}high", ">": f"{part}low"}
    row = sites.against("selection_rate").loc["low"]
    adjusted, alone = row[f"{ends[side]}_adjusted"], row[ends[side]]
    assert (adjusted > alone) == (side == "<") and adjusted != alone
    shift = 1e-9 if side == "<" else -1e-9

    def met(number):
        return "low" in judge(sites, f"{statistic}(selection_rate) {side} {number:.12f}").met

    assert met(adjusted + shift) and not met(adjusted - shift) and not met((alone + adjusted) / 2)


@pytest.mark.parametrize("favorable", [0, 1])
@pytest.mark.parametrize("reference", [None, "rest", ("low",)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_favorable_rate_is_that_of_the_favorable_decision(sites, favorable, reference, weighted):
    """Where that is 0, everything is as if it had been called 1, with weights too."""
    counts, order = sites.counts, [1, 0, 3, 2] if favorable == 0 else [0, 1, 2, 3]
    more = {}
    if weighted:
        more = {
            "weighted": counts.cells * [2.0, 1.0, 1.5, 1.0],
            "moments": np.array([np.diag(c * 2.0) for c in counts.cells]),
        }
    given = Counts(counts.groups, counts.cells, **more)
    called = {name: array[:, order] for name, array in more.items()}
    if weighted:
        called["moments"] = called["moments"][:, :, order]
    expected = Counts(counts.groups, counts.cells[:, order], **called).audit().against("selection_rate", reference)
    for number in (0.5, 0.75, 0.9, 1.1, 1.6):
        for side, end in (("<", "ratio_high_adjusted"), (">", "ratio_low_adjusted")):
            condition = parse_conditions([f"ratio(favorable_rate) {side} {number}"], labeled=True, favorable=favorable)
            verdict = judge_conditions(given.audit(), condition, reference, favorable)[0]
            beyond = expected[end] < number if side == "<" else expected[end] > number
            assert verdict.met == tuple(expected.index[beyond & ~expected["small"]])


@pytest.mark.parametrize("labeled", [False, True])
def test_the_favorable_rate_needs_to_know_which_decision_is_favorable(labeled):
    """The message says what to add."""
    with pytest.raises(BadCondition, match="add favorable=1 where a decision of 1 is good for the person"):
        parse_conditions(["ratio(favorable_rate) < 0.8"], labeled=labeled)


def test_small_groups_are_not_judged(sites):
    """As `difference` and `ratio` of an audit leave them out; the verdict names them."""
    row = sites.against("selection_rate").loc["tiny"]
    assert row["small"] and row["high_adjusted"] < 0
    verdict = judge(sites, "difference(selection_rate) < 0")
    assert verdict.met == ("low",) and verdict.unjudged == ("tiny",) and verdict.judged == 2
    value, low, high = sites.against("selection_rate").loc["low", ["difference", "low_adjusted", "high_adjusted"]]
    named = sites.against("selection_rate")["reference"].iloc[0]
    assert verdict.describe() == (
        f"difference(selection_rate) < 0 is met in 1 of 2 groups compared with {named} "
        f"(1 not judged: small, or undefined): low {value:.3f} [{low:.3f}, {high:.3f}]; "
        "below 0 as measured, with an interval that contains it: near -0.050 [-0.140, 0.042]"
    )
    said = judge(sites, "ratio(selection_rate) < 0.1").describe()
    assert "is not met in any of 2 groups" in said and "; the nearest to it is low 0." in said


def test_what_is_beyond_the_number_as_measured_is_said(sites):
    """A condition that is not met is no proof that nothing is beyond its number: the interval may reach it."""
    row = sites.against("selection_rate").loc["low"]
    number = (row["ratio"] + row["ratio_high_adjusted"]) / 2
    verdict = judge(sites, f"ratio(selection_rate) < {number:.6f}")
    interval = f"[{row['ratio_low_adjusted']:.3f}, {row['ratio_high_adjusted']:.3f}]"
    assert (
        not verdict.met
        and f"as measured, with an interval that contains it (Bonferroni): low {row['ratio']:.3f} {interval}"
        in verdict.describe()
    )


def test_what_cannot_be_judged_is_said():
    """Nothing is met, and nobody should take that for a pass."""
    undefined = Counts.from_mapping({"a": [30, 0, 20, 0], "b": [30, 0, 20, 0]}).audit()
    verdict = judge(undefined, "ratio(precision) < 0.8")
    assert not verdict.met and "cannot be judged" in verdict.describe()


def test_a_small_reference_judges_nobody(sites):
    """An error, since the pipeline would pass whatever happens; a group called rest is no such reference."""
    with pytest.raises(UserError, match="the reference 'tiny' has fewer than 20 people.*reference="):
        judge(sites, "ratio(selection_rate) < 0.8", ("tiny",))
    cells = {"rest": [3, 2, 1, 1], "a": [350, 150, 350, 150], "b": [250, 250, 250, 250]}
    assert judge(Counts.from_mapping(cells).audit(), "ratio(selection_rate) < 0.8", "rest").met == ("a",)


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Write decisions that favor one group, and draw nothing."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"y": rng.integers(0, 2, 900), "sex": np.repeat(["f\x1b[31m", "m"], [300, 600])})
    frame["yhat"] = (rng.random(900) < np.where(frame["sex"] == "m", 0.6, 0.3)).astype(int)
    frame.to_csv("log.csv", index=False)
    return tmp_path / "log.csv"


CALL = ["audit", "log.csv", *"--label y --prediction yhat --sensitive sex".split()]


def test_the_command_exits_with_3_after_it_wrote_everything(log):
    """It names the condition and the groups, in characters that steer no terminal."""
    done = CliRunner().invoke(app, [*CALL, "--fail-if", "ratio(selection_rate) < 0.8"])
    assert done.exit_code == 3 and (log.parent / "log-audit-sex" / "audit.json").exists()
    said = done.stderr.strip()
    assert said.startswith(
        "labkit: --fail-if ratio(selection_rate) < 0.8 is met in the one group compared with m: f\\x1b[31m 0."
    )
    assert "\n" not in said and "\x1b[31m" not in done.stdout


def test_the_command_exits_with_0_where_no_condition_is_met(log):
    """And says so; several conditions are all judged."""
    conditions = ["--fail-if", "ratio(selection_rate) < 0.1", "--fail-if", "difference(precision) > 0.9"]
    done = CliRunner().invoke(app, [*CALL, *conditions])
    assert done.exit_code == 0 and done.stdout.count("is not met in the one group compared with") == 2
    assert CliRunner().invoke(app, [*CALL, *conditions, "--fail-if", "ratio(selection_rate) < 0.8"]).exit_code == 3


def test_the_command_exits_with_2_before_it_reads(log):
    """One line with the grammar; a file that is not there does not matter yet."""
    log.unlink()
    done = CliRunner().invoke(app, [*CALL, "--fail-if", "ratio(selection_rate) <= 0.8"])
    assert done.exit_code == 2 and len(done.stderr.strip().splitlines()) == 1
    assert "--fail-if 'ratio(selection_rate) <= 0.8' is no condition; write difference(METRIC)" in done.stderr
    assert list(log.parent.iterdir()) == []


def test_a_condition_on_the_rate_of_the_bad_decision_is_warned_about(log):
    """On the terminal, on the page and for programs, with the condition that is meant."""
    conditions = ["--fail-if", "ratio(selection_rate) < 0.8", "--fail-if", "ratio(favorable_rate) < 0.5"]
    done = CliRunner().invoke(
        app, [*CALL, "--favorable", "0", "--reference", "m", *conditions], env={"COLUMNS": "1000"}
    )
    assert done.exit_code == 3
    line = next(line for line in done.stdout.splitlines() if line.startswith("Warning: --fail-if"))
    assert "the bad one here (--favorable 0)" in line and "'ratio(favorable_rate) < 0.8' judges the favorable" in line
    found = json.loads((log.parent / "log-audit-sex" / "audit.json").read_text())
    assert [each["text"] for each in found["warnings"] if each["kind"] == "asked"] == [line.removeprefix("Warning: ")]
    assert "the bad one here" in (log.parent / "log-audit-sex" / "audit.html").read_text()


@pytest.mark.parametrize(
    ("favorable", "condition"),
    [("1", "ratio(selection_rate) < 0.1"), ("0", "ratio(selection_rate) > 9"), ("0", "ratio(favorable_rate) < 0.1")],
)
def test_other_conditions_are_not_warned_about(log, favorable, condition):
    """1 is favorable, too much of the bad decision is what is looked for, or the favorable rate is judged."""
    done = CliRunner().invoke(app, [*CALL, "--favorable", favorable, "--fail-if", condition])
    assert done.exit_code == 0 and "the bad one here" not in done.stdout


@pytest.mark.parametrize(
    ("means", "favorable", "is_doubted"),
    [
        ("loan denied", "1", True),
        ("application rejected", "1", True),
        ("loan Approved", "0", True),
        ("not approved", "1", True),
        ("not denied", "0", True),
        ("loan denied", "0", False),
        ("loan approved", "1", False),
        ("not approved", "0", False),
        ("invited to an interview", "0", False),
        ("approved after it was refused", "1", False),
        ("grants and denims", "0", False),
    ],
)
def test_words_that_contradict_the_favorable_decision_are_doubted(means, favorable, is_doubted):
    """Words of both kinds, or of none, say nothing."""
    said = doubt_favorable(means, int(favorable))
    assert len(said) == is_doubted and doubt_favorable(means, None) == []
    if is_doubted:
        assert f"positive_means={means!r} sounds like a" in said[0] and f"favorable={favorable} says" in said[0]


def test_a_doubt_is_shown_in_options(log):
    """On the terminal, on the page and for programs; the audit is written all the same."""
    done = CliRunner().invoke(
        app, [*CALL, "--favorable", "1", "--positive-means", "loan denied"], env={"COLUMNS": "1000"}
    )
    line = "--positive-means 'loan denied' sounds like a bad decision for the person, and --favorable 1 says that a "
    assert done.exit_code == 0 and f"Warning: {line}" in done.stdout
    found = json.loads((log.parent / "log-audit-sex" / "audit.json").read_text())
    assert [each["text"][: len(line)] for each in found["warnings"] if each["kind"] == "asked"] == [line]
    page = (log.parent / "log-audit-sex" / "audit.html").read_text()
    assert "sounds like a bad decision" in page[page.index("Read this first") :]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--positive-means", "loan <denied>"], "rate of “loan <denied>”"),
        (["--positive-means", "x" * 80], "rate of decision 1"),
        ([], "rate of decision 1"),
    ],
)
def test_headings_fit_a_bad_decision(log, monkeypatch, options, name):
    """Nobody is "selected" for a denial: tables, figures and readings use other words; files keep the metric's name."""
    plans = []
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", lambda plan: plans.append(plan) or draw_nothing(0))
    done = CliRunner().invoke(app, [*CALL, "--favorable", "0", *options], env={"COLUMNS": "200"})
    folder = log.parent / "log-audit-sex"
    page = html.unescape((folder / "audit.html").read_text())
    assert done.exit_code == 0 and "selection rate" not in done.stdout and "rate of\ndecision 1" not in done.stderr
    said = re.findall("[^.>]*selection rate[^.<,]*", page.replace("<denied>", "(denied)"))
    assert [each.strip() for each in said] == [
        f"{begin(name.replace('<denied>', '(denied)'))} (the selection rate",
        "Equal selection rates are called demographic parity; equal false positive rates equal opportunity (people "
        "whose y is 0 get the favorable decision equally often in all groups); equality of both error rates equalized "
        "odds",
    ]
    assert f">{name}</th>" in page and f"Demographic parity: {name}" in page and f"<b>{name}</b>" in page
    assert plans[0].rates.panels[0].name == name and name in plans[0].alt
    found = json.loads((folder / "audit.json").read_text())
    assert "selection_rate" in found["metrics"] and "selection_rate" in (folder / "rates.csv").read_text()


def test_a_good_decision_keeps_the_name_of_its_rate(log):
    """With 1 as the favorable decision, or none: the selection rate."""
    for options in (["--favorable", "1", "--positive-means", "loan approved"], ["--positive-means", "loan approved"]):
        CliRunner().invoke(app, [*CALL, *options])
        assert ">selection rate</th>" in (log.parent / "log-audit-sex" / "audit.html").read_text()


def test_without_favorable_its_rate_exits_with_2(log):
    """Before anything is read, with the options that help."""
    done = CliRunner().invoke(app, [*CALL, "--fail-if", "ratio(favorable_rate) < 0.8"])
    assert done.exit_code == 2 and "add --favorable 1 where" in done.stderr and list(log.parent.iterdir()) == [log]


def test_in_python_a_condition_that_is_met_is_an_error_with_the_audit(log, tmp_path):
    """Everything is written then."""
    with pytest.raises(ConditionMet, match="is met in the one group") as caught:
        audit_file(
            log,
            label="y",
            prediction="yhat",
            sensitive="sex",
            fail_if=["ratio(selection_rate) < 0.8"],
            output=tmp_path / "out",
            console=Console(file=io.StringIO()),
        )
    assert caught.value.audit.counts.sizes.sum() == 900 and (tmp_path / "out" / "audit.html").exists()
