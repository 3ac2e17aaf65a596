"""The simulated clinic: one world per seed, knobs that do one thing each, exact twins, notes that tell part of it."""

import doctest
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import ks_2samp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from labkit.data.clinic import simulator, vocabulary
from labkit.data.clinic.simulator import KNOBS, counterfactual, simulate_clinic

N = 3000
SIGMAS = 5  # margin of a measured rate, in standard errors
STRONG = {
    "representation": 0.2,
    "label_bias": 0.6,
    "measurement_bias": 0.6,
    "proxy_strength": 0.8,
    "collection_bias": 0.8,
    "base_rate_gap": 0.25,
}
COLUMNS = (
    "note y y_true_disease group age smoking severity p_disease symptoms symptoms_written register arrives "
    "stayed_away patient seed"
).split()
# the columns that a knob may change, and must change somewhere; every other column stays equal to the last digit
CHANGES = {
    "representation": {"group", "note"},
    "label_bias": {"y"},
    "measurement_bias": {"note", "symptoms_written"},
    "proxy_strength": {"note"},
    "collection_bias": set("note y y_true_disease severity p_disease symptoms symptoms_written stayed_away".split()),
    "base_rate_gap": {"y", "y_true_disease", "p_disease"},
}


@pytest.fixture(scope="module")
def simulate():
    """Return a function that simulates the world of seed 0, once for each setting of the knobs; tests only read it."""
    return cache(lambda **knobs: simulate_clinic(n=N, seed=0, **knobs))


@pytest.fixture(scope="module")
def neutral(simulate):
    """The world with every knob neutral."""
    return simulate()


@pytest.fixture(scope="module", params=sorted(STRONG))
def turned(request, simulate):
    """The same world with one knob turned: (its name, the frame)."""
    return request.param, simulate(**{request.param: STRONG[request.param]})


@pytest.fixture(scope="module")
def twins_of_every_third():
    """Return a function that builds the twins of every third patient of a world, once for each world."""
    built = {}

    def build(world):
        if id(world) not in built:
            third = world[::3]
            built[id(world)] = third, counterfactual(third)
        return built[id(world)]

    return build


def fit_classifier(train, label, *, inverse_penalty=1.0, **options):
    """Fit a classifier of notes: TF-IDF and logistic regression."""
    regression = LogisticRegression(C=inverse_penalty, max_iter=1000)
    return make_pipeline(TfidfVectorizer(min_df=2, **options), regression).fit(train["note"], train[label])


def assert_rate(events, expected):
    """Assert that a share of events is what it should be, within SIGMAS standard errors."""
    events = np.asarray(events, dtype=float)
    assert abs(events.mean() - expected) < SIGMAS * np.sqrt(expected * (1 - expected) / len(events))


# one seed, one world


def test_same_seed_gives_the_same_world_and_another_seed_another(neutral):
    """The seed alone decides, and numpy's global state plays no part."""
    np.random.seed(1)
    pd.testing.assert_frame_equal(simulate_clinic(n=1500, seed=0), neutral.head(1500))
    assert (simulate_clinic(n=100, seed=1)["note"] != neutral["note"].head(100)).all()


@pytest.mark.parametrize("n", [1, 700, simulator.BLOCK, simulator.BLOCK + 1])
def test_first_patients_do_not_depend_on_how_many_follow(neutral, n):
    """A world of n patients is the beginning of a larger one."""
    pd.testing.assert_frame_equal(simulate_clinic(n=n, seed=0), neutral.head(n))


def test_columns_types_and_ranges(neutral):
    """The frame holds what the docstring says."""
    assert list(neutral.columns) == COLUMNS
    assert not neutral.isna().any().any()
    for name in ("y", "y_true_disease"):
        assert set(neutral[name]) == {0, 1}
    assert set(neutral["group"]) == {"a", "b"}
    assert set(neutral["smoking"]) == {"never", "former", "current"}
    assert neutral["age"].between(18, 95).all()
    assert neutral["p_disease"].between(0, 1).all()
    assert neutral["arrives"].all()
    assert neutral["patient"].tolist() == list(range(N))


# the model


def test_limit_is_the_probability_of_true_illness(neutral):
    """P(ill | severity, age, smoking) is calibrated in every tenth of the simulator."""
    for _, part in neutral.groupby(pd.qcut(neutral["p_disease"], 10)):
        spread = np.sqrt((part["p_disease"] * (1 - part["p_disease"])).sum())
        assert abs((part["y_true_disease"] - part["p_disease"]).sum()) < SIGMAS * spread


