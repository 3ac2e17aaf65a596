"""What a process of its own does in a test, in a module that imports little, because each process imports it again."""

import os
from pathlib import Path

from labkit.language.causal_lm import _gguf, files


def convert_and_log(gguf, folder, log, barrier):
    """Convert when the other process is ready, too, and write down who did it."""

    def convert(file, incoming):
        with open(log, "a") as opened:
            opened.write(f"{os.getpid()}\n")
        _gguf.convert_gguf(file, incoming)

    files.convert_gguf = convert
    barrier.wait(60)
    files.convert_once(Path(gguf), Path(folder))
