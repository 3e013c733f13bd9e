"""The desk as a Python program uses it: publish, wait until admitted, read what came in, open it, acknowledge it.

    async with Desk.open("desks/cn") as desk:
        receipt = await desk.publish(LeadShared(lead_key="lead-1", kind="route"), sealed={"summary": "…"})
        leaf_index = await desk.admitted(receipt)

It works beside the desk's service or without it. What `publish` returned for is signed and on this disk, acknowledged
by the broker, and in the ledger exactly once, whatever fails afterwards.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from uuid import UUID

import structlog

from events.draft import USUAL, About, Draft, draft_of
from events.draft_form import parse_draft
from events.ids import Hash, LeafIndex
from hub.batch_sink import BatchSink
from hub.batches import in_groups
from hub.desk_values import Opened, Receipt, receipt_of
from hub.errors import Transient
from hub.follower import Follower
from hub.issuing import Standing
from hub.logs import unless_chosen
from hub.node import Node
from hub.opening import acknowledgement, opened, opening, wanted
from hub.outbox_errors import NotAdmittedYet, NotSentYet, Refused
from hub.relay import Relay
from hub.settings import load_settings
from hub.store.rows import Told

log = structlog.get_logger()

SEND_WITHIN_S = 10.0
ADMITTED_WITHIN_S = 30.0
LOOK_EVERY_S = 0.01
FOLLOW_EVERY_S = 0.5
AGAIN_AFTER_S = 1.0


class Desk:
    """One agency's desk; use it in `async with`."""

    def __init__(self, node: Node, send_within_s: float = SEND_WITHIN_S) -> None:
        """Made by `open`."""
        self._node = node
        self._send_within_s = send_within_s
        self._sink = BatchSink(node.kafka)
        self._relay = Relay(node.outbox, self._sink)
        self._follower = Follower(node, node.settings.corridor)
        self._signing = asyncio.Lock()
        self._sending: set[asyncio.Task[int]] = set()
        self._resending: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, folder: str | Path, *, send_within_s: float = SEND_WITHIN_S) -> "Desk":
        """Return the desk in a node's folder; entering it opens its keys and reads the ledger to its end.

        Without a broker it can still be entered, and signs if the ledger was read here before. What could not be sent
        within *send_within_s* is sent later; `publish` then says so.

        Raises:
            HubError: settings, keys or files are missing or wrong.
        """
        unless_chosen()
        return cls(Node(load_settings(Path(folder))), send_within_s)

    async def __aenter__(self) -> Self:
        """Open keys and files, and catch up with the ledger."""
        await asyncio.to_thread(self._node.unlock)
        try:
            await self._follower.catch_up()
        except Transient as error:
            log.warning("ledger_not_read", error=str(error))
        return self

    async def __aexit__(self, *_error: object) -> None:
        """Let go of everything; what is not sent is sent by the desk's service or the next time."""
        for task in (*self._sending, *([self._resending] if self._resending else [])):
            task.cancel()
            with suppress(asyncio.CancelledError, Transient):
                await task
        await self._sink.stop()
        await self._node.close()

    # ------------------------------------------------------------ publishing

    async def publish(self, value: object, *, about: About = USUAL, sealed: object = None) -> Receipt:
        """Sign a value of `events.catalogue` (or a `Draft`), send it, and return once the broker has it.

        Raises:
            FormError, AdmissionError: it is wrong; nothing was signed.
            NotSentYet: it is signed and kept, and will be sent.
            HubError: nothing was signed; see the hint.
        """
        draft = value if isinstance(value, Draft) else draft_of(value, about, sealed)
        return (await self.publish_many([draft]))[0]

    async def publish_many(self, drafts: Iterable[Draft]) -> tuple[Receipt, ...]:
        """Sign drafts in order, all or none of them, send them, and return their receipts in the same order.

        Raises: as `publish`.
        """
        wanted = tuple(drafts)
        if not wanted:
            return ()
        async with self._signing:
            event_ids = await asyncio.to_thread(self._issue, wanted)
        await self._send(event_ids)
        return await asyncio.to_thread(self._receipts, event_ids)

    async def publish_json(self, values: Iterable[object]) -> AsyncIterator[tuple[Receipt, ...]]:
        """Publish drafts in JSON, and yield their receipts as they are sent; all are checked before any is signed.

        A draft may have a ``label``; later ones can name its digest as ``ref:LABEL``.

        Raises: as `publish`; the path in a FormError begins with the draft's place.
        """
        schemas = (await self.standing()).book.schemas
        digests: dict[str, Hash] = {}
        for group in in_groups(schemas, tuple(values)):
            drafts = group.drafts(schemas, digests)
            receipts = await self.publish_many(drafts)
            digests.update(
                (draft.label, receipt.digest) for draft, receipt in zip(drafts, receipts, strict=True) if draft.label
            )
            yield receipts

    async def draft(self, value: object) -> Draft:
        """Return the draft that a JSON object says, by the schemas in force.

        Raises:
            FormError: it is wrong somewhere; the message begins with the path.
        """
        return parse_draft((await self.standing()).book.schemas, value)

    async def flush(self) -> int:
        """Send what is signed and not sent, and return how much that was.

        Raises:
            Transient: the broker does not answer; all is kept.
        """
        return await self._relay.flush()

    # ------------------------------------------------------------ what becomes of it

    async def admitted(self, receipt: Receipt, within_s: float = ADMITTED_WITHIN_S) -> LeafIndex:
        """Return the leaf index of a published event once this desk has verified its entry.

        Raises:
            Refused: the hub refused it; the message has the reason.
            NotAdmittedYet: the ledger does not have it yet.
        """
        loop = asyncio.get_running_loop()
        start = followed = loop.time()
        while (found := self._receipts([str(receipt.event_id)])[0]).leaf_index is None:
            if found.reason is not None:
                message = f"event {found.event_id} was refused: {found.reason}"
                raise Refused(message)
            if loop.time() - start > within_s:
                message = f"event {found.event_id} is {found.state}, and not in the ledger after {within_s:g} s"
                raise NotAdmittedYet(message)
            await asyncio.sleep(LOOK_EVERY_S)
            if loop.time() - followed > FOLLOW_EVERY_S:  # no service of this desk is folding: do it here
                await self._follower.catch_up()
                followed = loop.time()
        return found.leaf_index

    async def refresh(self) -> None:
        """Read the ledger and what is addressed to this desk to their ends, and sign the receipts that are due.

        The desk's service does this all the time; call it where none runs.

        Raises:
            Transient: the broker does not answer.
        """
        await self._follower.catch_up()
        await self._follower.collect()
        standing = await self.standing()
        async with self._signing:
            await asyncio.to_thread(self._node.reception.sign, standing)
        await self.flush()

    async def standing(self) -> Standing:
        """Return what this desk knows of the ledger: book, keys in force, schemas."""
        return await asyncio.to_thread(self._follower.standing)

    # ------------------------------------------------------------ reading

    async def inbox(self) -> tuple[Told, ...]:
        """Return what this desk's offices were told of, in ledger order."""
        return await asyncio.to_thread(self._inbox)

    async def open_event(self, text: str, office: str | None = None) -> Opened:
        """Return an event with its sealed part decrypted, after signing that it was opened.

        *text* is an event id, a leaf index or the beginning of a digest; *office* the one that opens it, by default the
        first of this desk that was told of it.

        Raises:
            NotFound: it means no event, or several.
            SealedPartError: the sealed part is not for this desk, or was changed.
        """
        standing = await self.standing()
        found = await asyncio.to_thread(wanted, self._node, standing, text)
        if found.needs_part:
            await self._follower.collect()
        receipt = await self.publish(opening(self._node, standing, found, office))
        return await asyncio.to_thread(opened, self._node, standing, found, receipt)

    async def acknowledge(self, text: str, office: str | None = None) -> Receipt:
        """Sign that a person has taken note of an event; *text* and *office* as in `open_event`.

        Raises:
            NotFound: it means no event, or several.
            NotSentYet: it is signed and kept, and will be sent.
        """
        standing = await self.standing()
        found = await asyncio.to_thread(wanted, self._node, standing, text)
        return await self.publish(acknowledgement(self._node, standing, found, office))

    # ------------------------------------------------------------ parts

    def _issue(self, drafts: Sequence[Draft]) -> tuple[str, ...]:
        return self._node.issuer.issue(self._follower.standing(), drafts, self._follower.find)

    async def _send(self, event_ids: Sequence[str]) -> None:
        # Not cancelled when time is up: what is half sent would only be sent twice.
        sending = asyncio.create_task(self._relay.flush())
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        await asyncio.wait({sending}, timeout=self._send_within_s)
        error = sending.exception() if sending.done() else None
        if sending.done() and not isinstance(error, Transient):
            sending.result()
            return
        if self._resending is None:
            self._resending = asyncio.create_task(self._send_later(sending))
        reason = str(error or f"no answer within {self._send_within_s:g} s")
        count = f"{len(event_ids)} events are" if len(event_ids) > 1 else "event is"
        message = f"{count} signed and kept, not sent yet: {reason}"
        raise NotSentYet(message, event_ids=tuple(event_ids))

    async def _send_later(self, sending: asyncio.Task[int]) -> None:
        try:
            while True:
                with suppress(Transient):
                    await sending
                    return
                await asyncio.sleep(AGAIN_AFTER_S)
                sending = asyncio.create_task(self._relay.flush())
        finally:
            self._resending = None

    def _receipts(self, event_ids: Sequence[str]) -> tuple[Receipt, ...]:
        kept = self._node.outbox.places(event_ids)
        # An outbox that was lost has forgotten what the ledger still knows.
        return tuple(
            receipt_of(kept[each]) if each in kept else self._follower.receipt(UUID(each)) for each in event_ids
        )

    def _inbox(self) -> tuple[Told, ...]:
        return tuple(self._node.store.inbox(self._follower.partition, self._node.settings.offices))
