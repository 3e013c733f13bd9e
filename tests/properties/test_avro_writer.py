from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.avro_writer import event_bytes
from events.catalogue import LeadShared
from events.codec import decode, released
from events.draft import compose, draft_of
from events.envelope import read_event, write_event
from events.event import Evaluation, Handling, Header, SealedReference, SeenCheckpoint
from events.forms import FormError, payload_of
from events.ids import Hash, KeyId, Office, Sequence, TreeSize
from tests.unit.drafts import drafts

HASHES = st.binary(min_size=32, max_size=32).map(Hash)
TEXTS = st.text(max_size=200)
LONGS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
INTS = st.integers(min_value=-(2**31), max_value=2**31 - 1)
TIMES = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
LEAD = released().by_name["LeadShared"]


def headers() -> st.SearchStrategy[Header]:
    return st.builds(
        Header,
        origin=TEXTS,
        office=TEXTS.map(Office),
        key_id=HASHES.map(KeyId),
        epoch=INTS,
        sequence=LONGS.map(Sequence),
        previous=HASHES,
        event_id=st.uuids(),
        type=st.just("LeadShared"),
        schema_sha256=st.just(LEAD.sha256),
        issued_at=TIMES,
        occurred=TEXTS,
        case_key=st.none() | TEXTS,
        recorded_by_role=st.sampled_from(["unknown", "police", "root"]),
        recipients=st.lists(TEXTS.map(Office), max_size=3).map(tuple),
        handling=st.builds(
            Handling,
            code=st.sampled_from(["h2", "h0", "h1", "h3"]),
            permitted_uses=st.lists(TEXTS, max_size=2).map(tuple),
            released_to=st.lists(TEXTS, max_size=2).map(tuple),
            expires_on=st.none() | TEXTS,
        ),
        evaluation=st.none() | st.builds(Evaluation, st.sampled_from("xabc"), INTS),
        urgency=st.sampled_from(["u3_routine", "u1_life_or_liberty", "u2_urgent", "u4_field_work"]),
        basis=st.sampled_from(["observed", "case_name"]),
        provenance=st.sampled_from(["live", "backfilled"]),
        cause=st.none() | HASHES,
        seen=st.none() | st.builds(SeenCheckpoint, LONGS.map(TreeSize), HASHES),
        sealed=st.none()
        | st.builds(SealedReference, HASHES, HASHES, st.lists(HASHES.map(KeyId), max_size=3).map(tuple)),
    )


@given(headers(), TEXTS, st.none() | TEXTS, st.booleans())
def test_it_writes_what_fastavro_writes(header: Header, key: str, place: str | None, protects: bool) -> None:  # noqa: FBT001
    payload = {"lead_key": key, "kind": "route", "place_code": place, "protects_source": protects}

    raw = event_bytes(LEAD, header, payload)

    assert raw == write_event(LEAD, header, payload)
    assert read_event(released(), raw)[1].header == header


@pytest.mark.parametrize("line", drafts("founding.jsonl"), ids=lambda line: line["label"])
def test_it_writes_every_event_of_the_scenario_as_fastavro_does(line: dict[str, object]) -> None:
    schema = released().by_name[str(line["type"])]
    header = read_event(released(), SAMPLE)[1].header
    given_fields = {name: each for name, each in line["payload"].items() if "ref:" not in str(each)}  # type: ignore[attr-defined]
    payload = payload_of(schema, given_fields)

    assert event_bytes(schema, header, payload) == write_event(schema, header, payload)
    assert event_bytes(schema, header, given_fields) == write_event(schema, header, given_fields)


@pytest.mark.parametrize("name", sorted(released().by_name))
def test_it_knows_every_released_schema(name: str) -> None:
    schema = released().by_name[name]

    with pytest.raises((KeyError, AttributeError, TypeError, ValueError)):
        event_bytes(schema, None, {})  # type: ignore[arg-type]


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.text(), max_size=1)


@given(st.fixed_dictionaries({"lead_key": VALUES, "kind": VALUES, "place_code": VALUES, "protects_source": VALUES}))
def test_a_value_of_another_kind_is_never_written_unless_it_reads_back_as_a_lead(payload: dict[str, object]) -> None:
    header = read_event(released(), SAMPLE)[1].header
    try:
        raw = compose(draft_of(LeadShared(**payload)), LEAD, header)  # type: ignore[arg-type]
    except FormError:
        return

    assert decode(LEAD, raw)["lead_key"] == payload["lead_key"]


SAMPLE = write_event(
    LEAD,
    Header(
        origin="o",
        office=Office("cn:blo-ruili"),
        key_id=KeyId(bytes(32)),
        epoch=1,
        sequence=Sequence(1),
        previous=Hash(bytes(32)),
        event_id=UUID(int=1),
        type="LeadShared",
        schema_sha256=LEAD.sha256,
        issued_at=datetime(2026, 11, 1, tzinfo=UTC),
        occurred="2026",
        case_key=None,
        recorded_by_role="liaison",
        recipients=(),
        handling=Handling(),
        evaluation=None,
        urgency="u3_routine",
        basis="observed",
        provenance="live",
        cause=None,
        seen=None,
        sealed=None,
    ),
    {"lead_key": "a", "kind": "route", "place_code": None, "protects_source": True},
)
