"""A user's own file of decisions, CSV or Parquet: read in parts, only the columns named, and counted part by part."""

import csv
import difflib
import gzip
import io
import re
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.audit._counting import MAX_GROUPS, collect_person_rows, count_person_parts
from labkit.audit._grouped_counts import GroupedCounts
from labkit.audit.counts import Counts, count_decisions, make_counts, reject_weightless
from labkit.audit.files._leftovers import note_swallowed_lines
from labkit.audit.inputs._groups import NumbersAsGroups, are_amounts, declared_categories, join_declared
from labkit.audit.sampling._roles import Roles
from labkit.audit.score_histogram import ScoreHistogram, count_scores
from labkit.errors import DataWarning, UserError
from labkit.validation import check_columns

if TYPE_CHECKING:
    import pyarrow as pa

CSV_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
PARQUET_ENDINGS = (".parquet", ".pq")
BLOCK_BYTES = 16 * 2**20  # of a CSV in memory at a time
BLOCK_ROWS = 2**20  # of a Parquet file in memory at a time
HEADER_CHARACTERS = 2**20  # of a CSV, in which its first row must end
DELIMITERS = ",;\t|"
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")  # "02139" is a postal code, and no number
AMOUNTS_IN_FILES = (
    "add a column of ranges to the file, such as 18-24, 25-44 and 45-64, and name that one instead (codes that are no "
    "amounts: put a letter before each of them, such as S12)"
)


