import pytest

from events.scenario import Cell, end_state, period_tables, scenario_table
from tests.unit.drafts import drafts, expected, founding, history

LINES = drafts("founding.jsonl")

CELLS = [pytest.param(cell, id=f"{cell['name']} {cell['as_of']}") for cell in expected()["cells"]]  # type: ignore[attr-defined]


def without(*labels: str) -> list[dict[str, object]]:
    return [line for line in LINES if line["label"] not in labels]


def cells(lines: list[dict[str, object]]) -> dict[tuple[str, str], str]:
    return {(cell.name, cell.as_of): cell.found for cell in scenario_table(history(lines))}


def differing(lines: list[dict[str, object]]) -> dict[tuple[str, str], str]:
    usual = cells(LINES)
    return {at: found for at, found in cells(lines).items() if found != usual[at]}


LAST = "2006-11-09"
HANDED_OVER = "persons handed over CN→MM, itemised"
NOT_ITEMISED = 'declared \N{MINUS SIGN} itemised ("not itemised")'


@pytest.mark.parametrize("cell", CELLS)
def test_the_scenario_comes_to_what_both_sides_know(cell: dict[str, str]) -> None:
    assert Cell(cell["name"], cell["as_of"], cell["expected"]) in scenario_table(founding())


def test_the_table_has_8_rows_and_5_days_and_no_other_cell() -> None:
    found = scenario_table(founding())

    assert len(found) == len(expected()["cells"]) == 40  # type: ignore[arg-type]


def test_the_scenario_ends_as_both_sides_know() -> None:
    assert end_state(founding()) == expected()["end"]


def test_the_23_belong_to_a_month_and_the_16_to_none() -> None:
    assert period_tables(founding()) == expected()["periods"]


def test_without_the_offer_nobody_was_handed_over_and_all_declared_stay_unexplained() -> None:
    found = differing(without("f05"))

    assert found[HANDED_OVER, LAST] == "0"
    assert found[NOT_ITEMISED, LAST] == "≥ 101"


def test_without_the_receivers_word_nobody_was_handed_over() -> None:
    assert differing(without("f06"))[HANDED_OVER, "2005-07-31"] == "0"


def test_one_identification_less_changes_no_cell_but_the_end() -> None:
    lines = without("f02-01")

    assert differing(lines) == {}
    assert end_state(history(lines))["safeguards"] == "22 × not evaluated"


@pytest.mark.parametrize(("label", "name", "found"), [
    ("f03", "leads shared CN→MM", "0"),
    ("f03", "suspects arrested by MM, credited to the lead", "0"),
    ("f08", "groups disrupted", "0"),
    ("f09", "meetings held", "1"),
    ("f10", "declared total CN→MM", "none"),
    ("f12-mm", "plan activities agreed / done", "5/0"),
    ("f16-cn", "plan activities agreed / done", "5/0 (8 lines with the 3 under no. 2)"),
])  # fmt: skip
def test_an_event_less_shows(label: str, name: str, found: str) -> None:
    assert differing(without(label))[name, LAST] == found


@pytest.mark.parametrize(("label", "name", "found"), [
    ("f01", "case, side CN", "none"),
    ("f03", "unanswered requests", "claimed 0, unverifiable"),
    ("f06", "returns", "0 received"),
    ("f08", "lead", "actionable"),
    ("f08", "case, side MM", "none"),
    ("f10", "unanswered requests", "none"),
])  # fmt: skip
def test_an_event_less_shows_at_the_end(label: str, name: str, found: str) -> None:
    assert end_state(history(without(label)))[name] == found


def test_the_scenario_is_all_backfilled_and_has_its_66_lines() -> None:
    kinds = [line["type"] for line in LINES]

    assert {line["provenance"] for line in LINES} == {"backfilled"}
    assert len(LINES) == 66
    assert (kinds.count("VictimIdentified"), kinds.count("ReturnDecided"), kinds.count("ActivityPlanned")) == (
        23,
        23,
        12,
    )


def test_every_reference_names_an_earlier_line() -> None:
    seen: set[object] = set()
    for line in LINES:
        assert str(line.get("cause", "")).removeprefix("ref:") in seen | {""}
        seen.add(line["label"])
