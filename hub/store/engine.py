"""The connection to the read model: SQLite file or PostgreSQL server, told apart here and nowhere else."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ClauseElement, Connection, Engine, Row, Table, bindparam, create_engine, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.store.errors import StoreReplacedError, StoreUrlError, StoreVersionError, named
from hub.store.tables import VERSION, metadata, version

BUSY_TIMEOUT_MS = 5_000
PAGE_CACHE_KIB = 32_768

Values: TypeAlias = tuple[int | str | bytes | None, ...]
"""One row, its values in the order of the table's columns."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""An answer's row; what its columns hold is known to `hub.store.rows`."""

_INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}

_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    # The ledger is the truth: after a power cut the last commits may be missing, and are folded again.
    "PRAGMA synchronous = NORMAL",
    f"PRAGMA cache_size = -{PAGE_CACHE_KIB}",
    "PRAGMA journal_size_limit = 67108864",
)

_CREATION_LOCK = 0x6C696169
"""PostgreSQL advisory lock: two processes that open an empty database create its tables once."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The texts that write one table, compiled once; all take rows of `Values`."""

    insert: str
    insert_new: str
    """Leaves a row alone that is there already."""
    replace: str
    """Overwrites a row that is there already."""


class Database:
    """One read model's connections and compiled statements."""

    def __init__(self, engine: Engine) -> None:
        """Wrap an engine made by `connected`."""
        self.engine = engine
        self.name = engine.url.render_as_string(hide_password=True)
        # A single statement sees one state anyway; without BEGIN it costs one round trip and not three.
        self._reader = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._writer = engine.execution_options(writes=True)
        self._file = _file_of(engine)
        self._identity: tuple[int, int] | None = None
        self._statements = {table.name: _statements(engine.dialect, table) for table in metadata.sorted_tables}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection on which each statement sees the latest committed state."""
        with named(self.name), self._reader.connect() as connection:
            self._require_same_file()
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose statements are committed together at the end, or not at all."""
        with named(self.name), self._writer.begin() as connection:
            self._require_same_file()
            yield connection

    def _require_same_file(self) -> None:
        # An open file that lost its name can be written for ever, and nobody else would see it.
        if self._file is None:
            return
        found = _identity(self._file)
        if found != (self._identity or found):
            message = f"read model {self.name} was removed or replaced while it was in use"
            raise StoreReplacedError(message)
        self._identity = found

    def statements(self, table: Table) -> Statements:
        """Return the texts that write a table."""
        return self._statements[table.name]


def connected(url: str) -> Database:
    """Return the read model at an SQLAlchemy URL, with its tables.

    Raises:
        StoreUrlError: the URL names no database that we know.
        StoreVersionError: the tables are of another version.
        HubError: it cannot be reached, read or written; see `hub.store.errors`.
    """
    database = Database(_engine(url))
    try:
        with database.writing() as connection:
            _create(connection)
    except BaseException:
        database.engine.dispose()
        raise
    return database


def drop_tables(url: str) -> None:
    """Remove our tables from a database, of whatever version they are.

    Raises:
        HubError: it cannot be reached or written; see `hub.store.errors`.
    """
    engine = _engine(url)
    with named(engine.url.render_as_string()), engine.begin() as connection:
        metadata.drop_all(connection)
    engine.dispose()


def execute_rows(connection: Connection, text: str, rows: Iterable[Values]) -> None:
    """Write rows with a compiled statement; none are fine."""
    values = rows if isinstance(rows, list) else list(rows)
    if values:
        connection.exec_driver_sql(text, values)


def _engine(url: str) -> Engine:
    try:
        found = make_url(url)
        found = found.set(drivername=_DRIVERS.get(found.drivername, found.drivername))
        kind = found.get_backend_name()
        if kind not in _INSERTS:
            message = f"read model cannot be kept in {kind}: expected sqlite or postgresql"
            raise StoreUrlError(message)
        engine = create_engine(found, paramstyle="qmark" if kind == "sqlite" else "format")
    except (ArgumentError, ImportError) as error:
        message = f"read model cannot be opened: {type(error).__name__}"
        raise StoreUrlError(message) from error
    if kind == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
    return engine


def _file_of(engine: Engine) -> str | None:
    return engine.url.database if engine.dialect.name == "sqlite" else None


def _identity(file: str) -> tuple[int, int]:
    try:
        found = os.stat(file)  # noqa: PTH116 - at each question: a Path costs twice the time
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin` does
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        # Who will write says so at once: waiting for the lock is possible now, later it is not.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
    version.create(connection, checkfirst=True)
    found = connection.execute(select(version.c.version)).scalar()
    if found not in {None, VERSION}:
        message = f"read model has another version: expected {VERSION}, found {found}"
        raise StoreVersionError(message)
    if found is None:
        metadata.create_all(connection)
        connection.execute(version.insert().values(version=VERSION))


def _statements(dialect: Dialect, table: Table) -> Statements:
    # The two dialects' inserts are alike and share no type.
    insert: Any = _INSERTS[dialect.name](table).values(
        {column.name: bindparam(column.name) for column in table.columns}
    )
    names = [column.name for column in table.primary_key]
    others = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    upsert = insert.on_conflict_do_update(index_elements=names, set_=others) if others else insert
    texts = (insert, insert.on_conflict_do_nothing(index_elements=names), upsert)
    return Statements(*(_text(dialect, statement, table) for statement in texts))


def _text(dialect: Dialect, statement: ClauseElement, table: Table) -> str:
    compiled = statement.compile(dialect=dialect)
    order = getattr(compiled, "positiontup", None) or ()
    assert list(order) == [column.name for column in table.columns], "values stand in the order of the columns"
    return str(compiled)
