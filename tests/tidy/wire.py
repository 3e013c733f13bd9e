"""Wire: what every schema file must be."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from tests.tidy.tree import Source, Tree

PASCAL = re.compile(r"[A-Z][a-z0-9]*(?:[A-Z0-9][a-z0-9]*)*")
SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
NAMESPACE = re.compile(r"liaison\.[a-z]+\.v[1-9][0-9]*")
NAMED = ("record", "enum", "fixed")

Json = object
Node = dict[str, Json]


def misnamed_files(tree: Tree) -> list[str]:
    """Return a complaint for each file that is not one record named like the file, in a versioned namespace."""
    return [
        f"{source.path}: {problem}" for source, schema in _schemas(tree) for problem in _head_problems(source, schema)
    ]


def uneven_headers(tree: Tree) -> list[str]:
    """Return a complaint for each event whose first field is not the header that most events have."""
    headers = {source.path: json.dumps(_first_field(schema), sort_keys=True) for source, schema in _schemas(tree)}
    usual = Counter(headers.values()).most_common(1)
    return [
        f"{path}: first field is not the common header"
        for path, header in headers.items()
        if header != usual[0][0] or json.loads(header).get("name") != "header"
    ]


def undocumented(tree: Tree) -> list[str]:
    """Return a complaint for each record and each field without a doc."""
    return [
        f"{source.path}: {kind} {node.get('name')} has no doc"
        for source, schema in _schemas(tree)
        for kind, node in (*_records(schema), *_fields(schema))
        if not str(node.get("doc", "")).strip()
    ]


def loose_unions(tree: Tree) -> list[str]:
    """Return a complaint for each union that is not ``["null", T]`` on a field with default null."""
    return [
        f"{source.path}: {problem}"
        for source, schema in _schemas(tree)
        for problem in (*_field_unions(schema), *_nested_unions(schema))
    ]


def enums_without_default(tree: Tree) -> list[str]:
    """Return a complaint for each enum whose default is not one of its symbols."""
    return [
        f"{source.path}: enum {node.get('name')} has no default"
        for source, schema in _schemas(tree)
        for node in _nodes(schema)
        if node.get("type") == "enum" and node.get("default") not in _items(node, "symbols")
    ]


def odd_names(tree: Tree) -> list[str]:
    """Return a complaint for each type not in PascalCase and each field or symbol not in snake_case."""
    return [
        f"{source.path}: {name} is not {expected}"
        for source, schema in _schemas(tree)
        for name, pattern, expected in _names(schema)
        if not pattern.fullmatch(name)
    ]


def _schemas(tree: Tree) -> Iterator[tuple[Source, Node]]:
    for source in tree:
        schema = json.loads(source.text)
        assert isinstance(schema, dict), source.path
        yield source, schema


def _head_problems(source: Source, schema: Node) -> Iterator[str]:
    name = source.path.rpartition("/")[2].removesuffix(".avsc")
    if schema.get("type") != "record" or schema.get("name") != name:
        yield f"expected the record {name}, found {schema.get('type')} {schema.get('name')}"
    if not NAMESPACE.fullmatch(str(schema.get("namespace"))):
        yield f"expected a namespace with a major version, found {schema.get('namespace')}"


def _first_field(schema: Node) -> Node:
    return next((node for _, node in _fields(schema)), {})


def _nodes(value: Json) -> Iterator[Node]:
    """Yield every object of a schema, from the outside inward; what stands in defaults and docs is none."""
    if isinstance(value, dict):
        yield value
        for key in ("sealed", "type", "items", "values", "fields"):
            yield from _nodes(value.get(key))
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item)


def _items(node: Node, key: str) -> list[Json]:
    found = node.get(key)
    return found if isinstance(found, list) else []


def _records(schema: Node) -> Iterator[tuple[str, Node]]:
    return (("record", node) for node in _nodes(schema) if node.get("type") == "record")


def _fields(schema: Node) -> Iterator[tuple[str, Node]]:
    for _, record in _records(schema):
        yield from (("field", node) for node in _items(record, "fields") if isinstance(node, dict))


def _field_unions(schema: Node) -> Iterator[str]:
    for _, node in _fields(schema):
        union = node.get("type")
        if isinstance(union, list) and not _is_optional(node, union):
            yield f'field {node.get("name")} is a union: expected ["null", T] with default null'


def _is_optional(node: Node, union: list[Json]) -> bool:
    return len(union) == 2 and union[0] == "null" and node.get("default", "") is None


def _nested_unions(schema: Node) -> Iterator[str]:
    for node in _nodes(schema):
        if isinstance(node.get("items"), list) or isinstance(node.get("values"), list):
            yield f"{node.get('type')} holds a union: expected one type"


def _names(schema: Node) -> Iterator[tuple[str, re.Pattern[str], str]]:
    for node in _nodes(schema):
        if node.get("type") in NAMED:
            yield str(node.get("name")), PASCAL, "PascalCase"
        yield from ((str(symbol), SNAKE, "snake_case") for symbol in _items(node, "symbols"))
    for _, node in _fields(schema):
        yield str(node.get("name")), SNAKE, "snake_case"
