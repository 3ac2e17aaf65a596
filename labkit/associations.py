"""Association tests on embeddings: does a model place one set of words nearer to an attribute than another set?

WEAT (Caliskan, Bryson and Narayanan 2017) on words, SEAT (May et al. 2019) on sentences made from words by a template.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from labkit.states import embed

# Word lists of Caliskan, Bryson and Narayanan (2017), by test: two sets of targets, two sets of attributes.
FLOWERS = (
    "aster clover hyacinth marigold poppy azalea crocus iris orchid rose daffodil lilac pansy tulip buttercup daisy "
    "lily peony violet carnation gladiola magnolia petunia bluebell zinnia"
).split()
INSECTS = (
    "ant caterpillar flea locust spider bedbug centipede fly maggot tarantula bee cockroach gnat mosquito termite "
    "beetle cricket hornet moth wasp blackfly dragonfly horsefly roach weevil"
).split()
PLEASANT = (
    "caress freedom health love peace cheer friend heaven loyal pleasure diamond gentle honest lucky rainbow diploma "
    "gift honor miracle sunrise family happy laughter paradise vacation"
).split()
UNPLEASANT = (
    "abuse crash filth murder sickness accident death grief poison stink assault disaster hatred pollute tragedy "
    "divorce jail poverty ugly cancer kill rotten vomit agony prison"
).split()
MALE_NAMES = "John Paul Mike Kevin Steve Greg Jeff Bill".split()
FEMALE_NAMES = "Amy Joan Lisa Sarah Diana Kate Ann Donna".split()
CAREER = "executive management professional corporation salary office business career".split()
FAMILY = "home parents children family cousins marriage wedding relatives".split()
MATHEMATICS = "math algebra geometry calculus equations computation numbers addition".split()
SCIENCE = "science technology physics chemistry Einstein NASA experiment astronomy".split()
ARTS = "poetry art dance literature novel symphony drama sculpture".split()
ARTS_AND_SHAKESPEARE = "poetry art Shakespeare dance literature novel symphony drama".split()
MALE_TERMS = "male man boy brother he him his son".split()
FEMALE_TERMS = "female woman girl sister she her hers daughter".split()
MALE_KIN = "brother father uncle grandfather son he his him".split()
FEMALE_KIN = "sister mother aunt grandmother daughter she hers her".split()

WEAT_TESTS = {
    "flowers/insects, pleasant/unpleasant": (FLOWERS, INSECTS, PLEASANT, UNPLEASANT),
    "male/female names, career/family": (MALE_NAMES, FEMALE_NAMES, CAREER, FAMILY),
    "mathematics/arts, male/female terms": (MATHEMATICS, ARTS, MALE_TERMS, FEMALE_TERMS),
    "science/arts, male/female terms": (SCIENCE, ARTS_AND_SHAKESPEARE, MALE_KIN, FEMALE_KIN),
}


@dataclass(frozen=True)
class Association:
    """Result of an association test.

    Attributes
    ----------
    effect_size : float
        Difference of the mean associations of the two target sets, in standard deviations; within [-2, 2].
    interval : tuple of float
        Bootstrap interval of the effect size over target words.
    p_value : float
        Share of the ways to divide the target words into two such sets whose difference is at least as large.
    words : DataFrame
        A row per target word: word, target (0 for the first set, 1 for the second), association.
    """

    effect_size: float
    interval: tuple[float, float]
    p_value: float
    words: pd.DataFrame


def weat(
    model, targets, attributes, *, template="{}", n_permutations=20_000, n_boot=2000, confidence=0.95, seed=0
) -> Association:
    """Test whether the first target set is nearer to the first attribute set than the second target set is.

    The association of a word is the mean cosine of its embedding with the first attribute set's, less that with the
    second's (Caliskan et al. 2017, "word-embedding association test"). The p-value is one-sided, as in the paper;
    all divisions are enumerated when there are at most ``n_permutations``. Embeddings are mean-pooled, in float32.

    Parameters
    ----------
    model : Foundation
    targets : pair of sequences of str
        Two sets of words, each with at least two.
    attributes : pair of sequences of str
        Two sets of words.
    template : str
        A sentence with "{}" where the word goes (SEAT); "{}" alone embeds the word.
    n_permutations, n_boot : int
        Draws for the p-value and for the interval.
    confidence : float
        Level of the interval, in (0, 1). It treats the words of a set as draws from all words that could stand there.
    seed : int

    Returns
    -------
    Association

    Raises
    ------
    ValueError
        A set is too small, sets overlap, or the template has no place for the word.
    """
    from scipy import stats

    targets, attributes = check_sets("targets", targets, 2), check_sets("attributes", attributes, 1)
    if template.count("{}") != 1:
        raise ValueError(f"template {template!r} must hold '{{}}' once, where the word goes")
    sets = [*targets, *attributes]
    vectors = unit_vectors(model, sum(sets, []), template)  # (words of all four sets, H), in one call
    first, second, one, other = np.split(vectors, np.cumsum([len(words) for words in sets])[:-1])
    associations = [words @ one.T for words in (first, second)], [words @ other.T for words in (first, second)]
    x, y = (near.mean(1) - far.mean(1) for near, far in zip(*associations, strict=True))  # (n_x,), (n_y,)

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


def effect_size(x, y):
    """Return the difference of means of x (..., n_x) and y (..., n_y) in sample standard deviations of all, (...).

    Caliskan et al. (2017) divide by the standard deviation of the associations of all target words; we take the sample
    standard deviation (ddof=1).
    """
    return (x.mean(-1) - y.mean(-1)) / np.concatenate([x, y], axis=-1).std(-1, ddof=1)


def unit_vectors(model, words, template):
    """Embed words put into a template; vectors of length 1, (n, H), float64."""
    vectors = embed(model, [template.format(word) for word in words], precision="float32").astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def check_sets(name, sets, smallest):
    """Return a pair of word lists, or raise ValueError that names what is wrong with it."""
    if len(sets) != 2:
        raise ValueError(f"{name} must be two sets of words; got {len(sets)}")
    first, second = (list(words) for words in sets)
    for words in (first, second):
        if len(words) < smallest:
            raise ValueError(f"{name} needs at least {smallest} words in each set; got {words}")
    if common := set(first) & set(second):
        raise ValueError(f"{name}: {sorted(common)} stand in both sets; a word can be in one only")
    return first, second
