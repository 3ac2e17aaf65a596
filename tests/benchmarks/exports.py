"""The whole of `labkit audit FILE` for two files as people export them: a large CSV with scores, and many groups."""

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROWS, MANY, SITES = 2_000_000, 60_000, 300
COLUMNS = {"label": "y", "prediction": "yhat", "score": "score"}


@contextmanager
def prepare():
    """Write both files into a temporary folder, and remove them afterwards."""
    import duckdb

    decisions = """(hash(7 * i + 1) % 2)::INT AS y, (hash(13 * i + 5) % 10 < 4)::INT AS yhat,
        round((hash(17 * i + 3) % 1000000) / 1e6, 4) AS score"""
    groups = {
        "people.csv": ("i AS id, ['Asian', 'Black', 'Hispanic', 'White'][1 + (hash(i) % 4)::INT] AS race", ROWS),
        "sites.csv": (f"'site ' || (hash(i) % {SITES}) AS site", MANY),
    }
    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as folder:
        for name, (columns, rows) in groups.items():
            source = f"SELECT {columns}, {decisions} FROM range({rows}) rows(i)"
            duckdb.execute(f"COPY ({source}) TO '{Path(folder, name)}' (HEADER)")
        yield {"LABKIT_BENCH_FOLDER": folder}


def page(name, group):
    """Return the seconds that an audit of a file takes: imports, tables, figures and page included."""
    start = time.perf_counter()
    from rich.console import Console

    from labkit.audit.command.run import audit_file

    path = Path(os.environ["LABKIT_BENCH_FOLDER"], name)
    with tempfile.TemporaryDirectory() as output, open(os.devnull, "w") as nowhere:
        audit_file(path, **COLUMNS, sensitive=group, output=output, console=Console(file=nowhere))
    return time.perf_counter() - start


TITLE = "`labkit audit FILE` with scores, page included"
UNIT = "s"
BETTER = "lower"
REPEATS = 2
BASELINE = f"CSV of {ROWS:,} rows, 4 groups"
LINES = {
    BASELINE: lambda: page("people.csv", "race"),
    f"CSV of {MANY:,} rows, {SITES} groups": lambda: page("sites.csv", "site"),
}
