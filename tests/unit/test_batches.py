import pytest

from events.codec import released
from events.forms import FormError
from hub.batches import DRAFTS_AT_ONCE, in_groups

SCHEMAS = released()


def draft(label: str | None = None, **changes: object) -> dict[str, object]:
    named = {} if label is None else {"label": label}
    return {"type": "LeadShared", "payload": {"lead_key": "lead-1", "kind": "route"}, **named, **changes}


def sizes(*values: object) -> list[int]:
    return [len(group.values) for group in in_groups(SCHEMAS, values)]


def test_drafts_that_do_not_refer_to_each_other_are_one_group() -> None:
    assert sizes(draft("a"), draft("b"), draft()) == [3]


def test_a_draft_that_refers_to_one_of_its_group_begins_the_next() -> None:
    assert sizes(draft("a"), draft("b"), draft("c", cause="ref:b"), draft(cause="ref:a"), draft(cause="ref:c")) == [
        2,
        2,
        1,
    ]


def test_a_reference_is_resolved_by_the_digests_known_when_the_group_is_signed() -> None:
    _, second = in_groups(SCHEMAS, (draft("a"), draft(cause="ref:a")))

    assert second.drafts(SCHEMAS, {"a": b"\x01" * 32})[0].about.cause == b"\x01" * 32


def test_a_wrong_draft_is_found_before_anything_is_signed() -> None:
    with pytest.raises(FormError, match=r"^\[1\]\.payload\.kind: expected one of"):
        in_groups(SCHEMAS, (draft("a"), draft(payload={"lead_key": "x", "kind": "y"})))


def test_a_label_that_nobody_has_is_an_error() -> None:
    with pytest.raises(FormError, match=r"^\[0\]\.cause: expected an event's id or its 64 hex digits"):
        in_groups(SCHEMAS, (draft(cause="ref:nobody"),))


def test_a_long_file_is_cut() -> None:
    assert sizes(*[draft()] * (DRAFTS_AT_ONCE + 1)) == [DRAFTS_AT_ONCE, 1]
