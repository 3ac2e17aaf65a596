"""Errors of the command that have an exit status of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.errors import UserError

if TYPE_CHECKING:
    from labkit.audit.results import Audit


class BadOption(UserError):
    """A wrong call: options that nobody can use, found before anything is read; the message says what they take."""


class ConditionMet(Exception):
    """An audit was written, and a condition under which the pipeline is to stop is met.

    Parameters
    ----------
    said : sequence of str
        What is said of each condition that is met.
    audit : Audit
        The audit that was written.
    """

    def __init__(self, said: Sequence[str], audit: "Audit"):
        super().__init__("; ".join(said))
        self.audit = audit
