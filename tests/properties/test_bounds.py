"""Bounds are true: whatever was exactly the case lies within them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from events.count import Count, exactly
from events.edtf import Span, parse_span
from events.errors import FieldInvalidError
from events.statistics import Happening, as_of, by_period, month

NUMBERS = st.integers(0, 50)
DAYS = st.dates(date(2000, 1, 1), date(2010, 12, 31))


@st.composite
def bounded(draw: st.DrawFn) -> tuple[int, Count]:
    """Return a number and bounds that it lies in."""
    number = draw(NUMBERS)
    return number, Count(draw(st.integers(0, number)), draw(st.none() | st.integers(number, number + 50)))


def holds(count: Count, number: int) -> bool:
    return count.min <= number and (count.max is None or number <= count.max)


@given(bounded(), bounded())
def test_the_sum_of_bounds_holds_the_sum(left: tuple[int, Count], right: tuple[int, Count]) -> None:
    assert holds(left[1] + right[1], left[0] + right[0])


@given(bounded(), bounded())
def test_the_difference_of_bounds_holds_the_difference(whole: tuple[int, Count], part: tuple[int, Count]) -> None:
    assert holds(whole[1] - part[1], max(0, whole[0] - part[0]))


@given(st.lists(st.tuples(DAYS, st.integers(0, 40), st.integers(0, 40)), max_size=8), DAYS)
def test_the_bounds_as_of_a_day_hold_what_had_happened(found: list[tuple[date, int, int]], day: date) -> None:
    spans = [Span(on - timedelta(days=before), on + timedelta(days=after)) for on, before, after in found]

    count = as_of([Happening(span) for span in spans], day)

    assert holds(count, sum(on <= day for on, _, _ in found))


@given(st.lists(st.tuples(DAYS, st.integers(0, 60)), max_size=8))
def test_periods_add_up_to_the_total(found: list[tuple[date, int]]) -> None:
    happenings = [Happening(Span(on, on + timedelta(days=length)), exactly(2)) for on, length in found]

    assert sum(count.min for count in by_period(happenings, month).values()) == 2 * len(found)


@given(DAYS, st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT09:30Z", "../%Y-%m", "%Y-%m/.."]))
def test_a_day_lies_within_every_text_that_is_made_of_it(day: date, form: str) -> None:
    span = parse_span(day.strftime(form))

    assert span.has_begun_by(day)
    assert span.last is None or span.last >= day


@given(st.text(max_size=24) | st.from_regex(r"[0-9]{4}(-[0-9]{2}){0,2}(/[0-9]{4}-[0-9]{2})?", fullmatch=True))
def test_every_text_is_a_span_in_order_or_refused(text: str) -> None:
    try:
        span = parse_span(text)
    except FieldInvalidError:
        return

    assert span.first is None or span.last is None or span.first <= span.last
