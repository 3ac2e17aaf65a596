"""Errors and warnings about what users hand in: the `labkit` command shows errors as one line, without a traceback."""


class UserError(ValueError):
    """Something that was handed in is wrong; the message names it and what to do."""


class MissingExtra(UserError, ModuleNotFoundError):
    """An optional dependency is not installed; the message has the command that installs it."""


class Unreachable(UserError, ConnectionError):
    """A package index, a hub or a cluster does not answer."""


class DataWarning(UserWarning):
    """The data may not mean what they seem to mean; the message names what was found and what to do."""
