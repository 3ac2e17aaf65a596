"""Log-probabilities of trees are those of texts one at a time, and trees hold what texts share once."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labkit.language.causal_lm import load_generative_model
from labkit.language.causal_lm._rounding import SameRounding, SeparateTrees
from labkit.language.causal_lm._scoring import grow_trees, log_of_sum, score_alone, score_texts
from tests.language.causal_lm.tiny import save_tiny_causal_lm

# Prompts of 1 to 60 tokens, continuations of 1 to 4, from few different tokens: so that many texts begin alike.
PROMPTS = st.lists(st.integers(3, 6), min_size=0, max_size=59)
PARTS = st.tuples(PROMPTS, st.lists(st.integers(3, 250), min_size=1, max_size=4))


def join(parts):
    """Return token ids with the start token in front, and where each continuation begins."""
    return [[1, *prompt, *continuation] for prompt, continuation in parts], [1 + len(prompt) for prompt, _ in parts]


@given(parts=st.lists(PARTS, min_size=1, max_size=8), batch_size=st.integers(1, 8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_trees_give_what_the_model_says_of_one_text_at_a_time(tiny, parts, batch_size):
    """Whatever the lengths, and whatever is shared and batched, compared with the logits of the model itself."""
    ids, starts = join(parts)
    together = score_texts(tiny.model, ids, starts, batch_size=batch_size)
    assert together == pytest.approx(score_alone(tiny.model, ids, starts), rel=0, abs=1e-4)
    single = [score_texts(tiny.model, [own], [start], batch_size=1)[0] for own, start in zip(ids, starts, strict=True)]
    assert together == pytest.approx(single, rel=0, abs=1e-5)


@given(
    parts=st.lists(PARTS, min_size=1, max_size=12),
    nodes=st.integers(2, 200),
    unrelated=st.integers(1, 100),
    batch_size=st.integers(1, 12),
)
@settings(max_examples=60, deadline=None)
def test_the_way_to_a_node_spells_the_beginning_of_its_text(parts, nodes, unrelated, batch_size):
    """Each text is in one tree; a scored token's node ends its beginning; no beginning is in a tree twice."""
    ids, starts = join(parts)
    seen = []
    for forest in grow_trees(ids, starts, most_texts=batch_size, most_nodes=nodes, most_unrelated=unrelated):
        ways = []
        for token, depth, parent in zip(forest.tokens, forest.depths, forest.parents, strict=True):
            ways.append((*(ways[parent] if parent >= 0 else ()), token))
            assert len(ways[-1]) == depth + 1
        assert len(forest.texts) <= batch_size and (len(forest.texts) == 1 or len(ways) <= nodes)
        tree_of = np.searchsorted(forest.roots, np.arange(len(ways)), side="right").tolist()
        assert len(set(zip(tree_of, ways, strict=True))) == len(ways)
        assert all(tree_of[node] == tree_of[parent] for node, parent in enumerate(forest.parents) if parent >= 0)
        assert forest.roots == [node for node, parent in enumerate(forest.parents) if parent < 0]
        mask = forest.mask()
        assert [sum(row) for row in mask.tolist()] == [len(way) for way in ways]
        for text, node, token in forest.pairs:
            assert ids[text][: len(ways[node]) + 1] == [*ways[node], token]
            seen.append((text, len(ways[node])))
    assert sorted(seen) == [(row, at) for row, own in enumerate(ids) for at in range(starts[row], len(own))]


WORDS = st.sampled_from(
    "the a nurse engineer said that she he they finished 7 42 friendly über not , . because".split()
)
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
ENDINGS = st.sampled_from([" she", " he was", " they were not", " because of it"])


