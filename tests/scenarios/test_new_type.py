"""A new type of event is one schema file: published to the ledger, it is admitted, routed and folded at once."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from events.admission import Admitted
from events.codec import Schema, load_schema, released
from events.envelope import parse_envelope, read_event, sign_event, write_event
from events.event import Header, Recorded
from events.ids import LeafIndex, Office
from events.notice import parse_notification
from events.projections import fold, state_digest
from events.reading import event_in, trusted, verified
from events.routing import Notice, told
from hub.chunk import Chunk, Record
from hub.memory import MemorySink
from hub.notifier import Notifier
from tests.support.forge import fresh, judged, nobody, refusal, topic_of
from tests.support.ledger import AH_POLICE, MUSE, RUILI, Corridor, lead
from tests.support.sequencers import Work


def vehicle_seen() -> bytes:
    """Return the one file that a new type needs."""
    source = json.loads(released().by_name["LeadShared"].raw)
    return json.dumps({
        "type": "record",
        "name": "VehicleSeen",
        "namespace": source["namespace"],
        "doc": "A vehicle that a lead speaks of was seen.",
        "fields": [
            source["fields"][0],
            {"name": "lead_key", "type": "string", "doc": "The lead."},
            {"name": "colour", "type": ["null", "string"], "default": None, "doc": "Colour of the vehicle."},
        ],
    }).encode()  # fmt: skip


SCHEMA: Schema = load_schema(vehicle_seen())
SEEN: Mapping[str, object] = {"lead_key": "lead-1", "colour": "white"}


def seen(corridor: Corridor, office: Office = AH_POLICE) -> bytes:
    """Return the next event of an office, of the new type, whether or not the ledger knows it yet."""
    _, like = read_event(corridor.book.schemas, parse_envelope(corridor.signed(office, "LeadShared", lead())).event)
    names = [name for name in Header.__slots__ if name not in ("type", "schema_sha256")]
    header = Header(
        type=SCHEMA.name, schema_sha256=SCHEMA.sha256, **{name: getattr(like.header, name) for name in names}
    )
    return sign_event(write_event(SCHEMA, header, SEEN), corridor.keys[office])


@pytest.fixture
def corridor() -> Corridor:
    """Return a corridor whose ledger has the new schema."""
    made = fresh()
    made.says(made.hub, "SchemaPublished", {"schema": vehicle_seen()})
    return made


def admitted(corridor: Corridor) -> Recorded:
    """Return the new event, admitted."""
    verdict = corridor.hear(topic_of(AH_POLICE), seen(corridor))
    assert isinstance(verdict, Admitted)
    return Recorded(verdict.event, LeafIndex(len(corridor.entries) - 1), corridor.book.admitted_at)


def history(corridor: Corridor) -> list[Recorded]:
    """Return every admitted event, read by a desk that knows nothing but the ledger."""
    book, found = type(corridor.book)(), list[Recorded]()
    for raw in corridor.entries:
        step = verified(book, raw, nobody)
        assert step is not None
        assert step.objections == ()
        book = step.book
        found += [step.recorded] if step.recorded else []
    return found


def test_the_new_type_is_not_part_of_the_release() -> None:
    assert "VehicleSeen" not in released().by_name


def test_before_its_schema_is_published_an_event_is_refused_and_says_which_schema_is_missing() -> None:
    corridor = fresh()

    found = refusal(judged(corridor, AH_POLICE, seen(corridor)))

    assert found == ("schema-unknown", f"no schema with fingerprint {SCHEMA.prefix[2:].hex()} is in force")


def test_a_refused_event_can_be_sent_again_once_the_schema_is_there() -> None:
    corridor = fresh()
    raw = seen(corridor)
    corridor.hear(topic_of(AH_POLICE), raw)

    corridor.says(corridor.hub, "SchemaPublished", {"schema": vehicle_seen()})

    assert isinstance(corridor.hear(topic_of(AH_POLICE), raw), Admitted)


def test_once_published_an_event_of_the_new_type_is_admitted_and_read(corridor: Corridor) -> None:
    found = admitted(corridor)

    assert found.event.header.type == "VehicleSeen"
    assert found.event.payload == SEEN


def test_any_office_may_say_it(corridor: Corridor) -> None:
    for office in (RUILI, MUSE, AH_POLICE):
        assert isinstance(corridor.hear(topic_of(office), seen(corridor, office)), Admitted)


def test_the_counterparts_liaison_is_told_and_owes_a_receipt(corridor: Corridor) -> None:
    found = admitted(corridor)

    notices = told(found, corridor.book.keyring.directory)

    assert notices == (Notice(MUSE, "u3_routine", found.admitted_at + timedelta(hours=24), None),)


def test_the_notifier_needs_no_change(corridor: Corridor) -> None:
    admitted(corridor)
    sink = MemorySink()
    records = tuple(Record(at, None, raw) for at, raw in enumerate(corridor.entries))

    async def telling() -> None:
        await Notifier(0, sink).tell(Chunk("liaison.hub.ledger.v1", 0, records))

    assert Work(telling()).finish()

    [message] = sink.messages
    notification = parse_notification(message.value or b"")
    assert (message.topic, notification.office, notification.type) == (
        "liaison.mm.notifications.v1",
        MUSE,
        "VehicleSeen",
    )


def test_every_desk_reads_it_from_the_ledger_alone(corridor: Corridor) -> None:
    admitted(corridor)

    last = history(corridor)[-1]

    assert (last.event.header.type, last.event.payload) == ("VehicleSeen", SEEN)


def test_it_moves_nothing(corridor: Corridor) -> None:
    corridor.says(RUILI, "LeadShared", lead("lead-1"))
    before = fold(history(corridor))
    admitted(corridor)

    after = fold(history(corridor))

    assert after == before
    assert state_digest(after.values()) == state_digest(before.values())


def test_a_reader_that_does_not_verify_again_reads_it_too(corridor: Corridor) -> None:
    before = corridor.book
    admitted(corridor)

    step = trusted(before, corridor.entries[-1])

    assert step is not None
    assert step.event is not None
    assert event_in(before, step.entry) == step.event
    assert step.event.header.type == "VehicleSeen"


def test_a_second_version_of_the_type_is_read_beside_the_first(corridor: Corridor) -> None:
    first = admitted(corridor)
    source = json.loads(vehicle_seen())
    source["fields"].append({"name": "plate", "type": ["null", "string"], "default": None, "doc": "Number plate."})
    corridor.says(corridor.hub, "SchemaPublished", {"schema": json.dumps(source).encode()})

    newer = corridor.says(AH_POLICE, "VehicleSeen", {**SEEN, "plate": "AB 123"})

    assert isinstance(corridor.verdicts[-1], Admitted)
    assert corridor.event_of(newer).payload == {**SEEN, "plate": "AB 123"}
    assert first.event.header.schema_sha256 != corridor.event_of(newer).header.schema_sha256
    assert isinstance(corridor.hear(topic_of(RUILI), seen(corridor, RUILI)), Admitted)
