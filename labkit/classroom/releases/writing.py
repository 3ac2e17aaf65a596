"""Write a release: what is handed out to students, and what stays with the teacher."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from labkit.cache import REPOSITORY, file_sha256
from labkit.classroom.releases._notebooks import parse_notebook_file
from labkit.classroom.releases.released import BASE, FORMAT, MANIFEST, Release, load_release
from labkit.errors import UserError
from labkit.version import __version__

NOTEBOOKS = REPOSITORY / "notebooks"


def release(
    names: Iterable[str],
    output: str | Path,
    *,
    seed: str,
    roster: str | Path | None = None,
    notebooks: str | Path = NOTEBOOKS,
    deadline: str = "",
) -> Release:
    """Write what students get, and what a teacher needs to grade it, as a whole or not at all.

    Parameters
    ----------
    names : iterable of str
        Notebooks, as `labkit run` takes them: "04", "04_measuring".
    output : str or pathlib.Path
        The folder to write. ``student/`` in it is for handing out; ``teacher/`` holds the seed and stays.
    seed : str
        The teacher's secret, which picks variants of exercises and hidden probes.
    roster : str or pathlib.Path, optional
        A CSV with the students.
    notebooks : str or pathlib.Path
        The folder of the student notebooks, by default the course's.
    deadline : str, default ""
        For the students' README, as they shall read it.

    Returns
    -------
    Release
        As `load_release` reads it.

    Raises
    ------
    UserError
        No such notebook, or a folder that cannot be written.
    """
    if roster is not None:
        raise NotImplementedError("rosters are to come")
    folder, source = Path(output), Path(notebooks)
    chosen = choose_notebooks(names, source)
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        for name in chosen:
            path = source / f"{name}.ipynb"
            parse_notebook_file(path)
            for place in ("student", BASE):
                (aside / place).mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, aside / place / path.name)
        files = {path.relative_to(aside).as_posix(): file_sha256(path) for path in aside.rglob("*") if path.is_file()}
        manifest = {"format": FORMAT, "labkit": __version__, "names": chosen, "seed": seed, "students": []}
        manifest |= {"deadline": deadline, "files": dict(sorted(files.items()))}
        (aside / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.chmod(0o755)
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return load_release(folder)


def choose_notebooks(names: Iterable[str], folder: Path) -> list[str]:
    """Return whole names of student notebooks, in the order of the course; a UserError lists those there are."""
    known = sorted(path.stem for path in folder.glob("[0-9][0-9]_*.ipynb"))
    numbers = {name.partition("_")[0]: name for name in known}
    wanted = {Path(name).name.removesuffix(".ipynb").removesuffix(".py") for name in names}
    wanted = {numbers.get(name, name) for name in wanted}
    if unknown := sorted(wanted - set(known)):
        raise UserError(f"no notebook named {', '.join(unknown)}; there are: {', '.join(known) or 'none'}")
    return [name for name in known if name in wanted]
