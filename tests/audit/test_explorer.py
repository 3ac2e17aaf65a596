"""The threshold explorer shows what an audit of the same decisions says, with scripts, without them, and in words."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from bs4 import BeautifulSoup

from labkit.audit.arrays import audit
from labkit.audit.explorer._fragment import read_part, read_script
from labkit.audit.explorer._settings import EQUAL
from labkit.audit.explorer._words import SHOWN, percent, points
from labkit.audit.explorer.thresholds import plot_threshold_explorer
from labkit.audit.intervals import is_imprecise, newcombe_interval, wilson_interval
from labkit.audit.metrics import METRICS, divide, tally
from labkit.course.pages.notebook import _FORMULA
from labkit.data.tables import load_compas
from tests.test_palette import TO_XYZ, linear

SMALL = {"y_score": [1, 2, 2, 3, 1, 3], "y_true": [0, 1, 0, 1, 0, 0], "sensitive_features": list("aaaabb")}
ORDER = [list(METRICS).index(name) for name in SHOWN]


@pytest.fixture(scope="module")
def compas():
    """Scores, labels and groups of COMPAS: six groups, ten scores."""
    frame = load_compas().frame
    return {"y_score": frame["decile_score"], "y_true": frame["two_year_recid"], "sensitive_features": frame["race"]}


@pytest.fixture(scope="module")
def explorer(compas):
    """The explorer of the two largest groups, from the cut that the score's makers call medium."""
    names = {"decisions": ("released", "detained"), "labels": ("not charged again", "charged again")}
    return plot_threshold_explorer(**compas, groups=("African-American", "Caucasian"), start=5, **names)


def embedded(explorer):
    """Return what the script of a fragment is given."""
    return json.loads(BeautifulSoup(explorer._repr_html_(), "html.parser").select_one("[type='application/json']").text)


def compared(cells):
    """Return every number of every pair of cuts as labkit computes it; arrays are (cuts of a, cuts of b, measures)."""
    n = cells.shape[1]
    first, second = (part.ravel() for part in np.indices((n, n)))
    pairs = np.stack([cells[0, first], cells[1, second]], axis=1)  # (n * n, 2, 4)
    counted = np.stack([*np.moveaxis(pairs, 1, 0), pairs.sum(axis=1)])  # a, b and both: (3, n * n, 4)
    successes, trials = (each[..., ORDER] for each in tally(counted))
    rates, few = divide(successes, trials), is_imprecise(successes, trials)
    low, high = wilson_interval(successes, trials, confidence=0.95)
    a, b = zip(successes[:2], trials[:2], strict=True)
    limits = newcombe_interval(a, b, confidence=0.95)
    return {"rate": rates, "low": low, "high": high, "few": few, "difference": np.stack([rates[0] - rates[1], *limits])}


