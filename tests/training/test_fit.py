"""A saved fit: damaged, mixed up or incomplete, it is rejected by name, and never half loaded."""

import json

import pytest
import safetensors.torch
import torch

from labkit.errors import UserError
from labkit.models.encoder import load_foundation_model
from labkit.training.config import TrainConfig
from labkit.training.finetuning import finetune
from labkit.training.fit import load_fit
from tests.tiny import make_texts

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.fixture(scope="module")
def saved(model, module_cache, tmp_path_factory):
    """A folder with the fit of a head of 8 units."""
    texts, y, _ = make_texts(16)
    config = TrainConfig(epochs=1, batch_size=16, trainable_layers=0, precision="float32")
    wide = load_foundation_model(model.name, head_hidden=8)
    return finetune(wide, texts, y, config=config).save(tmp_path_factory.mktemp("saved") / "fit")


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of it, which may be damaged."""
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def rename(old, new):
    """Return a function that renames weights."""
    return lambda weights: {name.replace(old, new): value for name, value in weights.items()}


def drop(part):
    """Return a function that leaves out the weights whose name has a part."""
    return lambda weights: {name: value for name, value in weights.items() if part not in name}


def add(name, *shape):
    """Return a function that adds a weight of zeros, or puts it in the place of one."""
    return lambda weights: weights | {name: torch.zeros(shape)}


WRONG_WEIGHTS = {
    "missing block": (drop("layer.1."), r"2 blocks .* lacks encoder\.layer\.1\.\S+, .* and 13 more"),
    "missing head": (drop("head."), r"fit\.safetensors lacks head\.1\.bias, head\.1\.weight, head\.4\.bias and 1 more"),
    "missing bias": (drop("head.4.bias"), r"lacks head\.4\.bias; copy the folder again"),
    "renamed block": (rename("layer.1.", "block.1."), r"lacks encoder\.layer\.1\..*, and has encoder\.block\.1\."),
    "renamed head": (rename("head.4.", "head.3."), r"lacks head\.4\.bias, head\.4\.weight;"),
    "extra block": (
        lambda weights: weights | rename("layer.1.", "layer.2.")(drop("layer.0.")(weights)),
        r"2 blocks .* also has encoder\.layer\.2\.",
    ),
    "extra in the head": (add("head.7.weight", 1), r"also has head\.7\.weight;"),
    "extra elsewhere": (add("foo.weight", 1), r"also has foo\.weight, which belongs neither"),
    "no prefix": (rename("encoder.", ""), r"which belongs neither to an encoder nor to a head"),
    "wide block": (
        add("encoder.encoder.layer.1.output.dense.bias", 64),
        r"needs encoder\.layer\.1\.output\.dense\.bias of shape \(32,\), but it has \(64,\)",
    ),
    "narrow head": (add("head.1.bias", 4), r"has head\.1\.bias of shape \(4,\), where .* ask for \(8,\)"),
}


@pytest.mark.parametrize("wrong", WRONG_WEIGHTS)
def test_weights_that_do_not_fit_are_rejected_by_name(folder, wrong):
    """Missing, extra and renamed weights and other shapes, of the encoder and of the head."""
    change, message = WRONG_WEIGHTS[wrong]
    weights = {
        name: value.clone() for name, value in change(safetensors.torch.load_file(folder / "fit.safetensors")).items()
    }
    safetensors.torch.save_file(weights, folder / "fit.safetensors")
    with pytest.raises(UserError, match=message):
        load_fit(folder)


def cut(content):
    """Return the first half of a file."""
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("fit.safetensors", cut, r"fit\.safetensors is not a safetensors file, or not all of it"),
        ("fit.safetensors", lambda content: b"", r"fit\.safetensors is not a safetensors file"),
        ("fit.safetensors", lambda content: b"\x80\x04}.", r"fit\.safetensors is not a safetensors file"),
        ("fit.safetensors", None, r"fit\.safetensors is not a safetensors file, .*FileNotFoundError"),
        ("fit.json", cut, r"fit\.json cannot be read"),
        ("fit.json", lambda content: b"[]", r"fit\.json holds no JSON object"),
        ("fit.json", lambda content: b"{}", r"fit\.json lacks or should not have activation, cache_seconds"),
        ("config.json", cut, "does not describe a model that transformers knows"),
        ("config.json", None, "does not describe a model that transformers knows"),
        ("tokenizer.json", cut, "tokenizer .* cannot be loaded"),
    ],
)
def test_damaged_files_are_named(folder, file, change, message):
    """Cut, emptied, replaced by a pickle, or lost."""
    if change:
        (folder / file).write_bytes(change((folder / file).read_bytes()))
    else:
        (folder / file).unlink()
    with pytest.raises(UserError, match=message):
        load_fit(folder)


@pytest.mark.parametrize(
    ("file", "settings", "message"),
    [
        ("config.json", {"num_hidden_layers": 3}, r"3 blocks .* lacks encoder\.layer\.2"),
        ("config.json", {"num_hidden_layers": 1}, r"1 blocks .* also has encoder\.layer\.1"),
        ("config.json", {"hidden_size": 64}, r"width 64 and needs \S+ of shape"),
        ("config.json", {"model_type": "gpt2"}, "'gpt2' model, not a BERT-like encoder"),
        ("fit.json", {"head_hidden": None}, r"also has head\.4\.bias, head\.4\.weight;"),
        ("fit.json", {"head_hidden": 5}, r"head\.1\.bias of shape \(8,\), where .* ask for \(5,\)"),
        ("fit.json", {"head_hidden": "eight"}, "head_hidden is 'eight'"),
        ("fit.json", {"activation": ["gelu"]}, r"activation \['gelu'\] is not one of"),
        ("fit.json", {"samples_per_second": "fast"}, "does not describe a fit .*'fast'"),
        ("fit.json", {"history": {"loss": [1], "epoch": [1, 2]}}, "does not describe a fit"),
        ("fit.json", {"color": "blue"}, "should not have color"),
        ("fit.json", {"config": {"speed": 1}}, "does not describe a fit .*'speed'"),
        ("fit.json", {"config": {"epochs": -1}}, "does not describe a fit .*epochs is -1"),
        ("fit.json", {"config": {"pooling": "auto"}}, "leaves pooling open"),
        (
            "fit.json",
            {"config": {"pooling": "mean", "precision": "float32", "trainable_layers": 5}},
            r"5 blocks were trained, but config\.json has 2",
        ),
    ],
)
def test_settings_of_another_fit_are_rejected(folder, file, settings, message):
    """The message names the file and what does not fit."""
    content = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps(content | settings))
    with pytest.raises(UserError, match=message):
        load_fit(folder)


def test_tokenizer_of_another_model_is_rejected(folder, tmp_path):
    """Its words would be read as other words."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"] = dict(list(tokenizer["model"]["vocab"].items())[:200])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(UserError, match="tokens, and the model 30522 word embeddings"):
        load_fit(folder)
