"""What a run shows on the terminal: a progress bar with the notebooks' names, or plain lines where there is none."""

from textwrap import indent

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

COLOURS = {"passed": "green", "cached": "blue", "failed": "bold red"}


class Display:
    """Follow a run; a context manager around it.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to write; the standard output when left out.
    """

    def __init__(self, console: Console | None = None):
        self.console = console or Console(highlight=False)
        self._running: list[str] = []
        self._total = self._done = 0
        names = TextColumn("{task.description}", markup=False)
        columns = SpinnerColumn(), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), names
        # Without a terminal only the line of each finished notebook is written.
        self._bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def __enter__(self):
        self._bar.start()
        return self

    def __exit__(self, *exception):
        self._bar.stop()

    def expect(self, total: int) -> None:
        """Say how many notebooks there are."""
        self._total, self._task = total, self._bar.add_task("", total=total)

    def started(self, name: str) -> None:
        """A notebook runs now."""
        self._running.append(name)
        self._bar.update(self._task, description=", ".join(self._running))

    def finished(self, entry: dict) -> None:
        """A notebook is done, or did not need to run."""
        if entry["name"] in self._running:
            self._running.remove(entry["name"])
        self._done += 1
        self._bar.update(self._task, advance=1, description=", ".join(self._running))
        line = Text.assemble(
            f"[{self._done}/{self._total}] {entry['name']:<28} ",
            (f"{entry['status']:<7}", COLOURS[entry["status"]]),
            f"{entry['seconds']:>8.1f} s {entry['peak_rss_mb']:>7.0f} MB",
        )
        self.console.print(line, soft_wrap=True)

    def explain_failures(self, entries: list[dict]) -> None:
        """Print the failing cell's source and error of each notebook that failed."""
        for entry in entries:
            if error := entry["error"]:
                where = f" in cell [{error['cell']}]" if error["cell"] else ""
                self.console.print(Text(f"\n{entry['name']} failed{where}", COLOURS["failed"]), soft_wrap=True)
                if error["source"]:
                    self.console.print(Text(indent(error["source"], "    ")), soft_wrap=True)
                self.console.print(Text(f"{error['name']}: {error['message']}"), soft_wrap=True)
