"""The layout of the package: what the contract of import-linter cannot see. The rules are explained in `labkit`."""

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from pathlib import Path

import pytest

import labkit

PACKAGE = Path(labkit.__file__).parent
FILES = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
FOLDERS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
TOML = (PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8")
LONGEST, MOST_FILES = 400, 12


def files_shown(room: str) -> set[str]:
    """Return the files that the public list of a room names, as dotted modules."""
    tree = ast.parse((PACKAGE.parent / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    keys = [key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return {f"{room}.{key}" for key in keys}


def exports(package: str) -> list[str]:
    """Return the public list of a room or a folder in it; empty where it has none."""
    return list(getattr(importlib.import_module(package), "__all__", ()))


ROOMS = {name: exports(name) for name in (m.name for m in pkgutil.walk_packages([PACKAGE], "labkit.") if m.ispkg)}
ROOMS = {name: names for name, names in ROOMS.items() if names}


def imported(path: Path) -> set[tuple[str, str]]:
    """Return the (module, name) pairs that a file imports from labkit, at its top or inside a function."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    return {(node.module, alias.name) for node in nodes if node.module for alias in node.names}


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_exports_is_there(room):
    """Every name of the public list can be imported, has a docstring where it can, and comes from the room."""
    module = importlib.import_module(room)
    for name in ROOMS[room]:
        found = getattr(module, name)
        if callable(found):
            assert found.__doc__ and found.__module__.startswith(room), name


@pytest.mark.parametrize("room", ROOMS)
def test_no_file_has_the_name_of_an_export(room):
    """Otherwise `from labkit.room import name` would give the module once the file has been imported."""
    files = {module.name for module in pkgutil.iter_modules(importlib.import_module(room).__path__)}
    assert not files & set(ROOMS[room])


def test_no_two_rooms_export_the_same_name():
    """A reader who meets a name knows where it comes from."""
    places = defaultdict(list)
    for room, names in ROOMS.items():
        for name in names:
            places[name].append(room)
    assert {name: rooms for name, rooms in places.items() if len(rooms) > 1} == {}


def test_public_functions_and_classes_have_names_of_their_own():
    """No two files outside chapters define a public function or class of the same name."""
    places = defaultdict(list)
    for name, path in FILES.items():
        if not name.startswith(("labkit.chapters", "labkit.course.cli")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(name)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}


def test_files_are_short():
    """No file of the package has more than 400 lines, and no folder more than 12 files."""
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
    counts = {folder.name: len([p for p in folder.glob("*.py") if p.name != "__init__.py"]) for folder in FOLDERS}
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


def test_files_of_a_room_alone_begin_with_an_underscore():
    """What a room neither exports nor lends to another room is private, and says so; private files are not lent.

    The course's files are left out: nothing imports them, and the command is their only user.
    """
    users = defaultdict(set)
    for name, path in FILES.items():
        for module, alias in imported(path):
            users[module].add(name)
            users[f"{module}.{alias}"].add(name)  # from labkit.models import hidden_states

    def room_of(name: str) -> str:
        return ".".join(name.split(".")[:2])

    shown = set().union(*map(files_shown, ROOMS))
    wrong = []
    for name, path in FILES.items():
        if path.name == "__init__.py" or room_of(name) in ("labkit.course", "labkit.chapters") or name.count(".") < 2:
            continue
        lent = any(room_of(user) != room_of(name) for user in users[name])
        private = path.stem.startswith("_")
        if private and lent or not private and not lent and name not in shown:
            wrong.append(name)
    assert wrong == []


def test_the_readme_maps_the_rooms():
    """Its table has every room, in an order in which a room imports only from those below it."""
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| .+ \|$", readme.split("### The package")[1].split("\n## ")[0], re.MULTILINE)
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert set(listed) == rooms and len(listed) == len(rooms)
    contract = re.findall(r"labkit\.(\w+)", TOML.split("layers = [")[1].split("]")[0])
    assert listed == [room for room in contract if room in rooms]


def test_the_docstring_of_the_package_maps_the_rooms():
    """The first thing that a stranger reads names every room and every file beside them."""
    here = {path.name for path in PACKAGE.glob("*.py")} | {
        f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")
    }
    here -= {"__init__.py"}
    assert set(re.findall(r"^    (\w+(?:/|\.py))  ", labkit.__doc__, re.MULTILINE)) == here
