"""Notifications and sealed parts: what a node keeps besides the ledger."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from events.ids import Hash, LeafIndex, Office, TreeSize
from events.merkle import leaf_hash
from events.notice import Notification, notification_id
from hub.projector import Projector
from hub.store import Store
from hub.store.queries import PAGE_ROWS
from tests.support.databases import BACKENDS, MakeUrl
from tests.support.ledger import ATIPD, FOUNDED_AT, MUSE, RUILI, Corridor, lead

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(params=BACKENDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    make_url: MakeUrl = request.param
    opened = Store.open(make_url(tmp_path))
    yield opened
    opened.close()


def told(corridor: Corridor, leaf: int, office: Office = MUSE) -> Notification:
    """Return the notification that the hub would send for a leaf."""
    found = leaf_hash(corridor.entries[leaf])
    return Notification(
        id=notification_id(found, office),
        origin=corridor.origin,
        leaf_index=LeafIndex(leaf),
        leaf_hash=found,
        office=office,
        type="LeadShared",
        urgency="u3_routine",
        admitted_at=FOUNDED_AT,
        receipt_due_at=None,
        answer_due_at=NOW,
    )


def corridor_with_leads(count: int = 3) -> Corridor:
    corridor = Corridor.founded()
    for number in range(count):
        corridor.says(RUILI, "LeadShared", lead(f"lead-{number}"), case_key="cn-1")
    return corridor


def leaves(corridor: Corridor) -> range:
    return range(len(corridor.genesis.entries), len(corridor.entries))


def everything(corridor: Corridor) -> TreeSize:
    return TreeSize(len(corridor.entries))


def test_a_notification_waits_until_its_entry_is_verified(store: Store) -> None:
    corridor = corridor_with_leads(1)
    (leaf,) = leaves(corridor)

    store.note(0, [told(corridor, leaf)], NOW)
    before = list(store.inbox(0, [MUSE]))
    Projector(store, 0).apply(enumerate(corridor.entries))
    (after,) = store.inbox(0, [MUSE])

    assert before == []
    assert after.notification == told(corridor, leaf)
    assert (after.issuer, after.case_key, after.arrived_at, after.is_receipt_signed) == (RUILI, "cn-1", NOW, False)


def test_a_repeated_notification_changes_nothing(store: Store) -> None:
    corridor = corridor_with_leads(1)
    (leaf,) = leaves(corridor)
    Projector(store, 0).apply(enumerate(corridor.entries))

    store.note(0, [told(corridor, leaf)], NOW)
    store.receipt_signed(0, [told(corridor, leaf).id])
    store.note(0, [told(corridor, leaf)], NOW.replace(year=2030))

    (found,) = store.inbox(0, [MUSE])
    assert (found.arrived_at, found.is_receipt_signed) == (NOW, True)


def test_a_notification_of_another_entry_than_the_ledgers_is_not_shown(store: Store) -> None:
    corridor = corridor_with_leads(1)
    (leaf,) = leaves(corridor)
    Projector(store, 0).apply(enumerate(corridor.entries))

    store.note(0, [replace(told(corridor, leaf), leaf_hash=Hash(bytes(32)))], NOW)

    assert list(store.inbox(0, [MUSE])) == []
    assert store.unreceived(0, everything(corridor), [MUSE]) == ()


def test_only_what_an_office_was_told_and_has_not_signed_for_is_unreceived(store: Store) -> None:
    corridor = corridor_with_leads()
    Projector(store, 0).apply(enumerate(corridor.entries))
    first, second, third = leaves(corridor)
    store.note(0, [told(corridor, leaf) for leaf in (first, second, third)], NOW)
    store.note(0, [told(corridor, first, ATIPD)], NOW)

    store.receipt_signed(0, [told(corridor, first).id])
    found = store.unreceived(0, TreeSize(third), [MUSE])

    assert [each.notification.leaf_index for each in found] == [second]
    assert found[0].digest == corridor.book.head(RUILI).digest or found[0].digest


def test_an_inbox_of_any_length_is_shown_whole_and_in_order(store: Store) -> None:
    corridor = corridor_with_leads(3)
    Projector(store, 0).apply(enumerate(corridor.entries))
    offices = [Office(f"mm:post-{number:04}") for number in range(PAGE_ROWS // 2)]
    store.note(0, [told(corridor, leaf, office) for leaf in leaves(corridor) for office in offices], NOW)

    found = [(each.notification.leaf_index, each.notification.office) for each in store.inbox(0, offices)]

    assert found == [(leaf, office) for leaf in leaves(corridor) for office in offices]


def test_dropping_the_ledger_keeps_what_this_node_was_told(store: Store) -> None:
    corridor = corridor_with_leads(1)
    (leaf,) = leaves(corridor)
    Projector(store, 0).apply(enumerate(corridor.entries))
    store.note(0, [told(corridor, leaf)], NOW)

    store.drop(0)
    Projector(store, 0).apply(enumerate(corridor.entries))

    assert [each.notification.leaf_index for each in store.inbox(0, [MUSE])] == [leaf]


def test_a_zero_in_a_hostile_notification_does_no_harm(store: Store) -> None:
    corridor = corridor_with_leads(1)
    (leaf,) = leaves(corridor)
    Projector(store, 0).apply(enumerate(corridor.entries))

    store.note(0, [replace(told(corridor, leaf), type="Lead\0Shared", urgency="\0")], NOW)

    assert len(list(store.inbox(0, [MUSE]))) == 1


def test_a_sealed_part_is_kept_and_erased_by_its_digest(store: Store) -> None:
    one, other = Hash(b"1" * 32), Hash(b"2" * 32)

    store.keep(0, [(one, b"ciphertext"), (other, b"another"), (one, b"ciphertext")])
    store.keep(0, [(other, None)])

    assert store.sealed(one) == b"ciphertext"
    assert store.sealed(other) is None
