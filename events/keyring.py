"""Whose keys are in force: a fold of ledger entries, never of a clock.

Each agency publishes its offices and keys as a whole, version after version, signed by a threshold
of its root keys, of the version before and of the new one. A key belongs to one office, for one
purpose, once: it is never enrolled again. A version published in leaf k counts from leaf k+1 on.

Source: TUF specification 5.3.4 (root rotation); EVIDENCE, "Keyring in ledger order".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import cast

from events.codec import decode, encode, wire_schema
from events.errors import AdmissionError, KeyringInvalidError, SignatureInvalid
from events.ids import HUB, Agency, KeyId, Office, agency_of, is_office
from events.note import is_key_name
from events.sealing import is_sealable
from events.signing import is_enrollable, key_id, pae, sealing_key_id, verify

KEYS_PAYLOAD_TYPE = "application/vnd.liaison.agency-keys.v1+avro"
"""What root keys sign: the DSSE PAE of this type and the AgencyKeys bytes."""


@dataclass(frozen=True, slots=True)
class OfficeEntry:
    """An office, its roles, and the crossing a liaison office serves."""

    office: Office
    roles: tuple[str, ...]
    crossing: str | None = None


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A public key with its only purpose: sign, encrypt, witness or validator."""

    office: Office
    purpose: str
    public_key: bytes
    epoch: int

    @property
    def key_id(self) -> KeyId:
        """The name under which signatures and wraps refer to the key."""
        return sealing_key_id(self.public_key) if self.purpose == "encrypt" else key_id(self.public_key)


@dataclass(frozen=True, slots=True)
class AgencyKeys:
    """One version of an agency's offices and keys."""

    origin: str
    agency: Agency
    version: int
    threshold: int
    root_keys: tuple[bytes, ...]
    next_root_digests: tuple[bytes, ...]
    offices: tuple[OfficeEntry, ...]
    keys: tuple[KeyEntry, ...]


@dataclass(frozen=True, slots=True)
class SignedKeys:
    """The exact bytes of an AgencyKeys record and its root signatures, (key id, signature) each."""

    document: bytes
    signatures: tuple[tuple[KeyId, bytes], ...]


@dataclass(frozen=True, slots=True)
class Keyring:
    """All agencies' offices and keys at one place of the ledger."""

    agencies: Mapping[Agency, AgencyKeys] = field(default_factory=dict)
    in_force: Mapping[KeyId, KeyEntry] = field(default_factory=dict)
    retired: Mapping[KeyId, KeyEntry] = field(default_factory=dict)
    directory: Mapping[Office, frozenset[str]] = field(default_factory=dict)
    spent: frozenset[bytes] = frozenset()
    """Every public key ever enrolled, for any purpose: none comes back."""

    def known(self, name: KeyId) -> KeyEntry | None:
        """Return the key of that id, in force or retired."""
        return self.in_force.get(name) or self.retired.get(name)

    def encryption_keys(self, offices: frozenset[Office]) -> tuple[KeyEntry, ...]:
        """Return the encryption keys in force of some offices, sorted by key id."""
        found = (key for key in self.in_force.values() if key.purpose == "encrypt" and key.office in offices)
        return tuple(sorted(found, key=lambda key: key.key_id))


def founded(hub: KeyEntry, origin: str, agencies: tuple[SignedKeys, ...]) -> Keyring:
    """Return the keyring of a new ledger: the hub's key and version 1 of each agency's keys.

    Raises:
        KeyringInvalidError: a document is not a valid version 1 for this ledger, the office is not the hub's, or the
            ledger's name cannot stand in a checkpoint.
    """
    _require(is_key_name(origin), "origin is not a name: expected no space, no plus sign, at least one character")
    _require(is_office(hub.office) and agency_of(hub.office) == HUB, f"{hub.office} is not an office of the hub")
    _require(is_enrollable(hub.public_key), "the hub's key is not a point of prime order")
    ring = Keyring(
        in_force={hub.key_id: hub}, directory={hub.office: frozenset({"hub"})}, spent=frozenset({hub.public_key})
    )
    for signed in agencies:
        ring = _advanced(ring, origin, signed, read_keys(signed.document))
    return ring


