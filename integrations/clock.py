"""The only source of now and today; in the demo and in tests the sandbox's clock moves it."""

import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC) + offset()


def today() -> date:
    """Today's date in Europe/London, the zone of every calendar date here."""
    return london(now()).date()


def london(moment: datetime) -> datetime:
    """The same moment as clocks in Manchester show it."""
    return moment.astimezone(LONDON)


def pace() -> float:
    """Real seconds since the epoch, never moved: for limits that outside services keep."""
    return time.time()


def offset() -> timedelta:
    """How far the clock has been moved forward; zero in production."""
    file = _file()
    if file is None:
        return timedelta()
    try:
        return timedelta(seconds=float(file.read_text()))
    except (FileNotFoundError, ValueError):
        return timedelta()


def set_offset(value: timedelta) -> None:
    """Move the clock for every process that shares the clock file.

    Raises RuntimeError where there is no such file, as in production.
    """
    file = _file()
    if file is None:
        raise RuntimeError("the clock cannot be moved here: CLOCK_FILE is not set")
    file.parent.mkdir(parents=True, exist_ok=True)
    # A rename is seen whole or not at all by the processes that read the file.
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(str(value.total_seconds()))
    draft.replace(file)


def _file() -> Path | None:
    return Path(settings.CLOCK_FILE) if settings.CLOCK_FILE else None
