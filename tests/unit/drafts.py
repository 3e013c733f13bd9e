"""Recorded events straight from drafts, as a ledger would hold them: no bytes, no keys, no clock."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import cast
from uuid import UUID

from events.event import Evaluation, Event, Header, Recorded
from events.ids import NO_HASH, Hash, KeyId, LeafIndex, Office, Sequence

FOLDER = Path(__file__).parents[2] / "deploy" / "scenario"

FOUNDED_AT = datetime(2026, 11, 1, tzinfo=UTC)

Draft = Mapping[str, object]


def drafts(name: str) -> list[dict[str, object]]:
    """Return the lines of a file of drafts."""
    return [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]


def expected() -> dict[str, object]:
    """Return what the founding scenario must come to."""
    found: dict[str, object] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return found


def digest_of(label: object) -> Hash:
    """Return the digest that the event with this label has in these tests."""
    return Hash(sha256(str(label).encode()).digest())


def history(lines: Iterable[Draft], start: int = 0) -> list[Recorded]:
    """Return drafts as recorded events, one second and one leaf apart."""
    return [recorded(line, leaf) for leaf, line in enumerate(lines, start)]


def founding() -> list[Recorded]:
    """Return the founding scenario as recorded events."""
    return history(drafts("founding.jsonl"))


def live(kind: str, office: str, /, **payload: object) -> Draft:
    """Return the draft of an event of today."""
    return {"type": kind, "office": office, "payload": payload}


def recorded(draft: Draft, leaf: int = 0) -> Recorded:
    """Return one draft as a recorded event."""
    event = Event(_header(draft, leaf), _resolved(draft["payload"]), digest_of(draft.get("label", f"leaf {leaf}")))
    return Recorded(event, LeafIndex(leaf), FOUNDED_AT + timedelta(seconds=leaf))


def _header(draft: Draft, leaf: int) -> Header:
    said = {"cause": None, "evaluation": None, **{name: draft[name] for name in HEADER if name in draft}}
    changes: dict[str, object] = {
        **said,
        "office": Office(str(draft["office"])),
        "event_id": UUID(int=leaf),
        "recipients": tuple(cast("list[str]", draft.get("recipients", []))),
        "cause": _reference(said["cause"]),
        "evaluation": said["evaluation"] and Evaluation(**said["evaluation"]),  # type: ignore[arg-type]
    }
    return Header(**{**HEADER, **changes})  # type: ignore[arg-type]


HEADER: Mapping[str, object] = {
    "origin": "ruili-muse",
    "office": Office("cn:blo-ruili"),
    "key_id": KeyId(bytes(32)),
    "epoch": 1,
    "sequence": Sequence(1),
    "previous": NO_HASH,
    "event_id": UUID(int=0),
    "type": "LeadShared",
    "schema_sha256": NO_HASH,
    "issued_at": FOUNDED_AT,
    "occurred": "2026-11-01",
    "case_key": None,
    "recorded_by_role": "unknown",
    "recipients": (),
    "handling": None,
    "evaluation": None,
    "urgency": "u3_routine",
    "basis": "observed",
    "provenance": "live",
    "cause": None,
    "seen": None,
    "sealed": None,
}


def _resolved(payload: object) -> dict[str, object]:
    assert isinstance(payload, dict)
    return {name: _reference(value) for name, value in payload.items()}


def _reference(value: object) -> object:
    return digest_of(value.removeprefix("ref:")) if isinstance(value, str) and value.startswith("ref:") else value
