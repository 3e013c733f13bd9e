"""When something happened, as exactly as is known: a strict subset of EDTF and the days it allows.

Accepted are a year, a month, a day, a minute in UTC, an interval of days, months or years that may be open at
one end, and the word ``unknown``. Days are UTC days.

Source: Library of Congress, Extended Date/Time Format, 4 February 2019, level 0; ``..`` from level 1.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

from events.errors import FieldInvalidError

UNKNOWN = "unknown"
OPEN = ".."

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_MINUTE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2})Z")


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last day on which it can have happened; None where there is no bound."""

    first: date | None
    last: date | None

    def has_begun_by(self, day: date) -> bool:
        """Return whether it can have happened by the end of *day*."""
        return self.first is None or self.first <= day

    def has_ended_by(self, day: date) -> bool:
        """Return whether it must have happened by the end of *day*."""
        return self.last is not None and self.last <= day


@lru_cache(maxsize=4096)
def parse_span(text: str) -> Span:
    """Return the days that an EDTF text allows.

    Raises:
        FieldInvalidError: *text* is not in the accepted subset, or an interval ends before it begins.
    """
    try:
        span = _span(text)
    except ValueError:
        span = None
    if span is None:
        # The text itself stays out of the message: strangers can write anything into it.
        message = f"occurred is not a date: expected EDTF such as 2005-07 or unknown, found {len(text)} characters"
        raise FieldInvalidError(message)
    return span


def _span(text: str) -> Span | None:
    if text == UNKNOWN:
        return Span(None, None)
    if "/" in text:
        return _interval(*text.split("/", 1))
    minute = _MINUTE.fullmatch(text)
    if minute:
        time.fromisoformat(minute[2])
        return _days(minute[1])
    return _days(text)


def _interval(start: str, end: str) -> Span | None:
    first = Span(None, None) if start == OPEN else _days(start)
    last = Span(None, None) if end == OPEN else _days(end)
    if first is None or last is None or start == end == OPEN:
        return None
    if first.first and last.last and first.first > last.last:
        return None
    return Span(first.first, last.last)


def _days(text: str) -> Span | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None, "a date has a year"
    if month is None:
        return Span(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        return Span(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    return Span(date(year, month, day), date(year, month, day))
