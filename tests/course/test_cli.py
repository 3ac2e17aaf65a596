import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from labkit.course.cli import app

HEAVY = {
    *("torch", "transformers", "sklearn", "statsmodels", "pandas", "numpy", "scipy", "narwhals", "matplotlib"),
    *("fairlearn", "pyarrow", "duckdb", "polars", "dask", "distributed", "pyspark"),
    *("papermill", "nbconvert", "nbformat", "jupytext", "jupyter_client", "IPython"),
}


@pytest.fixture
def call(course, monkeypatch):
    """Return a function that calls the command inside a small course."""
    monkeypatch.chdir(course.root)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_importing_the_package_imports_nothing_else():
    """`import labkit` comes with a version and with no module that Python did not have already."""
    program = """
import sys
before = set(sys.modules)
import labkit
assert labkit.__version__
print(sorted(name for name in set(sys.modules) - before if not name.startswith("__editable__")))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['labkit', 'labkit.errors', 'labkit.version']"


def test_commands_start_without_heavy_imports():
    """--help of the command and of each of its commands imports no large library, so it answers at once."""
    program = f"""
import sys
from labkit.course.cli import app
for arguments in ([], *[[command.callback.__name__] for command in app.registered_commands]):
    try:
        app([*arguments, "--help"])
    except SystemExit as end:
        assert not end.code
assert not set(sys.modules) & {HEAVY}, set(sys.modules) & {HEAVY}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("doctor", "fetch", "build", "start", "run", "audit", "progress"):
        assert f"labkit {command}" in done.stdout or f"{command} [OPTIONS]" in done.stdout


def test_build_then_check(call):
    """build writes; check then agrees; an edited notebook fails it by name."""
    assert "00_half.ipynb written" in call("build").output
    done = call("build", "--check")
    assert done.exit_code == 0 and "2 student notebooks" in done.output


def test_check_fails_and_names_what_differs(call, course):
    """Exit 1 for a notebook that differs and for one without a source, each with what to do."""
    (course.notebooks / "99_stray.ipynb").write_text("{}")
    done = call("build", "--check")
    assert done.exit_code == 1
    assert "notebooks/00_half.ipynb differs from its source; mend it with: labkit build" in done.output
    assert "notebooks/99_stray.ipynb has no source" in done.output


def test_start_says_what_it_did(call):
    """Copied the first time, left alone the second."""
    call("build")
    assert "work/00_half.ipynb copied" in call("start").output
    assert "2 of your notebooks in work/ left as they are" in call("start").output


def test_run_exits_1_after_a_failure_and_shows_the_cell(call, course):
    """The report is written, the failing cell shown, and the exit status says so."""
    done = call("run", "01_fails", "--output", "out")
    assert done.exit_code == 1
    assert "assert answer == 42" in done.output and "1 notebooks, 1 failed: out/report.html" in done.output
    assert (course.root / "out" / "report.html").exists()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["run", "nothing"], "labkit: no notebook named nothing; there are: 00_half, 01_fails"),
        (["start"], "labkit build"),
    ],
)
def test_what_users_can_mend_is_one_line(call, arguments, message):
    """No traceback: one line, exit 1."""
    done = call(*arguments)
    assert done.exit_code == 1 and message in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_unknown_profile_is_refused(call):
    """Only the three sizes."""
    assert call("run", "--profile", "huge").exit_code == 2


def test_doctor_prints_remedies_and_exits_1(call, monkeypatch):
    """Each remedy once; nothing to mend exits 0."""
    from labkit.course.doctor import Row

    bad = [
        Row("pandas", "1", "2", False, "pip install -e .[course]"),
        Row("numpy", "1", "2", False, "pip install -e .[course]"),
    ]
    monkeypatch.setattr("labkit.course.doctor.check_machine", lambda: bad)
    done = call("doctor")
    assert done.exit_code == 1 and done.output.count("mend it with: pip install -e .[course]") == 1
    monkeypatch.setattr("labkit.course.doctor.check_machine", lambda: [Row("disk", "9 GB free", "2 GB", True)])
    assert call("doctor").exit_code == 0


def test_fetch_says_what_it_would_bring(call, monkeypatch, tmp_path):
    """A dry run names sets and models, their sizes and where they go, and passes dry_run on."""
    each = SimpleNamespace(name="bug", state="missing", path=tmp_path / "bug.csv", download_bytes=14e6, disk_bytes=21e6)
    monkeypatch.setattr("labkit.data.fetching.fetch", lambda *, dry_run: [each] if dry_run else [])
    monkeypatch.setattr(
        "labkit.models.weights.fetch_model", lambda name, *, dry_run: tmp_path / name if dry_run else None
    )
    said = call("fetch", "--dry-run", "--model", "bert-base-uncased").output
    assert "bug: would be fetched (download 14 MB, keeps 21 MB)" in said
    assert f"bert-base-uncased: would be in {tmp_path / 'bert-base-uncased'}" in said


def test_fetch_without_network_is_one_line(call, monkeypatch):
    """The remedy of the library's message reaches the user."""

    def fail(*, dry_run):
        raise ConnectionError("could not be downloaded; check the network")

    monkeypatch.setattr("labkit.data.fetching.fetch", fail)
    done = call("fetch")
    assert done.exit_code == 1 and done.output.strip() == "labkit: could not be downloaded; check the network"


def test_audit_passes_its_options_on(call, monkeypatch):
    """File, columns, draws and folder reach audit_file; --sensitive may be repeated."""
    seen = {}
    page = SimpleNamespace(audit_file=lambda path, **options: seen.update(options, path=path))
    monkeypatch.setitem(sys.modules, "labkit.audit.page", page)
    options = "--label y --prediction yhat --sensitive sex --sensitive race --score p --n-boot 50 --output out".split()
    assert call("audit", "people.csv", *options).exit_code == 0
    assert (str(seen["path"]), str(seen["output"]), seen["n_boot"]) == ("people.csv", "out", 50)
    assert (seen["label"], seen["prediction"], seen["sensitive"]) == ("y", "yhat", ["sex", "race"])
    assert seen["score"] == "p"


def test_audit_reads_a_folder_of_parquet(call, course):
    """A partitioned folder is audited with its scores; a folder without the column, or without Parquet, is one line."""
    pytest.importorskip("duckdb", reason="pip install -e '.[engines]' -c constraints.txt")
    rng, log = np.random.default_rng(0), course.root / "log"
    frame = pd.DataFrame({"y": rng.integers(0, 2, 300), "sex": rng.choice(["f", "m"], 300), "p": rng.random(300)})
    frame.assign(yhat=frame["p"] > 0.5).to_parquet(log, partition_cols=["sex"])
    options = "--label y --prediction yhat --sensitive sex".split()
    done = call("audit", "log", *options, "--score", "p")
    assert done.exit_code == 0 and "AUC of p by group" in done.output
    assert "300 people in 2 groups" in (page := (course.root / "log-audit" / "audit.html").read_text())
    assert "<h2>The score p</h2>" in page and (course.root / "log-audit" / "scores.csv").exists()
    for arguments, message in (
        (["log", *options, "--score", "q"], "labkit: unknown column 'q': log has no such column"),
        (["notebooks", *options], "holds no Parquet file"),
    ):
        done = call("audit", *arguments)
        assert done.exit_code == 1 and message in done.output and len(done.output.strip().splitlines()) == 1
