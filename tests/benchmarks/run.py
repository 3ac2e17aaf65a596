"""Run every benchmark, each line in a fresh process, and write what was measured.

usage: python -m tests.benchmarks.run [--repeats 2] [--full] [MODULE ...]

A module of this folder is a benchmark when it has TITLE, UNIT, BASELINE and LINES (name -> function that returns a
figure, or None where this machine cannot measure it: then the line is left out). Lines run in turn, and the whole round
is repeated, so that a slow minute of the machine hits all of them; the best of the repeats is shown, beside the peak
memory of the line's process. It may also have

- BETTER = "lower" where figures are times; then the ratio says how many times as fast as the baseline a line is;
- several names in BASELINE: a line is compared with the nearest one above it;
- REPEATS, the most repeats that it is worth;
- prepare(), a context manager around all its lines that gives environment variables for them.

The table goes to the terminal, to build/bench.json and, where all benchmarks ran, to README.md.

A module with full_table() compares *quality* over seeds instead, which takes hours: it runs with --full alone, and its
table goes to the terminal and to QUALITY.md.
"""

import argparse
import importlib
import json
import os
import pkgutil
import platform
import subprocess
import sys
from contextlib import nullcontext
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent
JSON = FOLDER.parents[1] / "build" / "bench.json"
ONE = """
import importlib, sys
figure = importlib.import_module(sys.argv[1]).LINES[sys.argv[2]]()
try:
    import resource
    unit = 2**20 if sys.platform == "darwin" else 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
except ImportError:  # Windows
    import psutil
    peak = psutil.Process().memory_info().peak_wset / 2**20
print("FIGURE", figure, peak)
"""


def measure(module, line, environment):
    """Run one line in a process of its own and return its figure and its peak memory in MB."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"} | environment
    command = [sys.executable, "-c", ONE, module.__name__, line]
    done = subprocess.run(command, env=environment, cwd=FOLDER.parents[1], capture_output=True, text=True)
    figures = [row.split()[1:] for row in done.stdout.splitlines() if row.startswith("FIGURE")]
    if done.returncode or not figures:
        raise SystemExit(f"{module.__name__}: {line!r} failed\n{done.stderr[-3000:]}")
    figure, peak = figures[-1]
    return (None if figure == "None" else float(figure)), float(peak)


def benchmark(module, repeats):
    """Measure all lines of a benchmark and return what was seen, as it goes into bench.json."""
    seen = {line: [] for line in module.LINES}
    repeats = min(repeats, getattr(module, "REPEATS", repeats))
    with getattr(module, "prepare", nullcontext)() as environment:
        for _ in range(repeats):
            for line in module.LINES:
                seen[line].append(measure(module, line, environment or {}))
                figure, peak = seen[line][-1]
                value = f"{'left out' if figure is None else shown(figure):>12}"
                print(f"{value} {module.UNIT} {peak:7.0f} MB  {line}", flush=True)
    best = min if getattr(module, "BETTER", "higher") == "lower" else max
    baselines = [module.BASELINE] if isinstance(module.BASELINE, str) else module.BASELINE
    lines, base = [], None
    for line, measured in seen.items():
        if any(figure is None for figure, _ in measured):
            continue
        figure = best(figure for figure, _ in measured)
        base = figure if line in baselines else base
        lines.append(
            {
                "line": line,
                "figure": figure,
                "ratio": base / figure if best is min else figure / base,
                "peak_mb": round(max(peak for _, peak in measured), 1),
                "figures": [figure for figure, _ in measured],
            }
        )
    return {"title": module.TITLE, "unit": module.UNIT, "repeats": repeats, "lines": lines}


def table(measured):
    """Write what a benchmark measured as a Markdown table."""
    rows = [
        f"| {line['line']} | {shown(line['figure'])} | {shown(line['ratio'])} | {line['peak_mb']:,.0f} |"
        for line in measured["lines"]
    ]
    head = [f"| | {measured['unit']} | ratio | peak MB |", "|---|---:|---:|---:|"]
    return "\n".join([f"## {measured['title']}", "", *head, *rows, ""])


def shown(figure):
    """Write a figure with as many digits as it is worth.

    >>> [shown(each) for each in (1234567.8, 104.04, 24.04, 1.0, 0.012345)]
    ['1,234,568', '104', '24.0', '1.00', '0.0123']
    """
    if figure >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if figure >= 10 else f"{figure:.2f}" if figure >= 1 else f"{figure:.3g}"


def machine():
    """Describe where the figures were measured."""
    import torch
    import transformers

    processor = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    return (
        f"Measured on {date.today()}: {processor}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}."
    )


def compare_quality(modules):
    """Make the tables of comparisons over seeds and write them to QUALITY.md."""
    text = "\n".join([f"# What `make bench FULL=1` measured\n\n{machine()}\n", *(m.full_table() for m in modules)])
    (FOLDER / "QUALITY.md").write_text(text)
    print(text)


def main():
    """Run the benchmarks that were named, or all, and write the table."""
    names = [info.name for info in pkgutil.iter_modules([str(FOLDER)]) if info.name != "run"]
    modules = {name: importlib.import_module(f"tests.benchmarks.{name}") for name in names}
    found = [name for name, module in modules.items() if hasattr(module, "LINES")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(found)}; default: all")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="compare quality over seeds instead: hours, not minutes")
    arguments = parser.parse_args()
    if arguments.full:
        compare_quality([module for module in modules.values() if hasattr(module, "full_table")])
        return
    if unknown := set(arguments.modules) - set(found):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(found)}")
    names = arguments.modules or found
    measured = {}
    JSON.parent.mkdir(exist_ok=True)
    for name in names:  # written as it goes: a line that fails costs nothing that was measured before it
        measured[name] = benchmark(modules[name], arguments.repeats)
        JSON.write_text(json.dumps({"benchmarks": measured}, indent=1) + "\n")
    # Not before: machine() imports torch, and Linux counts what a parent held as the peak of the lines it starts.
    JSON.write_text(json.dumps({"machine": machine(), "benchmarks": measured}, indent=1) + "\n")
    how = (
        f"Each line ran in its own process; the best of up to {arguments.repeats} rounds is shown, and the most memory."
    )
    text = "\n".join([f"# What `make bench` measured\n\n{machine()}\n{how}\n", *map(table, measured.values())])
    if not arguments.modules:  # a part of the benchmarks does not replace the whole table
        (FOLDER / "README.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
