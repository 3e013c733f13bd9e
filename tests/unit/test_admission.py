import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pytest

from events.admission import Admitted, Duplicate, Refused, entry_for, judge
from events.book import Book
from events.codec import MARKER
from events.envelope import ENVELOPE_BYTES_MAX, EVENT_BYTES_MAX, sign_event
from events.errors import HINTS, Reason
from events.event import Evaluation
from events.ids import HUB, NO_HASH, Agency, Hash, LeafIndex, Office, Sequence, short
from events.ledger import DUPLICATE, ENTRY_BYTES_MAX, REFUSED, Source, parse_entry
from events.topics import events_topic
from tests.support.forge import (
    EVIL,
    admitted,
    as_payload,
    bent,
    event_bytes,
    forged_entry,
    fresh,
    judged,
    next_keys,
    nobody,
    refusal,
    sealed_in,
    signed_for,
    topic_of,
)
from tests.support.ledger import AH_POLICE, FOUNDED_AT, MUSE, RUILI, SECOND, Corridor, lead

CN, MM = Agency("cn"), Agency("mm")


@dataclass(frozen=True, slots=True)
class Told:
    """A corridor in which Ruili has said one thing, and the envelope of a second."""

    corridor: Corridor
    first: bytes
    second: bytes


@pytest.fixture
def told() -> Told:
    corridor = fresh()
    first = corridor.says(RUILI, "LeadShared", lead("lead-1"))
    return Told(corridor, first, corridor.signed(RUILI, "LeadShared", lead("lead-2")))


def said(
    kind: str = "LeadShared", payload: dict[str, object] | None = None, /, **header: object
) -> Callable[[Told], bytes]:
    """Return what signs an event of Ruili's with some header fields replaced."""
    return lambda told: told.corridor.signed(RUILI, kind, payload or lead("lead-2"), **header)


def event(change: Callable[[bytes], bytes]) -> Callable[[Told], bytes]:
    """Return what changes the second event's bytes and signs them again with the right key."""
    return lambda told: sign_event(change(event_bytes(told.second)), told.corridor.keys[RUILI])


