"""What topics.toml says for some agencies: topics, rights and quotas, as values."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("topics.toml")
RESOURCES = {
    "topic": ("topic", "literal"),
    "topics_from": ("topic", "prefixed"),
    "group": ("group", "literal"),
    "groups_from": ("group", "prefixed"),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic; *settings* are pairs of Kafka's names and values, sorted."""

    name: str
    partitions: int
    replication: int
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What one user may do (or, with another *permission*, may not) with what resources."""

    user: str
    operation: str
    resource: str
    pattern: str
    name: str
    host: str = "*"
    permission: str = "allow"

    def __str__(self) -> str:
        """Return the right as a sentence."""
        beginning = {"prefixed": " from", "literal": ""}.get(self.pattern, f" {self.pattern}")
        host = "" if self.host == "*" else f" at {self.host}"
        return f"{self.user}{host}: {self.permission} {self.operation} {self.resource}{beginning} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """How fast one user may be; *key* is ``producer_byte_rate`` or ``consumer_byte_rate``, bytes a second."""

    user: str
    key: str
    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything a broker should have for this project."""

    topics: tuple[Topic, ...]
    rights: tuple[Right, ...]
    quotas: tuple[Quota, ...]

    @property
    def users(self) -> frozenset[str]:
        """The users that have rights."""
        return frozenset(right.user for right in self.rights)


def load_wanted(agencies: Iterable[str], *, partitions: int = 1, replication: int = 1) -> Wanted:
    """Return what topics.toml says for these agencies; *partitions* is the number of corridors.

    With three copies two must be written before a record counts, with one copy one.
    """
    names, data = tuple(agencies), _data()
    common = data["defaults"] | {"min.insync.replicas": str(max(1, replication - 1))}
    return Wanted(
        topics=tuple(_topic(each, common, partitions, replication) for each in _filled(data["topics"], names)),
        rights=tuple(right for each in _filled(data["rights"], names) for right in _rights(each)),
        quotas=tuple(quota for each in _filled(data["quotas"], names) for quota in _quotas(each)),
    )


@cache
def _data() -> dict[str, Any]:  # a file of ours; a wrong word in it fails in the first test
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


def _filled(entries: Iterable[Mapping[str, Any]], agencies: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        seen = []
        for words in _words(agencies):
            filled = {key: _fill(value, words) for key, value in entry.items()}
            if filled not in seen and _complete(filled):
                seen.append(filled)
                yield filled


def _words(agencies: tuple[str, ...]) -> Iterator[dict[str, str]]:
    yield {}
    for agency in agencies:
        yield {"agency": agency}
        yield from ({"agency": agency, "other": other} for other in agencies if other != agency)


def _fill(value: object, words: Mapping[str, str]) -> object:
    if not isinstance(value, str):
        return value
    for word, name in words.items():
        value = value.replace(f"{{{word}}}", name)
    return value


def _complete(entry: Mapping[str, Any]) -> bool:
    return not any("{" in value for value in entry.values() if isinstance(value, str))


def _topic(entry: Mapping[str, str], common: Mapping[str, str], partitions: int, replication: int) -> Topic:
    own = {key: value for key, value in entry.items() if key != "name"}
    return Topic(entry["name"], partitions, replication, tuple(sorted({**common, **own}.items())))


def _rights(entry: Mapping[str, Any]) -> Iterator[Right]:
    (key,) = entry.keys() & RESOURCES.keys()
    resource, pattern = RESOURCES[key]
    for operation in entry["may"]:
        yield Right(entry["user"], operation, resource, pattern, entry[key])


def _quotas(entry: Mapping[str, Any]) -> Iterator[Quota]:
    for key in sorted(entry.keys() - {"user"}):
        yield Quota(entry["user"], key, entry[key])
