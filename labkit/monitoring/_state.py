"""The file in which a monitor waits for tomorrow's decisions: JSON, replaced as a whole or not at all."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labkit.errors import UserError
from labkit.files import replace_file

FORMAT, VERSION = "labkit monitor", 1
COUNTS = ("pairs", "dropped", "next_start")
BETTORS = ("bets", "squares", "log_wealths")


def write_state(path: str | Path, state: Mapping[str, Any]) -> None:
    """Write a state in place of the former one, which is kept if that fails."""
    path = Path(path)
    text = json.dumps({"format": FORMAT, "version": VERSION, **state}, indent=1, allow_nan=False)
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise UserError(
            f"cannot write the monitor's state {str(path)!r}: {error.strerror}; the former state is unchanged, so make "
            "room or name another place, and call again"
        ) from error


def read_state(path: str | Path) -> dict[str, Any]:
    """Read a state, or say that it is none, is damaged, or comes from another version."""
    path, remedy = Path(path), "name the file that the monitor wrote, or start anew with another name"
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{str(path)!r} is not a monitor's state, or is damaged ({error}); {remedy}") from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise UserError(f"{str(path)!r} is not a monitor's state; {remedy}")
    if state.get("version") != VERSION:
        raise UserError(
            f"{str(path)!r} is a state of version {state.get('version')!r}, and this labkit reads version {VERSION}; "
            "go on with the labkit that wrote it, or start anew with another name"
        )
    if not _is_whole(state):
        raise UserError(f"the monitor's state {str(path)!r} is damaged; {remedy}")
    return state


def _is_whole(state: dict[str, Any]) -> bool:
    """Say whether a state has all that a monitor needs, of the right kind and size."""
    try:
        bettors = np.array([state[name] for name in BETTORS], float)  # (3, bettors)
        numbers = [*state["decisions"], *state["selected"], *(state[name] for name in COUNTS)]
        waiting, alarm = state["waiting"], state["alarm"]
        return (
            bettors.ndim == 2
            and bool(np.isfinite(bettors).all())
            and len(state["groups"]) == len(state["decisions"]) == len(state["selected"]) == 2
            and all(isinstance(number, int) and number >= 0 for number in numbers)
            and all(known <= seen for known, seen in zip(state["selected"], state["decisions"], strict=True))
            and sum(state["decisions"]) == 2 * state["pairs"] + state["dropped"] + (waiting is not None)
            and (waiting is None or (waiting[0] in (0, 1) and waiting[1] in (0, 1)))
            and (alarm is None or (alarm["decision"] > 0 and alarm["pair"] > 0 and math.isfinite(alarm["log_wealth"])))
            and 0 < state["alpha"] < 1
            and isinstance(state["restarts"], bool)
        )
    except (KeyError, TypeError, ValueError, IndexError):
        return False
