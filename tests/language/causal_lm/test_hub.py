"""A causal model of the hub loads by its name: from `labkit fetch --model`, or from the cache of huggingface_hub."""

import json
import socket
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from labkit.course.cli import app
from labkit.errors import UserError
from labkit.language.causal_lm import load_generative_model
from tests.language.causal_lm.tiny import save_tiny_causal_lm

NAME, COMMIT = "someone/tiny-llama", "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def hub(tmp_path, monkeypatch, empty_cache):
    """An empty cache of huggingface_hub, and no network: a socket that opens is an error."""

    def connect(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket.socket, "connect", connect)
    return tmp_path / "hub"


@pytest.fixture
def snapshot(hub):
    """A small Llama in that cache, as huggingface_hub lays it out: files are links to blobs."""
    place = hub / f"models--{NAME.replace('/', '--')}"
    for part in ("blobs", "refs", f"snapshots/{COMMIT}"):
        (place / part).mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    for number, file in enumerate(sorted(save_tiny_causal_lm(hub.parent / "saved").iterdir())):
        blob = place / "blobs" / f"{number:040x}"
        file.replace(blob)
        (place / "snapshots" / COMMIT / file.name).symlink_to(blob)
    return place / "snapshots" / COMMIT


def test_a_hub_name_loads_from_the_cache_of_the_hub(snapshot, tmp_path):
    """And scores as the folder does."""
    found = load_generative_model(NAME).sequence_log_probabilities(["he and she"])
    folder = save_tiny_causal_lm(tmp_path / "again")
    assert found.tolist() == load_generative_model(folder).sequence_log_probabilities(["he and she"]).tolist()


def test_labkit_fetch_downloads_a_causal_model(hub, empty_cache, monkeypatch):
    """The command's own copy, with checksums; the hub is asked for safetensors and texts only."""
    asked = {}

    def download(name, *, local_dir, **settings):
        asked.update(settings, name=name)
        save_tiny_causal_lm(local_dir)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    monkeypatch.setattr("labkit.data.fetching.fetch", lambda *, dry_run: [])
    shipped = SimpleNamespace(name="smollm2", state="present", path=hub, download_bytes=0, disk_bytes=0)
    monkeypatch.setattr("labkit.language.causal_lm.files.fetch_generative_model", lambda *, dry_run: shipped)
    done = CliRunner().invoke(app, ["fetch", "--model", NAME])
    assert done.exit_code == 0 and f"{NAME}: is in {empty_cache / 'models' / 'someone--tiny-llama'}" in done.output
    assert asked["name"] == NAME and not [each for each in asked["allow_patterns"] if each.endswith((".bin", ".py"))]
    assert load_generative_model(NAME).sequence_log_probabilities(["he and she"])[0] < 0


@pytest.mark.parametrize("name", [NAME, "gpt2", "no such: name", "a/b/c"])
def test_a_model_in_no_cache_has_the_command(hub, name):
    """Nothing is downloaded by loading, whatever the name looks like."""
    with pytest.raises(FileNotFoundError, match=f"no model '{name}'.* download it with: labkit fetch --model {name}"):
        load_generative_model(name)


def test_a_cached_model_without_safetensors_is_refused(snapshot):
    """A pickle next to the configuration is not opened."""
    (snapshot / "model.safetensors").rename(snapshot / "pytorch_model.bin")
    with pytest.raises(
        UserError, match=f"{NAME}' is in the cache of huggingface_hub, .* no \\*.safetensors .*labkit f"
    ):
        load_generative_model(NAME)


def test_code_that_comes_with_a_model_is_not_run(snapshot):
    """Neither for a kind that transformers knows, nor for another."""
    (snapshot / "modeling_evil.py").write_text("raise SystemExit('code was run')\n")
    path = snapshot / "config.json"
    config = json.loads(path.read_text())
    config |= {"auto_map": {"AutoConfig": "modeling_evil.Config", "AutoModelForCausalLM": "modeling_evil.Model"}}
    path.unlink()  # a link: the blob stays
    path.write_text(json.dumps(config))
    assert load_generative_model(NAME).sequence_log_probabilities(["he and she"])[0] < 0
    path.write_text(json.dumps(config | {"model_type": "evil"}))
    with pytest.raises(UserError, match="does not describe a model that transformers knows"):
        load_generative_model(NAME)
