"""Writes `events/catalogue.pyi`: the catalogue's classes as type checkers and editors see them."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

import events
import schemas
from events.records import EnumShape, FieldShape, RecordShape, Shape, docstring, shapes

STUB = Path(next(iter(events.__path__))) / "catalogue.pyi"

LINE_CHARACTERS_MAX = 120

HEAD = '''\
# Made by `python -m deploy.stubs` from schemas/events; do not edit.
# ruff: noqa: PYI021 - editors show these docstrings
"""A frozen dataclass for each event type, sealed part and nested record, made from the schemas."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from events.count import Count as Count

EVENT_TYPES: tuple[str, ...]
"""The names of the released event types."""

def to_payload(value: object) -> dict[str, object]:
    """Return a value of this catalogue as the record that Avro writes."""

def from_payload(name: str, payload: Mapping[str, object]) -> object:
    """Return the value of the class *name* for a decoded record."""

'''

ONLY_IF_NEEDED = {"datetime": "from datetime import datetime\n", "UUID": "from uuid import UUID\n"}


def stub_text() -> str:
    """Return the whole stub."""
    found = shapes(schemas.EVENTS)
    codes = "\n".join(_alias(shape) for shape in found if isinstance(shape, EnumShape))
    classes = "\n\n".join("\n".join(_class(shape)) for shape in found if _is_ours(shape))
    head = HEAD
    for name, line in ONLY_IF_NEEDED.items():
        head = head if name in classes else head.replace(line, "")
    return f"{head}{codes}\n\n{classes}\n"


def _is_ours(shape: Shape) -> bool:
    return isinstance(shape, RecordShape) and shape.name != "Count"


def _alias(shape: EnumShape) -> str:
    symbols = [f'"{symbol}"' for symbol in shape.symbols]
    line = f"{shape.name}: TypeAlias = Literal[{', '.join(symbols)}]"
    if len(line) <= LINE_CHARACTERS_MAX:
        return line
    return "\n".join([f"{shape.name}: TypeAlias = Literal[", *(f"    {symbol}," for symbol in symbols), "]"])


def _class(shape: Shape) -> Iterator[str]:
    assert isinstance(shape, RecordShape)
    yield "@dataclass(frozen=True, slots=True, kw_only=True)"
    yield f"class {shape.name}:"
    first, *rest = docstring(shape)
    yield f'    """{first}' if rest else f'    """{first}"""'
    yield from (line for paragraph in rest for line in _wrapped(paragraph))
    if rest:
        yield '    """'
    yield ""
    yield from map(_field, shape.fields)


def _wrapped(paragraph: str) -> list[str]:
    indent = " " * (4 + len(paragraph) - len(paragraph.lstrip()))
    more = f"{indent}    " if paragraph.startswith(" ") else indent
    return wrap(
        paragraph.strip(),
        LINE_CHARACTERS_MAX,
        initial_indent=indent,
        subsequent_indent=more,
        break_on_hyphens=False,
    ) or [""]


def _field(field: FieldShape) -> str:
    default = "" if field.is_required else f" = {_literal(field.default)}"
    return f"    {field.name}: {field.annotation}{default}"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def main() -> None:
    """Write the stub."""
    STUB.write_text(stub_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
