"""An event as everyone reads it: a header that is the same in every type, and the fields of its type."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from events.ids import Hash, KeyId, LeafIndex, Office, Sequence, TreeSize


@dataclass(frozen=True, slots=True)
class Handling:
    """How the information may be used: code h0 to h3 with its limits."""

    code: str = "h2"
    permitted_uses: tuple[str, ...] = ()
    released_to: tuple[str, ...] = ()
    expires_on: str | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """4x4 evaluation: source a, b, c or x; information 1 to 4, 0 for not evaluated."""

    source_code: str
    information_code: int


@dataclass(frozen=True, slots=True)
class SeenCheckpoint:
    """The last checkpoint the issuing office had verified."""

    tree_size: TreeSize
    root: Hash


@dataclass(frozen=True, slots=True)
class SealedReference:
    """What ties an encrypted part to its event."""

    digest: Hash
    key_commitment: Hash
    recipient_keys: tuple[KeyId, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """Who says it, when, about what, in which place of the chain; fields as documented in the schemas."""

    origin: str
    office: Office
    key_id: KeyId
    epoch: int
    sequence: Sequence
    previous: Hash
    event_id: UUID
    type: str
    schema_sha256: Hash
    issued_at: datetime
    occurred: str
    case_key: str | None
    recorded_by_role: str
    recipients: tuple[Office, ...]
    handling: Handling
    evaluation: Evaluation | None
    urgency: str
    basis: str
    provenance: str
    cause: Hash | None
    seen: SeenCheckpoint | None
    sealed: SealedReference | None

    @property
    def is_backfilled(self) -> bool:
        """Whether it was entered later from documents; safeguards are then not evaluated."""
        return self.provenance == "backfilled"


@dataclass(frozen=True, slots=True)
class Event:
    """A decoded event; *digest* is SHA-256 of the DSSE PAE of its exact bytes."""

    header: Header
    payload: Mapping[str, object]
    digest: Hash


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event with its place and time in the ledger: what every projection folds."""

    event: Event
    leaf_index: LeafIndex
    admitted_at: datetime
