"""How much memory an answer may take, and the limit that the system sets for it."""

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

MEMORY = 4 * 2**30  # bytes more than when the check began; at most three quarters of what is free
LEAST_MEMORY = 2**29  # bytes that are allowed however little is free
ROOM = 2**30  # bytes of address space above `MEMORY` that threads and libraries may reserve without using them
ROOM_PER_CORE = 2**28  # the same, for the stack and the heap of one more thread on each core
CONTAINER_LIMIT, CONTAINER_USE = "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"  # bytes


def memory_used() -> tuple[int, int]:
    """Return the bytes of memory, and of address space, that this process has."""
    used = process(os.getpid()).memory_info()
    return used.rss, used.vms


@cache
def process(identifier: int) -> Any:
    """Return a process, made once since that takes longer than to ask it."""
    import psutil

    return psutil.Process(identifier)


def allowed_memory() -> int:
    """Return how many bytes more an answer may take."""
    import psutil

    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        free = min(free, int(Path(CONTAINER_LIMIT).read_text()) - int(Path(CONTAINER_USE).read_text()))
    return min(MEMORY, max(LEAST_MEMORY, int(0.75 * free)))


@contextlib.contextmanager
def limited_space(used: int, allowed: int) -> Iterator[None]:
    """Limit the address space of this process, where the system does so and no graphics card needs more of it."""
    if not sys.platform.startswith("linux") or any(map(os.path.exists, ("/dev/nvidiactl", "/dev/kfd"))):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + allowed + ROOM + ROOM_PER_CORE * (os.cpu_count() or 1)
    present = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([wanted, *present]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
