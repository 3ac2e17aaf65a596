"""A limit on what the cells of a notebook put out, applied as it arrives: an endless loop of prints fills no disk."""

import json
from collections import Counter
from functools import cache
from typing import Any

from labkit.course.pages import shorten
from labkit.exercises.judging import EXERCISE

CELL_LIMIT = 5_000_000  # characters (of JSON, for figures and tables) that are kept of one cell
NOTEBOOK_LIMIT = 50_000_000  # the same, of all cells together
OUTPUT = 100  # what an output counts besides its text: each takes some room in the notebook and on the page
OUTCOMES = 1_000_000  # what a cell may put out beyond its limit when that is the outcome of an exercise
ERROR_LIMIT = 100_000  # characters that are kept of an error's message, and of its traceback

LATE = 60  # seconds that output may arrive after its cell has ended: hundreds of megabytes take more than the usual 4

DATA_MESSAGES = ("display_data", "execute_result", "update_display_data")
NOTE = (
    "\n[... this cell put out more than a run keeps ({} characters a cell, {} a notebook); the rest was not kept: "
    "write long output to a file, or run the notebook in JupyterLab ...]\n"
).format(f"{CELL_LIMIT:,}", f"{NOTEBOOK_LIMIT:,}")


class OutputLimit:
    """What the cells of a notebook may still put out."""

    def __init__(self) -> None:
        self._used: Counter[int] = Counter()  # characters kept, by the position of the cell
        self._full: set[int] = set()  # cells that were told that they are at their limit

    def bound(self, message: dict[str, Any], cell: int) -> dict[str, Any] | None:
        """Return a kernel's message, cut to what the cell may still put out.

        Parameters
        ----------
        message : dict
            In the form of Jupyter's messaging protocol; it is not changed.
        cell : int
            Position of the cell that it belongs to.

        Returns
        -------
        dict or None
            The message itself, or a shorter one. None for output beyond the limit; the first of a cell becomes a note.
        """
        kind, content = message["msg_type"], message["content"]
        if kind == "clear_output":
            del self._used[cell]
            self._full.discard(cell)
        elif kind == "stream":
            return self._bound_text(message, cell)
        elif kind == "error":
            return message | {"content": content | _cut_error(content)}
        elif kind in DATA_MESSAGES:
            outcome = isinstance(content["data"], dict) and EXERCISE in content["data"]
            size = OUTPUT + len(json.dumps(content["data"], default=str))
            if size > self._left(cell) + (OUTCOMES if outcome else 0):
                return self._note(message, cell)
            self._used[cell] += size
        return message

    def _left(self, cell: int) -> int:
        """Return how many characters the cell may still put out."""
        return min(CELL_LIMIT - self._used[cell], NOTEBOOK_LIMIT - self._used.total())

    def _bound_text(self, message: dict[str, Any], cell: int) -> dict[str, Any] | None:
        """Return a message of printed text, with no more of it than the cell may still put out."""
        text, left = message["content"]["text"], max(0, self._left(cell) - OUTPUT)
        if len(text) <= left:
            self._used[cell] += len(text) + OUTPUT
            return message
        self._used[cell] += left + OUTPUT
        return self._note(message, cell, before=text[:left])

    def _note(self, message: dict[str, Any], cell: int, *, before: str = "") -> dict[str, Any] | None:
        """Return a message that says that the rest was not kept, or None where the cell has it already."""
        if cell in self._full:
            return None
        self._full.add(cell)
        content = {"name": message["content"].get("name", "stderr"), "text": before + NOTE}
        return message | {
            "msg_type": "stream",
            "header": message["header"] | {"msg_type": "stream"},
            "content": content,
        }


def _cut_error(content: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of an error's message in the protocol, each cut to what is kept."""
    rest = "the rest was not kept"
    trace = shorten("\n".join(content["traceback"]), ERROR_LIMIT, rest=rest).split("\n")
    message = shorten(content["evalue"], ERROR_LIMIT, rest=rest)
    return {"ename": content["ename"][:ERROR_LIMIT], "evalue": message, "traceback": trace}


@cache
def bounded_engine() -> str:
    """Register papermill's own engine, with limits on outputs, as a new one, and return its name."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import Engine, papermill_engines
    from papermill.log import logger

    class BoundedClient(PapermillNotebookClient):
        """Runs the cells, and keeps no more of their outputs than an `OutputLimit` allows."""

        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self._limit = OutputLimit()

        def process_message(self, msg, cell, cell_index):
            """Take in one message of the kernel."""
            bounded = self._limit.bound(msg, cell_index)
            return None if bounded is None else super().process_message(bounded, cell, cell_index)

    class BoundedEngine(Engine):
        """papermill's NBClientEngine with that client."""

        @classmethod
        def execute_managed_notebook(cls, nb_man, kernel_name, *, km, execution_timeout, start_timeout, **_):
            """Execute the notebook of a manager in a kernel."""
            client = BoundedClient(
                nb_man,
                km=km,
                kernel_name=kernel_name,
                timeout=execution_timeout,
                startup_timeout=start_timeout,
                iopub_timeout=LATE,
                log=logger,
            )
            return client.execute()

    name = "labkit"
    papermill_engines.register(name, BoundedEngine)
    return name
