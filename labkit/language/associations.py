"""Association tests on embeddings: does a model place one set of words nearer to an attribute than another set?

WEAT (Caliskan, Bryson and Narayanan, 2017) on words, SEAT (May et al., 2019) on words in sentences.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from labkit.errors import UserError
from labkit.models.encoder import Foundation
from labkit.models.hidden_states import embed
from labkit.validation import list_some

WordSets = tuple[Sequence[str], Sequence[str]]
Vectors = Foundation | Mapping[str, ArrayLike] | Callable[[str], ArrayLike]  # where the vectors of words come from


@dataclass(frozen=True)
class Association:
    """The result of an association test.

    Attributes
    ----------
    effect_size : float
        Difference of the two target sets' mean associations, in standard deviations; within [-2, 2].
    interval : tuple of float
        Bootstrap interval of the effect size over target words.
    p_value : float
        Of all ways to divide the target words into two such sets, the share with a difference at least as large.
    words : DataFrame
        One row per target word: word, target (0 for the first set, 1 for the second), association.
    """

    effect_size: float
    interval: tuple[float, float]
    p_value: float
    words: pd.DataFrame


def weat(
    model: Vectors,
    targets: WordSets,
    attributes: WordSets,
    *,
    template: str | Sequence[str] = "{}",
    n_permutations: int = 20_000,
    n_boot: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Association:
    """Test whether the first target set is nearer to the first attribute set than the second target set is.

    The association of a word is the mean cosine of its embedding with those of the first attribute set, minus that with
    the second set's (Caliskan et al., 2017, "word-embedding association test"). The p-value is one-sided, as in the
    paper; all divisions are enumerated when there are at most ``n_permutations``. A model's embeddings are mean-pooled,
    in float32.

    Parameters
    ----------
    model : Foundation, mapping of str to array-like, or callable
        Where vectors come from. A mapping (a dict, or gensim's ``KeyedVectors``) gives the vector of a word, shape
        (H,), and takes no template. A callable takes a text, the word in its template, and returns its vector.
    targets : pair of sequences of str
        Two sets of words, each with at least two.
    attributes : pair of sequences of str
        Two sets of words.
    template : str or sequence of str
        A sentence with "{}" where the word goes (SEAT); "{}" alone embeds the word. With several templates, the
        association is the mean over all pairs of their sentences, and the sentences of a word stay together in the
        permutation, since words were sampled. (May et al. permute sentences as if they were independent, which makes
        p-values too small.)
    n_permutations, n_boot : int
        Draws for the p-value and for the interval.
    confidence : float
        Level of the interval, in (0, 1). It treats the words of a set as a sample of all words that could be in it.
    seed : int
        Seed of the draws.

    Returns
    -------
    Association

    Raises
    ------
    UserError
        A set is too small, two sets overlap, or a template has no place for the word; a word has no vector, or one
        that is 0, not finite, or of another shape than the others.

    Examples
    --------
    >>> vectors = {"rose": [3, 1], "lily": [2, 1], "wasp": [1, 3], "moth": [1, 2], "good": [1, 0], "bad": [0, 1]}
    >>> round(weat(vectors, (["rose", "lily"], ["wasp", "moth"]), (["good"], ["bad"])).effect_size, 2)
    1.71
    """
    from scipy import stats

    targets, one, other = cosines(model, targets, attributes, template)
    x, y = np.split(one.mean(1) - other.mean(1), [len(targets[0])])  # (n_x,), (n_y,)

    permuted = stats.permutation_test(
        (x, y),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        vectorized=True,
        alternative="greater",
        n_resamples=n_permutations,
        rng=np.random.default_rng(seed),
    )
    generator = np.random.default_rng((seed, 1))
    drawn = [values[generator.integers(0, len(values), (n_boot, len(values)))] for values in (x, y)]  # (n_boot, n)
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(effect_size(*drawn), [tail, 1 - tail])
    words = pd.DataFrame(
        {
            "word": [*targets[0], *targets[1]],
            "target": [0] * len(x) + [1] * len(y),
            "association": np.concatenate([x, y]),
        }
    )
    return Association(float(effect_size(x, y)), (float(low), float(high)), float(permuted.pvalue), words)


def effect_size(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the difference of two means in standard deviations of all values.

    Caliskan et al. (2017) divide by the standard deviation of the associations of all target words; we take the sample
    standard deviation (ddof=1).

    Parameters
    ----------
    x : ndarray of shape (..., n_x)
    y : ndarray of shape (..., n_y)
        Associations of the words of the first and of the second target set.

    Returns
    -------
    ndarray of shape (...)
        Within [-2, 2]; NaN where all values are equal.

    Examples
    --------
    >>> round(float(effect_size(np.array([0.3, 0.5]), np.array([0.1, 0.2]))), 2)
    1.46
    """
    return (x.mean(-1) - y.mean(-1)) / np.concatenate([x, y], axis=-1).std(-1, ddof=1)


def halve_words(
    model: Vectors,
    targets: WordSets,
    attributes: WordSets,
    *,
    template: str | Sequence[str] = "{}",
    n_draws: int = 1000,
    seed: int = 0,
) -> np.ndarray:
    """Repeat an association test with a random half of the words of each of its four sets.

    It shows how much the effect depends on the choice of words.

    Parameters
    ----------
    model : Foundation, mapping of str to array-like, or callable
        As in `weat`.
    targets : pair of sequences of str
        As in `weat`; each set needs at least 4 words, of which half are kept.
    attributes : pair of sequences of str
    template : str or sequence of str
        As in `weat`.
    n_draws : int
        How many times words are halved.
    seed : int
        Seed of the halves.

    Returns
    -------
    ndarray of shape (n_draws,)
        Effect sizes, within [-2, 2].

    Raises
    ------
    UserError
        As `weat`.
    """
    targets, one, other = cosines(model, targets, attributes, template, smallest=4)
    sizes = [len(targets[0]), len(targets[1]), one.shape[1], other.shape[1]]
    generator, found = np.random.default_rng(seed), []
    for _ in range(n_draws):
        x, y, a, b = (generator.permutation(size)[: (size + 1) // 2] for size in sizes)
        second = y + sizes[0]  # the rows of the second target set follow those of the first
        of_x, of_y = (one[rows][:, a].mean(1) - other[rows][:, b].mean(1) for rows in (x, second))
        found.append(effect_size(of_x, of_y))
    return np.array(found)


def vary(
    model: Vectors,
    tests: Mapping[str, tuple],
    wordings: Mapping[str, str | Sequence[str]],
    *,
    n_draws: int = 1000,
    share: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Repeat association tests with halves of their words and in several wordings, to see how stable they are.

    Parameters
    ----------
    model : Foundation, mapping of str to array-like, or callable
        As in `weat`.
    tests : mapping of str to (targets, targets, attributes, attributes)
        Such as `labkit.language.MORE_TESTS`.
    wordings : mapping of str to (str or sequence of str)
        Name to template or templates, see `weat`. The first one is used for the halves.
    n_draws : int
        How many halves, see `halve_words`.
    share : float
        In (0, 1): the share of the halves between "low" and "high".
    seed : int
        Seed of the halves.

    Returns
    -------
    DataFrame
        One row per test: "low" and "high" of the effect size over halves; "turned", the share of halves whose effect
        has the opposite sign of the effect of all words; and one column per wording, with the effect size.

    Raises
    ------
    UserError
        As `halve_words`.
    """
    rows, tail = {}, (1 - share) / 2
    for test, (x, y, a, b) in tests.items():
        effects = {}
        for name, template in wordings.items():
            targets, one, other = cosines(model, (x, y), (a, b), template)
            effects[name] = float(effect_size(*np.split(one.mean(1) - other.mean(1), [len(targets[0])])))
        first = next(iter(wordings))
        halves = halve_words(model, (x, y), (a, b), template=wordings[first], n_draws=n_draws, seed=seed)
        low, high = np.quantile(halves, [tail, 1 - tail])
        turned = float(np.mean(np.sign(halves) != np.sign(effects[first])))
        rows[test] = {"low": low, "high": high, "turned": turned, **effects}
    return pd.DataFrame(rows).T


def cosines(
    model: Vectors, targets: WordSets, attributes: WordSets, template: str | Sequence[str], *, smallest: int = 2
) -> tuple[tuple[list[str], list[str]], np.ndarray, np.ndarray]:
    """Return both target sets as lists, and the cosines of all their words with each attribute set, (n_x + n_y, n)."""
    targets, attributes = check_sets("targets", targets, smallest), check_sets("attributes", attributes, 1)
    templates = [template] if isinstance(template, str) else list(template)
    for each in templates:
        if each.count("{}") != 1:
            raise UserError(f"template {each!r} must hold '{{}}' once, where the word goes")
    sets = [*targets, *attributes]
    # Products of mean unit vectors (mean over templates) are mean cosines over all pairs of sentences.
    vectors = np.mean([unit_vectors(model, sum(sets, []), each) for each in templates], axis=0)
    first, second, one, other = np.split(vectors, np.cumsum([len(words) for words in sets])[:-1])
    words = np.concatenate([first, second])
    return targets, words @ one.T, words @ other.T


def unit_vectors(model: Vectors, words: Sequence[str], template: str) -> np.ndarray:
    """Embed words in a template; vectors of length 1, (n, H), float64."""
    if isinstance(model, Foundation):
        vectors = embed(model, [template.format(word) for word in words], precision="float32").astype(float)
    else:
        vectors = foreign_vectors(model, words, template)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def foreign_vectors(source: Any, words: Sequence[str], template: str) -> np.ndarray:
    """Return the vectors of words, (n, H), from a mapping or a callable; a UserError names wrong ones."""
    if callable(source):
        look_up = source
    elif hasattr(source, "__getitem__"):
        look_up = source.__getitem__
        if template != "{}":
            raise UserError(
                f"template {template!r} needs a model, or a function that embeds sentences; a mapping has vectors of "
                "words alone: leave the template out"
            )
    else:
        raise UserError(
            f"model is {source!r}; give what load_foundation_model() returns, a mapping of words to vectors, or a "
            "function that returns the vector of a text"
        )
    vectors, missing = {}, []
    for word in words:
        try:
            vectors[word] = check_vector(word, look_up(template.format(word)))
        except KeyError:
            missing.append(word)
    if missing:
        raise UserError(
            f"there is no vector for {list_some(missing)}; spell words as the vectors do (many know lowercase words "
            "only), or leave them out of the sets"
        )
    shapes = {vector.shape: word for word, vector in vectors.items()}
    if len(shapes) > 1:
        some = " and ".join(f"{word!r} has {shape[0]} numbers" for shape, word in list(shapes.items())[:2])
        raise UserError(f"vectors differ in length: {some}; take all vectors from one model")
    return np.array([vectors[word] for word in words])


def check_vector(word: str, vector: ArrayLike) -> np.ndarray:
    """Return a word's vector as floats, (H,); a UserError says why it has no direction."""
    if hasattr(vector, "detach"):  # a tensor, on any device
        vector = vector.detach().cpu()
    try:
        numbers = np.asarray(vector, float)
    except (TypeError, ValueError) as error:
        raise UserError(f"the vector of {word!r} holds no numbers ({error}); give an array of shape (H,)") from error
    if numbers.ndim != 1 or not numbers.size:
        raise UserError(f"the vector of {word!r} has shape {numbers.shape}; give one of shape (H,)")
    if not np.isfinite(numbers).all():
        raise UserError(f"the vector of {word!r} holds NaN or infinity; leave the word out, or repair its vector")
    if not numbers.any():
        raise UserError(
            f"the vector of {word!r} is 0 and has no direction, which often marks an unknown word; leave the word out"
        )
    return numbers / np.abs(numbers).max()  # squares of very large and very small numbers would be infinite or 0


def check_sets(name: str, sets: WordSets, smallest: int) -> tuple[list[str], list[str]]:
    """Return two sets of words as lists; reject small and overlapping sets."""
    if len(sets) != 2:
        raise UserError(f"{name} must be two sets of words; got {len(sets)}")
    first, second = (list(words) for words in sets)
    for words in (first, second):
        if len(words) < smallest:
            raise UserError(f"{name} needs at least {smallest} words in each set; got {words}")
    if common := set(first) & set(second):
        raise UserError(f"{name}: {sorted(common)} are in both sets; a word can be in only one")
    return first, second
