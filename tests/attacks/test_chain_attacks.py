"""An office, its thief or the hub bends the history of an office."""

from dataclasses import replace

import pytest

from events.admission import Admitted, Duplicate
from events.book import Book
from events.chain import Link
from events.ids import NO_HASH, LeafIndex, Offset
from events.ledger import Source, entry_bytes, parse_entry
from events.merkle import inclusion_proof, leaf_hash, node_hash, root_of, verify_inclusion
from events.reading import Step, verified
from tests.support.forge import EVIL, bent, event_bytes, forged_entry, fresh, nobody, refusal, topic_of
from tests.support.ledger import AH_POLICE, MUSE, RUILI, Corridor, lead


@pytest.fixture
def corridor() -> Corridor:
    """Return a corridor in which Ruili has said three things and the police one."""
    made = fresh()
    for number in range(3):
        made.says(RUILI, "LeadShared", lead(f"lead-{number}"))
    made.says(AH_POLICE, "LeadShared", lead("lead-9"))
    return made


def told(corridor: Corridor, raw: bytes) -> tuple[str, str]:
    return refusal(corridor.hear(topic_of(RUILI), raw))


def said(corridor: Corridor, place: int) -> bytes:
    """Return Ruili's envelope in that place of its chain."""
    entry = parse_entry(corridor.entries[len(corridor.genesis.entries) + place - 1])
    assert entry is not None
    return entry.body


def follow(records: list[bytes]) -> list[Step]:
    """Return what a desk makes of ledger records, with nothing but what it has read itself."""
    book, links, steps = Book(), dict[tuple[object, ...], Link](), list[Step]()
    for raw in records:
        step = verified(book, raw, lambda *place: links.get(place))
        if step is None:
            continue
        book = step.book
        steps.append(step)
        if step.event is not None:
            header = step.event.header
            links[header.office, header.epoch, header.sequence] = book.head(header.office)
    return steps


def rewritten(records: list[bytes], **changes: object) -> list[bytes]:
    """Return entries linked anew from the first one, as a hub does that changes history; *changes* to the last."""
    book, found = Book(), list[bytes]()
    for raw in records:
        entry = parse_entry(raw)
        assert entry is not None
        source = Source(entry.source.topic, 0, book.next_offset(entry.source.topic, 0) if book.tail.size else Offset(0))
        fields = {"index": LeafIndex(book.tail.size), "previous": book.tail.last, "source": source}
        last = changes if raw == records[-1] else {}
        found.append(entry_bytes(replace(entry, **{**fields, **last})))  # type: ignore[arg-type]
        step = verified(book, found[-1], nobody)
        assert step is not None
        book = step.book
    return found


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_replayed_event_gives_the_receipt_of_the_first_time(corridor: Corridor, place: int) -> None:
    first = LeafIndex(len(corridor.genesis.entries) + place - 1)

    found = [corridor.hear(topic_of(RUILI), said(corridor, place)) for _ in range(100)]

    assert set(found) == {Duplicate(first)}
    assert corridor.book.head(RUILI).sequence == 3


@pytest.mark.parametrize("place", [1, 2, 3])
def test_another_story_for_a_place_is_refused_and_its_hash_kept_as_evidence(corridor: Corridor, place: int) -> None:
    raw = bent(corridor, said(corridor, place), payload=lead("another story"))
    first = corridor.event_of(said(corridor, place)).digest.hex()[:12]

    found = told(corridor, raw)

    digest = corridor.event_of(raw).digest.hex()[:12]
    assert found == (
        "sequence-fork",
        f"chain of cn:blo-ruili forks at sequence {place}: admitted {first}, found {digest}",
    )
    entry = parse_entry(corridor.entries[-1])
    assert entry is not None
    assert entry.reason == "sequence-fork"


def test_a_thief_who_signs_once_is_noticed_when_the_office_next_speaks(corridor: Corridor) -> None:
    """The chain is a tripwire: the thief's event takes the number that the office wants."""
    honest = corridor.signed(RUILI, "LeadShared", lead("lead-4"))

    assert isinstance(corridor.hear(topic_of(RUILI), corridor.signed(RUILI, "LeadShared", lead("theft"))), Admitted)

    assert told(corridor, honest)[0] == "sequence-fork"


def test_a_restored_machine_that_goes_on_from_yesterday_is_refused(corridor: Corridor) -> None:
    yesterday = corridor.event_of(said(corridor, 1))

    raw = corridor.signed(RUILI, "LeadShared", lead("again"), sequence=2, previous=yesterday.digest)

    assert told(corridor, raw)[0] == "sequence-fork"


def test_a_gap_is_refused_until_the_missing_event_arrives(corridor: Corridor) -> None:
    fourth = corridor.signed(RUILI, "LeadShared", lead("lead-4"))
    digest = corridor.event_of(fourth).digest
    fifth = corridor.signed(RUILI, "LeadShared", lead("lead-5"), sequence=5, previous=digest)

    found = [told(corridor, fifth), corridor.hear(topic_of(RUILI), fourth), corridor.hear(topic_of(RUILI), fifth)]

    assert found[0] == ("sequence-gap", "chain of cn:blo-ruili has a gap: expected sequence 4, found 5")
    assert [type(verdict) for verdict in found[1:]] == [Admitted, Admitted]


