"""The Makefile's set-up, with a stand-in for Python that records what is asked of it, and the files that must agree."""

import json
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
needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed (Windows)")
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
    "install -e .[course,cluster,engines,excel,test] -c constraints.txt",
]
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"  # PyTorch without its gigabytes of GPU libraries
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
    cpu_builds = f"--extra-index-url {CPU_BUILDS}"
    assert nested == {"pip": [cpu_builds, "-c constraints.txt", "-e .[course,cluster,engines,excel,test]"]}
    assert "-e '.[course,cluster,engines,excel,test]' -c constraints.txt" in MAKEFILE
    assert set(PYPROJECT["project"]["optional-dependencies"]) == {"course", "cluster", "engines", "excel", "test"}


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


# Containers. No Docker runs in the tests: files are compared with what is documented, and their commands run dry.

# https://containers.dev/implementors/json_reference: the properties that we use, and what they hold
DOCUMENTED = {
    "name": str,
    "image": str,
    "hostRequirements": dict,
    "containerEnv": dict,
    "postCreateCommand": str,
    "forwardPorts": list,
    "portsAttributes": dict,
    "customizations": dict,
}
ON_FORWARD = {"notify", "openBrowser", "openBrowserOnce", "openPreview", "silent", "ignore"}


@pytest.fixture
def container():
    """What .devcontainer/devcontainer.json says."""
    return json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())


def test_the_dev_container_is_as_documented(container):
    """Only known properties, each of its type; the Python is one that the package asks for."""
    assert {name: type(value) for name, value in container.items()} == DOCUMENTED
    assert container["image"].split(":")[1].startswith(OLDEST)
    assert all(isinstance(value, str) for value in container["containerEnv"].values())
    needs = container["hostRequirements"]
    assert isinstance(needs["cpus"], int)
    assert all(re.fullmatch(r"\d+gb", needs[name]) for name in ("memory", "storage"))
    assert set(container["portsAttributes"]) == {str(port) for port in container["forwardPorts"]}
    assert {port["onAutoForward"] for port in container["portsAttributes"].values()} <= ON_FORWARD


@needs_make
def test_the_dev_container_sets_up_with_the_cpu_build_of_torch(make, container, monkeypatch):
    """Its command, run dry with its environment: set-up, what does not ship, and the student's copies."""
    for name, value in container["containerEnv"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHON", str(make.folder.parent / "python3.11"))
    subprocess.run(container["postCreateCommand"], shell=True, cwd=make.folder, check=True, capture_output=True)
    log = (make.folder / "log").read_text().splitlines()
    torch = f"install torch=={TORCH} --index-url {CPU_BUILDS}"
    assert log == ["venv", torch, INSTALLS[1], "labkit fetch", "labkit start"]


@pytest.fixture
def stand_ins(tmp_path):
    """Return a function that makes commands of given names, which note their call and then do what they are given."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def make_commands(**bodies):
        for name, body in bodies.items():
            path = folder / name.replace("_", "-")
            path.write_text(f'#!/bin/sh\necho "{path.name} $*" >> "{tmp_path}/calls"\n{body}\n')
            path.chmod(0o755)
        return folder

    make_commands.calls = lambda: (tmp_path / "calls").read_text().splitlines()
    return make_commands


@needs_bash
def test_binder_fetches_copies_and_sets_up_jupyterlab(stand_ins, tmp_path):
    """Its postBuild, with stand-ins for labkit and Python."""
    commands = stand_ins(labkit="", python=f'echo "{tmp_path}/prefix"')
    environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([ROOT / "postBuild"], cwd=ROOT, env=environment, check=True)
    assert [call for call in stand_ins.calls() if call.startswith("labkit")] == ["labkit fetch", "labkit start"]
    copied = tmp_path / "prefix" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert copied.read_text() == (ROOT / "labkit" / "course" / "lab" / "overrides.json").read_text()


@needs_bash
def test_binder_starts_without_the_network():
    """Its start script passes on the command that it is given, word by word."""
    shown = [ROOT / "start", sys.executable, "-c", "import os, sys; print(os.environ['HF_HUB_OFFLINE'], sys.argv[1:])"]
    done = subprocess.run([*shown, "a b", "$c"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 ['a b', '$c']"


ROOT_HAS_APT = {"apt_get": "", "id": "echo 0"}
USER_HAS_APT = {"apt_get": "", "id": "echo 1000"}
INSTALLED = ["apt-get -qq update", "apt-get -qq install -y --no-install-recommends chromium fonts-noto-cjk"]


@needs_bash
@pytest.mark.parametrize(
    "commands, installed, warns",
    [
        (ROOT_HAS_APT | {"chromium": ""}, [], False),
        ({}, [], False),
        (ROOT_HAS_APT, INSTALLED, False),
        (ROOT_HAS_APT | {"apt_get": "exit 1"}, INSTALLED[:1], True),
        (USER_HAS_APT, [], False),
        (USER_HAS_APT | {"sudo": "exit 1"}, [], False),
        (USER_HAS_APT | {"sudo": 'shift; "$@"', "true": ""}, INSTALLED, False),
    ],
    ids=["there already", "no apt", "root", "apt fails", "no sudo", "sudo asks", "sudo"],
)
def test_ci_installs_a_browser_when_it_can_and_goes_on_when_it_cannot(stand_ins, commands, installed, warns):
    """The tests and the course run in any case, and only a failed installation is worth a line."""
    folder = stand_ins(make="", **commands)
    for name in ("bash", "dirname"):
        (folder / name).symlink_to(shutil.which(name))
    done = subprocess.run(["bash", ROOT / ".ci" / "run"], env={"PATH": str(folder)}, capture_output=True, text=True)
    calls = stand_ins.calls()
    assert done.returncode == 0, done.stderr
    assert [call for call in calls if call.startswith("make")] == ["make test", "make test-rest", "make course"]
    assert [call for call in calls if call.startswith("apt-get")] == installed
    assert ("will be skipped" in done.stderr) == bool(done.stderr) == warns


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
