"""Errors that are the user's to fix: the `labkit` command shows them as one line, without a traceback."""


class UserError(ValueError):
    """Something that was handed in is wrong; the message names it and what to do."""


class MissingExtra(UserError, ModuleNotFoundError):
    """An optional dependency is not installed; the message has the command that installs it."""


class Unreachable(UserError, ConnectionError):
    """A package index, a hub or a cluster does not answer."""
