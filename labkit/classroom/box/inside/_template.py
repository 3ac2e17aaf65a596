"""The template: a process with all imports done and no thread started, which is forked once per submission.

It never sees a submission: each child gets its own pair of pipes, and reads the cells from there. It talks with the
grader over one socket, one message at a time: ``{"run": limits}`` with the two ends of the pipes, answered by
``{"ended": code, "cpu": seconds, "memory": bytes}`` once the child has ended, and ``{"kill": true}``.
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time

from labkit.classroom.box.inside import _cells, _sealing, _system

LONGEST = 2**20  # bytes of a message
STARTING_THREADS = ("polars",)  # libraries that start a thread when they are imported: it would be lost in a child


def run_template(descriptor: int, settings: dict) -> None:
    """Import, say that the template is ready, and fork a child for each request, until the grader hangs up."""
    control = socket.socket(fileno=descriptor)
    began = time.process_time()
    for name in STARTING_THREADS:
        sys.modules[name] = None  # libraries that can use it do without
    if settings["cores"]:
        os.sched_setaffinity(0, settings["cores"])
    failed = import_all(settings["imports"])
    shell = _cells.make_shell()
    for name in STARTING_THREADS:
        del sys.modules[name]
    _system.prctl(_system.PR_SET_DUMPABLE, 0, "dumpable")  # no child looks into it
    gc.collect()
    gc.freeze()  # the collector leaves these objects alone, so that their pages stay shared
    threads = sorted(open(f"/proc/self/task/{each}/comm").read().strip() for each in os.listdir("/proc/self/task"))
    cpu = time.process_time() - began
    send(control, {"ready": True, "threads": threads[1:], "cpu": cpu, "failed": failed})
    while (received := receive(control)) is not None:
        request, descriptors = received
        if "run" in request:  # a request to kill may come when the child has just ended
            serve(control, shell, settings, request["run"], descriptors)


def import_all(statements: list[str]) -> list[str]:
    """Carry out import statements, which are ours; return those that fail here."""
    failed = []
    for statement in statements:
        try:
            exec(statement, {})
        except Exception as error:
            failed.append(f"{statement}: {type(error).__name__}: {error}")
    return failed


def serve(control: socket.socket, shell: object, settings: dict, limits: dict, descriptors: list[int]) -> None:
    """Fork a child for a submission; return once it has ended, by itself or because the grader says so."""
    child = os.fork()
    if not child:
        code = 1
        try:
            _sealing.seal(settings, limits, descriptors)
            code = 0
            _cells.converse(shell, *descriptors)
        except BaseException as error:
            if code:  # ours: before a line of the student's ran
                reason = {"broken": f"{type(error).__name__}: {error}"}
                os.write(descriptors[1], json.dumps(reason).encode() + b"\n")
        finally:
            os._exit(code)
    for each in descriptors:
        os.close(each)
    ended = os.pidfd_open(child)
    try:
        while True:
            ready, _, _ = select.select([control, ended], [], [])
            if ended in ready:
                break
            received = receive(control)
            if received is None or "kill" in received[0]:
                # Inside bubblewrap the child waits for the first process of the namespace, and kills that.
                gentle = settings["kind"] == "bubblewrap" and received is not None
                signal.pidfd_send_signal(ended, signal.SIGTERM if gentle else signal.SIGKILL)
                if received is None:
                    os._exit(0)
    finally:
        os.close(ended)
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    code = 128 - code if code < 0 else code
    send(control, {"ended": code, "cpu": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024})


def send(control: socket.socket, message: dict) -> None:
    """Send a message."""
    control.send(json.dumps(message).encode())


def receive(control: socket.socket) -> tuple[dict, list[int]] | None:
    """Receive a message with its descriptors; None where the grader has hung up."""
    data, descriptors, _, _ = socket.recv_fds(control, LONGEST, 4)
    return (json.loads(data), descriptors) if data else None


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    importlib.import_module("labkit.exercises.checking")
    run_template(int(sys.argv[1]), json.loads(sys.argv[2]))
