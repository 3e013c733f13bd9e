import pytest

from events.chain import UNSTARTED, Link, check_next, link_of, repeated
from events.errors import PreviousMismatchError, SequenceForkError, SequenceGapError
from events.event import Event
from events.ids import NO_HASH, Hash, LeafIndex, Office, Sequence
from tests.unit.drafts import live, recorded

A, B, C = Hash(b"\xaa" * 32), Hash(b"\xbb" * 32), Hash(b"\xcc" * 32)
HEAD = Link(2, Sequence(5), A, LeafIndex(40))


def event(sequence: int, previous: Hash = A, *, epoch: int = 2, digest: Hash = B) -> Event:
    said = {"sequence": sequence, "previous": previous, "epoch": epoch}
    return Event(recorded({**live("LeadShared", "cn:blo-ruili"), **said}).event.header, {}, digest)


def shelf(*links: Link) -> dict[tuple[int, int], Link]:
    return {(link.epoch, link.sequence): link for link in links}


def first_of(found: Event, *older: Link) -> Link | None:
    known = shelf(*older)
    return repeated(HEAD, found, lambda _office, epoch, sequence: known.get((epoch, sequence)))


def test_the_first_event_of_an_office_has_number_one_and_names_nothing() -> None:
    check_next(UNSTARTED, event(1, NO_HASH, epoch=1))


def test_the_next_event_names_the_one_before() -> None:
    check_next(HEAD, event(6))


@pytest.mark.parametrize("sequence", [7, 44, 2**62])
def test_a_gap_names_both_sequences(sequence: int) -> None:
    with pytest.raises(SequenceGapError) as caught:
        check_next(HEAD, event(sequence))

    assert str(caught.value) == f"chain of cn:blo-ruili has a gap: expected sequence 6, found {sequence}"


def test_another_previous_is_named_with_the_one_expected() -> None:
    with pytest.raises(PreviousMismatchError) as caught:
        check_next(HEAD, event(6, C))

    assert str(caught.value) == "event 6 of cn:blo-ruili continues cccccccccccc, expected aaaaaaaaaaaa"


def test_a_new_epoch_begins_at_one_and_continues_the_old_one() -> None:
    check_next(HEAD, event(1, A, epoch=3))


def test_a_new_epoch_does_not_forget_the_old_one() -> None:
    with pytest.raises(PreviousMismatchError, match="continues 000000000000, expected aaaaaaaaaaaa"):
        check_next(HEAD, event(1, NO_HASH, epoch=3))


def test_a_new_epoch_does_not_begin_in_the_middle() -> None:
    with pytest.raises(SequenceGapError, match="expected sequence 1, found 6"):
        check_next(HEAD, event(6, epoch=3))


@pytest.mark.parametrize("sequence", [1, 6])
def test_a_skipped_epoch_is_named_and_never_called_a_gap_between_equal_numbers(sequence: int) -> None:
    with pytest.raises(SequenceGapError) as caught:
        check_next(HEAD, event(sequence, epoch=4))

    assert str(caught.value) == "chain of cn:blo-ruili skips an epoch: expected 2 or 3, found 4"


def test_the_head_that_comes_again_is_found_without_a_look_up() -> None:
    assert first_of(event(5, digest=A)) == HEAD


def test_an_older_event_that_comes_again_is_found_by_its_place() -> None:
    older = Link(2, Sequence(3), C, LeafIndex(12))

    assert first_of(event(3, digest=C), older) == older


def test_an_event_of_an_earlier_epoch_that_comes_again_is_found() -> None:
    older = Link(1, Sequence(9), C, LeafIndex(7))

    assert first_of(event(9, epoch=1, digest=C), older) == older


@pytest.mark.parametrize("place", [(2, 6), (2, 99), (3, 1), (4, 0)])
def test_a_place_ahead_is_not_a_repetition(place: tuple[int, int]) -> None:
    epoch, sequence = place

    assert first_of(event(sequence, epoch=epoch)) is None


@pytest.mark.parametrize("sequence", [5, 3])
def test_a_second_story_for_the_same_place_is_a_fork(sequence: int) -> None:
    older = Link(2, Sequence(3), A, LeafIndex(12))

    with pytest.raises(SequenceForkError) as caught:
        first_of(event(sequence, digest=C), older)

    assert str(caught.value) == (
        f"chain of cn:blo-ruili forks at sequence {sequence}: admitted aaaaaaaaaaaa, found cccccccccccc"
    )


def test_going_on_in_a_closed_epoch_is_no_fork() -> None:
    with pytest.raises(PreviousMismatchError) as caught:
        first_of(event(10, epoch=1))

    assert str(caught.value) == "event 10 of cn:blo-ruili epoch 1 has no place before event 5 of epoch 2"


@pytest.mark.parametrize("place", [(1, 0), (1, -3), (0, 1), (-1, 7)])
def test_an_office_that_said_nothing_has_no_place_before_its_first_event(place: tuple[int, int]) -> None:
    epoch, sequence = place

    with pytest.raises(PreviousMismatchError, match="has no place before event 0 of epoch 1"):
        repeated(UNSTARTED, event(sequence, epoch=epoch), lambda *_: None)


def test_an_admitted_event_becomes_the_head() -> None:
    assert link_of(event(6), LeafIndex(41)) == Link(2, Sequence(6), B, LeafIndex(41))


def test_a_lookup_is_asked_for_the_events_own_place() -> None:
    asked: list[tuple[Office, int, Sequence]] = []

    with pytest.raises(PreviousMismatchError):
        repeated(HEAD, event(4), lambda *place: asked.append(place))

    assert asked == [(Office("cn:blo-ruili"), 2, Sequence(4))]
