"""Every check of the house style says something about a bad example and nothing about a good one."""

import json
from collections.abc import Callable

import pytest

from tests.tidy import sizes, wire, words
from tests.tidy.tree import Source, Tree, snippet

Check = Callable[[Tree], list[str]]


def function(lines: int) -> str:
    return "def act() -> None:\n" + "    step()\n" * lines


def nested(levels: int) -> str:
    lines = ["def act() -> None:", *("    " * level + "if ready:" for level in range(1, levels + 1))]
    return "\n".join([*lines, "    " * (levels + 1) + "step()"])


def listed(names: str) -> str:
    return f"class Desk:\n    def act(self, {names}) -> None:\n        step()\n"


PYTHON_EXAMPLES = [
    pytest.param(sizes.long_files, "a = 1\n" * 401, "a = 1\n" * 400, id="file of 401 lines"),
    pytest.param(sizes.long_functions, function(51), function(50), id="function of 51 lines"),
    pytest.param(sizes.too_many_long_functions, function(26) + function(25) * 8, function(26) + function(25) * 9,
                 id="one function in nine over 25 lines"),
    pytest.param(sizes.few_short_functions, function(10) * 2 + function(9), function(10) + function(9),
                 id="two functions of three with 10 lines"),
    pytest.param(sizes.deep_nesting, nested(4), nested(3), id="four levels"),
    pytest.param(sizes.many_arguments, listed("a, b, c, d, *, e, f"), listed("a, b, c, d, *, e"), id="six arguments"),
    pytest.param(sizes.many_arguments, listed("*a, b, c, d, e, **f"), listed("*a, b, c, d, **e"), id="open arguments"),
    pytest.param(words.missing_docstrings, "a = 1\n", '"""Values."""\n', id="module without docstring"),
    pytest.param(words.missing_docstrings, '"""M."""\ndef act(): ...\n', '"""M."""\ndef _act(): ...\n',
                 id="function without docstring"),
    pytest.param(words.missing_docstrings, '"""M."""\nclass A:\n  """A."""\n  def act(self): ...\n',
                 '"""M."""\nclass A:\n  """A."""\n  def act(self):\n    """Act."""\n', id="method without docstring"),
    pytest.param(words.uses_of_any, "from typing import Any\n", "from typing import cast\n", id="Any imported"),
    pytest.param(words.uses_of_any, "a: typing.Any = 1\n", "a: object = 1\n", id="Any by its module"),
    pytest.param(words.impure_calls, "now = datetime.now(UTC)\n", "end = datetime(2005, 7, 1, tzinfo=tz)\n", id="now"),
    pytest.param(words.impure_calls, "now = datetime.datetime.utcnow()\n", "shown = now.isoformat()\n", id="utc"),
    pytest.param(words.impure_calls, "raw = open(path)\n", "box = reopen(path)\n", id="file"),
    pytest.param(words.impure_calls, "print(1)\n", "text = str(1)\n", id="print"),
    pytest.param(words.impure_calls, "id = uuid.uuid4()\n", "id = uuid.UUID(text)\n", id="randomness"),
    pytest.param(words.mutable_values, "@dataclass(frozen=True)\nclass A: ...\n",
                 "@dataclass(frozen=True, slots=True)\nclass A: ...\n", id="dataclass without slots"),
    pytest.param(words.mutable_values, "@dataclass\nclass A: ...\n", "class A: ...\n", id="bare dataclass"),
    pytest.param(words.untied_todos, "a = 1  # TODO: mend\n", "a = 1  # TODO(#12): mend\n", id="TODO without issue"),
    pytest.param(words.untied_todos, "# FIXME\n", 'text = "FIXME"\n', id="FIXME in a comment"),
    pytest.param(words.soft_tests, "@pytest.mark.skip\ndef test(): ...\n", "@pytest.mark.timeout(9)\ndef test(): ...\n",
                 id="skip"),
    pytest.param(words.soft_tests, "pytest.xfail('later')\n", "pytest.fail('now')\n", id="expected failure"),
    pytest.param(words.soft_tests, "from unittest.mock import Mock\n", "from unittest import TestCase\n", id="mock"),
    pytest.param(words.soft_tests, "monkeypatch.setattr(hub, 'x', 1)\n", "monkeypatch.setenv('X', '1')\n", id="patch"),
    pytest.param(words.soft_tests, "import time\ntime.sleep(1)\n", "import time\ntime.monotonic()\n", id="sleep"),
    pytest.param(words.soft_tests, "from time import sleep\n", "from time import monotonic\n", id="sleep by name"),
    pytest.param(words.machine_paths, "see /" + "work/main\n", "see docs/work/main\n", id="path of one machine"),
    pytest.param(words.machine_paths, "key = '/" + "root/x'\n", "key = '/root_of_tree'\n", id="home of root"),
    pytest.param(words.registry_hosts, "at pypi" + ".org\n", "on PyPI\n", id="host of a registry"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "bad", "good"), PYTHON_EXAMPLES)
def test_a_check_of_code_tells_bad_from_good(check: Check, bad: str, good: str) -> None:
    assert len(check(snippet(bad))) >= 1
    assert check(snippet(good)) == []


