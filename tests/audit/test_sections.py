"""The page of an audit in the words of those who read it: what is on top, what is compared, and where it comes from."""

import html
import io
import re

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from labkit.audit._page import write_page
from labkit.audit.command.run import audit_file
from labkit.audit.counts import Counts, count
from labkit.audit.intervals import wilson_interval
from labkit.audit.metrics import METRICS
from labkit.audit.sampling._roles import Roles
from labkit.audit.sections._attributes import split_attributes
from labkit.audit.sections._comparisons import list_comparisons, reference_tables
from labkit.audit.sections._provenance import Provenance
from labkit.audit.sections._rates import list_rates, tally_everyone
from labkit.audit.sections._sentences import DecisionWords
from labkit.audit.sections._summary import summarize
from tests.audit.decisions import make_decisions

ROLES = Roles.named(label="repaid", prediction="approved", sensitive="district")
WORDS = DecisionWords.of(ROLES)
GAP = {"north": [300, 100, 100, 300], "south": [150, 50, 50, 50], "tiny": [2, 1, 0, 0]}
ALIKE = {"north": [30, 10, 10, 31], "south": [30, 10, 10, 30]}


def show(found, **options):
    """Write a page without a figure."""
    return write_page(found, "", alt="rates", title="log.csv", **{"roles": ROLES, **options})


def table_of(page, caption):
    """Read the table with a caption: its rows of texts, headers first."""
    named = rf"<caption>{re.escape(html.escape(caption))}(?:, 95% intervals that hold at once)?</caption>"
    table = [*re.split(named, page, maxsplit=1), ""][1].partition("</table>")[0]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    return [[" ".join(html.unescape(re.sub("<[^>]+>", " ", cell)).split()) for cell in row] for row in cells]


def test_three_sentences_say_what_was_decided_who_gets_it_and_the_rule():
    """What 1 means, the extreme groups that are large enough with their sizes, ratio and chance, and four fifths."""
    found = Counts.from_mapping(GAP).audit()
    decision, extremes, rule = summarize(found, DecisionWords.of(ROLES, "loan approved"), favorable=1)
    assert decision == "A decision of 1 (a 1 in approved) means “loan approved”: 45.4% of 1,103 people got it."
    assert "who got the decision “loan approved” (the selection rate) is lowest in south (33.3% of 300)" in extremes
    low, high = found.ratio_interval().loc["selection_rate"]
    assert f"in north (50.0% of 800): the lowest is 0.667 [{low:.3f}, {high:.3f}] times as large" in extremes
    assert extremes.endswith("Chance alone does not explain such a gap between groups of these sizes (p < 0.001).")
    assert "compared with north, whose favorable rate is the highest, 1 group " in rule and "(south)" in rule
    assert "tiny" not in extremes + rule


def test_two_kinds_of_ratio_are_told_apart_and_groups_beyond_chance_are_named():
    """Where 1 is unfavorable, the ratio of its rates is not the one of the four-fifths rule."""
    found = Counts.from_mapping(GAP).audit()
    page = write_page(found, png="", alt="", title="log.csv", roles=ROLES, favorable=0)
    assert (
        "It is not the ratio of the\nfour-fifths rule" in page or "It is not the ratio of the four-fifths rule" in page
    )
    assert "not the ratio of the" not in write_page(found, png="", alt="", title="log.csv", roles=ROLES, favorable=1)
    several = Counts.from_mapping({"a": [300, 100, 100, 100], "b": [100, 100, 300, 100], "c": [310, 90, 100, 100]})
    said = write_page(several.audit(), png="", alt="", title="log.csv", roles=ROLES, reference="a")
    assert "1 of 2 groups differ from a: “b”." in said


def test_the_bad_decision_is_compared_from_the_side_of_those_who_get_it_most():
    """Where 1 is unfavorable: how many times as often as the others; not over 0, where there is no such number."""
    words = DecisionWords.of(ROLES, "loan denied", favorable=0)
    found = Counts.from_mapping(GAP).audit()
    decision, extremes, _ = summarize(found, words, favorable=0)
    assert decision.startswith("A decision of 1 (a 1 in approved) means “loan denied”, the unfavorable decision: 45.4%")
    low, high = 1 / found.ratio_interval().loc["selection_rate", ["high", "low"]]
    assert f"the highest is 1.500 [{low:.3f}, {high:.3f}] times as large as the lowest" in extremes
    nobody = Counts.from_mapping({"a": [100, 0, 0, 0], "b": [60, 40, 0, 0]}).audit()
    assert "the lowest is 0.000 [0.000, " in summarize(nobody, words, favorable=0)[1]


