"""Errors and warnings about what users hand in: the `labkit` command shows errors as one line, without a traceback."""


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
