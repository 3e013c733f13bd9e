from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.edtf import parse_span
from events.event import Recorded
from events.ids import LeafIndex, Office
from events.replay import (
    AdmittedBy,
    AsOfInvalidError,
    AtLeaf,
    OccurredBy,
    OpenedBy,
    PeriodInvalidError,
    Place,
    ReceivedBy,
    parse_as_of,
    parse_period,
    possible,
    select,
)
from tests.unit.drafts import FOUNDED_AT, digest_of, founding, history, live

MUSE = Office("mm:blo-muse")
DAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("leaf:12", AtLeaf(LeafIndex(12))),
        ("admitted:2026-11-24T10:00Z", AdmittedBy(DAY)),
        ("received:mm:blo-muse", ReceivedBy(MUSE)),
        ("opened:mm:blo-muse@2026-11-24T10:00Z", OpenedBy(MUSE, DAY)),
        ("occurred:2005-07", OccurredBy(date(2005, 7, 31))),
        ("admitted:2026-11-24T12:00+02:00", AdmittedBy(DAY)),
    ],
)
def test_each_as_of_has_its_own_meaning(text: str, expected: object) -> None:
    assert parse_as_of(text) == expected


def test_a_day_as_time_means_its_end() -> None:
    found = parse_as_of("admitted:2026-11-24")

    assert found == AdmittedBy(datetime(2026, 11, 24, 23, 59, 59, 999999, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "leaf",
        "leaf:",
        "leaf:-1",
        "leaf:٣",
        "leaf:" + "9" * 40,
        "admitted:10:00",
        "admitted:2026-11-24T10:00",
        "received:",
        "received:Muse",
        "opened:mm:blo-muse@",
        "occurred:unknown",
        "occurred:2005-07/..",
        "seen:1",
    ],
)
def test_anything_else_is_no_as_of(text: str) -> None:
    with pytest.raises(AsOfInvalidError):
        parse_as_of(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parser, refusal in ((parse_as_of, AsOfInvalidError), (parse_period, PeriodInvalidError)):
        try:
            parser(text)
        except refusal:
            continue


@pytest.mark.parametrize(
    ("text", "first", "last", "kind"),
    [
        ("2005-07", date(2005, 7, 1), date(2005, 7, 31), "month"),
        ("2005-Q3", date(2005, 7, 1), date(2005, 9, 30), "quarter"),
        ("2005", date(2005, 1, 1), date(2005, 12, 31), "year"),
    ],
)
def test_a_period_is_a_month_a_quarter_or_a_year(text: str, first: date, last: date, kind: str) -> None:
    found = parse_period(text)

    assert (found.first, found.last, found.kind) == (first, last, kind)


@pytest.mark.parametrize("text", ["2005-7", "2005-13", "2005-Q5", "2005-Q0", "2005-Q03", "2005-07-01", "05", "unknown"])
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(PeriodInvalidError):
        parse_period(text)


@pytest.mark.parametrize(
    ("occurred", "expected"),
    [
        ("2005-07-14", Place.WITHIN),
        ("2005-07", Place.WITHIN),
        ("2005-07/2006-11-09", Place.NOT_KNOWN),
        ("../2005-07", Place.NOT_KNOWN),
        ("unknown", Place.NOT_KNOWN),
        ("2005", Place.NOT_KNOWN),
        ("2005-08-01", Place.OUTSIDE),
        ("../2005-06", Place.OUTSIDE),
    ],
)
def test_what_crosses_the_edge_of_a_period_is_not_known_to_be_in_it(occurred: str, expected: Place) -> None:
    assert parse_period("2005-07").place(parse_span(occurred)) is expected


def told() -> list[Recorded]:
    """Two leads; Muse has received both and opened the second."""
    lines = [
        {**live("LeadShared", "cn:blo-ruili", lead_key="one"), "label": "one"},
        {**live("LeadShared", "cn:blo-ruili", lead_key="two"), "label": "two"},
        live("EventReceived", MUSE, digests=[digest_of("one")], tree_size=2),
        live("EventOpened", MUSE, digest=digest_of("two")),
        live("EventReceived", MUSE, digests=[digest_of("two")], tree_size=4),
    ]
    return history(lines)


def leaves(found: tuple[Recorded, ...]) -> list[int]:
    return [each.leaf_index for each in found if each.event.header.office != MUSE]


def test_received_is_what_the_office_signed_a_receipt_for() -> None:
    assert leaves(select(told(), ReceivedBy(MUSE))) == [0, 1]


def test_received_by_a_time_counts_receipts_admitted_by_then() -> None:
    before_the_second = told()[3].admitted_at

    assert leaves(select(told(), ReceivedBy(MUSE, before_the_second))) == [0]


def test_opened_is_what_a_person_opened() -> None:
    assert leaves(select(told(), OpenedBy(MUSE))) == [1]


def test_an_office_knows_what_it_said_itself() -> None:
    found = select(told(), OpenedBy(MUSE))

    assert [each.leaf_index for each in found if each.event.header.office == MUSE] == [2, 3, 4]


def test_leaf_and_admitted_stop_at_the_same_place() -> None:
    events = founding()

    assert (
        select(events, AtLeaf(LeafIndex(9))) == select(events, AdmittedBy(events[9].admitted_at)) == tuple(events[:10])
    )


def test_occurred_takes_what_must_have_happened_and_names_what_may() -> None:
    events, day = founding(), date(2005, 7, 31)

    certain = {each.event.header.type for each in select(events, OccurredBy(day))}
    maybe = {each.event.header.type for each in possible(events, day)}

    assert "HandoverConfirmed" in certain
    assert maybe == {"LeadAssessed", "ArrestReported"}


def test_occurred_does_not_ask_when_it_became_known() -> None:
    late = [replace(each, admitted_at=FOUNDED_AT.replace(year=2030)) for each in founding()]

    assert len(select(late, OccurredBy(date(2005, 7, 31)))) == len(select(founding(), OccurredBy(date(2005, 7, 31))))