def test_docstrings_comments_and_empty_lines_are_not_counted_as_code() -> None:
    text = 'def act() -> None:\n    """Act.\n\n    Twice.\n    """\n' + "    # why\n\n    step()\n" * 50

    assert sizes.long_functions(snippet(text)) == []


def test_a_chain_of_elif_is_one_level() -> None:
    chain = "def act() -> None:\n    if a:\n        step()\n" + "    elif b:\n        step()\n" * 9

    assert sizes.deep_nesting(snippet(chain)) == []


def test_a_complaint_names_the_place_and_both_numbers() -> None:
    found = sizes.many_arguments(snippet("\n" + listed("a, b, c, d, e, f"), "hub/desk.py"))

    assert found == ["hub/desk.py:3: act has too many arguments: expected at most 5, found 6"]


HEADER = {"name": "header", "type": "string", "doc": "Who says this."}


def schema(*fields: object, **changes: object) -> dict[str, object]:
    head = {"type": "record", "name": "LeadShared", "namespace": "liaison.events.v1", "doc": "A lead."}
    return {**head, "fields": [HEADER, *fields], **changes}


def field(kind: object, **changes: object) -> dict[str, object]:
    return {"name": "city", "type": kind, "doc": "Where.", **changes}


def enum(**changes: object) -> dict[str, object]:
    return {"type": "enum", "name": "City", "symbols": ["muse", "ruili"], "default": "muse", **changes}


RECORD = {"type": "record", "name": "Place", "doc": "A place.", "fields": [field("string")]}

SCHEMA_EXAMPLES = [
    pytest.param(wire.misnamed_files, schema(name="LeadGiven"), id="file named unlike its record"),
    pytest.param(wire.misnamed_files, schema(type="enum"), id="no record"),
    pytest.param(wire.misnamed_files, schema(namespace="liaison.events"), id="namespace without version"),
    pytest.param(wire.undocumented, schema(doc=" "), id="record without doc"),
    pytest.param(wire.undocumented, schema({"name": "city", "type": "string"}), id="field without doc"),
    pytest.param(wire.undocumented, schema(field({**RECORD, "doc": ""})), id="inner record without doc"),
    pytest.param(wire.undocumented, schema(sealed={**RECORD, "fields": [field("int", doc="")]}), id="sealed field"),
    pytest.param(wire.loose_unions, schema(field(["string", "null"], default=None)), id="null last"),
    pytest.param(wire.loose_unions, schema(field(["null", "string"])), id="union without default"),
    pytest.param(wire.loose_unions, schema(field(["null", "int", "long"], default=None)), id="union of three"),
    pytest.param(wire.loose_unions, schema(field({"type": "array", "items": ["null", "int"]})), id="array of unions"),
    pytest.param(wire.enums_without_default, schema(field(enum(default=None))), id="enum without default"),
    pytest.param(wire.enums_without_default, schema(field(enum(default="lashio"))), id="enum with a strange default"),
    pytest.param(wire.odd_names, schema(name="lead_shared"), id="record in snake_case"),
    pytest.param(wire.odd_names, schema(field("string", name="homeCity")), id="field in camelCase"),
    pytest.param(wire.odd_names, schema(field(enum(symbols=["MUSE"]))), id="symbol in capitals"),
]


@pytest.mark.parametrize(("check", "bad"), SCHEMA_EXAMPLES)
def test_a_check_of_schemas_finds_what_is_wrong(check: Check, bad: dict[str, object]) -> None:
    assert len(check(schema_file("LeadShared", bad))) == 1


@pytest.mark.parametrize(
    "check",
    [wire.misnamed_files, wire.undocumented, wire.loose_unions, wire.enums_without_default, wire.odd_names],
)
def test_a_check_of_schemas_is_silent_about_a_good_one(check: Check) -> None:
    optional = field(["null", RECORD], name="place", default=None)
    good = schema(field(enum()), optional, sealed={**RECORD, "name": "LeadSharedSealed"})

    assert check(schema_file("LeadShared", good)) == []


@pytest.mark.parametrize(
    "header",
    [{**HEADER, "doc": "Who."}, {**HEADER, "type": "bytes"}, {**HEADER, "name": "head"}],
    ids=["other doc", "other type", "other name"],
)
def test_a_header_unlike_the_others_is_found(header: dict[str, object]) -> None:
    usual = schema_file("LeadShared", schema()) + schema_file("LeadClosed", schema())
    odd = schema_file("LeadLost", schema(fields=[header]))

    assert wire.uneven_headers(usual) == []
    assert wire.uneven_headers(usual + odd) == ["schemas/events/LeadLost.avsc: first field is not the common header"]


def test_a_header_that_is_not_first_is_found() -> None:
    tree = schema_file("LeadShared", schema(fields=[field("string"), HEADER]))

    assert len(wire.uneven_headers(tree)) == 1


def schema_file(name: str, value: dict[str, object]) -> Tree:
    return (Source(f"schemas/events/{name}.avsc", json.dumps(value)),)
