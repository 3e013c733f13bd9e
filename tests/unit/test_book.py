import json

import pytest

from events.book import Book, effect
from events.chain import UNSTARTED
from events.codec import released
from events.ids import Agency, LeafIndex, Office
from tests.support.forge import admitted, as_payload, fresh, judged, next_keys, refusal, topic_of
from tests.support.ledger import AH_POLICE, MUSE, RUILI, Corridor, lead


def schema(name: str = "VehicleSeen", **changes: object) -> bytes:
    """Return a schema that begins like every other, with some of its parts replaced."""
    source = json.loads(released().by_name["LeadShared"].raw)
    source.pop("sealed")
    plate = {"name": "place_code", "type": ["null", "string"], "default": None, "doc": "Where."}
    return json.dumps({**source, "name": name, "fields": [source["fields"][0], plate], **changes}).encode()


def published(corridor: Corridor, raw: bytes) -> tuple[str, str]:
    return refusal(judged(corridor, corridor.hub, corridor.signed(corridor.hub, "SchemaPublished", {"schema": raw})))


def test_an_empty_book_knows_nobody() -> None:
    book = Book()

    assert book.head(RUILI) == UNSTARTED
    assert book.roles(RUILI) == frozenset()
    assert book.next_offset(topic_of(RUILI), 0) == 0


def test_a_book_accounts_for_every_source_by_itself() -> None:
    corridor = fresh()
    corridor.says(RUILI, "LeadShared", lead())
    corridor.says(AH_POLICE, "LeadShared", lead())
    corridor.hear(topic_of(MUSE), b"nonsense")

    assert corridor.book.next_offset(topic_of(RUILI), 0) == 2
    assert corridor.book.next_offset(topic_of(MUSE), 0) == 1
    assert corridor.book.next_offset(topic_of(MUSE), 1) == 0


def test_a_book_knows_the_roles_of_every_office() -> None:
    book = fresh().book

    assert book.roles(RUILI) == {"liaison"}
    assert book.roles(Office("hub:ruili-muse")) == {"hub"}
    assert book.roles(Office("xx:nobody")) == frozenset()


def test_leaves_that_change_keys_or_schemas_are_listed() -> None:
    corridor = fresh()
    first = len(corridor.entries)
    corridor.says(RUILI, "LeadShared", lead())
    corridor.says(RUILI, "AgencyKeysPublished", as_payload(next_keys(corridor, Agency("cn"))))
    corridor.says(corridor.hub, "SchemaPublished", {"schema": schema()})

    assert corridor.book.rare == (*range(first), LeafIndex(first + 1), LeafIndex(first + 2))


def test_most_events_change_nothing_but_their_chain() -> None:
    corridor = fresh()
    event = admitted(judged(corridor, RUILI, corridor.signed(RUILI, "LeadShared", lead())))

    assert effect(corridor.book, event) is corridor.book


def test_a_schema_without_the_common_header_is_refused() -> None:
    source = json.loads(schema())
    for fields in (source["fields"][1:], [], [source["fields"][1], source["fields"][0]]):
        assert published(fresh(), schema(fields=[*fields, {"name": "more", "type": "int", "doc": "More."}])) == (
            "schema-invalid",
            "schema VehicleSeen does not begin with the common header",
        )


def test_a_schema_whose_header_is_another_one_is_refused() -> None:
    source = json.loads(schema())
    source["fields"][0]["type"]["fields"][3]["type"] = "long"

    assert published(fresh(), json.dumps(source).encode()) == (
        "schema-invalid",
        "schema VehicleSeen does not begin with the common header",
    )


def test_a_second_header_that_hides_the_first_is_refused() -> None:
    """Every reader would stop at the first event of such a type."""
    source = json.loads(schema())
    source["fields"].append({"name": "header", "type": "string", "doc": "Hides the first."})

    assert published(fresh(), json.dumps(source).encode()) == ("schema-invalid", "schema has two fields of one name")


@pytest.mark.parametrize("raw", [b'{"type": "enum", "name": "Kind", "symbols": ["a"]}', b'"string"', b"[]"])
def test_a_schema_that_is_no_record_is_refused_and_stops_nobody(raw: bytes) -> None:
    assert published(fresh(), raw)[0] == "schema-invalid"


def test_a_known_schema_is_not_published_again() -> None:
    known = released().by_name["LeadShared"].raw

    assert published(fresh(), known) == (
        "schema-invalid",
        "schema LeadShared has the Avro fingerprint of one already known",
    )


@pytest.mark.parametrize("name", ["CorridorFounded", "AgencyKeysPublished", "SchemaPublished"])
def test_the_types_that_make_the_rules_cannot_be_replaced(name: str) -> None:
    """Their payloads are read by admission itself: with other fields every reader would stop."""
    assert published(fresh(), schema(name)) == (
        "schema-invalid",
        f"schema {name} is part of the ledger's rules and cannot be replaced",
    )


def test_a_schema_counts_from_the_next_leaf_on() -> None:
    corridor = fresh()
    corridor.says(corridor.hub, "SchemaPublished", {"schema": schema()})

    raw = corridor.signed(RUILI, "VehicleSeen", {"place_code": None})

    assert admitted(judged(corridor, RUILI, raw)).header.type == "VehicleSeen"


def test_a_ledger_is_founded_once() -> None:
    """Otherwise the hub alone could replace everyone's keys, and every desk would follow."""
    corridor = fresh()
    first = corridor.event_of(corridor.genesis.envelopes[0])

    again = refusal(judged(corridor, corridor.hub, corridor.signed(corridor.hub, "CorridorFounded", first.payload)))

    assert again == ("keyring-invalid", "ledger ruili-muse.example/ledger is founded already")
