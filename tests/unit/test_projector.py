"""The projector: every ledger record counts once, in whatever pieces and however often it comes."""

import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.event import Event, Recorded
from events.ids import LeafIndex
from events.ledger import parse_entry
from events.projections import INITIAL, fold, state_digest
from events.reading import trusted
from hub.projector import GenesisMismatch, Projector, RecordsMissing
from hub.store import PROJECT, Store
from tests.support.databases import BACKENDS, MakeUrl, rows_of, sqlite_url
from tests.support.ledger import ATIPD, FOUNDED_AT, MUSE, RUILI, SECOND, Corridor, lead

CN_EVENTS = "liaison.cn.events.v1"


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make_url: MakeUrl = request.param
    opened = Store.open(make_url(tmp_path))
    yield opened
    opened.close()


@cache
def corridor() -> Corridor:
    """A ledger with a bit of everything: never changed by a test."""
    made = Corridor.founded()
    envelopes = [made.says(RUILI, "LeadShared", lead(f"lead-{number}"), case_key="cn-1") for number in range(4)]
    made.hear(CN_EVENTS, envelopes[0])
    made.hear(CN_EVENTS, b"nonsense")
    made.says(MUSE, "LeadAssessed", {"lead_key": "lead-1", "outcome": "actionable", "reason": None})
    made.says(MUSE, "LeadAssessed", {"lead_key": "lead-9", "outcome": "actionable", "reason": None})
    made.says(MUSE, "EventReceived", {"digests": [made.event_of(each).digest for each in envelopes], "tree_size": 20})
    made.publish_keys(ATIPD)
    made.says(RUILI, "LeadShared", lead("lead-5"), occurred="2026-10/2026-11")
    made.hear(CN_EVENTS, made.signed(RUILI, "LeadShared", lead("lead-6"), sequence=77))
    return made


