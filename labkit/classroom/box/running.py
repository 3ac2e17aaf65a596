"""Run submissions in the box and collect the answers, one submission at a time."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from labkit.classroom.box._attempts import Attempts
from labkit.classroom.box._templates import Template, clear_folder
from labkit.classroom.box.finding import BoxKind, find_box
from labkit.classroom.box.submissions import Cell, Collected, Limits, Question
from labkit.data.tables import DATASETS_FOLDER
from labkit.errors import UserError


class Box:
    """A box with a template process, for one submission after the other.

    Parameters
    ----------
    kind : BoxKind, optional
        What `find_box` found; without it, it is asked.
    imports : sequence of str
        Import statements of the released notebook, which the template carries out once for all.
    folders : sequence of pathlib.Path
        Folders to show next to labkit, read-only; by default the course's data sets.
    cores : sequence of int
        Numbers of the cores to use; by default all. One core for each box keeps submissions from slowing each other.

    Raises
    ------
    UserError
        No box works on this machine, or it cannot be started.

    Notes
    -----
    The answers of one submission::

        with Box() as box:
            found = box.run([Cell("a", "rate = 1 / 4")], [Question("04.9", "rate")])
        found.answers  # {"04.9": {"value": 0.25}}

    Keep the thread that makes a box: with bubblewrap, the box ends when that thread does.
    """

    def __init__(
        self,
        kind: BoxKind | None = None,
        *,
        imports: Sequence[str] = (),
        folders: Sequence[Path] = (DATASETS_FOLDER,),
        cores: Sequence[int] = (),
    ):
        self.kind = find_box() if kind is None else kind
        if self.kind.name is None:
            raise UserError(f"there is no box for student code: {self.kind.sentence}; to get one: {self.kind.remedy}")
        self._options = {"imports": list(imports), "folders": list(folders), "cores": list(cores)}
        self._template: Template | None = None
        self._removals: list[tuple[subprocess.Popen, Path]] = []

    def __enter__(self) -> Self:
        """Start the template."""
        self._started()
        return self

    def __exit__(self, *exception: object) -> None:
        """End the template."""
        self.close()

    def close(self) -> None:
        """End the template, and whatever runs in the box."""
        if self._template is not None:
            self._template.close()
            self._template = None
        for removal, folder in self._removals:
            removal.wait()
            clear_folder(folder)
        self._removals.clear()

    def _remove(self, folder: Path) -> None:
        """Begin to remove the files of a submission: of very many it takes long, and the next one need not wait."""
        removal = subprocess.Popen(
            ["rm", "-rf", "--", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._removals = [each for each in self._removals if each[0].poll() is None or each[1].exists()]
        self._removals.append((removal, folder))

    @property
    def ready(self) -> dict[str, Any]:
        """What the template said when it was ready: its ``threads``, ``cpu`` seconds, and imports that ``failed``."""
        return self._started().ready

    def _started(self) -> Template:
        if self._template is None:
            self._template = Template(self.kind, **self._options)
        return self._template

    def run(
        self,
        cells: Sequence[Cell],
        questions: Sequence[Question],
        *,
        limits: Limits | None = None,
        every_cell: bool = False,
    ) -> Collected:
        """Run a submission in a child of the template and collect its answers.

        A cell or a call that ends the child, by whatever means, costs the exercises that depend on it: the others are
        collected in a further attempt, without it.

        Parameters
        ----------
        cells : sequence of Cell
            The code cells in order, without check cells.
        questions : sequence of Question
            The exercises whose answers to collect.
        limits : Limits, optional
            What the submission may use.
        every_cell : bool, default False
            Whether to execute cells that no exercise depends on as well.

        Returns
        -------
        Collected
            With an entry in `answers` for every question.
        """
        attempt = Attempts(self, list(cells), list(questions), limits or Limits(), every_cell)
        return attempt.run()
