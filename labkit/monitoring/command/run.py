"""The monitor of a user's own file: what ``labkit monitor`` does."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from labkit.errors import UserError
from labkit.files import read_text_table, replace_file
from labkit.monitoring._checks import read_times
from labkit.monitoring._state import read_state, write_state
from labkit.monitoring.command._report import describe_monitored
from labkit.monitoring.live import FairnessMonitor
from labkit.monitoring.streams import Monitored, monitor_stream
from labkit.validation import check_columns

OPTIONS = {"groups=": "--groups", "sort=True": "--sort", "time=": "--time", "every is": "--every is"}
OPTIONS |= {"alpha is": "--alpha is", "the frame has": "the file has"}


def monitor_file(
    path: str | Path,
    *,
    group: str,
    decision: str,
    time: str | None = None,
    groups: Sequence[str] | None = None,
    alpha: float | None = None,
    every: int | None = None,
    sort: bool = False,
    state: str | Path | None = None,
    output: str | Path | None = None,
    say: Callable[[str], Any] = print,
) -> Monitored:
    """Monitor the decisions in a CSV, and say what was found; with a state, go on where the last call stopped.

    Parameters
    ----------
    path : str or Path
        A CSV in UTF-8 with one row per decision, in the order in which they were made.
    group, decision, time : str
        Columns, as in `monitor_stream`.
    groups, every, sort : optional
        As in `monitor_stream`.
    alpha : float, optional
        The largest probability of a false alarm; 0.05 by default, or what the state has.
    state : str or Path, optional
        File that keeps the monitor between calls; made if it is missing. Each call then takes new decisions alone: the
        same file again, or times before the last one, are an error. An alarm stays one in later calls.
    output : str or Path, optional
        Folder for ``pairs.csv`` and ``wealth.png``, made if it is missing. Former files of these names are replaced.
    say : callable
        Called with each line of the report.

    Returns
    -------
    Monitored
        What was found in this file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    UserError
        What `monitor_stream` rejects; a file that is no table in UTF-8; a state that is none, is damaged, in use, or of
        other groups or another alpha; decisions that it has seen; or what cannot be written. The state is unchanged
        then.
    """
    try:
        with _hold(state) if state is not None else nullcontext():
            former = read_state(state) if state is not None and Path(state).exists() else None
            found, known = _monitor(Path(path), former, group, decision, time, groups, alpha, every, sort)
            if output is not None:
                _write_output(found, Path(output))
            if state is not None:
                write_state(state, {**found.monitor.state(), **known})
    except UserError as error:
        raise UserError(_in_options(str(error))) from error
    for line in describe_monitored(found):
        say(line)
    return found


def _monitor(
    path: Path,
    former: dict[str, Any] | None,
    group: str,
    decision: str,
    time: str | None,
    groups: Sequence[str] | None,
    alpha: float | None,
    every: int | None,
    sort: bool,
) -> tuple[Monitored, dict[str, Any]]:
    """Monitor a file, and return what to remember besides the monitor: the files, and the last time."""
    columns = [group, decision] if time is None else [group, decision, time]
    frame, checksum = read_text_table(path, columns)
    check_columns(frame.columns, columns, place="the file")
    known = {"files": {}, "read_until": None} if former is None else {k: former.get(k) for k in ("files", "read_until")}
    monitor = None
    if former is not None:
        monitor = FairnessMonitor.from_state(former)
        _check_new(path, monitor, alpha, known["files"] or {}, checksum)
    settings = {"groups": groups, "alpha": 0.05 if alpha is None else alpha, "every": every, "sort": sort}
    if time is not None and monitor is not None and not frame[time].isna().any() and len(frame):
        _check_later(read_times(frame[time]), time, known["read_until"])
    found = monitor_stream(frame, group=group, decision=decision, time=time, monitor=monitor, **settings)
    known["files"] = {**(known["files"] or {}), checksum: path.name}
    if time is not None:
        known["read_until"] = _as_json(read_times(frame[time]).max())
    return found, known


def _check_new(path: Path, monitor: FairnessMonitor, alpha: float | None, files: dict[str, str], checksum: str) -> None:
    """Reject another alpha than the state's, and a file that was counted before."""
    if alpha is not None and alpha != monitor.alpha:
        raise UserError(
            f"alpha is {alpha}, and {monitor.alpha} in the state; leave it out, or start anew with another state"
        )
    if checksum in files:
        raise UserError(
            f"the decisions in {str(path)!r} are counted already (as {files[checksum]!r}); give a file with new ones "
            "alone"
        )


def _check_later(times: pd.Series, column: str, until: str | float | None) -> None:
    """Reject times before those that the monitor has seen."""
    if until is None:
        return
    last = pd.Timestamp(until) if isinstance(until, str) else float(until)
    if _kind(last) != _kind(times.iloc[0]):
        raise UserError(
            f"the times in column {column!r} are not of the kind that the state has, {until!r}; write them alike"
        )
    early = (times < last).to_numpy()
    if early.any():
        row = int(early.argmax())
        raise UserError(
            f"row {row + 1:,} has time {times.iloc[row]}, and the state has decisions until {last}; give a file with "
            "new decisions alone, or leave out the time= if a clock was set back"
        )


def _kind(time: Any) -> tuple[bool, bool]:
    """Say whether a time is a timestamp, and whether it has a difference to UTC: others cannot be compared with it."""
    return isinstance(time, pd.Timestamp), getattr(time, "tzinfo", None) is not None


def _as_json(time: Any) -> str | float:
    """Write a time so that JSON can hold it."""
    return time.isoformat() if isinstance(time, pd.Timestamp) else float(time)


@contextmanager
def _hold(state: str | Path) -> Iterator[None]:
    """Keep other calls from the state, from reading it until it is written."""
    try:
        lock = FileLock(f"{state}.lock", timeout=0)
        lock.acquire()
    except Timeout as error:
        raise UserError(
            f"another labkit monitor uses the state {str(state)!r}; call again when it has finished"
        ) from error
    except OSError as error:
        raise UserError(f"cannot use the state {str(state)!r}: {error.strerror}; name another place") from error
    try:
        yield
    finally:
        lock.release()


def _write_output(found: Monitored, folder: Path) -> None:
    """Write the pairs as a table and the wealth as a figure, each file as a whole or not at all."""
    import matplotlib.pyplot as plt

    from labkit.monitoring.wealth_plot import plot_wealth

    picture = io.BytesIO()
    ax = plot_wealth(found)
    ax.figure.savefig(picture, format="png", dpi=150, bbox_inches="tight")
    plt.close(ax.figure)
    contents = {"pairs.csv": found.pairs.to_csv(index=False).encode(), "wealth.png": picture.getvalue()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            replace_file(folder / name, content)
    except OSError as error:
        raise UserError(
            f"cannot write to {str(folder)!r}: {error.strerror}; make room, or name another folder"
        ) from error


def _in_options(message: str) -> str:
    """Write a message about arguments of Python as one about options of the command."""
    for argument, option in OPTIONS.items():
        message = message.replace(argument, option)
    return message
