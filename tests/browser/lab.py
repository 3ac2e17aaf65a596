"""JupyterLab as `make lab` starts it, for a student with an empty home folder, and what that student does in it."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.course.build import Course
from labkit.course.copies import start

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("notebooks", "datasets", "labkit/course/lab", "README.md", "LICENSE")  # what notebooks link to, and settings
PATIENCE = 90  # seconds until JupyterLab must be there; on an idle machine it takes 5

# In JupyterLab's page: the notebook that is shown, and one of its cells.
SHOWN = "window.jupyterapp.shell.currentWidget"
QUESTIONS = ".jp-Dialog, .Toastify__toast"


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address with the token, and the folder that it was started in."""

    address: str
    root: Path


def lab_arguments() -> list[str]:
    """Return what the Makefile tells JupyterLab."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.search(r"^LAB := (.*)$", text, flags=re.MULTILINE)[1].split()


def copy_repository(folder: Path) -> Course:
    """Copy what a student sees of the repository, so that nothing happens to this one; return it as a course."""
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "__pycache__"))
        else:
            shutil.copy2(source, target)
    return Course(folder)


def empty_home(home: Path) -> dict[str, str]:
    """Return this process's environment for somebody who has just got the machine: no settings, no caches."""
    ours = ("JUPYTER", "IPYTHON", "XDG_", "LABKIT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    home.mkdir()
    return kept | {"HOME": str(home), "USERPROFILE": str(home), "APPDATA": str(home), "HF_HUB_OFFLINE": "1"}


@contextmanager
def run_lab(folder: Path) -> Iterator[Lab]:
    """Start JupyterLab in a copy of the repository, wait until it answers, and end it with its kernels.

    Parameters
    ----------
    folder : pathlib.Path
        An empty one, for the copy, the home folder and the server's log.
    """
    course = copy_repository(folder / "repository")
    start(course)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", *lab_arguments(), "--no-browser", f"--port={port}"]
    command += ["--expose-app-in-browser", f"--IdentityProvider.token={token}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            command, cwd=course.root, env=empty_home(folder / "home"), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server, folder / "log")
            yield Lab(f"http://127.0.0.1:{port}/?token={token}", course.root)
        finally:
            server.terminate()  # it ends its kernels
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Return when a server answers; fail with its log when it has ended or takes too long."""
    end = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


# What a student does


def enter(page: "Page", address: str) -> None:
    """Open JupyterLab and wait for the notebook that it shows and for its kernel."""
    page.goto(address)
    page.wait_for_function("() => window.jupyterapp?.restored", timeout=PATIENCE * 1000)
    page.evaluate("() => window.jupyterapp.restored.then(() => null)")
    page.wait_for_function(f"() => {SHOWN}?.sessionContext", timeout=PATIENCE * 1000)
    wait_for_kernel(page)


def wait_for_kernel(page: "Page") -> None:
    """Wait until the notebook that is shown is there, with a kernel that does nothing else."""
    page.evaluate(f"async () => {{ await {SHOWN}.context.ready; await {SHOWN}.sessionContext.ready; }}")
    page.wait_for_function(f"() => {SHOWN}.sessionContext.session?.kernel?.status === 'idle'", timeout=PATIENCE * 1000)


def shown_path(page: "Page") -> str:
    """Return the path of the file that is shown, from the folder in which JupyterLab was started."""
    return page.evaluate(f"() => {SHOWN}?.context?.path ?? ''")


def open_file(page: "Page", path: str) -> None:
    """Open a file as a double click in the list of files does, and wait until it is there."""
    page.evaluate("path => void window.jupyterapp.commands.execute('docmanager:open', {path})", path)
    page.wait_for_function(f"path => {SHOWN}?.context?.path === path", arg=path, timeout=PATIENCE * 1000)
    page.evaluate(f"() => {SHOWN}.context.ready.then(() => null)")


def run_all(page: "Page") -> None:
    """Choose Run, Run All Cells, and wait for the last cell."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => null)")


def read_cells(page: "Page") -> list[dict]:
    """Return the cells of the notebook that is shown, with their outputs, as they would be saved."""
    return page.evaluate(f"() => {SHOWN}.content.model.toJSON().cells")


def find_cell(page: "Page", wanted: str) -> int:
    """Return the position of the first cell whose text has another text in it."""
    positions = (i for i, cell in enumerate(read_cells(page)) if wanted in "".join(cell["source"]))
    return next(positions)


def cell_at(page: "Page", position: int):
    """Return the place of a cell on the screen, scrolled into view and made the active one."""
    page.evaluate(f"n => {{ const book = {SHOWN}.content; book.activeCellIndex = n; book.scrollToItem(n); }}", position)
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(position)
    cell.scroll_into_view_if_needed()
    return cell


def write_and_run(page: "Page", position: int, text: str) -> None:
    """Replace what a cell says, as somebody does who marks all of it and pastes, and run it."""
    cell_at(page, position).locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)
    assert "".join(read_cells(page)[position]["source"]) == text
    run_cell(page, position)


def run_cell(page: "Page", position: int) -> str:
    """Run a cell, wait for its end, and return the text that it shows below."""
    cell = cell_at(page, position)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell').then(() => null)")
    return cell.locator(".jp-Cell-outputArea").inner_text()


def follow_link(page: "Page", written: str, path: str) -> None:
    """Click a link in the text of the notebook that is shown, and wait until its file is there.

    Parameters
    ----------
    page : playwright.sync_api.Page
        Where JupyterLab is.
    written : str
        The link's address as the notebook has it.
    path : str
        Where it leads, from the folder in which JupyterLab was started.
    """
    link = cell_at(page, find_cell(page, f"]({written})")).locator(f"a[href*='/files/{path}']").first
    link.click()
    page.wait_for_function(f"path => {SHOWN}?.context?.path === path", arg=path, timeout=PATIENCE * 1000)
    page.evaluate(f"() => {SHOWN}.context.ready.then(() => null)")
