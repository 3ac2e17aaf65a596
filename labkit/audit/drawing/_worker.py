"""The second process of `_process.py`: reads a plan from standard input, writes images to standard output."""

import os
import pickle
import signal
import sys


def main() -> None:
    """Import what draws, wait for a plan, and draw it; end where none comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the first process, which then ends this one
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)  # what a library prints is no image
        from labkit.audit.drawing._figures import draw_images

        try:
            plan = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(draw_images(plan), answer)
