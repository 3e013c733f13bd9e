"""Rebuilding the read model: the same digest, while the agents go on, and never a step back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.projector import LedgerRecord, Projector
from hub.rebuild import LedgerFellShort, rebuild
from hub.store import PROJECT, Store, StoreMovedOn, snapshots
from hub.store.tables import aggregates, entries
from tests.support.databases import BACKENDS, MakeUrl, postgresql_url, rows_of, sqlite_url
from tests.support.ledger import MUSE, RUILI, Corridor, lead


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make_url: MakeUrl = request.param
    opened = Store.open(make_url(tmp_path))
    yield opened
    opened.close()


def corridor_with_leads(count: int = 6) -> Corridor:
    corridor = Corridor.founded()
    for number in range(count):
        corridor.says(RUILI, "LeadShared", lead(f"lead-{number}"))
    corridor.says(MUSE, "LeadAssessed", {"lead_key": "lead-0", "outcome": "actionable", "reason": None})
    return corridor


def ignore(_read: int) -> None:
    """Show no progress."""


def test_a_rebuild_ends_in_the_same_state_digest(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = rows_of(store), store.state_digest(0)
    told: list[int] = []

    digest = rebuild(store, 0, enumerate(corridor.entries), told.append, genesis=corridor.genesis.leaf_hash)

    assert digest == before[1]
    assert (rows_of(store), store.state_digest(0)) == before
    assert told == [len(corridor.entries)]


def test_a_rebuild_fills_an_empty_read_model(store: Store) -> None:
    corridor = corridor_with_leads()

    rebuild(store, 0, enumerate(corridor.entries), ignore)

    assert store.load_book(0, PROJECT) == (corridor.book, len(corridor.entries))


def test_a_rebuild_mends_what_was_changed_behind_its_back(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = store.state_digest(0)
    with store.database.writing() as connection:
        connection.execute(aggregates.update().values(data="{}"))
        connection.execute(entries.update().values(verdict="refused"))

    assert rebuild(store, 0, enumerate(corridor.entries), ignore) == before
    assert list(store.refused(0)) == []


def test_readers_and_the_running_projector_notice_nothing_until_it_is_done(store: Store) -> None:
    corridor = corridor_with_leads()
    running = Projector(store, 0)
    running.apply(enumerate(corridor.entries))
    seen: list[tuple[int, int]] = []

    def records() -> Iterator[LedgerRecord]:
        for offset, raw in enumerate(list(corridor.entries)):
            yield offset, raw
            if offset % 5 == 0:
                corridor.says(RUILI, "LeadShared", lead(f"meanwhile-{offset}"))
                running.apply(enumerate(corridor.entries))
                seen.append((store.size(0), len(corridor.entries)))

    digest = rebuild(store, 0, records(), ignore)
    corridor.says(RUILI, "LeadShared", lead("afterwards"))
    running.apply(enumerate(corridor.entries))

    assert all(held == written for held, written in seen)
    assert store.size(0) == running.position == len(corridor.entries)
    assert store.state_digest(0) != digest
    assert [raw for _, raw in store.entries(0)] == corridor.entries


def test_rows_of_the_read_model_before_do_not_stay_behind(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))

    rebuild(store, 0, enumerate(corridor.entries), ignore)
    rebuild(store, 0, enumerate(corridor.entries), ignore)

    with store.database.reading() as connection:
        assert len(connection.execute(entries.select()).all()) == len(corridor.entries)


def test_a_rebuild_that_was_cut_short_changes_nothing_and_can_be_begun_again(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = store.mark(0), store.state_digest(0)
    snapshots.begin_rebuild(store.database, 0)
    Projector(store, 0, agent=snapshots.REBUILD).apply(list(enumerate(corridor.entries))[:5])

    assert (store.mark(0), store.state_digest(0)) == before
    assert rebuild(store, 0, enumerate(corridor.entries), ignore) == before[1]


def test_entries_that_the_topic_lost_are_taken_over_from_the_read_model(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = store.state_digest(0)

    digest = rebuild(store, 0, enumerate(corridor.entries[:10]), ignore)

    assert digest == before
    assert store.mark(0).next_offset == len(corridor.entries)


def test_a_read_model_that_does_not_follow_from_the_topic_is_kept_and_reported(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = store.mark(0)
    with store.database.writing() as connection:
        connection.execute(entries.update().where(entries.c.leaf_index == 12).values(value=b"changed"))

    with pytest.raises(LedgerFellShort, match=f"expected {len(corridor.entries)} entries, found 12"):
        rebuild(store, 0, enumerate(corridor.entries[:10]), ignore)

    assert store.mark(0) == before
    rebuild(store, 0, enumerate(corridor.entries), ignore)
    assert [raw for _, raw in store.entries(0)] == corridor.entries


def test_of_two_rebuilds_at_once_the_first_one_begun_stops(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))

    def records() -> Iterator[LedgerRecord]:
        yield 0, corridor.entries[0]
        rebuild(store, 0, enumerate(corridor.entries), ignore)
        yield from list(enumerate(corridor.entries))[1:]

    with pytest.raises(StoreMovedOn):
        rebuild(store, 0, records(), ignore)
    assert [raw for _, raw in store.entries(0)] == corridor.entries


@pytest.mark.integration
def test_another_database_is_filled_by_a_rebuild_with_the_same_digest(tmp_path: Path) -> None:
    corridor = corridor_with_leads()
    old, new = (Store.open(make_url(tmp_path)) for make_url in (sqlite_url, postgresql_url))
    Projector(old, 0).apply(enumerate(corridor.entries))

    digest = rebuild(new, 0, enumerate(corridor.entries), ignore)

    assert digest == old.state_digest(0)
    assert rows_of(new) == rows_of(old)
    old.close()
    new.close()


def test_a_dropped_corridor_is_read_again_from_the_first_entry(tmp_path: Path) -> None:
    store = Store.open(sqlite_url(tmp_path))
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = rows_of(store)

    store.drop(0)
    Projector(store, 0).apply(enumerate(corridor.entries))

    assert rows_of(store) == before
    store.close()