def test_counts_are_those_of_audits(compas, explorer):
    """At each cut the embedded counts are what `audit` counts of scores and that threshold; above them, nobody."""
    data = embedded(explorer)
    counted = np.array([group["cells"] for group in data["groups"]])  # (2, 11, 4)
    assert explorer.cuts.values.tolist() == [*range(1, 11), np.inf] and counted.shape == (2, 11, 4)
    for place, cut in enumerate(explorer.cuts.values[:-1]):
        table = audit(**compas, threshold=cut).counts.table.loc[list(explorer.groups)]
        assert counted[:, place].tolist() == table.to_numpy().tolist()
    assert not counted[:, -1, [1, 3]].any() and (counted.sum(axis=-1) == counted[:, :1].sum(axis=-1)).all()
    bars = np.array([group["bars"] for group in data["groups"]])  # (2, 10, 2)
    selected = counted[..., [1, 3]]
    assert (bars == selected[:, :-1] - selected[:, 1:]).all()
    assert data["at"] == list(range(11)) and [group["n"] for group in data["groups"]] == [3696, 2454]


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node to run JavaScript")
@pytest.mark.parametrize("rare", [False, True], ids=["compas", "few people, and no positives in one group"])
def test_formulas_in_javascript_are_those_of_labkit(explorer, rare):
    """All pairs of cuts: rates, intervals, differences and what is imprecise, to the twelfth decimal."""
    if rare:
        explorer = plot_threshold_explorer(**SMALL)
    count = len(explorer.cuts.values)
    script = f"""{read_part("rates.js")}
        const data = JSON.parse(require("fs").readFileSync(0, "utf8")), all = [];
        for (let i = 0; i < {count}; i++) for (let j = 0; j < {count}; j++) all.push(compareAt(data, [i, j]));
        console.log(JSON.stringify(all));"""
    sent = json.dumps(embedded(explorer))
    done = subprocess.run(["node", "-e", script], input=sent, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(done.stdout)
    assert len(found) == count**2
    wanted = compared(explorer.cells)
    for key in ("rate", "low", "high", "few"):
        given = [[pair["overall"] if side == "both" else pair["rows"] for pair in found] for side in ("a", "b", "both")]
        given = [
            [[(row if side == "both" else row[side])[key] for row in rows] for rows in pairs]
            for side, pairs in zip(("a", "b", "both"), given, strict=True)
        ]
        np.testing.assert_allclose(np.array(given, float), wanted[key], atol=1e-12)
    keys = ("rate", "low", "high")
    given = [[[row["difference"][key] for row in pair["rows"]] for pair in found] for key in keys]
    np.testing.assert_allclose(np.array(given, float), wanted["difference"], atol=1e-12)
    assert np.isnan(wanted["rate"]).any()  # precision, where nobody is selected


def test_settings_are_the_nearest_pairs_of_cuts(explorer):
    """Of 121 pairs, each has the smallest sum of the gap in its rate and the change in the share selected."""
    settings = explorer.settings
    assert settings.loc["one cut for both"].tolist() == [5, 5]
    cells, start = explorer.cells, explorer.audit(5, 5).overall["selection_rate"]
    for name, metric in EQUAL.items():
        costs = {}
        for a, first in enumerate(explorer.cuts.values):
            for b, second in enumerate(explorer.cuts.values):
                pair = cells[[0, 1], [a, b]]
                rates = divide(*tally(np.vstack([pair, pair.sum(axis=0)])))[:, list(METRICS).index(metric)]
                share = pair[:, [1, 3]].sum() / pair.sum()
                costs[first, second] = abs(rates[0] - rates[1]) + abs(share - start)
        assert tuple(settings.loc[name]) == min(costs, key=costs.get)


def test_text_and_table_have_the_four_settings(explorer):
    """Without scripts: cuts, rates and signed differences, as the audits of these cuts say, in HTML and in text."""
    page = BeautifulSoup(explorer._repr_html_(), "html.parser")
    rows = [[cell.get_text("\n") for cell in row.find_all(["th", "td"])] for row in page.select("table tr")]
    text = repr(explorer)
    assert rows[0] == ["", *explorer.settings.index] and page.find("details").has_attr("open")
    for column, (_, cuts) in enumerate(explorer.settings.iterrows(), 1):
        result = explorer.audit(*cuts)
        assert rows[1][column] == f"{cuts.iloc[0]:g} / {cuts.iloc[1]:g}"
        for row, metric in zip(rows[2:], SHOWN, strict=True):
            a, b = (percent(rate, 0) for rate in result.by_group[metric])
            difference, low, high = (points(value, 0) for value in result.pairwise(metric).iloc[0, 2:])
            assert row[column].split("\n") == [f"{a} / {b}", f"{difference} ({low} to {high})"]
            assert f"{a} / {b}, {difference} ({low} to {high})" in text
    assert "African-American minus Caucasian" in text and "not wrong labels" in text


def test_a_rate_of_nobody_is_a_dash():
    """Group b has no positives: its TPR is undefined, never 0, and no cuts make it equal."""
    explorer = plot_threshold_explorer(**SMALL)
    assert explorer.settings.loc["equal true positive rates"].isna().all()
    assert np.isnan(explorer.audit(2, 2).by_group.loc["b", "true_positive_rate"])
    table = BeautifulSoup(explorer._repr_html_(), "html.parser").table
    cells = [row.find_all("td")[0].text for row in table.select("tbody tr")]
    assert cells[2] == "100% / –" and cells[1].endswith("‡")


@pytest.mark.parametrize(
    ("score", "cuts"),
    [
        ([1, 2, 5], [1, 2, 5, np.inf]),
        (np.linspace(0.02, 0.97, 40), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, np.inf]),
        (np.arange(300, 851), [300, 355, 410, 465, 520, 575, 630, 685, 740, 795, np.inf]),
    ],
    ids=["few scores", "probabilities", "points"],
)
def test_cuts_by_default(score, cuts):
    """Each score where there are few; otherwise eleven cuts, of which the first selects everybody, the last nobody."""
    n = len(score)
    rows = {"y_true": [0, 1] * n, "sensitive_features": ["a"] * n + ["b"] * n}
    explorer = plot_threshold_explorer(np.tile(score, 2), **rows)
    np.testing.assert_allclose(explorer.cuts.values, cuts, atol=1e-12)
    assert not explorer.cells[:, 0, [0, 2]].any() and not explorer.cells[:, -1, [1, 3]].any()
    assert explorer.bars.people.sum() == 2 * n and explorer.bars.at[-1] == explorer.bars.people.shape[-1]


