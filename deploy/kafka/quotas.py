"""Client quotas, asked for and set over Kafka's own protocol: neither client library has these two calls.

The requests travel over a connection of `hub.kafka`. They bring the four methods that aiokafka's connection
calls on a request, and nothing else of aiokafka.

Source: Kafka protocol, DescribeClientQuotas v0 (API key 48) and AlterClientQuotas v0 (API key 49).
"""

import asyncio
import struct
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Self, TypeVar

from deploy.kafka.wanted import Quota
from hub.errors import HubError
from hub.kafka import KafkaSettings, connection

DESCRIBE, ALTER = 48, 49
ANY_NAME = 2
SET = b"\0"  # as opposed to: remove
CLUSTER_FORBIDDEN = 31

T = TypeVar("T")


class QuotaRefused(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Log in as the broker's admin: quotas need the right to alter the configuration of the cluster."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Some bytes that encode to themselves."""

    value: bytes

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.value


@dataclass(slots=True)
class Reader:
    """Reads the protocol's primitive types, one after the other."""

    source: BytesIO
    correlation_id: int = 0

    @classmethod
    def decode(cls, source: BytesIO) -> Self:
        """Return a reader of the rest of *source*."""
        return cls(source)

    def number(self, code: str) -> int:
        """Return an integer; *code* is that of the module ``struct``."""
        (value,) = struct.unpack(f">{code}", self.source.read(struct.calcsize(code)))
        return int(value)

    def rate(self) -> float:
        """Return a FLOAT64."""
        (value,) = struct.unpack(">d", self.source.read(8))
        return float(value)

    def text(self) -> str | None:
        """Return a NULLABLE_STRING."""
        length = self.number("h")
        return None if length < 0 else self.source.read(length).decode()

    def items(self, read: Callable[[], T]) -> list[T]:
        """Return an ARRAY, none of it if it is null."""
        return [read() for _ in range(self.number("i"))]


@dataclass(frozen=True, slots=True)
class Call:
    """A request of version 0, as aiokafka's connection takes it."""

    api_key: int
    body: bytes
    RESPONSE_TYPE: type[Reader] = field(default=Reader, init=False)

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Self:  # noqa: ARG002 - version 0 is in all
        """Return what goes on the wire."""
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> Bytes:
        """Return the header, version 1."""
        return Bytes(struct.pack(">hhi", self.api_key, 0, correlation_id) + _text(client_id))

    def encode(self) -> bytes:
        """Return the body."""
        return self.body

    def parse_response_header(self, source: BytesIO) -> Reader:
        """Return the header of the answer, version 0."""
        return Reader(source, *struct.unpack(">i", source.read(4)))


def read_quotas(settings: KafkaSettings) -> tuple[Quota, ...]:
    """Return the byte rates of every user that has one of its own.

    Raises:
        QuotaRefused: this login may not know.
        BrokerUnreachable: no broker answers.
    """
    answer = _asked(settings, Call(DESCRIBE, _array([_text("user") + struct.pack(">bh", ANY_NAME, -1)]) + b"\1"))
    answer.number("i")
    _check(answer.number("h"), answer.text())
    entries = answer.items(lambda: (answer.items(lambda: (answer.text(), answer.text())), _values(answer)))
    return tuple(_quotas(entries))


def set_quotas(settings: KafkaSettings, quotas: Iterable[Quota]) -> None:
    """Set byte rates.

    Raises:
        QuotaRefused: this login may not set one.
        BrokerUnreachable: no broker answers.
    """
    entries = [
        _array([_text("user") + _text(quota.user)])
        + _array([_text(quota.key) + struct.pack(">d", quota.bytes_per_s) + SET])
        for quota in quotas
    ]
    for entry in entries:  # one user may not stand twice in one request
        answer = _asked(settings, Call(ALTER, _array([entry]) + b"\0"))
        answer.number("i")
        for code, text in answer.items(partial(_result, answer)):
            _check(code, text)


def _asked(settings: KafkaSettings, call: Call) -> Reader:
    async def ask() -> Reader:
        async with connection(settings) as link:
            answer: Reader = await link.send(call)
            return answer

    return _in_a_loop(ask())


def _in_a_loop(work: Coroutine[object, object, T]) -> T:
    # In a thread of its own, so that it also works where a loop runs already.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _check(code: int, text: str | None) -> None:
    if code:
        reason = "no right to the cluster" if code == CLUSTER_FORBIDDEN else text
        message = f"quotas refused with kafka error {code}: {reason}"
        raise QuotaRefused(message)


def _quotas(entries: Iterable[tuple[list[tuple[str | None, str | None]], dict[str, int]]]) -> Iterator[Quota]:
    for entity, values in entries:
        user = dict(entity).get("user")
        if user is not None and len(entity) == 1:
            yield from (Quota(user, key, values[key]) for key in sorted(values) if key.endswith("_byte_rate"))


def _values(answer: Reader) -> dict[str, int]:
    return {key or "": round(rate) for key, rate in answer.items(lambda: (answer.text(), answer.rate()))}


def _result(answer: Reader) -> tuple[int, str | None]:
    code, text = answer.number("h"), answer.text()
    answer.items(lambda: (answer.text(), answer.text()))
    return code, text


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">h", len(raw)) + raw


def _array(items: list[bytes]) -> bytes:
    return struct.pack(">i", len(items)) + b"".join(items)
