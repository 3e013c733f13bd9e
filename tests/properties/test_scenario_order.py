"""The founding scenario comes to the same in whatever order the offices' chains reach the ledger."""

from hypothesis import given
from hypothesis import strategies as st

from events.scenario import end_state, scenario_table
from tests.unit.drafts import drafts, expected, founding, history

LINES = drafts("founding.jsonl")
TABLE = scenario_table(founding())


@given(st.permutations([str(line["office"]) for line in LINES]))
def test_only_each_offices_own_order_matters(offices: list[str]) -> None:
    chains = {office: iter([line for line in LINES if line["office"] == office]) for office in offices}

    merged = history([next(chains[office]) for office in offices])

    assert end_state(merged) == expected()["end"]
    assert scenario_table(merged) == TABLE