def test_counts_stand_for_people():
    """A row that counts three people is like three rows; names, groups and cuts follow the order that is asked for."""
    count = np.array([3, 1, 0, 2, 1, 4])
    repeated = {name: np.repeat(values, count) for name, values in SMALL.items()}
    options = {"groups": ("b", "a"), "cuts": [1, 2, 3, np.inf], "start": (3, 2)}
    explorers = [plot_threshold_explorer(**rows, **options) for rows in (SMALL | {"count": count}, repeated)]
    assert explorers[0].cells.tolist() == explorers[1].cells.tolist()
    assert explorers[0].groups == ("b", "a") and explorers[0].start == (2, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sensitive_features": list("aabbcc")}, r"3 groups: 'a', 'b', 'c'; .* pass groups=\(a, b\)"),
        ({"sensitive_features": list("aaaaaa")}, "has one group: 'a'; .* pass another column"),
        ({"sensitive_features": ["a", "b", None, "a", "b", "a"]}, "missing value; name that group"),
        ({"groups": ("a", "x")}, "unknown group 'x'; choose two of 'a', 'b'"),
        ({"groups": ("a", "a")}, "name two different groups"),
        ({"y_true": [0, 1, 2, 0, 1, 1]}, "y_true holds 2; code labels 0 and 1"),
        ({"y_true": None}, "y_true is None; without labels"),
        ({"y_score": [1, 2, np.nan, 3, 1, 3]}, "y_score holds nan; give a finite number"),
        ({"y_score": [1, 2, np.inf, 3, 1, 3]}, "y_score holds inf"),
        ({"y_score": [1] * 6}, "y_score is 1 in every row: any threshold selects everybody or nobody"),
        ({"y_score": [1, 2]}, r"lengths differ: y_score has shape \(2,\)"),
        ({"y_score": [], "y_true": [], "sensitive_features": []}, "there are no rows"),
        ({"count": [1, 1, 0.5, 1, 1, 1]}, "count holds 0.5; give whole numbers"),
        ({"count": [1, 1, 1, 1, 0, 0]}, "group 'b' has no people"),
        ({"cuts": [2, 1]}, "do not increase"),
        ({"cuts": [2]}, "give from 2 to 51 thresholds"),
        ({"start": 4}, "4 is not one of the cuts: 1, 2, 3, nobody; choose one"),
        ({"start": (1, 2, 3)}, "start has 3 cuts"),
        ({"decisions": ("no", "no")}, "decisions=.*; give two different names"),
        ({"confidence": 95}, "confidence=95 is not between 0 and 1"),
    ],
)
def test_what_cannot_be_explored_is_named(change, message):
    """Errors name the value and the remedy."""
    with pytest.raises(ValueError, match=message):
        plot_threshold_explorer(**SMALL | change)


def test_fragment_is_small_and_keeps_to_itself(explorer):
    """With the counts under 30 kB; no id, no address, no name outside its function, nothing that loads MathJax."""
    fragment = explorer._repr_html_()
    page = BeautifulSoup(fragment, "html.parser")
    assert len(fragment.encode()) < 30_000
    assert not page.select("[id], [src], [href], [onclick]") and "http" not in fragment.replace("http://www.w3.org", "")
    assert read_script().startswith("(function () {") and read_script().endswith("})();")
    assert not _FORMULA.search(fragment)


def test_names_cannot_break_out():
    """Names of groups are text in the table and in the data, whatever they hold."""
    name = '</script><b onclick="x">$5 & more'
    explorer = plot_threshold_explorer(**SMALL | {"sensitive_features": [name] * 3 + ["b"] * 3})
    page = BeautifulSoup(explorer._repr_html_(), "html.parser")
    assert len(page.find_all("script")) == 2 and not page.find("b") and name in page.caption.text
    assert name in [group["name"] for group in embedded(explorer)["groups"]]


def test_text_can_be_read_on_its_background():
    """Every color of text has a contrast of 4.5 to white and to the grey of buttons (WCAG 2.1)."""
    css = read_part("explorer.css")
    luminance = {color: TO_XYZ[1] @ linear(_full(color)) for color in re.findall(r"#[0-9a-f]{3,6}", css)}
    texts = set(re.findall(r"[{;] ?color: (#[0-9a-f]{3,6})", css))
    grounds = set(re.findall(r"background: (#[0-9a-f]{3,6})", css)) - texts  # the black square has no text
    assert texts and grounds
    for text in texts:
        assert all((luminance[ground] + 0.05) / (luminance[text] + 0.05) >= 4.5 for ground in grounds)


def _full(color):
    """Write "#abc" as "#aabbcc"."""
    return color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])


@pytest.mark.parametrize(("share", "text"), [(0.125, "13%"), (0.5, "50%"), (0.004, "0%"), (np.nan, "–")])
def test_percentages_round_as_in_javascript(share, text):
    """Halves go up: the table without scripts and the one with scripts say the same."""
    assert percent(share, 0) == text


@pytest.mark.parametrize(("gap", "text"), [(-0.125, "−13"), (0.02, "+2"), (-0.001, "0"), (np.nan, "–")])
def test_differences_have_signs(gap, text):
    """Zero has none."""
    assert points(gap, 0) == text
