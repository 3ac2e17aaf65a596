import multiprocessing
import os
import signal

import pytest

from labkit import pools
from labkit.runs import run_notebooks

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and one worker with two threads, in processes of their own."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


def test_dask_cluster_executes_notebooks(cluster, course):
    """With a scheduler's address the cluster's workers run the notebooks; both outcomes come back whole."""
    report = run_notebooks(course, scheduler=cluster.scheduler_address)
    assert [entry["status"] for entry in report["notebooks"]] == ["passed", "failed"]
    assert (course.root / "build" / "default-solution" / "00_half.html").exists()
    assert [entry["status"] for entry in run_notebooks(course, ["00_half"])["notebooks"]] == ["cached"]


def test_slots_of_a_cluster(cluster):
    """A thread of a worker is a slot; --workers asks for fewer."""
    for most, slots in ((None, 2), (1, 1), (9, 2)):
        pool = pools.DaskPool(cluster.scheduler_address, most=most)
        assert (pool.slots, pool.slots_on_a_machine) == (slots, slots)
        pool.close()


def test_workers_with_other_code_are_refused(cluster, monkeypatch):
    """Results of another version of labkit would be filed under this one's."""
    monkeypatch.setattr(pools, "hash_files", lambda *_: "other code")
    with pytest.raises(ValueError, match="labkit on the Dask workers .* is not labkit as it is here"):
        pools.DaskPool(cluster.scheduler_address)


def test_no_scheduler_is_a_clear_error():
    """An address where nobody answers is named."""
    with pytest.raises(ConnectionError, match="no Dask scheduler answers at tcp://127.0.0.1:1"):
        pools.DaskPool("tcp://127.0.0.1:1", timeout=1)


def test_local_pool_goes_on_after_a_worker_was_killed():
    """The job of a killed worker fails; the next one gets a new worker."""
    pool = pools.LocalPool(1)
    try:
        before = set(multiprocessing.active_children())
        first = pool._executor.submit(signal.pause) if hasattr(signal, "pause") else pool._executor.submit(input)
        (worker,) = set(multiprocessing.active_children()) - before
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(pools.BrokenExecutor):
            first.result(timeout=30)
        job = pools.Job("00_broken", "no notebook", scratch=pool.scratch)
        assert pool.submit(job).result(timeout=60).status == "failed"
    finally:
        pool.close()
    assert not os.path.exists(pool.scratch)
