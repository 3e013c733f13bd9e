from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from events.book import Book
from events.ids import NO_HASH, Hash, LeafIndex, Offset
from events.ledger import Source, entry_bytes, parse_entry
from events.merkle import leaf_hash
from events.reading import Step, event_in, trusted, verified
from tests.support.forge import EVIL, bent, event_bytes, forged_entry, fresh, nobody, signed_for, topic_of
from tests.support.ledger import MUSE, RUILI, Corridor, lead


@dataclass(frozen=True, slots=True)
class Next:
    """A corridor, the next event of Ruili, and the entry an honest hub writes of it."""

    corridor: Corridor
    envelope: bytes

    def entry(self, **changes: object) -> bytes:
        return forged_entry(self.corridor, topic_of(RUILI), **{"body": self.envelope, **changes})

    def read(self, raw: bytes) -> Step:
        step = verified(self.corridor.book, raw, nobody)
        assert step is not None
        return step


@pytest.fixture
def following() -> Next:
    corridor = fresh()
    corridor.says(RUILI, "LeadShared", lead("lead-1"))
    return Next(corridor, corridor.signed(RUILI, "LeadShared", lead("lead-2")))


def test_an_honest_entry_admits_its_event_without_objection(following: Next) -> None:
    step = following.read(following.entry())

    assert step.objections == ()
    assert step.event is not None
    assert step.recorded is not None
    assert step.recorded.leaf_index == step.entry.index == len(following.corridor.entries)
    assert step.book.head(RUILI).digest == step.event.digest


def test_the_leaf_hash_of_a_step_is_that_of_the_records_exact_bytes(following: Next) -> None:
    raw = following.entry()

    assert following.read(raw).leaf_hash == leaf_hash(raw)


def test_an_entry_whose_signature_does_not_hold_admits_nothing(following: Next) -> None:
    forged = signed_for(event_bytes(following.envelope), by=EVIL, named=following.corridor.keys[RUILI].key_id)

    step = following.read(following.entry(body=forged))

    assert step.objections == ("ledger.entry_not_authentic",)
    assert (step.event, step.recorded) == (None, None)
    assert step.book.chains == following.corridor.book.chains


@pytest.mark.parametrize("body", [b"", b"nonsense", bytes(32)])
def test_an_entry_that_admits_nonsense_admits_nothing(following: Next, body: bytes) -> None:
    step = following.read(following.entry(body=body))

    assert (step.event, step.objections) == (None, ("ledger.entry_not_authentic",))


def test_an_event_that_is_admitted_twice_counts_once(following: Next) -> None:
    step = following.read(following.entry())

    again = verified(
        step.book,
        following.entry(
            index=LeafIndex(step.entry.index + 1),
            previous=step.leaf_hash,
            source=Source(topic_of(RUILI), 0, Offset(step.entry.source.offset + 1)),
        ),
        nobody,
    )

    assert again is not None
    assert (again.event, again.objections) == (None, ("ledger.entry_not_authentic",))


def test_a_gap_that_the_hub_admits_is_not_admitted(following: Next) -> None:
    later = bent(following.corridor, following.envelope, sequence=9)

    step = following.read(following.entry(body=later))

    assert (step.event, step.objections) == (None, ("ledger.entry_not_authentic",))


def test_one_agencys_event_on_the_others_topic_is_not_admitted(following: Next) -> None:
    step = following.read(forged_entry(following.corridor, topic_of(MUSE), body=following.envelope))

    assert (step.event, step.objections) == (None, ("ledger.entry_not_authentic",))


@pytest.mark.parametrize("skipped", [1, 5])
def test_a_source_record_that_the_hub_dropped_is_noticed(following: Next, skipped: int) -> None:
    expected = following.corridor.book.next_offset(topic_of(RUILI), 0)
    source = Source(topic_of(RUILI), 0, Offset(expected + skipped))

    step = following.read(following.entry(source=source))

    assert step.objections == ("ledger.source_record_skipped",)
    assert step.book.next_offset(topic_of(RUILI), 0) == expected + skipped + 1


def test_a_source_record_that_is_accounted_for_twice_is_noticed(following: Next) -> None:
    step = following.read(following.entry(source=Source(topic_of(RUILI), 0, Offset(0))))

    assert step.objections == ("ledger.source_record_skipped",)


def test_a_clock_that_went_back_is_noticed_and_time_stays_where_it_was(following: Next) -> None:
    before = following.corridor.book.admitted_at

    step = following.read(following.entry(admitted_at=before - timedelta(microseconds=1)))

    assert step.objections == ("ledger.time_went_back",)
    assert step.book.admitted_at == before


def test_a_refusal_does_not_take_the_ledgers_time_back_either(following: Next) -> None:
    before = following.corridor.book.admitted_at
    early = {"verdict": "refused", "body": bytes(32), "reason": "too-large", "admitted_at": before - timedelta(hours=1)}

    step = following.read(following.entry(**early))

    assert (step.objections, step.book.admitted_at) == (("ledger.time_went_back",), before)


def test_an_authentic_event_counts_whatever_the_hub_did_around_it(following: Next) -> None:
    """Otherwise a hub that skips one record could silence an office for good: its chain would never fit again."""
    step = following.read(following.entry(source=Source(topic_of(RUILI), 0, Offset(7))))

    assert step.event is not None


