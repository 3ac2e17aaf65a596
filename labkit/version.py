"""The version of the course, and what an outdated copy of a notebook says instead of failing at an import."""

import sys

from labkit.errors import UserError

# Change the first or the second part when a name that notebooks import moves, disappears or changes its meaning: copies
# made before then stop in their first cell. Change only the third part when old copies still run.
__version__ = "0.3.0"

UPDATE = """\
Save and close this notebook, then run in a terminal:

    {command}

and open the notebook again. Nothing is lost: your answers are carried over, and the old copy is kept
beside the new one, with ".old" in its name."""


class OutdatedCopy(UserError, ImportError):
    """A copy of a notebook and the installed package do not fit together; the message says what to do."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows instead of a traceback: the message alone."""
        return str(self).splitlines()


def version_series(version: str) -> str:
    """Return the part of a version within which copies keep running: "0.2" for "0.2.0"."""
    return ".".join(version.split(".")[:2])


def check_copy(name: str, made_by: str, fingerprint: str) -> None:
    """Stop a copy that the installed package does not fit; print a line where a newer notebook exists.

    The first cell of every student notebook makes this call (`labkit build` writes it). A copy made by another series
    of versions stops: its imports may fail, or worse, mean something else. A copy of the same series runs, because
    names stay within a series, and a student in the middle of a notebook need not update it today.

    Parameters
    ----------
    name : str
        The notebook, ``NN_topic``.
    made_by : str
        The version of the course that made the copy, ``"0.2.0"``.
    fingerprint : str
        Of the student notebook that the copy was made from.

    Raises
    ------
    OutdatedCopy
        The copy is from an earlier or a later series than the installed package.
    """
    made, installed = version_series(made_by), version_series(__version__)
    if made != installed:
        mismatch = (
            f"This copy of {name} was made by version {made_by} of the course; version {__version__} is installed, "
            "and they do not fit together."
        )
        if _as_numbers(made) > _as_numbers(installed):
            raise OutdatedCopy(f"{mismatch}\nGet the newest version of the course with `git pull`, then `make setup`.")
        raise OutdatedCopy(f"{mismatch}\n{UPDATE.format(command=_update_command())}")
    if _fingerprint_in_repository(name) not in (None, fingerprint):
        print(f"There is a newer version of {name}. To get it and keep your answers: {_update_command()}")


def explain_missing_modules() -> None:
    """Let an import of a ``labkit`` module that does not exist say what to do, in this process.

    For copies that cannot check themselves: those made before copies carried a version, and those whose first cell
    was deleted.
    """
    sys.meta_path.append(_MissingModules())


class _MissingModules:
    """An import finder that Python asks last, so it sees only modules that no other finder has found."""

    def find_spec(self, fullname, path=None, target=None):
        """Raise for a module of labkit; leave all others to Python's own message."""
        if fullname.startswith("labkit."):
            raise OutdatedCopy(
                f"labkit {__version__} has no {fullname}. If this notebook is your copy, it was made by another "
                f"version of the course.\n{UPDATE.format(command=_update_command())}"
            )
        return None


def _as_numbers(series: str) -> list[int]:
    return [int(part) for part in series.split(".")]


def _update_command() -> str:
    """Return the command as it can be typed: with its folder where that is not on the search path."""
    import shutil
    from pathlib import Path

    beside_python = Path(sys.executable).with_name("labkit")
    hidden = shutil.which("labkit") is None and beside_python.exists()
    return f"{beside_python if hidden else 'labkit'} start --update"


def _fingerprint_in_repository(name: str) -> str | None:
    """Return the fingerprint of the student notebook beside this package, or None where there is none."""
    import json
    from pathlib import Path

    path = Path(__file__).resolve().parents[1] / "notebooks" / f"{name}.ipynb"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["metadata"]["labkit"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
