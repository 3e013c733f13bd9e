"""What Python classes the event schemas come to: one for each type, sealed part and nested record.

`events.catalogue` makes the classes from these shapes when it is imported; its stub is printed from the same ones.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import TypeAlias, cast

Node: TypeAlias = Mapping[str, object]
"""One object of a schema file."""

Names: TypeAlias = Mapping[str, Node]
"""The named types of one schema file."""

PLAIN = {
    "string": "str",
    "int": "int",
    "long": "int",
    "boolean": "bool",
    "bytes": "bytes",
    "float": "float",
    "double": "float",
    "null": "None",
}

LOGICAL = {"timestamp-micros": "datetime", "uuid": "UUID"}


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One field: its annotation in Python, what stands there if nothing is said, the class of a nested record."""

    name: str
    annotation: str
    doc: str
    default: object = None
    is_required: bool = False
    record: str | None = None


@dataclass(frozen=True, slots=True)
class RecordShape:
    """One class: its name, what it is, its fields in the schema's order without the header."""

    name: str
    doc: str
    fields: tuple[FieldShape, ...]


@dataclass(frozen=True, slots=True)
class EnumShape:
    """One code list: its name and its codes, in the schema's order."""

    name: str
    symbols: tuple[str, ...]


Shape: TypeAlias = RecordShape | EnumShape


def shapes(files: Mapping[str, bytes]) -> tuple[Shape, ...]:
    """Return the classes and code lists of some schema files, nested ones before those that hold them.

    What several types have under one name is one class.

    Raises:
        ValueError: two files give different things the same name.
    """
    found: dict[str, Shape] = {}
    for raw in files.values():
        for shape in _shapes(json.loads(raw)):
            if found.setdefault(shape.name, shape) != shape:
                message = f"two schemas define {shape.name} differently"
                raise ValueError(message)
    return tuple(found.values())


def make_class(shape: RecordShape, module: str) -> type:
    """Return a new frozen, slotted dataclass that belongs to a module; its fields are given by name."""
    fields = [(each.name, each.annotation, _default_of(each)) for each in shape.fields]
    made = make_dataclass(shape.name, fields, frozen=True, slots=True, kw_only=True)
    made.__module__ = module
    made.__doc__ = "\n".join(docstring(shape))
    return made


def docstring(shape: RecordShape) -> list[str]:
    """Return the lines of a class's docstring: what it is, then its fields."""
    summary, dot, rest = shape.doc.partition(". ")
    lines = [f"{summary}.", "", rest] if dot else [summary]
    if shape.fields:
        lines += ["", "Attributes:", *(f"    {each.name}: {each.doc}" for each in shape.fields)]
    return lines


def _shapes(schema: Node) -> Iterator[Shape]:
    names = {str(node["name"]): node for node in _named(schema["fields"])}
    header = {str(node["name"]) for node in _named([each for each in _fields(schema) if each["name"] == "header"])}
    wanted = [node for name, node in names.items() if name not in header or node["type"] == "enum"]
    for node in (*wanted, schema, *_named(schema.get("sealed"))):
        yield from _shape(node, names | {str(each["name"]): each for each in _named(schema.get("sealed"))})


def _fields(record: Node) -> list[Node]:
    return cast("list[Node]", record["fields"])


def _named(node: object) -> Iterator[Node]:
    """Yield the named types defined in a part of a schema, inner ones first."""
    if isinstance(node, list):
        for each in node:
            yield from _named(each)
    if isinstance(node, dict):
        for key in ("type", "items", "fields"):
            yield from _named(node.get(key))
        if node.get("type") in ("record", "enum", "fixed"):
            yield node


def _shape(node: Node, names: Names) -> Iterator[Shape]:
    if node["type"] == "enum":
        yield EnumShape(str(node["name"]), tuple(cast("list[str]", node["symbols"])))
    if node["type"] == "record":
        fields = (_field(each, names) for each in _fields(node) if each["name"] != "header")
        yield RecordShape(str(node["name"]), str(node["doc"]), tuple(fields))


def _field(node: Node, names: Names) -> FieldShape:
    kind = node["type"]
    return FieldShape(
        name=str(node["name"]),
        annotation=_annotation(kind, names),
        doc=str(node["doc"]),
        default=_default(node.get("default")),
        is_required="default" not in node,
        record=_record_name(kind, names),
    )


def _default_of(shape: FieldShape) -> object:
    return field() if shape.is_required else field(default=shape.default)


def _default(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _annotation(kind: object, names: Names) -> str:
    if isinstance(kind, list):
        return " | ".join(_annotation(each, names) for each in reversed(kind))
    node = _resolved(kind, names)
    base = node if isinstance(node, str) else str(node["type"])
    if isinstance(node, str) or base in PLAIN:
        logical = "" if isinstance(node, str) else str(node.get("logicalType"))
        return LOGICAL.get(logical, PLAIN[base])
    if base == "array":
        return f"tuple[{_annotation(node['items'], names)}, ...]"
    return "bytes" if base == "fixed" else str(node["name"])


def _resolved(kind: object, names: Names) -> str | Node:
    if isinstance(kind, dict):
        return kind
    return names.get(str(kind), str(kind))


def _record_name(kind: object, names: Names) -> str | None:
    if isinstance(kind, list):
        return next((name for each in kind if (name := _record_name(each, names))), None)
    node = _resolved(kind, names)
    if isinstance(node, str):
        return None
    if node["type"] == "array":
        return _record_name(node["items"], names)
    return str(node["name"]) if node["type"] == "record" else None