def test_people_without_a_group_are_no_group():
    """Their number and share are on top; nothing is said where nobody is shown as missing."""
    roles = Roles.named(label="repaid", prediction="approved", sensitive="district", missing_group="tiny")
    found = Counts.from_mapping(GAP).audit()
    assert "For 3 people (0.3%) a group is missing: they are shown as “tiny”" in html.unescape(show(found, roles=roles))
    assert "a group is missing" not in show(found)


def test_what_the_page_leaves_open_fits_what_was_counted():
    """Labels are no matter where there are none, and "selected" may be turned down; conditions are on top."""
    unlabeled = Counts.from_mapping({"a": [30, 20], "b": [25, 25]}).audit()
    roles = Roles.named(label=None, prediction="approved", sensitive="district")
    page = show(unlabeled, roles=roles, verdicts=["ratio(selection_rate) < 0.8 is not met"])
    assert "no proof of discrimination" in page and "Error rates compare" not in page
    assert table_of(page, "Counts by group")[0] == ["group", "decision 0", "decision 1"]
    assert "ratio(selection_rate) &lt; 0.8 is not met." in page.partition('id="first"')[0]
    assert "Error rates compare" in show(Counts.from_mapping(GAP).audit())


def test_chance_and_what_is_not_stated_are_said():
    """Without words for 1 the column is named; a gap that chance explains is no finding, and no proof of parity."""
    decision, extremes, rule = summarize(Counts.from_mapping(ALIKE).audit(), WORDS, favorable=None)
    assert decision.startswith("A decision of 1 is a 1 in approved: 50.") and "--positive-means" in decision
    assert "Chance alone can explain" in extremes and "does not show that people are treated alike" in extremes
    assert "not applied" in rule and "--favorable" in rule


def test_four_fifths_and_chance_are_two_questions():
    """A small gap may be more than chance, and a large one chance; names with commas are quoted."""
    cells = {
        ("a, b", 1): [2000, 8000],
        ("c", 1): [3000, 7000],
        ("d", 1): [70, 30],
        ("e", 2): [10, 15],
        ("f", 2): [20, 80],
    }
    rule = summarize(Counts.from_mapping(cells, names=["x", "y"]).audit(), WORDS, favorable=1)[2]
    assert rule.endswith(
        "1 group is below 0.8, and more than chance (“d, 1”); 1 group is below 0.8, but chance may explain it "
        "(“e, 2”); 1 group is not below, but the gap is more than chance (“c, 1”); 1 group is not below (“f, 2”). "
        "Groups below 0.8 in each column alone: by x, 2 of 4; by y, none of 1."
    )


def test_the_rule_is_shown_group_by_group():
    """Against the highest favorable rate, which stands first; intervals hold at once; small groups are not judged."""
    found = Counts.from_mapping(GAP | {"west": [90, 30, 10, 70]}, names=["district"]).audit()
    for favorable, top, tiny in ((1, "north", "0.333"), (0, "south", "0.667")):
        page = show(found, favorable=favorable)
        head, first, *rows, last = table_of(page, RULE)
        assert head == ["district", "favorable rate", "impact ratio", "below 0.8?", "p", "p, adjusted"]
        rule = found.four_fifths(favorable=favorable)
        assert first[0] == f"{top}, the highest rate" and first[2:] == ["1", "", "", ""]
        assert last == ["tiny †", f"{tiny} of 3", "–", "not judged: fewer than 20 people", "–", "–"]
        assert len(rows) == 2
        for name, rate, ratio, said, *_ in rows:
            row = rule.loc[name]
            assert ratio == f"{row['ratio']:.3f} [{row['low_adjusted']:.3f}, {row['high_adjusted']:.3f}]"
            assert rate == f"{row['favorable_rate']:.3f} of {row['n']:,}" and said == row["finding"]
        words = " ".join(page.split())
        assert "all 3 pairs of groups" in words and "was picked by looking at" in words


