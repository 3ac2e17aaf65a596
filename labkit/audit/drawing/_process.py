"""A second process that draws the figures of an audit: it imports matplotlib while the first one counts.

It gets a plan of numbers and names by a pipe, and sends images back; it ends when its pipe is closed, so that nothing
is left of it however the first process ends. Nothing is forked: threads of DuckDB and Arrow stay where they are.
"""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import labkit
from labkit.audit.drawing._plans import Images, Plan

# The same folders of modules, and no other: `-P` keeps Python from looking into the current one first, and `-S` from
# the files of all packages in which they may ask for more.
CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from labkit.audit.drawing._worker import main; main()"


class Drawing:
    """Figures that are drawn by a second process, or by this one where there is none.

    Parameters
    ----------
    process : subprocess.Popen, optional
        What draws them.
    """

    def __init__(self, process: "subprocess.Popen | None"):
        self.process = process
        self.plan: Plan | None = None
        self.images: Images | None = None

    def begin(self, plan: Plan) -> None:
        """Say what is to be drawn; a second process begins at once."""
        self.plan, self.images = plan, None
        if self.process is not None:
            with suppress(OSError):  # it has died, which `finish` finds out
                self.process.stdin.write(pickle.dumps(plan))
                self.process.stdin.flush()

    def finish(self) -> Images:
        """Return the figures when they are drawn; where the second process failed, this one draws them."""
        if self.images is None:
            self.images = self._receive()
        return self.images

    def _receive(self) -> Images:
        """Wait for the second process, if there is one, or draw."""
        failed = ""
        if self.process is not None:
            drawn, said = self.process.communicate()
            status, self.process = self.process.returncode, None
            if status == 0:
                return pickle.loads(drawn)
            lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            failed = f"status {status}: {lines[-1]}"
        from labkit.audit.drawing import _figures

        images = _figures.draw_images(self.plan)  # an error is that of the figure
        if failed:
            print(f"labkit: the process that draws figures failed ({failed}); this one drew them", file=sys.stderr)
        return images


@contextmanager
def open_drawing() -> Iterator[Drawing]:
    """Start a second process that draws, where that saves time; it has ended when the context ends."""
    process = _start() if _saves_time() else None
    try:
        yield Drawing(process)
    finally:
        if process is not None and process.poll() is None:
            process.kill()
        if process is not None:
            with process:  # closes its pipes, and waits: nothing is left of it
                pass


def _saves_time() -> bool:
    """Say whether matplotlib has yet to be imported, there is a second processor, and Python can be started."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1
    is_python = Path(sys.executable or "").name.lower().startswith(("python", "pypy"))  # a program may embed Python
    return "matplotlib" not in sys.modules and processors > 1 and is_python


def _start() -> "subprocess.Popen | None":
    """Start the second process; None where the system does not let us."""
    home = str(Path(labkit.__file__).parents[1])  # an import hook may know it that is not in the path
    path = json.dumps([place or os.getcwd() for place in [*sys.path, home]])
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    try:
        return subprocess.Popen([sys.executable, "-P", "-S", "-c", CODE, path], **pipes)
    except OSError:
        return None
