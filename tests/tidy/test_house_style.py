"""The house style holds over this repository, now. That each check can fail is shown in test_checks_can_fail.py."""

import os
from functools import cache

import pytest

from tests.tidy import sizes, wire, words
from tests.tidy.tree import CODE, ROOT, Tree, read_tree


@cache
def code(*packages: str) -> Tree:
    return read_tree(ROOT, ".py", folders=packages or CODE)


@cache
def everything() -> Tree:
    return read_tree(ROOT)


def told(complaints: list[str]) -> str:
    return "\n".join(complaints)


@pytest.mark.parametrize("package", CODE)
def test_every_package_of_the_arrow_has_code(package: str) -> None:
    assert code(package)


def test_files_stop_at_400_lines() -> None:
    assert told(sizes.long_files(code(*CODE, "tests"))) == ""


def test_functions_stop_at_50_lines() -> None:
    assert told(sizes.long_functions(code())) == ""


def test_at_most_one_function_in_ten_is_over_25_lines() -> None:
    assert told(sizes.too_many_long_functions(code())) == ""


def test_most_functions_are_under_10_lines() -> None:
    assert told(sizes.few_short_functions(code())) == ""


def test_nesting_stops_at_three_levels() -> None:
    assert told(sizes.deep_nesting(code())) == ""


def test_functions_take_at_most_five_arguments() -> None:
    assert told(sizes.many_arguments(code())) == ""


def test_every_public_name_has_a_docstring() -> None:
    assert told(words.missing_docstrings(code())) == ""


def test_events_never_says_any() -> None:
    assert told(words.uses_of_any(code("events"))) == ""


def test_events_reads_no_clock_no_file_and_no_randomness() -> None:
    assert told(words.impure_calls(code("schemas", "events"))) == ""


def test_values_of_events_are_frozen_and_slotted() -> None:
    assert told(words.mutable_values(code("events"))) == ""


def test_a_todo_names_its_issue() -> None:
    assert told(words.untied_todos(code(*CODE, "tests"))) == ""


def test_tests_run_on_the_real_thing_and_never_sleep() -> None:
    assert told(words.soft_tests(code("tests"))) == ""


def test_no_file_names_a_path_of_one_machine() -> None:
    assert told(words.machine_paths(everything())) == ""


def test_no_file_names_the_host_of_a_package_registry() -> None:
    assert told(words.registry_hosts(everything())) == ""


def test_schema_files_are_named_like_their_record() -> None:
    assert told(wire.misnamed_files(schema_files("wire", "events"))) == ""


def test_every_event_begins_with_the_same_header() -> None:
    assert told(wire.uneven_headers(schema_files("events"))) == ""


def test_every_record_and_field_of_a_schema_has_a_doc() -> None:
    assert told(wire.undocumented(schema_files("wire", "events"))) == ""


def test_unions_are_optional_values_only() -> None:
    assert told(wire.loose_unions(schema_files("wire", "events"))) == ""


def test_every_enum_has_a_default() -> None:
    assert told(wire.enums_without_default(schema_files("wire", "events"))) == ""


def test_types_are_pascal_case_and_fields_snake_case() -> None:
    assert told(wire.odd_names(schema_files("wire", "events"))) == ""


def test_the_lock_holds_a_hash_for_every_library() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    libraries = [block.splitlines()[0] for block in lock.replace("\\\n", "").split("\n") if "==" in block]

    assert libraries
    assert [line.split()[0] for line in libraries if "--hash=sha256:" not in line] == []


def test_the_build_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def schema_files(*folders: str) -> Tree:
    found = read_tree(ROOT / "schemas", ".avsc", folders=folders)
    assert found
    return found
