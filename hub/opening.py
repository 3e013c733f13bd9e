"""Opening and acknowledging an event: finding it, saying so, decrypting what was sealed to this desk's offices."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from events.codec import decode_sealed
from events.draft import About, Draft
from events.envelope import parse_envelope, read_event
from events.errors import ReadersMismatchError
from events.event import Event
from events.ids import LeafIndex, Office, short
from events.ledger import ADMITTED, parse_entry
from events.plain_forms import CODE
from events.projections.touches import reference_of
from events.sealing import context_of, open_sealed, parse_sealed, sealed_digest
from hub.desk_values import Opened, Receipt
from hub.issuing import Standing
from hub.node import Node
from hub.outbox_errors import NotFound
from hub.store.rows import StoredEntry, Told

ACKNOWLEDGED = UUID("9d5a6a0c-3a0f-5d0e-9b1c-6f1d2b8e7a41")
"""Names of acknowledgements are made from this: acknowledging twice is acknowledging once."""


@dataclass(frozen=True, slots=True)
class Found:
    """An admitted event, and what this desk's offices were told of it, most urgent first."""

    event: Event
    leaf_index: LeafIndex
    told: tuple[Told, ...]
    part: bytes | None

    @property
    def needs_part(self) -> bool:
        """Whether there is a sealed part that is not kept here yet."""
        return self.event.header.sealed is not None and self.part is None


def wanted(node: Node, standing: Standing, text: str) -> Found:
    """Return the event that a text means: an event id, a leaf index, or the beginning of a digest.

    Raises:
        NotFound: it means no event, or several.
    """
    found = [each for each in node.store.find(standing.corridor, text) if each.verdict == ADMITTED]
    if len(found) != 1:
        shown = text if CODE.fullmatch(text) or len(text) == len(str(ACKNOWLEDGED)) else "this"
        message = f"{shown} means {len(found) or 'no'} events of the ledger, expected one"
        raise NotFound(message)
    event = _event(standing, found[0])
    told = node.store.inbox(standing.corridor, node.settings.offices)
    about_it = sorted(
        (each for each in told if each.digest == event.digest), key=lambda each: each.notification.urgency
    )
    return Found(event, found[0].leaf_index, tuple(about_it), _part(node, event))


def opening(node: Node, standing: Standing, found: Found, office: str | None) -> Draft:
    """Return the statement that an office has opened an event."""
    about = About(office=_office(node, standing, found, office), cause=found.event.digest, case_key=_case(found))
    return Draft("EventOpened", {"digest": found.event.digest}, about)


def acknowledgement(node: Node, standing: Standing, found: Found, office: str | None) -> Draft:
    """Return the statement that a person of an office has taken note of an event; the same one each time."""
    who = _office(node, standing, found, office)
    kind, key = reference_of(found.event)
    due = next((each.notification.answer_due_at for each in found.told if each.notification.office == who), None)
    roles = sorted(standing.book.roles(who))
    payload = {"ref_kind": kind, "ref_key": key, "by_role": roles[0] if roles else "unknown", "due_at": due}
    name = uuid5(ACKNOWLEDGED, f"{who} {found.event.digest.hex()}")
    about = About(office=who, cause=found.event.digest, case_key=_case(found), event_id=name)
    return Draft("RequestAcknowledged", payload, about)


def opened(node: Node, standing: Standing, found: Found, receipt: Receipt) -> Opened:
    """Return an event with its sealed part decrypted, by whichever of this desk's offices is a reader.

    Raises:
        SealedPartError: the sealed part is not for this desk, or was changed.
    """
    event, part = found.event, found.part or _part(node, found.event)
    if event.header.sealed is None or part is None:
        return Opened(event, found.leaf_index, None, is_erased=event.header.sealed is not None, receipt=receipt)
    keys = node.issuer.keys.sealing
    key = next((keys[name] for name in event.header.sealed.recipient_keys if name in keys), None)
    if key is None:
        message = f"sealed part of event {event.header.event_id} is not for an office of this desk"
        raise ReadersMismatchError(message)
    content = open_sealed(parse_sealed(part), context_of(event.header), event.header.sealed.key_commitment, key)
    schema = standing.book.schemas.by_name[event.header.type]
    return Opened(event, found.leaf_index, decode_sealed(schema, content), is_erased=False, receipt=receipt)


def _event(standing: Standing, stored: StoredEntry) -> Event:
    entry = parse_entry(stored.raw)
    assert entry is not None, "the read model holds verified entries"
    return read_event(standing.book.schemas, parse_envelope(entry.body).event)[1]


def _part(node: Node, event: Event) -> bytes | None:
    reference = event.header.sealed
    raw = None if reference is None else node.store.sealed(reference.digest)
    if raw is None or reference is None:
        return None
    if sealed_digest(raw) != reference.digest:
        message = f"sealed part of event {event.header.event_id} is {short(sealed_digest(raw))}, not the signed one"
        raise ReadersMismatchError(message)
    return raw


def _office(node: Node, standing: Standing, found: Found, office: str | None) -> Office:
    if office is not None:
        return Office(office)
    if found.told:
        return found.told[0].notification.office
    liaison = (each for each in node.settings.offices if "liaison" in standing.book.roles(each))
    return next(liaison, node.settings.offices[0])


def _case(found: Found) -> str | None:
    return found.event.header.case_key
