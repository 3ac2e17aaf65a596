"""The audit of a file: what is printed and written says what the audit of the table says."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labkit.audit.arrays import audit
from labkit.audit.counts import Counts
from labkit.audit.metrics import METRICS
from labkit.audit.page import (
    CURVES,
    GROUPS_DRAWN,
    auc_table,
    audit_file,
    draw_audit,
    draw_calibration,
    read_metric,
    score_section,
)
from labkit.audit.score_histogram import count_scores

NAMES = {"label": "y", "prediction": "yhat"}


class Page(HTMLParser):
    """Collect the tags of a page, and complain where they do not close."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.attributes = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        """Remember a tag and that it is open."""
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


@pytest.fixture
def log(tmp_path):
    """Write a log of decisions with a group that is small and a name with markup in it."""
    rng, n = np.random.default_rng(4), 800
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["[b]f[/b]", "<script>m"], n), "site": 1})
    frame["yhat"] = (rng.random(n) < np.where(frame["sex"] == "<script>m", 0.6, 0.4)).astype(int)
    frame.loc[:6, ["sex", "y"]] = ["x", 0]
    frame.to_csv(tmp_path / "log.csv", index=False)
    return tmp_path / "log.csv"


@pytest.fixture
def console(tmp_path):
    """Print to a file, 80 characters wide."""
    with open(tmp_path / "terminal.txt", "w", encoding="utf-8") as file:
        yield Console(file=file, width=80)


def test_the_file_is_audited_as_the_table_is(log, console, tmp_path):
    """The audit that comes back is the audit of the same table in memory, with the replicates asked for."""
    found = audit_file(log, **NAMES, sensitive="sex", n_boot=500, output=tmp_path / "out", console=console)
    frame = pd.read_csv(log)
    expected = audit(y_true=frame["y"], y_pred=frame["yhat"], sensitive_features=frame[["sex"]], n_boot=500)
    assert found.counts == expected.counts
    assert found.difference_interval().equals(expected.difference_interval())


def test_the_terminal_shows_rates_tests_and_warnings(log, console, tmp_path):
    """Eighty characters hold every metric with its interval; markup in names is shown, not obeyed."""
    found = audit_file(log, **NAMES, sensitive="sex", output=tmp_path / "out", console=console)
    console.file.flush()
    printed = (tmp_path / "terminal.txt").read_text(encoding="utf-8")
    assert max(map(len, printed.splitlines())) <= 80 or "Written to" in max(printed.splitlines(), key=len)
    low, high = found.intervals.loc["<script>m", "precision"]
    for part in ("[b]f[/b]", "<script>m", "x †", f"{low:.3f}–{high:.3f}", "p of equal rates", "undefined"):
        assert part in printed
    words = " ".join(printed.split())
    for line in found.warnings:
        assert f"Warning: {line}" in words
    for metric in METRICS:
        assert metric.replace("_", " ") in words


def test_the_page_needs_no_network_and_closes_its_tags(log, console, tmp_path):
    """The page is one file: figure inside, with a text; nothing fetched; names of groups are escaped."""
    audit_file(log, **NAMES, sensitive="sex", output=tmp_path / "out", console=console)
    text = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not re.search(r"https?:|//\w|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    assert page.seen.count("img") == 1 and "script" not in page.seen
    assert dict(page.attributes)["alt"].startswith("Dots with 95% intervals") and "lang" in dict(page.attributes)
    assert page.seen.count("table") == 3 and page.seen.count("dt") == len(METRICS)


def test_files_are_written_where_asked_or_beside_the_name(log, console, tmp_path, monkeypatch):
    """Page, figure and counts go to the folder given, made if missing, or to NAME-audit in the current folder."""
    monkeypatch.chdir(tmp_path)
    counts = audit_file(log, **NAMES, sensitive="sex", output=tmp_path / "deep" / "out", console=console).counts
    audit_file(log, **NAMES, sensitive="sex", console=console)
    for folder in (tmp_path / "deep" / "out", Path("log-audit")):
        assert sorted(path.name for path in folder.iterdir()) == ["audit.html", "audit.png", "counts.csv"]
        assert (folder / "audit.png").read_bytes().startswith(b"\x89PNG")
        assert (
            Counts(*(lambda table: (table.index, table.to_numpy()))(pd.read_csv(folder / "counts.csv", index_col=0)))
            == counts
        )


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "parts"])
def test_scores_are_on_the_page_where_a_column_is_named(name, console, tmp_path):
    """AUC by group with its interval and bin error, and calibration as a second figure; the counts are written out."""
    rng, n = np.random.default_rng(7), 600
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["f", "m"], n), "score": rng.random(n)})
    frame["yhat"] = (frame["score"] > 0.5).astype(int)
    path = tmp_path / name
    if name == "parts":
        path.mkdir()
        frame[:200].to_parquet(path / "a.parquet")
        frame[200:].to_parquet(path / "b.parquet")
    else:
        (frame.to_csv if name.endswith("csv") else frame.to_parquet)(path)
    audit_file(path, **NAMES, sensitive="sex", score="score", output=tmp_path / "out", console=console)
    page = Page(text := (tmp_path / "out" / "audit.html").read_text(encoding="utf-8"))
    assert page.seen.count("img") == 2 and page.seen.count("table") == 4
    auc = count_scores(frame, label="y", score="score", sensitive="sex").auc().loc["f"]
    assert f"{auc['auc']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]" in text and f"± {auc['error']:.1g}" in text
    listed = pd.read_csv(tmp_path / "out" / "scores.csv")
    assert listed[["negatives", "positives"]].sum().sum() == n and listed["from"].between(0, 1).all()


def test_many_groups_of_scores_are_drawn_in_part():
    """The figure of calibration holds the largest groups, the table all; a group without positives is undefined."""
    n = CURVES + 3
    frame = pd.DataFrame({"y": [0, 1, 0] * n, "site": np.repeat(np.arange(n), 3), "score": [0.2, 0.7, 0.4] * n})
    frame.loc[frame["site"] == 0, "y"] = 0
    scores = count_scores(frame, label="y", score="score", sensitive="site")
    assert len(draw_calibration(scores).axes[0].get_legend().get_texts()) == CURVES
    assert (
        len(auc_table(scores)) == n and auc_table(scores).loc["0", ["AUC", "bin error"]].tolist() == ["undefined"] * 2
    )
    assert f"{CURVES} largest of {n} groups" in score_section(scores, score="score")


@pytest.mark.parametrize("metric", METRICS)
def test_readings_name_extremes_and_chance(metric):
    """The reading of each metric states the overall rate, the lowest and the highest group, and the p-value."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [60, 15, 40, 55], "tiny": [0, 1, 0, 0]}).audit()
    said, rates = read_metric(found, metric), found.by_group[metric].drop("tiny")
    assert f"{found.overall[metric]:.1%}" in said and METRICS[metric].base in said
    low, high = said.index(f"in {rates.idxmin()!r}"), said.index(f"in {rates.idxmax()!r}")
    assert low < high and "'tiny'" not in said
    assert f"{found.parity_test(metric):.3f}" in said or "< 0.001" in said