def advanced(ring: Keyring, origin: str, signed: SignedKeys) -> Keyring:
    """Return the keyring with an agency's next version in force.

    Raises:
        KeyringInvalidError: unknown agency, wrong ledger, version, threshold, signature or key.
    """
    new = read_keys(signed.document)
    # Only the founding event brings in agencies: a new one would be vouched for by nobody but itself.
    _require(new.agency in ring.agencies, f"{new.agency} is not an agency of this ledger")
    return _advanced(ring, origin, signed, new)


def _advanced(ring: Keyring, origin: str, signed: SignedKeys, new: AgencyKeys) -> Keyring:
    old = ring.agencies.get(new.agency)
    _check_version(new, old, origin)
    _check_signed(signed, new)
    if old is not None:
        _check_signed(signed, old)
    _check_entries(new)
    return _with(ring, new, old)


def read_keys(document: bytes) -> AgencyKeys:
    """Return the AgencyKeys in a document's bytes.

    Raises:
        KeyringInvalidError: the bytes are not a canonical AgencyKeys record.
    """
    try:
        record = decode(wire_schema("AgencyKeys"), document)
    except AdmissionError as error:
        message = f"agency keys cannot be read: {error}"
        raise KeyringInvalidError(message) from error
    values = {**record, "offices": _offices(record["offices"]), "keys": _keys(record["keys"])}
    for name in ("root_keys", "next_root_digests"):
        values[name] = tuple(cast("list[bytes]", record[name]))
    return AgencyKeys(**values)  # type: ignore[arg-type]  # the schema has exactly these fields


def write_keys(keys: AgencyKeys) -> bytes:
    """Return the bytes of an agency's keys, for its roots to sign."""
    record = {name: getattr(keys, name) for name in AgencyKeys.__slots__}
    record["offices"] = [{name: getattr(row, name) for name in OfficeEntry.__slots__} for row in keys.offices]
    record["keys"] = [{name: getattr(row, name) for name in KeyEntry.__slots__} for row in keys.keys]
    return encode(wire_schema("AgencyKeys"), record)


def keys_message(document: bytes) -> bytes:
    """Return what a root key signs over a document."""
    return pae(KEYS_PAYLOAD_TYPE, document)


def signed_keys(record: Mapping[str, object]) -> SignedKeys:
    """Return the value of a SignedKeys record in an event's payload."""
    rows = cast("list[dict[str, bytes]]", record["signatures"])
    signatures = tuple((KeyId(row["key_id"]), row["signature"]) for row in rows)
    return SignedKeys(cast("bytes", record["document"]), signatures)


def _offices(rows: object) -> tuple[OfficeEntry, ...]:
    found = cast("list[dict[str, object]]", rows)
    return tuple(
        OfficeEntry(
            Office(cast("str", row["office"])),
            tuple(cast("list[str]", row["roles"])),
            cast("str | None", row["crossing"]),
        )
        for row in found
    )


def _keys(rows: object) -> tuple[KeyEntry, ...]:
    return tuple(KeyEntry(**row) for row in cast("list[dict[str, object]]", rows))  # type: ignore[arg-type]


def _check_version(new: AgencyKeys, old: AgencyKeys | None, origin: str) -> None:
    expected = 1 if old is None else old.version + 1
    _require(new.version == expected, f"version of {new.agency}: expected {expected}, found {new.version}")
    _require(new.origin == origin, f"origin: expected {origin}, found {new.origin}")
    _require(len(set(new.root_keys)) == len(new.root_keys), f"a root key of {new.agency} appears twice")
    _require(1 <= new.threshold <= len(new.root_keys), f"threshold {new.threshold} of {len(new.root_keys)} root keys")
    if old is not None and old.next_root_digests:
        _check_announced(new, old)


