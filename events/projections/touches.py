"""Which event touches which aggregate, as rows: kind, where its key stands, and the signal for its machine.

A type without rows touches nothing, so a new type needs a schema and no more; if it shall move something,
it gets a row here. Payloads may come from later versions of a schema: what is not there touches nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from events.event import Event
from events.ids import Office, agency_of

Keys: TypeAlias = Callable[[Event], Iterable[str]]
Signal: TypeAlias = Callable[[Event], str]
TouchRow: TypeAlias = tuple[str, Keys, Signal]


@dataclass(frozen=True, slots=True)
class Touch:
    """An event concerns the aggregate (kind, key); the signal is what its machine sees."""

    kind: str
    key: str
    signal: str


def touches(event: Event) -> tuple[Touch, ...]:
    """Return the aggregates an event concerns, in the order they are to be changed."""
    rows = ROWS.get(event.header.type)
    if rows is None:
        return ()
    return tuple(Touch(kind, key, signal(event)) for kind, keys, signal in rows for key in keys(event))


def delivery_key(digest: bytes, office: Office) -> str:
    """Return the key of what became of one event at one office."""
    return f"{digest.hex()}:{office}"


def reference_of(event: Event) -> tuple[str, str | None]:
    """Return kind and key under which an acknowledgement refers to an event; unknown and None without one."""
    for kind, name in _REFERENCES:
        key = event.payload.get(name)
        if isinstance(key, str):
            return kind, key
    return "unknown", None


_REFERENCES = (
    ("lead", "lead_key"),
    ("request", "request_key"),
    ("handover", "handover_key"),
    ("return", "person_key"),
    ("evidence", "item_key"),
    ("activity", "activity_key"),
    ("meeting", "meeting_key"),
)


def _one(name: str) -> Keys:
    def keys(event: Event) -> Iterable[str]:
        key = event.payload.get(name)
        return (key,) if isinstance(key, str) else ()

    return keys


def _each(name: str) -> Keys:
    def keys(event: Event) -> Iterable[str]:
        listed = event.payload.get(name)
        return [key for key in listed if isinstance(key, str)] if isinstance(listed, list | tuple) else ()

    return keys


def _only(name: str, value: str, keys: Keys) -> Keys:
    return lambda event: keys(event) if event.payload.get(name) == value else ()


def _case_side(event: Event) -> Iterable[str]:
    header = event.header
    return () if header.case_key is None else (f"{header.case_key}:{agency_of(header.office)}",)


def _deliveries(event: Event) -> Iterable[str]:
    digests = event.payload.get("digests")
    listed = digests if isinstance(digests, list | tuple) else ()
    return [delivery_key(digest, event.header.office) for digest in listed if isinstance(digest, bytes)]


def _opened(event: Event) -> Iterable[str]:
    digest = event.payload.get("digest")
    return (delivery_key(digest, event.header.office),) if isinstance(digest, bytes) else ()


def _acknowledged(event: Event) -> Iterable[str]:
    cause = event.header.cause
    return () if cause is None else (delivery_key(cause, event.header.office),)


def _plain(event: Event) -> str:
    return event.header.type


def _fixed(variant: str) -> Signal:
    return lambda event: f"{event.header.type}:{variant}"


def _by(name: str, prefix: str = "") -> Signal:
    return lambda event: f"{event.header.type}:{prefix}{event.payload.get(name)}"


def _by_delay(event: Event) -> str:
    # Only a question back stops the clock; every other reason is a plea for time.
    reason = "clarification_needed" if event.payload.get("reason") == "clarification_needed" else "more_time"
    return f"{event.header.type}:{reason}"


ROWS: Mapping[str, tuple[TouchRow, ...]] = {
    "LeadShared": (("lead", _one("lead_key"), _plain),),
    "LeadAssessed": (("lead", _one("lead_key"), _by("outcome")),),
    "InformationRequested": (("request", _one("request_key"), _plain),),
    "RequestAcknowledged": (
        ("lead", _only("ref_kind", "lead", _one("ref_key")), _plain),
        ("request", _only("ref_kind", "request", _one("ref_key")), _plain),
        ("delivery", _acknowledged, lambda _: "acknowledged"),
    ),
    "RequestClarified": (("request", _one("request_key"), _plain),),
    "AnswerDelayed": (("request", _one("request_key"), _by_delay),),
    "RequestAnswered": (("request", _one("request_key"), _by("outcome")),),
    "VictimIdentified": (("return", _one("person_key"), _by("status")),),
    "ConsentRecorded": (("return", _only("purpose", "return", _one("person_key")), _by("decision", "return_")),),
    "ReturnProposed": (("return", _one("person_key"), _plain),),
    "ReturnDecided": (("return", _one("person_key"), _by("decision")),),
    "HandoverScheduled": (("return", _each("person_keys"), _plain),),
    "HandoverOffered": (("return", _each("persons"), _plain),),
    "HandoverConfirmed": (
        ("return", _each("received"), _fixed("received")),
        ("return", _each("not_received"), _fixed("not_received")),
        ("return", _each("declined_to_cross"), _fixed("declined_to_cross")),
    ),
    "ReintegrationReported": (("return", _one("person_key"), _by("milestone")),),
    "CaseStageReported": (("case", _case_side, _by("stage")), ("lead", _each("lead_keys"), _plain)),
    "ArrestReported": (("case", _case_side, _plain), ("lead", _each("lead_keys"), _plain)),
    "EvidenceRegistered": (("evidence", _one("item_key"), _plain),),
    "EvidenceSent": (("evidence", _one("item_key"), _plain),),
    "EvidenceReceived": (("evidence", _one("item_key"), _by("condition")),),
    "ActivityPlanned": (("activity", _one("activity_key"), _plain),),
    "ActivityReported": (("activity", _one("activity_key"), _by("status")),),
    "MeetingHeld": (("meeting", _one("meeting_key"), _plain),),
    "EventReceived": (("delivery", _deliveries, lambda _: "received"),),
    "EventOpened": (("delivery", _opened, lambda _: "opened"),),
}
"""The rows by type."""
