"""Worker processes on this machine, with a clean end: what they have started ends with the program that wanted it."""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from labkit.workers.cluster import DaskPool
from labkit.workers.places import check_worker_processes, remove_folder, short_temporary_folder
from labkit.workers.processes import children_of, end_processes


class LocalPool:
    """Worker processes on this machine: one executor per slot, so that a worker that is killed costs only its own job.

    Every worker watches a pipe, the lifeline, of which this process holds the other end. When that end is closed, by
    `kill` or because this process was killed, the worker ends the processes it has started, and itself.

    Parameters
    ----------
    slots : int
        How many jobs run at a time.
    prepare : callable, optional
        What a worker does before its first job; called with the number of its slot, from 0. Workers are started by
        spawning, so it must be a function at the top level of a module, or a `functools.partial` of one.

    Raises
    ------
    UserError
        This machine cannot start worker processes, see `check_worker_processes`.
    """

    def __init__(self, slots: int, *, prepare: Callable[[int], None] | None = None):
        check_worker_processes()
        self.slots = self.slots_on_a_machine = slots
        self.scratch = tempfile.mkdtemp(prefix="labkit-", dir=short_temporary_folder())
        self._watched, self._lifeline = multiprocessing.Pipe(duplex=False)
        self._prepare = prepare
        self._executors = [self._start(slot) for slot in range(slots)]
        self._futures: list[Future | None] = [None] * slots  # the last job of each executor

    def _start(self, slot: int) -> ProcessPoolExecutor:
        """Return an executor of one worker, which starts with its first job."""
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
        given = (self._watched, self.scratch, self._prepare, slot)
        return ProcessPoolExecutor(1, context, initializer=prepare_worker, initargs=given)

    def submit(self, function: Callable, job: Any) -> Future:
        """Call a function with a job on a free worker. There must be no more jobs than slots."""
        slot = next(slot for slot, future in enumerate(self._futures) if future is None or future.done())
        try:
            future = self._executors[slot].submit(function, job)
        except BrokenExecutor:  # the worker was killed while it ran its last job; that job's future says so
            self._executors[slot] = self._start(slot)
            future = self._executors[slot].submit(function, job)
        self._futures[slot] = future
        return future

    def close(self) -> None:
        """End the workers after their last job."""
        for executor in self._executors:
            executor.shutdown()
        self._lifeline.close()
        self._watched.close()
        end_processes(self.scratch)  # what is left of workers that were killed
        remove_folder(self.scratch)

    def kill(self) -> None:
        """End the workers now, with what they have started."""
        self._lifeline.close()
        self.close()


def prepare_worker(
    lifeline: Connection, scratch: str, prepare: Callable[[int], None] | None = None, slot: int = 0
) -> None:
    """Make a worker process leave Ctrl-C to its pool, and end when the pool is closed or gone, with what it started."""
    # Not SIG_IGN: kernels would inherit that, and could not be interrupted any more.
    signal.signal(signal.SIGINT, lambda *_: None)
    tempfile.tempdir = scratch  # temporary files go with the pool, also when the worker is killed
    threading.Thread(target=_end_with_pool, args=(lifeline, scratch), daemon=True).start()
    if prepare is not None:
        prepare(slot)


def _end_with_pool(lifeline: Connection, scratch: str) -> None:
    """Wait until the other end of the lifeline is closed; then kill what this process has started."""
    wait([lifeline])
    try:
        end_processes(scratch, children_of(os.getpid()))
        remove_folder(scratch)
    finally:
        os._exit(1)


@contextmanager
def open_pool(
    slots: int,
    scheduler: str | None = None,
    *,
    most: int | None = None,
    prepare: Callable[[int], None] | None = None,
) -> Iterator[LocalPool | DaskPool]:
    """Give a pool of workers, and end them with the block: at once, with all they started, by an error or Ctrl-C.

    Parameters
    ----------
    slots : int
        How many worker processes, on this machine.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers are used instead.
    most : int, optional
        How many jobs run at a time in the cluster.
    prepare : callable, optional
        See `LocalPool`.
    """
    pool = DaskPool(scheduler, most=most) if scheduler else LocalPool(slots, prepare=prepare)
    try:
        yield pool
    except BaseException:
        pool.kill()
        raise
    pool.close()
