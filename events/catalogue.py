"""A frozen dataclass for each event type, sealed part and nested record, made from the schemas on import.

Adding a schema file is enough to have its class. What type checkers and editors see is the stub
beside this file, which `python -m deploy.stubs` writes.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Literal

import schemas
from events.count import Count
from events.records import EnumShape, FieldShape, RecordShape, make_class, shapes

EVENT_TYPES = tuple(schemas.EVENTS)

_RECORDS = {shape.name: shape for shape in shapes(schemas.EVENTS) if isinstance(shape, RecordShape)}
_CODES = {shape.name: Literal[shape.symbols] for shape in shapes(schemas.EVENTS) if isinstance(shape, EnumShape)}

# A count has arithmetic of its own: its class exists already.
_CLASSES = {name: make_class(shape, __name__) for name, shape in _RECORDS.items()} | {"Count": Count}

globals().update(_CLASSES, **_CODES)
__all__ = ["EVENT_TYPES", "from_payload", "to_payload", *_CLASSES, *_CODES]  # noqa: PLE0604 - all are strings


def to_payload(value: object) -> dict[str, object]:
    """Return a value of this catalogue as the record that Avro writes: tuples as lists, nested values as records."""
    return {name: _plain(getattr(value, name)) for name in type(value).__slots__}


def from_payload(name: str, payload: Mapping[str, object]) -> object:
    """Return the value of the class *name* for a decoded record; fields it does not know are left out.

    Raises:
        KeyError: there is no such class.
        TypeError: a field without a default is absent.
    """
    known = (each for each in _RECORDS[name].fields if each.name in payload)
    return _CLASSES[name](**{each.name: _value(each, payload[each.name]) for each in known})


def _plain(value: object) -> object:
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return to_payload(value) if is_dataclass(value) else value


def _value(field: FieldShape, value: object) -> object:
    if isinstance(value, list):
        return tuple(_value(field, each) for each in value)
    return from_payload(field.record, value) if isinstance(value, dict) else value