def compare_with_single_texts(model, prompts, continuations):
    """Assert that batches agree with single texts to 1e-4, continuations and whole texts."""
    together = model.continuation_log_probabilities(prompts, continuations)
    pairs = zip(prompts, continuations, strict=True)
    alone = [model.continuation_log_probabilities([prompt], [continuation])[0] for prompt, continuation in pairs]
    assert together == pytest.approx(alone, rel=0, abs=1e-4)
    whole = model.sequence_log_probabilities(prompts)
    single = [model.sequence_log_probabilities([prompt])[0] for prompt in prompts]
    assert whole == pytest.approx(single, rel=0, abs=1e-4)


def test_batches_of_the_real_model_agree_with_single_texts(smollm2):
    """Prompts of 1 to 60 tokens, continuations of 1 to 4."""
    story = "The nurse finished the shift and then the engineer said that they were not at all friendly to her, " * 4
    words = story.split()
    prompts = [" ".join(words[:n]) for n in (1, 21, 55)] + [" ".join(words[9:20])]
    compare_with_single_texts(smollm2, prompts, [" she", " they were not", " because of it,", " he was"])


@pytest.mark.slow
@given(rows=st.lists(st.tuples(TEXTS, ENDINGS), min_size=2, max_size=6))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_of_the_real_model_agree_whatever_the_texts(smollm2, rows):
    """The same for texts that hypothesis puts together."""
    compare_with_single_texts(smollm2, *map(list, zip(*rows, strict=True)))


@pytest.mark.slow
def test_windows_of_12_and_60_tokens_are_scored_alike_one_by_one(smollm2):
    """Sums over whole texts, where rounding adds up: many texts, and the largest difference of all."""
    from tests.benchmarks.generative import pieces

    for count, tokens in ((48, 12), (16, 61)):
        ids, starts = pieces(smollm2, count, tokens)
        together = smollm2.score(ids, starts, 64)
        alone = [smollm2.score([own], [1], 1)[0] for own in ids]
        assert np.abs(together - alone).max() < 1e-4


@pytest.mark.parametrize("rows", [1, 15, 16, 300])
def test_products_are_those_of_torch(rows):
    """Few rows, many, and more terms than are summed at once; with a bias, without, and as GPT-2 writes them."""
    generator = torch.Generator().manual_seed(0)
    given, weight, bias = (torch.randn(*size, generator=generator) for size in ((2, rows, 1700), (30, 1700), (30,)))
    expected = (given.double() @ weight.double().T).float()
    with SameRounding():
        plain, more = torch.nn.functional.linear(given, weight), torch.nn.functional.linear(given, weight, bias)
        turned = torch.addmm(bias, given[0], weight.T)
    assert torch.allclose(plain, expected, atol=1e-3) and torch.allclose(more, expected + bias, atol=1e-3)
    assert torch.allclose(turned, more[0], atol=1e-6)


def test_attention_is_rounded_once():
    """With a mask and without, it is that of float64."""
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 2, 70, 8, generator=generator) for _ in range(3))
    mask = torch.zeros(70, 70).masked_fill_(torch.ones(70, 70).triu(1).bool(), torch.finfo(torch.float32).min)
    attend = torch.nn.functional.scaled_dot_product_attention
    exact = attend(query.double(), key.double(), value.double(), is_causal=True)
    with SameRounding():
        masked, causal = attend(query, key, value, attn_mask=mask), attend(query, key, value, is_causal=True)
    assert torch.equal(masked, exact.float()) and torch.equal(causal, exact.float())


@pytest.mark.parametrize("computing", [SeparateTrees, SameRounding])
def test_attention_is_computed_tree_by_tree(computing):
    """As with a mask that keeps the trees apart: trees of one node and of more, and heads that share keys."""
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(1, 4, 9, 8, generator=generator)
    key, value = (torch.randn(1, 2, 9, 8, generator=generator) for _ in range(2))
    roots = [0, 1, 6]
    tree_of = torch.searchsorted(torch.tensor(roots), torch.arange(9), right=True)
    mask = torch.zeros(9, 9).masked_fill_(tree_of[:, None] != tree_of, torch.finfo(torch.float32).min)
    attend = torch.nn.functional.scaled_dot_product_attention
    expected = attend(query, key, value, attn_mask=mask[None, None], enable_gqa=True)
    with computing(roots):
        found = attend(query, key, value, attn_mask=mask[None, None], enable_gqa=True)
    assert torch.allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "gpt_neox", "mistral", "bloom"])
