"""What the box shows of this machine: Python, its libraries, the course's data, and labkit without its answers."""

import compileall
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import labkit

PACKAGE = Path(labkit.__file__).resolve().parent
SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/lib32",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
)


def stage_package(target: Path) -> None:
    """Copy labkit without exercises, the command and what else of this room stays outside; compile it.

    Parameters
    ----------
    target : pathlib.Path
        A new folder, which then holds ``labkit``.
    """
    shutil.copytree(PACKAGE, target / "labkit", ignore=_left_out)
    compileall.compile_dir(target / "labkit", quiet=2, workers=1)


def _left_out(folder: str, names: list[str]) -> set[str]:
    place = Path(folder).relative_to(PACKAGE).parts
    left = {"__pycache__"}
    if place == ():
        left |= {"course"}
    if place == ("classroom",):
        left |= set(names) - {"__init__.py", "box"}
    if place == ("classroom", "box"):
        left |= set(names) - {"__init__.py", "values.py", "inside"}
    if place[:1] == ("chapters",) and len(place) >= 2:
        left |= {name for name in names if name.startswith("exercises")}
    return left & set(names)


def is_staged(module: str) -> bool:
    """Say whether the copy of the package holds a module, by its dotted name."""
    first, *rest = module.split(".")
    if first != PACKAGE.name or not rest:
        return False
    names = [*rest[:-1], f"{rest[-1]}.py"]
    if not PACKAGE.joinpath(*names).is_file():
        return False
    folders = [PACKAGE.joinpath(*names[:depth]) for depth in range(len(names))]
    return not any(_left_out(str(folder), [name]) for folder, name in zip(folders, names, strict=True))


def readable_paths(folders: Iterable[Path] = ()) -> list[Path]:
    """Return the files and folders that the box shows: those of Python and its libraries, and further ones."""
    paths = sysconfig.get_paths()
    wanted = [*SYSTEM, sys.prefix, sys.base_prefix, paths["stdlib"], paths["purelib"], paths["platlib"], *folders]
    found: list[Path] = []
    for path in sorted({Path(each) for each in wanted if Path(each).exists()}):
        if not any(path.is_relative_to(other) for other in found):
            found.append(path)
    return found


def hidden_paths(readable: Iterable[Path]) -> list[Path]:
    """Return the folders within those that the box must not show: labkit itself, and the sources of its notebooks."""
    libraries = {Path(sysconfig.get_paths()[kind]) for kind in ("purelib", "platlib")}
    places = {PACKAGE, PACKAGE.parent / "notebooks", PACKAGE.parent / "tests", *(each / "labkit" for each in libraries)}
    shown = list(readable)
    return sorted(each for each in places if each.is_dir() and any(each.is_relative_to(path) for path in shown))


def without(readable: Iterable[Path], hidden: Iterable[Path]) -> list[Path]:
    """Return files and folders that together hold all of `readable` but nothing of `hidden`."""
    found: list[Path] = []
    for path in readable:
        inside = [each for each in hidden if each.is_relative_to(path)]
        if path in inside:
            continue
        found += without(sorted(path.iterdir()), inside) if inside else [path]
    return found