def test_limit_follows_the_stated_equation(neutral):
    """The log odds are linear in severity, age and smoking, with the coefficients of the model."""
    log_odds = (
        simulator.COEFFICIENTS["severity"] * neutral["severity"]
        + simulator.COEFFICIENTS["decades"] * (neutral["age"] - 55) / 10
        + simulator.COEFFICIENTS["smoking"] * neutral["smoking"].map({"never": 0.0, "former": 0.5, "current": 1.0})
    )
    intercept = np.log(neutral["p_disease"] / (1 - neutral["p_disease"])) - log_odds
    assert np.ptp(intercept) < 1e-6
    assert expit(intercept[0] + log_odds).mean() == pytest.approx(simulator.BASE_RATE, abs=0.03)


def test_neutral_world_treats_both_groups_alike(neutral):
    """With no knob turned the groups differ in nothing, and the record is the truth."""
    a, b = (neutral[neutral["group"] == group] for group in "ab")
    for name in ("severity", "age", "p_disease", "symptoms", "symptoms_written", "y"):
        assert ks_2samp(a[name], b[name]).pvalue > 1e-4, name
    assert (neutral["y"] == neutral["y_true_disease"]).all()
    assert (neutral["symptoms"] == neutral["symptoms_written"]).all()
    assert_rate(neutral["group"] == "b", 0.5)
    assert_rate(neutral["y_true_disease"], simulator.BASE_RATE)


