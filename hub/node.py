"""A node, put together from its settings: everything its agents, its commands and its doctor use.

The only place where the parts of `hub` meet.
"""

import os
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic

import structlog

from events.book import Book
from events.checkpoint import Checkpoint, format_checkpoint, open_checkpoint, sign_checkpoint
from events.errors import NoteInvalidError
from events.founding import hub_office
from events.ids import Hash
from events.note import KeyKind, Note, NoteKey, format_note
from events.reading import Step
from events.signing import SigningKey
from events.topics import CHECKPOINTS, LEDGER
from hub.batch_sink import BatchSink
from hub.checkpointer import Checkpointer
from hub.chunk import Chunk
from hub.errors import HubError
from hub.fetch import newest_note
from hub.issuing import Issuer, Keys, Standing
from hub.kafka import KafkaSettings
from hub.kafka_log import KafkaLedgerLog, end_of
from hub.keyfiles import FILE_VARIABLE, OfficeKeys, read_all_keys, read_passphrase, unlock
from hub.notifier import Notifier
from hub.outbox import Outbox, open_outbox
from hub.ports import Message
from hub.projector import Projector
from hub.reception import Reception
from hub.relay import Relay
from hub.sequencer import Sequencer
from hub.settings import FILE, CorridorSection, Role, Settings
from hub.settling import reconcile, settle
from hub.store import Store
from hub.store.repair import open_repaired

SAVE_EVERY_S = 1.0

log = structlog.get_logger()


def now() -> datetime:
    """Return the time of day, UTC."""
    return datetime.now(UTC)


