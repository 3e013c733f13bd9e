"""The tables of the read model, one definition for SQLite and PostgreSQL.

What the ledger says of a corridor stands on a *shelf*: a number that is the corridor's own until a rebuild has
filled another and the snapshot of the agent `project` names that one. So no reader ever sees half a rebuild.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, literal_column

VERSION = 1
"""Of these tables; a store of another version is not opened."""

CORRIDORS_MAX = 65_536
"""Shelf = corridor + this times the number of rebuilds."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

# Sorted and compared by code point everywhere: SQLite does, PostgreSQL is told to.
Word = Text().with_variant(Text(collation="C"), "postgresql")


def _key(name: str, kind: object = BigInteger) -> Column[object]:
    return Column(name, kind, primary_key=True, autoincrement=False)  # type: ignore[arg-type]


version = Table("store_version", metadata, _key("version", Integer))

entries = Table(
    "entries",
    metadata,
    _key("shelf"),
    _key("leaf_index"),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("admitted_at", BigInteger, nullable=False),
    Column("verdict", Word, nullable=False),
    Column("reason", Word),
    Column("topic", Word, nullable=False),
    Column("source_partition", Integer, nullable=False),
    Column("source_offset", BigInteger, nullable=False),
    Column("office", Word),
    Column("epoch", Integer),
    Column("sequence", BigInteger),
    Column("digest", LargeBinary),
    Column("event_id", Word),
    Column("type", Word),
    Column("case_key", Word),
    Column("occurred_first", Word),
    Column("occurred_last", Word),
    Column("value", LargeBinary, nullable=False),
)


def _index(name: str, *columns: str) -> None:
    # Only what has a value is indexed: a flood of refused records costs nothing here.
    present = entries.c[columns[0]].is_not(None)
    Index(name, entries.c.shelf, *(entries.c[each] for each in columns), sqlite_where=present, postgresql_where=present)


_index("ix_entries_place", "office", "epoch", "sequence")
_index("ix_entries_digest", "digest")
_index("ix_entries_case_key", "case_key", "leaf_index")
_index("ix_entries_event_id", "event_id")
Index(
    "ix_entries_refused",
    entries.c.shelf,
    entries.c.leaf_index,
    sqlite_where=entries.c.verdict == literal_column("'refused'"),
    postgresql_where=entries.c.verdict == literal_column("'refused'"),
)

aggregates = Table(
    "aggregates",
    metadata,
    _key("shelf"),
    _key("kind", Word),
    _key("key", LargeBinary),  # see rows.key_bytes
    Column("case_key", Word),
    Column("state", Word, nullable=False),
    Column("last_leaf", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
)
Index(
    "ix_aggregates_case_key",
    aggregates.c.shelf,
    aggregates.c.case_key,
    aggregates.c.kind,
    aggregates.c.key,
    sqlite_where=aggregates.c.case_key.is_not(None),
    postgresql_where=aggregates.c.case_key.is_not(None),
)

findings = Table(
    "findings",
    metadata,
    _key("shelf"),
    _key("leaf_index"),
    _key("name", Word),
    _key("kind", Word),
    _key("key", LargeBinary),
    sqlite_with_rowid=False,
)

snapshots = Table(
    "snapshots",
    metadata,
    _key("corridor", Integer),
    _key("agent", Word),
    Column("shelf", BigInteger, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("tree_size", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
)

rare = Table(
    "rare",
    metadata,
    _key("corridor", Integer),
    _key("leaf_index"),
    Column("value", LargeBinary, nullable=False),
)

notifications = Table(
    "notifications",
    metadata,
    _key("corridor", Integer),
    _key("id", LargeBinary),
    Column("origin", Word, nullable=False),
    Column("leaf_index", BigInteger, nullable=False),
    Column("leaf_hash", LargeBinary, nullable=False),
    Column("office", Word, nullable=False),
    Column("type", Word, nullable=False),
    Column("urgency", Word, nullable=False),
    Column("admitted_at", BigInteger, nullable=False),
    Column("receipt_due_at", BigInteger),
    Column("answer_due_at", BigInteger),
    Column("arrived_at", BigInteger, nullable=False),
    Column("receipt_signed", Integer, nullable=False),
)
Index("ix_notifications_leaf_index", notifications.c.corridor, notifications.c.leaf_index)
Index(
    "ix_notifications_unreceived",
    notifications.c.corridor,
    notifications.c.leaf_index,
    sqlite_where=notifications.c.receipt_signed == literal_column("0"),
    postgresql_where=notifications.c.receipt_signed == literal_column("0"),
)

sealed = Table(
    "sealed",
    metadata,
    _key("digest", LargeBinary),
    Column("corridor", Integer, nullable=False),
    Column("value", LargeBinary, nullable=False),
)
