"""Loading encoders: checksums, folders, clear errors."""

import errno
import json
import os
import pickle

import pytest
import safetensors.torch
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


@pytest.fixture
def shipped_copy(tmp_path, monkeypatch):
    """A folder of links to the shipped files, which may be replaced, and which is loaded as "minilm"."""
    (tmp_path / "gt" / "model").mkdir(parents=True)
    for file in find_model("minilm").iterdir():
        (tmp_path / "gt" / "model" / file.name).symlink_to(file)
    spec = type("Spec", (), {"submodule_search_locations": [str(tmp_path / "gt")]})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    return tmp_path / "gt" / "model"


@pytest.mark.parametrize("file", weights.SHIPPED["minilm"])
def test_changed_byte_in_the_shipped_model_is_an_error(shipped_copy, file):
    """Of whichever file that transformers could read: a wrong checksum names the file and stops the load."""
    data = bytearray((shipped_copy / file).read_bytes())
    data[-2] ^= 1
    (shipped_copy / file).unlink()
    (shipped_copy / file).write_bytes(data)
    with pytest.raises(ValueError, match=rf"{file} has sha256 .* damaged"):
        find_model("minilm")


def test_lost_and_additional_files_of_the_shipped_model_are_errors(shipped_copy):
    """A tokenizer without a file, or with one more, may read other words."""
    (shipped_copy / "vocab.txt").rename(shipped_copy / "vocab.old")
    with pytest.raises(ValueError, match=r"vocab\.txt is missing; install"):
        find_model("minilm")
    (shipped_copy / "vocab.old").rename(shipped_copy / "vocab.txt")
    (shipped_copy / "added_tokens.json").write_text('{"she": 5}')
    with pytest.raises(ValueError, match=r"added_tokens\.json does not belong to the model"):
        find_model("minilm")


def test_unknown_name_says_which_command_brings_it():
    """A name that is nowhere gives the fetch command, and nothing is downloaded."""
    with pytest.raises(FileNotFoundError, match="labkit fetch --model some/unknown-model"):
        load_foundation_model("some/unknown-model")


def test_folder_without_safetensors_is_refused(tiny_folder):
    """Weights in a pickle are not loaded."""
    (tiny_folder / "model.safetensors").rename(tiny_folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match="no \\*.safetensors"):
        load_foundation_model(tiny_folder)


def change_weights(folder, change):
    """Save what a function makes of a folder's weights."""
    safetensors.torch.save_file(
        change(safetensors.torch.load_file(folder / "model.safetensors")), folder / "model.safetensors"
    )


