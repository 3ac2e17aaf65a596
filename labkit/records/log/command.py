"""A log on the command line: what ``labkit log append``, ``verify`` and ``repair`` do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from labkit.cache import file_sha256
from labkit.errors import UserError
from labkit.files import read_decisions, read_text_table
from labkit.records.log.inputs import read_key
from labkit.records.log.repairing import repair_log
from labkit.records.log.verifying import Verification, verify
from labkit.records.log.writing import DecisionLog
from labkit.validation import check_columns, escape_controls

OPTIONS = {"input_hash=": "--input-hash", "the frame has": "the file has"}


def append_file(
    log: str | Path,
    decisions: str | Path,
    *,
    model: str | Path,
    data: str | Path,
    operator: str,
    decision: str,
    score: str | None = None,
    threshold: float | None = None,
    input_hash: str | None = None,
    key: str | Path | None = None,
    head: str | Path | None = None,
    anchors: str | Path | None = None,
    from_row: int = 1,
    say: Callable[[str], Any] = print,
) -> range:
    """Append the decisions in a CSV to a log.

    Parameters
    ----------
    log : str or Path
        The log; begun if there is none.
    decisions : str or Path
        A CSV in UTF-8 with one row per decision, in the order in which they were made.
    model, data : str or Path
        The files of the model and of its data, of which the log has the SHA-256.
    operator : str
        As for `DecisionLog`.
    decision, score : str
        Columns: the decision, 0 and 1 or true and false; the score, a number.
    threshold : float, optional
        The threshold of all rows.
    input_hash : str, optional
        Column with hashes of the inputs. Without it, the inputs are all other columns, as the texts that they are.
    key : str or Path, optional
        File with the secret key for hashes of the inputs.
    head, anchors : str or Path, optional
        As for `DecisionLog`.
    from_row : int
        The first row to append, counted from 1.
    say : callable
        Called with each line of the report.

    Returns
    -------
    range
        The numbers of the entries.

    Raises
    ------
    FileNotFoundError
        One of the files is missing.
    UserError
        A table or a log that cannot be used, or a disk that is full; the message says what is in the log then.
    """
    named = [name for name in (decision, score, input_hash) if name is not None]
    frame, _ = read_text_table(Path(decisions), named, missing=False, unique=True)
    check_columns(frame.columns, named, place="the file")
    if not 1 <= from_row <= max(1, len(frame)):
        raise UserError(f"--from-row is {from_row:,}, and {str(decisions)!r} has {len(frame):,} rows")
    if frame.empty:
        raise UserError(f"{str(decisions)!r} has no decisions; give a row for each")
    frame[decision] = read_decisions(frame[decision])
    if score is not None:
        frame[score] = [_read_score(text, row, score) for row, text in enumerate(frame[score], 1)]
    checksums = {name: _checksum(path, name) for name, path in {"model": model, "data": data}.items()}
    secret = None if key is None else read_key(_existing(key, "key"))
    try:
        with DecisionLog(log, **checksums, operator=operator, key=secret, head=head, anchors=anchors) as opened:
            numbers = opened.append_many(
                frame.iloc[from_row - 1 :], decision=decision, score=score, threshold=threshold, input_hash=input_hash
            )
    except UserError as error:
        raise UserError(_in_options(str(error))) from error
    rows = "1 decision" if len(numbers) == 1 else f"{len(numbers):,} decisions"
    say(escape_controls(f"{rows} appended to {log}: entries {numbers[0]:,} to {numbers[-1]:,}"))
    return numbers


def verify_file(
    log: str | Path,
    *,
    head: str | Path | bool | None = None,
    anchors: str | Path | bool | None = None,
    say: Callable[[str], Any] = print,
) -> Verification:
    """Verify a log as `verify` does, and say what was found."""
    found = verify(log, head=head, anchors=anchors)
    for line in found.describe():
        say(escape_controls(line))
    return found


def repair_file(
    log: str | Path,
    *,
    operator: str,
    head: str | Path | None = None,
    anchors: str | Path | None = None,
    rebuild: bool = False,
    say: Callable[[str], Any] = print,
) -> None:
    """Repair a log as `repair_log` does, and say what was done."""
    done = repair_log(log, operator=operator, head=head, anchors=anchors, rebuild=rebuild)
    if done is None:
        say("nothing to repair")
        return
    what = [f"{done.cut_bytes:,} bytes of an incomplete line were cut off"] * bool(done.cut_bytes)
    what += [f"{' and '.join(done.rebuilt)} written again from the log"] * bool(done.rebuilt)
    say(f"{'; '.join(what)}; entry {done.entry:,} records that")


def _read_score(text: str, row: int, column: str) -> float | None:
    """Read a number; None where there is no text."""
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UserError(f"row {row:,}: column {column!r} holds {text!r}; scores must be numbers") from error


def _checksum(path: str | Path, name: str) -> str:
    """Return the checksum of a file."""
    return file_sha256(_existing(path, name))


def _existing(path: str | Path, name: str) -> Path:
    """Return a file, or say which option names none."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"--{name}: there is no file {str(path)!r}; name the file")
    return path


def _in_options(message: str) -> str:
    """Write a message about arguments of Python as one about options of the command."""
    for argument, option in OPTIONS.items():
        message = message.replace(argument, option)
    return message
