"""Names of groups that look alike: warned about with a remedy that works, and shown so that nobody confuses them."""

import unicodedata

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from labkit.audit.calibration import calibration_by_group
from labkit.audit.counts import Counts, count
from labkit.audit.files.logs import count_file
from labkit.audit.inputs._names import label_groups
from labkit.audit.plots import plot_calibration, plot_group_rates
from labkit.audit.results import group_rates
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import count_scores
from labkit.audit.sections._sentences import DecisionWords, read_metric
from labkit.errors import DataWarning

NAMES = {"label": "y", "prediction": "yhat"}
COMPOSED, SPLIT = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def people(*groups, n=40):
    """Make decisions and scores about people of the groups, as many of each."""
    rng = np.random.default_rng(4)
    group = pd.Series(list(groups) * n, dtype=object)
    rows = len(group)
    return pd.DataFrame({"y": rng.integers(0, 2, rows), "yhat": rng.integers(0, 2, rows), "sex": group})


ALIKE = {
    "blank before": ((" Male", "Male"), "only in blanks: ' Male' and 'Male'"),
    "blank behind": (("Male", "Male "), "only in blanks: 'Male' and 'Male '"),
    "no-break space": (("not\xa0stated", "not stated"), r"only in blanks: .*'not\\xa0stated'"),
    "two blanks": (("not  stated", "not stated"), "only in blanks"),
    "capitals": (("MALE", "Male", "male"), "only in capitals: 'MALE' and 'Male' and 'male'"),
    "blanks and capitals": ((" male", "Male"), "only in blanks and capitals"),
    "Unicode": ((COMPOSED, SPLIT), r"only in Unicode form: 'cafe\\u0301' and 'caf\\xe9'"),
    "invisible": (("Male", "Male\u200b"), r"only in invisible characters: 'Male' and 'Male\\u200b'"),
    "zeros": (("1", "1.0", "2"), "only in zeros after the point: '1' and '1.0';"),
    "number and text": ((1, "1", 2), "only in type: 1 and '1';"),
    "truth and text": ((True, "True"), "only in type: True and 'True'"),
    "number and 1.0": ((1, "1.0"), "only in type and zeros after the point"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_names_that_are_almost_the_same_are_warned_about(case):
    """When rows are counted and in the audit; the pandas line in the warning joins them."""
    groups, message = ALIKE[case]
    frame = people(*groups, "other")
    with pytest.warns(DataWarning, match="column 'sex' has groups that differ " + message) as caught:
        counts = count(frame, **NAMES, sensitive="sex")
    assert counts.audit().warnings[0] == str(caught[0].message) and len(caught) == 1
    with pytest.warns(DataWarning, match="column 'sex' has groups that differ"):
        count_scores(frame, label="y", score="yhat", sensitive="sex")
    exec(str(caught[0].message).split("in pandas: ")[1].removesuffix(")"))
    joined = 3 if case == "capitals" else 2
    assert len(count(frame, **NAMES, sensitive="sex").groups) == len(groups) - joined + 2  # or a warning: an error here


@pytest.mark.parametrize(
    "groups", [("02139", "2139"), ("a", "b"), ("1.5", "1"), ("A+", "A"), (1, 2), (True, False), ("10", "100")], ids=str
)
def test_names_that_differ_are_left_alone(groups):
    """No warning, which would be an error here."""
    assert count(people(*groups), **NAMES, sensitive="sex").remarks == []


def test_a_column_has_one_warning():
    """Whatever the number of pairs, and of columns they are crossed with; a few are named."""
    frame = people(*(name for letter in "abcdefgh" for name in (letter, letter.upper())))
    frame["site"] = np.arange(len(frame)) % 3
    with pytest.warns(DataWarning) as caught:
        count(frame, **NAMES, sensitive=["sex", "site"])
    assert len(caught) == 1
    assert "'A' and 'a'; 'B' and 'b'; 'C' and 'c'; 'D' and 'd'; 'E' and 'e' and 3 more; if they" in str(
        caught[0].message
    )


def test_parts_of_a_file_are_warned_about_once(tmp_path):
    """Also where each part has one of the two names, and nobody could tell from it."""
    people("Male", "male", "other").sort_values("sex").to_parquet(tmp_path / "log.parquet")
    with pytest.warns(DataWarning) as caught:
        counts = count_file(tmp_path / "log.parquet", **NAMES, sensitive="sex")
    assert [str(each.message) for each in caught] == counts.remarks and len(caught) == 1


# Two intersections that commas make alike, and two that only their types tell apart.
CROSSED = [("A, B", "C"), ("A", "B, C"), ("A", "C"), (1, "x"), ("1", "x")]


def crossed():
    """Make decisions about people of the intersections."""
    frame = people(*range(len(CROSSED)))
    race, site = zip(*(CROSSED[group] for group in frame["sex"]), strict=True)
    return frame.assign(race=race, site=site)


def test_intersections_with_one_joined_name_are_warned_about():
    """Tables and figures of other tools would make one group of two."""
    with pytest.warns(DataWarning) as caught:
        count(crossed(), **NAMES, sensitive=["race", "site"])
    said = [str(each.message) for each in caught]
    assert len(said) == 2 and "1 and '1'" in said[0]
    assert "groups ('A', 'B, C') and ('A, B', 'C') have the same name once commas join" in said[1]


@pytest.mark.filterwarnings("ignore::labkit.errors.DataWarning")
def test_groups_that_look_alike_are_told_apart_where_they_are_shown():
    """Tables, figures, readings and warnings; in the figure of calibration each keeps its own line."""
    columns = ["race", "site"]
    counts = count(crossed(), **NAMES, sensitive=columns)
    names = ["1, 'x'", "A, 'B, C'", "A, C", "'1', 'x'", "'A, B', C"]
    assert sorted(group_rates(counts.audit()).index) == sorted(names)
    ax = plot_group_rates(counts.audit())
    assert sorted(label.get_text() for label in ax.get_yticklabels()) == sorted(names)
    scores = count_scores(crossed(), label="y", score="yhat", sensitive=columns)
    ax = plot_calibration(scores.calibration(bins=2))
    assert sorted(line.get_label() for line in ax.lines) == sorted(names)
    for line, (race, site) in zip(ax.lines, scores.groups, strict=True):
        frame = crossed()
        part = frame[[each == (race, site) for each in zip(frame["race"], frame["site"], strict=True)]]
        np.testing.assert_allclose(line.get_ydata(), part.groupby("yhat")["y"].mean())
    plt.close("all")
    two = Counts.from_mapping({("A, B", "C"): [40, 10, 10, 40], ("A", "B, C"): [10, 40, 40, 10]}, names=columns).audit()
    said = read_metric(two, "accuracy", DecisionWords.of(Roles.named(**NAMES, sensitive=columns)))
    assert "in “A, 'B, C'” to" in said and "in “'A, B', C”." in said
    small = two.counts.audit(min_group_size=1000).warnings
    assert any("""group "'A, B', C" has 100 people""" in line for line in small)


def test_calibration_keeps_a_number_and_a_text_apart():
    """One line each, although both are written 1."""
    groups = [1, "1"] * 20
    y = [int(isinstance(group, str)) for group in groups]
    table = calibration_by_group(y_true=y, y_score=[0.5] * 40, sensitive_features=groups)
    assert table["share"].tolist() == [0, 1]
    ax = plot_calibration(table)
    assert [(line.get_label(), line.get_ydata().tolist()) for line in ax.lines] == [("1", [0.0]), ("'1'", [1.0])]
    plt.close(ax.figure)


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        (["a", "b"], ["a", "b"]),
        (["a ", "a", "b"], ["'a '", "'a'", "b"]),
        ([1, "1", 2], ["1", "'1'", "2"]),
        ([COMPOSED, SPLIT], [r"'caf\xe9'", r"'cafe\u0301'"]),
        ([("Asian, Pacific", "f"), ("x", "f")], ["'Asian, Pacific', f", "x, f"]),
        (["_other", "$0-$25k"], ["_other", "$0-$25k"]),
    ],
    ids=str,
)
def test_labels_never_look_alike(groups, labels):
    """Quotes only where they tell groups apart."""
    assert label_groups(groups) == labels