def test_models_of_other_kinds_are_scored_as_they_say(tmp_path, model_type):
    """A model that cannot read a tree (Bloom has no positions to give) is read one text at a time, and loads alike."""
    model = load_generative_model(save_tiny_causal_lm(tmp_path, model_type=model_type))
    assert model.takes_trees == (model_type != "bloom")
    texts = ["he and she", "he and he", "she", "happy and happy"]
    ids = [[1, *model.tokenizer(text).input_ids] for text in texts]
    alone = score_alone(model.model, ids, [1] * 4)
    assert model.sequence_log_probabilities(texts) == pytest.approx(alone, abs=1e-4)
    assert np.ptp(alone) > 1


def test_a_model_that_changes_its_logits_is_noticed(tmp_path, monkeypatch):
    """What happens between the last states and the logits would be missed, so such a model is not read as a tree."""
    model = load_generative_model(save_tiny_causal_lm(tmp_path))
    forward = type(model.model).forward

    def softened(self, *args, **kwargs):
        out = forward(self, *args, **kwargs)
        out.logits = out.logits.tanh()
        return out

    monkeypatch.setattr(type(model.model), "forward", softened)
    assert not model.takes_trees
    assert (model.sequence_log_probabilities(["he and she"]) > -2 * 6 * np.log(300)).all()


def test_the_chain_rule_holds(tiny):
    """A prompt and its continuation are as probable as the text that they make."""
    prompts, continuations = ["he and", "", "happy"], [" she", "he", " and happy"]
    texts = [p + c for p, c in zip(prompts, continuations, strict=True)]
    found = tiny.continuation_log_probabilities(prompts, continuations)
    before = [0 if not p else tiny.sequence_log_probabilities([p])[0] for p in prompts]
    assert found == pytest.approx(tiny.sequence_log_probabilities(texts) - before, abs=1e-4)


def test_probabilities_of_all_next_tokens_add_up_to_one(tiny):
    """Scored one by one."""
    size = tiny.model.config.vocab_size
    ids = [[1, 5, token] for token in range(size)]
    assert np.exp(score_texts(tiny.model, ids, [2] * size, batch_size=50)).sum() == pytest.approx(1, abs=1e-5)


def test_the_sum_over_the_vocabulary_does_not_round():
    """Of a million equal terms, in float32."""
    logits = torch.full((2, 1_000_000), 3.0)
    assert log_of_sum(logits).tolist() == pytest.approx([3 + np.log(1e6)] * 2, abs=1e-7)


@pytest.mark.slow
def test_bfloat16_rounds_but_does_not_change_what_is_preferred_by_much(smollm2):
    """Sentences differ by tenths of a nat, on average by less than one in a hundred of their log-probability."""
    rounded = load_generative_model("smollm2", precision="bfloat16")
    texts = ["The nurse said she was tired.", "The nurse said he was tired.", "Colorless green ideas sleep furiously."]
    exact = smollm2.sequence_log_probabilities(texts)
    found = rounded.sequence_log_probabilities(texts)
    assert rounded.model.dtype == torch.bfloat16 and rounded.takes_trees
    assert 1e-3 < np.abs(found - exact).max() < 1.5


def test_the_figures_of_the_trial_are_reproduced(smollm2):
    """P(she) against P(he) after a profession, to two digits, as a trial with transformers' own reader found."""
    prompts = [f"The {name} finished the shift and then" for name in ("nurse", "doctor", "carpenter")]
    log_odds = smollm2.choice_log_odds(prompts, yes=" she", no=" he")
    shares = 1 / (1 + np.exp(-log_odds))
    assert shares[0] > shares[1] > shares[2]
    assert shares == pytest.approx([0.83, 0.55, 0.27], abs=0.006)