REFUSALS: list[tuple[Reason, Callable[[Told], bytes], str]] = [
    (
        Reason.TOO_LARGE,
        lambda _: bytes(ENVELOPE_BYTES_MAX + 1),
        "record is too large: expected at most 49280 bytes, found 49281",
    ),
    (
        Reason.TOO_LARGE,
        lambda _: sealed_in(bytes(EVENT_BYTES_MAX + 1), EVIL.key_id, bytes(64)),
        "event is too large: expected at most 49152 bytes, found 49153",
    ),
    (Reason.NOT_AN_ENVELOPE, lambda _: b"", "record of 0 bytes is not an envelope: .*"),
    (Reason.NOT_AN_ENVELOPE, lambda told: told.second[:-1], "record of [0-9]+ bytes is not an envelope: .*"),
    (Reason.NOT_AN_ENVELOPE, lambda told: event_bytes(told.second), "record of [0-9]+ bytes is not an envelope: .*"),
    (Reason.NOT_AN_EVENT, event(lambda _: b"no"), "event does not begin with the Avro marker c301, found 6e6f"),
    (Reason.NOT_AN_EVENT, event(lambda _: b""), "event does not begin with the Avro marker c301, found nothing"),
    (Reason.NOT_AN_EVENT, event(lambda raw: raw[:-1]), "bytes are not a LeadShared: EOFError"),
    (Reason.NOT_CANONICAL, event(lambda raw: raw + b"\0"), "bytes of LeadShared are not in canonical form"),
    (
        Reason.SCHEMA_UNKNOWN,
        event(lambda _: MARKER + b"\x01\x02\x03\x04\x05\x06\x07\x08"),
        "no schema with fingerprint 0102030405060708 is in force",
    ),
    (
        Reason.HEADER_MISMATCH,
        said(type="ArrestReported"),
        "header names ArrestReported with schema ([0-9a-f]{12}), the bytes are LeadShared with schema \\1",
    ),
    (
        Reason.HEADER_MISMATCH,
        said(schema_sha256=NO_HASH),
        "header names LeadShared with schema 0{12}, the bytes are LeadShared with schema (?!0{12})[0-9a-f]{12}",
    ),
    (
        Reason.HEADER_MISMATCH,
        said(key_id=EVIL.key_id),
        f"header names key {short(EVIL.key_id)}, the envelope [0-9a-f]{{12}}",
    ),
    (
        Reason.ORIGIN_MISMATCH,
        said(origin="test.example/ledger"),
        "event is for ledger test.example/ledger, expected ruili-muse.example/ledger",
    ),
    (
        Reason.KEY_UNKNOWN,
        lambda told: sign_event(event_bytes(told.second), EVIL),
        f"key {short(EVIL.key_id)} is not enrolled",
    ),
    (
        Reason.KEY_NOT_IN_FORCE,
        lambda told: sealed_in(event_bytes(told.second), told.corridor.sealing[RUILI].key_id, bytes(64)),
        "key [0-9a-f]{12} of cn:blo-ruili is for encrypt, expected sign",
    ),
    (
        Reason.SIGNATURE_INVALID,
        lambda told: signed_for(event_bytes(told.second), by=EVIL, named=told.corridor.keys[RUILI].key_id),
        "signature does not verify with key [0-9a-f]{12}",
    ),
    (
        Reason.OFFICE_MISMATCH,
        lambda told: bent(told.corridor, told.second, office=AH_POLICE, key=told.corridor.keys[RUILI]),
        "key of cn:blo-ruili epoch 1 signed for cn:ah-police epoch 1",
    ),
    (Reason.OFFICE_MISMATCH, said(epoch=2), "key of cn:blo-ruili epoch 1 signed for cn:blo-ruili epoch 2"),
    (
        Reason.OFFICE_MISMATCH,
        lambda told: told.corridor.signed(MUSE, "LeadShared", lead()),
        "mm:blo-muse speaks on liaison.cn.events.v1",
    ),
    (
        Reason.OFFICE_NOT_AUTHORISED,
        said("SchemaPublished", {"schema": b"{}"}),
        "cn:blo-ruili may not issue SchemaPublished",
    ),
    (
        Reason.SEQUENCE_GAP,
        said(sequence=Sequence(44)),
        "chain of cn:blo-ruili has a gap: expected sequence 2, found 44",
    ),
    (
        Reason.SEQUENCE_FORK,
        lambda told: bent(told.corridor, told.first, payload=lead("another story")),
        "chain of cn:blo-ruili forks at sequence 1: admitted ([0-9a-f]{12}), found (?!\\1)[0-9a-f]{12}",
    ),
    (
        Reason.PREVIOUS_MISMATCH,
        said(previous=Hash(b"\xab" * 32)),
        "event 2 of cn:blo-ruili continues abababababab, expected (?!ab)[0-9a-f]{12}",
    ),
    (
        Reason.PREVIOUS_MISMATCH,
        said(sequence=Sequence(0)),
        "event 0 of cn:blo-ruili epoch 1 has no place before event 1 of epoch 1",
    ),
    (
        Reason.FIELD_INVALID,
        said(occurred="last summer"),
        "occurred is not a date: expected EDTF such as 2005-07 or unknown, found 11 characters",
    ),
    (
        Reason.FIELD_INVALID,
        said(case_key="Case 1"),
        "header field case_key is invalid: expected lower-case letters, digits and hyphens, at most 64",
    ),
    (
        Reason.FIELD_INVALID,
        said(recipients=(Office("mm:b"), Office("mm:a"))),
        "header field recipients is invalid: expected sorted, no duplicates, at most 32",
    ),
    (
        Reason.FIELD_INVALID,
        said(recipients=(Office("mm:a"), Office("mm:a"))),
        "header field recipients is invalid: expected sorted, no duplicates, at most 32",
    ),
    (
        Reason.FIELD_INVALID,
        said(recipients=tuple(Office(f"mm:o-{number:02}") for number in range(33))),
        "header field recipients is invalid: expected sorted, no duplicates, at most 32",
    ),
    (
        Reason.FIELD_INVALID,
        said(recipients=(Office("Muse"),)),
        "header field recipients is invalid: expected names of offices, <agency>:<office>",
    ),
    (
        Reason.FIELD_INVALID,
        said(evaluation=Evaluation("a", 5)),
        "header field evaluation.information_code is invalid: expected 0 to 4",
    ),
    (
        Reason.KEYRING_INVALID,
        lambda told: told.corridor.signed(
            RUILI, "AgencyKeysPublished", as_payload(next_keys(told.corridor, CN, version=3))
        ),
        "version of cn: expected 2, found 3",
    ),
]


