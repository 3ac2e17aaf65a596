"""Deadlines and the times at which something was handed in, always with a time zone."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from labkit.errors import UserError

EXAMPLES = "'2026-11-30 23:59', '2026-11-30T23:59+01:00' or '2026-11-30 23:59 Europe/Vienna'"

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<time>\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)\s*"
    r"(?P<zone>[A-Za-z][\w/+-]*|[+-]\d{2}:?\d{2})?"
)


def read_deadline(text: str | datetime) -> datetime:
    """Return a deadline with its time zone.

    Parameters
    ----------
    text : str or datetime
        ``2026-11-30`` (the end of that day), ``2026-11-30 23:59``, with or without an offset or the name of a time
        zone. Without one, the time zone of this computer is meant.

    Returns
    -------
    datetime

    Raises
    ------
    UserError
        It is no such time.
    """
    if isinstance(text, datetime):
        return text if text.tzinfo is not None else text.astimezone()
    stripped = text.strip()
    day_only = _DATE.fullmatch(stripped) is not None
    found = read_time(f"{stripped} 23:59:59" if day_only else stripped)
    if found is None:
        raise UserError(f"{text!r} is no deadline; write it as {EXAMPLES}")
    return found


def read_time(text: str, *, otherwise: timezone | None = None) -> datetime | None:
    """Return a time with its time zone; None where the text is none.

    Parameters
    ----------
    text : str
        "2015-02-02 15:58:23.948203 UTC", as nbgrader writes it, or another form of ISO 8601.
    otherwise : timezone, optional
        Where the text names no time zone; without it, the one of this computer.
    """
    match = _TIME.fullmatch(text.strip()[:100])
    if match is None:
        return None
    try:
        hours = match["time"] if match["time"][2] == ":" else f"0{match['time']}"
        moment = datetime.fromisoformat(f"{match['day']} {hours}")
        zone = match["zone"]
        if zone is None:
            return moment.replace(tzinfo=otherwise) if otherwise is not None else moment.astimezone()
        if zone[0] in "+-":
            sign = -1 if zone[0] == "-" else 1
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            return moment.replace(tzinfo=timezone(sign * offset))
        return moment.replace(tzinfo=UTC if zone.upper() in ("UTC", "Z", "GMT") else ZoneInfo(zone))
    except (ValueError, OverflowError, OSError, LookupError):  # no such day, offset or zone
        return None


def say_time(moment: datetime) -> str:
    """Return a time in words, in its own time zone."""
    return moment.strftime("%Y-%m-%d %H:%M %Z").strip()
