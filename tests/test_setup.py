"""The Makefile's set-up, with a stand-in for Python that records what is asked of it, and the files that must agree."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OLDEST = re.search(r">=([\d.]+)", PYPROJECT["project"]["requires-python"])[1]
MAKEFILE = (ROOT / "Makefile").read_text()
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed (Windows)")

# `python -m venv` puts the same stand-in into .venv; pip and labkit only record their arguments.
STAND_IN = """
    #!/bin/sh
    case "$*" in
        "-m venv .venv")
            mkdir -p .venv/bin; echo "venv" >> log
            for name in python labkit lint-imports; do cp "$0" ".venv/bin/$name"; done ;;
        *" install "*)
            echo "$*" | sed 's/.*install/install/' >> log
            test ! -e fail || exit 1 ;;
        -c*) test ! -e not_allowed ;;
        *) echo $(basename "$0") "$@" >> log ;;
    esac
"""
TORCH = re.search(r"^torch==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)[1]
INSTALLS = [
    f"install torch=={TORCH} -c constraints.txt",
    "install -e .[course,cluster,engines,test] -c constraints.txt",
]
# What `make lab` tells JupyterLab: the README gives the same line to those who have no make.
LAB = (
    "--LabApp.default_url=/lab/tree/work/00_start_here.ipynb --LabApp.app_settings_dir=labkit/course/lab "
    "--LabApp.workspaces_dir=work/.workspaces"
)


@pytest.fixture
def make(tmp_path):
    """Return a function that calls make in a copy of what set-up reads; it returns status, calls and output."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy2(ROOT / name, folder)
    python = tmp_path / "python3.11"
    python.write_text(dedent(STAND_IN).lstrip())
    python.chmod(0o755)

    def call(*arguments, folder=folder):
        (folder / "log").unlink(missing_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "TORCH_INDEX"))}
        command = ["make", f"PYTHON={python}", *arguments]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        log = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
        return done.returncode, log, done.stdout + done.stderr

    call.folder = folder
    return call


@needs_make
def test_set_up_installs_torch_first_then_the_package_then_fetches(make):
    """The first call does everything, in this order; a second call only checks whether anything must be fetched."""
    assert make("setup")[:2] == (0, ["venv", *INSTALLS, "labkit fetch"])
    assert make("setup")[:2] == (0, ["labkit fetch"])


@needs_make
def test_torch_can_come_from_another_index(make):
    """TORCH_INDEX is for the first step alone."""
    _, log, _ = make("setup", "TORCH_INDEX=https://example.org/cpu")
    assert log[1:3] == [f"install torch=={TORCH} --index-url https://example.org/cpu", INSTALLS[1]]


@needs_make
@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_changed_requirements_are_installed_without_starting_over(make, name):
    """A newer file means another install into the same environment."""
    make("setup")
    ready = (make.folder / ".venv" / ".ready").stat().st_mtime
    os.utime(make.folder / name, (ready + 10, ready + 10))
    assert make("setup")[1] == [*INSTALLS, "labkit fetch"]


@needs_make
def test_set_up_that_broke_off_is_repaired_by_calling_again(make):
    """After a failing install the next call builds the environment from scratch."""
    (make.folder / "fail").touch()
    status, log, _ = make("setup")
    assert status != 0 and log == ["venv", INSTALLS[0]]
    (make.folder / ".venv" / "half_installed").touch()
    (make.folder / "fail").unlink()
    assert make("setup")[:2] == (0, ["venv", *INSTALLS, "labkit fetch"])
    assert not (make.folder / ".venv" / "half_installed").exists()


@needs_make
def test_update_that_broke_off_is_repaired_even_when_the_change_is_undone(make):
    """The mark of an unfinished install counts, however old the files are."""
    make("setup")
    (make.folder / ".venv" / ".installing").touch()
    assert make("setup")[1] == ["venv", *INSTALLS, "labkit fetch"]


@needs_make
@pytest.mark.parametrize("breakage", ["moved", "python gone"])
def test_environment_that_cannot_work_any_more_is_rebuilt(make, tmp_path, breakage):
    """Scripts name the folder they were made in, and need the Python they were made with."""
    make("setup")
    folder = make.folder
    if breakage == "moved":
        folder = make.folder.rename(tmp_path / "elsewhere")
    else:
        (folder / ".venv" / "bin" / "python").unlink()
    assert make("setup", folder=folder)[1] == ["venv", *INSTALLS, "labkit fetch"]


# Names of files and folders that a shell, make or a shebang line could take for something else.
ODD_NAMES = ["with two  blanks", "it's", 'say "hi"', "$HOME $(HOME) `id`", "a#b, c;d (e) & f*", "back\\new"]


@needs_make
@pytest.mark.parametrize("name", ODD_NAMES)
def test_python_may_be_in_a_folder_of_any_name(make, tmp_path, name):
    """PYTHON= is one path, whatever is in it."""
    folder = tmp_path / name
    folder.mkdir()
    python = Path(shutil.copy2(tmp_path / "python3.11", folder))
    assert make("setup", f"PYTHON={python}")[:2] == (0, ["venv", *INSTALLS, "labkit fetch"])


