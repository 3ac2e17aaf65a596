"""What the methods that change the data do to them: weights, rows, words, labels, features."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from labkit.data.clinic.simulator import counterfactual, simulate_clinic
from labkit.language.swaps import DISTRICT_WORDS, GENDER_WORDS, both_ways, mask_words, swap_words
from labkit.mitigation.estimators import FeaturesAndClassifier
from labkit.mitigation.features import CorrelationRemoval, CounterfactualAugmentation, Unawareness, Unmitigated
from labkit.mitigation.labels import LabelRepair, Massaging, massage_labels, out_of_fold_scores, repair_labels
from labkit.mitigation.weights import Reweighing, resample_rows, sample_weights

# (group, label): people. In b the label 1 is rare.
SIZES = {("a", 0): 30, ("a", 1): 50, ("b", 0): 15, ("b", 1): 5}


@pytest.fixture
def cells():
    """A hundred people in four cells, in random order: labels and groups."""
    people = [cell for cell, size in SIZES.items() for _ in range(size)]
    order = np.random.default_rng(1).permutation(len(people))
    return np.array([people[row][1] for row in order]), np.array([people[row][0] for row in order])


def sizes(y, groups, weights=None):
    """Return the total weight of each cell."""
    frame = pd.DataFrame({"group": groups, "y": y, "weight": 1.0 if weights is None else weights})
    return frame.groupby(["group", "y"])["weight"].sum().to_dict()


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("same", SIZES),
        ("group", {("a", 0): 18.75, ("a", 1): 31.25, ("b", 0): 37.5, ("b", 1): 12.5}),
        ("group_label", {("a", 0): 25, ("a", 1): 25, ("b", 0): 25, ("b", 1): 25}),
        ("reweighing", {("a", 0): 36, ("a", 1): 44, ("b", 0): 9, ("b", 1): 11}),
    ],
)
def test_weights_give_each_cell_its_total(cells, scheme, expected):
    """By hand for a hundred people; people of one cell weigh the same."""
    y, groups = cells
    weights = sample_weights(y, groups, scheme=scheme)
    assert sizes(y, groups, weights) == pytest.approx(expected) and weights.sum() == pytest.approx(100)
    assert pd.DataFrame({"y": y, "g": groups, "w": weights}).groupby(["g", "y"])["w"].nunique().max() == 1


@pytest.mark.parametrize(
    ("strategy", "scheme", "expected"),
    [
        ("over", "group", {("a", 0): 30, ("a", 1): 50, ("b", 0): 60, ("b", 1): 20}),
        ("under", "group", {("a", 0): 8, ("a", 1): 12, ("b", 0): 15, ("b", 1): 5}),
        ("balanced", "group", {("a", 0): 19, ("a", 1): 31, ("b", 0): 38, ("b", 1): 12}),
        ("over", "group_label", {("a", 0): 50, ("a", 1): 50, ("b", 0): 50, ("b", 1): 50}),
        ("under", "group_label", {("a", 0): 5, ("a", 1): 5, ("b", 0): 5, ("b", 1): 5}),
        ("balanced", "group_label", {("a", 0): 25, ("a", 1): 25, ("b", 0): 25, ("b", 1): 25}),
        ("over", "reweighing", {("a", 0): 60, ("a", 1): 73, ("b", 0): 15, ("b", 1): 18}),
        ("under", "reweighing", {("a", 0): 16, ("a", 1): 20, ("b", 0): 4, ("b", 1): 5}),
        ("balanced", "reweighing", {("a", 0): 36, ("a", 1): 44, ("b", 0): 9, ("b", 1): 11}),
    ],
)
def test_resampling_gives_each_cell_its_size(cells, strategy, scheme, expected):
    """Nobody is lost in "over", nobody repeated in "under", and a person is repeated as evenly as possible."""
    y, groups = cells
    rows = resample_rows(y, groups, strategy=strategy, scheme=scheme)
    assert sizes(y[rows], groups[rows]) == expected
    times = np.bincount(rows, minlength=len(y))
    assert (strategy != "over" or times.min() >= 1) and (strategy != "under" or times.max() <= 1)
    for cell in SIZES:
        own = times[(groups == cell[0]) & (y == cell[1])]
        assert own.max() - own.min() <= 1


def test_the_draw_belongs_to_its_seed(cells):
    """The same seed draws the same rows, another one draws others."""
    y, groups = cells
    draws = [resample_rows(y, groups, strategy="under", seed=seed).tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_a_cell_that_would_vanish_is_refused():
    """Five positives of ten people, beside ten of ten thousand: independence would leave none of them."""
    y, groups = np.repeat([0, 1, 0, 1], [5, 5, 9990, 10]), np.repeat(["a", "b"], [10, 10_000])
    with pytest.raises(ValueError, match="'under' would leave nobody in group 'a' with label 1; use 'over'"):
        resample_rows(y, groups, strategy="under", scheme="reweighing")


def test_the_same_weight_for_everybody_does_nothing(cells):
    """To the last digit it is the untouched model; reweighing is not."""
    y, groups = cells
    X = np.column_stack([y + np.random.default_rng(0).normal(size=100), groups == "b"])
    scores = [
        method.fit(X, y, sensitive_features=groups).predict(X)["y_score"].to_numpy()
        for method in (Unmitigated(), Reweighing(scheme="same"), Reweighing())
    ]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-12)
    assert np.abs(scores[0] - scores[2]).max() > 0.05


def test_weights_and_whole_repetitions_are_the_same_training(cells):
    """A person who weighs three is a person who stands there three times."""
    y, groups = cells
    X, times = np.random.default_rng(0).normal(size=(100, 2)), np.where(groups == "b", 3, 1)
    features = X - X.mean(0)
    weighted = FeaturesAndClassifier(LogisticRegression(tol=1e-10), X).fit(features, y, times)
    repeated = FeaturesAndClassifier(LogisticRegression(tol=1e-10), X).fit(
        features.repeat(times, axis=0), y.repeat(times)
    )
    np.testing.assert_allclose(weighted.score(features), repeated.score(features), atol=1e-5)


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("He said she could not help herself.", "She said he could not help himself."),
        ("HER doctor met Him.", "HIS doctor met Her."),
        ("I saw her yesterday and told her.", "I saw him yesterday and told him."),
        ("The nurse lost her new stethoscope.", "The nurse lost his new stethoscope."),
        ("She asked her [MASK] about her .", "He asked his [MASK] about him ."),
        ("The book is his. His book is old.", "The book is hers. Her book is old."),
        (
            "Mr. Smith, a man of honour; the chairman, shepherds.",
            "Mrs. Smith, a woman of honour; the chairman, shepherds.",
        ),
        ("Nobody is named here.", "Nobody is named here."),
    ],
)
def test_gendered_words_are_swapped(text, swapped):
    """Both ways at once, by case, as whole words, and "her" by what follows it."""
    assert swap_words(text) == swapped


def test_swapping_twice_gives_the_text_back():
    """For words with one partner each, in any case."""
    text = "She told the man: HE is my brother, Sir."
    assert swap_words(text) != text == swap_words(swap_words(text))


def test_a_word_has_one_partner():
    """Two would be a guess; the message says which word."""
    with pytest.raises(ValueError, match="'he' would become 'she' and 'they'; give each word one partner"):
        both_ways([("he", "she"), ("he", "they")])


def test_masked_words_are_gone():
    """In any case, and not inside other words."""
    assert (
        mask_words("The shepherd told HER that he left.", GENDER_WORDS) == "The shepherd told [MASK] that [MASK] left."
    )


def test_district_swaps_are_the_clinics_twins_without_proxies():
    """With no other trace of the group, swapping the district is the exact counterfactual note."""
    clinic = simulate_clinic(n=60, seed=0)
    other = counterfactual(clinic)
    assert [swap_words(note, DISTRICT_WORDS) for note in clinic["note"]] == other["note"].tolist()
    proxies = simulate_clinic(n=60, seed=0, proxy_strength=1.0)
    same = np.mean(
        [
            swap_words(n, DISTRICT_WORDS) == m
            for n, m in zip(proxies["note"], counterfactual(proxies)["note"], strict=True)
        ]
    )
    assert same < 0.5


def test_augmentation_makes_the_word_useless():
    """When only the district tells the label, the untouched model learns it, and the augmented one cannot."""
    texts = ["From Alder, cough.", "From Birch, cough."] * 40
    y, groups = [1, 0] * 40, ["a", "b"] * 40
    gaps = []
    for method in (Unmitigated(), CounterfactualAugmentation(swaps=DISTRICT_WORDS)):
        score = method.fit(texts, y, sensitive_features=groups).predict(texts[:2])["y_score"]
        gaps.append(score[0] - score[1])
    assert gaps[0] > 0.5 and abs(gaps[1]) < 1e-6


def test_augmentation_without_group_words_is_refused():
    """A misspelt pair would augment nothing, silently."""
    with pytest.raises(ValueError, match=r"none of 4 texts holds one of the words to swap \(elder, beech"):
        CounterfactualAugmentation(swaps=both_ways([("elder", "beech")])).fit(
            ["From Alder.", "From Birch."] * 2, [0, 1, 1, 0], sensitive_features=list("abab")
        )


def test_unawareness_cannot_read_what_it_leaves_out():
    """Other values in the dropped column, or other group words, change no score."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=80), "sex": generator.choice(["f", "m"], 80)})
    y = (frame["sex"] == "f").astype(int)
    fitted = Unawareness(columns=["sex"]).fit(frame, y, sensitive_features=frame["sex"])
    flipped = frame.assign(sex=frame["sex"].map({"f": "m", "m": "f"}))
    np.testing.assert_array_equal(fitted.predict(frame)["y_score"], fitted.predict(flipped)["y_score"])
    texts = ["She has a cough.", "He has a cough.", "She has a fever.", "He has no fever."] * 5
    fitted = Unawareness(words=GENDER_WORDS).fit(texts, [0, 1, 1, 0] * 5, sensitive_features=list("fmfm") * 5)
    twins = [swap_words(text) for text in texts]
    np.testing.assert_array_equal(fitted.predict(texts)["y_score"], fitted.predict(twins)["y_score"])


