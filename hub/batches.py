"""Many drafts in JSON at once: checked before any is signed, and cut where one refers to another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from events.codec import SchemaSet
from events.draft import Draft, references_in, with_references
from events.draft_form import parse_draft
from events.forms import FormError
from events.ids import NO_HASH

DRAFTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Group:
    """Drafts that can be signed together; *start* is the place of the first among all."""

    start: int
    values: tuple[object, ...]

    def drafts(self, schemas: SchemaSet, digests: Mapping[str, bytes]) -> list[Draft]:
        """Return the drafts with their references resolved.

        Raises:
            FormError: one is wrong; the path begins with its place among all.
        """
        return [
            _parsed(schemas, at, with_references(value, digests)) for at, value in enumerate(self.values, self.start)
        ]


def in_groups(schemas: SchemaSet, values: Sequence[object]) -> Iterator[Group]:
    """Return groups of drafts so that none refers to another of its own group; all of them are checked first.

    Raises:
        FormError: one is wrong; the path begins with its place among all.
    """
    any_digest = {label: NO_HASH for value in values if (label := _label(value))}
    Group(0, tuple(values)).drafts(schemas, any_digest)
    return _cut(values)


def _cut(values: Sequence[object]) -> Iterator[Group]:
    start, labels = 0, set[str]()
    for at, value in enumerate(values):
        if at - start == DRAFTS_AT_ONCE or not labels.isdisjoint(references_in(value)):
            yield Group(start, tuple(values[start:at]))
            start, labels = at, set()
        labels.add(_label(value) or "")
    if start < len(values):
        yield Group(start, tuple(values[start:]))


def _label(value: object) -> str | None:
    found = value.get("label") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _parsed(schemas: SchemaSet, at: int, value: object) -> Draft:
    try:
        return parse_draft(schemas, value)
    except FormError as error:
        raise error.under(step=f"[{at}]") from None