def test_readings_of_equal_rates():
    """Where every group has the same rate, none is called the highest."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [60, 20, 20, 60]}).audit()
    assert "By group: 0.500 in every group" in read_metric(found, "base_rate")


def test_readings_of_what_is_undefined():
    """Without positives the reading says so instead of giving a number."""
    found = Counts.from_mapping({"a": [30, 10, 0, 0], "b": [60, 15, 0, 0]}).audit()
    assert read_metric(found, "true_positive_rate") == "There are no people labelled positive: the rate is undefined."
    only_a = Counts.from_mapping({"a": [30, 10, 5, 5], "b": [60, 15, 0, 0]}).audit()
    assert "Fewer than two groups have people labelled positive" in read_metric(only_a, "true_positive_rate")


def test_many_groups_are_drawn_in_part_and_listed_in_full(console, tmp_path):
    """With hundreds of groups the figure holds the largest, and the page all of them."""
    n = 300 * 12
    frame = pd.DataFrame({"y": [0, 1] * (n // 2), "yhat": [0, 0, 1] * (n // 3), "site": np.arange(n) % 300})
    frame.to_parquet(tmp_path / "log.parquet")
    found = audit_file(tmp_path / "log.parquet", **NAMES, sensitive="site", output=tmp_path / "out", console=console)
    figure = draw_audit(found)
    assert len(figure.axes) == len(METRICS) and len(figure.axes[0].get_yticks()) == GROUPS_DRAWN
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert f"{GROUPS_DRAWN} largest of 300 groups" in page and page.count("<th>299") == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sensitive": "Sex"}, ValueError, "unknown column 'Sex': log.csv has no such column; did you mean 'sex'"),
        ({"sensitive": "site"}, ValueError, r"one single group: \[1\]"),
        ({"n_boot": 5}, ValueError, "n_boot=5"),
        ({"path": "lag.csv"}, FileNotFoundError, "did you mean 'log.csv'"),
        ({"path": "log.json"}, ValueError, "neither CSV nor Parquet"),
    ],
)
def test_refuses_and_writes_nothing(options, error, message, log, console, tmp_path):
    """What cannot be audited is refused with the remedy, and no half-made folder is left."""
    path = log.parent / options.pop("path", log.name)
    with pytest.raises(error, match=message):
        audit_file(path, **{**NAMES, "sensitive": "sex", **options}, output=tmp_path / "out", console=console)
    assert not (tmp_path / "out").exists()


def test_importing_is_light():
    """The command line imports this module at every start: no figure, statistics or learning library comes with it."""
    heavy = "{'matplotlib', 'statsmodels', 'sklearn', 'torch', 'transformers', 'scipy'}"
    code = f"import sys, labkit.audit.page; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
