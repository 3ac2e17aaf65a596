"""How well exercises discriminate: against scipy, at the limits of what can be said, and by simulation of coverage."""

import numpy as np
import pytest
from scipy.stats import pointbiserialr

from labkit.classroom.feedback._discrimination import FEWEST_STUDENTS, measure_discrimination


def draw_class(rng, students, slopes, difficulty=0.0):
    """Draw who is right by a logistic model: slopes say how much an exercise depends on ability."""
    ability = rng.normal(size=(students, 1))
    return rng.random((students, len(slopes))) < 1 / (1 + np.exp(difficulty - np.asarray(slopes) * ability))


def test_the_correlation_is_that_of_scipy():
    """With the points of the other exercises, by what they are worth."""
    correct, points = draw_class(np.random.default_rng(1), 60, [1, 1, 2, 0.5]), [1, 2, 3, 5]
    for item, found in enumerate(measure_discrimination(correct, points)):
        rest = (correct * points).sum(axis=1) - correct[:, item] * points[item]
        assert found.correlation == pytest.approx(pointbiserialr(correct[:, item], rest).statistic)
        assert found.low < found.correlation < found.high and found.correct == correct[:, item].sum()


def test_an_exercise_that_depends_on_nothing_is_called_bad_in_a_large_class_only():
    """And one that depends on the ability is called good there."""
    for students, verdicts in ((30, {"unclear"}), (3000, {"badly", "well"})):
        correct = draw_class(np.random.default_rng(2), students, [0, 2, 2, 2])
        found = [each.verdict for each in measure_discrimination(correct, [1, 1, 1, 1])]
        assert set(found) == verdicts and (students == 30 or found[0] == "badly")


def test_an_exercise_that_works_backwards_is_named():
    """Those who do well elsewhere get it wrong."""
    correct = draw_class(np.random.default_rng(3), 300, [-2, 2, 2, 2])
    assert measure_discrimination(correct, [1, 1, 1, 1])[0].verdict == "backwards"


@pytest.mark.parametrize(
    "correct",
    [
        np.ones((40, 3), dtype=bool),
        np.zeros((40, 3), dtype=bool),
        draw_class(np.random.default_rng(5), FEWEST_STUDENTS - 1, [1, 1, 1]),
        np.arange(40 * 3).reshape(40, 3) < 9,  # three were right
        np.zeros((1, 3), dtype=bool),
        np.zeros((0, 3), dtype=bool),
    ],
)
def test_where_too_little_is_known_nothing_is_said(correct):
    """Everybody right or wrong, too few students, too few of a kind."""
    for found in measure_discrimination(correct, [1, 2, 3]):
        assert np.isnan(found.low) and np.isnan(found.high) and found.verdict == "unclear"


def test_an_exercise_that_equals_the_rest_has_no_interval():
    """Fisher's interval of a correlation of 1 is undefined."""
    right = np.arange(40) % 2 == 0
    (first, _) = measure_discrimination(np.column_stack([right, right]), [1, 1])
    assert first.correlation == pytest.approx(1)


@pytest.mark.parametrize(("students", "slope"), [(20, 0.0), (40, 1.5), (100, -1.0)])
def test_intervals_cover_the_truth(students, slope):
    """All of a notebook at once in at least 93% of classes (95% are meant); truth from a class of 300,000."""
    slopes, points = [slope, 1, 1, 1], [1, 1, 1, 1]
    rng = np.random.default_rng(6)
    truth = [each.correlation for each in measure_discrimination(draw_class(rng, 300_000, slopes), points)]
    covered = classes = 0
    for _ in range(500):
        found = measure_discrimination(draw_class(rng, students, slopes), points)
        known = [(each, value) for each, value in zip(found, truth, strict=True) if not np.isnan(each.low)]
        covered += all(each.low <= value <= each.high for each, value in known)
        classes += 1
    assert covered / classes > 0.93
