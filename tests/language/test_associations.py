"""Association tests: what they find, and that they find nothing where there is nothing."""

import numpy as np
import pandas as pd
import pytest
import torch

from labkit.errors import UserError
from labkit.language import associations
from labkit.language.associations import halve_words, vary, weat
from labkit.language.word_lists import MORE_TESTS, WEAT_TESTS
from labkit.models.encoder import load_foundation_model
from labkit.models.hidden_states import embed


@pytest.fixture(scope="module")
def model():
    """The shipped model."""
    return load_foundation_model()


# DATA.md's figures for the shipped model, measured once when the course was designed; the last words of FLOWERS and
# INSECTS were not among those lists, so the first figure has a wider margin.
@pytest.mark.parametrize(
    ("name", "seen", "margin"),
    [
        ("flowers/insects, pleasant/unpleasant", 1.34, 0.15),
        ("male/female names, career/family", 1.02, 0.01),
        ("mathematics/arts, male/female terms", 0.94, 0.01),
    ],
)
def test_shipped_model_shows_the_associations_of_the_design(model, name, seen, margin):
    """Effect sizes agree with what was measured before, and their intervals hold them."""
    first, second, one, other = WEAT_TESTS[name]
    result = weat(model, (first, second), (one, other))
    assert result.effect_size == pytest.approx(seen, abs=margin)
    assert result.interval[0] < result.effect_size < result.interval[1]
    assert result.p_value < 0.05


def vectors_of(drawn):
    """Make `unit_vectors` look words up in a table (word -> vector)."""
    return lambda model, words, template: np.array([drawn[word] / np.linalg.norm(drawn[word]) for word in words])


def test_p_value_is_uniform_when_nothing_is_there(monkeypatch):
    """With random vectors, p < 0.1 in about a tenth of the repetitions, and effect sizes average 0."""
    generator, p_values, effects = np.random.default_rng(0), [], []
    for _ in range(300):
        drawn = {word: generator.normal(size=20) for word in "abcdefghijklmnop"}
        monkeypatch.setattr(associations, "unit_vectors", vectors_of(drawn))
        result = weat(None, ("abcd", "efgh"), ("ijkl", "mnop"), n_boot=10)
        p_values.append(result.p_value)
        effects.append(result.effect_size)
    # 300 repetitions: the share's standard error is 0.017, the mean effect's about 0.05.
    assert abs(np.mean(np.array(p_values) <= 0.1) - 0.1) < 0.06
    assert abs(np.mean(effects)) < 0.2


def test_exact_p_value_and_effect_by_hand(monkeypatch):
    """Two words per set: the observed division is the most extreme of six, so p = 1/6."""
    plane = {"x1": (1, 0.1), "x2": (1, 0.2), "y1": (0.1, 1), "y2": (0.2, 1), "a": (1, 0), "b": (0, 1)}
    monkeypatch.setattr(associations, "unit_vectors", vectors_of({w: np.array(v) for w, v in plane.items()}))
    result = weat(None, (["x1", "x2"], ["y1", "y2"]), (["a"], ["b"]))
    assert result.p_value == pytest.approx(1 / 6)
    expected = [(v[0] - v[1]) / np.hypot(*v) for v in list(plane.values())[:4]]
    np.testing.assert_allclose(result.words["association"], expected)
    effect = (np.mean(expected[:2]) - np.mean(expected[2:])) / np.std(expected, ddof=1)
    assert result.effect_size == pytest.approx(effect)
    swapped = weat(None, (["y1", "y2"], ["x1", "x2"]), (["a"], ["b"]))
    assert swapped.effect_size == pytest.approx(-effect) and swapped.p_value == pytest.approx(1)


UNIT = {"x1": (1, 0), "x2": (0.8, 0.6), "y1": (0, 1), "y2": (0.6, 0.8), "a": (1, 0), "b": (0, 1)}
SETS = (["x1", "x2"], ["y1", "y2"]), (["a"], ["b"])


class WordVectors:
    """Vectors that can be indexed by words and are no mapping, as gensim's."""

    def __getitem__(self, word):
        return np.array(UNIT[word])


@pytest.mark.parametrize(
    "source",
    [
        UNIT,
        {word: torch.tensor(vector, dtype=torch.float32, requires_grad=True) for word, vector in UNIT.items()},
        {word: 1e200 * np.array(vector) for word, vector in UNIT.items()},
        UNIT.__getitem__,
        lambda text: list(UNIT[text]),
        WordVectors(),
        pd.Series(UNIT),
    ],
    ids=["tuples", "tensors", "huge arrays", "bound method", "function", "like gensim", "Series"],
)
def test_vectors_from_elsewhere(source):
    """Associations 1, .2, -1, -.2 by hand: their means differ by 1.2, their standard deviation is (2.08 / 3) ** .5."""
    result = weat(source, *SETS)
    np.testing.assert_allclose(result.words["association"], [1, 0.2, -1, -0.2], atol=1e-6)
    assert result.effect_size == pytest.approx(1.2 / (2.08 / 3) ** 0.5, abs=1e-6)
    assert result.p_value == pytest.approx(1 / 6)


