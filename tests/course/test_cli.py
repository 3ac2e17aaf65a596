import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from labkit.course.cli import app
from labkit.errors import MissingExtra, Unreachable, UserError

COLUMNS = "--label y --prediction yhat --sensitive sex".split()
CHECKED = b'# %% tags=["exercise"] exercise="00.1"\nhalf = ...\n# %% tags=["check"]\ncheck("00.1", half)\n'
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
    for command in ("doctor", "fetch", "build", "start", "run", "audit", "progress", "monitor"):
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
    assert "notebooks/00_half.ipynb differs from its source; fix it with: labkit build" in done.output
    assert "notebooks/99_stray.ipynb has no source" in done.output


def test_start_says_what_it_did(call):
    """Copied the first time, left alone the second; both times it names the file to open."""
    call("build")
    first, second = call("start").output, call("start").output
    assert "work/00_half.ipynb copied" in first
    assert "2 of your notebooks in work/ left as they are" in second
    assert all(said.endswith("in JupyterLab, start with work/00_half.ipynb\n") for said in (first, second))


def test_start_names_a_file_that_opens(call, course):
    """The first copy that is a notebook, and none where there is no such copy."""
    call("build")
    call("start")
    for name, said in (("00_half", "start with work/01_fails.ipynb"), ("01_fails", None)):
        (course.work / f"{name}.ipynb").write_text("")
        output = call("start").output
        assert said in output if said else "start with" not in output


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["run", "nothing"], "labkit: no notebook named nothing; there are: 00_half, 01_fails"),
        (["start"], "`labkit build` writes them"),
        (["progress"], "`labkit build` writes it from its source"),
        (["run", "--form", "student"], "`labkit build` writes it from its source"),
        (["run", "--output", "file/inside"], "labkit: cannot write to the output folder"),
        (["audit", "nothing.csv", *COLUMNS], "labkit: no file 'nothing.csv'"),
        (["audit", "file", *COLUMNS], "labkit: "),
        (["audit", "log.csv", *COLUMNS, "--n-tables", "100", "--output", "file/inside"], "labkit: cannot write to"),
    ],
    ids=["name", "start early", "progress early", "run early", "output", "no file", "no table", "output of audit"],
)
def test_what_users_can_fix_is_one_line(call, course, arguments, message):
    """No traceback: one line with what is wrong, exit 1."""
    (course.root / "file").write_text("")
    people = pd.DataFrame({"y": [0, 1] * 20, "yhat": [0, 1, 1, 0] * 10, "sex": ["f"] * 20 + ["m"] * 20})
    people.to_csv(course.root / "log.csv", index=False)
    done = call(*arguments)
    assert done.exit_code == 1 and message in done.output
    assert message.startswith("labkit: cannot write to") or len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments, file, content, message",
    [
        (["build"], "solutions/00_half.py", b"# %%\nx = '\xe9'\n", "00_half.py: it is not in UTF-8"),
        (["build"], "solutions/00_half.py", b'# %% tags="solution"\n1\n', "00_half.py makes no valid notebook"),
        (["build"], "solutions/00_half.py", CHECKED, "exercise 00.1 has no points; add points=N"),
        (["run", "--profile", "smoke"], "profiles.toml", b"[smoke", "profiles.toml is not valid TOML"),
    ],
    ids=["encoding", "metadata", "points", "profiles"],
)
def test_damaged_files_are_one_line(call, course, arguments, file, content, message):
    """Files that a user edits or an editor damages are named, with what to do."""
    call("build")
    call("start")
    (course.notebooks / file).write_bytes(content)
    done = call(*arguments)
    assert done.exit_code == 1 and message in done.output
    assert len(done.output.strip().splitlines()) == 1


HEADER = b"# ---\n# jupyter:\n#   labkit:\n#     %s\n# ---\n# %%%%\n1\n"


@pytest.mark.parametrize(
    "content, message",
    [
        (HEADER % b"budget: five", "the budget in its header is 'five'"),
        (HEADER % b"budget: {seconds: soon}", "the budget in its header is {'seconds': 'soon'}"),
        (HEADER % b"budget: {seconds: 5", "makes no valid notebook: while parsing"),
        (b'# %% tags=["exercise" exercise="00.1"\n1\n', "the metadata of a cell cannot be read: tags="),
        (None, "it cannot be read: Is a directory"),
    ],
    ids=["budget", "seconds", "YAML", "cell", "folder"],
)
def test_a_source_that_cannot_be_read_is_named_and_the_others_are_built(call, course, content, message):
    """Both by build and by build --check; the student notebook of the bad source stays as it was."""
    call("build")
    before = (course.notebooks / "00_half.ipynb").read_bytes()
    source = course.solutions / "00_half.py"
    source.unlink()
    if content is None:
        source.mkdir()
    else:
        source.write_bytes(content)
    (course.solutions / "01_fails.py").write_text("# %%\n1\n")
    for options, said in ((["--check"], "01_fails.ipynb differs"), ([], "01_fails.ipynb written")):
        done = call("build", *options)
        assert done.exit_code == 1 and said in done.output
        assert "labkit: " in done.output and f"{source}" in done.output and message in done.output
    assert (course.notebooks / "00_half.ipynb").read_bytes() == before


