"""The founding scenario as a real ledger, and the read model of a node that has verified it; no Kafka."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from events.checkpoint import Checkpoint, format_checkpoint, sign_checkpoint
from events.codec import released
from events.event import Evaluation
from events.forms import payload_of
from events.ids import Hash, Office, TreeSize, agency_of
from events.note import Note, format_note
from events.topics import events_topic
from hub.projector import Projector
from hub.store import Store
from tests.support.ledger import ATIPD, MUSE, RUILI, Corridor

FOLDER = Path(__file__).parents[2] / "deploy" / "scenario"

CASE = "cn-ah-2005-0528"
LIVE_CASE = "exercise-2026-0001"

HEADER = ("occurred", "case_key", "recorded_by_role", "urgency", "basis", "provenance")

Digests = dict[str, Hash]


def played(*, with_live: bool = True) -> Corridor:
    """Return a corridor that has heard the founding scenario, a live lead with its receipts, and one bad record."""
    corridor = Corridor.founded()
    digests: Digests = {}
    for line in (FOLDER / "founding.jsonl").read_text(encoding="utf-8").splitlines():
        say(corridor, json.loads(line), digests)
    if with_live:
        _live(corridor, digests)
    corridor.hear(events_topic(agency_of(ATIPD)), b"not an envelope")
    return corridor


def say(corridor: Corridor, draft: Mapping[str, object], digests: Digests) -> None:
    """Let an office of the corridor sign a draft; later drafts can refer to it by its label."""
    kind = str(draft["type"])
    payload = payload_of(released().by_name[kind], _resolved(draft["payload"], digests))
    header: dict[str, object] = {name: draft[name] for name in HEADER if name in draft}
    if "evaluation" in draft:
        header["evaluation"] = Evaluation(**cast("dict[str, str]", draft["evaluation"]))  # type: ignore[arg-type]
    if "recipients" in draft:
        header["recipients"] = tuple(cast("list[Office]", draft["recipients"]))
    if "cause" in draft:
        header["cause"] = digests[str(draft["cause"]).removeprefix("ref:")]
    envelope = corridor.says(Office(str(draft["office"])), kind, payload, **header)
    digests[str(draft["label"])] = corridor.event_of(envelope).digest


def checkpoint_of(corridor: Corridor, size: int | None = None) -> bytes:
    """Return the note by which the hub signs the corridor's ledger, or a wrong size of it."""
    tail = corridor.book.tail
    signed = Checkpoint(corridor.origin, TreeSize(tail.size if size is None else size), tail.frontier.root())
    return format_note(Note(format_checkpoint(signed), (sign_checkpoint(signed, corridor.keys[corridor.hub]),)))


def node_in(folder: Path, corridor: Corridor, *, batch: int = 64) -> Path:
    """Return the folder of a desk that has read a corridor's ledger, some entries at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hub.toml").write_text(SETTINGS.format(origin=corridor.origin), encoding="utf-8")
    store = Store.open(f"sqlite:///{folder / 'read-model.sqlite'}")
    records = list(enumerate(corridor.entries))
    projector = Projector(store, corridor.partition)
    for start in range(0, len(records), batch):
        projector.apply(records[start : start + batch])
    store.close()
    return folder


SETTINGS = """
[node]
name = "mm"
role = "desk"
agency = "mm"
offices = ["mm:blo-muse"]

[[corridors]]
name = "ruili-muse"
origin = "{origin}"
agencies = ["cn", "mm"]
"""


def _live(corridor: Corridor, digests: Digests) -> None:
    lead: dict[str, object] = json.loads((FOLDER / "live.jsonl").read_text(encoding="utf-8").splitlines()[0])
    say(corridor, lead, digests)
    digest = digests[str(lead["label"])]
    received = {"digests": [digest], "tree_size": len(corridor.entries)}
    corridor.says(MUSE, "EventReceived", received, occurred="2026-11-20")
    corridor.says(MUSE, "EventOpened", {"digest": digest}, occurred="2026-11-20")
    key = cast("Mapping[str, str]", lead["payload"])["lead_key"]
    acknowledged = {"ref_kind": "lead", "ref_key": key, "by_role": "liaison", "due_at": None}
    said = {"case_key": LIVE_CASE, "occurred": "2026-11-20", "cause": digest}
    corridor.says(MUSE, "RequestAcknowledged", acknowledged, **said)


def _resolved(value: object, digests: Digests) -> object:
    if isinstance(value, dict):
        return {name: _resolved(each, digests) for name, each in value.items()}
    if isinstance(value, str) and value.startswith("ref:"):
        return digests[value.removeprefix("ref:")].hex()
    return value


__all__ = ["CASE", "LIVE_CASE", "RUILI", "checkpoint_of", "node_in", "played", "say"]
