"""Loading encoders: checksums, folders, clear errors."""

import json
import shutil

import pytest
import torch

from labkit.models import weights
from labkit.models.encoder import load_foundation_model
from labkit.models.weights import fetch_model, find_model
from tests.tiny import save_tiny_bert


@pytest.fixture
def tiny_folder(tmp_path):
    """A folder with a small saved BERT."""
    return save_tiny_bert(tmp_path / "tiny")


def test_shipped_model_is_the_six_layer_bert_of_the_design():
    """The default model has 6 blocks of width 384, 22.7 million parameters, and is in eval mode."""
    model = load_foundation_model()
    assert (model.depth, model.encoder.config.hidden_size, model.max_length) == (6, 384, 512)
    assert 22.5e6 < sum(p.numel() for p in model.encoder.parameters()) < 22.8e6
    assert not model.training


def test_forward_equals_transformers_own_encoder():
    """Our way through embeddings and blocks gives what transformers' forward gives, with padding."""
    model = load_foundation_model()
    batch = model.tokenizer(["a short text", "the nurse said that she was tired"], padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.encoder(**batch).last_hidden_state
        found = model.blocks(model.embed_tokens(batch["input_ids"]), batch["attention_mask"])
    kept = batch["attention_mask"].bool()
    torch.testing.assert_close(found[kept], expected[kept], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("model_type", ["bert", "roberta", "electra"])
def test_folder_loads_by_the_same_call(tmp_path, model_type):
    """A saved BERT-like encoder loads from its folder, and gives one logit for each text."""
    model = load_foundation_model(str(save_tiny_bert(tmp_path / model_type, model_type=model_type)))
    batch = model.tokenizer(["one text", "another text here"], padding=True, return_tensors="pt")
    assert model(batch["input_ids"], batch["attention_mask"]).shape == (2,)


@pytest.mark.parametrize("model_type", ["bert", "roberta", "electra"])
def test_first_token_alone_is_what_the_whole_last_block_gives(tmp_path, model_type):
    """With pooling "cls" the head reads the first token's last state, which the short way gives exactly as the long."""
    model = load_foundation_model(str(save_tiny_bert(tmp_path / model_type, model_type=model_type)))
    batch = model.tokenizer(["one text", "another text that is longer"], padding=True, return_tensors="pt")
    model.pooling = "cls"
    with torch.inference_mode():
        hidden = model.encoder(**batch).last_hidden_state
        expected = model.head(hidden[:, 0]).squeeze(-1)
        found = model(batch["input_ids"], batch["attention_mask"])
        mean = model.head(model.pool(hidden, batch["attention_mask"])).squeeze(-1)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(found, mean, atol=1e-4)


def test_head_width_and_activation_are_what_was_asked_for(tiny_folder):
    """``head_hidden`` adds a layer of that width with that activation."""
    head = load_foundation_model(tiny_folder, head_hidden=7, activation="tanh").head
    assert [layer.out_features for layer in head if isinstance(layer, torch.nn.Linear)] == [7, 1]
    assert any(isinstance(layer, torch.nn.Tanh) for layer in head)


def test_changed_byte_in_the_shipped_weights_is_an_error(tmp_path, monkeypatch):
    """A wrong checksum names the file and stops the load."""
    shutil.copytree(find_model("minilm"), tmp_path / "gt" / "model")
    weights = tmp_path / "gt" / "model" / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path / "gt")]})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    with pytest.raises(ValueError, match=r"model\.safetensors has sha256 .* damaged"):
        load_foundation_model()


def test_unknown_name_says_which_command_brings_it():
    """A name that is nowhere gives the fetch command, and nothing is downloaded."""
    with pytest.raises(FileNotFoundError, match="labkit fetch --model some/unknown-model"):
        load_foundation_model("some/unknown-model")


def test_folder_without_safetensors_is_refused(tiny_folder):
    """Weights in a pickle are not loaded."""
    (tiny_folder / "model.safetensors").rename(tiny_folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="no \\*.safetensors"):
        load_foundation_model(tiny_folder)


def test_decoder_is_refused(tmp_path):
    """A GPT-2 is not a BERT-like encoder, and the message lists what is."""
    folder = save_tiny_bert(tmp_path / "gpt2", model_type="gpt2")
    with pytest.raises(ValueError, match="'gpt2' model, not a BERT-like encoder; known: bert, roberta"):
        load_foundation_model(folder)


@pytest.mark.parametrize("bad", [{"activation": "sigmoidal"}, {"head_hidden": 0}, {"head_hidden": 2.5}])
def test_head_that_cannot_be_built_is_an_error(tiny_folder, bad):
    """The message names the value."""
    with pytest.raises(ValueError, match=str(next(iter(bad.values())))):
        load_foundation_model(tiny_folder, **bad)


def test_fetched_model_is_found_and_its_checksum_checked(tmp_path, monkeypatch):
    """A hub model in the cache loads by its hub name; a changed byte is an error; a broken-off fetch does not count."""
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    folder = tmp_path / "models" / "someone--tiny"

    def download(name, *, local_dir, **_):
        save_tiny_bert(local_dir)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert fetch_model("someone/tiny", dry_run=True) == folder and not folder.exists()
    assert fetch_model("someone/tiny") == folder
    assert load_foundation_model("someone/tiny").depth == 2
    sums = json.loads((folder / weights.CHECKSUMS).read_text())
    (folder / weights.CHECKSUMS).write_text(json.dumps({name: "0" * 64 for name in sums}))
    with pytest.raises(ValueError, match="damaged or was changed"):
        load_foundation_model("someone/tiny")
    (folder / weights.CHECKSUMS).unlink()
    with pytest.raises(FileNotFoundError, match="labkit fetch --model someone/tiny"):
        load_foundation_model("someone/tiny")


def test_fetch_without_a_network_says_so(tmp_path, monkeypatch):
    """No connection: the message names the model and the way out."""

    def download(name, **_):
        raise OSError("Network is unreachable")

    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(ConnectionError, match=r"'someone/tiny' could not be fetched .* copy the model into a folder"):
        fetch_model("someone/tiny")
