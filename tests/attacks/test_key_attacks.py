"""Keys are stolen, revoked, reused; validity is decided by the place in the ledger and never by a clock."""

from dataclasses import replace
from datetime import timedelta

import pytest

from events.admission import Admitted, Duplicate
from events.envelope import sign_event
from events.founding import root_signed
from events.ids import Agency, Office
from events.keyring import KeyEntry, OfficeEntry
from events.reading import verified
from events.signing import SigningKey, signing_key
from tests.support.forge import (
    EVIL,
    admitted,
    as_payload,
    as_record,
    bent,
    event_bytes,
    forged_entry,
    fresh,
    judged,
    keys_now,
    next_keys,
    nobody,
    refusal,
    topic_of,
)
from tests.support.ledger import AH_POLICE, FOUNDED_AT, MUSE, RUILI, Corridor, lead

CN, MM = Agency("cn"), Agency("mm")
NEW = signing_key(b"n" * 32)


@pytest.fixture
def corridor() -> Corridor:
    return fresh()


def signing(key: SigningKey, *, office: Office = RUILI, epoch: int = 1) -> KeyEntry:
    return KeyEntry(office, "sign", key.public_key, epoch)


def replacing(corridor: Corridor, *keys: KeyEntry) -> tuple[KeyEntry, ...]:
    """Return the agency's keys with Ruili's signing key replaced."""
    return (*(key for key in keys_now(corridor, CN).keys if (key.office, key.purpose) != (RUILI, "sign")), *keys)


def rotated(corridor: Corridor, key: SigningKey = NEW, epoch: int = 1) -> None:
    """Put a new signing key of Ruili in force."""
    signed = next_keys(corridor, CN, keys=replacing(corridor, signing(key, epoch=epoch)))
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(signed))


def reason(corridor: Corridor, raw: bytes, office: Office = RUILI) -> tuple[str, str]:
    return refusal(judged(corridor, office, raw))


def with_new_key(corridor: Corridor, **header: object) -> bytes:
    """Return Ruili's next event, signed with its new key."""
    raw = corridor.signed(RUILI, "LeadShared", lead(), **header)
    return bent(corridor, raw, key=NEW, key_id=NEW.key_id)


def test_a_key_counts_from_the_leaf_after_the_one_that_publishes_it(corridor: Corridor) -> None:
    early = with_new_key(corridor)
    assert reason(corridor, early) == ("key-unknown", f"key {NEW.key_id.hex()[:12]} is not enrolled")

    rotated(corridor)

    admitted(judged(corridor, RUILI, early))


def test_the_event_that_publishes_a_key_cannot_be_signed_with_it(corridor: Corridor) -> None:
    signed = next_keys(corridor, CN, keys=replacing(corridor, signing(NEW)))
    raw = corridor.signed(RUILI, "AgencyKeysPublished", as_payload(signed))

    assert reason(corridor, bent(corridor, raw, key=NEW, key_id=NEW.key_id))[0] == "key-unknown"


def test_a_revoked_key_is_good_up_to_the_leaf_that_revokes_it_and_not_after(corridor: Corridor) -> None:
    before = corridor.signed(RUILI, "LeadShared", lead("before"))
    assert isinstance(corridor.hear(topic_of(RUILI), before), Admitted)

    revoking = as_payload(next_keys(corridor, CN, keys=replacing(corridor, signing(NEW))))
    itself = corridor.hear(topic_of(RUILI), corridor.signed(RUILI, "AgencyKeysPublished", revoking))
    after = reason(corridor, corridor.signed(RUILI, "LeadShared", lead("after")))

    assert isinstance(itself, Admitted)
    assert after == (
        "key-not-in-force",
        f"key {corridor.keys[RUILI].key_id.hex()[:12]} of cn:blo-ruili was retired",
    )


def test_backdating_does_not_bring_a_revoked_key_back(corridor: Corridor) -> None:
    rotated(corridor)

    raw = corridor.signed(RUILI, "LeadShared", lead(), issued_at=FOUNDED_AT - timedelta(days=365))

    assert reason(corridor, raw)[0] == "key-not-in-force"


def test_what_a_key_signed_before_it_was_revoked_stays_in_the_ledger(corridor: Corridor) -> None:
    raw = corridor.says(RUILI, "LeadShared", lead())
    rotated(corridor)

    assert isinstance(corridor.hear(topic_of(RUILI), raw), Duplicate)


def test_a_new_key_of_the_same_epoch_goes_on_with_the_chain(corridor: Corridor) -> None:
    corridor.says(RUILI, "LeadShared", lead())
    rotated(corridor)

    assert admitted(judged(corridor, RUILI, with_new_key(corridor))).header.sequence == 2