def test_everything_that_is_wrong_is_named(following: Next) -> None:
    at = following.corridor.book.admitted_at - timedelta(hours=1)

    step = following.read(following.entry(body=b"x", admitted_at=at, source=Source(topic_of(RUILI), 0, Offset(7))))

    assert step.objections == (
        "ledger.source_record_skipped",
        "ledger.time_went_back",
        "ledger.entry_not_authentic",
    )


MALFORMED: list[dict[str, object]] = [
    {"verdict": "unknown"},
    {"verdict": "unknown", "body": bytes(32), "reason": "too-large"},
    {"verdict": "refused", "body": bytes(32)},
    {"verdict": "refused", "body": bytes(32), "reason": ""},
    {"verdict": "refused", "body": bytes(31), "reason": "too-large"},
    {"verdict": "refused", "body": bytes(32), "reason": "too-large", "first_index": LeafIndex(1)},
    {"verdict": "duplicate", "body": bytes(32)},
    {"verdict": "duplicate", "body": bytes(32), "first_index": LeafIndex(-1)},
    {"verdict": "duplicate", "body": bytes(32), "first_index": LeafIndex(10_000)},
    {"verdict": "duplicate", "body": bytes(33), "first_index": LeafIndex(1)},
    {"verdict": "duplicate", "body": bytes(32), "first_index": LeafIndex(1), "reason": "too-large"},
]


@pytest.mark.parametrize("changes", MALFORMED, ids=lambda changes: changes["verdict"])
def test_an_entry_that_hides_a_record_behind_no_verdict_is_noticed(following: Next, changes: dict[str, object]) -> None:
    step = following.read(following.entry(**changes))

    assert (step.event, step.objections) == (None, ("ledger.entry_malformed",))


def test_an_admission_that_also_gives_a_reason_is_noticed(following: Next) -> None:
    assert following.read(following.entry(reason="too-large")).objections == ("ledger.entry_malformed",)


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "refused", "body": bytes(32), "reason": "too-large"},
        {"verdict": "duplicate", "body": bytes(32), "first_index": LeafIndex(1)},
    ],
    ids=["refused", "duplicate"],
)
def test_a_refusal_and_a_duplicate_move_the_ledger_and_no_chain(following: Next, changes: dict[str, object]) -> None:
    step = following.read(following.entry(**changes))

    assert (step.event, step.objections) == (None, ())
    assert step.book.tail.size == following.corridor.book.tail.size + 1
    assert step.book.chains == following.corridor.book.chains


def test_the_ledger_goes_on_after_a_forged_entry(following: Next) -> None:
    step = following.read(following.entry(body=b"forged"))
    source = Source(topic_of(RUILI), 0, Offset(step.entry.source.offset + 1))

    after = following.entry(index=LeafIndex(step.entry.index + 1), previous=step.leaf_hash, source=source)

    found = verified(step.book, after, nobody)
    assert found is not None
    assert (found.objections, found.event is not None) == ((), True)


def checked(book: Book, raw: bytes) -> Step | None:
    return verified(book, raw, nobody)


@pytest.mark.parametrize("read", [checked, trusted])
def test_what_does_not_continue_the_ledger_does_not_count(
    following: Next, read: Callable[[Book, bytes], Step | None]
) -> None:
    size = following.corridor.book.tail.size
    late = [
        following.entry(index=LeafIndex(size - 1)),
        following.entry(index=LeafIndex(size + 1)),
        following.entry(previous=NO_HASH),
        following.entry(previous=Hash(bytes(31) + b"\x01")),
        following.corridor.entries[-1],
        following.corridor.rival(size),
    ]

    assert [read(following.corridor.book, raw) for raw in late] == [None] * len(late)


@pytest.mark.parametrize("read", [checked, trusted])
def test_garbage_in_the_ledger_does_not_count(following: Next, read: Callable[[Book, bytes], Step | None]) -> None:
    good = following.entry()

    for raw in (b"", good[:-1], good + b"\0", good * 2, b"\xff" * 500, following.envelope):
        assert read(following.corridor.book, raw) is None


def test_reading_with_and_without_verification_comes_to_the_same_book() -> None:
    corridor = fresh()
    for number in range(3):
        raw = corridor.says(RUILI, "LeadShared", lead(f"lead-{number}"))
        corridor.hear(topic_of(RUILI), raw)
        corridor.hear(topic_of(RUILI), b"nonsense")
    links = dict(corridor._links)
    careful = quick = Book()

    for raw in corridor.entries:
        one, other = verified(careful, raw, lambda *place: links.get(place)), trusted(quick, raw)
        assert one is not None
        assert other is not None
        assert one.objections == ()
        careful, quick = one.book, other.book

    assert careful == quick == corridor.book


def test_the_event_of_an_entry_is_found_without_verifying_it_again(following: Next) -> None:
    step = following.read(following.entry())
    refused = parse_entry(following.entry(verdict="refused", body=bytes(32), reason="too-large"))

    assert refused is not None
    assert event_in(following.corridor.book, step.entry) == step.event
    assert event_in(following.corridor.book, refused) is None


def test_an_entry_comes_back_as_it_was_written(following: Next) -> None:
    entry = parse_entry(following.entry())

    assert entry is not None
    assert entry_bytes(entry) == following.entry()