@pytest.mark.parametrize("arguments", [["fetch", "--dry-run"], ["fetch", "--dry-run", "--model", "bert-base-uncased"]])
def test_unusable_cache_folder_is_one_line(call, course, monkeypatch, arguments):
    """LABKIT_CACHE may name a file by mistake."""
    (course.root / "file").write_text("")
    monkeypatch.setenv("LABKIT_CACHE", str(course.root / "file"))
    done = call(*arguments)
    assert done.exit_code == 1 and "labkit: cannot make the cache folder" in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["build", "run"])
def test_missing_extra_is_one_line(call, monkeypatch, command):
    """Without the extra `course` the command that installs it is named, quoted for zsh."""
    monkeypatch.setattr("labkit.course.build.NOTEBOOK_LIBRARIES", ("nbformat", "no_such_library"))
    done = call(command)
    assert done.exit_code == 1
    assert 'notebooks need no_such_library: pip install -e ".[course]" -c constraints.txt' in done.output


@pytest.fixture
def failing(call, monkeypatch):
    """Return a function that calls a command inside of which an error is raised."""

    def fail(error, *options):
        def find_course():
            raise error

        monkeypatch.setattr("labkit.course.build.find_course", find_course)
        return call(*options, "progress")

    return fail


USERS = [UserError("wrong"), MissingExtra("not here"), Unreachable("no answer"), FileNotFoundError(2, "gone", "table"),
         PermissionError(13, "not yours", "table")]  # fmt: skip
OURS = [
    ValueError("a bug"),
    OSError("a bug"),
    KeyError("a bug"),
    ModuleNotFoundError("a bug"),
    ConnectionError("a bug"),
]


@pytest.mark.parametrize("error", USERS, ids=repr)
def test_errors_that_users_can_fix_become_one_line(failing, error):
    """The message, after the command's name, and exit status 1."""
    done = failing(error)
    assert (done.exit_code, done.output) == (1, f"labkit: {error}\n")


@pytest.mark.parametrize("error", OURS, ids=repr)
def test_a_bug_keeps_its_traceback(failing, error):
    """Nothing is printed instead; the exception itself leaves the command."""
    done = failing(error)
    assert done.exception is error and "labkit:" not in done.output


@pytest.mark.parametrize("error", [*USERS, *OURS], ids=repr)
def test_debug_keeps_every_traceback(failing, error):
    """--debug, before the command, shows where any error comes from."""
    assert failing(error, "--debug").exception is error


def test_debug_shows_a_traceback(course):
    """In its own process: the traceback and the message are on standard error."""
    program = "from labkit.course.cli import app; app()"
    command = [sys.executable, "-c", program, "--debug", "run", "nothing"]
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Traceback")
    assert "UserError: no notebook named nothing" in done.stderr


def test_unknown_profile_is_rejected(call):
    """Only the three sizes."""
    assert call("run", "--profile", "huge").exit_code == 2


def test_doctor_prints_remedies_and_exits_1(call, monkeypatch):
    """Each remedy once; nothing to fix exits 0."""
    from labkit.course.doctor import Row

    bad = [
        Row("pandas", "1", "2", False, "pip install -e .[course]"),
        Row("numpy", "1", "2", False, "pip install -e .[course]"),
    ]
    monkeypatch.setattr("labkit.course.doctor.check_machine", lambda: bad)
    done = call("doctor")
    assert done.exit_code == 1 and done.output.count("fix it with: pip install -e .[course]") == 1
    monkeypatch.setattr("labkit.course.doctor.check_machine", lambda: [Row("disk", "9 GB free", "2 GB", True)])
    assert call("doctor").exit_code == 0


def test_fetch_says_what_it_would_download(call, monkeypatch, tmp_path):
    """A dry run names sets and models, their sizes and where they go, and passes dry_run on."""
    each = SimpleNamespace(name="bug", state="missing", path=tmp_path / "bug.csv", download_bytes=14e6, disk_bytes=21e6)
    other = SimpleNamespace(name="bbq", state="missing", path=tmp_path / "bbq", download_bytes=0, disk_bytes=437_000)
    monkeypatch.setattr("labkit.data.fetching.fetch", lambda *, dry_run: [each, other] if dry_run else [])
    model = SimpleNamespace(name="lm", state="missing", path=tmp_path / "lm", download_bytes=93e6, disk_bytes=640e6)
    monkeypatch.setattr(
        "labkit.language.causal_lm.files.fetch_generative_model", lambda *, dry_run: model if dry_run else None
    )
    monkeypatch.setattr(
        "labkit.models.weights.fetch_model", lambda name, *, dry_run: tmp_path / name if dry_run else None
    )
    said = call("fetch", "--dry-run", "--model", "bert-base-uncased").output
    assert "bug: would be fetched (download 14 MB, keeps 21 MB)" in said
    assert "bbq: would be fetched (from the same download, keeps 0.4 MB)" in said
    assert f"lm: would be fetched (download 93 MB, keeps 640 MB): {tmp_path / 'lm'}" in said
    assert f"bert-base-uncased: would be in {tmp_path / 'bert-base-uncased'}" in said


