"""The columns of a file in DuckDB: text becomes 0 and 1, or numbers, where these are needed, and never by guessing."""

import errno
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from labkit.audit.sampling._roles import Roles
from labkit.errors import UserError
from labkit.validation import list_some

if TYPE_CHECKING:
    import duckdb

TRUTHS = {"true": 1, "false": 0, "yes": 1, "no": 0}  # in text, in any case of letters
WRONG = -1  # the code of text that is neither 0 nor 1
SHOWN = 5  # wrong values that an error shows
DECIMALS = r"[-+]?[0-9.]*,[0-9]+", r"[-+]?[0-9]*\.[0-9]+"  # with a comma, with a point
THOUSANDS = r"[-+]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?"  # where a comma is the decimal mark


@dataclass(frozen=True)
class Wanted:
    """The columns that are read, and how.

    Parameters
    ----------
    roles : Roles
        What is counted.
    score : str, optional
        A column of scores that is counted by bins besides.
    decimal : {".", ","}
        The mark before decimals, in text.
    sheet : str, optional
        A sheet of a workbook.
    """

    roles: Roles
    score: str | None = None
    decimal: str = "."
    sheet: str | None = None

    def __post_init__(self):
        if self.decimal not in (".", ","):
            raise UserError(f"decimal={self.decimal!r} is no decimal mark; pass '.' or ',' (--decimal ,)")

    @property
    def columns(self) -> list[str]:
        """Every column, once."""
        return list(dict.fromkeys([*self.roles.columns, *([self.score] if self.score else [])]))

    @property
    def truths(self) -> list[str]:
        """Columns of 0 and 1."""
        return list(dict.fromkeys(self.roles.truths))

    @property
    def numbers(self) -> list[str]:
        """Columns of other numbers."""
        named = [*self.roles.numbers, *([self.score] if self.score else [])]
        return [name for name in dict.fromkeys(named) if name not in self.truths]


@dataclass(frozen=True)
class Table:
    """Wanted columns that were found and checked, and of which no row has been read yet.

    Parameters
    ----------
    rows : DuckDBPyRelation
        The columns as they are counted.
    raw : DuckDBPyRelation
        The same as they were written.
    name : str
        What it is called in messages.
    number : int, optional
        How many rows there are, by the file's own account.
    texts : list of str
        Columns in which whole numbers are text, and become numbers once they are counted.
    declared : mapping of str to tuple
        Categories that columns declare.
    notes : list of str
        What was left out, or had to be guessed.
    whole : DuckDBPyRelation, optional
        All columns of the file; None where they are not at hand.
    names : sequence of str
        Their names, where ``whole`` has others.
    unit : str
        What the place of a row is called: "line" or "row"; empty where a row has no place to be found by.
    above : int
        Lines or rows above the first row.
    is_repaired : bool
        Whether a copy is read.
    """

    rows: "duckdb.DuckDBPyRelation"
    raw: "duckdb.DuckDBPyRelation"
    name: str
    number: int | None = None
    texts: list[str] = field(default_factory=list)
    declared: Mapping[str, tuple] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    whole: "duckdb.DuckDBPyRelation | None" = None
    names: Sequence[str] = ()
    unit: str = ""
    above: int = 0
    is_repaired: bool = False


@contextmanager
def working_folder() -> Iterator[tuple["duckdb.DuckDBPyConnection", Path]]:
    """Open DuckDB, without its extensions on the network, and a temporary folder; both end with the block."""
    import duckdb

    config = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    with TemporaryDirectory(prefix="labkit-audit-") as folder:
        (spill := Path(folder) / "spill").mkdir()
        connection = duckdb.connect(config={**config, "temp_directory": str(spill)})
        connection.execute("SET enable_progress_bar = false")  # the command shows its own
        try:
            yield connection, Path(folder)
        except (RuntimeError, duckdb.InterruptException) as error:
            if "interrupt" in str(error).lower():  # by Ctrl-C, while DuckDB was at work
                raise KeyboardInterrupt from None
            raise
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise UserError(
                f"the disk is full where copies are unpacked, {folder}; set TMPDIR to another one"
            ) from error
        finally:
            connection.close()


def select_whole(connection: "duckdb.DuckDBPyConnection", query: str) -> "duckdb.DuckDBPyRelation | None":
    """Select all columns, lazily; None where one that nobody wants cannot be read."""
    import duckdb

    try:
        return connection.sql(query)
    except duckdb.Error:
        return None


def quote_sql(text: str, mark: str) -> str:
    """Quote a name (with ``"``) or a text (with ``'``) for SQL."""
    return mark + text.replace(mark, 2 * mark) + mark


