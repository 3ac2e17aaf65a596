"""What a sealed child does: it reads the cells, runs those that are needed, and collects the answers one at a time.

Lines of JSON over two pipes. First comes the submission; what is answered are notes on the cells as they run, then
``{"ready": true}``. Then each request, ``{"value": id}`` or ``{"call": id, "position": n, "arguments": [...],
"through": adapter}``, gets one reply: ``{"value": ...}``, ``{"fault": message, "key": ...}`` or
``{"missing": reason}``. All of this happens in the student's process, so the grader must expect anything.
"""

import contextlib
import functools
import importlib
import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from labkit import plots
from labkit.classroom.box.inside._needed import find_needed
from labkit.classroom.box.values import pack_plain, unpack_argument
from labkit.exercises import checking
from labkit.exercises.answers import Fault, collect_call, collect_value
from labkit.exercises.overheard import Ear, overhear
from labkit.exercises.words import describe_error

IN_NOTEBOOKS = ("check", "hint", "solution", "compare")  # what a notebook calls for its reader, who is not here

ABOUT_DISPLAY = {"matplotlib", "pylab", "gui", "config", "load_ext", "reload_ext", "autoreload", "pip", "conda"}


def make_shell() -> Any:
    """Return IPython's shell, without history, display and threads, in which magic commands work."""
    from IPython.core.history import HistoryManager
    from IPython.core.interactiveshell import InteractiveShell

    class Shell(InteractiveShell):
        """A shell that shows nothing."""

        def init_history(self) -> None:
            """Keep no history, which would need a thread."""
            self.history_manager = HistoryManager(shell=self, parent=self, enabled=False)

        def enable_gui(self, gui: str | None = None) -> None:
            """Accept any way to show figures; none is shown."""

        def showtraceback(self, *arguments: Any, **options: Any) -> None:
            """Show nothing."""

        def showsyntaxerror(self, *arguments: Any, **options: Any) -> None:
            """Show nothing."""

        def run_line_magic(self, name: str, *arguments: Any, **options: Any) -> Any:
            """Carry out a magic command; one that is not known here, or about what is shown, does nothing."""
            if name in ABOUT_DISPLAY or self.find_line_magic(name) is None:
                return None
            return super().run_line_magic(name, *arguments, **options)

        def _tee(self, channel: str) -> Any:
            """Keep nothing of what is printed, of which IPython 9 would keep all."""
            return contextlib.nullcontext()

        def system(self, command: str) -> None:
            """Start no other program."""

        def getoutput(self, command: str, *arguments: Any, **options: Any) -> list:
            """Start no other program."""
            return []

    shell = Shell.instance()
    shell.ast_node_interactivity = "none"  # the last expression of a cell is not shown
    shell.display_formatter.active_types = ["text/plain"]
    shell.display_pub.publish = lambda *arguments, **options: None
    for name in IN_NOTEBOOKS:
        setattr(checking, name, _nothing)
    plots.show = _close_figure
    return shell


def _nothing(*arguments: Any, **options: Any) -> None:
    """Take the place of `check` and others: nobody reads what they show."""


def _close_figure(figure: Any, **options: Any) -> None:
    """Take the place of `show`: nobody looks at figures, and to draw one takes longer than most cells."""
    from matplotlib import pyplot

    pyplot.close(figure)


def converse(shell: Any, requests: int, replies: int) -> None:
    """Run a submission and answer requests about it, until the grader hangs up."""
    lines = os.fdopen(requests, "rb")

    def reply(message: dict) -> None:
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            data = data[os.write(replies, data) :]

    task = json.loads(lines.readline())
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = Ear()  # nobody reads what cells print, and memory must not hold all of it
    taken = run_cells(shell, task, reply)
    reply({"ready": True})
    for line in lines:
        request = json.loads(line)
        try:
            reply(answer(taken, request))
        except (KeyboardInterrupt, Exception) as error:
            reply({"fault": f"the answer cannot be collected: {describe_error(error)}", "key": None})


def run_cells(shell: Any, task: dict, reply: Callable[[dict], None]) -> dict[str, Any]:
    """Run the needed cells in order, and evaluate what each exercise asks for where its check stands."""
    for each in task["asked"]:
        find_adapter(each["through"])  # before a cell could take its module's name by accident
    sources, skipped = [], set(task["skip"])
    for position, source in enumerate(task["cells"]):
        if position in skipped:
            sources.append("")
            continue
        reply({"cell": position})  # what ends the process while it is read, too
        try:
            sources.append(shell.transform_cell(source))
        except Exception:
            sources.append("!")  # which is no Python
    asked = sorted(task["asked"], key=lambda each: each["after"])
    needed = set(range(len(sources))) if task["every"] else find_needed(sources, asked)
    needed -= skipped
    reply({"needed": sorted(needed)})
    taken: dict[str, Any] = {}

    def take(position: int) -> None:
        while asked and asked[0]["after"] <= position:
            each = asked.pop(0)
            try:
                taken[each["id"]] = ("found", eval(each["expression"], shell.user_ns))
            except BaseException as error:
                taken[each["id"]] = ("missing", describe_error(error))

    for position, source in enumerate(task["cells"]):
        take(position)
        if position in needed:
            reply({"cell": position})
            if (error := run_cell(shell, source)) is not None:
                reply({"failed": position, "error": describe_error(error)})
    take(len(task["cells"]))
    return taken


def run_cell(shell: Any, source: str) -> BaseException | None:
    """Run a cell as a notebook does; return what it raises."""
    try:
        result = shell.run_cell(source, store_history=False, silent=True)
        return result.error_before_exec or result.error_in_exec
    except BaseException as error:  # SystemExit, KeyboardInterrupt, and what a student's code made of the shell
        return error


@functools.cache
def find_adapter(name: str | None) -> Callable | None:
    """Return an adapter, "module:function", of the mounted package; None for None."""
    if name is None:
        return None
    module, function = name.split(":")
    return getattr(importlib.import_module(module), function)


def answer(taken: dict[str, Any], request: dict) -> dict:
    """Return what is collected for one request."""
    state, found = taken[request.get("value") or request["call"]]
    if state == "missing":
        return {"missing": found}
    try:
        with overhear():
            if "value" in request:
                return {"value": pack_plain(collect_value(found))}
            probe = tuple(map(unpack_argument, request["arguments"]))
            through = find_adapter(request["through"])
            return {"value": pack_plain(collect_call(found, probe, request["position"], through))}
    except Fault as fault:
        return {"fault": str(fault), "key": fault.key}