@cache
def expected() -> tuple[list[object], str]:
    """What the whole ledger comes to when it is applied at once."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(sqlite_url(Path(folder)))
        Projector(store, 0).apply(enumerate(corridor().entries))
        found = rows_of(store), store.state_digest(0)
        store.close()
    return found


def events_of(made: Corridor) -> Iterator[Recorded]:
    book = Corridor(made.name, made.partition).book
    for raw in made.entries:
        step = trusted(book, raw)
        assert step is not None
        book = step.book
        if step.recorded is not None:
            yield step.recorded


def test_the_read_model_is_what_the_pure_fold_says(store: Store) -> None:
    Projector(store, 0).apply(enumerate(corridor().entries))

    state = fold(events_of(corridor()), INITIAL)

    assert store.state_digest(0) == state_digest(state.values())
    assert store.load_book(0, PROJECT) == (corridor().book, len(corridor().entries))


def test_the_steps_that_count_are_returned_once(store: Store) -> None:
    projector = Projector(store, 0)

    first = projector.apply(enumerate(corridor().entries))
    again = projector.apply(enumerate(corridor().entries))

    assert [step.raw for step in first] == corridor().entries
    assert again == ()


def test_both_databases_hold_the_same_rows(store: Store) -> None:
    Projector(store, 0).apply(enumerate(corridor().entries))

    assert (rows_of(store), store.state_digest(0)) == expected()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), max_size=12), st.booleans())
def test_any_batching_gives_the_same_rows(cuts: list[int], restarts: bool) -> None:  # noqa: FBT001
    records = list(enumerate(corridor().entries))
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(sqlite_url(Path(folder)))
        projector = Projector(store, 0)
        for start, end in pieces(sorted(cuts), len(records)):
            projector = Projector(store, 0) if restarts else projector
            projector.apply(records[start:end])

        found = rows_of(store), store.state_digest(0)
        store.close()

    assert found == expected()


def pieces(cuts: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    edges = [0, *(min(cut, size) for cut in cuts), size]
    yield from pairwise(edges)


@settings(max_examples=25)
@given(st.data())
def test_stale_and_rival_records_are_ignored_wherever_they_stand(data: st.DataObject) -> None:
    made = corridor()
    records: list[bytes] = []
    for leaf, raw in enumerate(made.entries):
        stale = [st.sampled_from(made.entries[:leaf])] if leaf else []
        strange = st.one_of(st.just(b""), st.binary(max_size=20), st.builds(made.rival, st.integers(0, 40)), *stale)
        records.extend(data.draw(st.lists(strange, max_size=2)))
        records.append(raw)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(sqlite_url(Path(folder)))
        projector = Projector(store, 0)
        for start in range(0, len(records), 7):
            projector.apply(list(enumerate(records))[start : start + 7])

        found = rows_of(store), store.state_digest(0)
        position = projector.position
        store.close()

    assert found == expected()
    assert position == len(records)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9)), min_size=1, max_size=20))
def test_two_projectors_of_one_corridor_do_no_harm(turns: list[tuple[int, int]]) -> None:
    records = list(enumerate(corridor().entries))
    with tempfile.TemporaryDirectory() as folder:
        url = sqlite_url(Path(folder))
        stores = Store.open(url), Store.open(url)
        projectors = [Projector(each, 0) for each in stores]
        at = [0, 0]
        for who, count in [*turns, (0, 99), (1, 99)]:
            projectors[who].apply(records[at[who] : at[who] + count])
            at[who] += count

        found = rows_of(stores[0]), stores[0].state_digest(0)
        for each in stores:
            each.close()

    assert found == expected()


def test_a_hole_in_the_records_is_an_error_that_names_both_offsets(store: Store) -> None:
    projector = Projector(store, 0)
    records = list(enumerate(corridor().entries))
    projector.apply(records[:5])

    with pytest.raises(RecordsMissing, match="expected offset 5, found 6"):
        projector.apply(records[6:])

    assert projector.position == 5


def test_a_ledger_that_begins_with_another_entry_is_refused(store: Store) -> None:
    other = Corridor.founded("longchuan-lweje")
    projector = Projector(store, 0, genesis=corridor().genesis.leaf_hash)

    with pytest.raises(GenesisMismatch, match=corridor().genesis.leaf_hash.hex()[:12]):
        projector.apply(enumerate(other.entries))

    assert store.size(0) == 0


def test_a_read_model_of_another_ledger_is_refused_at_the_start(store: Store) -> None:
    Projector(store, 0).apply(enumerate(Corridor.founded("longchuan-lweje").entries))

    with pytest.raises(GenesisMismatch):
        _ = Projector(store, 0, genesis=corridor().genesis.leaf_hash).position


def test_what_the_hub_got_wrong_is_a_finding_and_no_event(store: Store) -> None:
    made = Corridor.founded()
    forged = made.signed(RUILI, "LeadShared", lead("lead-1"), key_id=made.keys[MUSE].key_id)
    made.force(forged, skipped=3, at=FOUNDED_AT - SECOND)
    made.says(RUILI, "LeadShared", lead("lead-2"))

    Projector(store, 0).apply(enumerate(made.entries))

    leaf = LeafIndex(len(made.entries) - 2)
    names = {"ledger.entry_not_authentic", "ledger.source_record_skipped", "ledger.time_went_back"}
    assert {(each.leaf_index, each.name, each.kind, each.key) for each in store.findings(0)} == {
        (leaf, name, "ledger", "") for name in names
    }
    assert [each.key for each in store.aggregates(0, "lead")] == ["lead-2"]
    entry = parse_entry(made.entries[leaf])
    assert entry is not None
    assert entry.verdict == "admitted"


def test_an_event_that_the_hub_admits_twice_is_objected_to_within_a_batch_and_after_it(store: Store) -> None:
    made = Corridor.founded()
    first = made.says(RUILI, "LeadShared", lead("lead-1"))
    made.says(RUILI, "LeadShared", lead("lead-2"))
    made.force(first)
    within = len(made.entries)
    made.force(first)
    projector = Projector(store, 0)
    records = list(enumerate(made.entries))

    projector.apply(records[:within])
    projector.apply(records[within:])

    assert [each.name for each in store.findings(0)] == ["ledger.entry_not_authentic"] * 2


def test_an_event_is_read_back_with_its_digest(store: Store) -> None:
    Projector(store, 0).apply(enumerate(corridor().entries))
    event: Event = next(iter(events_of(corridor()))).event

    (found,) = store.find(0, event.digest.hex())

    assert (found.leaf_index, found.digest) == (0, event.digest)
