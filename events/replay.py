"""Which events a question about the past is about: what had been admitted, received, opened or done by then.

Five questions with five answers, all taken from the same ledger and folded by the same functions as the live
read model: the fold is only stopped, or fed less.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import NoReturn, TypeAlias

from events.edtf import Span, parse_span
from events.errors import EventsError, FieldInvalidError
from events.event import Event, Recorded
from events.ids import Hash, LeafIndex, Office, is_office
from events.statistics import month, quarter, year

LEAF_DIGITS_MAX = 18


class AsOfInvalidError(EventsError):
    """Say leaf:N, admitted:TIME, received:OFFICE[@TIME], opened:OFFICE[@TIME] or occurred:DATE; times are UTC."""


class PeriodInvalidError(EventsError):
    """Say a month (2005-07), a quarter (2005-Q3) or a year (2005)."""


@dataclass(frozen=True, slots=True)
class AtLeaf:
    """As the ledger was after the leaf of that index."""

    leaf_index: LeafIndex


@dataclass(frozen=True, slots=True)
class AdmittedBy:
    """As the ledger was at a time of the hub's clock."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ReceivedBy:
    """What an office's machine had signed a receipt for, and what the office had said itself; *at* None is now."""

    office: Office
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedBy:
    """What a person of an office had opened, and what the office had said itself; *at* None is now."""

    office: Office
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OccurredBy:
    """What must have happened by the end of a day, whenever it became known."""

    day: date


AsOf: TypeAlias = AtLeaf | AdmittedBy | ReceivedBy | OpenedBy | OccurredBy


def parse_as_of(text: str) -> AsOf:
    """Return what an as-of text means.

    A time is ``2026-11-24T10:00Z``, with seconds if need be, or a day, which means its end.

    Raises:
        AsOfInvalidError: the text is none of the five forms.
    """
    kind, colon, value = text.partition(":")
    reader = _READERS.get(kind)
    if reader is None or not colon:
        _invalid(f"expected leaf:, admitted:, received:, opened: or occurred:, found {len(text)} characters")
    return reader(value)


def select(history: Iterable[Recorded], as_of: AsOf | None) -> tuple[Recorded, ...]:
    """Return the events that an as-of is about, in ledger order; all of them for None.

    *history* must hold the receipts and openings of the office where they are asked for.
    """
    match as_of:
        case AtLeaf(leaf_index):
            return tuple(each for each in history if each.leaf_index <= leaf_index)
        case AdmittedBy(at):
            return tuple(each for each in history if each.admitted_at <= at)
        case OccurredBy(day):
            return tuple(each for each in history if span_of(each).has_ended_by(day))
        case ReceivedBy(office, at):
            return _known_to(tuple(history), office, at, _receipts)
        case OpenedBy(office, at):
            return _known_to(tuple(history), office, at, _openings)
    return tuple(history)


def possible(history: Iterable[Recorded], day: date) -> tuple[Recorded, ...]:
    """Return the events that can have happened by the end of *day* but need not have."""
    return tuple(each for each in history if span_of(each).has_begun_by(day) and not span_of(each).has_ended_by(day))


def span_of(recorded: Recorded) -> Span:
    """Return the days on which an event can have happened."""
    return parse_span(recorded.event.header.occurred)


class Place(StrEnum):
    """Where something stands to a period."""

    WITHIN = "within"
    NOT_KNOWN = "not_known"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a quarter or a year, with its first and last day."""

    name: str
    first: date
    last: date

    def place(self, span: Span) -> Place:
        """Return whether it lies within the period, outside, or can have happened on either side of its edge."""
        if span.first is not None and span.last is not None and self.first <= span.first and span.last <= self.last:
            return Place.WITHIN
        can_begin = span.first is None or span.first <= self.last
        can_end = span.last is None or span.last >= self.first
        return Place.NOT_KNOWN if can_begin and can_end else Place.OUTSIDE

    @property
    def kind(self) -> str:
        """Month, quarter or year."""
        if "Q" in self.name:
            return "quarter"
        return "month" if "-" in self.name else "year"


def parse_period(text: str) -> Period:
    """Return the period of a text such as 2005-07, 2005-Q3 or 2005.

    Raises:
        PeriodInvalidError: the text is none of the three forms.
    """
    start, _, rest = text.partition("-Q")
    try:
        span = parse_span(f"{start}-{int(rest) * 3 - 2:02}/{start}-{int(rest) * 3:02}") if rest else parse_span(text)
    except (ValueError, FieldInvalidError):
        span = Span(None, None)
    if span.first is not None and span.last is not None:
        for grain in (month, quarter, year):
            if grain(span.first) == grain(span.last) == text:
                return Period(text, span.first, span.last)
    message = f"period is invalid: expected a month, a quarter or a year, found {len(text)} characters"
    raise PeriodInvalidError(message)


def _known_to(
    history: tuple[Recorded, ...], office: Office, at: datetime | None, told: Callable[[Event], Iterable[Hash]]
) -> tuple[Recorded, ...]:
    in_time = [each for each in history if at is None or each.admitted_at <= at]
    own = [each for each in in_time if each.event.header.office == office]
    digests = {digest for each in own for digest in told(each.event)}
    return tuple(each for each in in_time if each.event.header.office == office or each.event.digest in digests)


def _receipts(event: Event) -> Iterable[Hash]:
    digests = event.payload.get("digests") if event.header.type == "EventReceived" else None
    return digests if isinstance(digests, list | tuple) else ()


def _openings(event: Event) -> Iterable[Hash]:
    digest = event.payload.get("digest") if event.header.type == "EventOpened" else None
    # Who acknowledges an event has read it, whether or not the opening was signed as well.
    answered = event.header.cause if event.header.type == "RequestAcknowledged" else None
    return tuple(Hash(each) for each in (digest, answered) if isinstance(each, bytes))


def _leaf(text: str) -> AsOf:
    if not (text.isascii() and text.isdigit() and len(text) <= LEAF_DIGITS_MAX):
        _invalid("leaf: expected a leaf index, from 0")
    return AtLeaf(LeafIndex(int(text)))


def _admitted(text: str) -> AsOf:
    return AdmittedBy(_time(text))


def _received(text: str) -> AsOf:
    return ReceivedBy(*_office_and_time(text))


def _opened(text: str) -> AsOf:
    return OpenedBy(*_office_and_time(text))


def _occurred(text: str) -> AsOf:
    try:
        last = parse_span(text).last
    except FieldInvalidError:
        last = None
    if last is None:
        _invalid("occurred: expected a day, a month or a year, for example 2005-07-31")
    return OccurredBy(last)


def _office_and_time(text: str) -> tuple[Office, datetime | None]:
    name, at, moment = text.partition("@")
    if not is_office(name):
        _invalid("expected an office, for example mm:blo-muse, after received: and opened:")
    return Office(name), _time(moment) if at else None


def _time(text: str) -> datetime:
    try:
        if len(text) == len("2026-11-24"):
            return datetime.combine(date.fromisoformat(text), time.max, UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        _invalid("expected a time in UTC, for example 2026-11-24T10:00Z, or a day")
    return moment.astimezone(UTC)


def _invalid(expectation: str) -> NoReturn:
    message = f"as-of is invalid: {expectation}"
    raise AsOfInvalidError(message)


_READERS: Mapping[str, Callable[[str], AsOf]] = {
    "leaf": _leaf,
    "admitted": _admitted,
    "received": _received,
    "opened": _opened,
    "occurred": _occurred,
}
