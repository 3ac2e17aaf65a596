import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labkit.course import pools
from labkit.course.kernels.processes import FOLDER_VARIABLE, find_processes
from labkit.course.run import run_notebooks
from labkit.errors import UserError

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(cluster_of_two):
    """The cluster, when both of its workers are there: one that a test killed takes a while to come back."""
    with distributed.Client(cluster_of_two, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return cluster_of_two


@pytest.fixture(scope="module")
def cluster_of_two():
    """A scheduler and two workers with one thread each, in their own processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        yield cluster


@pytest.mark.slow
def test_dask_cluster_gives_the_report_of_the_local_pool(cluster, ran, tmp_path):
    """Two workers of a cluster run the notebooks as two processes here do: all but seconds and memory is the same."""
    here = json.loads((ran.folder / "report.json").read_text())
    there = run_notebooks(ran.course, profile="smoke", scheduler=cluster.scheduler_address, output=tmp_path)
    assert [entry["status"] for entry in there["notebooks"]] == ["passed", "failed"]
    for entry in there["notebooks"]:
        assert (tmp_path / f"{entry['name']}.html").exists() and (tmp_path / f"{entry['name']}.ipynb").exists()
    for entry in here["notebooks"] + there["notebooks"]:
        assert entry.pop("seconds") > 0 and entry.pop("peak_rss_mb") > 0
    assert here == there
    again = run_notebooks(ran.course, ["00_half"], profile="smoke", output=tmp_path)
    assert [entry["status"] for entry in again["notebooks"]] == ["cached"]


BESIDE = """
# %%
import time
from pathlib import Path

while not (Path("{folder}") / "01_deadly").exists():
    time.sleep(0.1)
time.sleep(0.5)
with open(Path("{folder}") / "00_beside", "a") as file:
    file.write("once ")
"""
DEADLY = """
# %%
import os, signal, time
from pathlib import Path

(Path("{folder}") / "01_deadly").write_text(str(os.getpid()))
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(60)
"""
DIES_ONCE = """
# %%
import os, signal, time
from pathlib import Path

seen = Path("{folder}") / "02_dies_once"
if not seen.exists():
    seen.write_text(f"{{os.getppid()}} {{os.getcwd()}}")
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
print("to the end")
"""


@pytest.fixture
def mortal(make_course, tmp_path):
    """Return a function that makes a course of notebooks that share the test's folder."""

    def make(sources):
        return make_course(tmp_path, {name: text.format(folder=tmp_path.as_posix()) for name, text in sources.items()})

    return make


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_killed_worker_costs_only_its_job(mortal, tmp_path):
    """Its notebook runs once more, and fails if it kills its worker again; the notebook beside it is not disturbed."""
    course = mortal({"00_beside": BESIDE, "01_deadly": DEADLY, "02_dies_once": DIES_ONCE})
    beside, deadly, dies_once = run_notebooks(course, workers=2)["notebooks"]
    assert (beside["status"], deadly["status"], dies_once["status"]) == ("passed", "failed", "passed")
    assert (tmp_path / "00_beside").read_text() == "once "
    assert deadly["error"]["name"] == "BrokenProcessPool" and "the worker ended" in deadly["error"]["message"]
    assert "to the end" in (course.root / "build" / "default-solution" / "02_dies_once.ipynb").read_text()
    deadline = time.monotonic() + 5  # a kernel without a worker finds that out by itself
    while psutil.pid_exists(kernel := int((tmp_path / "01_deadly").read_text())) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(kernel)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_cluster_worker_that_dies_loses_no_notebook(cluster, mortal, tmp_path):
    """kill -9 for a worker in the middle of a cell: its notebook runs again, and the report holds every notebook.

    Its folder is gone when the run has ended.
    """
    course = mortal({"01_plain": "# %%\n1\n", "02_dies_once": DIES_ONCE})
    report = run_notebooks(course, scheduler=cluster.scheduler_address)
    found = [(entry["name"], entry["status"], entry["error"]) for entry in report["notebooks"]]
    assert found == [("01_plain", "passed", None), ("02_dies_once", "passed", None)]
    worker, work = (tmp_path / "02_dies_once").read_text().split(" ", 1)
    assert int(worker) != os.getpid()
    scratch = Path(work).parents[1]  # work is in the kernel's folder, that in the run's
    assert scratch.name.startswith("labkit-") and not scratch.exists()
    assert "to the end" in (course.root / "build" / "default-solution" / "02_dies_once.ipynb").read_text()


def test_scratch_folder_of_a_run_is_removed_with_what_runs_in_it(tmp_path, monkeypatch):
    """What is left of kernels whose worker was killed ends, and their folders go; those of other runs stay."""
    monkeypatch.setattr("labkit.course.kernels.places.short_temporary_folder", lambda: str(tmp_path))
    for run in ("labkit-1", "labkit-2"):
        (tmp_path / run / "labkit-kernel").mkdir(parents=True)
        (tmp_path / run / "labkit-kernel" / "kernel.json").write_text("{}")
    environment = os.environ | {FOLDER_VARIABLE: str(tmp_path / "labkit-1" / "labkit-kernel")}
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=environment)
    try:
        while not find_processes(tmp_path):  # until it has the environment of its own program
            time.sleep(0.01)
        pools.remove_scratch("labkit-1")
        assert not psutil.pid_exists(orphan.pid)
    finally:
        orphan.kill()
        orphan.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["labkit-2"]