def test_notes_predict_illness_but_not_as_well_as_the_limit(neutral):
    """A classifier of notes has an AUC above 0.82, and clearly below the limit, on the mean of three worlds."""
    found = []
    for world in (neutral, simulate_clinic(n=N, seed=1), simulate_clinic(n=N, seed=2)):
        train, test = world[: N // 2], world[N // 2 :]
        score = fit_classifier(train, "y", ngram_range=(1, 2)).predict_proba(test["note"])[:, 1]
        found.append([roc_auc_score(test["y_true_disease"], values) for values in (score, test["p_disease"])])
    notes, limit = np.mean(found, axis=0)
    assert 0.82 < notes < limit - 0.03
    assert 0.90 < limit < 0.95


def test_plain_training_on_biased_labels_decides_against_b():
    """Label bias and few patients of b give a decision gap above 0.15 in each of two worlds: notes name the group."""
    for seed in range(2):
        world = simulate_clinic(n=7000, seed=seed, label_bias=0.35, representation=0.3)
        train, test = world[:4000], world[4000:]
        decisions = pd.Series(fit_classifier(train, "y", inverse_penalty=5.0).predict(test["note"]), index=test.index)
        rate = decisions.groupby(test["group"]).mean()
        assert rate["a"] - rate["b"] > 0.15


# each knob does its one thing


def test_a_knob_changes_its_columns_and_no_other(neutral, turned):
    """Common random numbers: what a knob is not about stays equal, exactly."""
    knob, world = turned
    changed = {name for name in COLUMNS if not world[name].equals(neutral[name])}
    assert changed == CHANGES[knob]


def test_no_knob_but_representation_touches_group_a(neutral, turned):
    """Biases against b leave a's rows as they are; only proxies name a as well."""
    knob, world = turned
    stays = (world["group"] == "a") & (neutral["group"] == "a")
    columns = [name for name in COLUMNS if not (knob == "proxy_strength" and name == "note")]
    pd.testing.assert_frame_equal(world.loc[stays, columns], neutral.loc[stays, columns])


def test_a_knob_at_its_neutral_value_changes_nothing(neutral):
    """Naming the neutral values is the same as naming none."""
    named = simulate_clinic(n=1500, seed=0, **{name: knob.neutral for name, knob in KNOBS.items()})
    pd.testing.assert_frame_equal(named, neutral.head(1500))


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_representation_is_the_share_of_b(neutral, simulate, share):
    """If a patient changes group, the twin takes their place; all others stay."""
    world = simulate(representation=share)
    in_b = world["group"] == "b"
    if 0 < share < 1:
        assert_rate(in_b, share)
    else:
        assert in_b.mean() == share
    moved = world["group"] != neutral["group"]
    some = neutral.index[moved][::5]
    assert world.loc[some, "note"].tolist() == counterfactual(neutral.loc[some])["note"].tolist()
    assert world.loc[~moved, "note"].equals(neutral.loc[~moved, "note"])


@pytest.mark.parametrize("bias", [0.6, 1.0])
def test_label_bias_hides_that_share_of_the_ill_of_b(simulate, bias):
    """Only ill patients of b lose their diagnosis, nobody gains one."""
    world = simulate(label_bias=bias)
    hidden = world["y"] != world["y_true_disease"]
    at_risk = (world["group"] == "b") & (world["y_true_disease"] == 1)
    assert not hidden[~at_risk].any()
    if bias == 1.0:
        assert hidden[at_risk].all()
    else:
        assert_rate(hidden[at_risk], bias)


def test_label_bias_grows_by_the_same_people(simulate):
    """Patients who are overlooked at a little bias are overlooked at more."""
    little, more = (simulate(label_bias=bias)["y"] for bias in (0.2, 0.6))
    assert (more <= little).all() and (more < little).any()


def test_measurement_bias_leaves_that_share_of_b_unwritten(simulate):
    """A mention of b is lost with the stated probability, and the words of the note shrink with it."""
    world = simulate(measurement_bias=0.6)
    b = world[world["group"] == "b"]
    lost = np.repeat([1, 0], [(b["symptoms"] - b["symptoms_written"]).sum(), b["symptoms_written"].sum()])
    assert_rate(lost, 0.6)


def test_full_measurement_bias_writes_no_symptom_of_b(simulate):
    """At 1 nothing that a patient of b has is written down, though some of it is hinted at."""
    world = simulate(measurement_bias=1.0)
    b = world[world["group"] == "b"]
    assert (b["symptoms_written"] == 0).all()
    vague = re.compile("|".join(word for words in vocabulary.VAGUE.values() for word in words))
    assert 0.5 < b["note"].str.contains(vague).mean() < 1
    assert not world.loc[world["group"] == "a", "note"].str.contains(vague).any()


def place_words(note):
    """List the groups that a note's places belong to."""
    return [group for _, *words in vocabulary.PLACES for group, word in zip("ab", words, strict=True) if word in note]


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_proxy_strength_ties_places_to_the_group(simulate, strength):
    """A place is the group's own with probability (1 + strength) / 2, also where the group is masked."""
    world = simulate(proxy_strength=strength, mask_group=True, representation=0.3)
    places = world["note"].map(place_words)
    assert places.map(len).between(1, 2).all()
    own = [place == group for found, group in zip(places, world["group"], strict=True) for place in found]
    if strength == 1.0:
        assert all(own)
    else:
        assert_rate(own, (1 + strength) / 2)


@pytest.mark.parametrize(("strength", "low", "high"), [(0.0, 0.45, 0.55), (1.0, 0.99, 1.0)])
def test_masked_notes_reveal_the_group_only_through_proxies(simulate, strength, low, high):
    """A classifier of masked notes guesses the group at chance without proxies and always with them."""
    world = simulate(proxy_strength=strength, mask_group=True, representation=0.3)
    world = world.assign(b=world["group"] == "b")
    train, test = world[: N // 2], world[N // 2 :]
    assert low <= roc_auc_score(test["b"], fit_classifier(train, "b").predict_proba(test["note"])[:, 1]) <= high


@pytest.mark.parametrize("bias", [0.8, 1.0])
def test_collection_bias_keeps_mild_cases_of_b_away(neutral, simulate, bias):
    """Mild cases are thinned out by the stated share; n, the share of b and every case that came at once stay."""
    world = simulate(collection_bias=bias)
    b = world[world["group"] == "b"]
    mild = b["severity"] < simulator.MILD_BELOW
    if bias == 1.0:
        assert not mild.any()
    else:
        assert_rate(mild, (1 - bias) / (2 - bias))  # a half of all cases is mild
    at_once = world["stayed_away"] == 0
    pd.testing.assert_frame_equal(world[at_once], neutral[at_once])
    assert not (world["severity"][~at_once] == neutral["severity"][~at_once]).any()
    severe = world["severity"] >= simulator.MILD_BELOW
    b_severe = world.loc[severe & (world["group"] == "b"), "severity"]
    assert ks_2samp(b_severe, neutral.loc[neutral["severity"] >= simulator.MILD_BELOW, "severity"]).pvalue > 1e-4


@pytest.mark.parametrize("gap", [-0.3, 0.1, 0.25])
def test_base_rate_gap_is_the_true_difference(neutral, simulate, gap):
    """P(ill | a) - P(ill | b) is the knob; b is moved, a stays."""
    world = simulate(base_rate_gap=gap)
    b = world["group"] == "b"
    assert_rate(world.loc[b, "y_true_disease"], simulator.BASE_RATE - gap)
    assert_rate(world.loc[~b, "y_true_disease"], simulator.BASE_RATE)
    moved = world.loc[b, "y_true_disease"] - neutral.loc[b, "y_true_disease"]
    assert (moved * np.sign(gap) <= 0).all()  # nobody moves the other way


# twins


@pytest.mark.parametrize("mask_group", [False, True])
def test_neutral_twins_differ_only_in_the_words_that_name_the_group(simulate, twins_of_every_third, mask_group):
    """Swapping the district's name gives the twin's note; masked notes are the same."""
    world = simulate(mask_group=True) if mask_group else simulate()
    world, twins = twins_of_every_third(world)
    a, b = vocabulary.DISTRICTS["a"], vocabulary.DISTRICTS["b"]
    swap = {a: b, b: a}
    swapped = world["note"].str.replace(f"{a}|{b}", lambda match: swap[match[0]], regex=True)
    assert twins["note"].equals(swapped)
    assert (twins["note"] == world["note"]).all() == mask_group
    same = [name for name in COLUMNS if name not in ("note", "group")]
    pd.testing.assert_frame_equal(twins[same], world[same])


def test_twins_keep_every_exogenous_value(turned, twins_of_every_third):
    """Whatever knob is turned, the twin has the same age, smoking, severity, symptoms and words to choose from."""
    world, twins = twins_of_every_third(turned[1])
    assert (twins["group"] != world["group"]).all()
    kept = ["age", "smoking", "severity", "symptoms", "register", "stayed_away", "patient", "seed"]
    pd.testing.assert_frame_equal(twins[kept], world[kept])


def test_twin_of_the_twin_is_the_original(turned, twins_of_every_third):
    """There and back is exact, attributes included."""
    world, twins = twins_of_every_third(turned[1])
    back = counterfactual(twins)
    pd.testing.assert_frame_equal(back, world)
    assert back.attrs == world.attrs


def test_twins_of_all_knobs_at_once_come_back():
    """Also in a world where every knob is turned."""
    world = simulate_clinic(n=300, seed=3, mask_group=True, **STRONG)
    pd.testing.assert_frame_equal(counterfactual(counterfactual(world)), world)


def test_twins_of_b_lose_the_bias(neutral):
    """The twin of a patient of b has the record and the note of a patient of a."""
    neutral = neutral.head(1000)
    world = simulate_clinic(n=1000, seed=0, label_bias=0.6, measurement_bias=0.6)
    b = world["group"] == "b"
    twins = counterfactual(world[b])
    assert (twins["y"] == world.loc[b, "y_true_disease"]).all()
    assert (twins["symptoms_written"] == twins["symptoms"]).all()
    assert twins["note"].equals(counterfactual(neutral[b])["note"])


def test_twins_of_mild_patients_of_a_may_not_have_arrived(simulate, twins_of_every_third):
    """`arrives` says what collection bias would have done: to mild twins in b, with its probability."""
    _, twins = twins_of_every_third(simulate(collection_bias=0.8))
    mild_in_b = (twins["group"] == "b") & (twins["severity"] < simulator.MILD_BELOW)
    assert twins.loc[~mild_in_b, "arrives"].all()
    assert_rate(~twins.loc[mild_in_b, "arrives"], 0.8)


def test_twins_of_any_rows_in_any_order(neutral, twins_of_every_third):
    """Subsets, shuffled and repeated rows keep their index and their order."""
    world, twins = twins_of_every_third(neutral)
    rows = world.sample(400, replace=True, random_state=0)
    pd.testing.assert_frame_equal(counterfactual(rows), twins.loc[rows.index])


def test_twins_of_several_worlds_in_one_frame():
    """Frames of several seeds may be joined; columns that were not simulated are left behind."""
    worlds = [simulate_clinic(n=50, seed=seed, label_bias=0.5) for seed in (1, 2)]
    joined = pd.concat(worlds, ignore_index=True).assign(y_score=0.5)
    expected = pd.concat([counterfactual(world) for world in worlds], ignore_index=True)
    pd.testing.assert_frame_equal(counterfactual(joined), expected)


def test_twins_after_a_csv_file_need_the_knobs():
    """A CSV file loses the knobs: named again, the twins are the same."""
    world = simulate_clinic(n=200, seed=4, label_bias=0.5, mask_group=True)
    read = pd.read_csv(io.StringIO(world.to_csv(index=False)))
    with pytest.raises(ValueError, match=r"lost the knobs.*knobs=\{\}"):
        counterfactual(read)
    twins = counterfactual(read, knobs={"label_bias": 0.5, "mask_group": True})
    pd.testing.assert_frame_equal(twins, counterfactual(world))


def test_twins_after_a_parquet_file_need_nothing(tmp_path):
    """A Parquet file keeps the knobs."""
    world = simulate_clinic(n=200, seed=4, label_bias=0.5)
    world.to_parquet(tmp_path / "world.parquet")
    pd.testing.assert_frame_equal(counterfactual(pd.read_parquet(tmp_path / "world.parquet")), counterfactual(world))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="patient"), "no column 'patient'"),
        (lambda frame: frame.head(0), "no rows"),
        (lambda frame: frame.assign(group="c"), "group 'c'.*'a' and 'b'"),
        (lambda frame: frame.assign(patient=frame["patient"] + 0.5), "patient=0.5: give a whole number"),
        (lambda frame: frame.assign(patient=-1), "patient=-1"),
        (lambda frame: frame.assign(seed=8), "column 'note' of patient 0 is not what this world holds"),
        (lambda frame: frame.assign(y=1 - frame["y"]), "column 'y' of patient 0"),
        (lambda frame: frame.assign(severity=frame["severity"] + 1e-3), "column 'severity' of patient 0"),
        (lambda frame: frame["note"], "give a DataFrame"),
    ],
)
def test_twins_of_unknown_rows_are_rejected(change, message):
    """A frame that does not say who its rows are, or says it wrongly, has no twins."""
    with pytest.raises(ValueError, match=message):
        counterfactual(change(simulate_clinic(n=20, seed=7)))


# errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labelbias": 0.1}, "unknown knob 'labelbias'; the knobs are representation, label_bias, measurement_bias"),
        ({"label_bias": 1.2}, r"label_bias=1.2: give a number from 0.0 to 1.0"),
        ({"base_rate_gap": 0.5}, r"base_rate_gap=0.5: give a number from -0.3 to 0.3"),
        ({"proxy_strength": float("nan")}, "proxy_strength=nan"),
        ({"representation": "half"}, "representation='half'"),
        ({"representation": True}, "representation=True"),
        ({"n": 0}, "n=0: give a whole number of at least 1"),
        ({"n": 10.5}, "n=10.5"),
        ({"seed": -1}, "seed=-1: give a whole number of at least 0"),
        ({"mask_group": 1}, "mask_group=1: give True or False"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    """The error names the argument, its value and what is allowed."""
    with pytest.raises(ValueError, match=message):
        simulate_clinic(**{"n": 10} | arguments)


def test_card_states_the_model_as_it_is():
    """Every number in the card's table of the model is the one in the code."""
    card = (Path(__file__).parents[2] / "datasets/clinic/card.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `([\w. ]+)` \| ([-\d.]+) \|", card, flags=re.MULTILINE))
    vitals = ("temperature", "breathing", "oxygen", "heart")
    actual = (
        {f"illness {name}": value for name, value in simulator.COEFFICIENTS.items()}
        | {"base rate": simulator.BASE_RATE, "mild below": simulator.MILD_BELOW}
        | {"age mean": simulator.AGE_MEAN, "age spread": simulator.AGE_SD}
        | {f"smoking {name}": share for name, share in zip(simulator.SMOKING, simulator.SMOKING_SHARES, strict=True)}
        | {
            f"{vital} {part}": value
            for vital, row in zip(vitals, simulator.VITALS, strict=True)
            for part, value in zip(("mean", "severity", "fever", "spread"), row, strict=False)
        }
    )
    assert {name: float(value) for name, value in stated.items()} == pytest.approx(actual)
    assert all(f"`{name}`" in card for name in KNOBS)


def test_examples_in_the_docstrings_run():
    """What the documentation shows is what happens."""
    results = doctest.testmod(simulator)
    assert results.attempted > 0 and results.failed == 0
