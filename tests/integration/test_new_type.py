"""A new event type on running processes: one schema file, no code."""

import json
from pathlib import Path

import pytest

from tests.scenarios.test_new_type import vehicle_seen
from tests.support.command import hub
from tests.support.corridor import RunningCorridor
from tests.support.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]


def test_a_schema_file_is_enough_for_a_type_to_be_published_and_told(corridor: RunningCorridor, tmp_path: Path) -> None:
    schema, draft = tmp_path / "VehicleSeen.avsc", tmp_path / "seen.json"
    schema.write_bytes(vehicle_seen())
    draft.write_text(
        json.dumps({"type": "VehicleSeen", "office": "cn:blo-ruili", "payload": {"lead_key": "lead-1"}}),
        encoding="utf-8",
    )
    corridor.start()
    corridor.until_working()
    early = hub(corridor.node("cn"), "publish", str(draft))
    published = hub(corridor.node("hub"), "schema", "publish", str(schema))

    until(lambda: hub(corridor.node("cn"), "publish", str(draft)).code == 0, "cn knows the new type", every_s=0.5)

    def told() -> list[dict[str, object]]:
        found = hub(corridor.node("mm"), "inbox", "--json")
        return [row for row in json.loads(found.out or "[]") if row["type"] == "VehicleSeen"]

    until(lambda: bool(told()), "mm is told of it", every_s=0.5)
    assert early.code == 1
    assert "VehicleSeen" in early.err
    assert published.code == 0, published
    assert told()[0]["office"] == "mm:blo-muse"
    again = hub(corridor.node("hub"), "schema", "publish", str(schema))
    assert again.code == 1
    assert "error: " in again.err
