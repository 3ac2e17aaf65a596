"""Sentences with computed numbers: what a notebook says about a result, written apart from the code that computes it.

>>> from labkit.prose import reading, verdict
>>> finding = verdict(0.02, 0.09, above="The gap is {gap:.2f}.", below="b is ahead.", unclear="No clear gap.")
>>> reading("{finding} See the left panel.", finding=finding, gap=0.055).data
'The gap is 0.06. See the left panel.'
"""

import math
import re
from numbers import Real
from string import Formatter
from typing import TYPE_CHECKING, Any

from labkit.errors import UserError

if TYPE_CHECKING:
    from IPython.display import Markdown

# A name, then attributes and items: `gap`, `row.low`, `rates[a]`. No calls, no arithmetic, no `!r`.
FIELD = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*|\[[^\[\]{}]+\])*")


class Wording(str):
    """A text that `choose` or `verdict` has picked; `reading` fills in its fields too."""


def list_fields(template: str) -> list[tuple[str, str]]:
    """List the fields of a template: each expression between braces, with its format.

    Parameters
    ----------
    template : str
        Markdown with named fields in the syntax of ``str.format``; ``{{`` and ``}}`` are braces.

    Returns
    -------
    list of (str, str)
        Such as ``("row.low", ".2f")``, in order of appearance.

    Raises
    ------
    UserError
        A brace that is never closed, a field without a name, or one that is more than a name with attributes and items.
    """
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise UserError(f"the template cannot be read: {error}; write a brace that is text as {{{{ or }}}}") from None
    fields = []
    for _, name, spec, conversion in parsed:
        if name is None:
            continue
        if not FIELD.fullmatch(name) or conversion or "{" in spec:
            written = "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"
            raise UserError(
                f"the field {written} is more than a name with attributes and items; compute the value in a cell "
                "before, and pass it by name"
            )
        fields.append((name, spec))
    return fields


def field_root(field: str) -> str:
    """Return the name that a field begins with: ``row`` of ``row.low``."""
    return re.match(r"\w+", field)[0]


class _Numbers(Formatter):
    """Formats numbers as a text shows them: no negative zero, and NaN in a word."""

    def format_field(self, value: Any, spec: str) -> str:
        if isinstance(value, Real) and not isinstance(value, bool):
            if math.isnan(value):
                return "undefined"
            text = format(value, spec)
            return text.replace("-", "", 1) if re.fullmatch(r"-[0.,]+%?", text.strip()) else text
        return format(value, spec)


def reading(template: str, /, **values: Any) -> "Markdown":
    """Say in a paragraph what a result means, with the numbers filled in.

    The last line of a cell tagged ``reading``. The cell is this one call; its code is hidden, its text is shown.

    Parameters
    ----------
    template : str
        Markdown, complete sentences, with named fields: ``"The gap is {gap:.2f}."``. A field may name attributes and
        items of a value (``{row.low:.2f}``, ``{rates[a]:.0%}``), nothing else. A number that is NaN becomes
        "undefined"; a number that rounds to zero has no minus sign.
    **values
        What the fields name. Texts from `choose` and `verdict` may have fields themselves, filled from the same values.

    Returns
    -------
    IPython.display.Markdown
        Shown as formatted text; ``.data`` is the markdown.

    Raises
    ------
    UserError
        A field without a value, a value without a field, a format that does not fit its value, or a field that is more
        than a name with attributes and items.

    Examples
    --------
    >>> reading("Of {n:,} people, {share:.0%} were denied.", n=1200, share=0.25).data
    'Of 1,200 people, 25% were denied.'
    """
    from IPython.display import Markdown

    used: set[str] = set()

    def fill(text: str) -> str:
        for field, _ in list_fields(text):
            root = field_root(field)
            if root not in values:
                raise UserError(f"the text has a field {{{field}}}, but no value named {root!r}; pass {root}=...")
            used.add(root)
        try:
            return _Numbers().vformat(text, (), filled)
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise UserError(f"a field of {text!r} cannot be filled: {type(error).__name__}: {error}") from error

    filled = dict(values)
    for name, value in values.items():
        if isinstance(value, Wording):
            filled[name] = fill(value)
    text = fill(template)
    if idle := sorted(set(values) - used):
        raise UserError(f"the text has no field for {', '.join(idle)}; add {{{idle[0]}}}, or leave the value out")
    return Markdown(text)


def choose(condition: Any, yes: str, *, otherwise: str) -> Wording:
    """Choose between two wordings.

    Parameters
    ----------
    condition : bool
        A single truth value, of Python or of numpy.
    yes, otherwise : str
        Wordings for true and false; they may have fields, as in `reading`.

    Returns
    -------
    str
        One of the two.

    Raises
    ------
    UserError
        ``condition`` is no single truth value: a number, a Series or an array is compared first.

    Examples
    --------
    >>> choose(3 > 2, "more", otherwise="fewer")
    'more'
    """
    if getattr(condition, "shape", ()) == () and hasattr(condition, "item"):
        condition = condition.item()
    if not isinstance(condition, bool):
        raise UserError(
            f"condition is a {type(condition).__name__}, not True or False; compare it first, such as rate > 0.5"
        )
    return Wording(yes if condition else otherwise)


def verdict(
    low: float, high: float, *, above: str, below: str, unclear: str, margin: float = 0.0, within: str | None = None
) -> Wording:
    """Choose the wording that an interval supports.

    Parameters
    ----------
    low, high : float
        Limits of the interval of a difference.
    above, below : str
        For an interval that lies entirely above ``margin``, and entirely below ``-margin``.
    unclear : str
        For every other interval: the data do not decide. It is not evidence of "no difference".
    margin : float
        The smallest difference that matters, stated before the data were seen; at least 0.
    within : str, optional
        For an interval that lies entirely between ``-margin`` and ``margin``: the difference is smaller than what
        matters. Without it, such an interval is ``unclear``.

    Returns
    -------
    str
        One of the wordings; they may have fields, as in `reading`.

    Raises
    ------
    UserError
        Limits that are undefined (NaN) or in the wrong order, a negative margin, or ``within`` without a margin.

    Examples
    --------
    >>> verdict(-0.01, 0.04, above="a is ahead", below="b is ahead", unclear="cannot tell")
    'cannot tell'
    """
    if math.isnan(low) or math.isnan(high):
        raise UserError(f"the interval from {low} to {high} is undefined and supports no verdict; say so with choose()")
    if low > high:
        raise UserError(f"the interval from {low} to {high} ends before it begins; pass low first")
    if not margin >= 0:
        raise UserError(f"margin={margin} is negative; pass the smallest difference that matters, at least 0")
    if within is not None and margin == 0:
        raise UserError("no interval lies within a margin of 0; pass margin=, the smallest difference that matters")
    if low > margin:
        return Wording(above)
    if high < -margin:
        return Wording(below)
    if within is not None and -margin < low and high < margin:
        return Wording(within)
    return Wording(unclear)
