"""Values that fit a schema, from JSON or from Python, with errors that name the place.

A form is made once from a schema and then used for every value. It accepts what JSON can say (hex for
bytes, RFC 3339 for times) as well as Python's own values, fills in defaults, and leaves nothing to guess.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TypeAlias, cast
from uuid import UUID

from events.codec import Schema
from events.plain_forms import CODE, LOGICAL, PLAIN, Form, FormError, enum_form, fixed_form, kind_of

__all__ = [
    "FormError",
    "header_field",
    "header_forms",
    "json_of",
    "parse_json",
    "payload_form",
    "payload_names",
    "payload_of",
    "sealed_of",
]

Node: TypeAlias = Mapping[str, object]
Names: TypeAlias = dict[str, Form]


def payload_of(schema: Schema, value: object, path: str = "payload") -> dict[str, object]:
    """Return the fields of an event's type from a JSON object or a mapping of Python values.

    Raises:
        FormError: a field is unknown, missing or of another form; or stands in clear and belongs to the sealed part.
    """
    return _filled(payload_form(schema), value, path)


def sealed_of(schema: Schema, value: object, path: str = "sealed") -> dict[str, object]:
    """Return the fields of an event's sealed part from a JSON object or a mapping of Python values.

    Raises:
        FormError: as in `payload_of`, or the type has no sealed part.
    """
    if schema.sealed is None:
        raise FormError(expected="nothing", found=f"a sealed part, which {schema.name} does not have", path=path)
    return _filled(_sealed_form(schema), value, path)


@cache
def payload_form(schema: Schema) -> Form:
    """Return the form of an event's payload: all fields but the header."""
    names: Names = {}
    fields = cast("list[Node]", schema.parsed["fields"])
    for each in fields[:1]:
        _form(each["type"], names)  # the header defines types that payloads use by name
    sealed = frozenset(_field_names(schema.sealed or {"fields": []}))
    return _record_form([each for each in fields if each["name"] != "header"], names, sealed)


@cache
def payload_names(schema: Schema) -> frozenset[str]:
    """Return the names of an event's fields without the header."""
    return frozenset(_field_names(schema.parsed)) - {"header"}


@cache
def header_forms(schema: Schema) -> Mapping[str, Form]:
    """Return the form of each field of the header, by name."""
    header = cast("Node", cast("list[Node]", schema.parsed["fields"])[0]["type"])
    names: Names = {}
    return {str(each["name"]): _form(each["type"], names) for each in cast("list[Node]", header["fields"])}


def header_field(schema: Schema, name: str, value: object) -> object:
    """Return one field of the header from JSON or a Python value.

    Raises:
        FormError: it has another form.
    """
    return _at(header_forms(schema)[name], value, name)


def parse_json(text: str | bytes, path: str = "draft") -> object:
    """Return what a JSON text says, strictly: UTF-8, no key twice, no NaN, nothing after its end.

    Raises:
        FormError: the text is not such JSON.
    """
    try:
        decoded = text.decode() if isinstance(text, bytes) else text
        return json.loads(decoded, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"{error.msg[:1].lower()}{error.msg[1:]} at line {error.lineno} column {error.colno}"
        raise FormError(expected="JSON", found=where, path=path) from None
    except FormError as error:
        raise error.under(path) from None
    except (ValueError, RecursionError) as error:  # not UTF-8, a number of thousands of digits, or nested too deeply
        raise FormError(
            expected="JSON", found=f"text that cannot be read ({type(error).__name__})", path=path
        ) from None


def json_of(value: object) -> object:
    """Return an Avro value as JSON says it: hex for bytes, RFC 3339 for times."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {name: json_of(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [json_of(each) for each in value]
    return str(value) if isinstance(value, UUID) else value


@cache
def _sealed_form(schema: Schema) -> Form:
    assert schema.sealed is not None, "asked for only if there is one"
    return _form(schema.sealed, {})


def _filled(form: Form, value: object, path: str) -> dict[str, object]:
    return cast("dict[str, object]", _at(form, value, path))


def _at(form: Form, value: object, path: str) -> object:
    try:
        return form(value)
    except FormError as error:
        raise error.under(path) from None


def _form(kind: object, names: Names) -> Form:
    if isinstance(kind, list):
        return _optional(_form(kind[1], names))
    if isinstance(kind, str):
        return names[kind] if kind in names else PLAIN[kind]
    node = cast("Node", kind)
    made = _made(node, names)
    if "name" in node:
        names[str(node["name"])] = made
    return made


def _made(node: Node, names: Names) -> Form:
    match node["type"]:
        case "record":
            return _record_form(cast("list[Node]", node["fields"]), names)
        case "array":
            return _array(_form(node["items"], names))
        case "enum":
            return enum_form(tuple(cast("list[str]", node["symbols"])))
        case "fixed":
            return fixed_form(cast("int", node["size"]))
        case base:
            return LOGICAL.get(str(node.get("logicalType"))) or _form(base, names)


def _record_form(fields: list[Node], names: Names, sealed: frozenset[str] = frozenset()) -> Form:
    forms = {str(each["name"]): _form(each["type"], names) for each in fields}
    defaults = {
        name: forms[name](each["default"]) for name, each in zip(forms, fields, strict=True) if "default" in each
    }
    required = forms.keys() - defaults.keys()
    order = tuple(forms)

    def record(value: object) -> object:
        if not isinstance(value, Mapping):
            raise FormError(expected="an object", found=kind_of(value))
        if not value.keys() <= forms.keys():
            raise _unknown(value, order, sealed)
        if not required <= value.keys():
            name = next(name for name in order if name in required and name not in value)
            raise FormError(expected="a value", found="nothing", path=name)
        filled = {}
        for name, form in forms.items():
            try:
                filled[name] = form(value[name]) if name in value else defaults[name]
            except FormError as error:
                raise error.under(name) from None
        return filled

    return record


def _unknown(value: Node, order: tuple[str, ...], sealed: frozenset[str]) -> FormError:
    name = next(name for name in value if name not in order)
    if name in sealed:
        return FormError(expected="it in the sealed part only", found="it in clear", path=name)
    shown = str(name) if CODE.fullmatch(str(name)) else ""
    return FormError(expected=f"one of {', '.join(order) or 'no fields'}", found="an unknown field", path=shown)


def _array(item: Form) -> Form:
    def array(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise FormError(expected="a list", found=kind_of(value))
        filled = []
        for index, each in enumerate(value):
            try:
                filled.append(item(each))
            except FormError as error:
                raise error.under(step=f"[{index}]") from None
        return filled

    return array


def _optional(form: Form) -> Form:
    def optional(value: object) -> object:
        return None if value is None else form(value)

    return optional


def _field_names(record: Node) -> list[str]:
    return [str(each["name"]) for each in cast("list[Node]", record["fields"])]


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FormError(expected="each key once", found="one twice")
    return found


def _refuse_constant(_name: str) -> object:
    raise FormError(expected="a number", found="NaN or infinity")
