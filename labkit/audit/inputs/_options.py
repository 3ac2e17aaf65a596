"""The names of parameters, written as the options of the command `labkit audit` that set them."""

import re

PARAMETERS = (
    *("label", "prediction", "sensitive", "score", "threshold", "count", "weight", "person", "missing_group"),
    *("favorable", "positive_means", "reference", "explain_gap", "min_group_size", "confidence", "n_tables"),
    *("decimal", "sheet", "output", "raw_csv", "fail_if"),
)
# Quoted text is skipped: it may be a name of the user's. An apostrophe within a word opens no quotes.
QUOTED = r"""(?<!\w)'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\""""
ASSIGNED = re.compile(rf"{QUOTED}|(?<![\w.])(?P<name>{'|'.join(PARAMETERS)})=(?P<value>None\b|(?=[\w'\"\-(]))?")


def in_options(text: str) -> str:
    """Write the parameters in a message as options, so that the command names what its user can type.

    Parameters
    ----------
    text : str
        A message in which parameters are written as Python does, with an equals sign.

    Returns
    -------
    str
        The same message for the command line.

    Examples
    --------
    >>> in_options("count= says it, and weight='w', too; pass one or the other, or label=None")
    "--count says it, and --weight 'w', too; pass one or the other, or no --label"
    """

    def replace(found: re.Match) -> str:
        if found["name"] is None:
            return found[0]
        option = f"--{found['name'].replace('_', '-')}"
        return f"no {option}" if found["value"] else option + " " * (found["value"] is not None)

    return ASSIGNED.sub(replace, text)
