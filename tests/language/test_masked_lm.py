"""The masked-language model: its head, what it guesses, what is hidden, and how its loss is measured."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from labkit.language.masked_lm import PRONOUNS, LanguageModel, cut_blocks, draw_mask, held_out_loss, word_ids
from labkit.language.pretraining import PretrainConfig
from labkit.language.pronouns import guess
from labkit.models.hidden_states import fingerprint
from tests.tiny import make_texts


@pytest.fixture(scope="module")
def language(model):
    """A tiny model with an untrained head."""
    return LanguageModel(cut_blocks(model, 2)).eval()


def encode(language, texts):
    """Return padded ids and their mask."""
    batch = language.tokenizer(texts, padding=True, return_tensors="pt")
    return batch["input_ids"], batch["attention_mask"]


def test_cut_keeps_the_lowest_blocks_and_the_model(model):
    """One block fewer, the same weights below, and the original unchanged; the caches distinguish the two."""
    cut = cut_blocks(model, 1)
    assert (cut.depth, cut.encoder.config.num_hidden_layers, model.depth) == (1, 1, 2)
    for name, weight in cut.encoder.encoder.layer[0].state_dict().items():
        assert torch.equal(weight, model.encoder.encoder.layer[0].state_dict()[name])
    assert fingerprint(cut, 1) != fingerprint(model, 2)
    with torch.no_grad():
        cut.encoder.encoder.layer[0].output.dense.weight.add_(1)
    assert not torch.equal(cut.encoder.encoder.layer[0].output.dense.weight,
                           model.encoder.encoder.layer[0].output.dense.weight)  # fmt: skip


@pytest.mark.parametrize("blocks", [0, 3, 1.5])
def test_cut_rejects_blocks_that_are_not_there(model, blocks):
    """The message says how many there are."""
    with pytest.raises(ValueError, match="has 2 blocks, keep 1 to 2"):
        cut_blocks(model, blocks)


def test_logits_at_positions_are_those_of_the_whole_encoder(language):
    """Computing the last block at hidden words alone changes nothing but the time; padding does not count."""
    texts, *_ = make_texts(6)
    ids, mask = encode(language, texts)
    at = (torch.rand(ids.shape, generator=torch.Generator().manual_seed(0)) < 0.3) & mask.bool()
    at[2] = False  # a text without a hidden word
    with torch.inference_mode():
        found = language(ids, mask, at)
        hidden = language.foundation.encoder(input_ids=ids, attention_mask=mask).last_hidden_state[at]
        expected = language.transform(hidden) @ language.table.T + language.bias
    assert found.shape == (int(at.sum()), len(language.tokenizer))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_head_is_tied_to_the_word_embeddings(language):
    """The head has no table: changing the encoder's word embeddings changes what it says."""
    assert language.table is language.foundation.encoder.embeddings.word_embeddings.weight
    assert sum(len(p) == len(language.tokenizer) and p.dim() == 2 for p in language.parameters()) == 1
    changed = LanguageModel(copy.deepcopy(language.foundation)).eval()
    text = ["the nurse said that [MASK] was tired ."]
    she = word_ids(language.tokenizer, ["she"])
    before = guess(changed, text)["she"][0]
    with torch.no_grad():
        hidden = changed.transform[2].weight * 0 + 1
        changed.foundation.encoder.embeddings.word_embeddings.weight[she] += 5 * hidden
        changed.transform[2].bias += 1  # so that the moved embedding is along the head's output
    assert abs(guess(changed, text)["she"][0] - before) > 0.1


def test_head_is_drawn_from_the_seed(model):
    """The same seed, the same head, whatever was drawn before."""
    first, second, other = (LanguageModel(cut_blocks(model, 1), seed=seed) for seed in (3, 3, 4))
    assert torch.equal(first.transform[0].weight, second.transform[0].weight)
    assert not torch.equal(first.transform[0].weight, other.transform[0].weight)


def test_no_mask_token_is_rejected(model):
    """A model that never guessed hidden words has no token for them."""
    bare = copy.copy(model)
    bare.tokenizer = SimpleNamespace(mask_token_id=None)
    with pytest.raises(ValueError, match="no mask token"):
        LanguageModel(bare)


def test_pronouns_are_hidden_more_often_and_special_tokens_never(language):
    """The two shares, each within four standard errors; no [CLS], [SEP] or padding among the hidden."""
    texts = ["she gave him the book because his friend knew her", "a doctor"] * 400
    ids, _ = encode(language, texts)
    pronouns = word_ids(language.tokenizer, PRONOUNS)
    settings = {"tokenizer": language.tokenizer, "mask_share": 0.1, "pronoun_share": 0.4, "pronouns": pronouns}
    at = draw_mask(ids, torch.Generator().manual_seed(0), **settings)
    special = torch.isin(ids, torch.tensor(language.tokenizer.all_special_ids))
    is_pronoun = torch.isin(ids, torch.tensor(pronouns))
    assert not (at & special).any()
    assert at[is_pronoun].float().mean().item() == pytest.approx(0.4, abs=4 * np.sqrt(0.24 / 1600))
    rest = at[~special & ~is_pronoun].float()
    assert rest.mean().item() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / len(rest)))


def test_something_is_always_hidden(language):
    """A batch of one short text would otherwise have no loss at all."""
    ids, _ = encode(language, ["hello"])
    settings = {"tokenizer": language.tokenizer, "mask_share": 1e-9, "pronoun_share": 1e-9, "pronouns": [0]}
    at = draw_mask(ids, torch.Generator().manual_seed(0), **settings)
    assert at.tolist() == [[False, True, False]]


def test_held_out_loss_hides_the_same_words_for_every_model(language, model):
    """Two models are compared word by word; the loss of an untrained head is far above that of a uniform guess."""
    texts, *_ = make_texts(70)
    texts = [f"she said {text}" for text in texts]
    other = LanguageModel(cut_blocks(model, 1), seed=9).eval()
    first, second = (held_out_loss(each, texts, config=PretrainConfig()) for each in (language, other))
    assert first.drop(columns="loss").equals(second.drop(columns="loss"))
    assert not np.allclose(first["loss"], second["loss"])
    assert set(first.loc[first["pronoun"], "word"]) == {"she"} and set(first["text"]) <= set(range(70))


def test_held_out_loss_equals_a_direct_computation(language):
    """Minus the logarithm of the probability that the model gave the hidden word."""
    config = PretrainConfig(mask_share=1.0, pronoun_share=1.0)
    found = held_out_loss(language, ["fever cough"], config=config)
    ids, mask = encode(language, ["[MASK] [MASK]"])
    wanted = torch.tensor(language.tokenizer.convert_tokens_to_ids(["fever", "cough"]))
    with torch.inference_mode():
        logits = language(ids, mask, ids == language.tokenizer.mask_token_id)
    expected = -torch.log_softmax(logits, -1)[torch.arange(2), wanted]
    assert found["word"].tolist() == ["fever", "cough"]
    np.testing.assert_allclose(found["loss"], expected.numpy(), rtol=1e-5)