def test_vectors_of_a_model_give_the_result_of_the_model(model):
    """The same vectors, handed in, give the same numbers; a function also gets sentences."""
    first, second, one, other = (words[:4] for words in WEAT_TESTS["male/female names, career/family"])
    words = [*first, *second, *one, *other]
    sets, options = ((first, second), (one, other)), {"n_boot": 100}
    vectors = dict(zip(words, embed(model, words, precision="float32"), strict=True))
    for theirs, ours in [
        (weat(vectors, *sets, **options), weat(model, *sets, **options)),
        (
            weat(lambda text: embed(model, [text], precision="float32")[0], *sets, template="This is {}.", **options),
            weat(model, *sets, template="This is {}.", **options),
        ),
    ]:
        assert theirs.effect_size == pytest.approx(ours.effect_size, abs=1e-4)
        assert theirs.interval == pytest.approx(ours.interval, abs=1e-4) and theirs.p_value == ours.p_value
    halves = [halve_words(source, *sets, n_draws=20) for source in (vectors, model)]
    np.testing.assert_allclose(*halves, atol=1e-3)


def look_up_without_rest(word):
    """Return a vector of the words that begin with x."""
    return {"x1": (1, 0), "x2": (0, 1)}[word]


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ({word: UNIT[word] for word in ("x1", "x2", "a")}, {}, "no vector for y1, y2, b; spell words as the"),
        (look_up_without_rest, {}, "no vector for y1, y2, a, b;"),
        (UNIT | {"y2": (1, 2, 3)}, {}, "differ in length: 'b' has 2 numbers and 'y2' has 3 numbers; take all"),
        (UNIT | {"a": (0.0, 0.0)}, {}, "'a' is 0 and has no direction"),
        (UNIT | {"y1": (np.nan, 1)}, {}, "'y1' holds NaN or infinity"),
        (UNIT | {"y1": (np.inf, 1)}, {}, "'y1' holds NaN or infinity"),
        (UNIT | {"x2": [(1, 0)]}, {}, r"'x2' has shape \(1, 2\); give one of shape \(H,\)"),
        (UNIT | {"x2": []}, {}, r"'x2' has shape \(0,\)"),
        (UNIT | {"x2": 1.0}, {}, r"'x2' has shape \(\)"),
        (UNIT | {"x2": "ab"}, {}, "'x2' holds no numbers"),
        (lambda text: None, {}, "'x1' (has shape|holds)"),
        (UNIT, {"template": "This is {}."}, "template 'This is {}.' needs a model, or a function that embeds"),
        (None, {}, r"model is None; give what load_foundation_model\(\) returns, a mapping"),
    ],
)
def test_vectors_that_cannot_be_compared_are_named(source, options, message):
    """Each message names the word and the remedy."""
    with pytest.raises(UserError, match=message):
        weat(source, *SETS, **options)


def test_template_changes_what_is_embedded(model):
    """SEAT: the same words in a sentence give other associations of the same direction."""
    first, second, one, other = WEAT_TESTS["male/female names, career/family"]
    words = weat(model, (first, second), (one, other)).words["association"]
    sentences = weat(model, (first, second), (one, other), template="This is {}.").words["association"]
    assert not np.allclose(words, sentences) and np.corrcoef(words, sentences)[0, 1] > 0.3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": (["a"], ["b", "c"])}, r"at least 2 words in each set; got \['a'\]"),
        ({"targets": (["a", "b"], ["b", "c"])}, r"\['b'\] are in both"),
        ({"targets": (["a", "b"],)}, "two sets of words; got 1"),
        ({"attributes": (["x"], [])}, "attributes needs at least 1"),
        ({"template": "no place"}, "must hold '{}' once"),
    ],
)
def test_bad_input(options, message):
    """Each message names what is wrong."""
    good = {"targets": (["a", "b"], ["c", "d"]), "attributes": (["x"], ["y"])}
    with pytest.raises(ValueError, match=message):
        weat(None, **good | options)


def draw_vectors(words, seed=0):
    """Return a table of random vectors for words."""
    generator = np.random.default_rng(seed)
    return {word: generator.normal(size=8) for word in words}