def change_config(folder, **settings):
    """Change settings in a folder's config.json."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | settings))


def copy_block(weights):
    """Add a third block to two."""
    return weights | {name.replace("layer.1.", "layer.2."): value.clone() for name, value in weights.items()}


WRONG_WEIGHTS = {
    "renamed": (
        lambda weights: {f"foo.{name}": value for name, value in weights.items()},
        r"2 blocks of width 32, .* lacks embeddings\.\S+, .* more, and has foo\.embeddings",
    ),
    "one renamed": (
        lambda weights: {
            name.replace("1.output.dense.bias", "1.output.bias"): value for name, value in weights.items()
        },
        r"lacks encoder\.layer\.1\.output\.dense\.bias, and has encoder\.layer\.1\.output\.bias",
    ),
    "fewer blocks": (
        lambda weights: {name: value for name, value in weights.items() if "layer.1." not in name},
        r"2 blocks .* lacks encoder\.layer\.1\.\S+, .* and 13 more",
    ),
    "more blocks": (copy_block, r"2 blocks .* also has encoder\.layer\.2\."),
    "an adapter": (
        lambda weights: weights | {"encoder.layer.0.adapter.weight": torch.zeros(2)},
        r"also has encoder\.layer\.0\.adapter\.weight",
    ),
    "another vocabulary": (
        lambda weights: weights | {"embeddings.word_embeddings.weight": torch.zeros(100, 32)},
        r"needs embeddings\.word_embeddings\.weight of shape \(30522, 32\), but it has \(100, 32\)",
    ),
    "nothing": (lambda weights: {"x": torch.zeros(1)}, "lacks"),
}


@pytest.mark.parametrize("wrong", WRONG_WEIGHTS)
def test_weights_that_do_not_fit_are_rejected_by_name(tiny_folder, wrong):
    """transformers would draw what is missing at random, and leave out what is too many."""
    change, message = WRONG_WEIGHTS[wrong]
    change_weights(tiny_folder, change)
    with pytest.raises(ValueError, match=message):
        load_foundation_model(tiny_folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_hidden_layers": 3}, r"3 blocks .* lacks encoder\.layer\.2"),
        ({"num_hidden_layers": 1}, r"1 blocks .* also has encoder\.layer\.1"),
        ({"num_hidden_layers": 0}, "asks for 0 blocks"),
        ({"hidden_size": 64}, r"width 64 and needs \S+ of shape"),
        ({"num_attention_heads": 5}, "cannot be loaded as its config.json says"),
        ({"hidden_act": "nonsense"}, "cannot be loaded as its config.json says"),
        ({"vocab_size": 40_000}, r"needs embeddings\.word_embeddings\.weight of shape \(40000, 32\)"),
        ({"num_hidden_layers": "two"}, "does not describe a model|asks for"),
    ],
)
def test_configuration_of_another_model_is_rejected(tiny_folder, settings, message):
    """The message says what the configuration asks for, and what there is."""
    change_config(tiny_folder, **settings)
    with pytest.raises(ValueError, match=message):
        load_foundation_model(tiny_folder)


@pytest.mark.parametrize("kind", ["prefix", "heads and constants", "old names", "index", "other number format"])
def test_usual_forms_of_weights_load(tiny_folder, kind):
    """A prefix, heads, names of the first BERT, several files and half precision: the encoder is the same."""
    change = {
        "prefix": lambda weights: {f"bert.{name}": value for name, value in weights.items()},
        "heads and constants": lambda weights: (
            weights
            | {"cls.predictions.bias": torch.zeros(5), "classifier.weight": torch.zeros(2, 32)}
            | {"embeddings.position_ids": torch.arange(512)[None]}
        ),
        "old names": lambda weights: {
            name.replace("Norm.weight", "Norm.gamma"): each for name, each in weights.items()
        },
        "other number format": lambda weights: {name: value.double() for name, value in weights.items()},
    }
    expected = load_foundation_model(tiny_folder).encoder.state_dict()
    if kind in change:
        change_weights(tiny_folder, change[kind])
    else:
        write_index(tiny_folder)
    found = load_foundation_model(tiny_folder).encoder.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def write_index(folder, **places):
    """Put the weights into two files with an index, in which some places may be changed."""
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    parts = {"one.safetensors": names[::2], "two.safetensors": names[1::2]}
    for file, members in parts.items():
        safetensors.torch.save_file({name: weights[name] for name in members}, folder / file)
    index = {name: file for file, members in parts.items() for name in members} | places
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))


@pytest.mark.parametrize("file", ["pytorch_model.bin", "../other.safetensors", "/elsewhere/other.safetensors"])
def test_index_may_name_safetensors_of_its_folder_only(tiny_folder, file):
    """A pickle next to a decoy is not opened."""
    (tiny_folder / "pytorch_model.bin").write_bytes(b"a pickle")
    write_index(tiny_folder, more=file)
    with pytest.raises(ValueError, match=f"index.json names '{file}'; only .*safetensors"):
        load_foundation_model(tiny_folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "index.json cannot be read"),
        ("[]", "holds no JSON object"),
        ("[" * 100_000, "index.json cannot be read"),
        ("{}", "does not say which file"),
        ('{"weight_map": {"x": 5}}', "does not say which file"),
        ('{"weight_map": {"x": "lost.safetensors"}}', r"lost\.safetensors is missing"),
        (None, "has neither model.safetensors nor"),
    ],
)
def test_damaged_index_is_rejected(tiny_folder, content, message):
    """The message names the file."""
    (tiny_folder / "model.safetensors").rename(tiny_folder / "other.safetensors")
    if content is not None:
        (tiny_folder / "model.safetensors.index.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_foundation_model(tiny_folder)


def test_configuration_cannot_name_other_weights(tiny_folder):
    """transformers would follow this setting to an index, and from there to a pickle."""
    expected = load_foundation_model(tiny_folder).encoder.state_dict()
    (tiny_folder / "evil.safetensors.index.json").write_text('{"weight_map": {"x": "pytorch_model.bin"}}')
    change_config(tiny_folder, transformers_weights="evil.safetensors.index.json")
    found = load_foundation_model(tiny_folder).encoder.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("damage", ["truncated", "empty", "pickle"])
def test_damaged_weights_are_one_sentence(tiny_folder, damage):
    """Whatever safetensors says, the file is named with what to do."""
    file = tiny_folder / "model.safetensors"
    data = file.read_bytes()
    file.write_bytes({"truncated": data[:-100], "empty": b"", "pickle": pickle.dumps({"x": 1})}[damage])
    with pytest.raises(
        ValueError, match=r"model\.safetensors is not a safetensors file, .*; copy or download it again"
    ):
        load_foundation_model(tiny_folder)


TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")


def test_folder_without_a_tokenizer_is_rejected(tiny_folder):
    """transformers would invent one that knows no words."""
    for name in TOKENIZER:
        (tiny_folder / name).unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"has no tokenizer: none of tokenizer\.json"):
        load_foundation_model(tiny_folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (range(1000), "tokenizer in .* has 10\\d\\d tokens, and the model 30522 word embeddings"),
        (range(31_000), r"has token ids up to 310\d\d, but the model has 30522"),
    ],
)
def test_vocabulary_that_does_not_fit_is_rejected(tiny_folder, words, message):
    """Smaller: files are missing; larger: its ids are beyond the table of words."""
    for name in TOKENIZER:
        (tiny_folder / name).unlink(missing_ok=True)
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (tiny_folder / "vocab.txt").write_text("\n".join([*special, *(f"word{number}" for number in words)]))
    with pytest.raises(ValueError, match=message):
        load_foundation_model(tiny_folder)


def test_damaged_tokenizer_is_one_sentence(tiny_folder):
    """The message names the folder."""
    (tiny_folder / "tokenizer.json").write_text('{"version": "1.0", "model": 5}')
    with pytest.raises(ValueError, match="the tokenizer in .* cannot be loaded"):
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


@pytest.fixture
def fetched(empty_cache, monkeypatch):
    """The folder of a hub model that was downloaded into an empty cache."""

    def download(name, *, local_dir, **_):
        save_tiny_bert(local_dir)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    folder = empty_cache / "models" / "someone--tiny"
    assert fetch_model("someone/tiny", dry_run=True) == folder and not folder.exists()
    assert fetch_model("someone/tiny") == folder
    return folder


def test_fetched_model_is_found(fetched):
    """A hub model in the cache loads by its hub name; a fetch that was broken off does not count."""
    assert load_foundation_model("someone/tiny").depth == 2
    (fetched / weights.CHECKSUMS).unlink()
    with pytest.raises(FileNotFoundError, match="labkit fetch --model someone/tiny"):
        load_foundation_model("someone/tiny")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_changed_file_of_a_fetched_model_is_an_error_and_fetched_again(fetched, file):
    """Every file has a checksum; fetching again restores it."""
    with open(fetched / file, "ab") as opened:
        opened.write(b" ")
    with pytest.raises(ValueError, match=f"{file} has sha256 .* damaged or was changed; .* fetch it again"):
        find_model("someone/tiny")
    fetch_model("someone/tiny")
    assert find_model("someone/tiny") == fetched


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "cannot be read"), ("[]", "no JSON object"), ('{"../x": "0"}', "is damaged"), ("{}", "does not belong")],
)
def test_damaged_checksums_of_a_fetched_model_are_an_error(fetched, content, message):
    """They are named, and not taken for "nothing to compare"."""
    (fetched / weights.CHECKSUMS).write_text(content)
    with pytest.raises(ValueError, match=message):
        find_model("someone/tiny")
    fetch_model("someone/tiny")
    assert find_model("someone/tiny") == fetched


def test_fetched_model_without_safetensors_is_an_error(empty_cache, monkeypatch):
    """The message names the model."""

    def download(name, *, local_dir, **_):
        save_tiny_bert(local_dir)
        (local_dir / "model.safetensors").unlink()

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(ValueError, match="model 'someone/tiny' cannot be used: .* no \\*.safetensors"):
        fetch_model("someone/tiny")


def test_full_disk_is_not_blamed_on_the_network(empty_cache, monkeypatch):
    """The message names the folder and LABKIT_CACHE."""

    def download(name, **_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(ValueError, match="cannot be kept in .*someone--tiny: No space left .*LABKIT_CACHE"):
        fetch_model("someone/tiny")


def test_fetch_without_a_network_says_so(tmp_path, monkeypatch):
    """No connection: the message names the model and the way out."""

    def download(name, **_):
        raise OSError("Network is unreachable")

    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(ConnectionError, match=r"'someone/tiny' could not be fetched .* copy the model into a folder"):
        fetch_model("someone/tiny")
