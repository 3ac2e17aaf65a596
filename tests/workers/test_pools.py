"""Workers on this machine and in a Dask cluster: they end cleanly, and the death of one costs only its job."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future

import psutil
import pytest

from labkit.errors import UserError
from labkit.workers import DaskPool, LocalPool, count_workers, open_pool, pools, run_jobs
from labkit.workers import cluster as clusters
from labkit.workers.processes import FOLDER_VARIABLE, find_processes


def test_scratch_folder_of_a_run_is_removed_with_what_runs_in_it(tmp_path, monkeypatch):
    """What is left of kernels whose worker was killed ends, and their folders go; those of other runs stay."""
    monkeypatch.setattr("labkit.workers.places.short_temporary_folder", lambda: str(tmp_path))
    for run in ("labkit-1", "labkit-2"):
        (tmp_path / run / "labkit-kernel").mkdir(parents=True)
        (tmp_path / run / "labkit-kernel" / "kernel.json").write_text("{}")
    environment = os.environ | {FOLDER_VARIABLE: str(tmp_path / "labkit-1" / "labkit-kernel")}
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=environment)
    try:
        while not find_processes(tmp_path):  # until it has the environment of its own program
            time.sleep(0.01)
        clusters.remove_scratch("labkit-1")
        assert not psutil.pid_exists(orphan.pid)
    finally:
        orphan.kill()
        orphan.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["labkit-2"]


@pytest.mark.slow
def test_slots_of_a_cluster(cluster):
    """A thread of a worker is a slot, those on one machine share it; --workers asks for fewer."""
    for most, slots in ((None, 2), (1, 1), (9, 2)):
        pool = DaskPool(cluster.scheduler_address, most=most)
        assert (pool.slots, pool.slots_on_a_machine) == (slots, slots)
        pool.close()


@pytest.mark.slow
def test_workers_with_other_code_are_rejected(cluster, monkeypatch):
    """Results of another version of labkit would be filed under this one's."""
    monkeypatch.setattr(clusters, "hash_files", lambda *_: "other code")
    with pytest.raises(ValueError, match="labkit on the Dask workers .* is not labkit as it is here"):
        DaskPool(cluster.scheduler_address)


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://", "tcp://host", "tcp://host:many", "foo://host:1", "host:8786", "tcp://host:99999"]
)
def test_what_is_no_address_is_named_at_once(address):
    """Dask would try for seconds, and fail again while it cleans up."""
    with pytest.raises(UserError, match=f"--scheduler {address}: .* looks like tcp://127.0.0.1:8786"):
        DaskPool(address)


def test_no_scheduler_is_a_clear_error():
    """An address where nobody answers is named."""
    with pytest.raises(ConnectionError, match="no Dask scheduler answers at tcp://127.0.0.1:1"):
        DaskPool("tcp://127.0.0.1:1", timeout=0.2)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_local_pool_goes_on_after_a_worker_was_killed():
    """The job of a killed worker fails; the next one gets a new worker. Nothing is left in the temporary folder."""
    before = set(multiprocessing.active_children())
    pool = LocalPool(1)
    try:
        first = pool.submit(abs, -1)
        (worker,) = set(multiprocessing.active_children()) - before
        os.kill(worker.pid, signal.SIGKILL)  # it is still starting
        with pytest.raises(BrokenExecutor):
            first.result(timeout=30)
        assert pool.submit(abs, -2).result(timeout=60) == 2
    finally:
        pool.close()
    assert not os.path.exists(pool.scratch)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(30, "Read-only file system")])
def test_no_semaphores_are_a_clear_error(monkeypatch, tmp_path, error):
    """Where nothing can be written to /dev/shm: what could not be created, why, and the remedy. Nothing is left."""

    def refuse(self):
        raise error

    monkeypatch.setattr(pools, "short_temporary_folder", lambda: str(tmp_path))
    monkeypatch.setattr("multiprocessing.context.BaseContext.Lock", refuse)
    with pytest.raises(UserError, match=f"cannot create a semaphore.* need .{error.strerror}.; make /dev/shm writable"):
        LocalPool(1)
    assert list(tmp_path.iterdir()) == []


def test_no_temporary_folder_is_a_clear_error(monkeypatch):
    """Python's own message names folders; ours says what to do."""

    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    with pytest.raises(UserError, match=r"cannot create temporary files.*\['/tmp'\]\); name a folder .* in TMPDIR"):
        LocalPool(1)


@pytest.mark.parametrize(
    "budgets, workers", [([0, 0, 0], 3), ([0], 1), ([1e9, 0], 1), ([1000, 1000], 1), ([500, 500, 500], 3)]
)
def test_workers_fit_cores_jobs_and_memory(monkeypatch, budgets, workers):
    """No more than jobs, or than a container of 1536 MB has room for; a larger job still runs, alone."""
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    monkeypatch.setattr("labkit.workers.jobs.free_memory", lambda: 1536 * 2**20)
    assert count_workers([each * 2**20 for each in budgets]) == workers


class Now:
    """A pool that does at once what is submitted."""

    slots = 2

    def __init__(self, deadly=()):
        self.deadly = list(deadly)

    def submit(self, function, job):
        """Return a future that is done; the worker of a deadly job is killed, each time it is in the list."""
        future = Future()
        if job in self.deadly:
            self.deadly.remove(job)
            future.set_exception(BrokenExecutor("killed"))
        else:
            future.set_result(function(job))
        return future


def test_jobs_are_made_as_they_are_needed():
    """Of a long list only those under way exist, and one more."""
    made = []

    def make():
        for number in range(6):
            made.append(number)
            yield number

    found = run_jobs(abs, make(), Now())
    first = next(found)[0]
    assert made == [0, 1, 2]
    assert sorted([first, *(job for job, _ in found)]) == [*range(6)]


def test_a_job_whose_worker_is_killed_runs_once_more_alone():
    """After all others; if it kills its worker again, it has failed."""
    found = list(run_jobs(abs, [-1, -2, -3, -4], Now(deadly=[-1, -2, -2])))
    assert [job for job, _ in found][2:] == [-1, -2] and found[2][1].result() == 1
    assert isinstance(found[3][1].exception(), BrokenExecutor)


def note_slot(slot):
    """Remember in the environment of the worker which slot it is."""
    os.environ["LABKIT_TEST_SLOT"] = str(slot)


def test_workers_are_prepared_by_their_slot():
    """Before their first job; of several, each has a number of its own."""
    with open_pool(2, prepare=note_slot) as pool:
        futures = [pool.submit(os.getenv, "LABKIT_TEST_SLOT") for _ in range(2)]
        assert {future.result(timeout=60) for future in futures} == {"0", "1"}