def escape_pattern(file: Path) -> str:
    """Write a path as a pattern that only it matches: DuckDB reads every path as a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", file.as_posix())


def check_names(names: Iterable[str], wanted: Sequence[str], *, place: str) -> None:
    """Reject a wanted column that DuckDB would confuse with another one, or with all of them."""
    names = list(names)
    for name in wanted:
        alike = [other for other in names if other.lower() == name.lower()]
        if len(alike) > 1:
            raise UserError(
                f"{place} has the columns {', '.join(map(repr, alike))}, which DuckDB does not keep apart; rename or "
                "drop all but one of them"
            )
        if name == "*" and alike:
            raise UserError(f"{place} has a column called '*', which DuckDB reads as all columns; rename it")


def code_columns(raw: "duckdb.DuckDBPyRelation", wanted: Wanted) -> "duckdb.DuckDBPyRelation":
    """Give the columns as they are counted: text as 0, 1 and `WRONG`, or as numbers, where that is what they hold."""
    coded = []
    for name, kind in zip(raw.columns, map(str, raw.types), strict=True):
        column = quote_sql(name, '"')
        expression = column
        if kind == "VARCHAR" and name in wanted.truths:
            expression = _truth(column, wanted.decimal)
        elif kind == "VARCHAR" and name in wanted.numbers:
            no_number = f"CASE WHEN trim({column}) <> '' THEN 'nan'::DOUBLE END"
            expression = f"coalesce({_number(column, wanted.decimal)}, {no_number})"
        coded.append(f"{expression} AS {column}")
    return raw.project(", ".join(coded))


def _truth(column: str, decimal: str) -> str:
    """Write SQL that reads text as 0 or 1."""
    others = f"CASE {_number(column, decimal)} WHEN 1 THEN 1 WHEN 0 THEN 0 ELSE {WRONG} END"
    known = " ".join(f"WHEN '{word}' THEN {value}" for word, value in TRUTHS.items())
    words = f"CASE lower(trim({column})) {known} ELSE {others} END"
    known = f"WHEN {column} = '1' THEN 1 WHEN {column} = '0' THEN 0 WHEN coalesce(trim({column}), '') = '' THEN NULL"
    return f"(CASE {known} ELSE {words} END)::TINYINT"


def _number(column: str, decimal: str) -> str:
    """Write SQL that reads text as a number; NULL where it is none."""
    text = f"trim({column}, ' \t\xa0')"
    # DuckDB reads 1_000, which nobody else writes
    cast = f"coalesce(TRY_CAST({column} AS DOUBLE), TRY_CAST({text} AS DOUBLE))"  # few need to be trimmed
    plain = f"CASE WHEN contains({column}, '_') THEN NULL ELSE {cast} END"
    if decimal == ".":
        return f"({plain})"
    whole = f"TRY_CAST(replace(replace({text}, '.', ''), ',', '.') AS DOUBLE)"
    pointed = f"CASE WHEN regexp_full_match({text}, '{THOUSANDS}') THEN {whole} END"
    return (
        f"(CASE WHEN contains({text}, '.') THEN {pointed} WHEN contains({text}, ',') THEN "
        f"TRY_CAST(replace({text}, ',', '.') AS DOUBLE) ELSE {plain} END)"
    )


def explain_values(table: Table, wanted: Wanted) -> None:
    """Raise a UserError that shows text that is no truth or no number, if there is any."""
    kinds = dict(zip(table.raw.columns, map(str, table.raw.types), strict=True))
    for name in [*wanted.truths, *wanted.numbers]:
        if kinds[name] != "VARCHAR":
            continue
        column, number = quote_sql(name, '"'), _number(quote_sql(name, '"'), wanted.decimal)
        is_wrong = f"{_truth(column, wanted.decimal)} = {WRONG}" if name in wanted.truths else f"{number} IS NULL"
        found = table.raw.filter(f"trim({column}) <> '' AND {is_wrong}").project(column).distinct().limit(SHOWN)
        if texts := sorted(text for (text,) in found.fetchall()):
            raise UserError(say_wrong(name, texts, wanted))


def say_wrong(name: str, texts: Sequence[str], wanted: Wanted, *, place: str = "", remedy: str = "") -> str:
    """Say that text in a column is no truth or no number, and what to do about it."""
    shown = list_some([_shorten(text) for text in texts])
    comma, point = (any(re.fullmatch(pattern, text.strip()) for text in texts) for pattern in DECIMALS)
    if not remedy and wanted.decimal == "." and comma:
        remedy = "if the comma is the decimal mark, say so: decimal=','"
    elif not remedy and wanted.decimal == "," and point:
        remedy = "its decimal mark is a point, and --decimal says that it is a comma"
    elif not remedy and name in wanted.truths:
        remedy = (
            "recode it first: 1 where it is what you audit, such as 'refused', and 0 elsewhere (a score: 1 where it "
            "reaches the threshold; several classes: 1 for one of them, 0 for all others)"
        )
    remedy = remedy or "fix or drop that row"
    what = "0 and 1, true and false, or yes and no," if name in wanted.truths else "numbers,"
    return f"column {name!r} must hold {what} but it has {shown}{place}; {remedy}"


def _shorten(text: str) -> str:
    """Write a value for a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}...")


def run_steps(table: Table, steps: Sequence[Callable], wanted: Wanted) -> list[Any]:
    """Count the rows of a table in one step or several."""
    try:
        return [step(table.rows) for step in steps]
    except UserError:
        explain_values(table, wanted)
        raise