def _check_announced(new: AgencyKeys, old: AgencyKeys) -> None:
    # Whoever stole today's roots can neither bring in roots of his own nor take back what was announced.
    if set(new.root_keys) == set(old.root_keys):
        kept = set(new.next_root_digests) == set(old.next_root_digests)
        _require(kept, f"next root keys of {new.agency} are not those announced before")
        return
    digests = {sha256(key).digest() for key in new.root_keys}
    _require(digests == set(old.next_root_digests), f"root keys of {new.agency} are not those announced before")


def _check_signed(signed: SignedKeys, by: AgencyKeys) -> None:
    roots = {key_id(key): key for key in by.root_keys}
    message = keys_message(signed.document)
    good = {
        roots[name]
        for name, signature in signed.signatures
        if name in roots and _signs(roots[name], message, signature)
    }
    _require(
        len(good) >= by.threshold,
        f"root signatures of {by.agency} version {by.version}: expected {by.threshold}, found {len(good)}",
    )


def _signs(public_key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        verify(public_key, message, signature)
    except SignatureInvalid:
        return False
    return True


def _check_entries(new: AgencyKeys) -> None:
    _require(new.agency != HUB, "the hub is not an agency: its key is in the founding event")
    names = [entry.office for entry in new.offices]
    _require(len(set(names)) == len(names), f"an office of {new.agency} appears twice")
    for entry in new.offices:
        _require(HUB not in entry.roles, f"{entry.office} has the role of the hub")
    for name in names:
        _require(is_office(name) and agency_of(name) == new.agency, f"{name} is not an office of {new.agency}")
    for key in new.keys:
        _require(key.office in names, f"key of {key.office}, which is not an office of version {new.version}")
        _require(key.purpose != "unknown", f"a key of {key.office} has no known purpose")
    signing = (*new.root_keys, *(key.public_key for key in new.keys if key.purpose != "encrypt"))
    _require(all(map(is_enrollable, signing)), f"a key of {new.agency} is not a point of prime order")
    sealing = (key.public_key for key in new.keys if key.purpose == "encrypt")
    _require(all(map(is_sealable, sealing)), f"an encryption key of {new.agency} is a point of small order")


def _with(ring: Keyring, new: AgencyKeys, old: AgencyKeys | None) -> Keyring:
    before = {key.key_id: key for key in (old.keys if old else ())}
    after = {key.key_id: key for key in new.keys}
    _check_unused(ring, new, old)
    in_force = {name: key for name, key in ring.in_force.items() if name not in before} | after
    gone = {name: key for name, key in before.items() if name not in after}
    offices = {entry.office: frozenset(entry.roles) for entry in new.offices}
    others = {office: roles for office, roles in ring.directory.items() if agency_of(office) != new.agency}
    return replace(
        ring,
        agencies={**ring.agencies, new.agency: new},
        in_force=in_force,
        retired={**ring.retired, **gone},
        directory=others | offices,
        spent=ring.spent | set(_public_keys(new)),
    )


def _check_unused(ring: Keyring, new: AgencyKeys, old: AgencyKeys | None) -> None:
    kept = {key.public_key for key in new.keys if old and key in old.keys}
    kept |= {root for root in new.root_keys if old and root in old.root_keys}
    wanted = _public_keys(new)
    _require(len(set(wanted)) == len(wanted), f"a key of {new.agency} appears twice")
    _require(not ring.spent & (set(wanted) - kept), f"a key of {new.agency} was used before")


def _public_keys(keys: AgencyKeys) -> tuple[bytes, ...]:
    return (*keys.root_keys, *(key.public_key for key in keys.keys))


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - a statement to check, not a switch
    if not condition:
        raise KeyringInvalidError(message)