@needs_make
@pytest.mark.parametrize("name", ODD_NAMES)
def test_the_repository_may_be_in_a_folder_of_any_name(make, tmp_path, name):
    """Set-up works there, and recognizes the folder at the second call."""
    folder = make.folder.rename(tmp_path / name)
    assert make("setup", folder=folder)[:2] == (0, ["venv", *INSTALLS, "labkit fetch"])
    assert make("setup", folder=folder)[:2] == (0, ["labkit fetch"])


@needs_make
def test_python_with_blanks_that_cannot_be_used_is_named_whole(make, tmp_path):
    """The message has the path as it was given."""
    status, log, said = make("setup", f"PYTHON={tmp_path}/no such/python3.11")
    assert status != 0 and log == [] and f"none of these is: '{tmp_path}/no such/python3.11'" in said


@needs_make
@pytest.mark.parametrize("python", ["not allowed", "missing"])
def test_python_that_is_not_allowed_or_missing_gets_one_clear_line(make, python):
    """No traceback and no half-made environment: one line that names the version needed."""
    (make.folder / "not_allowed").touch()
    arguments = [] if python == "not allowed" else ["PYTHON=python3.11-nowhere"]
    status, log, said = make("setup", *arguments)
    assert status != 0 and log == [] and not (make.folder / ".venv").exists()
    assert len(said.strip().splitlines()) == 1 and "Fairness Lab needs Python 3.11 or newer" in said


@needs_make
@pytest.mark.parametrize(
    "target, calls",
    [
        ("course", ["labkit run --profile default --form solution --output build/course"]),
        (
            "test",
            [
                "python -m ruff check",
                "python -m ruff format --check",
                "lint-imports",
                "labkit build --check",
                "python -m pytest -m not",
            ],
        ),
        ("test-rest", ["python -m pytest -m slow or network or browser"]),
        ("lab", ["labkit start", f"python -m jupyter lab {LAB}"]),
        ("bench", ["python -m tests.benchmarks.run"]),
    ],
)
def test_targets_set_up_and_do_their_job(make, target, calls):
    """Each target runs set-up first, then its job."""
    status, log, _ = make(target)
    assert status == 0 and log[:4] == ["venv", *INSTALLS, "labkit fetch"]
    assert [said.startswith(call) for said, call in zip(log[4:], calls, strict=True)] == [True] * len(calls)


@needs_make
def test_help_lists_every_target_with_one_line(make):
    """What .PHONY names is what help explains; make without a target is help."""
    targets = re.search(r"^\.PHONY: (help .*)$", MAKEFILE, flags=re.MULTILINE)[1].split()
    assert {"help", "setup", "course", "lab", "test", "test-rest", "lint", "bench", "clean"} == set(targets)
    _, log, said = make()
    assert [line.split()[1] for line in said.splitlines()] == targets and log == []


def test_jupyterlab_starts_alike_without_make():
    """The README's plain command is that of the Makefile, and what it names is there."""
    assert f"`labkit start`, then `jupyter lab {LAB}`" in (ROOT / "README.md").read_text()
    assert (ROOT / "labkit" / "course" / "lab" / "overrides.json").is_file()
    assert (ROOT / "notebooks" / "00_start_here.ipynb").is_file()


def test_the_library_list_of_conda_is_that_of_the_package():
    """environment.yml: the extras that make installs, the versions tested, the Python that the package asks for."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *conda, nested = environment["dependencies"]
    assert environment["name"] == PYPROJECT["project"]["name"] and "pip" in conda
    python = next(item for item in conda if item.startswith("python="))
    assert OLDEST == python.removeprefix("python=")
    assert nested == {"pip": ["-c constraints.txt", "-e .[course,cluster,engines,test]"]}
    assert "-e '.[course,cluster,engines,test]' -c constraints.txt" in MAKEFILE
    assert set(PYPROJECT["project"]["optional-dependencies"]) == {"course", "cluster", "engines", "test"}


@pytest.mark.parametrize("minor", range(9, 16))
def test_makefile_takes_the_pythons_that_the_package_allows(monkeypatch, minor):
    """The condition in the Makefile is that of pyproject.toml, to the last digit."""
    condition = re.search(r"^ALLOWED := (.*)$", MAKEFILE, flags=re.MULTILINE)[1]
    allowed = SpecifierSet(PYPROJECT["project"]["requires-python"])
    for micro in range(20):
        monkeypatch.setattr(sys, "version_info", (3, minor, micro, "final", 0))
        with pytest.raises(SystemExit) as ended:
            exec(condition)
        assert (not ended.value.code) == (f"3.{minor}.{micro}" in allowed)


def test_the_oldest_python_is_the_same_everywhere():
    """One number in all places that name it."""
    assert f"needs Python {OLDEST} or newer" in MAKEFILE and f"python{OLDEST} python3" in MAKEFILE
    assert f"You need Python {OLDEST} or newer" in (ROOT / "README.md").read_text()
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{OLDEST.replace('.', '')}"


def test_ci_runs_the_tests_then_the_course():
    """The script can be executed, stops at the first failure and asks nobody anything."""
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert (
        "set -euo pipefail" in lines
        and "exec </dev/null" in lines
        and lines[-3:] == ["make test", "make test-rest", "make course"]
    )
