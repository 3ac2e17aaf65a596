"""Text that others wrote, without what steers a terminal."""

import re

from labkit.validation import escape_controls

# Sequences that color text or set titles.
SEQUENCES = re.compile("\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?|\x1b\\[[0-?]*[ -/]*[@-~]|\x1b[PX^_][^\x1b]*(?:\x1b\\\\)?")


def strip_sequences(text: str) -> str:
    r"""Return a text that others wrote without what would steer a terminal.

    Errors of notebooks are colored by IPython, so sequences go without a trace, unlike in `escape_controls`, which
    writes the rest out: in the name of a group, a sequence is a part that must not disappear.

    >>> print(strip_sequences("a \x1b[31mred\x1b[0m word\x07"))
    a red word\x07
    """
    return escape_controls(SEQUENCES.sub("", text))
