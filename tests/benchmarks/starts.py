"""How long Python takes to start, to import labkit and to print the command's help."""

import subprocess
import sys
import time

RUNS = 10


def start(*arguments):
    """Return the milliseconds of the fastest of some runs of Python."""
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - started)
    return 1000 * best


TITLE = f"Start-up, the fastest of {RUNS} runs"
UNIT = "ms"
BETTER = "lower"
REPEATS = 1
BASELINE = "Python alone"
LINES = {
    BASELINE: lambda: start("-c", "pass"),
    "import labkit": lambda: start("-c", "import labkit"),
    "labkit --help": lambda: start("-c", "from labkit.course.cli import app; app(['--help'])"),
}