RULE = "Rates of the favorable decision against the highest rate"


def test_the_rule_is_shown_for_each_column_alone():
    """The guidelines ask for it by sex and by race, not for intersections alone."""
    cells = {("f", "x"): [30, 70], ("m", "x"): [60, 40], ("f", "y"): [30, 70], ("m", "y"): [65, 35]}
    found = Counts.from_mapping(cells, names=["sex", "site"]).audit()
    page = show(found, favorable=1, roles=Roles.named(label=None, prediction="p", sensitive=["sex", "site"]))
    first, second = table_of(page, f"{RULE}, sex alone")[1:]
    assert first[0] == "f, the highest rate" and second[0] == "m" and second[3] == "below, and more than chance"
    assert [row[0] for row in table_of(page, f"{RULE}, site alone")[1:]] == ["x, the highest rate", "y"]


def test_a_reference_that_was_picked_says_so():
    """The highest favorable rate; all pairs count, in each column alone, too; two groups need no words."""
    cells = {("f", "x"): [60, 40], ("m", "x"): [300, 100], ("f", "y"): [55, 45], ("m", "y"): [290, 100]}
    found = Counts.from_mapping(cells, names=["sex", "site"]).audit()
    roles = Roles.named(label=None, prediction="p", sensitive=["sex", "site"])
    page = show(found, favorable=1, reference=found.pick_highest(favorable=1), roles=roles)
    words = " ".join(page.split())
    assert "Every group against f, y" in page and "the group with the highest rate of the favorable decision" in words
    assert "any of the 6 pairs of groups: the reference was picked" in words
    assert table_of(page, "Selection rate against f, sex alone")[1][0] == "f, the reference"
    largest = " ".join(show(found, favorable=1, roles=roles).split())
    assert "The reference is the largest group" in largest and "They are narrower than those of the lowest" in largest
    two = " ".join(show(Counts.from_mapping({"a": [30, 20], "b": [40, 10]}).audit(), roles=roles).split())
    assert "a table has one comparison" in two and "pairs of groups" not in two


@pytest.mark.parametrize(
    ("favorable", "errors", "second"),
    [
        (None, ["true positive rate", "false positive rate"], "Equal opportunity: true positive rate"),
        (1, ["false negative rate", "false positive rate"], "Equal opportunity: false negative rate"),
        (0, ["false positive rate", "false negative rate"], "Equal opportunity: false positive rate"),
    ],
)
def test_the_error_that_hurts_comes_first(favorable, errors, second):
    """Where it is known which decision is good: people who merit it, by their labels, and get the other one."""
    found = Counts.from_mapping(GAP, names=["district"]).audit()
    page = show(found, favorable=favorable)
    head, north = table_of(page, "Rates by group")[:2]
    shown = ["rate of decision 1" if favorable == 0 else "selection rate", *errors, "precision"]
    assert head[2:] == shown and f"<h3>{second}</h3>" in page
    assert north[3].startswith("0.750 of 400" if favorable is None else "0.250 of 400")
    assert [row[0] for row in table_of(page, EXTREMES)[1:]] == [*shown, "base rate", "accuracy"]
    hurt = {
        1: "of people with a 1 in repaid, those who have a 0 in approved",
        0: "of people with a 0 in repaid, those who have a 1 in approved",
    }
    if favorable is not None:
        assert f"{hurt[favorable]}. <b>This is the error that hurts people</b>" in page
    assert set(list_comparisons(found)["metric"]) == set(METRICS)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"a": [1, 2, 3, 4], "b": [30, 3, 3, 3]}, "Fewer than two groups have 20 people"),
        ({"a": [20, 10, 20, 10], "b": [40, 20, 40, 20]}, "is the same in every group, 33.3%"),
        ({"a": [20, 0, 20, 0], "b": [40, 0, 40, 0]}, "is the same in every group, 0.0%"),
    ],
)
def test_the_summary_of_groups_that_cannot_be_told_apart(cells, said):
    """No group is called the lowest where there is none."""
    assert said in summarize(Counts.from_mapping(cells).audit(), WORDS, favorable=1)[1]


