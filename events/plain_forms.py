"""Forms of single values, and the error that says what was expected where.

Source: Apache Avro 1.12 for the types and their ranges; RFC 3339 and RFC 9562 for times and UUIDs in JSON.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias, cast
from uuid import UUID

from events.errors import EventsError

Form: TypeAlias = Callable[[object], object]
"""Returns the Avro value that a given value stands for, or raises `FormError`."""

INT_MAX = 2**31 - 1
LONG_MAX = 2**63 - 1
SYMBOLS_SHOWN_MAX = 12

CODE = re.compile(r"[A-Za-z0-9_.:-]{1,24}")
"""What may be repeated in a message: too short and plain to say anything about a person."""


class FormError(EventsError):
    """Mend the value at the named place; the schema file of the type documents every field."""

    def __init__(self, *, expected: str, found: str, path: str = "") -> None:
        """Keep what was expected and found at a path such as ``payload.persons[2]``."""
        super().__init__(f"{path or 'value'}: expected {expected}, found {found}")
        self.expected = expected
        self.found = found
        self.path = path

    def under(self, step: str) -> "FormError":
        """Return the same error seen from one level further out."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return FormError(expected=self.expected, found=self.found, path=f"{step}{dot}{self.path}")


def kind_of(value: object) -> str:
    """Return in words what a value is, without what it says: it may name a person."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    kinds = {int: "a whole number", float: "a number", dict: "an object", list: "a list", bytes: "bytes"}
    return kinds.get(type(value), type(value).__name__)


def enum_form(symbols: tuple[str, ...]) -> Form:
    """Return the form of a code list."""
    known = frozenset(symbols)

    def enum(value: object) -> object:
        if isinstance(value, str) and value in known:
            return value
        is_code = isinstance(value, str) and CODE.fullmatch(value)
        more = ", …" if len(symbols) > SYMBOLS_SHOWN_MAX else ""
        raise FormError(
            expected=f"one of {', '.join(symbols[:SYMBOLS_SHOWN_MAX])}{more}",
            found=str(value) if is_code else kind_of(value),
        )

    return enum


def fixed_form(size: int) -> Form:
    """Return the form of so many bytes, in JSON twice as many hex digits."""

    def fixed(value: object) -> object:
        raw = _unhexed(value)
        if raw is None:
            raise FormError(expected=f"{2 * size} hex digits", found=kind_of(value))
        if len(raw) != size:
            raise FormError(expected=f"{2 * size} hex digits", found=f"{2 * len(raw)}")
        return raw

    return fixed


def _unhexed(value: object) -> bytes | None:
    if isinstance(value, bytes):
        return value
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _bytes(value: object) -> object:
    raw = _unhexed(value)
    if raw is None:
        raise FormError(expected="hex digits", found=kind_of(value))
    return raw


def _string(value: object) -> object:
    if not isinstance(value, str):
        raise FormError(expected="a text", found=kind_of(value))
    if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        raise FormError(expected="text in Unicode", found="half of a surrogate pair")
    return value


def _whole(limit: int) -> Form:
    def whole(value: object) -> object:
        if not isinstance(value, int) or isinstance(value, bool):
            raise FormError(expected="a whole number", found=kind_of(value))
        if not -limit - 1 <= value <= limit:
            raise FormError(expected=f"a whole number between {-limit - 1} and {limit}", found="one beyond")
        return value

    return whole


def _number(value: object) -> object:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise FormError(expected="a number", found=kind_of(value))
    return float(value)


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise FormError(expected="true or false", found=kind_of(value))
    return value


def _time(value: object) -> object:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise FormError(expected="a time with its zone such as 2005-07-14T10:00:00Z", found=kind_of(value))
    return found.astimezone(UTC)


def _uuid(value: object) -> object:
    try:
        return value if isinstance(value, UUID) else UUID(cast("str", value))
    except (ValueError, AttributeError, TypeError):
        raise FormError(expected="a UUID", found=kind_of(value)) from None


PLAIN: Mapping[str, Form] = {
    "string": _string,
    "int": _whole(INT_MAX),
    "long": _whole(LONG_MAX),
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "bytes": _bytes,
}
"""Forms by the name of an Avro primitive type."""

LOGICAL: Mapping[str, Form] = {"timestamp-micros": _time, "uuid": _uuid}
"""Forms by the name of an Avro logical type."""