def test_massaging_changes_the_borderline_labels_alone(cells):
    """By hand: b's base rate is .25 and the overall .55, so six of b are promoted and six of a demoted."""
    y, groups = cells
    score = np.random.default_rng(3).random(100)
    repaired = massage_labels(y, groups, score)
    assert repaired.mean() == 0.55 and repaired[groups == "a"].mean() == repaired[groups == "b"].mean() == 0.55
    for group, label, number, sign in (("b", 0, 6, -1), ("a", 1, 6, 1)):
        candidates = np.flatnonzero((groups == group) & (y == label))
        expected = set(candidates[np.argsort(sign * score[candidates])[:number]])
        assert {row for row in candidates if repaired[row] != label} == expected
    assert (repaired != y).sum() == 12 and (massage_labels(y, groups, score, amount=0) == y).all()
    assert (massage_labels(y, groups, score, amount=0.5) != y).sum() == 6


def test_repair_puts_back_what_was_missed(cells):
    """Five recorded of b with half of all missed: five more, those with the highest scores; a stays."""
    y, groups = cells
    score = np.random.default_rng(3).random(100)
    repaired = repair_labels(y, groups, score, missed={"b": 0.5})
    negatives = np.flatnonzero((groups == "b") & (y == 0))
    assert set(np.flatnonzero(repaired != y)) == set(negatives[np.argsort(-score[negatives])[:5]])


