"""`hub init`: an agency makes its desk's keys, the hub's operator founds a corridor, a node gets its settings."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from deploy.options import grouped
from events.founding import Corridor, hub_office
from events.ids import HUB, Hash, Office, agency_of, is_office
from events.keyring import OfficeEntry
from hub.cli.common import UsageError, say
from hub.found import publish_genesis
from hub.provision import (
    AGENCY_KEYS_FILE,
    Access,
    Place,
    file_of,
    found_corridor,
    join_desk,
    make_desk,
    make_hub,
    new_passphrase,
    opened_identity,
    read_genesis,
    read_signed_keys,
    write_settings,
)
from hub.settings import load_settings, read_secret

init_app = typer.Typer(no_args_is_help=True, help="Make desks and corridors.")

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the node.")]
OriginOption = Annotated[
    str, typer.Option(metavar="NAME", help="Name of the ledger, for example liaison.example/ruili-muse.")
]
CorridorOption = Annotated[str, typer.Option(metavar="NAME", help="Name of the corridor, which is also its crossing.")]
PartitionOption = Annotated[int, typer.Option(min=0, help="Number of the corridor: its partition in every topic.")]


@init_app.command("desk")
def init_desk(
    folder: FolderArgument,
    office: Annotated[list[str], typer.Option(metavar="OFFICE=ROLE", help="An office and its role; once for each.")],
    origin: OriginOption,
    corridor: CorridorOption,
) -> None:
    """Make an agency's keys and the file that the hub's operator needs to found the corridor.

    In the folder of a desk that exists it joins one more corridor: offices that have keys keep them.
    """
    place, offices = Corridor(corridor, origin, 0, corridor), _offices(office)
    identity = opened_identity(folder)
    if identity is None:
        make_desk(folder, place, offices, new_passphrase(folder), datetime.now(UTC))
    else:
        join_desk(folder, place, offices, identity, datetime.now(UTC))
    file = file_of(folder, AGENCY_KEYS_FILE, corridor)
    say(f"keys of {len(office)} offices are in {folder / 'keys'}; hand {file} to the hub's operator")


@init_app.command("hub")
def init_hub(
    folder: FolderArgument,
    keys: Annotated[
        list[Path], typer.Option(metavar="FILE", help="An agency's agency-keys.json; once for each agency.")
    ],
    origin: OriginOption,
    corridor: CorridorOption,
    partition: PartitionOption = 0,
) -> None:
    """Make the hub's key and the corridor's genesis; print the genesis hash, the trust anchor of everyone.

    In the folder of a hub that exists it founds one more corridor, with a key of its own.
    """
    signed = [read_signed_keys(file) for file in keys]
    made = Corridor(corridor, origin, partition, corridor)
    identity = opened_identity(folder)
    if identity is None:
        genesis = make_hub(folder, made, signed, new_passphrase(folder), datetime.now(UTC))
    else:
        genesis = found_corridor(folder, made, signed, identity, datetime.now(UTC))
    say(genesis.leaf_hash.hex())


@dataclass(frozen=True, slots=True)
class Ledger:
    """Which ledger a node is about."""

    origin: OriginOption
    corridor: CorridorOption
    genesis: Annotated[str, typer.Option(metavar="HEX", help="Genesis hash of the corridor.")]
    partition: PartitionOption = 0


@dataclass(frozen=True, slots=True)
class Kafka:
    """How a node reaches Kafka; its user is its agency's name."""

    bootstrap: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where Kafka is.")]
    password_file: Annotated[Path, typer.Option(metavar="FILE", help="File of mode 600 with the Kafka password.")]
    security: Annotated[str, typer.Option(help="SASL_SSL, SASL_PLAINTEXT or PLAINTEXT.")] = "SASL_SSL"


@init_app.command("settings")
@grouped
def init_settings(
    folder: FolderArgument,
    office: Annotated[list[str], typer.Option(metavar="OFFICE", help="An office this node speaks for; once for each.")],
    agency: Annotated[list[str], typer.Option(metavar="AGENCY", help="An agency of the corridor; once for each.")],
    ledger: Ledger,
    kafka: Kafka,
) -> None:
    """Write a node's hub.toml."""
    offices = tuple(entry.office for entry in _offices([f"{name}=any" for name in office]))
    corridor = Corridor(ledger.corridor, ledger.origin, ledger.partition, ledger.corridor)
    place = Place(corridor, tuple(agency), offices, _hash(ledger.genesis))
    password = read_secret(kafka.password_file)
    write_settings(folder, place, Access(kafka.bootstrap, agency_of(offices[0]), password, kafka.security))
    load_settings(folder)
    say(f"written: {folder / 'hub.toml'}")


@init_app.command("ledger")
def init_ledger(folder: FolderArgument) -> None:
    """Publish what `hub init hub` made, for each corridor once; repeating it changes nothing."""
    settings = load_settings(folder)
    for corridor in settings.corridors:
        genesis = read_genesis(folder, corridor.name)
        wrote = asyncio.run(publish_genesis(settings.kafka_settings, corridor.partition, genesis))
        say(f"ledger of {hub_office(corridor.name)}: {'founded' if wrote else 'was founded before'}")


def _offices(named: list[str]) -> tuple[OfficeEntry, ...]:
    entries = [_office(text) for text in named]
    agencies = {agency_of(entry.office) for entry in entries}
    if len(agencies) != 1:
        message = f"offices are of {len(agencies)} agencies, expected one"
        raise UsageError(message, hint="make a desk for each agency, on its own ground")
    return tuple(entries)


def _office(text: str) -> OfficeEntry:
    name, _, role = text.partition("=")
    if not is_office(name) or not role or (agency_of(Office(name)) == HUB and role != "any"):
        message = f"office {text!r} is not of the form <agency>:<office>=<role>"
        raise UsageError(message, hint="for example --office cn:blo-ruili=liaison")
    return OfficeEntry(Office(name), (role,))


def _hash(text: str) -> Hash:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != len(Hash(bytes(32))):
        message = f"genesis is not a hash: expected 64 hex digits, found {len(text)} characters"
        raise UsageError(message, hint="`hub init hub` printed it")
    return Hash(found)
