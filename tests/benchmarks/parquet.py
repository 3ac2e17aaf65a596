"""100,000,000 decisions in a folder of Parquet files, counted by DuckDB in a process whose peak memory is shown."""

import os
import shutil
import tempfile
import time
from contextlib import contextmanager

FILES, ROWS = 10, 10_000_000  # a file
NEEDED = 2 * 2**30  # bytes; the files take a quarter of that
COLUMNS = {"label": "y", "sensitive": "race"}


@contextmanager
def prepare():
    """Write the files into a temporary folder, a block of rows at a time, and remove them afterwards."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as folder:
        if (free := shutil.disk_usage(folder).free) < NEEDED:
            raise SystemExit(f"{free / 2**30:.1f} GB free in {folder}; {NEEDED / 2**30:.0f} GB are needed (TMPDIR=)")
        connection = duckdb.connect(config={"memory_limit": "600MB", "temp_directory": folder})
        for number in range(FILES):
            connection.execute(f"""
                COPY (
                    SELECT ['Asian', 'Black', 'Hispanic', 'White'][1 + (hash(i) % 4)::INT] AS race,
                        (hash(7 * i + 1) % 2)::TINYINT AS y,
                        (hash(13 * i + 5) % 10 < 4)::TINYINT AS yhat,
                        ((hash(17 * i + 3) % 1000000) / 1e6)::FLOAT AS score
                    FROM range({number * ROWS}, {(number + 1) * ROWS}) rows(i)
                ) TO '{folder}/{number}.parquet' (FORMAT parquet)
            """)
        yield {"LABKIT_BENCH_FOLDER": folder}


def timed(count, **columns):
    """Return the seconds that it takes to count all rows of the folder."""
    start = time.perf_counter()
    counts = count(os.environ["LABKIT_BENCH_FOLDER"], **COLUMNS, **columns)
    seconds = time.perf_counter() - start
    assert counts.cells.sum() == FILES * ROWS
    return seconds


def decisions():
    """Return the seconds for confusion-matrix counts by group."""
    from labkit.audit.files.logs import count_folder

    return timed(count_folder, prediction="yhat")


def scores():
    """Return the seconds for histograms of scores by group."""
    from labkit.audit.files.logs import count_folder_scores

    return timed(count_folder_scores, score="score")


def page():
    """Return the seconds for the whole of `labkit audit FOLDER`, imports, tables, figure and page included."""
    start = time.perf_counter()
    from rich.console import Console

    from labkit.audit.command.run import audit_file

    with tempfile.TemporaryDirectory() as output, open(os.devnull, "w") as nowhere:
        console = Console(file=nowhere)
        audit_file(os.environ["LABKIT_BENCH_FOLDER"], **COLUMNS, prediction="yhat", output=output, console=console)
    return time.perf_counter() - start


TITLE = f"{FILES * ROWS:,} rows in {FILES} Parquet files, through DuckDB"
UNIT = "s"
BETTER = "lower"
REPEATS = 1
BASELINE = "counts by group"
LINES = {BASELINE: decisions, "histograms of scores by group": scores, "`labkit audit FOLDER`, page included": page}
