"""Where notebooks run in parallel: worker processes on this machine, or the workers of a Dask cluster.

Both hand out ``concurrent.futures``; what they add is a clean end, so that no kernel outlives the run that wanted it.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import Connection, wait
from secrets import token_hex
from urllib.parse import urlsplit

from labkit.course.build import PACKAGE, spare_import
from labkit.course.execute import Job, execute
from labkit.course.kernels.places import check_worker_processes, find_scratch, short_temporary_folder
from labkit.course.kernels.processes import children_of, end_processes
from labkit.course.outputs import hash_files
from labkit.errors import MissingExtra, Unreachable, UserError

ADDRESSES = ("tcp", "tls", "ws", "wss", "ucx")  # how addresses of a Dask scheduler may begin


class LocalPool:
    """Worker processes on this machine: one executor per slot, so that a worker that is killed costs only its own job.

    Every worker watches a pipe, the lifeline, of which this process holds the other end. When that end is closed, by
    `kill` or because this process was killed, the worker ends its kernels and itself.

    Parameters
    ----------
    slots : int
        How many jobs run at a time.

    Raises
    ------
    UserError
        This machine cannot start worker processes, see `check_worker_processes`.
    """

    def __init__(self, slots: int):
        check_worker_processes()
        self.slots = self.slots_on_a_machine = slots
        self.scratch = tempfile.mkdtemp(prefix="labkit-", dir=short_temporary_folder())
        self._watched, self._lifeline = multiprocessing.Pipe(duplex=False)
        self._executors = [self._start() for _ in range(slots)]
        self._futures: list[Future | None] = [None] * slots  # the last job of each executor

    def _start(self) -> ProcessPoolExecutor:
        """Return an executor of one worker, which starts with its first job."""
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
        return ProcessPoolExecutor(1, context, initializer=prepare_worker, initargs=(self._watched, self.scratch))

    def submit(self, job: Job) -> Future:
        """Start a job on a free worker; its future gives an `Execution`. There must be no more jobs than slots."""
        slot = next(slot for slot, future in enumerate(self._futures) if future is None or future.done())
        try:
            future = self._executors[slot].submit(execute, job)
        except BrokenExecutor:  # the worker was killed while it ran its last job; that job's future says so
            self._executors[slot] = self._start()
            future = self._executors[slot].submit(execute, job)
        self._futures[slot] = future
        return future

    def close(self) -> None:
        """End the workers after their last job."""
        for executor in self._executors:
            executor.shutdown()
        self._lifeline.close()
        self._watched.close()
        end_processes(self.scratch)  # what kernels of workers that were killed have left
        remove_folder(self.scratch)

    def kill(self) -> None:
        """End workers and kernels now."""
        self._lifeline.close()
        self.close()


def prepare_worker(lifeline: Connection, scratch: str) -> None:
    """Make a worker process leave Ctrl-C to its pool, and end with its kernels when the pool wants that or is gone."""
    spare_import()
    # Not SIG_IGN: kernels would inherit that, and could not be interrupted any more.
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_with_pool, args=(lifeline, scratch), daemon=True).start()


def _end_with_pool(lifeline: Connection, scratch: str) -> None:
    """Wait until the other end of the lifeline is closed; then kill what this process and its kernels started."""
    wait([lifeline])
    try:
        end_processes(scratch, children_of(os.getpid()))
        remove_folder(scratch)
    finally:
        os._exit(1)


def remove_folder(folder: str) -> None:
    """Remove a folder, also while processes that are ending still write to it."""
    deadline = time.monotonic() + 2
    while os.path.exists(folder) and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


class DaskPool:
    """The workers of a Dask cluster; a thread of a worker is a slot for one notebook.

    Parameters
    ----------
    address : str
        Of the scheduler, ``tcp://...``.
    most : int, optional
        How many jobs run at a time; as many as the workers have threads when left out.
    timeout : float
        Seconds to wait for the scheduler.

    Raises
    ------
    Unreachable
        No scheduler answers at the address.
    UserError
        That is no address; the cluster has no workers; or their code is not the code here, so that results would be
        filed under a version they are not of.
    MissingExtra
        The extra ``cluster`` is not installed.
    """

    def __init__(self, address: str, *, most: int | None = None, timeout: float = 10):
        check_address(address)
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise MissingExtra('--scheduler needs Dask: pip install -e ".[cluster]" -c constraints.txt') from error
        try:
            self._client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"no Dask scheduler answers at {address}: {error}") from error
        try:
            threads = self._client.nthreads()
            self._check_workers(address, threads)
        except BaseException:
            self._client.close()
            raise
        machines = Counter()
        for worker, count in threads.items():
            machines[urlsplit(worker).hostname] += count
        total = sum(threads.values())
        self.slots = min(total, most or total)
        self.slots_on_a_machine = min(max(machines.values()), self.slots)
        self.scratch = f"labkit-{token_hex(4)}"  # each machine has it among its own temporary files
        self._executor = self._client.get_executor(pure=False)

    def _check_workers(self, address: str, threads: dict[str, int]) -> None:
        """Check that there are workers, and that labkit's code on them is the code here."""
        if not threads:
            raise UserError(f"the Dask cluster at {address} has no workers; start one: dask worker {address}")
        here, there = package_hash(), self._client.run(package_hash)
        if others := sorted(worker for worker, code in there.items() if code != here):
            raise UserError(f"labkit on the Dask workers {', '.join(others)} is not labkit as it is here; update it")

    def submit(self, job: Job) -> Future:
        """Start a job as soon as the cluster has a free slot; its future gives an `Execution`."""
        return self._executor.submit(execute, job)

    def close(self) -> None:
        """Leave the cluster as it was found: also what kernels of workers that were killed have left is removed."""
        self._executor.shutdown()
        self._leave()

    def kill(self) -> None:
        """Cancel what waits, end kernels that run, and leave."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._leave()

    def _leave(self) -> None:
        """Remove the scratch folder on each machine, as far as they answer, and close the client."""
        try:
            if self._client.status == "running":
                self._client.run(remove_scratch, self.scratch, on_error="ignore")
        finally:
            self._client.close()


def remove_scratch(name: str) -> None:
    """End what kernels left in a scratch folder on the machine where this runs, and remove the folder."""
    folder = find_scratch(name)
    end_processes(folder)
    remove_folder(str(folder))


def check_address(address: str) -> None:
    """Raise a UserError for what is no address of a scheduler: Dask itself tries for a while, then fails twice."""
    parts = urlsplit(address)
    try:
        complete = parts.hostname and parts.port
    except ValueError:  # the port is not a number, or too large
        complete = False
    if parts.scheme not in ADDRESSES or not complete:
        raise UserError(f"--scheduler {address}: the address of a Dask scheduler looks like tcp://127.0.0.1:8786")


def package_hash() -> str:
    """Return the hash of labkit's code on the machine where this runs."""
    return hash_files(PACKAGE, "**/*.py")
