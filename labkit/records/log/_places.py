"""Where the files of a log are, and the lock that keeps two writers apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from labkit.errors import UserError


@dataclass(frozen=True)
class Places:
    """The files of a log.

    Parameters
    ----------
    log, head, anchors : pathlib.Path
        The log itself, its head, and its anchors.
    """

    log: Path
    head: Path
    anchors: Path

    @classmethod
    def of(cls, log: str | Path, head: str | Path | None, anchors: str | Path | None) -> "Places":
        """Return the places that were named, others beside the log; behind links are the files that they lead to."""
        real = Path(os.path.realpath(log))
        places = cls(
            real,
            Path(os.path.realpath(f"{real}.head" if head is None else head)),
            Path(os.path.realpath(f"{real}.anchors" if anchors is None else anchors)),
        )
        for place in (places.log, places.head, places.anchors):
            if place.exists() and not place.is_file():
                kind = "a folder" if place.is_dir() else "no file"
                raise UserError(
                    f"{str(place)!r} is {kind}; name a file for the log, one for its head, one for its anchors"
                )
        if len({places.log, places.head, places.anchors}) < 3:
            raise UserError(
                f"the log {str(log)!r}, its head and its anchors must be three files; give them three names"
            )
        return places

    @contextmanager
    def hold(self, timeout: float) -> Iterator[None]:
        """Keep other writers away, after waiting for them; the lock ends with the process, however that ends."""
        lock = FileLock(f"{self.log}.lock", timeout=timeout)
        try:
            lock.acquire()
        except Timeout as error:
            raise UserError(
                f"another program has written to the log {str(self.log)!r} for {timeout:g} s; call again later"
            ) from error
        except OSError as error:
            raise UserError(f"cannot lock the log {str(self.log)!r}: {error.strerror}; name another place") from error
        try:
            yield
        finally:
            lock.release()
