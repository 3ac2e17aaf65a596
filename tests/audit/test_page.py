"""The audit of a file: what is printed and written says what the audit of the table says."""

import inspect
import io
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labkit.audit._page import score_section, write_page
from labkit.audit.arrays import audit
from labkit.audit.command.run import audit_file
from labkit.audit.command.terminal import print_audit, print_table
from labkit.audit.counts import Counts, count
from labkit.audit.files._paths import count_path
from labkit.audit.metrics import METRICS
from labkit.audit.plots import draw_audit
from labkit.audit.results import Audit
from labkit.audit.sampling._notices import NO_LABELS, summarize_notices
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import count_scores
from labkit.audit.sections._between_groups import disparities, four_fifths_table
from labkit.audit.sections._scores import auc_table
from labkit.audit.sections._sentences import BELOW, SHOWN, DecisionWords, read_metric
from labkit.audit.text import CURVES, GROUPS_DRAWN, ROWS
from labkit.errors import UserError
from tests.figures import BLANK, draw_nothing

NAMES = {"label": "y", "prediction": "yhat"}
ROLES = Roles.named(**NAMES, sensitive="sex")
WORDS = DecisionWords.of(ROLES)
WRITTEN = ["audit.html", "audit.json", "audit.png", "audit.svg", "comparisons.csv", "counts.csv", "rates.csv"]


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
        if tag not in ("meta", "img", "br", "source"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the tag that was opened last."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Write a log of decisions with a group that is small and a name with markup in it."""
    rng, n = np.random.default_rng(4), 800
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["[b]f[/b]", "<script>m"], n), "site": 1})
    frame["yhat"] = (rng.random(n) < np.where(frame["sex"] == "<script>m", 0.6, 0.4)).astype(int)
    frame.loc[:6, ["sex", "y"]] = ["x", 0]
    path = tmp_path_factory.mktemp("data") / "log.csv"
    frame.to_csv(path, index=False)
    return path


class Run(NamedTuple):
    """One run of the audit: what it returned, printed and wrote."""

    audit: Audit
    printed: str
    folder: Path


@pytest.fixture(scope="module")
def run(log, tmp_path_factory):
    """Audit the log once, on a terminal of 80 characters, into a folder that does not exist yet."""
    folder = tmp_path_factory.mktemp("run") / "deep" / "out"
    console = Console(file=io.StringIO(), width=80)
    found = audit_file(log, **NAMES, sensitive="sex", favorable=1, n_tables=500, output=folder, console=console)
    return Run(found, console.file.getvalue(), folder)


def test_the_file_is_audited_as_the_table_is(run, log):
    """The audit that comes back is the audit of the same table in memory, with the random tables asked for."""
    frame = pd.read_csv(log)
    expected = audit(y_true=frame["y"], y_pred=frame["yhat"], sensitive_features=frame[["sex"]])
    assert run.audit.counts == expected.counts
    assert run.audit.difference_interval().equals(expected.difference_interval()) and run.audit.n_tables == 500


def test_the_terminal_shows_rates_tests_and_warnings(run):
    """Eighty characters hold every metric with its interval; markup in names is shown, not obeyed."""
    lines = [line for line in run.printed.splitlines() if not line.startswith("Written to")]
    assert max(map(len, lines)) <= 80
    low, high = run.audit.intervals.loc["<script>m", "precision"]
    for part in ("[b]f[/b]", "<script>m", "x †", f"{low:.3f}–{high:.3f}", "p of equal rates", "undefined"):
        assert part in run.printed
    words = " ".join(run.printed.split())
    for line in summarize_notices(run.audit.notices):
        assert f"Warning: {line}" in words
    for metric in METRICS:
        assert metric.replace("_", " ") in words


