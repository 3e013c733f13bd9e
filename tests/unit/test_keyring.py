import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from events.errors import KeyringInvalidError
from events.founding import root_signed
from events.ids import Agency, KeyId, Office
from events.keyring import (
    AgencyKeys,
    KeyEntry,
    Keyring,
    OfficeEntry,
    SignedKeys,
    advanced,
    founded,
    keys_message,
    read_keys,
    write_keys,
)
from events.sealing import sealing_key
from events.signing import SigningKey, sign, signing_key

ORIGIN = "ruili-muse.example/ledger"
CN, MM = Agency("cn"), Agency("mm")
RUILI, POLICE, MUSE = Office("cn:blo-ruili"), Office("cn:ah-police"), Office("mm:blo-muse")


def key(name: str) -> SigningKey:
    return signing_key(sha256(name.encode()).digest())


def signs(office: Office, name: str, epoch: int = 1) -> KeyEntry:
    return KeyEntry(office, "sign", key(name).public_key, epoch)


def opens(office: Office, name: str) -> KeyEntry:
    return KeyEntry(office, "encrypt", sealing_key(sha256(name.encode()).digest()).public_key, 0)


HUB = KeyEntry(Office("hub:ruili-muse"), "sign", key("hub").public_key, 1)
R1, R2, R3, R4 = map(key, ("root 1", "root 2", "root 3", "root 4"))

CN1 = AgencyKeys(
    origin=ORIGIN,
    agency=CN,
    version=1,
    threshold=2,
    root_keys=(R1.public_key, R2.public_key, R3.public_key),
    next_root_digests=(),
    offices=(OfficeEntry(RUILI, ("liaison",), "ruili-muse"), OfficeEntry(POLICE, ("police",))),
    keys=(signs(RUILI, "ruili"), opens(RUILI, "ruili opens"), signs(POLICE, "police")),
)
CN2 = replace(CN1, version=2)
MM1 = AgencyKeys(
    ORIGIN, MM, 1, 1, (key("mm root").public_key,), (), (OfficeEntry(MUSE, ("liaison",)),), (signs(MUSE, "muse"),)
)

RING = founded(HUB, ORIGIN, (root_signed(CN1, (R1, R2)), root_signed(MM1, (key("mm root"),))))

ORDER_TWO = bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
"""A point of small order: with it as key, anyone can sign."""


def mixed_order() -> bytes:
    """Return a good key moved by the point of order two."""
    good = key("ruili").public_key
    y = int.from_bytes(good, "little") & (2**255 - 1)
    return ((2**255 - 19 - y) | (good[31] & 0x80) << 248).to_bytes(32, "little")


def next_ring(keys: AgencyKeys, *roots: SigningKey) -> Keyring:
    return advanced(RING, ORIGIN, root_signed(keys, roots or (R1, R2)))


def with_keys(*keys: KeyEntry) -> AgencyKeys:
    return replace(CN2, keys=keys)


REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("a skipped version", lambda: next_ring(replace(CN2, version=3)), "version of cn: expected 2, found 3"),
    ("a rollback", lambda: next_ring(CN1), "version of cn: expected 2, found 1"),
    (
        "the same version with other content",
        lambda: next_ring(replace(CN1, keys=(signs(RUILI, "ruili"),))),
        "version of cn: expected 2, found 1",
    ),
    ("version zero", lambda: next_ring(replace(CN2, version=0)), "version of cn: expected 2, found 0"),
    (
        "a new agency that vouches for itself",
        lambda: next_ring(replace(CN1, agency=Agency("xx"), offices=(), keys=())),
        "xx is not an agency of this ledger",
    ),
    (
        "keys that call themselves the hub's",
        lambda: next_ring(replace(CN1, agency=Agency("hub"), offices=(), keys=())),
        "hub is not an agency of this ledger",
    ),
    (
        "another ledger's keys",
        lambda: next_ring(replace(CN2, origin="test.example/ledger")),
        "origin: expected ruili-muse.example/ledger, found test.example/ledger",
    ),
    (
        "too few roots",
        lambda: next_ring(CN2, R1),
        "root signatures of cn version 2: expected 2, found 1",
    ),
    (
        "roots of the new version only",
        lambda: next_ring(replace(CN2, root_keys=(R3.public_key, R4.public_key)), R3, R4),
        "root signatures of cn version 1: expected 2, found 1",
    ),
    (
        "roots of the old version only",
        lambda: next_ring(replace(CN2, root_keys=(R3.public_key, R4.public_key)), R1, R2, R3),
        "root signatures of cn version 2: expected 2, found 1",
    ),
    (
        "a lowered threshold that only the new version knows",
        lambda: next_ring(replace(CN2, threshold=1), R1),
        "root signatures of cn version 1: expected 2, found 1",
    ),
    (
        "a raised threshold that only the old version meets",
        lambda: next_ring(replace(CN2, threshold=3), R1, R2),
        "root signatures of cn version 2: expected 3, found 2",
    ),
    (
        "one root that signs twice",
        lambda: next_ring(CN2, R1, R1),
        "root signatures of cn version 2: expected 2, found 1",
    ),
    ("a stranger's signature", lambda: next_ring(CN2, R1, R4), "root signatures of cn version 2: expected 2, found 1"),
    (
        "one root listed twice",
        lambda: next_ring(replace(CN2, root_keys=(R1.public_key, R1.public_key, R2.public_key))),
        "a root key of cn appears twice",
    ),
    ("a threshold of none", lambda: next_ring(replace(CN2, threshold=0)), "threshold 0 of 3 root keys"),
    ("a threshold nobody can meet", lambda: next_ring(replace(CN2, threshold=4)), "threshold 4 of 3 root keys"),
    (
        "an office of another agency",
        lambda: next_ring(replace(CN2, offices=(*CN1.offices, OfficeEntry(MUSE, ("liaison",))))),
        "mm:blo-muse is not an office of cn",
    ),
    (
        "an office whose name has no form",
        lambda: next_ring(replace(CN2, offices=(*CN1.offices, OfficeEntry(Office("cn:Ruili"), ())))),
        "cn:Ruili is not an office of cn",
    ),
    (
        "an office that appears twice",
        lambda: next_ring(replace(CN2, offices=(*CN1.offices, OfficeEntry(RUILI, ())))),
        "an office of cn appears twice",
    ),
    (
        "an office that makes itself the hub",
        lambda: next_ring(replace(CN2, offices=(OfficeEntry(RUILI, ("liaison", "hub")), CN1.offices[1]))),
        "cn:blo-ruili has the role of the hub",
    ),
    (
        "a key of an office that is not listed",
        lambda: next_ring(with_keys(signs(MUSE, "new"))),
        "key of mm:blo-muse, which is not an office of version 2",
    ),
    (
        "a key for no known purpose",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "unknown", key("new").public_key, 1))),
        "a key of cn:blo-ruili has no known purpose",
    ),
    (
        "a key for two offices",
        lambda: next_ring(with_keys(signs(RUILI, "new"), signs(POLICE, "new"))),
        "a key of cn appears twice",
    ),
    (
        "a root key that also signs for an office",
        lambda: next_ring(with_keys(signs(RUILI, "root 1"))),
        "a key of cn appears twice",
    ),
    (
        "a key that moves to another office",
        lambda: next_ring(with_keys(signs(POLICE, "ruili"))),
        "a key of cn was used before",
    ),
    (
        "a key that changes its purpose",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "witness", key("ruili").public_key, 1))),
        "a key of cn was used before",
    ),
    (
        "an encryption key that signs",
        lambda: next_ring(with_keys(signs(RUILI, "ruili"), KeyEntry(RUILI, "encrypt", key("ruili").public_key, 0))),
        "a key of cn appears twice",
    ),
    (
        "a key that goes on in another epoch",
        lambda: next_ring(with_keys(signs(RUILI, "ruili", epoch=2))),
        "a key of cn was used before",
    ),
    ("another agency's key", lambda: next_ring(with_keys(signs(RUILI, "muse"))), "a key of cn was used before"),
    ("another agency's root", lambda: next_ring(with_keys(signs(RUILI, "mm root"))), "a key of cn was used before"),
    ("the hub's key", lambda: next_ring(with_keys(signs(RUILI, "hub"))), "a key of cn was used before"),
    (
        "an old root that becomes an office's key",
        lambda: next_ring(replace(with_keys(signs(RUILI, "root 3")), root_keys=(R1.public_key, R2.public_key))),
        "a key of cn was used before",
    ),
    (
        "a signing key of small order",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "sign", ORDER_TWO, 1))),
        "a key of cn is not a point of prime order",
    ),
    (
        "a signing key of mixed order",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "sign", mixed_order(), 1))),
        "a key of cn is not a point of prime order",
    ),
    (
        "a witness key of small order",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "witness", ORDER_TWO, 0))),
        "a key of cn is not a point of prime order",
    ),
    (
        "a root key of small order",
        lambda: next_ring(replace(CN2, root_keys=(*CN1.root_keys, ORDER_TWO))),
        "a key of cn is not a point of prime order",
    ),
    (
        "an encryption key of small order",
        lambda: next_ring(with_keys(KeyEntry(RUILI, "encrypt", bytes(32), 0))),
        "an encryption key of cn is a point of small order",
    ),
    (
        "a document that is none",
        lambda: advanced(RING, ORIGIN, SignedKeys(b"nonsense", ())),
        "agency keys cannot be read: .*",
    ),
    (
        "a document with a byte too many",
        lambda: advanced(RING, ORIGIN, SignedKeys(write_keys(CN2) + b"\0", ())),
        "agency keys cannot be read: bytes of AgencyKeys are not in canonical form",
    ),
    (
        "a founder who is not the hub",
        lambda: founded(signs(RUILI, "ruili"), ORIGIN, ()),
        "cn:blo-ruili is not an office of the hub",
    ),
    (
        "a hub's key of small order",
        lambda: founded(replace(HUB, public_key=ORDER_TWO), ORIGIN, ()),
        "the hub's key is not a point of prime order",
    ),
    ("a ledger without a name", lambda: founded(HUB, "", ()), "origin is not a name: .*"),
    ("a ledger whose name has a space", lambda: founded(HUB, "a ledger", ()), "origin is not a name: .*"),
    (
        "a founding agency that is the hub",
        lambda: founded(HUB, ORIGIN, (root_signed(replace(CN1, agency=Agency("hub"), offices=(), keys=()), (R1, R2)),)),
        "the hub is not an agency: its key is in the founding event",
    ),
    (
        "a founding agency of version 2",
        lambda: founded(HUB, ORIGIN, (root_signed(CN2, (R1, R2)),)),
        "version of cn: expected 1, found 2",
    ),
    (
        "a founding agency whose roots did not sign",
        lambda: founded(HUB, ORIGIN, (root_signed(CN1, ()),)),
        "root signatures of cn version 1: expected 2, found 0",
    ),
]


