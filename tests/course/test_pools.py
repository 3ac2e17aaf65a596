import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from labkit.course.run import run_notebooks

pytest.importorskip("distributed")


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
