"""Where the cache folder is, and what is said where it cannot be used."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.cache import cache_folder, writable_cache_folder

REPOSITORY = Path(__file__).parents[2]


def test_relative_folder_is_the_same_from_everywhere(tmp_path, monkeypatch):
    """Commands work in one folder and kernels in others; they share a relative cache."""
    relative = os.path.relpath(tmp_path / "cache", REPOSITORY)
    monkeypatch.setenv("LABKIT_CACHE", relative)
    found = []
    for folder in (REPOSITORY, tmp_path):
        monkeypatch.chdir(folder)
        found.append(cache_folder("datasets"))
    assert found[0] == found[1] and found[0].is_absolute()
    assert found[0].samefile(tmp_path / "cache" / "datasets")


def test_home_folder_is_understood(tmp_path, monkeypatch):
    """A tilde is the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LABKIT_CACHE", "~/my cache")
    assert cache_folder() == tmp_path / "my cache"


def make_loop(folder):
    """Make a link to itself."""
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def make_file(folder):
    """Make a file."""
    (folder / "file").write_text("")
    return folder / "file"


UNUSABLE = {
    "file": make_file,
    "below a file": lambda folder: make_file(folder) / "below",
    "loop": make_loop,
    "no such user": lambda folder: "~no-such-user-anywhere/cache",
    "name too long": lambda folder: folder / ("x" * 300),
}


@pytest.mark.parametrize("folder", UNUSABLE)
@pytest.mark.parametrize("find", [cache_folder, writable_cache_folder])
def test_folder_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch, folder, find):
    """It names the folder, the cause and the variable that names another."""
    monkeypatch.setenv("LABKIT_CACHE", str(UNUSABLE[folder](tmp_path)))
    with pytest.raises(
        ValueError, match="^cannot make the cache folder [^\n]*: [^\n]+; name another one in LABKIT_CACHE$"
    ):
        find("models")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_folder_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch, number):
    """Where something has to be kept; to look for something, such a folder is good enough."""

    def refuse(**options):
        raise OSError(number, os.strerror(number), options["dir"])

    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path))
    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    assert cache_folder("models") == tmp_path / "models"
    with pytest.raises(ValueError, match=f"cannot write in .*models: {os.strerror(number)}; name .* LABKIT_CACHE"):
        writable_cache_folder("models")


def test_folder_that_can_be_written_is_left_as_it_was(empty_cache):
    """The trial leaves no file."""
    assert list(writable_cache_folder("models").iterdir()) == []


@pytest.mark.parametrize("policy", [None, "ACTIVE"])
def test_waiting_threads_give_up_their_core(policy):
    """Unless the user says otherwise; `import labkit` says so before torch, which reads it once, is imported."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    if policy:
        environment["OMP_WAIT_POLICY"] = policy
    code = "import labkit, os, sys; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [policy or "PASSIVE", "False"]