@pytest.mark.parametrize(("made", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_such_keys_are_refused(made: Callable[[], object], message: str) -> None:
    with pytest.raises(KeyringInvalidError) as caught:
        made()

    assert re.fullmatch(message, str(caught.value)), str(caught.value)


def test_one_signature_that_is_not_the_roots_does_not_spoil_those_that_are() -> None:
    document = write_keys(CN2)
    good = tuple((root.key_id, sign(root, keys_message(document))) for root in (R1, R2))
    bad = ((R3.key_id, bytes(64)), (KeyId(bytes(32)), bytes(64)))

    assert advanced(RING, ORIGIN, SignedKeys(document, (*bad, *good))).agencies[CN].version == 2


def test_the_signature_of_one_root_is_not_counted_under_the_id_of_another() -> None:
    document = write_keys(CN2)
    stolen = sign(R1, keys_message(document))

    with pytest.raises(KeyringInvalidError, match="expected 2, found 1"):
        advanced(RING, ORIGIN, SignedKeys(document, ((R1.key_id, stolen), (R2.key_id, stolen))))


def test_root_signatures_are_over_their_own_payload_type() -> None:
    document = write_keys(CN2)
    bare = tuple((root.key_id, sign(root, document)) for root in (R1, R2))

    with pytest.raises(KeyringInvalidError, match="expected 2, found 0"):
        advanced(RING, ORIGIN, SignedKeys(document, bare))


def test_roots_change_when_a_threshold_of_both_versions_signs() -> None:
    moved = replace(CN2, root_keys=(R2.public_key, R3.public_key, R4.public_key))

    assert next_ring(moved, R2, R3).agencies[CN].root_keys == moved.root_keys


def test_the_next_root_keys_must_be_those_announced_before() -> None:
    digests = (sha256(R4.public_key).digest(), sha256(R3.public_key).digest())
    announced = next_ring(replace(CN2, next_root_digests=digests))
    other = replace(CN1, version=3, root_keys=(R1.public_key, R2.public_key, R4.public_key))
    right = replace(other, root_keys=(R3.public_key, R4.public_key), threshold=1)

    with pytest.raises(KeyringInvalidError, match="root keys of cn are not those announced before"):
        advanced(announced, ORIGIN, root_signed(other, (R1, R2, R4)))
    with pytest.raises(KeyringInvalidError, match="root signatures of cn version 2: expected 2, found 1"):
        advanced(announced, ORIGIN, root_signed(right, (R3, R4)))
    assert advanced(announced, ORIGIN, root_signed(right, (R1, R2, R4))).agencies[CN].version == 3


def test_what_was_announced_is_not_taken_back_while_the_roots_stay() -> None:
    digests = (sha256(R4.public_key).digest(),)
    announced = next_ring(replace(CN2, next_root_digests=digests))
    silent = replace(CN1, version=3)

    with pytest.raises(KeyringInvalidError, match="next root keys of cn are not those announced before"):
        advanced(announced, ORIGIN, root_signed(silent, (R1, R2)))
    repeated = replace(silent, next_root_digests=digests)
    assert advanced(announced, ORIGIN, root_signed(repeated, (R1, R2))).agencies[CN].version == 3


def test_a_key_that_is_left_out_is_retired_and_known_as_such() -> None:
    ring = next_ring(with_keys(signs(RUILI, "ruili")))

    police = key("police").key_id
    assert police not in ring.in_force
    assert ring.retired[police] == ring.known(police) == signs(POLICE, "police")
    assert key("ruili").key_id in ring.in_force


def test_a_retired_key_is_never_enrolled_again() -> None:
    ring = next_ring(with_keys(signs(RUILI, "ruili")))
    again = replace(CN1, version=3)

    with pytest.raises(KeyringInvalidError, match="a key of cn was used before"):
        advanced(ring, ORIGIN, root_signed(again, (R1, R2)))


def test_a_retired_root_never_comes_back() -> None:
    ring = next_ring(replace(CN2, root_keys=(R1.public_key, R2.public_key)))
    again = replace(CN1, version=3)

    with pytest.raises(KeyringInvalidError, match="a key of cn was used before"):
        advanced(ring, ORIGIN, root_signed(again, (R1, R2)))


def test_a_version_that_changes_nothing_keeps_every_key_in_force() -> None:
    assert next_ring(CN2).in_force == RING.in_force


def test_one_agency_cannot_touch_the_other_ones_keys() -> None:
    ring = next_ring(replace(CN2, offices=(), keys=()))

    assert ring.agencies[MM] == RING.agencies[MM]
    assert set(ring.directory) == {HUB.office, MUSE}
    assert set(ring.in_force) == {HUB.key_id, key("muse").key_id}


def test_roles_are_those_of_the_newest_version() -> None:
    ring = next_ring(replace(CN2, offices=(OfficeEntry(RUILI, ("welfare", "liaison")), CN1.offices[1])))

    assert ring.directory[RUILI] == {"liaison", "welfare"}
    assert RING.directory[HUB.office] == {"hub"}


def test_encryption_keys_are_those_in_force_of_the_offices_asked_for() -> None:
    both = (*CN1.keys, opens(POLICE, "police opens"))
    ring = next_ring(replace(CN2, keys=both))

    found = ring.encryption_keys(frozenset({RUILI, POLICE}))

    assert {each.office for each in found} == {RUILI, POLICE}
    assert list(found) == sorted(found, key=lambda each: each.key_id)
    assert RING.encryption_keys(frozenset({POLICE, MUSE})) == ()


def test_a_document_comes_back_as_it_was_written() -> None:
    assert read_keys(write_keys(CN1)) == CN1
