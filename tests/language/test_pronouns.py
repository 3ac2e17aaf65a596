"""What a masked-language model guesses behind a mask, and its correlation with the corpus."""

import numpy as np
import pandas as pd
import pytest
import torch

from labkit.language.masked_lm import LanguageModel, cut_blocks, word_ids
from labkit.language.pronouns import TEMPLATES, correlate, guess, share_of_she


@pytest.fixture(scope="module")
def language(model):
    """A tiny model with an untrained head."""
    return LanguageModel(cut_blocks(model, 2)).eval()


def test_share_of_she_equals_a_direct_computation(language):
    """Softmax over two logits of transformers' own forward pass, averaged over templates."""
    found = share_of_she(language, ["nurse", "police officer"])
    he, she = word_ids(language.tokenizer, ["he", "she"])
    for profession in found.index:
        shares = []
        for template in TEMPLATES:
            ids = language.tokenizer(template.replace("X", profession), return_tensors="pt")
            position = (ids["input_ids"][0] == language.tokenizer.mask_token_id).nonzero().item()
            with torch.inference_mode():
                hidden = language.foundation.encoder(**ids).last_hidden_state[0, position]
                logits = language.transform(hidden) @ language.table.T + language.bias
            shares.append(torch.softmax(logits[[he, she]], -1)[1].item())
        assert found[profession] == pytest.approx(np.mean(shares), abs=1e-5)


def test_guesses_sum_to_one(language):
    """Other words that could be there are left out of account."""
    table = guess(language, ["the [MASK] was tired .", "[MASK] left ."] * 40, ("he", "she", "they"))
    assert table.shape == (80, 3)
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: guess(m, ["no gap here ."]), "has 0 masks"),
        (lambda m: guess(m, ["[MASK] and [MASK] ."]), "has 2 masks"),
        (lambda m: guess(m, ["[MASK] ."], ("he", "anaesthesiologist")), "must be one known token"),
        (lambda m: guess(m, ["[MASK] ."], ("he", "ꙮ")), "must be one known token"),
        (lambda m: share_of_she(m, ["nurse", "ꙮꙮ"]), "profession 'ꙮꙮ' is unknown"),
        (lambda m: share_of_she(m, []), "professions: texts is empty"),
        (lambda m: share_of_she(m, ["nurse"], ["The nurse said that [MASK] was late."]), "must have X once"),
    ],
)
def test_bad_questions_are_rejected(language, call, message):
    """Each message names what is wrong."""
    with pytest.raises(ValueError, match=message):
        call(language)


def test_correlation_and_its_interval_by_hand():
    """Fisher's z: tanh(atanh(r) -+ 1.96 / sqrt(n - 3)); the spread is a standard deviation."""
    generator = np.random.default_rng(0)
    shares = pd.Series(generator.random(20), index=[f"p{i}" for i in range(20)])
    record = pd.DataFrame([shares + generator.normal(0, 0.2, 20), 0.5 + 0.001 * shares], index=[0, 7])
    found = correlate(record, shares)
    r = np.corrcoef(shares, record.loc[0])[0, 1]
    limits = np.tanh(np.arctanh(r) + np.array([-1.96, 1.96]) / np.sqrt(17))
    np.testing.assert_allclose(found.loc[0, ["r", "low", "high"]], [r, *limits], atol=1e-4)
    assert found.index.tolist() == [0, 7]
    assert found.loc[7, "r"] == pytest.approx(1) and found.loc[7, "spread"] < 0.001


@pytest.mark.parametrize(
    ("professions", "message"), [(["a", "b", "c", "x"], r"shares lack \['x'\]"), (["a", "b", "c"], "at least 4")]
)
def test_professions_without_a_share_are_rejected(professions, message):
    """And too few of them."""
    record = pd.DataFrame(np.zeros((1, len(professions))), columns=professions)
    with pytest.raises(ValueError, match=message):
        correlate(record, pd.Series([0.1, 0.2, 0.3], index=list("abc")))
