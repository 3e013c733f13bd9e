"""`hub doctor`: what this node needs, what is missing or wrong, and how to mend it."""

import os
import platform
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from events.ids import HUB
from events.topics import CHECKPOINTS, LEDGER, QUARANTINE, events_topic, notifications_topic, sealed_topic
from hub.errors import HubError
from hub.kafka import check_access
from hub.keyfiles import key_file, read_all_keys, read_passphrase, unlock
from hub.node import Node
from hub.outbox import open_outbox
from hub.settings import Role, Settings

PYTHON_MIN = (3, 11)
DISK_FREE_BYTES_MIN = 1 << 30
CLOCK_AHEAD_S_MAX = 5.0


class Health(StrEnum):
    """How a check ended."""

    FINE = "fine"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and what to do if it is not fine."""

    name: str
    health: Health
    found: str
    hint: str = ""


async def examined(settings: Settings) -> AsyncIterator[Check]:
    """Yield every check of a node, cheapest first; a check that fails does not stop the others."""
    yield _python()
    yield _disk(settings)
    for look in (_keys, _outbox):
        yield _tried(look.__name__.strip("_"), settings, look)
    yield _tried("read model", settings, _read_model)
    async for check in _broker(settings):
        yield check


def _python() -> Check:
    found = platform.python_version()
    if sys.version_info >= PYTHON_MIN:
        return Check("python", Health.FINE, found)
    return Check(
        "python", Health.WRONG, f"{found}, expected 3.11 or newer", "install a newer Python and run `make setup`"
    )


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.folder).free
    found = f"{free / (1 << 30):.1f} GiB free in {settings.folder}"
    if free >= DISK_FREE_BYTES_MIN:
        return Check("disk", Health.FINE, found)
    return Check("disk", Health.WARNING, found, "make room: at least 1 GiB")


def _tried(name: str, settings: Settings, look: Callable[[Settings], str]) -> Check:
    try:
        return Check(name, Health.FINE, look(settings))
    except HubError as error:
        return Check(name, Health.WRONG, str(error), error.hint)


def _keys(settings: Settings) -> str:
    missing = [office for office in settings.offices if not key_file(settings.keys_folder, office).exists()]
    if missing:
        message = f"no key file of {', '.join(missing)} in {settings.keys_folder}"
        raise HubError(message, hint="restore it from the backup, or enrol new keys")
    passphrase = read_passphrase(settings.passphrase_file, os.environ)
    if passphrase is None:
        return f"{len(settings.offices)} key files; a person is asked for the passphrase"
    identity = unlock(settings.keys_folder, passphrase)
    return f"{len(read_all_keys(settings.keys_folder, identity, settings.offices))} offices' keys open"


def _outbox(settings: Settings) -> str:
    outbox = open_outbox(settings.outbox_file)
    try:
        tally = outbox.tally()
    finally:
        outbox.close()
    if tally.refused:
        message = f"{tally.refused} events of this node were refused"
        raise HubError(message, hint="`hub quarantine list` says why")
    return f"{tally.signed} to be sent, {tally.sent} not yet admitted, {tally.admitted} admitted"


def _read_model(settings: Settings) -> str:
    node = Node(settings)
    try:
        partition = settings.corridor.partition
        book, _ = node.store.load_book(partition, "project")
        ahead_s = (book.admitted_at - datetime.now(UTC)).total_seconds()
    finally:
        node.store.close()
    if ahead_s > CLOCK_AHEAD_S_MAX:
        message = f"clock is {ahead_s:.0f} s behind the hub's last admission"
        raise HubError(message, hint="set this machine's clock (NTP)")
    return f"{book.tail.size} entries of {book.origin or 'no ledger yet'}"


async def _broker(settings: Settings) -> AsyncIterator[Check]:
    node_name = settings.node.name
    reads, writes = rights(settings)
    try:
        await check_access(settings.kafka_settings, reads=reads, writes=writes, group=f"liaison.{node_name}.project.v1")
    except HubError as error:
        yield Check("broker", Health.WRONG, str(error), error.hint)
        return
    yield Check("broker", Health.FINE, f"{settings.kafka.bootstrap} answers, all rights granted")


def rights(settings: Settings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the topics a node reads and those it writes."""
    agencies = settings.agencies
    if settings.node.role is Role.HUB:
        events = tuple(events_topic(agency) for agency in (HUB, *agencies))
        told = tuple(notifications_topic(agency) for agency in agencies)
        return (*events, LEDGER), (LEDGER, CHECKPOINTS, QUARANTINE, *told)
    own = settings.agency
    sealed = tuple(sealed_topic(agency) for agency in agencies)
    return (LEDGER, CHECKPOINTS, notifications_topic(own), *sealed), (events_topic(own), sealed_topic(own))
