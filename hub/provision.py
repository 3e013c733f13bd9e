"""How nodes come into being: an agency makes a desk with its keys, the hub's operator founds a corridor with both.

The agency hands over one file, `agency-keys.json`: its offices and public keys, signed by its root. The hub hands back
the genesis leaf hash, which every desk writes into its settings as trust anchor.
"""

import json
import os
import secrets
import tomllib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import tomli_w

from events.errors import KeyringInvalidError
from events.founding import Corridor, Genesis, found, hub_office, root_signed
from events.ids import HUB, Agency, Hash, KeyId, Office
from events.keyring import AgencyKeys, KeyEntry, OfficeEntry, SignedKeys
from events.merkle import leaf_hash
from hub.errors import HubError
from hub.keyfiles import (
    FILE_VARIABLE,
    IDENTITY_FILE,
    Identity,
    OfficeKeys,
    create_identity,
    generate_office_keys,
    key_file,
    read_keys,
    read_passphrase,
    unlock,
    write_keys,
)
from hub.private_files import write_private
from hub.settings import FILE, load_settings

AGENCY_KEYS_FILE = "agency-keys.json"
GENESIS_FILE = "genesis.json"
PASSPHRASE_FILE = "passphrase"  # noqa: S105 - a file's name
PASSWORD_FILE = "kafka-password"  # noqa: S105 - a file's name


@dataclass(frozen=True, slots=True)
class Access:
    """How a node reaches Kafka: bootstrap servers, its principal and that principal's password."""

    bootstrap: str
    user: str
    password: str
    security: str = "SASL_PLAINTEXT"


def make_desk(
    folder: Path, corridor: Corridor, offices: Sequence[OfficeEntry], passphrase: str, at: datetime
) -> SignedKeys:
    """Return an agency's signed keys, version 1, after making root and office keys in a new folder.

    The root key lies beside the others here, as `<agency>:root`; take it to a machine without a network.

    Raises:
        HubError: the folder has keys already, or the passphrase is too short.
    """
    return join_desk(folder, corridor, offices, create_identity(folder / "keys", passphrase), at)


def join_desk(
    folder: Path, corridor: Corridor, offices: Sequence[OfficeEntry], identity: Identity, at: datetime
) -> SignedKeys:
    """Return an agency's signed keys for one more corridor; offices that have keys here keep them, others get some.

    Raises:
        HubError: a key file is missing or damaged; the root key must be here for the moment.
    """
    agency = Agency(offices[0].office.partition(":")[0])
    root = _keys_of(folder, identity, Office(f"{agency}:root"), at)
    made = [_keys_of(folder, identity, entry.office, at) for entry in offices]
    keys = AgencyKeys(
        origin=corridor.origin,
        agency=agency,
        version=1,
        threshold=1,
        root_keys=(root.signing.public_key,),
        next_root_digests=(),
        offices=tuple(offices),
        keys=tuple(key for each in made for key in _entries(each)),
    )
    signed = root_signed(keys, (root.signing,))
    write_private(_new_file(folder, AGENCY_KEYS_FILE, corridor.name), _to_json(signed))
    return signed


def make_hub(
    folder: Path, corridor: Corridor, agencies: Sequence[SignedKeys], passphrase: str, at: datetime
) -> Genesis:
    """Return the genesis of a new corridor after making the hub's key in a new folder.

    Raises:
        HubError: the folder has keys already, or an agency's keys are not valid for this corridor.
    """
    return found_corridor(folder, corridor, agencies, create_identity(folder / "keys", passphrase), at)


def found_corridor(
    folder: Path, corridor: Corridor, agencies: Sequence[SignedKeys], identity: Identity, at: datetime
) -> Genesis:
    """Return the genesis of one more corridor, with a key of its own, in the folder of a hub.

    Raises:
        HubError: an agency's keys are not valid for this corridor.
    """
    keys = _keys_of(folder, identity, hub_office(corridor.name), at)
    try:
        genesis = found(corridor, tuple(agencies), key=keys.signing, event_ids=iter(uuid4, None), at=at)
    except KeyringInvalidError as error:
        message = f"corridor {corridor.name} cannot be founded: {error}"
        raise HubError(message, hint="ask the agency for its keys of version 1 for this ledger") from error
    write_private(_new_file(folder, GENESIS_FILE, corridor.name), _genesis_json(genesis))
    return genesis


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node belongs: its corridor, the corridor's agencies, the offices it speaks for, the trust anchor."""

    corridor: Corridor
    agencies: tuple[str, ...]
    offices: tuple[Office, ...]
    genesis: Hash


def write_settings(folder: Path, places: Place | Sequence[Place], access: Access) -> None:
    """Write `hub.toml` and the broker password's file of a node whose keys exist, for one corridor or several.

    Its agency is its first office's.
    """
    given = (places,) if isinstance(places, Place) else tuple(places)
    agency = given[0].offices[0].partition(":")[0]
    role = "hub" if agency == HUB else "desk"
    # Written anew each time: the broker's operator may have set another one.
    (folder / PASSWORD_FILE).unlink(missing_ok=True)
    write_private(folder / PASSWORD_FILE, access.password.encode())
    values = {
        "node": {"name": agency, "role": role, "agency": agency, "offices": _all_offices(given)},
        "corridors": [_corridor_values(place) for place in given],
        "kafka": {
            "bootstrap": access.bootstrap,
            "security": access.security,
            "user": access.user,
            "password_file": PASSWORD_FILE,
        },
        "keys": {"folder": "keys", "passphrase_file": PASSPHRASE_FILE},
    }
    (folder / FILE).write_text(tomli_w.dumps(values), encoding="utf-8")


