"""Persons with several rows: intervals that hold their level, whatever holds the rows; and identifiers not named."""

import warnings

import numpy as np
import pandas as pd
import pytest

from labkit.audit.counts import count
from labkit.audit.sampling._identifiers import looks_like_an_identifier
from labkit.data import load_compas, load_german, load_hmda, load_rand_hie, load_star
from labkit.errors import DataWarning, UserError
from tests.audit.decisions import NAMES, make_decisions

BY_PERSON = {**NAMES, "sensitive": "race", "person": "id"}


def repeat(frame, times):
    """Give every person the same row several times."""
    return pd.concat([frame.assign(id=frame["name"])] * times, ignore_index=True).sample(frac=1, random_state=0)


@pytest.mark.parametrize("times", [1, 3])
def test_rows_that_repeat_a_person_add_nothing(times):
    """Persons with one row, and with three equal rows: rates, intervals and p-values of the persons."""
    frame = make_decisions()
    once = count(frame, **NAMES, sensitive="race").audit()
    found = count(repeat(frame, times), **BY_PERSON).audit()
    pd.testing.assert_frame_equal(found.by_group, once.by_group)  # n counts persons
    pd.testing.assert_frame_equal(found.intervals, once.intervals)
    assert found.parity_test("accuracy") == pytest.approx(once.parity_test("accuracy"))
    assert found.counts.sample["rows"].tolist() == (times * once.counts.sizes).tolist()


def test_clustered_intervals_hold_their_level_and_naive_ones_do_not():
    """Of 1,000 samples of 80 persons with 5 similar rows each: 95% intervals cover in 95%, naive ones in far fewer."""
    runs, persons, rows, rate = 1000, 80, 5, 0.3
    rng = np.random.default_rng(0)
    own = rng.beta(rate, 1 - rate, size=(runs, persons))  # intraclass correlation 1/2
    frame = pd.DataFrame({"yhat": (rng.random((runs, persons, rows)) < own[..., None]).ravel()})
    frame["run"], frame["id"] = (frame.index // (persons * rows)).astype(str), frame.index // rows
    columns = {"label": None, "prediction": "yhat", "sensitive": "run"}
    with pytest.warns(DataWarning, match="'id' looks like an identifier of persons"):
        naive = count(frame, **columns)
    clustered = count(frame, **columns, person="id")
    limits = [found.audit().intervals["selection_rate"] for found in (clustered, naive)]
    covered, naively = (((each["low"] < rate) & (rate < each["high"])).mean() for each in limits)
    assert abs(covered - 0.95) < 0.02 and naively < 0.8
    # the design effect is 1 + (rows - 1) * correlation (Donner and Klar 2000)
    worth = clustered.audit().effective_sizes["selection_rate"]
    assert worth.mean() == pytest.approx(persons * rows / (1 + (rows - 1) / 2), rel=0.05)


def test_persons_with_weights_have_the_variance_of_a_ratio():
    """Effective sizes are p(1-p) / variance, with the linearized variance computed person by person."""
    frame = make_decisions()
    rng = np.random.default_rng(4)
    frame["id"] = frame["race"].str[0] + pd.Series(rng.integers(0, 70, len(frame))).astype(str)
    frame["w"] = rng.lognormal(size=len(frame))
    found = count(frame, **BY_PERSON, weight="w")
    worth = found.audit().effective_sizes["true_positive_rate"]
    for group, part in frame.groupby("race"):
        weight = part["w"] * part["y"]  # of the positives
        rate = (weight * part["yhat"]).sum() / weight.sum()
        residuals = (weight * (part["yhat"] - rate)).groupby(part["id"]).sum()  # one per person
        assert worth[group] == pytest.approx(rate * (1 - rate) / ((residuals**2).sum() / weight.sum() ** 2))
        assert found.sample.loc[group, "persons"] == part["id"].nunique()


def test_bounds_where_a_rate_says_nothing_about_persons():
    """A rate of 0 or 1 counts the rows of a person as one; persons who balance exactly count as no more than rows."""
    rows = pd.DataFrame({"sex": list("aaaabbbb"), "id": [1, 1, 2, 2, 3, 3, 4, 4], "yhat": [0, 0, 0, 0, 0, 1, 1, 0]})
    worth = count(rows, label=None, prediction="yhat", sensitive="sex", person="id").audit().effective_sizes
    assert worth["selection_rate"].tolist() == [2, 4]


def test_persons_in_several_groups_are_counted_in_each_and_said():
    """Comparisons then take one person for two: a warning says how often."""
    frame = make_decisions().assign(id=lambda each: each.index % 100)
    with pytest.warns(DataWarning, match="persons of column 'id' have rows in several groups, and are counted 1"):
        found = count(frame, **BY_PERSON)
    assert found.sizes.sum() > 100 and "several groups" in found.audit().warnings[0]


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"id": [None, *range(599)]}, {}, "person column 'id' is missing for 1 rows; drop those rows"),
        ({"y": 2}, {}, "column 'y' must hold 0 and 1.*it has 2"),
        ({"yhat": np.nan}, {}, "column 'yhat' must hold 0 and 1.*missing"),
        ({"race": None}, {}, "'race' is missing for 600 people"),
        ({"w": -1}, {"weight": "w"}, "weight column 'w'.*-1"),
        ({}, {"person": "y"}, "'y' is named as person and as label"),
        ({}, {"person": "race"}, "'race' is named as sensitive and as person"),
        ({}, {"count": "site"}, "count= says .* and person= that it is about one"),
    ],
)
def test_rejects_what_cannot_be_counted_by_person(change, options, message):
    """As without persons, and rows whose person is missing."""
    frame = make_decisions().assign(id=range(600)).assign(**change)
    with pytest.raises(UserError, match=message):
        count(frame, **{**BY_PERSON, **options})


