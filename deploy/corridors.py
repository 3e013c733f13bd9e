"""Several corridors on this machine: one broker, one hub and two desks, each corridor with a ledger of its own."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from deploy.corridor import NODES, OFFICES, LocalCorridor
from deploy.kafka.admin import KafkaAdmin, apply
from deploy.kafka.broker import LocalKafka
from deploy.kafka.wanted import load_wanted
from events.founding import Corridor, Genesis, hub_office
from events.ids import Office
from events.keyring import OfficeEntry, SignedKeys
from hub.found import publish_genesis
from hub.keyfiles import Identity, create_identity
from hub.provision import (
    AGENCY_KEYS_FILE,
    GENESIS_FILE,
    Access,
    Place,
    file_of,
    found_corridor,
    join_desk,
    new_passphrase,
    opened_identity,
    read_genesis,
    read_signed_keys,
    write_settings,
)


@dataclass(frozen=True, slots=True)
class LocalCorridors:
    """Corridors in a folder; the same two agencies meet in all of them."""

    folder: Path
    corridors: tuple[Corridor, ...]

    @property
    def local(self) -> LocalCorridor:
        """The folder's broker, node folders and workers."""
        return LocalCorridor(self.folder)

    def make_keys(self) -> tuple[Genesis, ...]:
        """Return the genesis of each corridor, after making the keys and the corridors that are missing."""
        at = datetime.now(UTC)
        signed = [self._keys_of(agency, entries, at) for agency, entries in OFFICES.items()]
        hub = self.local.node("hub")
        for corridor, identity in _with_identity(hub, self._missing(hub, GENESIS_FILE)):
            found_corridor(hub, corridor, [keys[corridor] for keys in signed], identity, at)
        return tuple(read_genesis(hub, corridor.name) for corridor in self.corridors)

    def configure(self, broker: LocalKafka, geneses: Sequence[Genesis]) -> None:
        """Write the settings of all nodes for a running broker, and make its topics and rights."""
        for name in NODES:
            login = broker.settings(name)
            access = Access(login.bootstrap, name, login.password or "")
            write_settings(self.local.node(name), self._places(name, geneses), access)
        partitions = max(corridor.partition for corridor in self.corridors) + 1
        apply(KafkaAdmin(broker.settings("admin")), load_wanted(tuple(OFFICES), partitions=partitions))

    async def found(self, broker: LocalKafka, geneses: Sequence[Genesis]) -> None:
        """Publish each genesis unless it is there."""
        for corridor, genesis in zip(self.corridors, geneses, strict=True):
            await publish_genesis(broker.settings("hub"), corridor.partition, genesis)

    def _keys_of(self, agency: str, entries: Sequence[OfficeEntry], at: datetime) -> dict[Corridor, SignedKeys]:
        folder = self.local.node(agency)
        for corridor, identity in _with_identity(folder, self._missing(folder, AGENCY_KEYS_FILE)):
            join_desk(folder, corridor, _at_crossing(entries, corridor), identity, at)
        files = {corridor: file_of(folder, AGENCY_KEYS_FILE, corridor.name) for corridor in self.corridors}
        return {corridor: read_signed_keys(file) for corridor, file in files.items()}

    def _missing(self, folder: Path, name: str) -> tuple[Corridor, ...]:
        files = ((corridor, file_of(folder, name, corridor.name)) for corridor in self.corridors)
        first = self.corridors[0]
        return tuple(each for each, file in files if not file.exists() or (file == folder / name and each != first))

    def _places(self, node: str, geneses: Sequence[Genesis]) -> tuple[Place, ...]:
        return tuple(
            Place(corridor, tuple(OFFICES), _offices(node, corridor), genesis.leaf_hash)
            for corridor, genesis in zip(self.corridors, geneses, strict=True)
        )


def exercises(partitions: Iterable[int]) -> tuple[Corridor, ...]:
    """Return invented corridors, one for each partition number."""
    named = {number: f"exercise-{number + 1}" for number in partitions}
    return tuple(Corridor(name, f"liaison.example/{name}", number, name) for number, name in named.items())


def _with_identity(folder: Path, corridors: Sequence[Corridor]) -> Iterator[tuple[Corridor, Identity]]:
    """Yield corridors with what opens a node's keys, which takes seconds and is done once."""
    if corridors:
        identity = opened_identity(folder) or create_identity(folder / "keys", new_passphrase(folder))
        yield from ((corridor, identity) for corridor in corridors)


def _at_crossing(entries: Sequence[OfficeEntry], corridor: Corridor) -> tuple[OfficeEntry, ...]:
    return tuple(replace(entry, crossing=corridor.crossing) if entry.crossing else entry for entry in entries)


def _offices(node: str, corridor: Corridor) -> tuple[Office, ...]:
    if node == "hub":
        return (hub_office(corridor.name),)
    return tuple(entry.office for entry in OFFICES[node])