def count_file(
    path: str | Path,
    *,
    label: str | None,
    prediction: str | None = None,
    sensitive: str | Sequence[str],
    score: str | None = None,
    threshold: float | None = None,
    count: str | None = None,
    weight: str | None = None,
    person: str | None = None,
    missing_group: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Counts:
    """Count the decisions in a file by group; the file may be larger than memory.

    A CSV may be separated by commas, semicolons, tabs or bars, and compressed with gzip. Its labels may be written as
    numbers or as true and false, and a sensitive column of whole numbers has numbers as groups. Empty fields and those
    such as NA, N/A and null are missing values there; a Parquet file has such names as groups.

    Parameters
    ----------
    path : str or Path
        A file that ends in .csv, .tsv (also with .gz), .parquet or .pq.
    label : str or None
        Column of 0 and 1, or of true and false; None where labels are not known.
    prediction : str, optional
        Column of 0 and 1, or of true and false.
    sensitive : str or sequence of str
        One column or several.
    score, threshold, count, weight : optional
        As in ``labkit.audit.count``.
    person : str, optional
        A column that identifies persons, as in ``labkit.audit.count``. A few numbers for each person are kept in
        memory, since a person's rows may be anywhere in the file. Only the columns that are named are read, so that
        nothing warns about identifiers that are not.
    missing_group : str, optional
        Count people whose group is missing as a group of this name, such as "not stated"; by default they are an error.
    progress : callable, optional
        Called with the number of rows counted so far, after each part.

    Returns
    -------
    Counts
        As ``labkit.audit.count`` gives them for the whole table.

    Raises
    ------
    FileNotFoundError
        There is no such file; the message names files with similar names.
    UserError
        Another ending, a file that cannot be read, and what ``count`` rejects.
    """
    roles = Roles.named(
        label=label,
        prediction=prediction,
        sensitive=sensitive,
        score=score,
        threshold=threshold,
        count=count,
        weight=weight,
        person=person,
        missing_group=missing_group,
    )
    if person is None:
        counts = _count_parts(path, roles, lambda part: count_decisions(part, roles, min_groups=0), progress)
    else:
        counts = _count_persons(path, roles, progress)
    reject_weightless(counts, roles)
    return counts


def _count_persons(path: str | Path, roles: Roles, progress: Callable[[int], None] | None) -> Counts:
    """Sum the rows of each person in each part of a file, and count the persons at the end."""
    parts, notes, declared, rows = [], [], {}, 0
    with in_words_for_files():
        for part in _read_parts(path, roles, progress):
            parts.append(collect_person_rows(part, roles))
            rows += len(part)
            declared = join_declared(declared, declared_categories(part, roles.sensitive))
        counted = count_person_parts(parts, roles, notes=notes)
        counts = make_counts(counted, roles, notes=notes, declared=declared, min_groups=0)
    return _finish(counts, path, roles, rows)


def count_file_scores(
    path: str | Path,
    *,
    label: str,
    score: str,
    sensitive: str | Sequence[str],
    missing_group: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ScoreHistogram:
    """Count the scores in a file by group, label and bin: `count_scores` for what `count_file` reads."""
    groups = (sensitive,) if isinstance(sensitive, str) else tuple(sensitive)
    roles = Roles(label, None, groups, score=score, missing_group=missing_group)
    columns = {"label": label, "score": score, "sensitive": groups, "missing_group": missing_group, "min_groups": 0}
    return _count_parts(path, roles, lambda part: count_scores(part, **columns), progress)


def _count_parts(path: str | Path, roles: Roles, count_part: Callable, progress: Callable[[int], None] | None) -> Any:
    """Add up what each part of a file counts, and warn once about what is odd."""
    total, rows = None, 0
    for part in _read_parts(path, roles, progress):
        rows += len(part)
        with in_words_for_files():
            counted = count_part(part)
        total = counted if total is None else total + counted
        if len(total.groups) > MAX_GROUPS:
            raise UserError(
                f"sensitive columns {list(total.groups.names)} have more than {MAX_GROUPS} groups; "
                "name columns with few values"
            )
    return _finish(total, path, roles, rows)


def _finish(counts: GroupedCounts, path: str | Path, roles: Roles, rows: int) -> Any:
    """Look at what only the whole file shows: amounts as groups, numbers and lost lines in a CSV, and what is odd."""
    _check_amounts(counts, roles.missing_group)
    if not _is_parquet(path):
        found = note_swallowed_lines(Path(path), rows, compressed=file_ending(Path(path)).endswith(".gz"))
        counts = replace(counts, notes=(*counts.notes, *found))
        counts = numbered(counts, counts.groups.names, missing_group=roles.missing_group)
    counts.warn()
    return counts


@contextmanager
def in_words_for_files() -> Iterator[None]:
    """Keep warnings for the end, when all parts are known, and give remedies that do not speak of a dataframe."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        try:
            yield
        except NumbersAsGroups as error:
            raise UserError(f"{error.finding}; {AMOUNTS_IN_FILES}") from None


def _check_amounts(counts: GroupedCounts, missing_group: str | None) -> None:
    """Reject a column of amounts, whose values may be spread over parts, and may be text."""
    rows = [group if isinstance(group, tuple) else (group,) for group in counts.groups.tolist()]
    for name, values in zip(counts.groups.names, zip(*rows, strict=True), strict=False):
        present = {value for value in values if value != missing_group}
        if name not in counts.declared and all(isinstance(value, str) and NUMBER.fullmatch(value) for value in present):
            present = set(map(float, present))
        if name not in counts.declared and are_amounts(present):
            raise UserError(f"{NumbersAsGroups.find(name, len(present))}; {AMOUNTS_IN_FILES}")


def _read_parts(path: str | Path, roles: Roles, progress: Callable[[int], None] | None = None) -> Iterator["pa.Table"]:
    """Yield the columns that have a role in parts, text turned into 0 and 1 or into numbers where they are needed."""
    path = Path(path)
    ending = file_ending(path)
    if path.exists() and not path.is_file():
        raise UserError(f"{str(path)!r} is not a regular file; write what it holds to a file, and name that")
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}{_hint(path)}")
    wanted, rows = roles.columns, 0
    parts = _parquet_parts(path, wanted) if _is_parquet(path) else _csv_parts(path, wanted, ending)
    for part in parts:
        for name in dict.fromkeys(roles.truths):
            part = part.set_column(part.schema.get_field_index(name), name, _truths(part.column(name), name))
        for name in roles.numbers:
            part = _numbers(part, name)
        yield part
        rows += len(part)
        if progress:
            progress(rows)
    if rows == 0:
        raise UserError(f"{path.name!r} is empty: it has no row to count")


def _is_parquet(path: str | Path) -> bool:
    """Say whether a file is Parquet, by its name."""
    return file_ending(Path(path)) in PARQUET_ENDINGS


def file_ending(path: Path) -> str:
    """Return which of the known endings a file name has; a UserError names them when it has none."""
    endings = (*CSV_ENDINGS, *PARQUET_ENDINGS)
    for ending in endings:
        if path.name.lower().endswith(ending):
            return ending
    raise UserError(
        f"{path.name!r} is neither CSV nor Parquet by its name, nor a folder; known endings: {', '.join(endings)}"
    )


def _hint(path: Path) -> str:
    """Say what may be meant by a path that does not exist."""
    if not path.parent.is_dir():
        return f"; the folder {str(path.parent)!r} does not exist either"
    close = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()])
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else "; check the path"


def _csv_parts(path: Path, wanted: list[str], ending: str) -> Iterator["pa.Table"]:
    """Yield the wanted columns as text: guessed types would break where a later part looks different."""
    import pyarrow as pa
    import pyarrow.csv

    open_text = gzip.open if ending.endswith(".gz") else open
    try:
        with open_text(path, "rt", encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            beginning = file.read(HEADER_CHARACTERS)
        header, delimiter = _read_header(beginning, wanted, "\t" if ending.startswith(".tsv") else DELIMITERS)
        check_columns(header, wanted, place=path.name)
        for name in wanted:
            if header.count(name) > 1:
                raise UserError(f"{path.name!r} has {header.count(name)} columns called {name!r}; rename one")
        reader = pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=BLOCK_BYTES),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=True
            ),
        )
        for batch in reader:
            yield pa.Table.from_batches([batch])
    except PermissionError:
        raise
    except (UnicodeDecodeError, EOFError, OSError, csv.Error, pa.ArrowInvalid) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"cannot read {path.name!r} as CSV: {reason}; save it as UTF-8, with as many fields in each row as there "
            "are names in the first"
        ) from error


def _read_header(beginning: str, wanted: Sequence[str], delimiters: str) -> tuple[list[str], str]:
    """Read the names of columns and the delimiter between them from the beginning of a CSV.

    The delimiter is the one that gives all wanted columns, since names may hold others; or else that gives most names.
    """
    found = []
    for delimiter in delimiters:
        lines = io.StringIO(beginning, newline="")
        header = next(csv.reader(lines, delimiter=delimiter), [])
        if lines.tell() == HEADER_CHARACTERS:
            raise csv.Error(f"the first row does not end within {HEADER_CHARACTERS:,} characters")
        "".join(header).encode(errors="surrogateescape").decode()  # only the header must be UTF-8 here
        if set(wanted) <= set(header):
            return header, delimiter
        found.append((header, delimiter))
    return max(found, key=lambda each: len(each[0]))


def _parquet_parts(path: Path, wanted: list[str]) -> Iterator["pa.Table"]:
    """Yield the wanted columns of a Parquet file in parts."""
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            check_columns(file.schema_arrow.names, wanted, place=path.name)
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=wanted):
                yield pa.Table.from_batches([batch])
    except pa.ArrowInvalid as error:
        raise UserError(f"cannot read {path.name!r} as Parquet: {error}; write the file again") from error


def _truths(column: "pa.ChunkedArray", name: str) -> "pa.ChunkedArray":
    """Turn text into 0 and 1; other types are left for ``count`` to judge."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column
    encoded = column.combine_chunks()
    encoded = encoded if pa.types.is_dictionary(column.type) else encoded.dictionary_encode()
    values = read_truths(encoded.dictionary.to_pylist(), name)
    return pa.chunked_array([pa.array(values, pa.int8()).take(encoded.indices)])


def read_truths(texts: Sequence[str | None], name: str) -> list[int | None]:
    """Read each text as 0 or 1, or raise an error that shows those that are neither; None stays None."""
    values = [None if text is None else _truth(text) for text in texts]
    wrong = [text for text, value in zip(texts, values, strict=True) if value is None and text is not None]
    if wrong:
        shown = ", ".join(map(repr, wrong[:5]))
        raise UserError(
            f"column {name!r} must hold 0 and 1, or true and false, but it has {shown}; recode it first "
            "(a score: 1 where it reaches the threshold)"
        )
    return values


def _truth(text: str) -> int | None:
    """Read 0 or 1 from text such as '1', '0.0' or 'True'; None for anything else."""
    word = text.strip().lower()
    if word in ("true", "false"):
        return int(word == "true")
    try:
        return {0.0: 0, 1.0: 1}.get(float(word))
    except ValueError:
        return None


def _numbers(part: "pa.Table", name: str) -> "pa.Table":
    """Turn the text of a CSV into numbers; other types are left for those who count to judge."""
    import pyarrow as pa
    import pyarrow.compute

    if not pa.types.is_string(part.column(name).type):
        return part
    try:
        numbers = pyarrow.compute.cast(pyarrow.compute.utf8_trim_whitespace(part.column(name)), pa.float64())
    except pa.ArrowInvalid as error:
        raise UserError(f"column {name!r} must hold numbers: {error}; fix or drop that row") from error
    return part.set_column(part.schema.get_field_index(name), name, numbers)


def numbered(
    counts: GroupedCounts,
    columns: Sequence[str],
    *,
    missing_group: str | None = None,
    declared: Mapping[str, Sequence[Hashable]] | None = None,
) -> GroupedCounts:
    """Turn a text column of group names into numbers where all are whole numbers, as readers of tables do.

    The name of the group of those whose group is missing stays. Groups are sorted again, by declared categories where
    there are some.
    """
    groups = [group if isinstance(group, tuple) else (group,) for group in counts.groups.tolist()]
    values = [
        [value if value == missing_group else int(value) for value in column]
        if name in columns and all(value == missing_group or _is_whole(value) for value in column)
        else column
        for name, column in zip(counts.groups.names, zip(*groups, strict=True), strict=True)
    ]
    return counts.renamed([group if len(group) > 1 else group[0] for group in zip(*values, strict=True)], declared)


def _is_whole(text: str) -> bool:
    """Say whether a text is how a whole number is written; "02139" is not, and stays a postal code."""
    return text.isdecimal() and text.isascii() and str(int(text)) == text
