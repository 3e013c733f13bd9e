"""No changed byte is ever admitted, whatever was changed and however."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.admission import Admitted, Duplicate, Refused, Verdict, judge
from events.book import Book
from events.chain import Link
from events.envelope import sign_event
from events.errors import Reason
from events.ids import LeafIndex, Office, Sequence
from tests.support.forge import bent, event_bytes, fresh, nobody, topic_of
from tests.support.ledger import RUILI, Corridor, lead

TOPIC = topic_of(RUILI)


@cache
def told() -> tuple[Corridor, bytes, bytes]:
    """Return a corridor, an admitted envelope, and the next one of the same chain."""
    corridor = fresh()
    before = corridor.says(RUILI, "LeadShared", lead("lead-1"), case_key="case-1", recipients=(Office("mm:atipd"),))
    return corridor, before, corridor.signed(RUILI, "LeadShared", lead("lead-2"), case_key="case-1")


def found(raw: bytes) -> Verdict:
    corridor, _, _ = told()
    return judge(corridor.book, TOPIC, raw, links)


def links(office: Office, epoch: int, sequence: Sequence) -> Link | None:
    head = told()[0].book.head(office)
    return head if (head.epoch, head.sequence) == (epoch, sequence) else None


def test_without_a_change_one_is_admitted_and_the_other_a_duplicate() -> None:
    corridor, before, following = told()

    assert isinstance(found(following), Admitted)
    assert found(before) == Duplicate(LeafIndex(len(corridor.entries) - 1))


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("which", [1, 2], ids=["admitted before", "the next one"])
def test_no_flipped_bit_is_admitted_or_taken_for_a_repetition(which: int, bit: int) -> None:
    raw = told()[which]
    assert isinstance(raw, bytes)

    changed = (raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :] for at in range(len(raw)))

    assert [type(found(each)) for each in changed] == [Refused] * len(raw)


@pytest.mark.parametrize("which", [1, 2], ids=["admitted before", "the next one"])
def test_no_deleted_byte_and_no_truncation_is_admitted(which: int) -> None:
    raw = told()[which]
    assert isinstance(raw, bytes)

    cut = [raw[:at] for at in range(len(raw))] + [raw[:at] + raw[at + 1 :] for at in range(len(raw))]

    assert {type(found(each)) for each in cut} == {Refused}


@settings(max_examples=600)
@given(at=st.integers(0, 10_000), gone=st.integers(0, 40), put=st.binary(max_size=40))
def test_no_replaced_stretch_is_admitted(at: int, gone: int, put: bytes) -> None:
    _, _, raw = told()
    start = at % (len(raw) + 1)
    changed = raw[:start] + put + raw[start + gone :]

    verdict = found(changed)

    assert isinstance(verdict, Admitted if changed == raw else Refused)


@settings(max_examples=100)
@given(st.lists(st.sampled_from([1, 2]), min_size=2, max_size=4), st.binary(max_size=3))
def test_no_concatenation_is_admitted(parts: list[int], between: bytes) -> None:
    corridor, before, following = told()
    envelopes = {1: before, 2: following}

    raw = between.join(envelopes[part] for part in parts)

    assert isinstance(judge(corridor.book, TOPIC, raw, links), Refused)


@settings(max_examples=400)
@given(st.binary(max_size=400))
def test_whatever_strangers_send_is_refused_with_a_reason(raw: bytes) -> None:
    for book in (told()[0].book, Book()):
        verdict = judge(book, TOPIC, raw, nobody)
        assert isinstance(verdict, Refused)
        assert verdict.reason in set(Reason)


@settings(max_examples=400)
@given(at=st.integers(0, 10_000), gone=st.integers(0, 12), put=st.binary(max_size=12))
def test_an_office_that_signs_nonsense_is_refused_and_stops_nobody(at: int, gone: int, put: bytes) -> None:
    """The signature holds: everything after it must bear any bytes, too."""
    corridor, _, following = told()
    event = event_bytes(following)
    start = at % (len(event) + 1)
    changed = event[:start] + put + event[start + gone :]

    verdict = found(sign_event(changed, corridor.keys[RUILI]))

    if isinstance(verdict, Admitted):
        assert verdict.event.header.previous == corridor.book.head(RUILI).digest
    else:
        assert isinstance(verdict, Refused)


@settings(max_examples=60)
@given(epoch=st.integers(-(2**31), 2**31 - 1), sequence=st.integers(-(2**63), 2**63 - 1))
def test_no_place_but_the_next_is_admitted(epoch: int, sequence: int) -> None:
    corridor, _, following = told()

    verdict = found(bent(corridor, following, epoch=epoch, sequence=sequence))

    assert isinstance(verdict, Refused) or (epoch, sequence) == (1, 2)


@settings(max_examples=60)
@given(
    occurred=st.text(max_size=20), case_key=st.text(max_size=70), recipients=st.lists(st.text(max_size=9), max_size=3)
)
def test_a_header_full_of_anything_is_admitted_or_refused_for_its_fields(
    occurred: str, case_key: str, recipients: list[str]
) -> None:
    corridor, _, following = told()

    verdict = found(
        bent(corridor, following, occurred=occurred, case_key=case_key, recipients=tuple(map(Office, recipients)))
    )

    assert isinstance(verdict, Admitted) or (isinstance(verdict, Refused) and verdict.reason == Reason.FIELD_INVALID)
