"""When the world fails the store: typed errors with a hint, nothing half written, and repair by reading again."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from events.projections import canonical_json
from hub.errors import HubError, Transient
from hub.projector import Projector
from hub.store import (
    PROJECT,
    Store,
    StoreBusy,
    StoreCorruptError,
    StoreReadOnlyError,
    StoreUnreachable,
    StoreUnwritable,
    StoreUrlError,
    StoreVersionError,
)
from hub.store.engine import connected
from hub.store.repair import begin_anew, open_repaired, set_aside
from hub.store.tables import snapshots, version
from tests.support.databases import BACKENDS, MakeUrl, postgresql_url, rows_of, sqlite_url
from tests.support.ledger import RUILI, Corridor, lead
from tests.support.projecting import corridor as shared_corridor

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    make_url: MakeUrl = request.param
    return make_url(tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "read-model.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{file}")
    yield opened
    opened.close()


def corridor_with_leads(count: int = 5) -> Corridor:
    corridor = Corridor.founded()
    for number in range(count):
        corridor.says(RUILI, "LeadShared", lead(f"lead-{number}"))
    return corridor


def pragma(store: Store, text: str) -> None:
    """Change the one connection that the store goes on with."""
    with store.database.reading() as connection:
        connection.exec_driver_sql(f"PRAGMA {text}")


def damage(file: Path, start: int) -> None:
    """Overwrite a file from a place on."""
    raw = bytearray(file.read_bytes())
    raw[start:] = b"\xa5" * (len(raw) - start)
    file.write_bytes(raw)


def test_a_store_of_another_version_is_not_opened(url: str) -> None:
    store = Store.open(url)
    with store.database.writing() as connection:
        connection.execute(version.update().values(version=99))
    store.close()

    with pytest.raises(StoreVersionError, match="expected 1, found 99") as caught:
        Store.open(url)
    assert "hub rebuild" in caught.value.hint


def test_a_store_of_another_version_is_begun_anew(url: str) -> None:
    corridor = corridor_with_leads()
    store = Store.open(url)
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = rows_of(store)
    with store.database.writing() as connection:
        connection.execute(version.update().values(version=99))
    store.close()

    anew = begin_anew(url, NOW)
    size = anew.size(0)
    Projector(anew, 0).apply(enumerate(corridor.entries))

    assert (size, rows_of(anew)) == (0, before)
    anew.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite", "postgresql+nothing://localhost/x"])
def test_a_url_of_no_database_that_we_know_is_an_error(url: str) -> None:
    with pytest.raises(StoreUrlError):
        connected(url)


def test_a_file_that_is_no_database_is_damaged(file: Path) -> None:
    file.write_bytes(b"not a database at all, but long enough to be looked at" * 100)

    with pytest.raises(StoreCorruptError) as caught:
        Store.open(f"sqlite:///{file}")
    assert "hub rebuild" in caught.value.hint


def test_a_damaged_file_is_set_aside_and_filled_again_from_the_ledger(file: Path) -> None:
    corridor = corridor_with_leads()
    store = Store.open(f"sqlite:///{file}")
    Projector(store, 0).apply(enumerate(corridor.entries))
    before = rows_of(store)
    store.close()
    damage(file, start=0)

    repaired = open_repaired(f"sqlite:///{file}", NOW)
    projector = Projector(repaired, 0)
    position = projector.position
    projector.apply(enumerate(corridor.entries))

    assert (position, rows_of(repaired)) == (0, before)
    assert [each.name for each in file.parent.glob("*.damaged-*")] == ["read-model.sqlite.damaged-20261124T100000"]
    repaired.close()


def test_a_sound_file_is_opened_as_it_is(store: Store, file: Path) -> None:
    Projector(store, 0).apply(enumerate(corridor_with_leads().entries))

    again = open_repaired(f"sqlite:///{file}", NOW)

    assert again.size(0) == store.size(0)
    again.close()


def test_a_server_is_not_set_aside() -> None:
    with pytest.raises(StoreCorruptError, match="postgresql://somewhere"):
        set_aside("postgresql://somewhere/x", NOW)


def test_damage_that_shows_later_is_named_too(file: Path) -> None:
    corridor = corridor_with_leads(200)
    store = Store.open(f"sqlite:///{file}")
    Projector(store, 0).apply(enumerate(corridor.entries))
    store.close()
    damage(file, start=4096)

    with pytest.raises(StoreCorruptError):
        fold_all(file, corridor)


def fold_all(file: Path, corridor: Corridor) -> None:
    store = Store.open(f"sqlite:///{file}")
    try:
        Projector(store, 0).apply(enumerate(corridor.entries))
        list(store.entries(0))
    finally:
        store.close()


def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room(store: Store) -> None:
    corridor = corridor_with_leads()
    projector = Projector(store, 0)
    assert projector.position == 0
    pragma(store, "max_page_count = 1")

    with pytest.raises(StoreUnwritable, match="disk is full") as caught:
        projector.apply(enumerate(corridor.entries))
    held = store.size(0)
    pragma(store, "max_page_count = 100000")
    projector.apply(enumerate(corridor.entries))

    assert isinstance(caught.value, Transient)
    assert held == 0
    assert store.load_book(0, PROJECT)[0] == corridor.book


def test_a_batch_that_fails_is_not_remembered_in_the_next(store: Store) -> None:
    corridor = corridor_with_leads()
    corridor.says(RUILI, "LeadShared", lead("lead-0"))
    expected = digest_of(corridor, store)
    projector = Projector(store, 1)
    records = list(enumerate(corridor.entries))
    projector.apply(records[:16])
    pragma(store, "query_only = 1")

    with pytest.raises(StoreReadOnlyError):
        projector.apply(records[16:])
    pragma(store, "query_only = 0")
    projector.apply(records[16:])

    assert store.state_digest(1) == expected


def digest_of(corridor: Corridor, store: Store) -> str:
    Projector(store, 7).apply(enumerate(corridor.entries))
    return store.state_digest(7)


def test_a_folder_that_is_not_there_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreReadOnlyError) as caught:
        Store.open(f"sqlite:///{tmp_path / 'nowhere' / 'read-model.sqlite'}")
    assert caught.value.hint


def test_a_store_that_another_process_writes_to_is_busy_and_then_is_not(store: Store, file: Path) -> None:
    other = Store.open(f"sqlite:///{file}")
    pragma(other, "busy_timeout = 0")
    corridor = corridor_with_leads()
    projector = Projector(other, 0)

    with store.database.writing(), pytest.raises(StoreBusy):
        projector.apply(enumerate(corridor.entries))
    projector.apply(enumerate(corridor.entries))

    assert store.size(0) == len(corridor.entries)
    other.close()


def test_an_error_does_not_tell_what_was_to_be_written(store: Store) -> None:
    pragma(store, "query_only = 1")

    with pytest.raises(HubError) as caught:
        store.save_book(0, "a-name-nobody-shall-see", Corridor().book, 5)

    assert "a-name-nobody-shall-see" not in str(caught.value)


def test_a_server_that_does_not_answer_is_transient() -> None:
    with pytest.raises(StoreUnreachable):
        Store.open("postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2")


def test_a_password_in_a_url_stays_out_of_the_message() -> None:
    with pytest.raises(StoreUnreachable) as caught:
        Store.open("postgresql://nobody:very-secret@127.0.0.1:1/nothing?connect_timeout=2")

    assert "very-secret" not in str(caught.value)


def test_a_snapshot_that_cannot_be_read_is_damage(url: str) -> None:
    store = Store.open(url)
    Projector(store, 0).apply(enumerate(corridor_with_leads().entries))
    with store.database.writing() as connection:
        connection.execute(snapshots.update().values(state=canonical_json({"format": 0}).decode()))

    with pytest.raises(StoreCorruptError, match="snapshot of project in corridor 0"):
        _ = Projector(store, 0).position
    store.close()


def test_what_is_a_bug_of_ours_is_not_hidden(store: Store) -> None:
    with pytest.raises(IntegrityError), store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO rare (corridor, leaf_index) VALUES (0, 0)")


@pytest.mark.integration
def test_a_server_that_restarts_costs_one_try(tmp_path: Path) -> None:
    store = Store.open(postgresql_url(tmp_path))
    corridor = corridor_with_leads()
    projector = Projector(store, 0)
    assert projector.position == 0
    other = Store.open(store.database.engine.url.render_as_string(hide_password=False))
    with other.database.writing() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database()"
        )
    other.close()

    with pytest.raises(StoreUnreachable):
        projector.apply(enumerate(corridor.entries))
    projector.apply(enumerate(corridor.entries))

    assert store.size(0) == len(corridor.entries)
    store.close()


@pytest.mark.integration
def test_several_processes_fold_one_ledger_into_one_read_model(tmp_path: Path) -> None:
    database, go = sqlite_url(tmp_path), tmp_path / "go"
    ready = [tmp_path / f"ready-{number}" for number in range(3)]
    command = [sys.executable, "-m", "tests.support.projecting", database]
    running = [subprocess.Popen([*command, str(each), str(go)], cwd=ROOT) for each in ready]
    while not all(each.exists() for each in ready) and all(each.poll() is None for each in running):
        pass
    go.touch()

    assert [each.wait(timeout=60) for each in running] == [0, 0, 0]

    store, alone = Store.open(database), Store.open(sqlite_url(tmp_path))
    Projector(alone, 0).apply(enumerate(shared_corridor().entries))
    assert rows_of(store) == rows_of(alone)
    assert store.state_digest(0) == alone.state_digest(0)
    store.close()
    alone.close()