def test_counts_of_different_persons_add_up():
    """Parts that share no person give the counts of the whole."""
    frame = make_decisions().assign(id=lambda each: each["race"] + (each.index % 150).astype(str))
    first = frame["id"].str.endswith(tuple("01234"))
    parts = (count(frame[which], **BY_PERSON, min_groups=0) for which in (first, ~first))
    assert sum(parts) == count(frame, **BY_PERSON)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("id ID uid UUID person PersonID patient_id patientId subject ssn customer_nr customerNumber user-id", True),
        ("the_user_ids client_key anon_patient_id pid Pid PATIENT_NO", True),
        (
            "age width paid school_id state_id applicant_income patient_age no nr number key valid idea row_nr ident",
            False,
        ),
    ],
)
def test_identifiers_are_told_by_their_words(names, expected):
    """All words of the name count: applicant_income is no identifier, and paid has no id in it."""
    assert {name: looks_like_an_identifier(name) for name in names.split()} == dict.fromkeys(names.split(), expected)


def notes_of(frame, **options):
    """Count, and return what was warned about."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        count(frame, **{**NAMES, "sensitive": "race", **options})
    return [str(each.message) for each in caught if issubclass(each.category, DataWarning)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (lambda n: np.arange(n) // 3, True),
        (lambda n: [f"p{i // 3}" for i in range(n)], True),
        (lambda n: pd.Categorical(np.arange(n) // 3), True),
        (lambda n: np.arange(n), False),  # no repeats
        (lambda n: np.maximum(np.arange(n) - 3, 0), False),  # three, by mistake perhaps
        (lambda n: np.arange(n) % 2, False),  # is a patient, or not
        (lambda n: np.arange(n) // 3 / 7, False),  # fractions are measurements
        (lambda n: [[i // 3] for i in range(n)], False),  # not hashable
    ],
)
def test_identifiers_that_repeat_are_warned_about(values, expected):
    """Rows of the same patient make intervals too narrow; a column with one row for each is fine."""
    frame = make_decisions()
    frame["patient_id"] = values(len(frame))
    said = notes_of(frame)
    assert [("'patient_id'" in line and "pass person='patient_id'" in line) for line in said] == [True] * expected
    assert not expected or notes_of(frame.iloc[:30])  # ten patients in thirty rows are enough
    assert not any("looks like" in line for line in notes_of(frame.explode("patient_id"), person="patient_id"))


@pytest.mark.parametrize(
    ("load", "outcome", "sensitive", "expected"),
    [
        (load_compas, "two_year_recid", "race", 0),
        (load_german, "good_credit", "sex", 0),
        (load_hmda, "deny", "afam", 0),
        (lambda: load_star(), "star", "gender", 0),
        (load_rand_hie, "female", "site", 1),
    ],
)
def test_shipped_tables_are_warned_about_where_rows_are_not_people(load, outcome, sensitive, expected):
    """The health insurance experiment has a row for each year of a person; the other tables one for each person."""
    frame = load().frame
    frame = frame.assign(star=1) if outcome == "star" else frame
    frame = frame[frame[sensitive].notna()]
    said = notes_of(frame, label=None, prediction=outcome, sensitive=sensitive)
    assert len(said) == expected and all("column 'person' looks like an identifier" in line for line in said)
