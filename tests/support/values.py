"""Hypothesis strategies for the values of an Avro schema, derived from the schema itself."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from hypothesis import strategies as st

from events.codec import Schema

INT = st.integers(-(2**31), 2**31 - 1)
LONG = st.integers(-(2**63), 2**63 - 1)
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - the bounds are naive
LOGICAL: Mapping[str, st.SearchStrategy[object]] = {"uuid": st.uuids(), "timestamp-micros": TIMES}

PLAIN: Mapping[str, st.SearchStrategy[object]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": INT,
    "long": LONG,
    "bytes": st.binary(max_size=40),
    "string": st.text(max_size=12),
}

Node: TypeAlias = Any
"""A type in a schema: a name, a list of branches, or a dict."""

Names: TypeAlias = dict[str, st.SearchStrategy[Any]]


def values_of(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for what the schema's records decode to."""
    return _values(schema.parsed, {})


def _values(node: Node, names: Names) -> st.SearchStrategy[Any]:
    if isinstance(node, list):
        return st.one_of([_values(branch, names) for branch in node])
    if isinstance(node, str):
        return PLAIN[node] if node in PLAIN else names[node]
    if "logicalType" in node:
        return LOGICAL[node["logicalType"]]
    made = MADE.get(node["type"])
    if made is None:
        return _values(node["type"], names)
    found = made(node, names)
    if "name" in node:
        names[node["name"]] = found
    return found


def _record(node: Node, names: Names) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({field["name"]: _values(field["type"], names) for field in node["fields"]})


def _array(node: Node, names: Names) -> st.SearchStrategy[Any]:
    return st.lists(_values(node["items"], names), max_size=3)


def _enum(node: Node, _: Names) -> st.SearchStrategy[Any]:
    return st.sampled_from(node["symbols"])


def _fixed(node: Node, _: Names) -> st.SearchStrategy[Any]:
    return st.binary(min_size=node["size"], max_size=node["size"])


MADE: Mapping[str, Callable[[Any, Names], st.SearchStrategy[Any]]] = {
    "record": _record,
    "array": _array,
    "enum": _enum,
    "fixed": _fixed,
}
