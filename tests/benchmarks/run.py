"""Run every benchmark, each line in a fresh process, and write what was measured to README.md.

usage: python -m tests.benchmarks.run [--repeats 2] [MODULE ...]

A module of this folder is a benchmark when it has TITLE, UNIT, BASELINE and LINES (name -> function that returns a
figure; higher is better). Lines run in turn, and the whole round is repeated, so that a slow minute of the machine
hits all of them; the best of the repeats is shown.
"""

import argparse
import importlib
import os
import pkgutil
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).parent
ONE = "import sys, importlib; m = importlib.import_module(sys.argv[1]); print('FIGURE', m.LINES[sys.argv[2]]())"


def measure(module, line):
    """Run one line in a process of its own and return its figure."""
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
    command = [sys.executable, "-c", ONE, module.__name__.rpartition(".")[2], line]
    # Not from the repository's root: there transformers takes our folder datasets/ for the package of that name.
    done = subprocess.run(command, env=environment, cwd=FOLDER, capture_output=True, text=True)
    figures = [row.split()[1] for row in done.stdout.splitlines() if row.startswith("FIGURE")]
    if done.returncode or not figures:
        raise SystemExit(f"{module.__name__}: {line!r} failed\n{done.stderr[-3000:]}")
    return float(figures[-1])


def table(module, repeats):
    """Measure all lines of a benchmark and return its Markdown table."""
    figures = {line: [] for line in module.LINES}
    for _ in range(repeats):
        for line in module.LINES:
            figures[line].append(measure(module, line))
            print(f"{figures[line][-1]:10.1f} {module.UNIT}  {line}", flush=True)
    base = max(figures[module.BASELINE])
    rows = [f"| {line} | {max(seen):.1f} | {max(seen) / base:.2f} |" for line, seen in figures.items()]
    return "\n".join([f"## {module.TITLE}", "", f"| | {module.UNIT} | ratio |", "|---|---:|---:|", *rows, ""])


def machine():
    """Describe where the figures were measured."""
    import torch
    import transformers

    processor = torch.cpu.get_capabilities().get("cpu_name", platform.machine())
    return (
        f"Measured on {date.today()}: {processor}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}."
    )


def main():
    """Run the benchmarks that were named, or all, and write the table."""
    found = [info.name for info in pkgutil.iter_modules([str(FOLDER)]) if info.name != "run"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(found)}; default: all")
    parser.add_argument("--repeats", type=int, default=2)
    arguments = parser.parse_args()
    if unknown := set(arguments.modules) - set(found):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(found)}")
    modules = [importlib.import_module(f"tests.benchmarks.{name}") for name in arguments.modules or found]
    tables = [table(module, arguments.repeats) for module in modules]
    how = f"Each line ran in its own process; the best of {arguments.repeats} rounds is shown."
    intro = f"# What `make bench` measured\n\n{machine()}\n{how}\n"
    if not arguments.modules:  # a part of the benchmarks does not replace the whole table
        (FOLDER / "README.md").write_text("\n".join([intro, *tables]))
    print("\n".join([intro, *tables]))


if __name__ == "__main__":
    main()
