import psutil
import pytest

from labkit import memory
from labkit.memory import free_memory

MEGABYTE = 2**20
UNLIMITED = {1: str(2**63 - 4096), 2: "max"}


@pytest.fixture
def group(tmp_path, monkeypatch):
    """Return a function that writes a made-up control group; the machine has 1000 MB free."""
    available = type("Machine", (), {"available": 1000 * MEGABYTE})
    monkeypatch.setattr(psutil, "virtual_memory", lambda: available)
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "own")

    def write(version, path, limit, use=0, cache=0):
        limit_file, use_file, reclaimable = memory.FILES[version]
        folder = tmp_path / "cgroup" / ("memory" if version == 1 else "") / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / limit_file).write_text(f"{UNLIMITED[version] if limit is None else limit * MEGABYTE}\n")
        (folder / use_file).write_text(f"{use * MEGABYTE}\n")
        (folder / "memory.stat").write_text(f"anon 1\n{reclaimable} {cache * MEGABYTE}\n")

    def enter(*lines):
        (tmp_path / "own").write_text("".join(f"{line}\n" for line in lines))

    write.enter = enter
    return write


LINES = {1: "4:cpu,memory:/docker/ab12", 2: "0::/docker/ab12"}


@pytest.mark.parametrize("version", [1, 2])
def test_the_limit_of_a_container_counts(group, version):
    """What is left of the limit is free, and so is what the system keeps of files it has read."""
    group.enter("9:name=systemd:/", LINES[version])
    group(version, "docker/ab12", 400, use=150, cache=50)
    assert free_memory() == 300 * MEGABYTE


@pytest.mark.parametrize("version", [1, 2])
def test_the_smallest_limit_above_counts(group, version):
    """A group without a limit may be in one that has one."""
    group.enter(LINES[version])
    group(version, "docker/ab12", None)
    group(version, "docker", 200, use=50)
    group(version, "", None)
    assert free_memory() == 150 * MEGABYTE


@pytest.mark.parametrize("version", [1, 2])
def test_a_container_that_is_shown_as_the_root_is_found(group, version):
    """The path is that of the machine outside, which is not there inside."""
    group.enter(LINES[version])
    group(version, "", 100, use=40)
    assert free_memory() == 60 * MEGABYTE


@pytest.mark.parametrize("version", [1, 2])
def test_the_machine_is_the_limit_without_another(group, version):
    """No limit, or one above what the machine has."""
    group.enter(LINES[version])
    group(version, "docker/ab12", None, use=10)
    group(version, "docker", 5000)
    assert free_memory() == 1000 * MEGABYTE


def test_a_full_container_has_nothing_free(group):
    """The use may be above a limit that was lowered; free memory is not negative."""
    group.enter(LINES[2])
    group(2, "docker/ab12", 100, use=120)
    assert free_memory() == 0


def test_without_control_groups_the_machine_counts(group):
    """As on macOS and Windows, which have none, and where the files are damaged."""
    assert free_memory() == 1000 * MEGABYTE
    group.enter(LINES[2])
    group(2, "docker/ab12", 100)
    (memory.CGROUPS / "docker" / "ab12" / "memory.max").write_text("")
    assert free_memory() == 1000 * MEGABYTE
