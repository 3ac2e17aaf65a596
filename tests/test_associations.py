"""Association tests: what they find, and that they find nothing where there is nothing."""

import numpy as np
import pytest

from labkit import associations
from labkit.associations import WEAT_TESTS, weat
from labkit.models import load_foundation_model


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
    """With random vectors, p < 0.1 in about a tenth of the worlds, and effect sizes average 0."""
    generator, p_values, effects = np.random.default_rng(0), [], []
    for _ in range(300):
        drawn = {word: generator.normal(size=20) for word in "abcdefghijklmnop"}
        monkeypatch.setattr(associations, "unit_vectors", vectors_of(drawn))
        result = weat(None, ("abcd", "efgh"), ("ijkl", "mnop"), n_boot=10)
        p_values.append(result.p_value)
        effects.append(result.effect_size)
    # 300 worlds: the share's standard error is 0.017, the mean effect's about 0.05.
    assert abs(np.mean(np.array(p_values) <= 0.1) - 0.1) < 0.06
    assert abs(np.mean(effects)) < 0.2


def test_exact_p_value_and_effect_by_hand(monkeypatch):
    """Two words a set: the observed division is the most extreme of six, so p = 1/6."""
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
        ({"targets": (["a", "b"], ["b", "c"])}, r"\['b'\] stand in both"),
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
