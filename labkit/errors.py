"""Errors about what users hand in, and names looked up: `labkit` shows errors as one line, without a traceback."""

from pathlib import PurePath


class UserError(ValueError):
    """Something that was handed in is wrong; the message names it and what to do."""


class MissingExtra(UserError, ModuleNotFoundError):
    """An optional dependency is not installed; the message has the command that installs it."""


class Unreachable(UserError, ConnectionError):
    """A package index, a hub or a cluster does not answer."""


class DataWarning(UserWarning):
    """The data may not mean what they seem to mean; the message names what was found and what to do."""


def suggest(name: str, known: list[str]) -> str:
    """Ask "did you mean ...? " with the known names that are close to a name; empty where none is."""
    import difflib

    lowered = {other.lower(): other for other in known}
    close = [lowered[match] for match in difflib.get_close_matches(str(name).lower(), lowered, n=3, cutoff=0.75)]
    return f"did you mean {' or '.join(map(repr, close))}? " if close else ""


def choose_notebooks(names: list[str] | tuple[str, ...], known: list[str] | tuple[str, ...]) -> list[str]:
    """Return the named notebooks in the order of the known ones; a UserError lists these where one is unknown.

    Parameters
    ----------
    names : list or tuple of str
        Whole names, paths, or numbers alone: "04_measuring", "work/04_measuring.ipynb", "04".
    known : list or tuple of str
        Names of notebooks: "04_measuring".
    """
    numbers = {name.partition("_")[0]: name for name in known}
    wanted = {PurePath(name).name.removesuffix(".ipynb").removesuffix(".py") for name in names}
    wanted = {numbers.get(name, name) for name in wanted}
    if unknown := sorted(wanted - set(known)):
        raise UserError(f"no notebook named {', '.join(unknown)}; there are: {', '.join(known) or 'none'}")
    return [name for name in known if name in wanted]
