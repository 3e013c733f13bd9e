"""The fallback should chunks ever fail us: Faust's own reading, a chunk is one record.

Twenty times slower, and exposed to Faust's own rules for commits; our positions still win.
"""

from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as driver
from faust.types import Message

from agents.transport import HubConsumer
from hub.chunk import Chunk, Record


class RecordConsumer(HubConsumer):
    """Hands out records one by one, as Faust does."""

    def is_current(self, _: Message) -> bool:
        """Return whether a record may be worked on: not after one was given back."""
        return not self.behind

    def chunk_of(self, message: Message) -> Chunk:
        """Return a chunk of one record."""
        return Chunk(message.topic, message.partition, (record_of_message(message),))

    def finish(self, message: Message) -> None:
        """Let the commit pass this record."""
        message.ack(self)

    def abandon(self, message: Message) -> None:
        """Give a record back: nothing is worked on until the next seek."""
        self.behind = True
        self.release(message)


def record_of_message(message: Message) -> Record:
    """Return our record for Faust's message."""
    headers: Any = message.headers or ()
    stamp = round((message.timestamp or 0) * 1000)
    return Record(message.offset, message.key, message.value, tuple(headers), stamp)


class RecordTransport(driver.Transport):
    """Brings single records into a Faust app."""

    Consumer: ClassVar[Any] = RecordConsumer
