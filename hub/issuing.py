"""Drafts become signed events: chained, sealed, signed and kept in one transaction of the outbox.

What admission would refuse is refused here, before anything is signed: wrong fields, wrong sizes, an office
that may not say it, a chain that is not ours to continue.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from events.book import Book
from events.chain import Link
from events.codec import Schema
from events.draft import Draft, Stamp, compose, header_of
from events.envelope import parse_envelope
from events.errors import OfficeNotAuthorisedError
from events.event import Header, SeenCheckpoint
from events.forms import FormError
from events.ids import Hash, KeyId, LeafIndex, Office, TreeSize, agency_of
from events.ids import Sequence as ChainSequence
from events.plain_forms import CODE
from events.routing import may_say
from events.sealing import SealingKey
from events.signing import SigningKey, event_digest
from events.topics import events_topic
from hub.chain_head import agreed_head
from hub.outbox import Outbox
from hub.outbox_errors import LedgerNotRead, NoSigningKey
from hub.outbox_rows import New
from hub.ports import Clock
from hub.repetition import Prior, require_same
from hub.sealer import Sealer
from hub.signer import signed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys of this node's offices, by key id."""

    signing: Mapping[KeyId, SigningKey] = field(repr=False)
    sealing: Mapping[KeyId, SealingKey] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """What this node knows of a corridor's ledger; *is_current*: it has been read to its end since the start."""

    corridor: int
    book: Book
    is_current: bool


Admitted: TypeAlias = Callable[[UUID], Prior | None]
"""Finds an admitted event by its id."""


def nothing_admitted(_event_id: UUID) -> None:
    """Find nothing: for offices that answer nothing and never say a thing twice."""


class Issuer:
    """Signs in the names of this node's offices."""

    def __init__(self, outbox: Outbox, keys: Keys, now: Clock, draw: Callable[[int], bytes]) -> None:
        """Sign with *keys*; *draw* returns so many random bytes."""
        self._outbox = outbox
        self._keys = keys
        self._now = now
        self._draw = draw
        self._sealer = Sealer(draw)

    def issue(
        self, standing: Standing, drafts: Sequence[Draft], admitted: Admitted = nothing_admitted
    ) -> tuple[str, ...]:
        """Return the ids of the events that drafts became, all on disk: every one of them, or none.

        A draft whose *event_id* was used before for the same content becomes no second event. The last element of an
        event's path in an error is its place in *drafts*, if there is more than one.

        Raises:
            FormError, AdmissionError, SealedPartError: a draft is wrong.
            SaidOtherwise: an event id stands for other content.
            NoSigningKey, NoReader, LedgerNotRead, ChainWentOn, OutboxBusy, OutboxUnwritable: see their hints.
        """
        if not standing.book.origin:
            message = "ledger is not known yet"
            raise LedgerNotRead(message)
        with self._outbox.writing():
            page = _Page(self, standing, admitted)
            found = tuple(page.take(draft, f"[{at}]" if len(drafts) > 1 else "") for at, draft in enumerate(drafts))
            page.close()
            if standing.is_current:
                self._outbox.make_familiar()
        return found

    @property
    def outbox(self) -> Outbox:
        """Where events are kept."""
        return self._outbox

    @property
    def keys(self) -> Keys:
        """The private keys."""
        return self._keys

    @property
    def sealer(self) -> Sealer:
        """What encrypts."""
        return self._sealer

    def now(self) -> datetime:
        """Return the time of day."""
        return self._now()

    def new_id(self) -> UUID:
        """Return a random event id."""
        return UUID(bytes=self._draw(UUID_BYTES), version=4)


class _Pen:
    """One office's key, and where its chain goes on; moves with every event."""

    __slots__ = ("head", "key", "office", "role", "topic")

    def __init__(self, office: Office, key: SigningKey, head: Link, role: str) -> None:
        self.office = office
        self.key = key
        self.head = head
        self.role = role
        self.topic = events_topic(agency_of(office))


