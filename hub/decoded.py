"""Ledger entries as people and programs read them: decoded, with their schema and the state of their signature."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from events.admission import authenticated
from events.book import Book
from events.envelope import parse_envelope
from events.errors import AdmissionError
from events.event import Event, Header
from events.ids import short
from events.ledger import ADMITTED, Entry, parse_entry
from events.pack import instant
from events.projections import Json
from events.reading import event_in
from hub.store import StoredEntry


def row_json(found: StoredEntry) -> dict[str, Json]:
    """Return an entry as a row of a list."""
    return {
        "leaf": found.leaf_index,
        "admitted_at": instant(found.admitted_at),
        "verdict": found.verdict,
        "reason": found.reason,
        "office": found.office,
        "epoch": found.epoch,
        "sequence": found.sequence,
        "type": found.type,
        "case_key": found.case_key,
        "event_id": None if found.event_id is None else str(found.event_id),
        "digest": None if found.digest is None else found.digest.hex(),
        "leaf_hash": found.leaf_hash.hex(),
        "source": {
            "topic": found.source.topic,
            "partition": found.source.partition,
            "offset": found.source.offset,
        },
    }


def entry_json(found: StoredEntry, book: Book) -> dict[str, Json]:
    """Return an entry with everything in it; *book* is the newest, which knows all keys and schemas there were."""
    entry = parse_entry(found.raw)
    assert entry is not None, "the read model holds entries only"
    event = event_in(book, entry)
    return {
        **row_json(found),
        "previous": entry.previous.hex(),
        "first_leaf": entry.first_index,
        "body_sha256": None if entry.verdict == ADMITTED else entry.body.hex(),
        "event": None if event is None else event_json(event),
        "schema": None if event is None else _schema(book, event),
        "signature": None if event is None else _signature(book, entry),
    }


def event_json(event: Event) -> dict[str, Json]:
    """Return an event's header and payload; bytes as hex, times as RFC 3339."""
    header = {name: plain(getattr(event.header, name)) for name in Header.__slots__}
    return {"header": header, "payload": plain(event.payload)}


def plain(value: object) -> Json:
    """Return a decoded value as JSON can have it."""
    match value:
        case bytes():
            found: Json = value.hex()
        case datetime():
            found = instant(value)
        case list() | tuple():
            found = [plain(each) for each in value]
        case str() | int() | None:
            found = value
        case UUID():
            found = str(value)
        case _:
            fields = value if isinstance(value, Mapping) else {name: getattr(value, name) for name in _slots(value)}
            found = {str(name): plain(each) for name, each in fields.items()}
    return found


def _slots(value: object) -> tuple[str, ...]:
    return tuple(getattr(type(value), "__slots__", ()))


def _schema(book: Book, event: Event) -> Json:
    known = book.schemas.by_name[event.header.type]
    return {
        "name": event.header.type,
        "sha256": event.header.schema_sha256.hex(),
        "is_newest": known.sha256 == event.header.schema_sha256,
    }


def _signature(book: Book, entry: Entry) -> Json:
    """Return whether the signature holds, checked now, and whether its key is still in force."""
    key_id = parse_envelope(entry.body).key_id
    status = "in force" if key_id in book.keyring.in_force else "retired"
    try:
        authenticated(book, entry.source.topic, entry.body)
    except AdmissionError as error:
        return {"holds": False, "key_id": key_id.hex(), "key": status, "detail": str(error)}
    return {"holds": True, "key_id": key_id.hex(), "key": status, "detail": f"verified with key {short(key_id)}"}