def test_an_event_that_continues_a_sibling_a_stranger_or_nothing_is_refused(corridor: Corridor) -> None:
    sibling = corridor.event_of(bent(corridor, said(corridor, 3), payload=lead("another story"))).digest
    police = corridor.book.head(AH_POLICE).digest
    earlier = corridor.event_of(said(corridor, 2)).digest

    expected = corridor.book.head(RUILI).digest.hex()[:12]
    for previous in (sibling, police, earlier, NO_HASH):
        raw = corridor.signed(RUILI, "LeadShared", lead(), previous=previous)
        message = f"event 4 of cn:blo-ruili continues {previous.hex()[:12]}, expected {expected}"
        assert told(corridor, raw) == ("previous-mismatch", message)


def test_a_hub_that_leaves_out_an_event_breaks_the_chain_for_every_reader(corridor: Corridor) -> None:
    at = len(corridor.genesis.entries) + 1

    steps = follow(rewritten(corridor.entries[:at] + corridor.entries[at + 1 :]))

    assert [step.objections for step in steps[at:]] == [("ledger.entry_not_authentic",), ()]


def test_a_hub_that_leaves_out_an_event_and_says_so_in_the_offsets_is_noticed(corridor: Corridor) -> None:
    at = len(corridor.genesis.entries)
    beginning = corridor.entries[:at]

    [*_, step] = follow([*beginning, rewritten([*beginning, corridor.entries[at + 3]], source=skipped(3))[-1]])

    assert step.objections == ("ledger.source_record_skipped",)


def skipped(offset: int) -> Source:
    return Source(topic_of(RUILI), 0, Offset(offset))


def test_a_hub_that_swaps_two_events_breaks_the_chain_for_every_reader(corridor: Corridor) -> None:
    at = len(corridor.genesis.entries)
    swapped = [*corridor.entries]
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]

    steps = follow(rewritten(swapped))

    assert [step.objections for step in steps[at:]] == [
        ("ledger.entry_not_authentic",),
        ("ledger.time_went_back",),
        ("ledger.entry_not_authentic",),
        (),
    ]
    assert steps[-1].book.head(RUILI).sequence == 1


@pytest.mark.parametrize("at", range(15, 19))
def test_a_changed_leaf_ends_the_ledger_for_whoever_reads_it(corridor: Corridor, at: int) -> None:
    raw = corridor.entries[at]
    changed = raw[:-4] + bytes([raw[-4] ^ 1]) + raw[-3:]

    steps = follow([*corridor.entries[:at], changed, *corridor.entries[at + 1 :]])

    assert len(steps) <= at + 1
    assert [step.event for step in steps[at:] if step.event] == []


@pytest.mark.parametrize("at", [0, 7, 15, 18])
def test_a_deleted_leaf_ends_the_ledger_for_whoever_reads_it(corridor: Corridor, at: int) -> None:
    assert len(follow(corridor.entries[:at] + corridor.entries[at + 1 :])) == at


@pytest.mark.parametrize("at", [1, 15, 18])
def test_an_inserted_leaf_does_not_count(corridor: Corridor, at: int) -> None:
    steps = follow([*corridor.entries[:at], corridor.rival(at), *corridor.entries[at:]])

    assert [step.raw for step in steps] == corridor.entries


def test_the_order_of_the_topic_decides_between_two_heirs(corridor: Corridor) -> None:
    """Two entries that both continue the ledger: the first one in the topic counts, for everyone."""
    one, other = (forged_entry(corridor, topic_of(MUSE), body=body) for body in (b"one", b"other"))

    assert follow([*corridor.entries, one, other])[-1].raw == one
    assert follow([*corridor.entries, other, one])[-1].raw == other


def test_an_inner_node_never_passes_for_a_leaf(corridor: Corridor) -> None:
    leaves = [leaf_hash(raw) for raw in corridor.entries[:2]]

    pretended = leaves[0] + leaves[1]

    assert leaf_hash(pretended) != node_hash(leaves[0], leaves[1]) == root_of(leaves)
    assert parse_entry(pretended) is None


def test_a_proof_for_another_entry_does_not_prove_this_one(corridor: Corridor) -> None:
    """What is proved is the leaf made from the event under audit, never a hash that came with the proof."""
    leaves = [leaf_hash(raw) for raw in corridor.entries]
    at, size = LeafIndex(16), corridor.book.tail.size
    proof = inclusion_proof(leaves, at)

    claimed = parse_entry(corridor.entries[17])
    assert claimed is not None

    assert verify_inclusion(leaf_hash(corridor.entries[16]), at, size, proof, root_of(leaves))
    assert not verify_inclusion(leaf_hash(entry_bytes(claimed)), at, size, proof, root_of(leaves))
    assert event_bytes(claimed.body) not in corridor.entries[16]


def test_a_new_ledger_under_the_old_name_has_another_anchor(corridor: Corridor) -> None:
    other = Corridor("ruili-muse")
    other.keys[other.hub] = EVIL
    again = other._genesis()

    assert Corridor("ruili-muse").genesis.leaf_hash == corridor.genesis.leaf_hash
    assert again.leaf_hash != corridor.genesis.leaf_hash