def add_corridor(folder: Path, place: Place) -> None:
    """Add a corridor to the settings of a node, or write it anew if it is there.

    Raises:
        HubError: there are no settings yet, or they are wrong.
    """
    load_settings(folder)
    values = tomllib.loads((folder / FILE).read_text(encoding="utf-8"))
    others = [each for each in values["corridors"] if each["name"] != place.corridor.name]
    values["corridors"] = [*others, _corridor_values(place)]
    values["node"]["offices"] = list(dict.fromkeys([*values["node"]["offices"], *place.offices]))
    (folder / FILE).write_text(tomli_w.dumps(values), encoding="utf-8")


def opened_identity(folder: Path) -> Identity | None:
    """Return what opens the keys of a node that exists, or None if the folder has no keys.

    Raises:
        HubError: the passphrase is in no file, or is wrong.
    """
    if not (folder / "keys" / IDENTITY_FILE).exists():
        return None
    passphrase = read_passphrase(folder / PASSPHRASE_FILE, os.environ)
    if passphrase is None:
        message = f"passphrase of the keys in {folder} is in no file"
        raise HubError(message, hint=f"set {FILE_VARIABLE} to the name of its file")
    return unlock(folder / "keys", passphrase)


def new_passphrase(folder: Path) -> str:
    """Return a random passphrase, kept in the folder for nodes that must start by themselves."""
    passphrase = secrets.token_urlsafe(24)
    write_private(folder / PASSPHRASE_FILE, passphrase.encode())
    return passphrase


def read_signed_keys(file: Path) -> SignedKeys:
    """Return the signed keys in an `agency-keys.json`.

    Raises:
        HubError: the file is missing or not such a file.
    """
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        signatures = tuple(
            (KeyId(bytes.fromhex(row["key_id"])), b64decode(row["signature"])) for row in record["signatures"]
        )
        return SignedKeys(b64decode(record["document"]), signatures)
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{file} holds no agency's keys: {type(error).__name__}"
        raise HubError(message, hint=f"give the {AGENCY_KEYS_FILE} that `hub init desk` wrote") from error


def read_genesis(folder: Path, corridor: str = "") -> Genesis:
    """Return the genesis of a corridor that the hub in *folder* founded; of the first one without a name.

    Raises:
        HubError: the file is missing or not such a file.
    """
    file = file_of(folder, GENESIS_FILE, corridor)
    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        envelopes, entries = (tuple(map(b64decode, rows[name])) for name in ("envelopes", "entries"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{file} holds no genesis: {type(error).__name__}"
        raise HubError(message, hint="found the corridor first: `hub init hub`") from error
    return Genesis(envelopes, entries, leaf_hash(entries[0]))


def file_of(folder: Path, name: str, corridor: str) -> Path:
    """Return the file of a corridor; that of the first one carries no corridor's name."""
    named = _named(folder, name, corridor)
    return named if named.exists() else folder / name


def _new_file(folder: Path, name: str, corridor: str) -> Path:
    return _named(folder, name, corridor) if (folder / name).exists() else folder / name


def _named(folder: Path, name: str, corridor: str) -> Path:
    file = Path(name)
    return folder / f"{file.stem}-{corridor}{file.suffix}"


def _corridor_values(place: Place) -> dict[str, object]:
    corridor = place.corridor
    return {
        "name": corridor.name,
        "origin": corridor.origin,
        "partition": corridor.partition,
        "agencies": list(place.agencies),
        "genesis": place.genesis.hex(),
    }


def _all_offices(places: Sequence[Place]) -> list[Office]:
    return list(dict.fromkeys(office for place in places for office in place.offices))


def _genesis_json(genesis: Genesis) -> bytes:
    rows = {"envelopes": genesis.envelopes, "entries": genesis.entries}
    return json.dumps({name: [b64encode(raw).decode() for raw in each] for name, each in rows.items()}).encode()


def _keys_of(folder: Path, identity: Identity, office: Office, at: datetime) -> OfficeKeys:
    if key_file(folder / "keys", office).exists():
        return read_keys(folder / "keys", identity, office)
    keys = generate_office_keys(office, at)
    write_keys(folder / "keys", identity, keys)
    return keys


def _entries(keys: OfficeKeys) -> tuple[KeyEntry, KeyEntry]:
    return (
        KeyEntry(keys.office, "sign", keys.signing.public_key, 1),
        KeyEntry(keys.office, "encrypt", keys.sealing.public_key, 0),
    )


def _to_json(signed: SignedKeys) -> bytes:
    rows: list[Mapping[str, str]] = [
        {"key_id": name.hex(), "signature": b64encode(signature).decode()} for name, signature in signed.signatures
    ]
    return json.dumps({"document": b64encode(signed.document).decode(), "signatures": rows}, indent=1).encode()
