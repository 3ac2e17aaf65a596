"""Jobs on a pool of workers: how many at a time, and what becomes of those whose worker is killed."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from typing import TYPE_CHECKING, Any, TypeVar

from labkit.memory import free_memory

if TYPE_CHECKING:
    from labkit.workers.cluster import DaskPool
    from labkit.workers.pools import LocalPool

Work = TypeVar("Work")


def count_workers(budgets: list[float]) -> int:
    """Return how many jobs run at a time: no more than cores, jobs, or memory for the largest of them.

    In a container its limits count, not what the machine has.

    Parameters
    ----------
    budgets : list of float
        Bytes of memory that each job may take; 0 where that is not stated.
    """
    import joblib

    return max(1, int(min(joblib.cpu_count(), len(budgets), free_memory() // max(1, *budgets, 1))))


def run_jobs(
    function: Callable[[Work], Any],
    jobs: Iterable[Work],
    pool: "LocalPool | DaskPool",
    *,
    on_start: Callable[[Work], None] | None = None,
) -> Iterator[tuple[Work, Future]]:
    """Yield each job, as it ends, with its future; no more than the pool's slots are under way at a time.

    On this machine a job whose worker was killed, perhaps because memory ran out, runs once more after all others and
    alone; only then has it failed. A Dask cluster does that itself.

    Parameters
    ----------
    function : callable
        Called with a job in a worker: at the top level of a module.
    jobs : iterable
        Started in this order. One more than the slots is taken from it at a time, so that it may make them as needed.
    pool : LocalPool or DaskPool
        Where they run.
    on_start : callable, optional
        Called with each job that starts.
    """
    lost: list[Work] = []
    yield from _run(function, jobs, pool, slots=pool.slots, lost=lost, on_start=on_start)
    yield from _run(function, lost, pool, slots=1)


def _run(
    function: Callable[[Work], Any],
    jobs: Iterable[Work],
    pool: "LocalPool | DaskPool",
    *,
    slots: int,
    lost: list[Work] | None = None,
    on_start: Callable[[Work], None] | None = None,
) -> Iterator[tuple[Work, Future]]:
    """Yield each job with its future, or note it in `lost`, if that is given, when a worker died."""
    waiting, running = iter(jobs), {}
    following = list(_take(waiting))  # made while the others run
    while following or running:
        while following and len(running) < slots:
            job = following.pop()
            running[pool.submit(function, job)] = job
            if on_start:
                on_start(job)
            following += _take(waiting)
        done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)  # wakes up for Ctrl-C, on Windows too
        for future in [each for each in running if each in done]:  # in the order in which they began
            job = running.pop(future)
            if isinstance(future.exception(), BrokenExecutor) and lost is not None:
                lost.append(job)
            else:
                yield job, future


def _take(waiting: Iterator[Work]) -> Iterator[Work]:
    """Yield the next job, if there is one."""
    for job in waiting:
        yield job
        return
