"""A whole corridor on this machine: broker, topics and rights, keys, hub and desks, each a process of its own."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.kafka import leash as leash_script
from deploy.kafka.admin import KafkaAdmin, apply
from deploy.kafka.broker import LocalKafka
from deploy.kafka.passwords import passwords_for
from deploy.kafka.wanted import load_wanted
from events.founding import Corridor, Genesis, hub_office
from events.ids import Hash, Office
from events.keyring import OfficeEntry
from hub.errors import HubError
from hub.found import publish_genesis
from hub.node import Node
from hub.provision import (
    Access,
    Place,
    make_desk,
    make_hub,
    new_passphrase,
    read_genesis,
    read_signed_keys,
    write_settings,
)
from hub.settings import FILE, load_settings

RUILI_MUSE = Corridor("ruili-muse", "liaison.example/ruili-muse", 0, "ruili-muse")

OFFICES: Mapping[str, tuple[OfficeEntry, ...]] = {
    "cn": (
        OfficeEntry(Office("cn:blo-ruili"), ("liaison",), "ruili-muse"),
        OfficeEntry(Office("cn:ah-police"), ("police",)),
        OfficeEntry(Office("cn:mps-cid"), ("coordinator",)),
    ),
    "mm": (
        OfficeEntry(Office("mm:blo-muse"), ("liaison",), "ruili-muse"),
        OfficeEntry(Office("mm:atipd"), ("police",)),
        OfficeEntry(Office("mm:home-affairs"), ("coordinator",)),
    ),
}
"""The six offices of the model case."""

NODES = ("hub", *OFFICES)
LOG_FILE = "worker.log"
STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class LocalCorridor:
    """The model corridor in a folder: ``broker/``, ``hub/``, ``cn/``, ``mm/``."""

    folder: Path

    @property
    def broker(self) -> LocalKafka:
        """The broker; it ends with this process, however this process ends."""
        folder = self.folder / "broker"
        return LocalKafka(folder, None, passwords_for(folder, NODES), die_with_parent=True)

    def node(self, name: str) -> Path:
        """Return a node's folder."""
        return self.folder / name

    def make_keys(self) -> Genesis:
        """Return the genesis, after making the keys of all nodes that have none."""
        if (self.node("hub") / "genesis.json").exists():
            return read_genesis(self.node("hub"))
        at = datetime.now(UTC)
        for agency, offices in OFFICES.items():
            folder = self.node(agency)
            if not (folder / "agency-keys.json").exists():
                make_desk(folder, RUILI_MUSE, offices, new_passphrase(folder), at)
        signed = [read_signed_keys(self.node(agency) / "agency-keys.json") for agency in OFFICES]
        return make_hub(self.node("hub"), RUILI_MUSE, signed, new_passphrase(self.node("hub")), at)

    def configure(self, broker: LocalKafka, genesis: Hash) -> None:
        """Write the settings of all nodes for a running broker, and make its topics and rights."""
        for name in NODES:
            login = broker.settings(name)
            access = Access(login.bootstrap, name, login.password or "")
            write_settings(self.node(name), Place(RUILI_MUSE, tuple(OFFICES), _offices(name), genesis), access)
        admin = KafkaAdmin(broker.settings("admin"))
        apply(admin, load_wanted(tuple(OFFICES)))

    async def found(self, genesis: Genesis) -> bool:
        """Publish the genesis unless it is there; return whether anything was missing."""
        kafka = Node(load_settings(self.node("hub"))).kafka
        return await publish_genesis(kafka, RUILI_MUSE.partition, genesis)

    @contextmanager
    def workers(self, names: Iterable[str] = NODES) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
        """Run workers inside the block, one process a node; they end with it, and with this process."""
        running = {name: self.start_worker(name) for name in names}
        try:
            yield running
        finally:
            stop(running.values())

    def start_worker(self, name: str, *options: str, log_file: str = LOG_FILE) -> subprocess.Popen[bytes]:
        """Return a node's worker as a new process; it logs to *log_file* in the node's folder."""
        leash = [sys.executable, str(Path(leash_script.__file__)), str(Path.cwd()), str(os.getpid())]
        command = [sys.executable, "-m", "deploy.cli", "--node", str(self.node(name)), "worker", *options]
        with (self.node(name) / log_file).open("ab") as log:
            return subprocess.Popen([*leash, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stop(workers: Iterable[subprocess.Popen[bytes]]) -> None:
    """End workers: well within 20 seconds, else at once."""
    all_of_them = list(workers)
    for worker in all_of_them:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
    for worker in all_of_them:
        try:
            worker.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


async def until_sizes_are(folders: Mapping[str, Path], size: int, within_s: float) -> None:
    """Wait until the read models of some nodes hold *size* entries.

    Raises:
        HubError: they do not in time; says which and how many they hold.
    """
    stores = {name: Node(load_settings(folder)).store for name, folder in folders.items()}
    try:
        async with asyncio.timeout(within_s):
            while any(store.size(RUILI_MUSE.partition) < size for store in stores.values()):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.02)
    except TimeoutError:
        found = {name: store.size(RUILI_MUSE.partition) for name, store in stores.items()}
        message = f"read models hold {json.dumps(found)} entries after {within_s:.0f} s, expected {size}"
        raise HubError(message, hint=f"read worker.log beside {FILE} in each node's folder") from None
    finally:
        for store in stores.values():
            store.close()


def _offices(name: str) -> tuple[Office, ...]:
    if name == "hub":
        return (hub_office(RUILI_MUSE.name),)
    return tuple(entry.office for entry in OFFICES[name])
