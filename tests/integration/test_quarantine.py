"""Bad records written straight to Kafka: each is one refused entry with a stable reason, and its bytes are kept."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from events.codec import released
from events.draft import About, Draft, Stamp, compose, header_of
from events.envelope import sign_event
from events.event import Header
from events.ids import Agency, Hash, KeyId, Office, Sequence
from events.signing import SigningKey
from events.topics import events_topic
from hub.keyfiles import OfficeKeys, read_keys, unlock
from hub.ports import Message
from tests.support.command import hub
from tests.support.corridor import RUILI, RunningCorridor
from tests.support.forge import sealed_in, signed_for
from tests.support.load import Publisher
from tests.support.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

CN = events_topic(Agency("cn"))
SCHEMA = released().by_name["LeadShared"]
LEAD = Draft("LeadShared", {"lead_key": "lead-exercise", "kind": "route"}, About(office=RUILI))


class Forger:
    """Somebody who has the keys of cn's offices and Kafka's password, and writes what no desk would."""

    def __init__(self, corridor: RunningCorridor) -> None:
        """Open the keys of Ruili."""
        folder = corridor.node("cn")
        identity = unlock(folder / "keys", (folder / "passphrase").read_text(encoding="utf-8"))
        self.keys: OfficeKeys = read_keys(folder / "keys", identity, RUILI)
        head = corridor.history().steps[-1].book.head(RUILI)
        self.header = self._header(Sequence(head.sequence + 1), head.digest)

    def envelope(self, header: Header, key: SigningKey | None = None) -> bytes:
        """Return a lead with a header, signed."""
        return sign_event(compose(LEAD, SCHEMA, header), key or self.keys.signing)

    def _header(self, sequence: Sequence, previous: Hash) -> Header:
        stamp = Stamp(
            origin="liaison.example/ruili-muse",
            office=RUILI,
            key_id=self.keys.signing.key_id,
            epoch=1,
            sequence=sequence,
            previous=previous,
            event_id=uuid4(),
            issued_at=datetime.now(UTC),
            role="liaison",
            cause=None,
            seen=None,
        )
        return header_of(LEAD, SCHEMA, stamp)


def poison(forger: Forger) -> Mapping[str, bytes]:
    """Return bad records by the reason for which each must be refused."""
    good = forger.header
    event = compose(LEAD, SCHEMA, good)
    envelope = forger.envelope(good)
    unknown = SCHEMA.prefix[:2] + bytes(8) + event[10:]
    reader = KeyId(forger.keys.sealing.key_id)
    return {
        "not-an-envelope": envelope[:-20],
        "schema-unknown": signed_for(unknown, by=forger.keys.signing, named=forger.keys.signing.key_id),
        "signature-invalid": envelope[:-1] + bytes([envelope[-1] ^ 1]),
        "key-unknown": sealed_in(event, KeyId(bytes(32)), bytes(64)),
        "key-not-in-force": sealed_in(event, reader, bytes(64)),
        "office-mismatch": forger.envelope(replace(good, office=Office("cn:ah-police"))),
        "origin-mismatch": forger.envelope(replace(good, origin="liaison.example/another")),
        "header-mismatch": forger.envelope(replace(good, type="LeadAssessed")),
        "sequence-gap": forger.envelope(replace(good, sequence=Sequence(good.sequence + 5))),
        "sequence-fork": forger.envelope(replace(good, sequence=Sequence(1), previous=Hash(bytes(32)))),
        "previous-mismatch": forger.envelope(replace(good, previous=Hash(bytes(32)))),
        "field-invalid": forger.envelope(replace(good, case_key="Not A Key")),
        "not-canonical": signed_for(event + b"\x00", by=forger.keys.signing, named=forger.keys.signing.key_id),
        "too-large": bytes(1_000_000),
    }


@pytest.fixture
def working(corridor: RunningCorridor, tmp_path: Path) -> RunningCorridor:
    """A running corridor in which Ruili has said something."""
    corridor.start()
    corridor.until_working()
    with Publisher(corridor.node("cn"), RUILI, tmp_path) as publisher:
        until(lambda: len(publisher.accepted) > 0, "something is published")
    corridor.until_calm()
    return corridor


def test_every_bad_record_is_refused_with_its_reason_and_its_bytes_are_kept(
    working: RunningCorridor, tmp_path: Path
) -> None:
    before = working.history()
    bad = poison(Forger(working))
    offsets = working.put("cn", *(Message(CN, 0, None, raw) for raw in bad.values()))

    until(lambda: len(working.history().steps) == len(before.steps) + len(bad), "each has its entry")

    after = working.until_calm()
    found = {int(step.entry.source.offset): step.entry for step in after.steps[len(before.steps) :]}
    assert {found[offset].reason: offset for offset in offsets} == dict(zip(bad, offsets, strict=True))
    for reason, offset in zip(bad, offsets, strict=True):
        shown = hub(working.node("hub"), "quarantine", "show", str(found[offset].index), "--raw", "--json")
        assert json.loads(shown.out)["raw"] == bad[reason].hex(), reason
    working.check(after, tmp_path)


def test_the_desk_of_the_sender_learns_of_a_refusal(working: RunningCorridor) -> None:
    working.put("cn", Message(CN, 0, None, b"EXERCISE: no envelope at all"))
    working.until_calm()

    listed = json.loads(hub(working.node("cn"), "quarantine", "list", "--json").out)["refused"]
    shown = hub(working.node("cn"), "quarantine", "show", str(listed[-1]["leaf"]), "--raw", "--json")
    other = hub(working.node("mm"), "quarantine", "show", str(listed[-1]["leaf"]), "--raw")

    assert listed[-1]["reason"] == "not-an-envelope"
    assert listed[-1]["hint"]
    assert json.loads(shown.out)["raw"] == b"EXERCISE: no envelope at all".hex()
    assert other.code == 1
    assert "not this agency's" in other.err


def test_record_headers_that_lie_are_not_believed(working: RunningCorridor, tmp_path: Path) -> None:
    before = working.history()
    forger = Forger(working)
    lies = (("ce_source", b"mm:blo-muse"), ("ce_type", b"ArrestReported"), ("ce_id", b"another"))
    working.put("cn", Message(CN, 0, b"mm:blo-muse", forger.envelope(forger.header), lies))

    until(lambda: len(working.history().admitted) > len(before.admitted), "it is admitted")

    said = working.history().admitted[len(before.admitted)]
    assert (said.header.office, said.header.type) == (RUILI, "LeadShared")
    assert said.header.event_id == forger.header.event_id
    working.check(working.until_calm(), tmp_path)