@pytest.mark.slow
def test_slots_of_a_cluster(cluster):
    """A thread of a worker is a slot, those on one machine share it; --workers asks for fewer."""
    for most, slots in ((None, 2), (1, 1), (9, 2)):
        pool = pools.DaskPool(cluster.scheduler_address, most=most)
        assert (pool.slots, pool.slots_on_a_machine) == (slots, slots)
        pool.close()


@pytest.mark.slow
def test_workers_with_other_code_are_rejected(cluster, monkeypatch):
    """Results of another version of labkit would be filed under this one's."""
    monkeypatch.setattr(pools, "hash_files", lambda *_: "other code")
    with pytest.raises(ValueError, match="labkit on the Dask workers .* is not labkit as it is here"):
        pools.DaskPool(cluster.scheduler_address)


@pytest.mark.parametrize(
    "address", ["nonsense", "tcp://", "tcp://host", "tcp://host:many", "foo://host:1", "host:8786", "tcp://host:99999"]
)
def test_what_is_no_address_is_named_at_once(address):
    """Dask would try for seconds, and fail again while it cleans up."""
    with pytest.raises(UserError, match=f"--scheduler {address}: .* looks like tcp://127.0.0.1:8786"):
        pools.DaskPool(address)


def test_no_scheduler_is_a_clear_error():
    """An address where nobody answers is named."""
    with pytest.raises(ConnectionError, match="no Dask scheduler answers at tcp://127.0.0.1:1"):
        pools.DaskPool("tcp://127.0.0.1:1", timeout=0.2)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_local_pool_goes_on_after_a_worker_was_killed():
    """The job of a killed worker fails; the next one gets a new worker. Nothing is left in the temporary folder."""
    before = set(multiprocessing.active_children())
    pool = pools.LocalPool(1)
    try:
        job = pools.Job("00_broken", "no notebook", scratch=pool.scratch)
        first = pool.submit(job)
        (worker,) = set(multiprocessing.active_children()) - before
        os.kill(worker.pid, signal.SIGKILL)  # it is still starting
        with pytest.raises(pools.BrokenExecutor):
            first.result(timeout=30)
        assert pool.submit(job).result(timeout=60).status == "failed"
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
        pools.LocalPool(1)
    assert list(tmp_path.iterdir()) == []


def test_no_temporary_folder_is_a_clear_error(monkeypatch):
    """Python's own message names folders; ours says what to do."""

    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    with pytest.raises(UserError, match=r"cannot create temporary files.*\['/tmp'\]\); name a folder .* in TMPDIR"):
        pools.LocalPool(1)
