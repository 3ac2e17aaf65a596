"""How much memory is free: no more than the machine has, and no more than the container around us may still take."""

from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")  # where Linux shows the limits of control groups, which is what containers are
OWN_GROUPS = Path("/proc/self/cgroup")  # which groups this process is in

# Version of the control groups -> the files with the limit and the use, in bytes, and the line of memory.stat with the
# use that the system takes back as soon as it is needed: files it has read.
FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}


def free_memory() -> int:
    """Return the number of bytes that this process and its children can still take.

    Use this instead of `psutil.virtual_memory`, which shows the memory of the whole machine inside a container, too:
    there the system kills a process that takes more than the container's limit.

    Returns
    -------
    int
        At least 0. Without a limit, what is available on the machine.
    """
    import psutil

    return max(0, min([psutil.virtual_memory().available, *_left_in_groups()]))


def _left_in_groups() -> Iterator[int]:
    """Yield what is left of the limit of each control group around this process, in bytes."""
    for version, folder in _own_folders():
        limit_file, use_file, reclaimable = FILES[version]
        try:
            limit = int((folder / limit_file).read_text())
            use = int((folder / use_file).read_text())
            statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        except (OSError, ValueError):  # no such group here, or its limit is "max"
            continue
        yield limit - use + int(statistics.get(reclaimable, 0))


def _own_folders() -> Iterator[tuple[int, Path]]:
    """Yield the version and the folder of each control group that may limit this process, and of those above it.

    A container may show its own group as the root, under whatever path the machine outside has for it, so that folders
    that do not exist are to be expected.
    """
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)  # "4:memory:/docker/ab12", or "0::/docker/ab12" in version 2
        if "memory" in controllers.split(","):
            version, roots = 1, [CGROUPS / "memory"]
        elif not controllers:
            version, roots = 2, [CGROUPS, CGROUPS / "unified"]
        else:
            continue
        for root in roots:
            folder = root / path.lstrip("/")
            for each in (folder, *folder.parents):
                if each.is_relative_to(root):
                    yield version, each
