import multiprocessing
import os
import signal
import threading
import time

import pytest

from labkit.course import pools
from labkit.course.run import run_notebooks

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two workers with a thread each, in processes of their own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


def test_dask_cluster_gives_the_report_of_the_local_pool(cluster, course):
    """Two workers of a cluster run the notebooks as two processes here do: all but seconds and memory is the same."""
    folder, reports = course.root / "build" / "default-solution", []
    for scheduler in (None, cluster.scheduler_address):
        report = run_notebooks(course, scheduler=scheduler, workers=2, force=True)
        assert [entry["status"] for entry in report["notebooks"]] == ["passed", "failed"]
        for entry in report["notebooks"]:
            assert entry.pop("seconds") > 0 and entry.pop("peak_rss_mb") > 0
            assert (folder / f"{entry['name']}.html").exists() and (folder / f"{entry['name']}.ipynb").exists()
        reports.append(report)
    assert reports[0] == reports[1]
    assert [entry["status"] for entry in run_notebooks(course, ["00_half"])["notebooks"]] == ["cached"]


DIES_ONCE = """
# %%
import os, time
from pathlib import Path

seen = Path("{folder}") / "worker"
if not seen.exists():
    aside = seen.with_name("aside")
    aside.write_text(str(os.getppid()))
    aside.rename(seen)
    time.sleep(300)
print("to the end")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
@pytest.mark.parametrize("where", ["cluster", "here"])
def test_a_worker_that_dies_loses_no_notebook(where, cluster, make_course, sources, tmp_path):
    """kill -9 for a worker in the middle of a cell: its notebook runs again, and the report holds every notebook."""
    dies = DIES_ONCE.format(folder=tmp_path.as_posix())
    course = make_course(tmp_path, {"00_dies": dies, "01_half": sources["00_half"], "02_half": sources["00_half"]})
    killed = []

    def kill():
        deadline = time.monotonic() + 120
        while not (tmp_path / "worker").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        killed.append(int((tmp_path / "worker").read_text()))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    report = run_notebooks(course, scheduler=cluster.scheduler_address if where == "cluster" else None, workers=2)
    killer.join()
    assert killed and killed[0] != os.getpid()
    found = [(entry["name"], entry["status"], entry["error"]) for entry in report["notebooks"]]
    assert found == [(name, "passed", None) for name in ("00_dies", "01_half", "02_half")]
    assert "to the end" in (course.root / "build" / "default-solution" / "00_dies.ipynb").read_text()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_notebook_that_kills_its_worker_costs_no_other(make_course, sources, tmp_path):
    """It fails, after a second try alone; the notebook beside it passes."""
    deadly = "# %%\nimport os, signal, time\ntime.sleep(1)\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)\n"
    course = make_course(tmp_path, {"00_deadly": deadly, "01_half": sources["00_half"]})
    deadly, half = run_notebooks(course, workers=2)["notebooks"]
    assert (deadly["status"], half["status"]) == ("failed", "passed")
    assert deadly["error"]["name"] == "BrokenProcessPool" and "the worker ended" in deadly["error"]["message"]


def test_slots_of_a_cluster(cluster):
    """A thread of a worker is a slot, those on one machine share it; --workers asks for fewer."""
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
