"""What the store says of the ledger: entries, cases, look-ups and aggregates, on both databases."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.ids import LeafIndex, Office, Sequence
from events.projections import state_digest
from hub.projector import Projector
from hub.store import PROJECT, Store, StoreLags, queries
from hub.store.queries import PAGE_ROWS
from tests.support.databases import BACKENDS, MakeUrl, sqlite_url
from tests.support.ledger import MUSE, RUILI, Corridor, lead

CN_EVENTS = "liaison.cn.events.v1"


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make_url: MakeUrl = request.param
    opened = Store.open(make_url(tmp_path))
    yield opened
    opened.close()


def little_corridor() -> Corridor:
    corridor = Corridor.founded()
    envelope = corridor.says(RUILI, "LeadShared", lead("lead-1"), case_key="cn-1")
    corridor.hear(CN_EVENTS, envelope)
    corridor.hear(CN_EVENTS, b"nonsense")
    corridor.says(
        MUSE, "LeadAssessed", {"lead_key": "lead-1", "outcome": "actionable", "reason": None}, case_key="cn-1"
    )
    corridor.says(RUILI, "LeadShared", lead("lead-2"), case_key="cn-2")
    corridor.says(MUSE, "EventReceived", {"digests": [corridor.event_of(envelope).digest], "tree_size": 16})
    return corridor


def folded(store: Store, corridor: Corridor) -> Projector:
    projector = Projector(store, corridor.partition, genesis=corridor.genesis.leaf_hash)
    projector.apply(enumerate(corridor.entries))
    return projector


def test_an_empty_store_holds_nothing(store: Store) -> None:
    assert store.size(0) == 0
    assert list(store.entries(0)) == []
    assert store.find(0, "last") == ()
    assert store.load_book(0, PROJECT)[1] == 0
    assert store.state_digest(0) == state_digest([])


def test_entries_come_back_as_their_exact_bytes_in_order(store: Store) -> None:
    corridor = little_corridor()
    folded(store, corridor)

    assert list(store.entries(0)) == list(enumerate(corridor.entries))
    assert list(store.entries(0, LeafIndex(3), LeafIndex(5))) == [(leaf, corridor.entries[leaf]) for leaf in (3, 4, 5)]


def test_an_entry_says_what_became_of_its_record(store: Store) -> None:
    corridor = little_corridor()
    folded(store, corridor)
    size = len(corridor.entries)

    shared, repeated, refused = store.at(0, [LeafIndex(size - 6), LeafIndex(size - 5), LeafIndex(size - 4)])

    assert (shared.verdict, shared.office, shared.sequence, shared.case_key) == ("admitted", RUILI, 1, "cn-1")
    assert (repeated.verdict, repeated.office, repeated.event_id) == ("duplicate", None, None)
    assert (refused.verdict, refused.reason, refused.source.offset) == ("refused", "not-an-envelope", 2)


def test_an_entry_that_is_not_held_is_none(store: Store) -> None:
    folded(store, little_corridor())

    assert store.entry(0, LeafIndex(10_000)) is None


def test_a_case_has_its_events_in_ledger_order(store: Store) -> None:
    folded(store, little_corridor())

    assert [each.type for each in store.case_entries(0, "cn-1")] == ["LeadShared", "LeadAssessed"]
    assert store.case_entries(0, "cn-9") == ()


def test_a_text_finds_by_leaf_by_event_id_by_digest_and_the_last(store: Store) -> None:
    corridor = little_corridor()
    folded(store, corridor)
    wanted = store.case_entries(0, "cn-2")
    assert wanted[0].digest is not None

    assert store.find(0, str(wanted[0].leaf_index)) == wanted
    assert store.find(0, str(wanted[0].event_id)) == wanted
    assert store.find(0, wanted[0].digest.hex()) == wanted
    assert store.find(0, wanted[0].digest.hex()[:13].upper()) == wanted
    assert [each.leaf_index for each in store.find(0, "last")] == [len(corridor.entries) - 1]
    assert store.find(0, "no such thing%") == ()


def test_refused_records_are_listed_however_many(store: Store) -> None:
    corridor = Corridor.founded()
    for number in range(PAGE_ROWS + 3):
        corridor.hear(CN_EVENTS, b"nonsense %d" % number)
    folded(store, corridor)

    found = list(store.refused(0))

    assert len(found) == PAGE_ROWS + 3
    assert {each.reason for each in found} == {"not-an-envelope"}
    assert len(list(store.refused(0, found[10].leaf_index))) == PAGE_ROWS - 7
    assert len(list(store.entries(0))) == len(corridor.entries)


def test_an_earlier_event_is_found_by_its_place_in_the_chain(store: Store) -> None:
    corridor = little_corridor()
    folded(store, corridor)

    found = store.earlier(0)(RUILI, 1, Sequence(2))

    assert found == corridor.book.head(RUILI)


def test_a_place_that_no_event_can_have_has_none(store: Store) -> None:
    folded(store, little_corridor())

    assert store.earlier(0)(RUILI, 1, Sequence(0)) is None
    assert store.earlier(0)(RUILI, 0, Sequence(7)) is None


def test_a_place_beyond_what_is_held_is_not_taken_for_none(store: Store) -> None:
    folded(store, little_corridor())

    with pytest.raises(StoreLags, match=f"does not hold event 3 of {RUILI}"):
        store.earlier(0)(RUILI, 1, Sequence(3))


def test_aggregates_are_found_by_kind_by_case_and_by_name(store: Store) -> None:
    folded(store, little_corridor())

    assert [each.key for each in store.aggregates(0, "lead")] == ["lead-1", "lead-2"]
    assert [each.key for each in store.aggregates(0, case_key="cn-2")] == ["lead-2"]
    assert list(store.aggregates(0, "request", "cn-2")) == []
    assert store.named(0, [("lead", "lead-1"), ("lead", "lead-9")])["lead", "lead-1"].state == "actionable"
    assert [each.kind for each in store.aggregates(0)] == ["delivery", "lead", "lead"]


def test_findings_about_an_aggregate_are_listed(store: Store) -> None:
    corridor = Corridor.founded()
    corridor.says(MUSE, "LeadAssessed", {"lead_key": "lead-7", "outcome": "actionable", "reason": None})
    folded(store, corridor)

    (found,) = store.findings(0)

    assert (found.kind, found.key, found.leaf_index) == ("lead", "lead-7", len(corridor.entries) - 1)


def test_the_state_digest_is_that_of_the_fold_however_many_aggregates(store: Store) -> None:
    corridor = little_corridor()
    for start in range(3):
        digests = [bytes([start]) * 30 + number.to_bytes(2, "big") for number in range(PAGE_ROWS // 2)]
        corridor.says(MUSE, "EventReceived", {"digests": digests, "tree_size": 16})
    folded(store, corridor)

    found = list(store.aggregates(0))

    assert len(found) > PAGE_ROWS
    assert store.state_digest(0) == state_digest(reversed(found))


def test_keys_that_a_database_does_not_like_are_kept_and_sorted(store: Store) -> None:
    corridor = Corridor.founded()
    keys = [
        "a",
        "",
        "nul\0inside",
        "b" * 40_000,
        "b" * 1_000,
        "b" * 2_000 + "a",
        "b" * 2_000 + "c",
        "မူဆယ်",
        "瑞丽",
        "🕊",
        "Z",
    ]
    for key in keys:
        corridor.says(RUILI, "LeadShared", lead(key))
    folded(store, corridor)

    found = list(store.aggregates(0, "lead"))

    assert [each.key for each in found] == sorted(keys)
    assert set(store.named(0, [("lead", key) for key in keys])) == {("lead", key) for key in keys}
    assert store.state_digest(0) == state_digest(found)


def test_corridors_do_not_see_one_another(store: Store) -> None:
    here, there = little_corridor(), Corridor.founded("longchuan-lweje", partition=1)
    folded(store, here)
    folded(store, there)

    assert (store.size(0), store.size(1)) == (len(here.entries), len(there.entries))
    assert list(store.entries(1)) == list(enumerate(there.entries))
    assert store.load_book(1, PROJECT)[0].origin == there.origin


def test_dropping_a_corridor_leaves_the_others_alone(store: Store) -> None:
    here, there = little_corridor(), Corridor.founded("longchuan-lweje", partition=1)
    folded(store, here)
    folded(store, there)

    store.drop(0)

    assert store.size(0) == 0
    assert list(store.entries(0)) == []
    assert store.size(1) == len(there.entries)


def test_an_agents_book_is_kept_once_its_rare_leaves_are(store: Store) -> None:
    corridor = little_corridor()

    too_early = store.save_book(0, "notify", corridor.book, 99)
    folded(store, corridor)
    kept = store.save_book(0, "notify", corridor.book, 99)

    assert (too_early, kept) == (False, True)
    assert store.load_book(0, "notify") == (corridor.book, 99)


def test_the_newest_whole_book_is_where_a_sequencer_goes_on(store: Store) -> None:
    corridor = little_corridor()
    projector = folded(store, corridor)
    corridor.says(RUILI, "LeadShared", lead("lead-3"))
    store.save_book(0, "notify", corridor.book, 30)
    tail_only = type(corridor.book)(tail=corridor.book.tail)
    store.save_book(0, "checkpoint", tail_only, 40)

    assert store.newest_book(0) == (corridor.book, 30)
    assert store.load_book(0, PROJECT)[0] == projector.book
    assert store.load_book(0, "checkpoint") == (tail_only, 40)


def test_a_name_of_an_office_is_looked_up_as_text_and_never_as_sql(store: Store) -> None:
    folded(store, little_corridor())

    with pytest.raises(StoreLags):
        store.earlier(0)(Office("x' OR '1'='1"), 1, Sequence(1))


@pytest.mark.parametrize(
    "question",
    ["PLACE", "NAMED", "PAGE", "BY_CASE", "BY_DIGEST", "BY_EVENT_ID", "REFUSED", "AGGREGATES", "AGGREGATES_OF_CASE"],
)
def test_no_question_reads_more_than_its_answer(question: str, tmp_path: Path) -> None:
    store = Store.open(sqlite_url(tmp_path))
    with store.database.reading() as connection:
        text = str(getattr(queries, question).compile(dialect=connection.dialect))
        text = re.sub(r"__\[POSTCOMPILE_\w+\]", "?", text)
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", (None,) * text.count("?")).all()
    store.close()

    # An index on the shelf alone would be the whole ledger; sorting would need all rows at once.
    steps = [str(row.detail) for row in plan]
    assert not [step for step in steps if "SCAN" in step or "(shelf=?)" in step or "TEMP B-TREE" in step]
