"""The estimators that methods wrap: what counts as texts, rows that can be taken, and embeddings."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone

from labkit.mitigation.estimators import Embedder, as_rows, is_texts, take
from labkit.models import hidden_states

TEXTS = ["a cough", "a much longer text\0", "a fever"]


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (TEXTS, True),
        (tuple(TEXTS), True),
        (np.array(TEXTS), True),
        (pd.Series(TEXTS, index=[7, 8, 9]), True),
        ([], False),
        (pd.Series([], dtype=object), False),
        ([1.0, 2.0], False),
        (np.array([TEXTS]), False),
        (pd.DataFrame({"text": TEXTS}), False),
    ],
)
def test_texts_are_a_column_of_strings(X, expected):
    """Of any kind of sequence; a table or a matrix is no column."""
    assert is_texts(X) == expected


@pytest.mark.parametrize("given", [TEXTS, pd.Series(TEXTS), np.array(TEXTS, dtype=object)])
def test_texts_stay_what_they_are(given):
    """Each row is the Python string that was given: not padded, cut or copied to the width of the longest."""
    rows = as_rows(given)
    assert rows.tolist() == TEXTS and rows.dtype == object and type(take(rows, np.array([1]))[0]) is str


def test_rows_are_taken_by_position():
    """From a frame with any index, an array, and a sparse matrix."""
    frame = pd.DataFrame({"x": [1, 2, 3]}, index=[5, 5, 0])
    assert take(as_rows(frame), np.array([2, 0]))["x"].tolist() == [3, 1]
    assert take(as_rows([[1], [2], [3]]), np.array([2, 0])).tolist() == [[3], [1]]
    assert take(as_rows(csr_matrix([[1], [2], [3]])), np.array([2, 0])).toarray().tolist() == [[3], [1]]


def test_embeddings_are_computed_once_for_all_clones(model, empty_cache, monkeypatch):
    """A clone has the same model, not a copy, and asks only for texts that none of them has met."""
    asked, embed = [], hidden_states.embed
    monkeypatch.setattr(hidden_states, "embed", lambda model, texts: asked.extend(texts) or embed(model, texts))
    first = Embedder(model)
    second = clone(first)
    vectors = first.transform(["a cough", "a fever", "a cough"])
    np.testing.assert_array_equal(second.transform(["a fever", "a rash"])[0], vectors[1])
    assert asked == ["a cough", "a fever", "a rash"] and second.model is model
