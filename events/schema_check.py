"""What a schema may not say: things that valid Avro allows and that would let an event stop whoever reads it.

A schema that refers to itself lets 48 KiB nest so deeply that the decoder overflows the stack; a list of things
that take no bytes lets ten bytes announce billions of them; a second field of one name hides the first.
"""

import re
from collections.abc import Mapping
from typing import TypeAlias, cast

from events.errors import SchemaInvalidError

Node: TypeAlias = Mapping[str, object]

_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,63}")


def check_schema(name: str, parsed: Node) -> None:
    """Return if a schema, parsed by fastavro, is a record that can be read in bounded time and memory.

    Raises:
        SchemaInvalidError: it is no record, has an odd name or two fields of one name, refers to itself, or has a
            list of things that take no bytes.
    """
    _require(parsed["type"] == "record", "schema is not a record")
    _require(_NAME.fullmatch(name) is not None, "schema has an odd name: expected PascalCase, at most 64 letters")
    _check(parsed, ())


def _check(node: object, enclosing: tuple[str, ...]) -> None:
    if isinstance(node, str):
        _require(node not in enclosing, f"schema refers to itself: {node}")
        return
    if isinstance(node, list):
        for branch in node:
            _check(branch, enclosing)
        return
    _check_named(cast("Node", node), enclosing)


def _check_named(node: Node, enclosing: tuple[str, ...]) -> None:
    names = [field["name"] for field in _fields(node)]
    _require(len(set(names)) == len(names), "schema has two fields of one name")
    for key in {"items", "values"} & node.keys():
        _require(_takes_bytes(node[key]), "schema has a list of things that take no bytes")
    # A reference to a named type is taken for something: so no named type may be nothing.
    _require("name" not in node or _takes_bytes(node), "schema has a named type that takes no bytes")
    around = (*enclosing, cast("str", node["name"])) if "fields" in node else enclosing
    for inner in (*(field["type"] for field in _fields(node)), *(node[key] for key in node if key in _INNER)):
        _check(inner, around)


def _takes_bytes(node: object) -> bool:
    """Return whether every value of a type takes at least one byte."""
    if not isinstance(node, Mapping):
        return node != "null"
    match node["type"]:
        case "record":
            return any(_takes_bytes(field["type"]) for field in _fields(node))
        case "fixed":
            return cast("int", node["size"]) > 0
        case inner:
            return _takes_bytes(inner)


def _fields(node: Node) -> list[Node]:
    return cast("list[Node]", node.get("fields", []))


_INNER = frozenset({"type", "items", "values"})
"""Where a type has other types inside, besides its fields."""


def _require(condition: bool, message: str) -> None:  # noqa: FBT001 - a statement to check, not a switch
    if not condition:
        raise SchemaInvalidError(message)
