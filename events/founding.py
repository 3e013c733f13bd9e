"""How a ledger begins: the founding event, whose leaf hash is the trust anchor, and the schemas in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.admission import Refused, entry_for, judge
from events.book import FOUNDING, NEW_SCHEMA, Book
from events.codec import released
from events.draft import Draft, Stamp, compose, header_of
from events.envelope import EVENT_BYTES_MAX, sign_event
from events.errors import KeyringInvalidError
from events.ids import HUB, Hash, Office, Offset, Sequence
from events.keyring import AgencyKeys, SignedKeys, keys_message, write_keys
from events.ledger import ENTRY_BYTES_MAX, Source
from events.merkle import leaf_hash
from events.signing import SigningKey, sign
from events.topics import events_topic

RULES_VERSION = 1


@dataclass(frozen=True, slots=True)
class Corridor:
    """What a corridor is called: its name, its ledger's name, its partition in every topic, its crossing."""

    name: str
    origin: str
    partition: int
    crossing: str


@dataclass(frozen=True, slots=True)
class Genesis:
    """The first records of a ledger: the founding event and the schemas, as envelopes and as ledger entries.

    *leaf_hash* is that of the first entry: the trust anchor that everyone keeps.
    """

    envelopes: tuple[bytes, ...]
    entries: tuple[bytes, ...]
    leaf_hash: Hash


def hub_office(corridor: str) -> Office:
    """Return the name of the office in whose name the hub of a corridor signs."""
    return Office(f"{HUB}:{corridor}")


def root_signed(keys: AgencyKeys, roots: tuple[SigningKey, ...]) -> SignedKeys:
    """Return an agency's keys signed by its root keys."""
    document = write_keys(keys)
    message = keys_message(document)
    return SignedKeys(document, tuple((root.key_id, sign(root, message)) for root in roots))


def found(
    corridor: Corridor, agencies: tuple[SignedKeys, ...], *, key: SigningKey, event_ids: Iterator[UUID], at: datetime
) -> Genesis:
    """Return the beginning of a corridor's ledger, founded at *at* by the hub's *key*: every released schema included.

    Raises:
        KeyringInvalidError: an agency's keys are not a valid version 1 for this ledger.
    """
    book, envelopes, entries = Book(), list[bytes](), list[bytes]()
    for draft in (_founding(corridor, agencies, key), *_schemas()):
        stamp = _stamp(corridor, key, book, next(event_ids), at)
        schema = book.schemas.by_name[draft.type]
        envelopes.append(sign_event(compose(draft, schema, header_of(draft, schema, stamp)), key))
        leaf, book = _entry(book, corridor, envelopes[-1], at)
        entries.append(leaf)
    return Genesis(tuple(envelopes), tuple(entries), leaf_hash(entries[0]))


def _founding(corridor: Corridor, agencies: tuple[SignedKeys, ...], key: SigningKey) -> Draft:
    payload = {
        "corridor": corridor.name,
        "crossing": corridor.crossing,
        "rules_version": RULES_VERSION,
        "hub_key": key.public_key,
        "event_bytes_max": EVENT_BYTES_MAX,
        "entry_bytes_max": ENTRY_BYTES_MAX,
        "agencies": [_record(signed) for signed in agencies],
    }
    return Draft(FOUNDING, payload)


def _schemas() -> Iterator[Draft]:
    known = Book().schemas.by_name
    missing = (schema for name, schema in released().by_name.items() if name not in known)
    yield from (Draft(NEW_SCHEMA, {"schema": schema.raw}) for schema in missing)


def _entry(book: Book, corridor: Corridor, envelope: bytes, at: datetime) -> tuple[bytes, Book]:
    source = Source(events_topic(HUB), corridor.partition, Offset(book.tail.size))
    verdict = judge(book, source.topic, envelope, lambda *_place: None)
    if isinstance(verdict, Refused):
        raise KeyringInvalidError(verdict.message)
    _, leaf, after = entry_for(book, source, at, envelope, verdict)
    return leaf, after


def _record(signed: SignedKeys) -> dict[str, object]:
    signatures = [{"key_id": name, "signature": signature} for name, signature in signed.signatures]
    return {"document": signed.document, "signatures": signatures}


def _stamp(corridor: Corridor, key: SigningKey, book: Book, event_id: UUID, at: datetime) -> Stamp:
    office = hub_office(corridor.name)
    head = book.head(office)
    return Stamp(
        origin=corridor.origin,
        office=office,
        key_id=key.key_id,
        epoch=head.epoch,
        sequence=Sequence(head.sequence + 1),
        previous=head.digest,
        event_id=event_id,
        issued_at=at,
        role="hub",
        cause=None,
        seen=None,
    )
