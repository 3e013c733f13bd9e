import pytest

from events.count import ZERO, Count, bounds_of, count_in, exactly, total
from events.errors import FieldInvalidError


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (exactly(23), "23"),
        (Count(0, 23), "0\N{EN DASH}23"),
        (Count(78), "≥ 78"),
        (Count(101, None, "一百余名"), "≥ 101"),
        (ZERO, "0"),
    ],
)
def test_a_count_is_printed_with_its_bounds(count: Count, text: str) -> None:
    assert str(count) == text


def test_more_than_a_hundred_declared_less_23_itemised_leaves_at_least_78() -> None:
    assert Count(101, None, "一百余名") - exactly(23) == Count(78)


@pytest.mark.parametrize(
    ("declared", "itemised", "rest"),
    [
        (exactly(100), exactly(23), exactly(77)),
        (exactly(100), Count(0, 23), Count(77, 100)),
        (exactly(10), exactly(23), ZERO),
        (Count(10, 30), Count(20), Count(0, 10)),
        (Count(5), Count(2), Count(0)),
    ],
)
def test_a_difference_keeps_its_bounds_and_stays_above_zero(declared: Count, itemised: Count, rest: Count) -> None:
    assert declared - itemised == rest


def test_a_sum_is_open_upward_if_one_part_is() -> None:
    assert total([exactly(2), Count(1, 3), Count(5)]) == Count(8)
    assert total([exactly(2), Count(1, 3)]) == Count(3, 5)
    assert total([]) == ZERO


@pytest.mark.parametrize(("low", "high"), [(-1, 3), (4, 3)])
def test_bounds_that_no_number_fits_are_refused_and_named(low: int, high: int) -> None:
    with pytest.raises(FieldInvalidError, match=f"found min {low}, max {high}"):
        Count(low, high)


def test_a_payload_field_is_read_with_its_words() -> None:
    assert count_in({"min": 2, "max": None, "text": "数个"}) == Count(2, None, "数个")
    assert count_in(None) == ZERO


@pytest.mark.parametrize("value", [7, "7", {"max": 3}, {"min": "2"}, {"min": 1, "max": "2"}])
def test_a_field_that_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(FieldInvalidError, match="count is invalid"):
        count_in(value)


def test_an_admitted_count_that_makes_no_sense_says_nothing_and_stops_nothing() -> None:
    assert bounds_of({"min": 5, "max": 3}) == Count(0)
