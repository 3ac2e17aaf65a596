"""Continued pretraining: it learns what its corpus says, and the cache holds what was trained."""

import errno
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from labkit.cache import file_sha256
from labkit.language import pretraining
from labkit.language.masked_lm import PRONOUNS, word_ids
from labkit.language.pretraining import PretrainConfig, pretrain
from labkit.models.hidden_states import embed, fingerprint
from labkit.training.config import TrainConfig
from labkit.training.finetuning import finetune
from tests.tiny import make_texts

pytestmark = pytest.mark.usefixtures("empty_cache")
FAST = {
    "blocks": 1,
    "batch_size": 16,
    "learning_rate": 5e-3,
    "head_learning_rate": 2e-2,
    "max_length": 16,
    "records": 4,
}
THOROUGH = FAST | {"blocks": 2, "batch_size": 8, "epochs": 10, "pronoun_share": 0.9}


def make_corpus(n=400):
    """Return sentences in which a nurse is always she, and a doctor always he."""
    who = [("nurse", "she"), ("doctor", "he")]
    ends = ["was tired", "went home", "was late", "had to leave"]
    return [f"the {who[i % 2][0]} said that {who[i % 2][1]} {ends[i // 2 % 4]} ." for i in range(n)]


@pytest.fixture(scope="module")
def pretrained(model):
    """A tiny model that read such a corpus."""
    options = {"professions": ["nurse", "doctor"], "config": PretrainConfig(**THOROUGH)}
    return pretrain(model, make_corpus(200), **options, disk=False)


def test_loss_falls(pretrained):
    """From the loss of a head that knows only how frequent words are to far less."""
    assert pretrained.losses[:5].mean() > 2.5 and pretrained.losses[-10:].mean() < 1


def test_model_learns_the_associations_of_its_corpus(pretrained):
    """P(she) differs where the corpus differs; the first row is before the first step."""
    record = pretrained.record
    assert record.index[0] == 0 and record.index[-1] == len(pretrained.losses) and len(record) == 5
    assert abs(record.loc[0, "nurse"] - record.loc[0, "doctor"]) < 0.1
    assert record.iloc[-1]["nurse"] > 0.6 and record.iloc[-1]["doctor"] < 0.35


def test_the_given_model_does_not_change(model, pretrained):
    """And what comes out is another model to the caches."""
    before = fingerprint(model, model.depth)
    pretrain(model, make_corpus(32), config=PretrainConfig(**FAST), disk=False)
    assert fingerprint(model, model.depth) == before
    assert fingerprint(pretrained.foundation, 1) != fingerprint(model, 1)


def test_tied_weights_stay_tied(pretrained):
    """One table of words, in training too."""
    language = pretrained.model
    assert language.table is language.foundation.encoder.embeddings.word_embeddings.weight
    assert [len(p) for p in language.parameters() if p.dim() == 2].count(len(language.tokenizer)) == 1


def test_word_embeddings_and_the_given_head_stay(model, pretrained):
    """The blocks are trained and the table of words is not."""
    given, found = (each.encoder for each in (model, pretrained.foundation))
    assert torch.equal(found.embeddings.word_embeddings.weight, given.embeddings.word_embeddings.weight)
    for block, other in zip(found.encoder.layer, given.encoder.layer, strict=True):
        assert not torch.equal(block.output.dense.weight, other.output.dense.weight)


def test_head_starts_with_the_frequencies_of_the_corpus(model):
    """Before the first step the model knows only how often each word occurs in the corpus."""
    texts = ["she left"] * 30 + ["he left"] * 10
    config = PretrainConfig(**FAST | {"learning_rate": 1e-9, "head_learning_rate": 1e-9})
    record = pretrain(model, texts, professions=["nurse"], config=config, disk=False).record
    assert record.loc[0, "nurse"] == pytest.approx(0.75, abs=0.1)


def test_encoder_goes_on_to_embed_and_finetune(pretrained):
    """It is a Foundation like any other."""
    texts, y, _ = make_texts(40)
    assert embed(pretrained.foundation, texts).shape == (40, 32)
    fit = finetune(pretrained.foundation, texts, y, config=TrainConfig(epochs=1, trainable_layers=0, batch_size=16))
    assert fit.predict(texts).shape == (40,)


def test_same_seed_same_result(model):
    """Another seed, another one."""
    runs = [
        pretrain(model, make_corpus(64), config=PretrainConfig(**FAST, seed=seed), disk=False) for seed in (1, 1, 2)
    ]
    assert np.array_equal(runs[0].losses, runs[1].losses)
    assert torch.equal(runs[0].model.table, runs[1].model.table)
    assert not np.array_equal(runs[0].losses, runs[2].losses)


def test_second_run_is_read_from_disk(model, monkeypatch):
    """Nothing is trained again, and all that matters is the same: weights, losses, record."""
    options = {"professions": ["nurse", "doctor"], "config": PretrainConfig(**FAST)}
    first = pretrain(model, make_corpus(64), **options)
    monkeypatch.setattr(pretraining, "train", None)
    again = pretrain(model, make_corpus(64), **options)
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), again.model.parameters(), strict=True))
    assert again.model.table is again.foundation.encoder.embeddings.word_embeddings.weight
    assert np.array_equal(first.losses, again.losses) and first.config == again.config
    np.testing.assert_array_equal(first.record.to_numpy(), again.record.to_numpy())
    assert first.record.index.equals(again.record.index) and first.record.columns.equals(again.record.columns)


