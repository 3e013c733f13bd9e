"""Counts that say how exact they are: 23 is 23, "more than a hundred" is at least 101."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from events.errors import FieldInvalidError


@dataclass(frozen=True, slots=True)
class Count:
    """A number between *min* and *max*, both included; no *max* means no upper bound.

    *text* is the wording of the source, if it was words.
    """

    min: int
    max: int | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that no number fits.

        Raises:
            FieldInvalidError: *min* is negative, or *max* is below it.
        """
        if self.min < 0 or (self.max is not None and self.max < self.min):
            message = f"count is invalid: expected 0 <= min <= max, found min {self.min}, max {self.max}"
            raise FieldInvalidError(message)

    def __str__(self) -> str:
        """Return the bounds as people read them: ``23``, ``0–23`` or ``≥ 78``."""
        if self.max is None:
            return f"≥ {self.min}"
        return str(self.min) if self.min == self.max else f"{self.min}\N{EN DASH}{self.max}"

    def __add__(self, other: Self) -> "Count":
        """Return the sum of two counts of different things."""
        open_ended = self.max is None or other.max is None
        return Count(self.min + other.min, None if open_ended else (self.max or 0) + (other.max or 0))

    def __sub__(self, other: Self) -> "Count":
        """Return what is left of this count after a part of it, never below zero."""
        low = 0 if other.max is None else max(0, self.min - other.max)
        return Count(low, None if self.max is None else max(low, self.max - other.min))


ZERO = Count(0, 0)
"""Exactly none."""


def exactly(number: int) -> Count:
    """Return a count without doubt."""
    return Count(number, number)


def total(counts: Iterable[Count]) -> Count:
    """Return the sum of counts of different things; exactly none for no counts."""
    found = ZERO
    for count in counts:
        found = found + count
    return found


def count_in(value: object) -> Count:
    """Return the count in a payload field ``{min, max?, text?}``; exactly none for an absent field.

    Raises:
        FieldInvalidError: the bounds fit no number, or the value has no such fields.
    """
    if value is None:
        return ZERO
    low, high, text = _parts(value)
    if not isinstance(low, int) or not isinstance(high, int | None) or not isinstance(text, str | None):
        message = "count is invalid: expected whole numbers min and max and a text"
        raise FieldInvalidError(message)
    return Count(low, high, text)


def bounds_of(value: object) -> Count:
    """Return the count in a payload field, or "at least 0" if its bounds fit no number.

    An admitted event is never refused again: a fold must not stop at a field that makes no sense.
    """
    try:
        return count_in(value)
    except FieldInvalidError:
        return Count(0)


def _parts(value: object) -> tuple[object, object, object]:
    if not isinstance(value, Mapping):
        message = f"count is invalid: expected a record with min and max, found {type(value).__name__}"
        raise FieldInvalidError(message)
    return value.get("min"), value.get("max"), value.get("text")
