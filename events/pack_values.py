"""Small values that the tables of a pack are made of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from events.count import Count, bounds_of
from events.event import Event, Recorded
from events.projections import NOT_EVALUATED, Json
from events.replay import Period, Place, span_of

Row: TypeAlias = "dict[str, Json]"


@dataclass(frozen=True, slots=True)
class Placed:
    """An event and where it stands to the period."""

    recorded: Recorded
    place: Place

    @property
    def event(self) -> Event:
        """The event itself."""
        return self.recorded.event


def placed(history: Iterable[Recorded], period: Period) -> tuple[Placed, ...]:
    """Return every event with its place."""
    return tuple(Placed(each, period.place(span_of(each))) for each in history)


def in_pack(events: Iterable[Placed], *kinds: str) -> Iterator[Placed]:
    """Yield the events of some types that belong or may belong to the period; of every type if none is named."""
    return (
        each for each in events if each.place is not Place.OUTSIDE and (not kinds or each.event.header.type in kinds)
    )


def about(each: Placed) -> Row:
    """Return what every row says of the event it comes from."""
    header = each.event.header
    return {
        "leaf": each.recorded.leaf_index,
        "office": header.office,
        "case_key": header.case_key,
        "occurred": header.occurred,
        "place": each.place.value,
        "basis": header.basis,
        "provenance": header.provenance,
        "safeguards": NOT_EVALUATED if header.is_backfilled else None,
    }


def provenance(group: Iterable[Placed]) -> str:
    """Return ``backfilled`` if any of the events is, else ``live``."""
    return "backfilled" if any(each.event.header.is_backfilled for each in group) else "live"


def count_json(count: Count) -> Json:
    """Return a count as ``{"min", "max"}``."""
    return {"min": count.min, "max": count.max}


def optional_count(value: object) -> Json:
    """Return the count in a payload field, or None for an absent one."""
    return None if value is None else count_json(bounds_of(value))


def text(event: Event, name: str) -> str:
    """Return a payload field that must be a text, empty for anything else."""
    value = event.payload.get(name)
    return value if isinstance(value, str) else ""


def optional(event: Event, name: str) -> str | None:
    """Return a payload field that can be a text."""
    return text(event, name) or None


def integer(value: object) -> int:
    """Return a whole number, 0 for anything else."""
    return value if isinstance(value, int) else 0


def texts(each: Placed | None, name: str) -> list[str]:
    """Return the texts in a payload field that is a list; none without an event."""
    value = None if each is None else each.event.payload.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def records(value: object) -> Iterator[Mapping[str, object]]:
    """Yield the records in a payload field that is a list."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list | tuple) else iter(())


def title(value: object) -> Json:
    """Return a title's languages, those it exists in."""
    found = value if isinstance(value, Mapping) else {}
    return {str(language): words for language, words in found.items() if isinstance(words, str)}