def test_the_page_needs_no_network_and_closes_its_tags(run):
    """The page is one file: figure inside, with a text; nothing fetched; names of groups are escaped."""
    text = (run.folder / "audit.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not re.search(r"https?:|//\w|@import|url\(", re.sub(r"base64,[^\"]*", "", text))
    assert page.seen.count("img") == 1 and "script" not in page.seen
    assert dict(page.attributes)["alt"].startswith("Dots with 95% intervals") and "lang" in dict(page.attributes)
    # two of rates, the extremes, each rate against the reference, four fifths, counts
    assert page.seen.count("table") == page.seen.count("caption") == 9
    settings = len(inspect.signature(audit_file).parameters) - 2  # path, console and output are none; the seed is one
    assert page.seen.count("dt") == len(SHOWN) + len(BELOW) + 8 + settings


def test_the_page_follows_the_template(run):
    """One main and one title; figure and tables scroll in boxes with names of their own; headers say what they head."""
    text = (run.folder / "audit.html").read_text(encoding="utf-8")
    seen = Page(text).seen
    assert seen.count("main") == seen.count("h1") == 1 and 'class="skip" href="#main"' in text
    labels = re.findall(
        r'<div class="scroll[^"]*" role="region" aria-label="([^"]+)" tabindex="0"><(?:table|img|picture)', text
    )
    assert len(labels) == len(set(labels)) == seen.count("table") + seen.count("img")
    anchors = re.findall(r'<h2 id="([^"]+)"', text)
    links = re.findall(r'<a href="#([^"]+)">', text.partition('aria-label="On this page"')[2].partition("</nav>")[0])
    assert len(links) > 5 and set(links) <= set(anchors) and len(set(anchors)) == len(anchors)
    assert re.findall(r"<th(?!ead| scope)", text) == [] and re.search(r'<img [^>]*style="min-width: \d+px"', text)


def test_page_figure_and_counts_are_written(run):
    """They go to the folder given, which is made if it is missing; the counts can be read again."""
    assert sorted(path.name for path in run.folder.iterdir()) == WRITTEN
    assert (run.folder / "audit.svg").read_bytes().startswith(b"<?xml")
    assert (run.folder / "audit.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(run.folder / "counts.csv", index_col=0)
    assert Counts(table.index, table.to_numpy()) == run.audit.counts


@pytest.fixture(scope="module")
def scored():
    """A table of decisions and scores."""
    rng, n = np.random.default_rng(7), 600
    frame = pd.DataFrame({"y": rng.integers(0, 2, n), "sex": rng.choice(["f", "m"], n), "score": rng.random(n)})
    return frame.assign(yhat=(frame["score"] > 0.5).astype(int))


def write_scored(frame, path):
    """Write the table as its path says: CSV, Parquet, or a folder of two Parquet files."""
    if path.suffix == ".csv":
        frame.to_csv(path)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        path.mkdir()
        frame[:200].to_parquet(path / "a.parquet")
        frame[200:].to_parquet(path / "b.parquet")


@pytest.mark.parametrize("name", ["log.csv", "log.parquet", "parts"])
@pytest.mark.parametrize("score", ["score", None])
def test_decisions_and_scores_are_counted_in_files_and_folders(name, score, scored, tmp_path):
    """Both are those of the table, whatever holds it; without a column of scores only decisions are counted."""
    write_scored(scored, tmp_path / name)
    counts, scores, _ = count_path(tmp_path / name, ROLES, score=score, progress=lambda rows: None)
    assert counts == count(scored, **NAMES, sensitive="sex")
    expected = count_scores(scored, label="y", score="score", sensitive="sex")
    assert scores is None if score is None else scores == expected


def test_scores_are_on_the_page_where_a_column_is_named(scored, tmp_path, monkeypatch):
    """AUC with its interval and bin error, calibration as a second figure, and the counts."""
    monkeypatch.chdir(tmp_path)
    write_scored(scored, tmp_path / "log.csv")
    console = Console(file=io.StringIO(), width=80)
    audit_file("log.csv", **NAMES, sensitive="sex", score="score", console=console)
    page = Page(text := Path("log-audit-sex", "audit.html").read_text(encoding="utf-8"))
    assert (
        page.seen.count("img") == 2 and page.seen.count("table") == 10
    )  # AUC and mean calibration in the place of four fifths
    auc = count_scores(scored, label="y", score="score", sensitive="sex").auc().loc["f"]
    assert f'{auc["auc"]:.3f}<br><span class="ci">[{auc["low"]:.3f}, {auc["high"]:.3f}]' in text
    assert f"± {auc['error']:.1g}" in text
    assert "AUC of score by group" in console.file.getvalue()
    listed = pd.read_csv(Path("log-audit-sex", "scores.csv"))
    assert listed[["negatives", "positives"]].sum().sum() == len(scored) and listed["from"].between(0, 1).all()


def test_a_folder_gives_its_name_to_the_output(scored, tmp_path, monkeypatch):
    """Also where it is the current one, whose path is a dot."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)
    write_scored(scored, tmp_path / "parts")
    monkeypatch.chdir(tmp_path / "parts")
    audit_file(".", **NAMES, sensitive="sex", console=Console(file=io.StringIO()))
    assert Path("parts-audit-sex", "audit.html").exists()


def test_the_section_on_scores_says_what_it_leaves_out():
    """The table has all groups, one of them without positives; the figure is said to hold the largest."""
    n = CURVES + 3
    frame = pd.DataFrame({"y": [0, 1, 0] * n, "site": np.repeat(np.arange(n), 3), "score": [0.2, 0.7, 0.4] * n})
    frame.loc[frame["site"] == 0, "y"] = 0
    scores = count_scores(frame, label="y", score="score", sensitive="site")
    table = auc_table(scores)
    assert len(table) == n and table.loc["0", ["AUC", "bin error"]].tolist() == ["undefined"] * 2
    assert f"{CURVES} largest of {n} groups" in score_section(scores, BLANK, BLANK, score="score")


def test_many_groups_are_cut_on_the_terminal_and_listed_on_the_page():
    """With hundreds of groups the terminal shows the first, and the page has all of them and says what is drawn."""
    found = Counts.from_mapping({site: [3, 2, 3, 4] for site in range(300)}, names=["site"]).audit(n_tables=99)
    console = Console(file=io.StringIO(), width=80)
    print_audit(found, console, title="log.csv")
    printed = console.file.getvalue()
    assert f"The first {ROWS} of 300 groups are shown" in printed and "299" not in printed.split("Warning")[0]
    page = write_page(found, png="", alt="", title="log.csv", roles=ROLES)
    assert f"{GROUPS_DRAWN} of 300 groups" in page
    # two tables of rates, four against the reference, counts
    assert page.count('<th scope="row">299') == 7


def test_no_table_on_the_terminal_has_hundreds_of_rows():
    """Any table is cut, that of AUC, too; what is on the page has all rows."""
    table = pd.DataFrame({"AUC": ["0.500 [0.400, 0.600]"] * 300}, index=pd.Index([f"site {n}" for n in range(300)]))
    console = Console(file=io.StringIO(), width=80)
    print_table(table.rename_axis("site"), console, title="AUC")
    printed = console.file.getvalue()
    assert f"site {ROWS - 1}" in printed and f"site {ROWS}" not in printed


def test_many_warnings_are_listed_on_the_page():
    """The terminal has a line for each kind (tests/audit/test_notices.py)."""
    found = Counts.from_mapping({site: [3, 2, 3, 4] for site in range(300)}, names=["site"]).audit(n_tables=99)
    page = write_page(found, png="", alt="", title="log.csv", roles=ROLES)
    top, end = page.partition('id="notices"')[::2]
    assert end.partition("</details>")[0].count("<li>") == len(found.notices) > 300
    assert top.partition('id="first"')[2].partition("</div>")[0].count("<li>") == 2


HOSTILE = [
    "\x1b]0;title\x07\x1b[31mred\x9b2J",
    "\u202egnp.exe",
    "a\nWarning: all is well\t.",
    "$a_b_c$ $\\frac{$",
    "=HYPERLINK(A1)",
    '[bold]x[/]<script>alert(1)</script>" onerror=x',
]


def make_hostile(names):
    """Make decisions and scores of two groups, named by others in columns named by others."""
    rng, half = np.random.default_rng(3), np.arange(90) % 2 == 1
    frame = pd.DataFrame({"y": rng.integers(0, 2, 90), "yhat": rng.integers(0, 2, 90), "".join(names): rng.random(90)})
    return frame.assign(**{name: np.where(half, name, "other") for name in names})


def test_text_that_others_wrote_is_only_shown(tmp_path, monkeypatch):
    """Whatever groups, columns and files are called: no escape reaches a terminal, and no tag or formula the page."""
    monkeypatch.chdir(tmp_path)
    path = Path(f"[bold]{HOSTILE[0]}.parquet")
    make_hostile(HOSTILE).to_parquet(path)
    console = Console(file=io.StringIO(), width=400)
    options = {"sensitive": HOSTILE, "score": "".join(HOSTILE), "output": tmp_path / "out"}
    found = audit_file(path, **NAMES, **options, console=console)
    texts = [console.file.getvalue(), Path("out", "audit.html").read_text(encoding="utf-8"), repr(found)]
    for text in [*texts, repr(found.counts)]:
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
    assert not re.search(r"^Warning: all is well", texts[0], flags=re.MULTILINE)
    for text in (texts[1], found._repr_html_(), found.counts._repr_html_()):
        page = Page(text.replace("<br>", ""))
        assert "script" not in page.seen and not [key for key, _ in page.attributes if key.startswith("on")]
    assert all("mathjax_ignore" in view._repr_html_() for view in (found, found.counts))
    groups = pd.read_csv(Path("out", "counts.csv"))
    assert "'=HYPERLINK(A1)" in groups.columns and "'=HYPERLINK(A1)" in set(groups["'=HYPERLINK(A1)"])


def test_names_stay_as_they_are_in_raw_tables(tmp_path, monkeypatch):
    """`raw_csv` turns the apostrophe off, in both tables."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)
    frame = pd.DataFrame({"y": [0, 1] * 20, "yhat": [1, 1, 0, 0] * 10, "g": ["=1"] * 20 + ["b"] * 20, "p": 0.5})
    frame.to_csv(tmp_path / "log.csv")
    for raw, first in ((False, "'=1"), (True, "=1")):
        options = {"sensitive": "g", "score": "p", "raw_csv": raw, "output": tmp_path / "out"}
        audit_file(tmp_path / "log.csv", **NAMES, **options, console=Console(file=io.StringIO()))
        for table in ("counts.csv", "scores.csv"):
            assert pd.read_csv(tmp_path / "out" / table)["g"].iloc[0] == first


def test_a_closed_pipe_does_not_end_the_work(log, tmp_path):
    """`labkit audit ... | head -1`: nobody reads the tables, and the page is written all the same."""
    code = "import sys; from labkit.audit import audit_file; audit_file(sys.argv[1], label='y', prediction='yhat', "
    code += "sensitive='sex', output=sys.argv[2])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, log, tmp_path / "out"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait() == 0
    process.stderr.close()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == WRITTEN


@pytest.mark.parametrize("metric", [*SHOWN, *BELOW])
def test_readings_name_extremes_and_chance(metric):
    """The reading of each metric states the overall rate, the lowest and the highest group, and the p-value."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [60, 15, 40, 55], "tiny": [0, 1, 0, 0]}).audit()
    said, rates = read_metric(found, metric, WORDS), found.by_group[metric].drop("tiny")
    assert f"{found.overall[metric]:.1%}" in said and WORDS.base(metric) in said
    low, high = said.index(f"in “{rates.idxmin()}”"), said.index(f"in “{rates.idxmax()}”")
    assert low < high and "tiny" not in said
    assert f"{found.parity_test(metric):.3f}" in said or "< 0.001" in said


def test_readings_of_equal_rates():
    """Where every group has the same rate, none is called the highest."""
    found = Counts.from_mapping({"a": [30, 10, 10, 30], "b": [60, 20, 20, 60]}).audit()
    assert "By group: 0.500 in every group" in read_metric(found, "base_rate", WORDS)


def test_readings_of_what_is_undefined():
    """Without positives the reading says so instead of giving a number."""
    found = Counts.from_mapping({"a": [30, 10, 0, 0], "b": [60, 15, 0, 0]}).audit()
    said = read_metric(found, "true_positive_rate", WORDS)
    assert said == "There are no people with a 1 in y: the rate is undefined."
    only_a = Counts.from_mapping({"a": [30, 10, 5, 5], "b": [60, 15, 0, 0]}).audit()
    assert "Fewer than two groups have people with a 1 in y" in read_metric(only_a, "true_positive_rate", WORDS)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"sensitive": "Sex"}, ValueError, "unknown column 'Sex': log.csv has no such column; did you mean 'sex'"),
        ({"sensitive": "site"}, ValueError, r"one single group: \[1\]"),
        ({"n_tables": 5}, ValueError, "n_tables=5"),
        ({"favorable": 2}, ValueError, "favorable=2 is not a prediction"),
        ({"path": "lag.csv"}, FileNotFoundError, "did you mean 'log.csv'"),
        ({"path": "log.json"}, FileNotFoundError, "no file .*did you mean .log.csv"),
    ],
)
def test_rejects_and_writes_nothing(options, error, message, log, tmp_path):
    """What cannot be audited is rejected with the remedy, and no half-made folder is left."""
    options = {"path": log.name, "sensitive": "sex", **NAMES, **options}
    options["path"] = log.parent / options["path"]
    with pytest.raises(error, match=message):
        audit_file(**options, output=tmp_path / "out", console=Console(file=io.StringIO()))
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    """Write a log in which patients have several rows, with weights and a score from 0 to 10."""
    rng, n = np.random.default_rng(6), 600
    frame = pd.DataFrame({"id": np.arange(n) // 3, "sex": np.where(np.arange(n) // 3 % 2, "f", "m")})
    frame = frame.assign(y=rng.integers(0, 2, n), yhat=rng.integers(0, 2, n), w=rng.lognormal(size=n))
    path = tmp_path_factory.mktemp("visits") / "log.csv"
    frame.assign(score=rng.integers(0, 11, n)).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("options", "said", "unsaid"),
    [
        ({"weight": "w"}, ["survey weight <b>w</b>", "strata are not known", "sum of weights"], ["persons"]),
        ({"person": "id"}, ["200 people with 600 rows", "person <b>id</b>", "effective size"], ["sum of weights"]),
        ({"weight": "w", "person": "id"}, ["with 600 rows and weights that sum to", "persons"], []),
        ({"label": None}, [NO_LABELS], ["metrics are tested", "precision of", "false negatives,", "effective size"]),
        (
            {"label": None, "prediction": None, "score": "score", "threshold": 7},
            ["prediction 1 where the score <b>score</b> is at least 7"],
            ["AUC"],
        ),
        ({"prediction": None, "score": "score", "threshold": 7}, ["false positive rate"], ["AUC"]),
    ],
)
def test_page_and_terminal_say_what_a_row_is(options, said, unsaid, visits, tmp_path, monkeypatch):
    """Weights, persons, missing labels and thresholds are named, with effective sizes; 80 characters are enough."""
    monkeypatch.setattr("labkit.audit.drawing._figures.draw_images", draw_nothing)
    console = Console(file=io.StringIO(), width=80)
    options = {**NAMES, **options}
    found = audit_file(visits, **options, sensitive="sex", output=tmp_path, console=console)
    text = " ".join((tmp_path / "audit.html").read_text(encoding="utf-8").split())
    assert [part for part in said if part not in text] == [part for part in unsaid if part in text] == []
    printed = console.file.getvalue()
    assert max(len(line) for line in printed.splitlines() if "Written" not in line) <= 80
    assert ("how many people the numbers rest on" in " ".join(printed.split())) == (found.counts.moments is not None)
    assert pd.read_csv(tmp_path / "counts.csv").shape[1] == 1 + found.counts.table.shape[1]


def test_unlabeled_decisions_are_drawn_in_one_panel():
    """The figure has the selection rate alone."""
    found = Counts.from_mapping({"a": [60, 40], "b": [80, 20]}).audit()
    assert len(draw_audit(found).axes) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"label": None, "score": "score"},
            "AUC and calibration of the score 'score' need labels; leave it out",
        ),
        ({"weight": "w", "score": "score"}, "take every row as one person, without weight, count or person"),
        ({"score": "score", "threshold": 3}, "prediction= and score= with threshold= both say what was decided"),
    ],
)
def test_rejects_scores_that_cannot_be_binned(options, message, visits, tmp_path):
    """Before the file is read."""
    with pytest.raises(UserError, match=message):
        audit_file(visits, **{**NAMES, **options}, sensitive="sex", output=tmp_path / "out")


def test_importing_is_light():
    """The command line imports this module at every start: no figure, statistics or learning library comes with it."""
    heavy = "{'matplotlib', 'statsmodels', 'sklearn', 'torch', 'transformers', 'scipy'}"
    code = f"import sys, labkit.audit.command.run; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_audit_of_large_groups_starts_without_the_statistics_libraries():
    """They take three seconds to import, and only exact tests of small counts need one of them."""
    code = """
import sys
from labkit.audit.counts import Counts
found = Counts.from_mapping({"a": [300, 100, 100, 100], "b": [200, 90, 80, 100]}, names=["group"]).audit()
assert 0 < found.parity_test("selection_rate") < 1 and found.test_name("selection_rate").startswith("chi-square")
assert found.intervals.notna().all(axis=None)
assert found.against("true_positive_rate")["ratio_high"].notna().all()
print(sorted({"statsmodels", "scipy.stats"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def shifts():
    """Counts of three groups: one with a gap, one with nobody selected, one that is small."""
    cells = {"day": [300, 100, 100, 100], "night": [60, 0, 40, 0], "late": [80, 10, 50, 60], "tiny": [0, 3, 0, 0]}
    return Counts.from_mapping(cells, names=["shift"])


def test_the_page_says_what_its_comparisons_are(shifts):
    """Which groups, which intervals, which test; each group against the largest; what is named, and what is not."""
    found = shifts.audit()
    page = write_page(found, png="", alt="", title="log.csv", roles=ROLES)
    assert "These lines are about the 3 groups of at least 20 people" in page and "conservative" in page
    assert "demographic parity" in page and "equalized" in page and "four-fifths rule is not reported" in page
    assert "Every group against day" in page and page.count("tiny †") == 6
    assert "too few to be precise" in page and "bootstrap" not in page
    assert "chi-square test of homogeneity" in page and "chi-square test" in read_metric(found, "selection_rate", WORDS)
    assert "If all groups of at least 20 people had the same rate" in read_metric(found, "selection_rate", WORDS)


def test_the_four_fifths_rule_is_reported_where_an_outcome_is_favorable(shifts):
    """On the page and the terminal, without small groups, for the outcome that was named."""
    found = shifts.audit()
    table = four_fifths_table(found, favorable=1)
    assert table["below 0.8?"].to_dict() == {
        "day": "not below",
        "night": "below, and more than chance",
        "late": "highest rate",
    }
    assert (
        table.loc["night", "ratio to the highest"].endswith("] ‡") and table.loc["late", "ratio to the highest"] == "1"
    )
    page = write_page(found, png="", alt="", title="log.csv", roles=ROLES, favorable=1)
    assert "a decision of 1 being favorable" in page and "rule is not reported" not in page
    for favorable, said in ((0, "below, and more"), (None, "Name it: --favorable 1")):
        console = Console(file=io.StringIO(), width=80)
        print_audit(found, console, title="log.csv", favorable=favorable)
        assert said in " ".join(console.file.getvalue().split())


def test_gaps_come_with_the_test_of_the_same_groups(shifts):
    """The p-value next to a gap leaves out the groups that the gap leaves out, and is a bound where tables are few."""
    table = disparities(shifts.audit())
    without = Counts.from_mapping({group: cells for group, cells in shifts.cells_by_group().items() if group != "tiny"})
    assert table.to_numpy().tolist() == disparities(without.audit()).to_numpy().tolist()
    assert table.loc["selection rate", "max - min"].endswith("] ‡")
    few = Counts.from_mapping({"a": [8, 14, 0, 0], "b": [22, 0, 0, 0], "c": [22, 0, 0, 0]}).audit(n_tables=99)
    assert disparities(few).loc["selection rate", ["p of equal rates", "test"]].tolist() == [
        "≤ 0.010",
        "exact test by 99 simulated tables",
    ]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([30, 0, 20, 0], "nobody is predicted positive"),
        ([0, 30, 0, 20], "everybody is predicted positive"),
        ([30, 0, 0, 20], "every prediction equals the label"),
    ],
)
def test_predictions_without_variation_are_named_first(cells, said):
    """Before the rates that follow from it."""
    assert said in Counts.from_mapping({"a": cells, "b": cells}).audit().warnings[0]