def test_folds_do_not_know_the_labels_they_rank():
    """Labels without a pattern cannot be ranked by it: out of fold the AUC is that of chance."""
    from sklearn.metrics import roc_auc_score
    from sklearn.neighbors import KNeighborsClassifier

    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(400, 2)), generator.integers(0, 2, 400)
    assert abs(roc_auc_score(y, out_of_fold_scores(X, y, ranker=KNeighborsClassifier(1))) - 0.5) < 0.1
    with pytest.raises(ValueError, match="fewer than two rows of one label"):
        out_of_fold_scores(X[:4], np.array([0, 0, 0, 1]))


@pytest.mark.parametrize("method", [Massaging(), LabelRepair(missed={"b": 0.5})])
def test_repaired_labels_bring_back_the_truth(method):
    """Half of b's positives recorded as 0: after repair, b's true positives are found far more often."""
    generator = np.random.default_rng(0)
    group, X = np.where(generator.random(2000) < 0.4, "b", "a"), generator.normal(size=(2000, 2))
    truth = (X[:, 0] + 0.3 * generator.normal(size=2000) > 0).astype(int)
    y = np.where((group == "b") & (generator.random(2000) < 0.5), 0, truth)
    table = pd.DataFrame(np.column_stack([X, group == "b"]), columns=["x", "noise", "b"])
    found = [
        each.fit(table, y, sensitive_features=group).predict(table)["y_pred"][(group == "b") & (truth == 1)].mean()
        for each in (Unmitigated(), method)
    ]
    assert found[0] < 0.6 and found[1] > 0.75


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_no_feature_tells_the_group_linearly(alpha):
    """At alpha 1 the groups' mean scores agree on the training data; at 0 nothing is changed."""
    generator = np.random.default_rng(0)
    group = np.where(generator.random(500) < 0.4, "b", "a")
    X = generator.normal(size=(500, 3)) + np.where(group == "b", -1.0, 0.0)[:, None]
    y = (X.sum(1) + generator.normal(size=500) > -1).astype(int)
    plain = Unmitigated().fit(X, y, sensitive_features=group).predict(X)["y_score"]
    score = (
        CorrelationRemoval(alpha=alpha)
        .fit(X, y, sensitive_features=group)
        .predict(X, sensitive_features=group)["y_score"]
    )
    gap = score[group == "a"].mean() - score[group == "b"].mean()
    if alpha == 0:
        np.testing.assert_allclose(score, plain, atol=1e-9)
        assert gap > 0.3
    else:
        assert abs(gap) < 0.02
