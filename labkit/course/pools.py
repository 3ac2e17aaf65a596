"""Where notebooks run beside each other: worker processes on this machine, or the workers of a Dask cluster.

Both hand out ``concurrent.futures``; what they add is a clean end, so that no kernel outlives the run that wanted it.
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections import Counter
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing.connection import wait
from urllib.parse import urlsplit

from labkit.course.build import PACKAGE, spare_import
from labkit.course.execute import Job, execute, short_temporary_folder
from labkit.course.outputs import hash_files
from labkit.errors import MissingExtra, Unreachable, UserError


class LocalPool:
    """Worker processes on this machine, at most `slots` at a time."""

    def __init__(self, slots: int):
        self.slots = self.slots_on_a_machine = slots
        self.scratch = tempfile.mkdtemp(prefix="labkit-", dir=short_temporary_folder())
        self._strangers = set(multiprocessing.active_children())
        self._executor = self._start()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork of a process with threads can hang
        return ProcessPoolExecutor(self.slots, context, initializer=prepare_worker, initargs=(self.scratch,))

    def submit(self, job: Job) -> Future:
        """Start a job as soon as a worker is free."""
        try:
            return self._executor.submit(execute, job)
        except BrokenExecutor:  # a worker was killed while it ran another job; that job's future says so
            self._executor = self._start()
            return self._executor.submit(execute, job)

    def close(self) -> None:
        """End the workers after their last job."""
        self._executor.shutdown()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def kill(self) -> None:
        """End workers and kernels now."""
        import psutil

        workers = set(multiprocessing.active_children()) - self._strangers
        end_processes([psutil.Process(worker.pid) for worker in workers if worker.is_alive()])
        self._executor.shutdown(cancel_futures=True)
        shutil.rmtree(self.scratch, ignore_errors=True)


class DaskPool:
    """The workers of a Dask cluster; a thread of a worker is a slot for one notebook.

    Raises
    ------
    ConnectionError
        No scheduler answers at the address.
    UserError
        The cluster has no workers, or their code is not the code here, so that results could not be told apart.
    ModuleNotFoundError
        The extra ``cluster`` is not installed.
    """

    scratch = None  # other machines have temporary folders of their own

    def __init__(self, address: str, *, most: int | None = None, timeout: float = 10):
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise MissingExtra("--scheduler needs Dask: pip install -e .[cluster] -c constraints.txt") from error
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
        self._executor = self._client.get_executor(pure=False)

    def _check_workers(self, address: str, threads: dict[str, int]) -> None:
        if not threads:
            raise UserError(f"the Dask cluster at {address} has no workers; start one: dask worker {address}")
        here, there = package_hash(), self._client.run(package_hash)
        if others := sorted(worker for worker, code in there.items() if code != here):
            raise UserError(f"labkit on the Dask workers {', '.join(others)} is not labkit as it is here; update it")

    def submit(self, job: Job) -> Future:
        """Start a job as soon as the cluster has a free slot."""
        return self._executor.submit(execute, job)

    def close(self) -> None:
        """Leave the cluster as it was found."""
        self._executor.shutdown()
        self._client.close()

    def kill(self) -> None:
        """Cancel what waits and leave; a notebook that runs already ends on its worker, and its result is dropped."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def package_hash() -> str:
    """Return the hash of labkit's code on the machine where this runs."""
    return hash_files(PACKAGE, "**/*.py")


def prepare_worker(scratch: str) -> None:
    """Make a worker process leave the answer to Ctrl-C to its parent, and end when the parent does."""
    spare_import()
    # Not SIG_IGN: kernels would inherit that, and could not be interrupted any more.
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()


def _end_with_parent(scratch: str) -> None:
    import psutil

    wait([multiprocessing.parent_process().sentinel])  # returns when the parent is gone, killed or not
    end_processes(psutil.Process().children())
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)


def end_processes(processes) -> None:
    """Kill processes and all that they started."""
    import contextlib

    import psutil

    family = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += [process, *process.children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    psutil.wait_procs(family, timeout=5)