def test_fetch_without_network_is_one_line(call, monkeypatch):
    """The remedy of the library's message reaches the user."""

    def fail(*, dry_run):
        raise Unreachable("could not be downloaded; check the network")

    monkeypatch.setattr("labkit.data.fetching.fetch", fail)
    done = call("fetch")
    assert done.exit_code == 1 and done.output.strip() == "labkit: could not be downloaded; check the network"


def test_audit_passes_its_options_on(call, monkeypatch):
    """File, columns, tables and folder reach audit_file; --sensitive may be repeated."""
    seen = {}
    monkeypatch.setattr("labkit.audit.command.run.audit_file", lambda path, **options: seen.update(options, path=path))
    options = (
        "--label y --prediction yhat --sensitive sex --sensitive race --score p --n-tables 99 --favorable 0".split()
    )
    options += ["--output", "out"]
    assert call("audit", "people.csv", *options).exit_code == 0
    assert (str(seen["path"]), str(seen["output"]), seen["n_tables"]) == ("people.csv", "out", 99)
    assert (seen["label"], seen["prediction"], seen["sensitive"]) == ("y", "yhat", ["sex", "race"])
    assert seen["score"] == "p" and seen["favorable"] == 0 and seen["raw_csv"] is False
    assert call("audit", "people.csv", *options, "--raw-csv").exit_code == 0 and seen["raw_csv"] is True
    options = "--sensitive sex --score p --threshold 0.5 --weight w --person id --count n".split()
    assert call("audit", "people.csv", *options).exit_code == 0
    assert (seen["label"], seen["prediction"], seen["threshold"]) == (None, None, 0.5)
    assert (seen["weight"], seen["person"], seen["count"]) == ("w", "id", "n")
    assert (seen["reference"], seen["fail_if"], seen["explain_gap"]) == (None, (), None)
    assert (seen["min_group_size"], seen["confidence"]) == (20, 0.95)
    options += "--reference f --reference 1 --explain-gap f m --min-group-size 5 --confidence 0.9".split()
    options += ["--fail-if", "ratio(selection_rate) < 0.8", "--fail-if", "x"]
    assert call("audit", "people.csv", *options).exit_code == 0
    assert (seen["reference"], seen["explain_gap"]) == (["f", "1"], ("f", "m"))
    assert seen["fail_if"] == ["ratio(selection_rate) < 0.8", "x"]
    assert (seen["min_group_size"], seen["confidence"]) == (5, 0.9)


def test_audit_needs_decisions_or_a_threshold(call):
    """In the words of the command."""
    for options, said in (
        ("", "--prediction; or a column of scores, --score, and --threshold"),
        ("--score p", "add --threshold X"),
        ("--threshold 1", "name their column, --score"),
    ):
        done = call("audit", "people.csv", "--sensitive", "sex", *options.split())
        assert done.exit_code == 2 and said in done.output


def test_errors_cannot_steer_a_terminal(call, course):
    """A message may name columns that others wrote."""
    (course.root / "log.csv").write_text("a\x1b]0;title\x07,b\n1,2\n")
    done = call("audit", "log.csv", *"--label y --prediction yhat --sensitive sex".split())
    assert done.exit_code == 1 and r"it has a\x1b]0;title\x07, b" in done.output


def test_audit_reads_a_folder_of_parquet(call, course):
    """A partitioned folder is audited with its scores; a folder without the column, or without Parquet, is one line."""
    pytest.importorskip("duckdb", reason="pip install -e '.[engines]' -c constraints.txt")
    rng, log = np.random.default_rng(0), course.root / "log"
    frame = pd.DataFrame({"y": rng.integers(0, 2, 300), "sex": rng.choice(["f", "m"], 300), "p": rng.random(300)})
    frame.assign(yhat=frame["p"] > 0.5).to_parquet(log, partition_cols=["sex"])
    options = "--label y --prediction yhat --sensitive sex".split()
    done = call("audit", "log", *options, "--score", "p", "--n-tables", "100")
    assert done.exit_code == 0 and "AUC of p by group" in done.output
    assert "300 people in 2 groups" in (page := (course.root / "log-audit-sex" / "audit.html").read_text())
    assert "Scores: the column p</h2>" in page and (course.root / "log-audit-sex" / "scores.csv").exists()
    for arguments, message in (
        (["log", *options, "--score", "q"], "labkit: unknown column 'q': log has no such column"),
        (["notebooks", *options], "holds no Parquet file"),
    ):
        done = call("audit", *arguments)
        assert done.exit_code == 1 and message in done.output and len(done.output.strip().splitlines()) == 1
