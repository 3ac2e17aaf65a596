"""The cache of hidden states and the embeddings pooled from them."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from labkit.models import hidden_states as states
from labkit.models.hidden_states import embed, fingerprint, hidden_states, open_cache
from tests.tiny import make_texts

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_states_equal_the_encoder(model, layer):
    """What enters block ``layer`` is what transformers calls ``hidden_states[layer]``."""
    texts, *_ = make_texts(40)
    found = hidden_states(model, texts, layer=layer, precision="float32")
    hidden, mask = found.batch(range(40))
    batch = model.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.encoder(**batch, output_hidden_states=True).hidden_states[layer]
    assert torch.equal(mask, batch["attention_mask"])
    torch.testing.assert_close(hidden[mask.bool()], expected[mask.bool()], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_states_do_not_depend_on_the_texts_around(model, precision):
    """A text has the same states, bit for bit, computed alone or among others."""
    texts, *_ = make_texts(70)
    together = hidden_states(model, texts, layer=2, precision=precision, disk=False)
    for row in (0, 3, 69):
        alone = hidden_states(model, texts[row : row + 1], layer=2, precision=precision, disk=False)
        assert torch.equal(alone.batch([0])[0], together.batch([row])[0])


def test_second_call_reads_and_computes_nothing(model, monkeypatch):
    """Only texts that are new are computed; what is read equals what was computed."""
    texts, *_ = make_texts(300)
    first, vectors = hidden_states(model, texts, layer=2), embed(model, texts)
    computed = []
    run = states.run_blocks
    monkeypatch.setattr(
        states, "run_blocks", lambda m, ids, rows, *a, **k: computed.extend(rows) or run(m, ids, rows, *a, **k)
    )
    again = hidden_states(model, [*texts, "a text that is new"], layer=2)
    assert computed == [300]
    assert torch.equal(again.values[: len(first.values)], first.values)
    assert np.array_equal(embed(model, texts), vectors) and computed == [300]


def test_changed_weights_do_not_find_old_states(model):
    """The cache is keyed by the weights, not by the model's name."""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        changed.encoder.encoder.layer[0].output.dense.weight[0, 0] += 1
    assert fingerprint(changed, 1) != fingerprint(model, 1) and fingerprint(changed, 0) == fingerprint(model, 0)


def test_embedding_is_the_mean_over_a_texts_tokens(model):
    """Padding does not enter the mean."""
    texts, *_ = make_texts(5)
    vectors = embed(model, texts, precision="float32")
    assert vectors.shape == (5, 32) and vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        with torch.inference_mode():
            hidden = model.encoder(**model.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(vector, hidden.mean(0).numpy(), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embedding_starts_from_what_is_kept(model, pooling, monkeypatch):
    """Bit for bit the same, whether the blocks below are run again or read; and they are not run again."""
    texts, *_ = make_texts(50)
    whole = embed(model, texts, pooling=pooling, precision="float32")
    with open_cache() as cache:
        cache.clear()
    hidden_states(model, texts[:30], layer=1, precision="float32")
    starts = []
    blocks = model.blocks
    monkeypatch.setattr(
        model, "blocks", lambda hidden, mask, **k: starts.append(k["start"]) or blocks(hidden, mask, **k)
    )
    assert np.array_equal(embed(model, texts, pooling=pooling, precision="float32"), whole)
    assert set(starts) == {0, 1}  # twenty texts are new
    starts.clear()
    embed(model, texts[:30], pooling={"mean": "cls", "cls": "mean"}[pooling], precision="float32")
    assert set(starts) == {1}


def test_states_that_are_pushed_out_meanwhile_are_computed(model, monkeypatch):
    """Another process may remove what was there a moment ago."""
    texts, *_ = make_texts(20)
    whole = embed(model, texts, precision="float32")
    with open_cache() as cache:
        cache.clear()
    hidden_states(model, texts, layer=1, precision="float32")
    monkeypatch.setattr(states.Kept, "get", lambda self, row: None)
    assert np.array_equal(embed(model, texts, precision="float32"), whole)


def test_first_token_can_be_embedded_instead(model):
    """``pooling="cls"`` gives the first token's last state, kept apart from the mean."""
    texts, *_ = make_texts(3)
    mean, first = embed(model, texts, precision="float32"), embed(model, texts, pooling="cls", precision="float32")
    batch = model.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.encoder(**batch).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(first, expected, atol=1e-5)
    assert not np.allclose(first, mean, atol=1e-3) and np.array_equal(embed(model, texts, precision="float32"), mean)


def test_unknown_pooling_is_refused(model):
    """The message names what there is."""
    with pytest.raises(ValueError, match="pooling 'max' is not one of mean, cls"):
        embed(model, ["a text"], pooling="max")


def test_cache_is_bounded(model, monkeypatch):
    """Beyond the limit the oldest states go, and results stay right."""
    monkeypatch.setenv("LABKIT_STATES_GB", str(2 / 1024))  # 2 MiB
    texts, *_ = make_texts(1500)
    whole = hidden_states(model, texts, layer=2, precision="float32")
    assert whole.values.nbytes > 3 * 2**20
    with open_cache() as cache:
        assert cache.volume() < 3 * 2**20
    assert torch.equal(hidden_states(model, texts, layer=2, precision="float32").values, whole.values)


def test_two_processes_fill_the_cache_at_once(model, tmp_path):
    """Both end well, and both read what one process alone computes."""
    code = (
        "import sys; import numpy as np; from tests.tiny import make_texts;"
        "from labkit.models.hidden_states import hidden_states;"
        "from labkit.models.encoder import load_foundation_model; m = load_foundation_model(sys.argv[1]);"
        "s = hidden_states(m, make_texts(600)[0], layer=2, precision='float32'); np.save(sys.argv[2], s.values.numpy())"
    )
    files = [tmp_path / f"{i}.npy" for i in range(2)]
    workers = [subprocess.Popen([sys.executable, "-c", code, str(model.name), str(file)]) for file in files]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    expected = hidden_states(model, make_texts(600)[0], layer=2, precision="float32", disk=False).values.numpy()
    for file in files:
        assert np.array_equal(np.load(file), expected)


def test_damaged_cache_says_what_to_delete(model, tmp_path):
    """A broken database is named; nothing wrong is read from it."""
    (tmp_path / "cache" / "states").mkdir(parents=True)
    (tmp_path / "cache" / "states" / "cache.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(RuntimeError, match="delete .*states"):
        hidden_states(model, ["one text"], layer=1)


def test_states_that_do_not_fit_memory_are_refused():
    """The message says what to use instead."""
    with pytest.raises(MemoryError, match='trainable_layers="all"'):
        states.check_memory(2**60)


@pytest.mark.parametrize("compute", [embed, lambda model, texts: hidden_states(model, texts, layer=1)])
@pytest.mark.parametrize(
    ("texts", "message"), [("one text", "one string"), ([], "texts is empty"), (["a", None], r"texts\[1\] is None")]
)
def test_bad_texts_are_refused(model, compute, texts, message):
    """A single string is not taken for a list of letters."""
    with pytest.raises(ValueError, match=message):
        compute(model, texts)