def test_a_new_epoch_begins_at_one_and_names_the_last_event_of_the_old_one(corridor: Corridor) -> None:
    corridor.says(RUILI, "LeadShared", lead())
    rotated(corridor, epoch=2)

    wrong = reason(corridor, with_new_key(corridor, epoch=2))
    right = corridor.hear(topic_of(RUILI), with_new_key(corridor, epoch=2, sequence=1))

    assert wrong == ("sequence-gap", "chain of cn:blo-ruili has a gap: expected sequence 1, found 2")
    assert isinstance(right, Admitted)
    assert (corridor.book.head(RUILI).epoch, corridor.book.head(RUILI).sequence) == (2, 1)


def test_a_key_of_a_new_epoch_cannot_go_on_with_the_old_one(corridor: Corridor) -> None:
    rotated(corridor, epoch=2)

    assert reason(corridor, with_new_key(corridor)) == (
        "office-mismatch",
        "key of cn:blo-ruili epoch 2 signed for cn:blo-ruili epoch 1",
    )


def test_an_epoch_cannot_be_skipped(corridor: Corridor) -> None:
    corridor.says(RUILI, "LeadShared", lead())
    rotated(corridor, epoch=3)

    assert reason(corridor, with_new_key(corridor, epoch=3, sequence=2)) == (
        "sequence-gap",
        "chain of cn:blo-ruili skips an epoch: expected 1 or 2, found 3",
    )


def test_an_old_epoch_is_closed_once_a_new_one_has_begun(corridor: Corridor) -> None:
    both = (*keys_now(corridor, CN).keys, signing(NEW, epoch=2))
    corridor.says(RUILI, "LeadShared", lead())
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(next_keys(corridor, CN, keys=both)))
    late = corridor.signed(RUILI, "LeadShared", lead("late"))
    corridor.hear(topic_of(RUILI), with_new_key(corridor, epoch=2, sequence=1))

    assert reason(corridor, late) == (
        "previous-mismatch",
        "event 2 of cn:blo-ruili epoch 1 has no place before event 1 of epoch 2",
    )


def test_keys_that_the_roots_did_not_sign_are_refused_whoever_sends_them(corridor: Corridor) -> None:
    forged = next_keys(corridor, CN, roots=(EVIL,), keys=replacing(corridor, signing(NEW)))

    for office in (RUILI, AH_POLICE, MUSE, corridor.hub):
        raw = corridor.signed(office, "AgencyKeysPublished", as_payload(forged))
        assert reason(corridor, raw, office) == (
            "keyring-invalid",
            "root signatures of cn version 2: expected 1, found 0",
        )


def test_a_compromised_key_cannot_revoke_or_replace_itself(corridor: Corridor) -> None:
    forged = next_keys(corridor, CN, roots=(corridor.keys[RUILI],), keys=replacing(corridor, signing(NEW)))

    raw = corridor.signed(RUILI, "AgencyKeysPublished", as_payload(forged))

    assert reason(corridor, raw)[1] == "root signatures of cn version 2: expected 1, found 0"


def test_the_hub_can_hand_in_an_agencys_keys_but_not_make_them(corridor: Corridor) -> None:
    signed = next_keys(corridor, CN, keys=replacing(corridor, signing(NEW)))

    raw = corridor.signed(corridor.hub, "AgencyKeysPublished", as_payload(signed))

    admitted(judged(corridor, corridor.hub, raw))


def test_a_version_is_not_put_in_force_twice(corridor: Corridor) -> None:
    signed = next_keys(corridor, CN, keys=replacing(corridor, signing(NEW)))
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(signed))

    raw = corridor.signed(AH_POLICE, "AgencyKeysPublished", as_payload(signed))

    assert reason(corridor, raw, AH_POLICE) == ("keyring-invalid", "version of cn: expected 3, found 2")


def test_an_old_version_does_not_bring_old_keys_back(corridor: Corridor) -> None:
    rotated(corridor)

    for version in (1, 3):
        raw = corridor.signed(AH_POLICE, "AgencyKeysPublished", as_payload(corridor.agency_keys(CN, version)))
        found = reason(corridor, raw, AH_POLICE)
        expected = {1: "version of cn: expected 3, found 1", 3: "a key of cn was used before"}[version]
        assert found == ("keyring-invalid", expected)


def test_another_ledgers_keys_are_refused_even_if_the_roots_are_the_same(corridor: Corridor) -> None:
    signed = next_keys(corridor, CN, origin="test.example/ledger")

    assert reason(corridor, corridor.signed(RUILI, "AgencyKeysPublished", as_payload(signed))) == (
        "keyring-invalid",
        "origin: expected ruili-muse.example/ledger, found test.example/ledger",
    )


