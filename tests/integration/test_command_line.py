"""The command line with wrong input: an error, a hint, the right exit code, nothing signed and never a traceback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.kafka.broker import LocalKafka
from tests.support.command import Said, hub
from tests.support.corridor import RunningCorridor, founded
from tests.support.desks import Keys

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

LEAD = {
    "type": "LeadShared",
    "office": "cn:blo-ruili",
    "case_key": "exercise-1",
    "evaluation": {"source_code": "b", "information_code": 2},
    "payload": {"lead_key": "lead-exercise-1", "kind": "route", "place_code": "MM-17"},
}


@pytest.fixture(scope="module")
def running(node_keys: Keys, tmp_path_factory: pytest.TempPathFactory, broker: LocalKafka) -> Iterator[RunningCorridor]:
    """A corridor whose hub and desks run."""
    with founded(node_keys, tmp_path_factory.mktemp("corridor"), broker) as found:
        found.start()
        found.until_working()
        yield found


def publish(running: RunningCorridor, value: object, folder: Path) -> Said:
    """Publish what a file says as cn."""
    file = folder / "draft.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return hub(running.node("cn"), "publish", str(file))


def check_refused(said: Said, code: int, *words: str) -> None:
    """Check that a command failed as it should."""
    assert said.code == code, said
    assert said.err.count("error: ") == 1
    assert "hint: " in said.err
    assert "Traceback" not in said.err + said.out
    for word in words:
        assert word in said.err


def test_malformed_json_names_the_place(running: RunningCorridor, tmp_path: Path) -> None:
    check_refused(publish(running, '{"type": "LeadShared",,}', tmp_path), 2, "line 1 column")


def test_an_unknown_field_is_named(running: RunningCorridor, tmp_path: Path) -> None:
    draft = {**LEAD, "payload": {**LEAD["payload"], "colour": "blue"}}  # type: ignore[dict-item]

    check_refused(publish(running, draft, tmp_path), 1, "payload.colour", "unknown field")


def test_a_wrong_code_names_what_was_expected(running: RunningCorridor, tmp_path: Path) -> None:
    draft = {**LEAD, "payload": {**LEAD["payload"], "kind": "rumour"}}  # type: ignore[dict-item]

    check_refused(publish(running, draft, tmp_path), 1, "payload.kind", "person_at_risk")


def test_what_may_only_be_sealed_is_not_taken_in_clear(running: RunningCorridor, tmp_path: Path) -> None:
    draft = {**LEAD, "payload": {**LEAD["payload"], "summary": "EXERCISE"}}  # type: ignore[dict-item]

    check_refused(publish(running, draft, tmp_path), 1, "payload.summary")


def test_an_office_of_the_other_agency_cannot_be_spoken_for(running: RunningCorridor, tmp_path: Path) -> None:
    check_refused(publish(running, {**LEAD, "office": "mm:blo-muse"}, tmp_path), 1, "mm:blo-muse")


def test_an_office_without_the_right_is_told_so(running: RunningCorridor, tmp_path: Path) -> None:
    draft = {"type": "SchemaPublished", "office": "cn:blo-ruili", "payload": {"schema": "00"}}

    check_refused(publish(running, draft, tmp_path), 1, "may not issue SchemaPublished")


def test_a_missing_file_is_named(running: RunningCorridor, tmp_path: Path) -> None:
    check_refused(hub(running.node("cn"), "publish", str(tmp_path / "nothing.json")), 2, "nothing.json")


def test_a_folder_without_a_node_says_how_to_name_one(tmp_path: Path) -> None:
    check_refused(hub(tmp_path, "inbox"), 1, "hub.toml is missing", "--node")


def test_wrong_settings_are_all_named(running: RunningCorridor, tmp_path: Path) -> None:
    text = (running.node("cn") / "hub.toml").read_text(encoding="utf-8")
    (tmp_path / "hub.toml").write_text(
        text.replace("partition = 0", 'partition = "x"') + "\n[more]\n", encoding="utf-8"
    )

    check_refused(hub(tmp_path, "inbox"), 1, "partition", "more")


def test_an_unknown_event_is_not_opened(running: RunningCorridor) -> None:
    check_refused(hub(running.node("mm"), "open", "abcdef"), 1, "abcdef", "expected one")


def test_nothing_in_the_inbox_is_no_last_one(running: RunningCorridor) -> None:
    check_refused(hub(running.node("mm"), "open", "last"), 2, "nothing has come in yet")


def test_an_unknown_case_is_not_an_empty_history(running: RunningCorridor) -> None:
    check_refused(hub(running.node("mm"), "history", "no-such-case"), 1, "no-such-case")


@pytest.mark.parametrize("when", ["leaf:x", "yesterday", "received:", "leaf:999999"])
def test_a_wrong_as_of_is_a_usage_error(running: RunningCorridor, when: str) -> None:
    check_refused(hub(running.node("mm"), "history", "exercise-1", "--as-of", when), 2)


def test_a_key_file_that_others_can_read_is_refused(running: RunningCorridor, tmp_path: Path) -> None:
    file = running.node("cn") / "keys" / "cn-blo-ruili.key.age"
    file.chmod(0o644)
    try:
        check_refused(publish(running, LEAD, tmp_path), 1, "cn-blo-ruili.key.age", "chmod 600")
    finally:
        file.chmod(0o600)


def test_a_missing_key_file_is_named(running: RunningCorridor, tmp_path: Path) -> None:
    file = running.node("cn") / "keys" / "cn-blo-ruili.key.age"
    away = file.rename(file.with_name("away"))
    try:
        check_refused(publish(running, LEAD, tmp_path), 1, "cn-blo-ruili.key.age")
    finally:
        away.rename(file)


def test_a_wrong_passphrase_is_said_to_be_one(running: RunningCorridor, tmp_path: Path) -> None:
    file = running.node("cn") / "passphrase"
    right = file.read_text(encoding="utf-8")
    file.write_text("not the passphrase", encoding="utf-8")
    try:
        check_refused(publish(running, LEAD, tmp_path), 1, "passphrase does not open")
    finally:
        file.write_text(right, encoding="utf-8")


def test_the_doctor_finds_a_refused_login(running: RunningCorridor) -> None:
    found = hub(running.node("cn"), "doctor", "--json", env={"HUB__KAFKA__USER": "mm"})

    broken = {check["name"]: check for check in json.loads(found.out) if check["health"] == "wrong"}
    assert found.code == 1
    assert "login of mm" in broken["broker"]["found"]
    assert broken["broker"]["hint"]


def test_the_doctor_of_a_healthy_node_finds_nothing_wrong(running: RunningCorridor) -> None:
    found = hub(running.node("mm"), "doctor", "--json")

    assert found.code == 0, found
    assert {check["health"] for check in json.loads(found.out)} <= {"fine", "warning"}


def test_nothing_wrong_was_signed(running: RunningCorridor) -> None:
    with running.outbox("cn") as outbox:
        tally = outbox.tally()

    assert tally.signed == tally.sent == tally.refused == 0
