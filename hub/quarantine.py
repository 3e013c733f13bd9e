"""The quarantine: the exact bytes of every refused record, under the place they came from."""

from events.admission import Refused
from events.topics import QUARANTINE
from hub.chunk import Chunk, Record
from hub.ports import Message


def place(topic: str, partition: int, offset: int) -> str:
    """Return the quarantine's key for a source record: ``<topic>/<partition>/<offset>``."""
    return f"{topic}/{partition}/{offset}"


def quarantined(chunk: Chunk, record: Record, verdict: Refused) -> Message:
    """Return the message that keeps a refused record's bytes with the reason beside them."""
    key = place(chunk.topic, chunk.partition, record.offset)
    headers = (("reason", verdict.reason.encode()), ("message", verdict.message.encode()))
    return Message(QUARANTINE, chunk.partition, key.encode(), record.value or b"", headers)
