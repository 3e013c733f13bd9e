"""Every question the read model answers, as statements built once; values go in by name.

Where a statement takes ``corridor`` it reads the shelf that is in force, in the same instant.
"""

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, literal_column, select, tuple_
from sqlalchemy.sql import Delete

from hub.store.tables import aggregates, entries, findings, notifications, rare, sealed, snapshots

PROJECT = "project"
"""The agent whose snapshot says which shelf is in force."""

PAGE_ROWS = 1_000
FOUND_MAX = 10
SWEEP_ROWS = 10_000

KEY_NAMES = tuple(f"key_{number}" for number in range(64))
"""So many keys are asked for at once: a list of fixed length is compiled once, one of any length each time."""

CORRIDOR: BindParameter[int] = bindparam("corridor")
ON_SHELF: BindParameter[int] = bindparam("shelf")
IN_FORCE = (
    select(snapshots.c.shelf)
    .where(snapshots.c.corridor == CORRIDOR, snapshots.c.agent == literal_column(f"'{PROJECT}'"))
    .scalar_subquery()
)


def _place(shelf: ColumnElement[int]) -> Select[tuple[object, ...]]:
    return select(entries.c.epoch, entries.c.sequence, entries.c.digest, entries.c.leaf_index).where(
        entries.c.shelf == shelf,
        entries.c.office == bindparam("office"),
        entries.c.epoch == bindparam("epoch"),
        entries.c.sequence == bindparam("sequence"),
    )


def _named(shelf: ColumnElement[int]) -> Select[tuple[object, ...]]:
    return select(aggregates.c.data).where(
        aggregates.c.shelf == shelf,
        aggregates.c.kind == bindparam("kind"),
        aggregates.c.key.in_([bindparam(name) for name in KEY_NAMES]),
    )


def _page(shelf: ColumnElement[int]) -> Select[tuple[object, ...]]:
    return (
        select(entries.c.leaf_index, entries.c.value)
        .where(
            entries.c.shelf == shelf,
            entries.c.leaf_index >= bindparam("first"),
            entries.c.leaf_index <= bindparam("last"),
        )
        .order_by(entries.c.leaf_index)
        .limit(PAGE_ROWS)
    )


PLACE, PLACE_ON_SHELF = _place(IN_FORCE), _place(ON_SHELF)
NAMED, NAMED_ON_SHELF = _named(IN_FORCE), _named(ON_SHELF)
PAGE, PAGE_ON_SHELF = _page(IN_FORCE), _page(ON_SHELF)

_ENTRY = select(entries).where(entries.c.shelf == IN_FORCE)

AT_LEAVES = _ENTRY.where(entries.c.leaf_index.in_(bindparam("leaves", expanding=True))).order_by(entries.c.leaf_index)
BY_CASE = _ENTRY.where(entries.c.case_key == bindparam("case_key")).order_by(entries.c.leaf_index)
BY_DIGEST = _ENTRY.where(entries.c.digest >= bindparam("low"), entries.c.digest <= bindparam("high")).limit(FOUND_MAX)
BY_EVENT_ID = (
    _ENTRY.where(entries.c.event_id >= bindparam("low")).where(entries.c.event_id <= bindparam("high")).limit(FOUND_MAX)
)
REFUSED = (
    # As it stands in the partial index: SQLite does not look into parameters.
    _ENTRY.where(entries.c.verdict == literal_column("'refused'"), entries.c.leaf_index >= bindparam("first"))
    .order_by(entries.c.leaf_index)
    .limit(PAGE_ROWS)
)

AGGREGATES = (
    select(aggregates.c.kind, aggregates.c.key, aggregates.c.data)
    .where(aggregates.c.shelf == IN_FORCE)
    .where(tuple_(aggregates.c.kind, aggregates.c.key) >= tuple_(bindparam("kind"), bindparam("key")))
    .order_by(aggregates.c.kind, aggregates.c.key)
    .limit(PAGE_ROWS)
)
# Not sorted here: SQLite would rather read the whole shelf in order than sort the rows of one case.
AGGREGATES_OF_CASE = select(aggregates.c.kind, aggregates.c.key, aggregates.c.data).where(
    aggregates.c.shelf == IN_FORCE, aggregates.c.case_key == bindparam("case_key")
)
FINDINGS = select(findings).where(findings.c.shelf == IN_FORCE).order_by(*findings.primary_key.columns)

SNAPSHOT = select(snapshots).where(snapshots.c.corridor == CORRIDOR, snapshots.c.agent == bindparam("agent"))
SNAPSHOT_FOR_UPDATE = SNAPSHOT.with_for_update()
SNAPSHOTS = select(snapshots).where(snapshots.c.corridor == CORRIDOR).order_by(snapshots.c.tree_size.desc())
ADVANCE = (
    snapshots.update()
    .where(
        snapshots.c.corridor == bindparam("of_corridor"),
        snapshots.c.agent == bindparam("of_agent"),
        snapshots.c.shelf == bindparam("on_shelf"),
        snapshots.c.next_offset == bindparam("at_offset"),
    )
    .values(
        shelf=bindparam("shelf"),
        next_offset=bindparam("next_offset"),
        tree_size=bindparam("tree_size"),
        state=bindparam("state"),
    )
)
FORGET_SNAPSHOT = snapshots.delete().where(
    snapshots.c.corridor == bindparam("of_corridor"), snapshots.c.agent == bindparam("of_agent")
)

RARE = select(rare.c.leaf_index, rare.c.value).where(
    rare.c.corridor == CORRIDOR, rare.c.leaf_index.in_(bindparam("leaves", expanding=True))
)

_TOLD = (
    select(
        notifications,
        entries.c.digest,
        entries.c.event_id,
        entries.c.office.label("issuer"),
        entries.c.case_key,
    )
    # Only what the verified ledger says, too: a notification alone proves nothing.
    .join(entries, entries.c.leaf_index == notifications.c.leaf_index)
    .where(
        notifications.c.corridor == CORRIDOR,
        notifications.c.office.in_(bindparam("offices", expanding=True)),
        entries.c.shelf == IN_FORCE,
        entries.c.leaf_hash == notifications.c.leaf_hash,
        entries.c.digest.is_not(None),
    )
    .order_by(notifications.c.leaf_index, notifications.c.office)
)
INBOX = _TOLD.where(
    tuple_(notifications.c.leaf_index, notifications.c.office) > tuple_(bindparam("leaf"), bindparam("office"))
).limit(PAGE_ROWS)
UNRECEIVED = _TOLD.where(
    notifications.c.receipt_signed == literal_column("0"), notifications.c.leaf_index < bindparam("size")
).limit(PAGE_ROWS)
RECEIPT_SIGNED = (
    notifications.update()
    .where(notifications.c.corridor == bindparam("of_corridor"), notifications.c.id == bindparam("of_id"))
    .values(receipt_signed=1)
)

SEALED = select(sealed.c.value).where(sealed.c.digest == bindparam("digest"))
ERASE = sealed.delete().where(sealed.c.digest == bindparam("of_digest"))


def _sweep(table: object) -> Delete:
    names = [column for column in table.primary_key if column.name != "shelf"]  # type: ignore[attr-defined]
    some = select(*names).where(table.c.shelf == ON_SHELF).limit(SWEEP_ROWS)  # type: ignore[attr-defined]
    return table.delete().where(table.c.shelf == ON_SHELF, tuple_(*names).in_(some))  # type: ignore[attr-defined,no-any-return]


SWEEPS = tuple(map(_sweep, (entries, aggregates, findings)))
"""Each removes some rows of a shelf; done when it removes none."""
