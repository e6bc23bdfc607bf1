"""Times as this API writes and reads them; all are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from callgate.dialects.rcml.rest.errors import RestError, wrong

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def rfc2822(at: float) -> str:
    """A time (Unix seconds) as dates are written: ``Thu, 28 Jun 2018 16:56:33 +0000``, a day below 10 in one digit."""
    time = datetime.fromtimestamp(at, UTC)
    return f"{_DAYS[time.weekday()]}, {time.day} {_MONTHS[time.month - 1]} {time:%Y %H:%M:%S} +0000"


def iso(at: float | None) -> str | None:
    """A time (Unix seconds) as start and end of a call are written: ``2013-10-18T04:51:47.671Z``."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def since(name: str, text: str | None) -> float | None:
    """The beginning of a day ``2018-06-28``, or a time in ISO 8601, in Unix seconds.

    Raises:
        RestError: 400, the filter ``name`` is neither.
    """
    return None if text is None else _read(name, text)[0].timestamp()


def until(name: str, text: str | None) -> float | None:
    """Like :func:`since`, but the end of the day, the first moment that is not of it."""
    if text is None:
        return None
    time, whole_day = _read(name, text)
    try:
        return (time + timedelta(days=1)).timestamp() if whole_day else time.timestamp()
    except OverflowError:
        raise _not_a_date(name, text) from None


def _read(name: str, text: str) -> tuple[datetime, bool]:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return datetime(day.year, day.month, day.day, tzinfo=UTC), True
    try:
        time = datetime.fromisoformat(text)
        return (time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)), False
    except (ValueError, OverflowError):
        raise _not_a_date(name, text) from None


def _not_a_date(name: str, text: str) -> RestError:
    return wrong(f"{name} is {text[:64]!r}: use a date like 2018-06-28")