def test_words_fit_any_decision():
    """Nobody is found, alarmed, cleared or missed; thresholds on scores are decisions too."""
    scored = Roles.named(label="y", prediction=None, score="risk", threshold=7, sensitive="g")
    for roles in (ROLES, scored):
        page = show(Counts.from_mapping(GAP).audit(), roles=roles)
        visible = re.sub("<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
        assert not re.search(r"\b(alarmed|cleared|missed|found\))", visible)
        assert not re.search("include_small|min_group_size|difference\\(\\)|true_positive_rate|NaN", visible)
    assert "have a score of at least 7 in risk" in page


def test_the_main_table_has_four_rates_with_denominators_and_everyone():
    """Base rate and accuracy are below; complements are in the file alone."""
    found = Counts.from_mapping(GAP, names=["district"]).audit()
    page = show(found)
    head, north, _, tiny, everyone = table_of(page, "Rates by group")
    assert head == ["district", "people", "selection rate", "true positive rate", "false positive rate", "precision"]
    assert north[:3] == ["north", "800", "0.500 [0.465, 0.535]"] and north[3].startswith("0.750 of 400 [")
    assert tiny[0] == "tiny †" and tiny[3] == "undefined no people with a 1 in repaid"
    assert everyone[:2] == ["everyone", "1,103"]
    low, high = wilson_interval(501, 1103, confidence=0.95)
    assert everyone[2] == f"0.454 [{low:.3f}, {high:.3f}]"
    assert table_of(page, "Base rate and accuracy by group")[0][2:] == ["base rate", "accuracy"]
    assert "false negative rate</b>" not in page
    rates = list_rates(found)
    assert rates.loc["north", ["false_negative_rate", "false_negative_rate_of", "n"]].tolist() == [0.25, 400, 800]
    assert {f"true_negative_rate{end}" for end in ("", "_low", "_high", "_of")} <= set(rates.columns)


@pytest.mark.filterwarnings("ignore::labkit.errors.DataWarning")
def test_everyone_has_an_effective_size_with_weights_and_no_interval_with_persons():
    """A person in several groups would be counted in each; rates are those of all rows."""
    frame = make_decisions().assign(w=np.tile([1.0, 3.0], 300), id=np.arange(600) // 2)
    roles = {"label": "y", "prediction": "yhat", "sensitive": "race"}
    weighted = count(frame, **roles, weight="w").audit()
    _, trials = tally_everyone(weighted)
    assert trials[0] == pytest.approx(600 * 4 / 5)  # (sum w)^2 / sum w^2
    persons = count(frame, **roles, person="id").audit()
    last = table_of(show(persons, roles=Roles.named(**roles, person="id")), "Rates by group")[-1]
    assert last[0] == "everyone" and "[" not in last[2]


@pytest.mark.parametrize(("reference", "named"), [(None, "north"), ("south", "south"), ("rest", "everyone else")])
def test_every_group_is_compared_with_the_reference(reference, named):
    """The largest by default; differences, ratios, intervals and adjusted p are those of the audit."""
    found = Counts.from_mapping(GAP | {"west": [90, 30, 10, 70]}, names=["district"]).audit()
    page = show(found, reference=reference)
    assert f"Every group against {named}</h2>" in page
    rows = {row[0]: row for row in table_of(page, f"Selection rate against {named}")}
    expected = found.against("selection_rate", reference)
    assert f"{named}, the reference" in rows or reference == "rest"
    for group, row in expected.drop("tiny").iterrows():
        assert rows[group][3] == f"{row['difference']:.3f} [{row['low_adjusted']:.3f}, {row['high_adjusted']:.3f}]"
        limits = f"[{row['ratio_low_adjusted']:.3f}, {row['ratio_high_adjusted']:.3f}]"
        assert rows[group][4].startswith(f"{row['ratio']:.3f} {limits}")
        assert rows[group][6] == ("< 0.001" if row["p_adjusted"] < 0.001 else f"{row['p_adjusted']:.3f}")
    clear = (expected["p_adjusted"] < 0.05).sum()
    assert f"{clear} of {len(expected)} groups differ from {named}{':' if clear else '.'}" in page
    assert not re.search("<(?![a-z/!])", page)  # less-than signs are escaped
    for criterion in ("Demographic parity", "Equal opportunity", "Equalized odds", "Predictive parity"):
        assert f"{criterion}" in page
    assert rows["tiny †"][2].startswith("0.333")


def test_what_cannot_be_compared_says_why():
    """A group without anybody to take a rate of, and a ratio over 0."""
    cells = {"a": [80, 0, 20, 0], "b": [30, 20, 10, 10], "c": [30, 10, 0, 0]}
    found = Counts.from_mapping(cells, names=["district"]).audit()
    page = show(found)
    selection = {row[0]: row for row in table_of(page, "Selection rate against a")}
    assert selection["b"][4] == "undefined the rate of a is 0" and selection["b"][3].startswith("0.429 [")
    opportunity = {row[0]: row for row in table_of(page, "True positive rate against a")}
    assert opportunity["c"][2] == "undefined no people with a 1 in repaid" and opportunity["c"][5:] == ["–", "–"]
    precision = {row[0]: row for row in table_of(page, "Precision against a")}
    assert precision["b"][3] == "undefined no people who have a 1 in approved in a"
    lines = table_of(show(Counts.from_mapping({"a": [30, 0, 9, 0], "b": [30, 0, 9, 0]}).audit()), EXTREMES)
    assert lines[1][4] == "undefined every rate is 0" and lines[4][1:5] == [
        "–",
        "–",
        "undefined fewer than two groups have a rate",
        "undefined fewer than two groups have a rate",
    ]


EXTREMES = "The groups with the lowest and the highest rate, and how far they are apart"


def test_the_groups_compared_are_named():
    """With their rates and sizes, in each metric; groups that are too small take no part."""
    lines = table_of(show(Counts.from_mapping(GAP).audit()), EXTREMES)
    assert lines[1][:3] == ["selection rate", "south 0.333 of 300", "north 0.500 of 800"]
    assert lines[3][:3] == ["false positive rate", "all alike", "all alike"]  # no group is called the lowest
    assert lines[4][:3] == ["precision", "south 0.500 of 100", "north 0.750 of 400"]
    assert [line[0] for line in lines[1:]] == [
        "selection rate",
        "true positive rate",
        "false positive rate",
        "precision",
        "base rate",
        "accuracy",
    ]


def test_each_column_is_shown_beside_the_intersections():
    """With the numbers that an audit of the column alone gives, weights too, in the declared order."""
    frame = make_decisions().assign(w=np.tile([1.0, 3.0], 300))
    frame["race"] = pd.Categorical(frame["race"], categories=["red", "green", "blue"])
    roles = {"label": "y", "prediction": "yhat", "weight": "w"}
    both = count(frame, **roles, sensitive=["race", "sex"]).audit()
    alone = split_attributes(both)
    assert list(alone) == ["race", "sex"]
    for name, found in alone.items():
        expected = count(frame, **roles, sensitive=name).audit()
        assert found.counts == expected.counts and found.by_group.index.equals(expected.by_group.index)
    page = show(both, roles=Roles.named(**roles, sensitive=["race", "sex"]), reference=("green", True))
    assert [row[0] for row in table_of(page, "Rates by group, race alone")[1:]] == ["red", "green", "blue", "everyone"]
    assert table_of(page, "Selection rate against green, race alone")[1][0] == "green, the reference"
    assert table_of(page, "Selection rate against green, True")[1][0] == "green, True, the reference"


@pytest.mark.filterwarnings("ignore::labkit.errors.DataWarning")
def test_columns_that_cannot_be_shown_alone_are_named():
    """One value for all, and persons, who may be in several intersections."""
    cells = {("f", "x"): [9, 9, 9, 9], ("m", "x"): [9, 9, 9, 9]}
    page = show(Counts.from_mapping(cells, names=["sex", "site"]).audit(n_tables=99))
    assert "Everybody is in one group, x" in page
    frame = make_decisions().assign(id=np.arange(600) // 2)
    roles = {"label": "y", "prediction": "yhat", "sensitive": ["race", "sex"], "person": "id"}
    persons = count(frame, **roles).audit(n_tables=99)
    assert "audit each column in a run of its own" in show(persons, roles=Roles.named(**roles))


def test_comparisons_are_listed_with_their_reference():
    """One row per metric and group; names of groups are in the index, where formulas are made harmless."""
    found = Counts.from_mapping({("=1", "x"): [9, 9, 9, 9], ("b", "y"): [8, 9, 9, 9]}, names=["g", "h"]).audit()
    listed = list_comparisons(found)
    assert listed.index.names == ["g", "h", "reference"] and listed.index[0] == ("b", "y", "=1, x")
    assert listed["metric"].tolist() == list(METRICS)


def test_provenance_is_shown_where_it_is_known():
    """File, size, rows, hash, date, command, versions and settings; nothing where an audit comes from Python."""
    known = Provenance(
        source="<b>log</b>.csv",
        files=1,
        size=12345,
        rows=678,
        sha256="ab" * 32,
        date="2026-01-02T03:04:05Z",
        command="labkit audit '<b>log</b>.csv'",
        versions={"labkit": "1.2", "Python": "3.11"},
        settings={"confidence": "0.95", "seed": "0\x1b"},
    )
    found = Counts.from_mapping(GAP).audit()
    page = show(found, provenance=known)
    for part in ("12,345 bytes", "678", "ab" * 32, "2026-01-02T03:04:05Z", "labkit 1.2, Python 3.11", "confidence"):
        assert f"<code>{part}</code>" in page or f"<dt>{part}</dt>" in page
    assert "&lt;b&gt;log&lt;/b&gt;.csv" in page and "<b>log</b>" not in page and "\x1b" not in page
    assert "Where the numbers come from" not in show(found)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</caption></table></main><h1>x",
    "$\\frac{$ and $x^2$",
    "=HYPERLINK(A1)",
    "\x1b[31m\x07\u202egnp",
    "a\n| b\t",
    "&lt;b&gt;",
    "#first",
    "{0} %s",
]


TAGS = set("html head meta title style body a div main h1 h2 h3 h4 p b ul li nav figure figcaption img table".split())
TAGS |= set("caption thead tbody tr th td br span dl dt dd details summary code picture source".split())
ATTRIBUTES = set("lang charset name content class href id tabindex role aria-label src alt scope media srcset".split())


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text_wherever_they_are_written(name):
    """Of groups, columns, files, decisions and provenance: no tag, attribute or control character of theirs."""
    from tests.audit.test_page import Page

    cells = {(name, name): [30, 10, 10, 30], (name + "2", "b"): [20, 20, 20, 20], ("c", name): [1, 0, 0, 0]}
    found = Counts.from_mapping(cells, names=[name, name + " "]).audit(n_tables=99)
    roles = Roles.named(label=name, prediction=name + "?", sensitive=[name, name + " "])
    origin = Provenance(name, 1, 1, 1, name, name, name, {name: name}, {name: name})
    options = {"roles": roles, "favorable": 1, "positive_means": name, "provenance": origin}
    page = write_page(found, "", alt=name, title=name, **options)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", page)
    seen, attributes = Page(page).seen, {key for key, _ in Page(page).attributes}
    assert set(seen) <= TAGS and attributes <= ATTRIBUTES
    assert seen.count("h1") == seen.count("main") == 1


def test_positive_means_is_an_option_of_the_command(tmp_path):
    """The page says it."""
    make_decisions().to_csv(tmp_path / "log.csv")
    options = {"label": "y", "prediction": "yhat", "sensitive": "race", "positive_means": "loan approved"}
    audit_file(tmp_path / "log.csv", **options, output=tmp_path / "out", console=Console(file=io.StringIO()))
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert "means “loan approved”" in page
    for name in re.findall(r'href="([^"#]+)"', page):
        assert (tmp_path / "out" / name).stat().st_size > 0
    comparisons = pd.read_csv(tmp_path / "out" / "comparisons.csv")
    assert len(comparisons) == 2 * len(METRICS) and comparisons["reference"].nunique() == 1


def test_long_tables_are_folded_behind_what_they_find():
    """The main table is open; what follows from it is one line until somebody opens it."""
    found = Counts.from_mapping({f"site {i}": [30, 20, 30, 40] for i in range(60)}, names=["site"]).audit(n_tables=99)
    page = show(found)
    assert page.count("<summary>All 59 groups against site 0</summary>") == 4
    assert "<details>" not in reference_tables(Counts.from_mapping(GAP).audit(), None, WORDS)
    assert page.partition("<caption>Rates by group</caption>")[0].count("<details>") == 0