class _Page:
    """What one transaction adds to the outbox."""

    def __init__(self, issuer: Issuer, standing: Standing, admitted: Admitted) -> None:
        self._issuer = issuer
        self._standing = standing
        self._admitted = admitted
        self._pens: dict[Office, _Pen] = {}
        self._by_id: dict[str, Prior] = {}
        self._issued_at = issuer.now()
        self._at = (self._issued_at - EPOCH) // MICROSECOND
        self._seen = _seen(standing.book)
        self._unsigned: list[tuple[bytes, SigningKey]] = []
        self._rows: list[New] = []

    def take(self, draft: Draft, path: str) -> str:
        try:
            return self._take(draft)
        except FormError as error:
            raise (error.under(path) if path else error) from None

    def _take(self, draft: Draft) -> str:
        schema = self._schema(draft)
        cause = self._cause(draft)
        pen = self._pen(draft)
        prior = self._same_name(draft, pen.office)
        if prior is not None:
            require_same(prior, draft, schema, (cause, self._standing.book.schemas, self._issuer.keys.sealing))
            return str(draft.about.event_id)
        self._require_right(draft, pen.office)
        return self._compose(draft, schema, pen, cause)

    def close(self) -> None:
        envelopes = signed(self._unsigned)
        rows = [row._replace(envelope=envelope) for row, envelope in zip(self._rows, envelopes, strict=True)]
        self._issuer.outbox.add(rows)
        for pen in self._pens.values():
            self._issuer.outbox.set_head(self._standing.corridor, pen.office, pen.head)

    def _compose(self, draft: Draft, schema: Schema, pen: _Pen, cause: Hash | None) -> str:
        header = header_of(draft, schema, self._stamp(draft, pen, cause))
        part = None
        if draft.sealed is not None:
            header, part = self._issuer.sealer.sealed(self._standing.book, draft, schema, header)
        event = compose(draft, schema, header)
        # The digest is of what is signed, not of the signature: the chain goes on before anything is signed.
        pen.head = Link(header.epoch, header.sequence, event_digest(event), LeafIndex(-1))
        self._unsigned.append((event, pen.key))
        self._rows.append(self._row(pen, header, part))
        event_id = str(header.event_id)
        if draft.about.event_id is not None:
            self._by_id[event_id] = Prior(event, pen.office, part)
        return event_id

    def _row(self, pen: _Pen, header: Header, part: bytes | None) -> New:
        return New(
            self._standing.corridor,
            pen.office,
            header.epoch,
            header.sequence,
            pen.head.digest,
            str(header.event_id),
            header.type,
            pen.topic,
            self._at,
            b"",
            part,
            None if header.sealed is None else header.sealed.digest,
        )

    def _stamp(self, draft: Draft, pen: _Pen, cause: Hash | None) -> Stamp:
        head = pen.head
        return Stamp(
            origin=self._standing.book.origin,
            office=pen.office,
            key_id=pen.key.key_id,
            epoch=head.epoch,
            sequence=ChainSequence(head.sequence + 1),
            previous=head.digest,
            event_id=draft.about.event_id or self._issuer.new_id(),
            issued_at=self._issued_at,
            role=pen.role,
            cause=cause,
            seen=self._seen,
        )

    def _schema(self, draft: Draft) -> Schema:
        found = self._standing.book.schemas.by_name.get(draft.type)
        if found is None:
            shown = draft.type if CODE.fullmatch(draft.type) else "another"
            known = ", ".join(sorted(self._standing.book.schemas.by_name))
            raise FormError(expected=f"one of {known}", found=shown, path="type")
        return found

    def _same_name(self, draft: Draft, office: Office) -> Prior | None:
        """Return the event that this office signed under the draft's own id; what others call theirs is no matter."""
        wanted = draft.about.event_id
        prior = None if wanted is None else self._prior(wanted)
        return prior if prior is not None and prior.office == office else None

    def _prior(self, event_id: UUID) -> Prior | None:
        here = self._by_id.get(str(event_id))
        found = None if here is not None else self._issuer.outbox.by_event_id(str(event_id))
        if found is None:
            return here or self._admitted(event_id)
        return Prior(parse_envelope(found.envelope).event, found.office, found.sealed)

    def _cause(self, draft: Draft) -> Hash | None:
        cause = draft.about.cause
        if not isinstance(cause, UUID):
            return None if cause is None else Hash(cause)
        prior = self._prior(cause)
        if prior is None:
            raise FormError(expected="an event that this node knows", found="none with this id", path="cause")
        return prior.digest

    def _pen(self, draft: Draft) -> _Pen:
        office = Office(draft.about.office or self._only_office())
        pen = self._pens.get(office)
        if pen is None:
            pen = self._pens[office] = self._new_pen(office)
        return pen

    def _only_office(self) -> str:
        entries = (self._standing.book.keyring.in_force.get(name) for name in self._issuer.keys.signing)
        offices = sorted({entry.office for entry in entries if entry is not None})
        if len(offices) != 1:
            known = ", ".join(offices) or "none with a key in force"
            raise FormError(expected=f"one of {known}", found="nothing", path="office")
        return offices[0]

    def _new_pen(self, office: Office) -> _Pen:
        ring = self._standing.book.keyring
        found = [key for key in ring.in_force.values() if key.office == office and key.purpose == "sign"]
        ours = [key for key in found if key.key_id in self._issuer.keys.signing]
        if not ours:
            which = f"its {len(found)} keys in force are elsewhere" if found else "it has no key in force"
            message = f"cannot sign for {office if CODE.fullmatch(office) else 'this office'}: {which}"
            raise NoSigningKey(message)
        newest = max(ours, key=lambda key: key.epoch)
        head = agreed_head(self._issuer.outbox, self._standing, office, newest.epoch)
        return _Pen(office, self._issuer.keys.signing[newest.key_id], head, self._first_role(office))

    def _first_role(self, office: Office) -> str:
        agency = self._standing.book.keyring.agencies.get(agency_of(office))
        entries = agency.offices if agency is not None else ()
        roles = next((entry.roles for entry in entries if entry.office == office), ())
        return roles[0] if roles else "unknown"

    def _require_right(self, draft: Draft, office: Office) -> None:
        if not may_say(draft.type, self._standing.book.roles(office)):
            message = f"{office} may not issue {draft.type}"
            raise OfficeNotAuthorisedError(message)


def _seen(book: Book) -> SeenCheckpoint | None:
    # This node folded the tree itself: a lower bound in time, and gossip against a split ledger.
    size = TreeSize(book.tail.size)
    return SeenCheckpoint(size, book.tail.frontier.root()) if size else None
