"""The outbox's tables, and its rows as values."""

from dataclasses import dataclass
from typing import NamedTuple

from events.ids import Hash, LeafIndex, Office

VERSION = 1
"""Of these tables."""

SIGNED, SENT, ADMITTED, REFUSED = range(4)
"""States of an event; it is settled from ADMITTED on."""

STATES = ("signed", "sent", "admitted", "refused")

TABLES = """
CREATE TABLE IF NOT EXISTS event (
  id INTEGER PRIMARY KEY,
  corridor INTEGER NOT NULL, office TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
  digest BLOB NOT NULL, event_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, topic TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  envelope BLOB NOT NULL, sealed BLOB, sealed_digest BLOB,
  state INTEGER NOT NULL DEFAULT 0, "offset" INTEGER, leaf_index INTEGER, reason TEXT,
  given_up INTEGER NOT NULL DEFAULT 0);
CREATE UNIQUE INDEX IF NOT EXISTS place ON event (corridor, office, epoch, sequence, given_up);
CREATE TABLE IF NOT EXISTS head (
  corridor INTEGER NOT NULL, office TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
  digest BLOB NOT NULL, PRIMARY KEY (corridor, office)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""

ADD = (
    "INSERT INTO event (corridor, office, epoch, sequence, digest, event_id, type, topic, issued_at, envelope,"
    " sealed, sealed_digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

READ = (
    "SELECT id, corridor, office, epoch, sequence, digest, event_id, type, topic, issued_at, envelope, sealed,"
    ' sealed_digest, state, "offset", leaf_index, reason FROM event'
)


PLACED = 'SELECT event_id, digest, office, sequence, topic, corridor, "offset", leaf_index, state, reason FROM event'


class New(NamedTuple):
    """A signed event on its way into the outbox; the fields are columns."""

    corridor: int
    office: Office
    epoch: int
    sequence: int
    digest: bytes
    event_id: str
    type: str
    topic: str
    issued_at: int
    envelope: bytes
    sealed: bytes | None
    sealed_digest: bytes | None


class Kept(NamedTuple):
    """An event in the outbox; *issued_at* in microseconds since 1970, *state* one of the constants above."""

    id: int
    corridor: int
    office: Office
    epoch: int
    sequence: int
    digest: Hash
    event_id: str
    type: str
    topic: str
    issued_at: int
    envelope: bytes
    sealed: bytes | None
    sealed_digest: bytes | None
    state: int
    offset: int | None
    leaf_index: LeafIndex | None
    reason: str | None


class Placed(NamedTuple):
    """Where an event is and what became of it."""

    event_id: str
    digest: Hash
    office: Office
    sequence: int
    topic: str
    corridor: int
    offset: int | None
    leaf_index: LeafIndex | None
    state: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many events of the outbox are in which state."""

    signed: int
    sent: int
    admitted: int
    refused: int
