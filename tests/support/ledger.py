"""A whole little corridor without Kafka: keys, offices, signed events, and the ledger that admits them.

Everything is made from names and counters, so the same calls give the same bytes. One event a second.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from uuid import UUID

from events.admission import Admitted, Verdict, entry_for, judge
from events.book import Book, with_entry
from events.chain import Link
from events.codec import SchemaSet, released
from events.envelope import parse_envelope, read_event, sign_event, write_event
from events.errors import Reason
from events.event import Event, Handling, Header
from events.founding import Corridor as Founding
from events.founding import Genesis, found, hub_office, root_signed
from events.ids import HUB, Agency, Hash, LeafIndex, Office, Offset, Sequence, agency_of
from events.keyring import AgencyKeys, KeyEntry, OfficeEntry, SignedKeys
from events.ledger import ADMITTED, REFUSED, Entry, Source, entry_bytes
from events.sealing import SealingKey, sealing_key
from events.signing import SigningKey, signing_key
from events.topics import events_topic

RUILI = Office("cn:blo-ruili")
MUSE = Office("mm:blo-muse")
AH_POLICE = Office("cn:ah-police")
ATIPD = Office("mm:atipd")
MPS = Office("cn:mps-cid")
HOME_AFFAIRS = Office("mm:home-affairs")

ROLES: Mapping[Office, str] = {
    AH_POLICE: "police",
    RUILI: "liaison",
    MPS: "coordinator",
    ATIPD: "police",
    MUSE: "liaison",
    HOME_AFFAIRS: "coordinator",
}
"""The six offices of the corridor and what they are."""

FOUNDED_AT = datetime(2026, 11, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Corridor:
    """A corridor and everyone in it. *entries* are the ledger's records in order, *book* is what they fold to."""

    def __init__(self, name: str = "ruili-muse", partition: int = 0) -> None:
        """Make the keys and the first records; `founded` also puts them into the ledger."""
        self.name = name
        self.partition = partition
        self.origin = f"{name}.example/ledger"
        self.hub = hub_office(name)
        self.keys: dict[Office, SigningKey] = {office: self._signing(office) for office in (self.hub, *ROLES)}
        self.sealing: dict[Office, SealingKey] = {
            office: sealing_key(self._seed(office, "encrypt")) for office in ROLES
        }
        self.roots: dict[Agency, SigningKey] = {
            agency: signing_key(self._seed(agency, "root")) for agency in (Agency("cn"), Agency("mm"))
        }
        self.book = Book()
        self.entries: list[bytes] = []
        self.verdicts: list[Verdict] = []
        self._links: dict[tuple[Office, int, int], Link] = {}
        self._signed = 0
        self.genesis = self._genesis()

    @classmethod
    def founded(cls, name: str = "ruili-muse", partition: int = 0) -> "Corridor":
        """Return a corridor with its first entry and all released schemas in force."""
        corridor = cls(name, partition)
        for envelope in corridor.genesis.envelopes:
            corridor.hear(events_topic(HUB), envelope)
        assert tuple(corridor.entries) == corridor.genesis.entries
        return corridor

    def agency_keys(self, agency: Agency, version: int = 1, retired: frozenset[Office] = frozenset()) -> SignedKeys:
        """Return a version of an agency's keys, signed by its root; offices that are *retired* keep none."""
        offices = [office for office in ROLES if agency_of(office) == agency]
        keys = AgencyKeys(
            origin=self.origin,
            agency=agency,
            version=version,
            threshold=1,
            root_keys=(self.roots[agency].public_key,),
            next_root_digests=(),
            offices=tuple(OfficeEntry(office, (ROLES[office],)) for office in offices),
            keys=tuple(key for office in offices if office not in retired for key in self._entries_of(office)),
        )
        return root_signed(keys, (self.roots[agency],))

    def publish_keys(self, retired: Office) -> None:
        """Let an agency publish its second version of keys, in which an office has none any more."""
        agency = agency_of(retired)
        signed = self.agency_keys(agency, version=2, retired=frozenset({retired}))
        signatures = [{"key_id": name, "signature": signature} for name, signature in signed.signatures]
        speaker = next(office for office in ROLES if agency_of(office) == agency and office != retired)
        self.says(speaker, "AgencyKeysPublished", {"keys": {"document": signed.document, "signatures": signatures}})

    def says(self, office: Office, kind: str, payload: Mapping[str, object], **header: object) -> bytes:
        """Sign an event, let the ledger take it, and return its envelope."""
        envelope = self.signed(office, kind, payload, **header)
        self.hear(events_topic(agency_of(office)), envelope)
        return envelope

    def signed(self, office: Office, kind: str, payload: Mapping[str, object], **header: object) -> bytes:
        """Return the envelope of an event in the next place of its office's chain; *header* replaces any field."""
        schema = self._schemas().by_name[kind]
        self._signed += 1
        values = {**self._header(office), "type": kind, "schema_sha256": schema.sha256, **header}
        return sign_event(write_event(schema, Header(**values), payload), self.keys[office])  # type: ignore[arg-type]

    def hear(self, topic: str, raw: bytes) -> Verdict:
        """Give a record of a source topic its ledger entry and return what became of it."""
        source = Source(topic, self.partition, self.book.next_offset(topic, self.partition))
        verdict = judge(self.book, topic, raw, lambda *place: self._links.get(place))
        _, leaf, self.book = entry_for(self.book, source, self._now(), raw, verdict)
        if isinstance(verdict, Admitted):
            header = verdict.event.header
            self._links[header.office, header.epoch, header.sequence] = self.book.head(header.office)
        self.entries.append(leaf)
        self.verdicts.append(verdict)
        return verdict

    def force(self, envelope: bytes, *, skipped: int = 0, at: datetime | None = None) -> None:
        """Admit a record unchecked, as a hub may that lies: with source records left out, and at any time."""
        topic = events_topic(agency_of(self.event_of(envelope).header.office))
        offset = Offset(self.book.next_offset(topic, self.partition) + skipped)
        place = (LeafIndex(self.book.tail.size), self.book.tail.last, Source(topic, self.partition, offset))
        entry = Entry(*place, at or self._now(), ADMITTED, envelope)
        self.entries.append(entry_bytes(entry))
        self.book = with_entry(self.book, entry, self.entries[-1])

    def event_of(self, envelope: bytes) -> Event:
        """Return the event in an envelope."""
        return read_event(self._schemas(), parse_envelope(envelope).event)[1]

    def rival(self, index: int) -> bytes:
        """Return an entry as a late sequencer may write it: for any place, and of another past."""
        source = Source(events_topic(HUB), self.partition, Offset(0))
        past, body = (Hash(sha256(text).digest()) for text in (b"another past", b"nonsense"))
        entry = Entry(LeafIndex(index), past, source, FOUNDED_AT, REFUSED, body, reason=Reason.NOT_AN_ENVELOPE)
        return entry_bytes(entry)

    def _genesis(self) -> Genesis:
        agencies = tuple(self.agency_keys(agency) for agency in self.roots)
        founding = Founding(self.name, self.origin, self.partition, self.name)
        return found(founding, agencies, key=self.keys[self.hub], event_ids=map(_uuid, count(1)), at=FOUNDED_AT)

    def _now(self) -> datetime:
        return FOUNDED_AT + max(0, len(self.entries) - len(self.genesis.envelopes) + 1) * SECOND

    def _header(self, office: Office) -> dict[str, object]:
        head = self.book.head(office)
        return {
            "origin": self.origin,
            "office": office,
            "key_id": self.keys[office].key_id,
            "epoch": head.epoch,
            "sequence": Sequence(head.sequence + 1),
            "previous": head.digest,
            "event_id": UUID(bytes=self._seed(office, f"event {self._signed}")[:16], version=4),
            "issued_at": self._now(),
            "occurred": "2026-11-01",
            "case_key": None,
            "recorded_by_role": ROLES.get(office, "hub"),
            "recipients": (),
            "handling": Handling(),
            "evaluation": None,
            "urgency": "u3_routine",
            "basis": "observed",
            "provenance": "live",
            "cause": None,
            "seen": None,
            "sealed": None,
        }

    def _schemas(self) -> SchemaSet:
        # Also those not published yet: a test may want an event of an unknown type.
        known = self.book.schemas
        for schema in released().by_name.values():
            known = known if schema.prefix in known.by_prefix else known.plus(schema)
        return known

    def _entries_of(self, office: Office) -> tuple[KeyEntry, ...]:
        return (
            KeyEntry(office, "sign", self.keys[office].public_key, 1),
            KeyEntry(office, "encrypt", self.sealing[office].public_key, 0),
        )

    def _signing(self, office: Office) -> SigningKey:
        return signing_key(self._seed(office, "sign"))

    def _seed(self, owner: str, purpose: str) -> bytes:
        return sha256(f"{self.name} {owner} {purpose}".encode()).digest()


def _uuid(number: int) -> UUID:
    return UUID(int=number, version=4)


def lead(key: str = "lead-1", kind: str = "route") -> dict[str, object]:
    """Return the payload of a LeadShared."""
    return {"lead_key": key, "kind": kind, "place_code": None, "protects_source": True}
