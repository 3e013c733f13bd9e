"""What a corridor's topics add up to, read with nobody's help, and what must hold of it whatever happened before."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.corridor import OFFICES
from events.book import Book
from events.chain import Link, link_of
from events.event import Event
from events.ids import HUB, NO_HASH, Agency, Hash, Office, Sequence
from events.ledger import ADMITTED
from events.reading import Step, verified
from events.routing import told
from events.topics import LEDGER, events_topic
from hub.chunk import Record
from hub.kafka import KafkaSettings
from hub.kafka_log import records_of
from hub.projector import Projector
from hub.store import Store

SOURCES = tuple(events_topic(Agency(agency)) for agency in (HUB, *OFFICES))


@dataclass(frozen=True, slots=True)
class History:
    """A ledger topic, read: its records, those that count, and how many records each source topic has."""

    records: tuple[Record, ...]
    steps: tuple[Step, ...]
    sources: Mapping[str, int]

    @property
    def admitted(self) -> tuple[Event, ...]:
        """The admitted events, in ledger order."""
        return tuple(step.event for step in self.steps if step.event is not None)

    @property
    def ignored(self) -> int:
        """How many records do not count: those of late or rival sequencers."""
        return len(self.records) - len(self.steps)

    @property
    def verdicts(self) -> Counter[str]:
        """How many entries there are of each kind."""
        return Counter(step.entry.verdict for step in self.steps)

    def of(self, office: str) -> tuple[Event, ...]:
        """Return the admitted events of an office."""
        return tuple(event for event in self.admitted if event.header.office == office)


def read_topic(kafka: KafkaSettings, topic: str, offset: int = 0) -> tuple[Record, ...]:
    """Return the records of a topic's first partition."""

    async def read() -> tuple[Record, ...]:
        return tuple([record async for record in records_of(kafka, topic, 0, offset)])

    return asyncio.run(read())


def read_history(kafka: KafkaSettings) -> History:
    """Return the corridor's history as a stranger reads it from Kafka, verifying everything."""
    records = read_topic(kafka, LEDGER)
    sources = {topic: len(read_topic(kafka, topic)) for topic in SOURCES}
    places: dict[tuple[Office, int, Sequence], Link] = {}
    book, steps = Book(), list[Step]()
    for record in records:
        step = verified(book, record.value or b"", lambda *place: places.get(place))
        if step is not None:
            book = step.book
            steps.append(step)
            if step.event is not None:
                header = step.event.header
                places[header.office, header.epoch, header.sequence] = link_of(step.event, step.entry.index)
    return History(records, tuple(steps), sources)


def check_history(history: History) -> None:
    """Check what must hold of every ledger: each place once, each source record once, chains whole, all authentic."""
    assert [step.entry.index for step in history.steps] == list(range(len(history.steps)))
    assert [step.objections for step in history.steps if step.objections] == []
    accounted: dict[str, list[int]] = {topic: [] for topic in history.sources}
    for step in history.steps:
        accounted[step.entry.source.topic].append(step.entry.source.offset)
    assert accounted == {topic: list(range(size)) for topic, size in history.sources.items()}
    digests = [event.digest for event in history.admitted]
    assert len(digests) == len(set(digests))
    for office in {event.header.office for event in history.admitted}:
        _check_chain(history.of(office))


def undelivered(history: History) -> set[tuple[Hash, Office]]:
    """Return the deliveries that the ledger owes: an office had to be told of an event, and has not signed for it."""
    owed, received = set(), set()
    for step in history.steps:
        recorded = step.recorded
        if recorded is not None and step.entry.verdict == ADMITTED:
            header, payload = recorded.event.header, recorded.event.payload
            owed |= {(recorded.event.digest, each.office) for each in told(recorded, step.book.keyring.directory)}
            if header.type == "EventReceived":
                digests = payload["digests"]
                assert isinstance(digests, list)
                received |= {(Hash(digest), header.office) for digest in digests}
    return owed - received


def replayed_digest(history: History, folder: Path) -> str:
    """Return the state digest of a new read model that has read the ledger topic from its beginning."""
    store = Store.open(f"sqlite:///{folder / 'replayed.sqlite'}")
    try:
        Projector(store, 0).apply((record.offset, record.value or b"") for record in history.records)
        return store.state_digest(0)
    finally:
        store.close()


def _check_chain(events: tuple[Event, ...]) -> None:
    previous = NO_HASH
    for sequence, event in enumerate(events, 1):
        assert (event.header.sequence, event.header.previous) == (sequence, previous)
        previous = event.digest