class Node:
    """What one hub or desk is made of; each part is made when it is first needed."""

    def __init__(self, settings: Settings, ask: Callable[[], str] | None = None) -> None:
        """Open nothing yet; *ask* asks a person for the passphrase where no file has it."""
        self.settings = settings
        self._ask = ask
        self.name = settings.node.name
        self.agencies = settings.agencies
        self._projectors: dict[int, Projector] = {}
        self._ends: dict[int, int] = {}
        self._ledgers: list[KafkaLedgerLog] = []
        self._saved_at: dict[tuple[int, str], float] = {}

    # ------------------------------------------------------------ parts

    @cached_property
    def kafka(self) -> KafkaSettings:
        """How to reach the broker."""
        return self.settings.kafka_settings

    @cached_property
    def store(self) -> Store:
        """The read model; a damaged one is set aside, and agents fill an empty one from the ledger."""
        return open_repaired(self.settings.store_url, now())

    @cached_property
    def outbox(self) -> Outbox:
        """The durable outbox."""
        return open_outbox(self.settings.outbox_file)

    @cached_property
    def sink(self) -> BatchSink:
        """The way to every topic but the ledger."""
        return BatchSink(self.kafka)

    @cached_property
    def relay(self) -> Relay:
        """What empties the outbox."""
        return Relay(self.outbox, self.sink)

    @cached_property
    def keys(self) -> tuple[OfficeKeys, ...]:
        """The offices' private keys.

        Raises:
            HubError: the passphrase is not in a file, or is wrong, or a key file is missing or exposed.
        """
        passphrase = read_passphrase(self.settings.passphrase_file, os.environ) or (self._ask and self._ask())
        if not passphrase:
            message = "passphrase of the key files is in no file, and nobody is there to be asked"
            raise HubError(message, hint=f"set keys.passphrase_file in {FILE}, or {FILE_VARIABLE}")
        identity = unlock(self.settings.keys_folder, passphrase)
        return read_all_keys(self.settings.keys_folder, identity, self.settings.offices)

    @cached_property
    def issuer(self) -> Issuer:
        """What signs in the names of this node's offices."""
        keys = Keys(
            {each.signing.key_id: each.signing for each in self.keys},
            {each.sealing.key_id: each.sealing for each in self.keys},
        )
        return Issuer(self.outbox, keys, now, secrets.token_bytes)

    @cached_property
    def reception(self) -> Reception:
        """What takes in notifications and signs for them."""
        return Reception(self.store, self.issuer, self.settings.offices, now)

    def sequencer(self, partition: int) -> Sequencer:
        """Return a sequencer that goes on where the read model is furthest."""
        ledger = KafkaLedgerLog(self.kafka, partition)
        self._ledgers.append(ledger)
        found = Sequencer(ledger, self.sink, self.store.earlier(partition), now)
        found.resume(*self.store.newest_book(partition))
        return found

    async def take_over(self, sequencer: Sequencer, partition: int) -> Book:
        """Return the book at the ledger's tail, after a sequencer took a corridor over from another worker.

        The read model spares it most of what the ledger has more than it knows.
        """
        book, offset = self.store.newest_book(partition)
        if book.tail.size > sequencer.book.tail.size:
            sequencer.resume(book, offset)
        return await sequencer.catch_up()

    def projector(self, corridor: CorridorSection) -> Projector:
        """Return the projector of a corridor; there is one in a node."""
        genesis = bytes.fromhex(corridor.genesis) if corridor.genesis else None
        return self._projectors.setdefault(
            corridor.partition, Projector(self.store, corridor.partition, genesis=genesis)
        )

    def notifier(self, partition: int) -> Notifier:
        """Return a notifier that goes on where it was saved."""
        return Notifier(partition, self.sink, *self.store.load_book(partition, "notify"))

    def checkpointer(self, corridor: CorridorSection) -> Checkpointer:
        """Return a checkpointer that goes on where it was saved."""
        book, offset = self.store.load_book(corridor.partition, "checkpoint")
        return Checkpointer(corridor.origin, book.tail, offset)

    def hub_key(self, corridor: CorridorSection) -> SigningKey:
        """Return the key of the office in whose name this hub signs a corridor's checkpoints.

        Raises:
            HubError: this node does not hold it.
        """
        office = hub_office(corridor.name)
        found = next((each.signing for each in self.keys if each.office == office), None)
        if found is None:
            message = f"node has no key of {office}, which signs the checkpoints of corridor {corridor.name}"
            raise HubError(message, hint=f"name the office under [node] offices of {FILE}; its key file is in keys/")
        return found

    def unlock(self) -> None:
        """Open the key files now; it takes seconds of processor time, and agents must not stand still so long.

        Raises:
            HubError: a file or the passphrase is missing or wrong.
        """
        _ = self.issuer

    # ------------------------------------------------------------ acts of the agents

    @property
    def owned(self) -> tuple[int, ...]:
        """The corridors whose read model this process keeps; others are kept by another worker of this node."""
        return tuple(self._ends)

    async def begin(self, partition: int) -> None:
        """Take a corridor over: learn where its ledger ends, and, anew, where the read model stands.

        A desk signs nothing before it has read that far.
        """
        end = await end_of(self.kafka, LEDGER, partition)
        self._projectors.pop(partition, None)
        self._ends[partition] = end

    def leave(self, partition: int) -> None:
        """Let another worker of this node have a corridor."""
        self._ends.pop(partition, None)

    async def taken_over(self, partition: int) -> Checkpointer:
        """Return the checkpointer of a corridor, which goes on where another worker of this node may have stopped.

        Raises:
            Transient: the broker does not answer.
        """
        corridor = self.settings.corridor_at(partition)
        newest = await self.newest_checkpoint(corridor)
        found = self.checkpointer(corridor)
        found.take_over(newest, await end_of(self.kafka, LEDGER, partition))
        return found

    async def newest_checkpoint(self, corridor: CorridorSection) -> Checkpoint | None:
        """Return the newest checkpoint this hub has published, whichever of its workers did, or None.

        Raises:
            Transient: the broker does not answer.
        """
        note = await newest_note(self.kafka, corridor.partition)
        key = NoteKey(corridor.origin, KeyKind.NOTE, self.hub_key(corridor).public_key)
        try:
            return None if note is None else open_checkpoint(note, key, ()).checkpoint
        except NoteInvalidError as error:
            log.error("checkpoint_not_ours", partition=corridor.partition, error=str(error))  # noqa: TRY400 - no bug
            return None

    async def after(self, partition: int, steps: Sequence[Step]) -> None:
        """Act on what is new in the read model: settle our own events, sign for what we were told."""
        if steps and self.settings.outbox_file.exists():
            settle(self.outbox, partition, steps)
        await self.receive(partition)

    async def receive(self, partition: int) -> None:
        """Sign for what is verified, and send it; the one worker that keeps the corridor's read model does."""
        if partition not in self._ends:
            return
        standing = self.standing(partition)
        if self.settings.node.role is Role.DESK and standing.is_current and self.reception.sign(standing):
            await self.relay.flush()

    def standing(self, partition: int) -> Standing:
        """Return what this node knows of a corridor's ledger."""
        projector = self.projector(self.settings.corridor_at(partition))
        is_current = projector.position >= self._ends.get(partition, projector.position + 1)
        return Standing(partition, projector.book, is_current)

    def keep(self, chunk: Chunk) -> None:
        """Keep the sealed parts of a chunk; a record without a value erases one."""
        self.store.keep(chunk.partition, [(Hash(record.key or b""), record.value) for record in chunk.records])

    def save(self, partition: int, agent: str, book: Book, offset: int) -> None:
        """Keep an agent's book, at most once a second: a restart then reads a little again."""
        place = (partition, agent)
        if monotonic() - self._saved_at.get(place, -SAVE_EVERY_S) >= SAVE_EVERY_S:
            self._saved_at[place] = monotonic()
            self.store.save_book(partition, agent, book, offset)

    def place(self, reader: str, partition: int) -> int:
        """Return the next offset of a topic that is kept in the read model; 0 in an empty one."""
        return self.store.load_book(partition, reader)[1]

    def kept(self, reader: str, chunk: Chunk) -> None:
        """Remember that a chunk is kept in the read model."""
        self.store.save_book(chunk.partition, reader, Book(), chunk.last_offset + 1)

    async def publish_checkpoint(self, partition: int, checkpointer: Checkpointer) -> None:
        """Sign and publish a corridor's checkpoint if its ledger has grown.

        Raises:
            LedgerWentBack: it has shrunk.
            Transient: the broker does not acknowledge; the same checkpoint is signed again.
        """
        checkpoint = checkpointer.due()
        if checkpoint is None:
            return
        if self.store.load_book(partition, "checkpoint")[0].tail.size > checkpoint.size:
            return  # this process stood still, and another worker went on
        signature = sign_checkpoint(checkpoint, self.hub_key(self.settings.corridor_at(partition)))
        note = format_note(Note(format_checkpoint(checkpoint), (signature,)))
        # Kept before it is published: after a crash nothing smaller is ever signed.
        self.store.save_book(partition, "checkpoint", Book(tail=checkpointer.tail), checkpointer.offset)
        await self.sink.put([Message(CHECKPOINTS, partition, checkpoint.origin.encode(), note)])
        checkpointer.done(checkpoint)

    async def flush(self) -> None:
        """Send what is signed and not sent, and learn what became of what clients sent."""
        if not self.settings.outbox_file.exists():
            return
        await self.relay.flush()
        for corridor in self.settings.corridors:
            reconcile(self.outbox, self.store, corridor.partition)

    async def close(self) -> None:
        """Disconnect and let go of every file."""
        for ledger in self._ledgers:
            await ledger.stop()
        await self.sink.stop()
        self.store.close()
        self.outbox.close()
