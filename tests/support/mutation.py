"""Bytes and values changed a little, or a lot, by a seeded hand: what broken and hostile programs send."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeAlias
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STRANGE_BYTES = (b"", b"\x00", b"\xff" * 10, b"\x80" * 9 + b"\x01", b"\xc3\x01", b"\xf0\x9f\x98\x80", b"\n\n", b"}{")
STRANGE_LENGTHS = (0, 1, 2, 7, 64, 500, 5_000)

Mutation: TypeAlias = Callable[[bytes, Random], bytes]


def mutated(raw: bytes, draw: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return bytes changed in one to four places; *others* give parts to splice in."""
    for _ in range(draw.choice((1, 1, 1, 2, 3, 4))):
        raw = draw.choice(MUTATIONS)(raw, draw)
    if others and draw.random() < 0.1:
        raw = _spliced(raw, draw.choice(others), draw)
    return raw


def noise(draw: Random, bytes_max: int = 300) -> bytes:
    """Return random bytes, mostly few."""
    return draw.randbytes(int(bytes_max ** draw.random()))


def bent(value: object, draw: Random) -> object:
    """Return a decoded record with one value inside replaced by another of its kind."""
    if isinstance(value, Mapping) and value:
        name = draw.choice(list(value))
        return {**value, name: bent(value[name], draw)}
    if isinstance(value, list | tuple) and value and draw.random() < 0.6:
        at = draw.randrange(len(value))
        return [*value[:at], bent(value[at], draw), *value[at + 1 :]]
    return _other(value, draw)


def _flip(raw: bytes, draw: Random) -> bytes:
    if not raw:
        return b"\x01"
    at = draw.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << draw.randrange(8)]) + raw[at + 1 :]


def _overwrite(raw: bytes, draw: Random) -> bytes:
    at, part = _place(raw, draw), draw.choice(STRANGE_BYTES)
    return raw[:at] + part + raw[at + len(part) :]


def _insert(raw: bytes, draw: Random) -> bytes:
    at = _place(raw, draw)
    return raw[:at] + (draw.choice(STRANGE_BYTES) or noise(draw)) + raw[at:]


def _delete(raw: bytes, draw: Random) -> bytes:
    at = _place(raw, draw)
    return raw[:at] + raw[at + draw.choice(STRANGE_LENGTHS[1:]) :]


def _repeat(raw: bytes, draw: Random) -> bytes:
    at = _place(raw, draw)
    part = raw[at : at + draw.choice(STRANGE_LENGTHS[1:])]
    return raw[:at] + part * draw.choice((2, 3, 20)) + raw[at + len(part) :]


def _truncate(raw: bytes, draw: Random) -> bytes:
    return raw[: _place(raw, draw)]


def _double(raw: bytes, _: Random) -> bytes:
    return raw + raw


def _trail(raw: bytes, draw: Random) -> bytes:
    return raw + noise(draw, 40)


def _spliced(raw: bytes, other: bytes, draw: Random) -> bytes:
    return raw[: _place(raw, draw)] + other[_place(other, draw) :]


MUTATIONS: tuple[Mutation, ...] = (_flip, _flip, _overwrite, _insert, _delete, _repeat, _truncate, _double, _trail)


def _place(raw: bytes, draw: Random) -> int:
    return draw.randint(0, len(raw))


def _other(value: object, draw: Random) -> object:
    other = OTHERS.get(type(value))
    return draw.choice((None, "unknown", 0, bytes(32), [])) if other is None else other(value, draw)


def _other_number(value: int, draw: Random) -> int:
    return draw.choice((0, 1, -1, value + 1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63)))


def _other_text(value: str, draw: Random) -> str:
    return draw.choice(("", "\x00", "unknown", "9999-12-31", "0001-01", "é" * 300, "\U0001f600", value * 2, "a:b"))


def _other_bytes(value: bytes, draw: Random) -> bytes:
    return draw.choice((bytes(len(value)), draw.randbytes(len(value)), b"\xff" * len(value), b"", value + b"\x00"))


def _other_time(_: datetime, draw: Random) -> datetime:
    return EPOCH + timedelta(microseconds=draw.choice((0, -1, 1, 253402300799999999, -62135596800000000)))


def _other_list(value: list[object], draw: Random) -> list[object]:
    return draw.choice(([], list(value) * 2, list(value)[:1], list(value) * 600))


OTHERS: Mapping[type, Callable[[Any, Random], object]] = {
    bool: lambda value, _: not value,
    int: _other_number,
    str: _other_text,
    bytes: _other_bytes,
    datetime: _other_time,
    UUID: lambda _, draw: UUID(int=draw.getrandbits(128)),
    list: _other_list,
    tuple: _other_list,
}
