"""The score of CrowS-Pairs' authors, on a small saved model: by hand, and the words that two sentences share."""

import pytest
import torch

from labkit.chapters.ch12 import score_pseudo_likelihood
from labkit.errors import UserError
from labkit.models.weights import find_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save an untrained masked language model with the shipped tokenizer."""
    from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

    tokenizer = AutoTokenizer.from_pretrained(find_model("minilm"))
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **size))
    where = tmp_path_factory.mktemp("masked")
    model.save_pretrained(where)
    tokenizer.save_pretrained(where)
    return where


def by_hand(folder, text, words):
    """Mask some words of a text, one after another, and add up the log-probabilities."""
    from transformers import AutoTokenizer, BertForMaskedLM

    tokenizer, model = AutoTokenizer.from_pretrained(folder), BertForMaskedLM.from_pretrained(folder).eval()
    total = 0.0
    for word in words:
        masked = text.split()
        masked[masked.index(word)] = tokenizer.mask_token
        inputs = tokenizer(" ".join(masked), return_tensors="pt")
        at = (inputs.input_ids[0] == tokenizer.mask_token_id).nonzero().item()
        with torch.inference_mode():
            scores = model(**inputs).logits[0, at].log_softmax(-1)
        total += scores[tokenizer.convert_tokens_to_ids(word)].item()
    return total


def test_shared_words_are_masked_one_by_one(folder):
    """The words that differ never are."""
    first, second = "women like the old house", "men like the house"
    (found,) = score_pseudo_likelihood(folder, [first], [second])
    shared = ["like", "the", "house"]
    assert found == pytest.approx([by_hand(folder, first, shared), by_hand(folder, second, shared)], abs=1e-4)


def test_equal_sentences_score_equally(folder):
    """And sentences with nothing in common have no score to speak of."""
    scores = score_pseudo_likelihood(folder, ["the house", "women"], ["the house", "men"])
    assert scores[0, 0] == scores[0, 1] < 0 and scores[1].tolist() == [0, 0]


def test_pairs_are_needed(folder):
    """One first sentence without a second is no pair."""
    with pytest.raises(UserError, match="1 first and 0 second"):
        score_pseudo_likelihood(folder, ["a"], [])


def test_a_model_that_is_not_there_is_named():
    """With the command that downloads it."""
    with pytest.raises(FileNotFoundError, match="labkit fetch --model no-such/model"):
        score_pseudo_likelihood("no-such/model", ["a"], ["b"])