@pytest.mark.parametrize("agency", ["xx", "hub", "cn2"])
def test_nobody_brings_in_an_agency_of_their_own(corridor: Corridor, agency: str) -> None:
    """As "hub" it would take the hub's offices out of the directory; as any other it would be told everything."""
    office = Office(f"{agency}:evil")
    own = replace(
        keys_now(corridor, CN),
        agency=Agency(agency),
        version=1,
        root_keys=(EVIL.public_key,),
        offices=(OfficeEntry(office, ("liaison",)),),
        keys=(signing(NEW, office=office),),
    )

    raw = corridor.signed(RUILI, "AgencyKeysPublished", as_payload(root_signed(own, (EVIL,))))

    assert reason(corridor, raw) == ("keyring-invalid", f"{agency} is not an agency of this ledger")


def test_no_agency_makes_one_of_its_offices_the_hub(corridor: Corridor) -> None:
    """With the hub's role it could publish schemas, and found the ledger again with keys of its own."""
    offices = (*keys_now(corridor, CN).offices, OfficeEntry(Office("cn:evil"), ("hub",)))

    raw = corridor.signed(RUILI, "AgencyKeysPublished", as_payload(next_keys(corridor, CN, offices=offices)))

    assert reason(corridor, raw) == ("keyring-invalid", "cn:evil has the role of the hub")


def test_the_hub_cannot_found_the_ledger_again_with_keys_of_its_own_choice(corridor: Corridor) -> None:
    own = replace(keys_now(corridor, CN), version=1, root_keys=(EVIL.public_key,), keys=(signing(NEW),))
    first = corridor.event_of(corridor.genesis.envelopes[0]).payload
    payload = {**first, "agencies": [as_record(root_signed(own, (EVIL,)))]}

    raw = corridor.signed(corridor.hub, "CorridorFounded", payload)
    step = verified(corridor.book, forged_entry(corridor, topic_of(corridor.hub), body=raw), nobody)

    assert reason(corridor, raw, corridor.hub) == (
        "keyring-invalid",
        "ledger ruili-muse.example/ledger is founded already",
    )
    assert step is not None
    assert step.objections == ("ledger.entry_not_authentic",)
    assert step.book.keyring == corridor.book.keyring


def test_an_encryption_key_signs_nothing(corridor: Corridor) -> None:
    raw = corridor.signed(RUILI, "LeadShared", lead())
    sealing = corridor.sealing[RUILI]

    forged = sign_event(event_bytes(raw), replace(EVIL, key_id=sealing.key_id))

    assert reason(corridor, forged) == (
        "key-not-in-force",
        f"key {sealing.key_id.hex()[:12]} of cn:blo-ruili is for encrypt, expected sign",
    )


@pytest.mark.parametrize("purpose", ["witness", "validator"])
def test_a_key_for_cosigning_signs_no_event(corridor: Corridor, purpose: str) -> None:
    keys = (*keys_now(corridor, CN).keys, KeyEntry(RUILI, purpose, NEW.public_key, 0))
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(next_keys(corridor, CN, keys=keys)))

    assert reason(corridor, with_new_key(corridor, epoch=0)) == (
        "key-not-in-force",
        f"key {NEW.key_id.hex()[:12]} of cn:blo-ruili is for {purpose}, expected sign",
    )


def test_an_office_that_is_struck_off_has_no_say_even_if_it_keeps_a_copy_of_its_key(corridor: Corridor) -> None:
    now = keys_now(corridor, CN)
    left = next_keys(
        corridor,
        CN,
        offices=tuple(entry for entry in now.offices if entry.office != RUILI),
        keys=tuple(key for key in now.keys if key.office != RUILI),
    )
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(left))

    assert reason(corridor, corridor.signed(RUILI, "LeadShared", lead()))[0] == "key-not-in-force"


def test_an_office_loses_with_its_role_what_only_the_role_may_say(corridor: Corridor) -> None:
    offices = tuple(
        replace(entry, roles=("statistics",)) if entry.office == RUILI else entry
        for entry in keys_now(corridor, CN).offices
    )
    corridor.says(AH_POLICE, "AgencyKeysPublished", as_payload(next_keys(corridor, CN, offices=offices)))

    assert reason(corridor, corridor.signed(RUILI, "LeadShared", lead())) == (
        "office-not-authorised",
        "cn:blo-ruili may not issue LeadShared",
    )


def test_one_agencys_rotation_leaves_the_other_agency_alone(corridor: Corridor) -> None:
    rotated(corridor)

    admitted(judged(corridor, MUSE, corridor.signed(MUSE, "LeadShared", lead())))
    assert corridor.book.keyring.agencies[MM].version == 1