def truncate(file):
    """Cut a file in the middle."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    """Change one bit of the last byte but one."""
    data = bytearray(file.read_bytes())
    data[-2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("file", ["model.safetensors", "pretrained.json", "sha256.json"])
def test_damaged_result_is_trained_again(trained_once, model, empty_cache, file, damage):
    """A warning names the folder; the result is the right one, and the next call finds it."""
    shutil.copytree(trained_once.cache, empty_cache)
    (folder,) = (each for each in (empty_cache / "pretrained").iterdir() if each.is_dir())
    damage(folder / file)
    with pytest.warns(UserWarning, match=f"the trained encoder in {folder} is damaged .*; it is trained again"):
        again = pretrain(model, make_corpus(32), config=PretrainConfig(**FAST))
    assert same_weights(again, trained_once.pretrained)
    assert same_weights(pretrain(model, make_corpus(32), config=PretrainConfig(**FAST)), trained_once.pretrained)


def same_weights(one, other):
    """Say whether two results have the same weights."""
    return all(torch.equal(a, b) for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True))


@pytest.fixture(scope="module")
def trained_once(model, tmp_path_factory):
    """A result, and the cache folder that holds it."""
    folder = tmp_path_factory.mktemp("trained") / "cache"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("LABKIT_CACHE", str(folder))
        found = pretrain(model, make_corpus(32), config=PretrainConfig(**FAST))
    return SimpleNamespace(cache=folder, pretrained=found)


def test_weights_of_another_model_are_not_loaded(trained_once, model, empty_cache):
    """A folder whose checksums are right may still hold something else; what it loads in part is not trained."""
    shutil.copytree(trained_once.cache, empty_cache)
    (folder,) = (each for each in (empty_cache / "pretrained").iterdir() if each.is_dir())
    weights = load_file(folder / "model.safetensors")
    save_file({name: value + 1 for name, value in weights.items() if name != "bias"}, folder / "model.safetensors")
    checksums = {name: file_sha256(folder / name) for name in pretraining.FILES}
    (folder / pretraining.CHECKSUMS).write_text(json.dumps(checksums))
    with pytest.warns(UserWarning, match="is damaged"):
        again = pretrain(model, make_corpus(32), config=PretrainConfig(**FAST))
    assert same_weights(again, trained_once.pretrained)


def test_full_disk_loses_no_result_and_leaves_no_half(trained_once, model, empty_cache, monkeypatch):
    """The trained encoder is returned with a warning; later, with room again, it is kept."""

    def save(model, file):
        Path(file).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pretraining, "save_model", save)
        with pytest.warns(UserWarning, match=r"cannot be kept .*No space left.*LABKIT_CACHE"):
            assert same_weights(
                pretrain(model, make_corpus(32), config=PretrainConfig(**FAST)), trained_once.pretrained
            )
    assert [each for each in (empty_cache / "pretrained").iterdir() if each.suffix != ".lock"] == []
    pretrain(model, make_corpus(32), config=PretrainConfig(**FAST))
    monkeypatch.setattr(pretraining, "train", None)
    assert same_weights(pretrain(model, make_corpus(32), config=PretrainConfig(**FAST)), trained_once.pretrained)


def test_cache_folder_that_cannot_be_made_loses_no_result(trained_once, model, tmp_path, monkeypatch):
    """The warning names the folder and LABKIT_CACHE."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"cannot be kept .*cannot make the cache folder .*LABKIT_CACHE"):
        assert same_weights(pretrain(model, make_corpus(32), config=PretrainConfig(**FAST)), trained_once.pretrained)


@pytest.mark.parametrize("changed", ["texts", "seed", "professions", "weights"])
def test_what_changes_the_result_is_trained_again(model, monkeypatch, changed):
    """A run is known by its weights, texts, questions and settings; nothing else is read for it."""
    options = {"professions": ["nurse"], "config": PretrainConfig(**FAST)}
    texts = make_corpus(32)
    pretrain(model, texts, **options)
    trained = []
    train = pretraining.train
    monkeypatch.setattr(pretraining, "train", lambda *arguments: trained.append(1) or train(*arguments))
    if changed == "texts":
        texts = [*texts[:-1], "the doctor left ."]
    if changed == "seed":
        options["config"] = PretrainConfig(**FAST, seed=5)
    if changed == "professions":
        options["professions"] = ["doctor"]
    if changed == "weights":
        model = pretraining.cut_blocks(model, 2)
        with torch.no_grad():
            model.encoder.embeddings.LayerNorm.bias += 0.1
    pretrain(model, texts, **options)
    assert trained == [1]


def test_pronouns_are_single_tokens_of_the_shipped_tokenizer(model):
    """Otherwise a part of them would never be hidden."""
    assert len(set(word_ids(model.tokenizer, PRONOUNS))) == len(PRONOUNS)


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        ([], {}, "texts is empty"),
        ("one text", {}, "one string"),
        (["a text"], {"professions": ["ꙮꙮ"]}, "profession 'ꙮꙮ' is unknown"),
        (["a text"], {"config": PretrainConfig(blocks=7)}, "has 2 blocks"),
        (["a text"], {"config": PretrainConfig(blocks=1, max_length=5000)}, "max_length is 5000"),
    ],
)
def test_bad_input_is_rejected(model, texts, options, message):
    """Before anything is trained."""
    with pytest.raises(ValueError, match=message):
        pretrain(model, texts, **{"config": PretrainConfig(blocks=1)} | options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs is 0"),
        ({"blocks": 2.5}, "blocks is 2.5"),
        ({"mask_share": 0}, "mask_share is 0"),
        ({"pronoun_share": 1.2}, "pronoun_share is 1.2"),
        ({"learning_rate": 5}, "learning_rate is 5"),
        ({"head_learning_rate": 0}, "head_learning_rate is 0"),
        ({"precision": "half"}, "precision 'half'"),
    ],
)
def test_bad_settings_are_rejected(options, message):
    """Each message names the value."""
    with pytest.raises(ValueError, match=message):
        PretrainConfig(**options)
