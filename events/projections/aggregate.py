"""One thing that events speak of, as far as they have told: a lead, a person's return, a delivery.

An aggregate is plain data. It goes to JSON and back unchanged, and the digest over all of them is what
two nodes compare to know that they have read the same history in the same way.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias, cast

from events.ids import LeafIndex

Json: TypeAlias = "str | int | list[Json] | dict[str, Json] | None"
"""What facts are made of: no floats, whose text could differ between machines."""

Facts: TypeAlias = Mapping[str, Json]
"""Small facts of a kind; replaced as a whole, never changed in place."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The folded state of one thing.

    *kind* and *key* name it, *first_leaf* and *last_leaf* say where the ledger speaks of it, *findings* are the
    leaf and the name of everything that fitted no row.
    """

    kind: str
    key: str
    case_key: str | None
    state: str
    first_leaf: LeafIndex
    last_leaf: LeafIndex
    findings: tuple[tuple[LeafIndex, str], ...]
    facts: Facts

    def to_json(self) -> dict[str, Json]:
        """Return the aggregate as a plain dict of strings, integers, lists, dicts and None."""
        return {
            "kind": self.kind,
            "key": self.key,
            "case_key": self.case_key,
            "state": self.state,
            "first_leaf": self.first_leaf,
            "last_leaf": self.last_leaf,
            "findings": [[leaf, name] for leaf, name in self.findings],
            "facts": dict(self.facts),
        }


def from_json(value: Mapping[str, Json]) -> Aggregate:
    """Return the aggregate that `Aggregate.to_json` wrote.

    Raises:
        KeyError: a part is missing.
    """
    findings = cast("list[tuple[LeafIndex, str]]", value["findings"])
    return Aggregate(
        kind=cast("str", value["kind"]),
        key=cast("str", value["key"]),
        case_key=cast("str | None", value["case_key"]),
        state=cast("str", value["state"]),
        first_leaf=cast("LeafIndex", value["first_leaf"]),
        last_leaf=cast("LeafIndex", value["last_leaf"]),
        findings=tuple((leaf, name) for leaf, name in findings),
        facts=cast("Facts", value["facts"]),
    )


def state_digest(aggregates: Iterable[Aggregate]) -> str:
    """Return SHA-256, as hex, over all aggregates: one line of canonical JSON each, sorted by kind and key.

    It does not depend on the order in which they are given, nor on how the entries were batched.
    """
    digest = sha256()
    for aggregate in sorted(aggregates, key=lambda each: (each.kind, each.key)):
        digest.update(canonical_json(aggregate.to_json()))
        digest.update(b"\n")
    return digest.hexdigest()


def canonical_json(value: Json) -> bytes:
    """Return the one JSON text of a value: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
