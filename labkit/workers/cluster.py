"""The workers of a Dask cluster."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from labkit.cache import hash_files
from labkit.errors import MissingExtra, Unreachable, UserError
from labkit.workers.places import find_scratch, remove_folder
from labkit.workers.processes import end_processes

PACKAGE = Path(__file__).resolve().parents[1]
ADDRESSES = ("tcp", "tls", "ws", "wss", "ucx")  # how addresses of a Dask scheduler may begin


class DaskPool:
    """The workers of a Dask cluster; a thread of a worker is a slot for one job.

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

    def submit(self, function: Callable, job: Any) -> Future:
        """Call a function with a job as soon as the cluster has a free slot."""
        return self._executor.submit(function, job)

    def ask_workers(self, function: Callable[[], Any]) -> dict[str, Any]:
        """Call a function once in each worker process; return what it gives by the worker's address."""
        return self._client.run(function)

    def close(self) -> None:
        """Leave the cluster as it was found: what is left of workers that were killed is removed, too."""
        self._executor.shutdown()
        self._leave()

    def kill(self) -> None:
        """Cancel what waits, end what runs, and leave."""
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
    """End what was left in a scratch folder on the machine where this runs, and remove the folder."""
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
