"""What admission has to know, folded from the ledger and nothing else.

The book of a corridor at one place of its ledger: the tail, the chains of the offices, where each
source stands, whose keys are in force and which schemas are known. The sequencer, every desk, a replay and
an audit fold the same book from the same entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from immutables import Map

from events.chain import UNSTARTED, Link, link_of
from events.codec import SchemaSet, load_schema, released
from events.errors import KeyringInvalidError, SchemaInvalidError
from events.event import Event
from events.ids import LeafIndex, Office, Offset
from events.keyring import KeyEntry, Keyring, advanced, founded, signed_keys
from events.ledger import EMPTY_TAIL, Entry, Source, Tail, extended

FOUNDING = "CorridorFounded"
NEW_KEYS = "AgencyKeysPublished"
NEW_SCHEMA = "SchemaPublished"

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def _first_schemas() -> SchemaSet:
    known = released().by_name
    return SchemaSet().plus(known[FOUNDING]).plus(known[NEW_SCHEMA])


@dataclass(frozen=True, slots=True)
class Book:
    """The state that decides about the next record of a corridor.

    *sources* maps (topic, partition) to the next offset to account for; *rare* lists the leaves that
    changed keys or schemas, from which these two can be folded again.
    """

    tail: Tail = EMPTY_TAIL
    origin: str = ""
    admitted_at: datetime = LONG_AGO
    sources: Map[tuple[str, int], Offset] = field(default_factory=Map)
    chains: Map[Office, Link] = field(default_factory=Map)
    keyring: Keyring = field(default_factory=Keyring)
    schemas: SchemaSet = field(default_factory=_first_schemas)
    rare: tuple[LeafIndex, ...] = ()

    def head(self, office: Office) -> Link:
        """Return the last admitted event of an office."""
        return self.chains.get(office, UNSTARTED)

    def next_offset(self, topic: str, partition: int) -> Offset:
        """Return the source offset that the next entry of a source must account for."""
        return self.sources.get((topic, partition), Offset(0))

    def roles(self, office: Office) -> frozenset[str]:
        """Return the roles of an office; none if it is not in the directory."""
        return self.keyring.directory.get(office, frozenset())


def with_entry(book: Book, entry: Entry, raw: bytes) -> Book:
    """Return the book after an accepted entry that carries no event: a duplicate or a refusal."""
    # The constructor and not `replace`: this runs for every entry there is.
    return Book(
        extended(book.tail, raw),
        book.origin,
        max(book.admitted_at, entry.admitted_at),
        _accounted(book, entry.source),
        book.chains,
        book.keyring,
        book.schemas,
        book.rare,
    )


def with_event(book: Book, entry: Entry, raw: bytes, event: Event) -> Book:
    """Return the book after an accepted entry that admits *event*.

    Raises:
        KeyringInvalidError, SchemaInvalidError: the event changes keys or schemas in a forbidden way.
    """
    after = effect(book, event)
    return Book(
        extended(book.tail, raw),
        after.origin,
        max(book.admitted_at, entry.admitted_at),
        _accounted(book, entry.source),
        book.chains.set(event.header.office, link_of(event, entry.index)),
        after.keyring,
        after.schemas,
        book.rare if after is book else (*book.rare, entry.index),
    )


def effect(book: Book, event: Event) -> Book:
    """Return the book with the keys or schemas that *event* puts in force; most events put none.

    Raises:
        KeyringInvalidError, SchemaInvalidError: it must not.
    """
    change = _EFFECTS.get(event.header.type)
    return book if change is None else change(book, event)


def _accounted(book: Book, source: Source) -> Map[tuple[str, int], Offset]:
    return book.sources.set((source.topic, source.partition), Offset(source.offset + 1))


def _founded(book: Book, event: Event) -> Book:
    if book.origin:
        # Otherwise the hub alone could replace everyone's keys by founding its ledger once more.
        message = f"ledger {book.origin} is founded already"
        raise KeyringInvalidError(message)
    rows = cast("list[Mapping[str, object]]", event.payload["agencies"])
    hub = KeyEntry(event.header.office, "sign", cast("bytes", event.payload["hub_key"]), 1)
    ring = founded(hub, event.header.origin, tuple(map(signed_keys, rows)))
    return replace(book, origin=event.header.origin, keyring=ring)


def _new_keys(book: Book, event: Event) -> Book:
    signed = signed_keys(cast("Mapping[str, object]", event.payload["keys"]))
    return replace(book, keyring=advanced(book.keyring, book.origin, signed))


def _new_schema(book: Book, event: Event) -> Book:
    schema = load_schema(cast("bytes", event.payload["schema"]))
    if _header_of(schema.parsed) != _header_of(released().by_name[FOUNDING].parsed):
        message = f"schema {schema.name} does not begin with the common header"
        raise SchemaInvalidError(message)
    if schema.name in _EFFECTS and schema.raw != released().by_name[schema.name].raw:
        # Their payloads are read here: with other fields every reader would stop.
        message = f"schema {schema.name} is part of the ledger's rules and cannot be replaced"
        raise SchemaInvalidError(message)
    return replace(book, schemas=book.schemas.plus(schema))


def _header_of(parsed: dict[str, object]) -> object:
    fields = cast("list[dict[str, object]]", parsed["fields"])
    return fields[0] if fields else None


_EFFECTS = {FOUNDING: _founded, NEW_KEYS: _new_keys, NEW_SCHEMA: _new_schema}
