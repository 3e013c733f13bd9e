"""The notifier of one corridor: tells every office that an entry concerns, at least once, in ledger order."""

from collections.abc import Iterator

from events.book import Book
from events.codec import encode, wire_schema
from events.ids import Office, agency_of
from events.notice import notification
from events.reading import Step, trusted
from events.routing import told
from events.topics import notifications_topic
from hub.chunk import Chunk
from hub.ports import Message, Sink


class Notifier:
    """Follows one corridor's ledger and writes to the agencies' notification topics."""

    def __init__(self, partition: int, sink: Sink, book: Book | None = None, offset: int = 0) -> None:
        """Continue after a book that was folded from the ledger topic up to *offset*."""
        self._partition = partition
        self._sink = sink
        self.book = book or Book()
        self.offset = offset

    async def tell(self, chunk: Chunk) -> int:
        """Send the notifications of a chunk of ledger records and return how many there were.

        Raises:
            Transient: the broker did not acknowledge; nothing has moved, try again.
        """
        book, messages = self.book, list[Message]()
        for record in chunk.records:
            if record.offset < self.offset:
                continue
            step = trusted(book, record.value or b"")
            if step is not None:
                book = step.book
                messages.extend(self._messages(step))
        if messages:
            await self._sink.put(messages)
        self.book, self.offset = book, max(self.offset, chunk.last_offset + 1)
        return len(messages)

    def _messages(self, step: Step) -> Iterator[Message]:
        recorded = step.recorded
        if recorded is None:
            return
        schema = wire_schema("Notification")
        for notice in told(recorded, step.book.keyring.directory):
            value = encode(schema, notification(step, notice))
            yield Message(_topic(notice.office), self._partition, notice.office.encode(), value)


def _topic(office: Office) -> str:
    return notifications_topic(agency_of(office))