def test_several_templates_average_over_pairs_of_sentences(monkeypatch):
    """The association is the mean cosine over all pairs of a word's and an attribute's sentences."""
    plain = draw_vectors("wxyzabcd")
    sentences = {"{}": plain, "{}!": {word: vector[::-1] + 0.3 for word, vector in plain.items()}}
    monkeypatch.setattr(associations, "unit_vectors", lambda model, words, t: vectors_of(sentences[t])(model, words, t))
    found = weat(None, ("wx", "yz"), ("ab", "cd"), template=list(sentences), n_boot=10).words

    def cosine(u, v):
        return u @ v / np.linalg.norm(u) / np.linalg.norm(v)

    for _, row in found.iterrows():
        near, far = (
            np.mean([cosine(one[row["word"]], other[a]) for one in sentences.values() for other in sentences.values()
                     for a in side])
            for side in ("ab", "cd")
        )  # fmt: skip
        assert row["association"] == pytest.approx(near - far)


def test_halves_of_the_words(monkeypatch):
    """A clear effect stays in every half; each effect is that of some half; the seed draws them."""
    monkeypatch.setattr(associations, "unit_vectors", vectors_of(draw_vectors("abcdefghijkl")))
    sets = ("abcd", "efgh"), ("ij", "kl")
    found = halve_words(None, *sets, n_draws=300, seed=1)
    assert found.shape == (300,) and np.array_equal(found, halve_words(None, *sets, n_draws=300, seed=1))
    # 6 x 6 halves of the targets, 2 x 2 of the attributes: with so many draws nearly all are met, and no other
    assert 100 < len(set(found.round(9))) <= 144
    apart = {word: np.array([1, 0.1 * i]) for i, word in enumerate("abcdij")}
    apart |= {word: np.array([0.1 * i, 1]) for i, word in enumerate("efghkl")}
    monkeypatch.setattr(associations, "unit_vectors", vectors_of(apart))
    assert halve_words(None, *sets, n_draws=50).min() > 1


def test_halves_need_enough_words():
    """Of three words half would be one, which has no spread."""
    with pytest.raises(ValueError, match="at least 4 words"):
        halve_words(None, ("abc", "defg"), ("h", "i"))


def test_tests_are_varied_by_words_and_wordings(monkeypatch):
    """One row per test, with the effect of each wording as `weat` gives it, and the range of the halves."""
    plain = draw_vectors("abcdefghijkl")
    other = draw_vectors("abcdefghijkl", seed=1)
    choose = {"{}": plain, "so {}": other}
    monkeypatch.setattr(associations, "unit_vectors", lambda model, words, t: vectors_of(choose[t])(model, words, t))
    tests = {"one": ("abcd", "efgh", "ij", "kl"), "two": ("efgh", "abcd", "ij", "kl")}
    found = vary(None, tests, {"bare": "{}", "so": "so {}"}, n_draws=200)
    assert found.index.tolist() == ["one", "two"]
    assert found["so"]["one"] == pytest.approx(weat(None, ("abcd", "efgh"), ("ij", "kl"), template="so {}").effect_size)
    assert found["bare"]["two"] == pytest.approx(-found["bare"]["one"])
    halves = halve_words(None, ("abcd", "efgh"), ("ij", "kl"), n_draws=200)
    assert found["low"]["one"] == pytest.approx(np.quantile(halves, 0.05))
    assert found["turned"]["one"] == pytest.approx(np.mean(np.sign(halves) != np.sign(found["bare"]["one"])))


@pytest.mark.parametrize("name", [*WEAT_TESTS, *MORE_TESTS])
def test_sets_of_each_test_are_of_equal_size_and_apart(name):
    """As in the paper: targets equally many, attributes equally many, no word twice in a pair of sets."""
    x, y, a, b = (WEAT_TESTS | MORE_TESTS)[name]
    assert len(x) == len(y) and len(a) == len(b)
    for first, second in ((x, y), (a, b)):
        assert len(set(first) | set(second)) == len(first) + len(second)


# Measured once, on the shipped model: the sizes differ by names alone.
def test_other_names_give_another_effect(model):
    """With the names of 1998 the effect is not distinguishable from zero, with those of 2004 it is."""
    of_1998, of_2004 = (MORE_TESTS[f"European/African American names of {year}, pleasant/unpleasant"]
                        for year in (1998, 2004))  # fmt: skip
    first, second = (weat(model, lists[:2], lists[2:]) for lists in (of_1998, of_2004))
    assert first.interval[0] < 0 < first.interval[1] and second.interval[0] > 0
    assert (first.effect_size, second.effect_size) == pytest.approx((0.24, 0.93), abs=0.02)
