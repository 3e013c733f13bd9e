from events.ids import Office
from events.notice import notification, notification_id
from events.reading import Step, trusted
from events.routing import told
from tests.support.forge import fresh
from tests.support.ledger import MUSE, RUILI, lead


def step() -> Step:
    corridor = fresh()
    before = corridor.book
    corridor.says(RUILI, "LeadShared", lead())
    found = trusted(before, corridor.entries[-1])
    assert found is not None
    return found


def test_a_notification_is_the_same_however_often_it_is_made() -> None:
    found = step()
    assert found.recorded is not None
    notices = told(found.recorded, found.book.keyring.directory)

    once, again = ([notification(found, notice) for notice in notices] for _ in range(2))

    assert once == again
    assert [record["office"] for record in once] == ["cn:mps-cid", "mm:blo-muse"]


def test_the_id_is_the_hash_of_the_leaf_hash_and_the_offices_name() -> None:
    leaf = step().leaf_hash

    assert notification_id(leaf, MUSE) == notification_id(leaf, Office("mm:blo-muse"))
    assert notification_id(leaf, MUSE) != notification_id(leaf, RUILI)
