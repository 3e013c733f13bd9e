"""Plays drafts through both desks, as the agencies' own programs would."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from events.draft import with_references
from events.ids import Agency, Hash, LeafIndex, Office, agency_of
from hub.desk import Desk

Draft = Mapping[str, object]
"""A draft in JSON, with an ``office`` and a ``label``."""


@dataclass(frozen=True, slots=True)
class Played:
    """Drafts of one office and type that were published together, with the leaves they got."""

    office: Office
    type: str
    labels: tuple[str, ...]
    digests: tuple[Hash, ...]
    leaves: tuple[LeafIndex, ...]


def scenario(name: str) -> tuple[Draft, ...]:
    """Return the drafts of a file in `deploy/scenario`."""
    text = (files("deploy") / "scenario" / f"{name}.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


async def play(desks: Mapping[Agency, Desk], drafts: Iterable[Draft]) -> AsyncIterator[Played]:
    """Publish drafts in order, those of one office and type together, each group once the one before is admitted.

    Raises:
        HubError: something was not admitted.
    """
    digests: dict[str, Hash] = {}
    for group in _groups(drafts):
        office = Office(str(group[0]["office"]))
        desk = desks[agency_of(office)]
        resolved = [with_references(dict(draft), digests) for draft in group]
        receipts = [receipt async for some in desk.publish_json(resolved) for receipt in some]
        leaves = tuple([await desk.admitted(receipt) for receipt in receipts])
        labels = tuple(str(draft["label"]) for draft in group)
        found = tuple(receipt.digest for receipt in receipts)
        digests.update(zip(labels, found, strict=True))
        yield Played(office, str(group[0]["type"]), labels, found, leaves)


def _groups(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    for _, group in groupby(drafts, key=lambda draft: (draft["office"], draft["type"])):
        yield list(group)
