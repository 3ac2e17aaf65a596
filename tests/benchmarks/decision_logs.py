"""A log of 1,000,000 decisions: written from a table, and verified, next to the checksum of the file alone."""

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

DECISIONS = 1_000_000


@contextmanager
def prepare():
    """Write a log with its head and anchors into a temporary folder, and remove it afterwards."""
    from tests.records.long_logs import write_long_log

    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as folder:
        write_long_log(Path(folder, "log"), DECISIONS)
        yield {"LABKIT_BENCH_LOG": str(Path(folder, "log"))}


def checksum():
    """Return the seconds that reading the file and its SHA-256 take, which find a change and do not say where."""
    import hashlib

    started = time.perf_counter()
    with open(os.environ["LABKIT_BENCH_LOG"], "rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - started


def verification():
    """Return the seconds that a verification with head and anchors takes."""
    from labkit.records import verify

    started = time.perf_counter()
    found = verify(os.environ["LABKIT_BENCH_LOG"])
    seconds = time.perf_counter() - started
    assert found.ok and found.decisions == DECISIONS
    return seconds


def appending():
    """Return the seconds that `append_many` takes for a table, every batch of it on the disk before the next."""
    import numpy as np
    import pandas as pd

    from labkit.records import DecisionLog

    score = np.arange(DECISIONS) / DECISIONS
    frame = pd.DataFrame({"age": np.arange(DECISIONS) % 80, "score": score, "approved": (score >= 0.5).astype(int)})
    with tempfile.TemporaryDirectory(prefix="labkit-bench-") as folder:
        started = time.perf_counter()
        with DecisionLog(Path(folder, "log"), model="0" * 64, data="0" * 64, operator="bench") as log:
            log.append_many(frame, decision="approved", score="score", threshold=0.5)
        return time.perf_counter() - started


TITLE = f"A log of {DECISIONS:,} decisions"
UNIT = "s"
BETTER = "lower"
REPEATS = 2
BASELINE = "SHA-256 of the file alone"
LINES = {
    BASELINE: checksum,
    "verify, with head and 1,001 anchors": verification,
    "append_many, from a table": appending,
}
