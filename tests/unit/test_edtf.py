from datetime import date

import pytest

from events.edtf import Span, parse_span
from events.errors import FieldInvalidError


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2005", date(2005, 1, 1), date(2005, 12, 31)),
        ("2005-07", date(2005, 7, 1), date(2005, 7, 31)),
        ("2004-02", date(2004, 2, 1), date(2004, 2, 29)),
        ("2005-07-14", date(2005, 7, 14), date(2005, 7, 14)),
        ("2005-07-14T10:00Z", date(2005, 7, 14), date(2005, 7, 14)),
        ("2005-05-28/2005-07-31", date(2005, 5, 28), date(2005, 7, 31)),
        ("2005-07/2006-11-09", date(2005, 7, 1), date(2006, 11, 9)),
        ("../2005-07", None, date(2005, 7, 31)),
        ("2005-07/..", date(2005, 7, 1), None),
        ("unknown", None, None),
    ],
)
def test_a_text_is_read_as_the_days_it_allows(text: str, first: date | None, last: date | None) -> None:
    assert parse_span(text) == Span(first, last)


@pytest.mark.parametrize(
    "text",
    [
        "", "..", "../..", "/", "2005/", "/2005", "2005-7", "2005-13", "2005-00", "2005-02-30", "0000", "05",
        "2005-07-14T10:00", "2005-07-14T25:00Z", "2005-07-14T10:60Z", "2005-07-14T10:00+08:00", "2005-07T10:00Z",
        "2006/2005", "2005-07-14/2005-07-13", "2005/2006/2007", "2005-07-14T10:00Z/2005-07-15", "Unknown",
        "unknown/2005", "2005~", "2005?", "200X", " 2005", "2005\n", "\uff12\uff10\uff10\uff15", "2005-07-14Z", "-2005",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(FieldInvalidError, match=f"expected EDTF such as 2005-07 or unknown, found {len(text)} charac"):
        parse_span(text)


def test_a_refusal_does_not_repeat_what_was_written() -> None:
    with pytest.raises(FieldInvalidError) as caught:
        parse_span("the day Sample Person left")

    assert "Sample" not in str(caught.value)


def test_a_month_has_begun_before_it_has_ended() -> None:
    july = parse_span("2005-07")

    assert (july.has_begun_by(date(2005, 6, 30)), july.has_ended_by(date(2005, 6, 30))) == (False, False)
    assert (july.has_begun_by(date(2005, 7, 15)), july.has_ended_by(date(2005, 7, 15))) == (True, False)
    assert (july.has_begun_by(date(2005, 7, 31)), july.has_ended_by(date(2005, 7, 31))) == (True, True)


def test_what_has_no_date_can_have_happened_and_need_not_have() -> None:
    unknown = parse_span("unknown")

    assert unknown.has_begun_by(date(1900, 1, 1))
    assert not unknown.has_ended_by(date(2100, 1, 1))