@pytest.mark.parametrize(("reason", "made", "message"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_a_refusal_gives_its_reason_and_the_right_numbers(
    told: Told, reason: Reason, made: Callable[[Told], bytes], message: str
) -> None:
    found = refusal(judge(told.corridor.book, events_topic(CN), made(told), nobody))

    assert found[0] == reason
    assert re.fullmatch(message, found[1]), found[1]


def test_a_schema_that_does_not_parse_is_refused(told: Told) -> None:
    raw = told.corridor.signed(told.corridor.hub, "SchemaPublished", {"schema": b"not JSON"})

    found = refusal(judged(told.corridor, told.corridor.hub, raw))

    assert found == ("schema-invalid", "schema is not a valid Avro record: JSONDecodeError")


def test_nothing_is_admitted_before_the_founding_event() -> None:
    corridor = Corridor()

    found = refusal(judge(Book(), events_topic(HUB), corridor.genesis.envelopes[1], nobody))

    assert found == ("not-founded", "first entry is a SchemaPublished, expected CorridorFounded")


def test_every_reason_is_reached_by_a_test_above_and_has_a_hint() -> None:
    reached = {row[0] for row in REFUSALS} | {Reason.SCHEMA_INVALID, Reason.NOT_FOUNDED}

    assert reached == set(Reason)
    assert {reason for reason in Reason if HINTS.get(reason)} == set(Reason)


def test_the_next_event_of_a_chain_is_admitted(told: Told) -> None:
    event = admitted(judged(told.corridor, RUILI, told.second))

    assert (event.header.office, event.header.sequence) == (RUILI, 2)


def test_a_long_chain_of_refusals_does_not_move_the_chain(told: Told) -> None:
    for _ in range(3):
        told.corridor.hear(topic_of(RUILI), told.second[:-1])

    assert isinstance(told.corridor.hear(topic_of(RUILI), told.second), Admitted)


def test_an_event_that_comes_again_is_a_duplicate_of_its_first_leaf(told: Told) -> None:
    at = LeafIndex(len(told.corridor.entries) - 1)
    told.corridor.hear(topic_of(RUILI), told.second)

    found = [told.corridor.hear(topic_of(RUILI), raw) for raw in (told.first, told.second, told.first)]

    assert found == [Duplicate(at), Duplicate(LeafIndex(at + 1)), Duplicate(at)]


def test_a_duplicate_is_still_a_duplicate_after_its_key_was_retired(told: Told) -> None:
    at = LeafIndex(len(told.corridor.entries) - 1)
    retired = told.corridor.agency_keys(CN, 2, frozenset({RUILI}))
    told.corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(retired))

    assert told.corridor.hear(topic_of(RUILI), told.first) == Duplicate(at)


def test_a_place_before_the_head_that_was_never_filled_is_no_fork(told: Told) -> None:
    """Saying "fork" would accuse an office of telling two stories: it told one, in a place that does not exist."""
    raw = told.corridor.signed(RUILI, "LeadShared", lead(), sequence=Sequence(-7))

    found = refusal(told.corridor.hear(topic_of(RUILI), raw))

    assert found == (
        "previous-mismatch",
        "event -7 of cn:blo-ruili epoch 1 has no place before event 1 of epoch 1",
    )


def test_what_an_issuer_claims_about_time_decides_nothing(told: Told) -> None:
    for year in (1970, 2099):
        claimed = FOUNDED_AT.replace(year=year)
        admitted(judged(told.corridor, RUILI, told.corridor.signed(RUILI, "LeadShared", lead(), issued_at=claimed)))


def test_the_time_of_admission_never_goes_back(told: Told) -> None:
    verdict = judged(told.corridor, RUILI, told.second)
    source = Source(topic_of(RUILI), 0, told.corridor.book.next_offset(topic_of(RUILI), 0))

    entry, _, after = entry_for(told.corridor.book, source, FOUNDED_AT - 3600 * SECOND, told.second, verdict)

    assert entry.admitted_at == after.admitted_at == told.corridor.book.admitted_at


@pytest.mark.parametrize("size", [EVENT_BYTES_MAX - 1, EVENT_BYTES_MAX])
def test_the_largest_event_fits_into_an_entry_and_one_byte_more_is_refused(told: Told, size: int) -> None:
    short_one = event_bytes(told.corridor.signed(RUILI, "LeadShared", lead("x" * 40_000)))
    key = "x" * (40_000 + size - len(short_one))

    raw = told.corridor.signed(RUILI, "LeadShared", lead(key))

    assert len(event_bytes(raw)) == size
    assert isinstance(told.corridor.hear(topic_of(RUILI), raw), Admitted)
    assert len(told.corridor.entries[-1]) < ENTRY_BYTES_MAX


def test_a_refused_record_leaves_its_reason_and_its_hash_in_the_ledger(told: Told) -> None:
    told.corridor.hear(topic_of(RUILI), b"nonsense")

    entry = parse_entry(told.corridor.entries[-1])

    assert entry is not None
    assert (entry.verdict, entry.reason, entry.first_index) == (REFUSED, "not-an-envelope", None)
    assert entry.body == sha256(b"nonsense").digest()


def test_a_duplicate_leaves_the_first_leaf_and_its_hash_in_the_ledger(told: Told) -> None:
    at = len(told.corridor.entries) - 1
    told.corridor.hear(topic_of(RUILI), told.first)

    entry = parse_entry(told.corridor.entries[-1])

    assert entry is not None
    assert (entry.verdict, entry.reason, entry.first_index) == (DUPLICATE, None, at)
    assert entry.body == sha256(told.first).digest()


def test_an_entry_at_the_limit_of_a_bundle_is_written_and_one_byte_more_is_not(told: Told) -> None:
    body = bytes(ENTRY_BYTES_MAX - len(forged_entry(told.corridor, topic_of(RUILI), body=bytes(50_000))) + 50_000)

    assert len(forged_entry(told.corridor, topic_of(RUILI), body=body)) == ENTRY_BYTES_MAX
    with pytest.raises(Exception, match="expected at most 65535 bytes, found 65536"):
        forged_entry(told.corridor, topic_of(RUILI), body=body + b"\0")


def test_a_refusal_is_a_value_and_never_an_error(told: Told) -> None:
    assert isinstance(judge(told.corridor.book, "no topic of ours", told.second, nobody), Refused)
