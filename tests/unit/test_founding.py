from dataclasses import replace
from itertools import count
from uuid import UUID

import pytest

from events.admission import Admitted, judge
from events.book import FOUNDING, NEW_SCHEMA, Book
from events.codec import released
from events.envelope import parse_envelope, read_event
from events.errors import KeyringInvalidError
from events.founding import Corridor as Named
from events.founding import Genesis, found, hub_office, root_signed
from events.ids import HUB, Agency, Hash, Office
from events.keyring import SignedKeys, read_keys
from events.ledger import accepts, parse_entry
from events.merkle import leaf_hash
from events.reading import verified
from events.signing import signing_key
from events.topics import events_topic
from tests.support.forge import EVIL, as_record, bent, event_bytes, nobody, refusal, signed_for
from tests.support.ledger import FOUNDED_AT, Corridor

CORRIDOR = Corridor()
KEYS = tuple(CORRIDOR.agency_keys(agency) for agency in CORRIDOR.roots)
NAMED = Named("ruili-muse", CORRIDOR.origin, 0, "ruili-muse")
HUB_TOPIC = events_topic(HUB)


def genesis(named: Named = NAMED, agencies: tuple[SignedKeys, ...] = KEYS) -> Genesis:
    ids = (UUID(int=number, version=4) for number in count(1))
    return found(named, agencies, key=CORRIDOR.keys[CORRIDOR.hub], event_ids=ids, at=FOUNDED_AT)


FIRST = genesis().envelopes[0]


def judged(raw: bytes, topic: str = HUB_TOPIC) -> tuple[str, str]:
    return refusal(judge(Book(), topic, raw, nobody))


def founding(office: Office = CORRIDOR.hub, **header: object) -> bytes:
    """Return the founding event with some header fields replaced, signed by the hub."""
    blank = Corridor()
    changes = {"office": office, **header}
    return bent(blank, FIRST, key=CORRIDOR.keys[CORRIDOR.hub], **changes)  # type: ignore[arg-type]


def with_payload(**changes: object) -> bytes:
    """Return the founding event with some fields of its payload replaced."""
    _, event = read_event(released(), event_bytes(FIRST))
    return bent(Corridor(), FIRST, key=CORRIDOR.keys[CORRIDOR.hub], payload={**event.payload, **changes})


def test_the_same_corridor_is_founded_with_the_same_bytes() -> None:
    assert genesis() == genesis()


def test_the_trust_anchor_is_the_leaf_hash_of_the_first_entry() -> None:
    found = genesis()

    assert found.leaf_hash == leaf_hash(found.entries[0])


def test_every_reader_folds_the_genesis_without_objection() -> None:
    book = Book()
    for raw in genesis().entries:
        step = verified(book, raw, nobody)
        assert step is not None
        assert step.objections == ()
        book = step.book

    assert set(book.schemas.by_name) == set(released().by_name)
    assert book.origin == CORRIDOR.origin
    assert book.head(CORRIDOR.hub).sequence == len(genesis().entries)


def test_each_entry_of_the_genesis_continues_the_one_before() -> None:
    book = Book()
    for envelope, raw in zip(genesis().envelopes, genesis().entries, strict=True):
        entry = parse_entry(raw)
        assert entry is not None
        assert accepts(book.tail, entry)
        assert entry.body == envelope
        step = verified(book, raw, nobody)
        assert step is not None
        book = step.book


def test_only_these_two_types_are_known_before_the_founding() -> None:
    assert set(Book().schemas.by_name) == {FOUNDING, NEW_SCHEMA}


def test_another_hub_founds_another_ledger() -> None:
    ids = (UUID(int=number, version=4) for number in count(1))
    other = found(NAMED, KEYS, key=signing_key(b"o" * 32), event_ids=ids, at=FOUNDED_AT)

    assert other.leaf_hash != genesis().leaf_hash


def test_keys_for_another_ledger_do_not_found_this_one() -> None:
    other = replace(NAMED, origin="other.example/ledger")

    with pytest.raises(KeyringInvalidError) as caught:
        genesis(other)

    assert str(caught.value) == "origin: expected other.example/ledger, found ruili-muse.example/ledger"


def test_the_founding_event_is_admitted_first() -> None:
    assert isinstance(judge(Book(), HUB_TOPIC, FIRST, nobody), Admitted)


def test_the_founder_must_hold_the_key_that_it_names() -> None:
    raw = signed_for(event_bytes(FIRST), by=EVIL, named=EVIL.key_id)

    assert judged(raw) == (
        "keyring-invalid",
        f"founding event is signed by {EVIL.key_id.hex()[:12]}, which is not the key it names",
    )


def test_the_founding_signature_must_hold() -> None:
    raw = signed_for(event_bytes(FIRST), by=EVIL, named=parse_envelope(FIRST).key_id)

    assert judged(raw)[0] == "signature-invalid"


def test_an_office_of_an_agency_founds_nothing_even_on_its_own_topic() -> None:
    assert judged(founding(Office("cn:blo-ruili")), events_topic(Agency("cn"))) == (
        "keyring-invalid",
        "cn:blo-ruili is not an office of the hub",
    )


def test_the_hub_founds_on_its_own_topic_only() -> None:
    assert judged(FIRST, events_topic(Agency("cn"))) == (
        "office-mismatch",
        "hub:ruili-muse speaks on liaison.cn.events.v1",
    )


@pytest.mark.parametrize("sequence", [0, 2])
def test_the_founding_event_is_the_first_of_its_chain(sequence: int) -> None:
    assert judged(founding(sequence=sequence)) == (
        "sequence-gap",
        f"chain of hub:ruili-muse has a gap: expected sequence 1, found {sequence}",
    )


def test_the_founding_event_continues_nothing() -> None:
    assert judged(founding(previous=Hash(b"\xab" * 32)))[0] == "previous-mismatch"


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb"])
def test_a_ledger_needs_a_name_that_can_stand_in_a_checkpoint(origin: str) -> None:
    """A ledger without a name would never count as founded, and anyone's next founding event would replace it."""
    assert judged(founding(origin=origin))[0] == "keyring-invalid"


def test_the_keys_of_the_founding_event_are_held_to_the_rules_of_keys() -> None:
    unsigned = SignedKeys(KEYS[0].document, ())

    assert judged(with_payload(agencies=[as_record(unsigned)])) == (
        "keyring-invalid",
        "root signatures of cn version 1: expected 1, found 0",
    )


def test_an_agency_begins_with_version_one() -> None:
    root = CORRIDOR.roots[Agency("cn")]
    second = root_signed(replace(read_keys(KEYS[0].document), version=2), (root,))

    assert judged(with_payload(agencies=[as_record(second)])) == (
        "keyring-invalid",
        "version of cn: expected 1, found 2",
    )


def test_the_hub_cannot_found_a_ledger_with_an_agencys_key() -> None:
    taken = CORRIDOR.keys[Office("cn:blo-ruili")]

    with pytest.raises(KeyringInvalidError, match="a key of cn was used before"):
        found(NAMED, KEYS, key=taken, event_ids=map(UUID, ["00000000-0000-4000-8000-000000000001"]), at=FOUNDED_AT)


def test_the_hubs_office_is_named_after_the_corridor() -> None:
    assert hub_office("ruili-muse") == "hub:ruili-muse"
