from collections.abc import Mapping
from typing import cast

import pytest

from events.count import Count
from events.ids import Agency, Hash, Office, TreeSize
from events.pack import Scope, pack
from events.projections import Json
from events.replay import parse_period
from tests.unit.drafts import Draft, digest_of, founding, history, live

Row = Mapping[str, Json]

OFFICES = {"cn:blo-ruili": "liaison", "mm:blo-muse": "liaison", "cn:ah-police": "police", "mm:atipd": "police"}

SCOPE = Scope(
    corridor="ruili-muse",
    origin="ruili-muse.example/ledger",
    agencies=(Agency("cn"), Agency("mm")),
    genesis=Hash(bytes(32)),
    tree_size=TreeSize(66),
    root=Hash(bytes(32)),
    admitted_until=None,
    verdicts={"admitted": 66},
    objections=(),
    directory={Office(office): frozenset({role}) for office, role in OFFICES.items()},
)


def packed(period: str, lines: list[Draft] | None = None) -> dict[str, Json]:
    events = founding() if lines is None else history(lines)
    return pack(SCOPE, events, parse_period(period))


def rows(value: Json) -> list[Row]:
    return cast("list[Row]", value)


def figure(value: dict[str, Json], name: str, of: str | None) -> Row:
    return next(row for row in rows(value["figures"]) if (row["measure"], row["of"]) == (name, of))


def counted(value: Json) -> str:
    bounds = cast("Mapping[str, int]", value)
    return str(Count(bounds["min"], bounds["max"]))


@pytest.mark.parametrize("period", ["2005-07", "2005-Q3", "2005"])
def test_month_quarter_and_year_each_show_23_handed_over(period: str) -> None:
    found = figure(packed(period), "persons_handed_over", "cn-mm")

    assert (counted(found["within"]), found["not_known"]) == ("23", [])


@pytest.mark.parametrize("period", ["2005-07", "2005-08", "2005-Q3", "2005", "2006-11", "2006"])
def test_the_16_arrests_belong_to_no_period(period: str) -> None:
    found = figure(packed(period), "suspects_arrested_on_leads", "mm")
    (unknown,) = rows(found["not_known"])

    assert (counted(found["within"]), counted(unknown["count"])) == ("0", "16")
    assert (unknown["first"], unknown["last"]) == ("2005-07-01", "2006-11-09")


def test_a_month_before_everything_is_empty() -> None:
    found = packed("2004-01")

    assert found["handovers"] == found["leads"] == found["arrests"] == found["meetings"] == []
    assert [row["type"] for row in rows(found["period_not_known"])] == ["ReturnDecided"]


def test_a_count_without_upper_bound_keeps_none() -> None:
    found = figure(packed("2005-07"), "groups_disrupted", None)

    assert counted(rows(found["not_known"])[0]["count"]) == "≥ 2"
    assert counted(found["by_end"]) == "≥ 0"


def test_the_remainder_of_the_declared_total_is_at_least_78() -> None:
    (found,) = rows(packed("2006-11")["declared"])

    assert [counted(found[name]) for name in ("declared", "itemised", "not_itemised")] == ["≥ 101", "23", "≥ 78"]


def test_the_hand_over_is_balanced_and_nobody_has_seen_a_signature() -> None:
    (found,) = rows(packed("2005-07")["handovers"])

    assert (found["offered"], found["received"], found["status"]) == (23, 23, "balanced")
    assert cast("Row", found["confirmation"])["signed_by_roles"] == []


def handover(received: list[str], not_received: list[str], declined: list[str]) -> list[Draft]:
    common = {"handover_key": "h-1", "crossing": "ruili-muse", "signed_by_roles": ["liaison"]}
    offer = live("HandoverOffered", "cn:blo-ruili", persons=["p-1", "p-2", "p-3"], **common)
    lists = {"received": received, "not_received": not_received, "declined_to_cross": declined}
    return [offer, live("HandoverConfirmed", "mm:blo-muse", **lists, **common)]


@pytest.mark.parametrize(
    ("lists", "status"),
    [
        ((["p-1"], ["p-2"], ["p-3"]), "balanced"),
        ((["p-1", "p-2"], [], []), "headcount_differs"),
        ((["p-1", "p-2", "p-3", "p-4"], [], []), "headcount_differs"),
    ],
)
def test_every_person_offered_must_be_accounted_for(lists: tuple[list[str], list[str], list[str]], status: str) -> None:
    (found,) = rows(packed("2026-11", handover(*lists))["handovers"])

    assert found["status"] == status


def test_an_offer_without_receipt_says_so() -> None:
    (found,) = rows(packed("2026-11", handover([], [], [])[:1])["handovers"])

    assert (found["status"], found["confirmation"]) == ("not_confirmed", None)


def test_states_are_those_that_must_have_been_at_the_end() -> None:
    (lead,) = rows(packed("2005-07")["leads"])

    assert lead["state"] == "shared"
    assert [row["type"] for row in rows(lead["followed_by"])] == ["LeadAssessed", "ArrestReported"]


def test_backfilled_is_not_evaluated_and_live_says_nothing() -> None:
    lead = {**live("LeadShared", "cn:blo-ruili", lead_key="l-1"), "label": "l"}

    assert rows(packed("2005-07")["leads"])[0]["safeguards"] == "not evaluated"
    assert rows(packed("2026-11", [lead])["leads"])[0]["safeguards"] is None


def test_sent_and_received_counts_the_other_sides_receipts() -> None:
    lead = {**live("LeadShared", "cn:blo-ruili", lead_key="l-1"), "label": "l"}
    own = live("EventReceived", "cn:ah-police", digests=[digest_of("l")], tree_size=1)
    theirs = live("EventReceived", "mm:blo-muse", digests=[digest_of("l")], tree_size=2)

    before = packed("2026-11", [lead, own])["sent_and_received"]
    after = packed("2026-11", [lead, own, theirs])["sent_and_received"]

    assert [(row["of"], row["sent"], row["received"]) for row in rows(before)] == [("cn-mm", 1, 0)]
    assert [(row["of"], row["sent"], row["received"]) for row in rows(after)] == [("cn-mm", 1, 1)]


def test_findings_name_the_statements_of_the_period() -> None:
    arrest = live("ArrestReported", "mm:atipd", lead_keys=["l-1"], suspects={"min": 1, "max": 1})
    lead = live("LeadShared", "cn:blo-ruili", lead_key="l-1")

    found = rows(packed("2026-11", [lead, arrest])["findings"])

    assert [(row["leaf"], row["finding"]) for row in found] == [(1, "lead.arrest_credited_to_unassessed_lead")]


def test_the_work_plan_of_2007_is_agreed_with_its_parts() -> None:
    found = rows(packed("2006-11")["work_plan"])

    assert [row["state"] for row in found] == ["agreed"] * 6
    assert len(rows(found[1]["parts"])) == 3


def test_the_chains_say_from_which_to_which_number() -> None:
    found = {row["office"]: (row["from"], row["to"]) for row in rows(packed("2005-07")["chains"])}

    assert set(found) == {"cn:ah-police", "cn:blo-ruili", "mm:atipd", "mm:blo-muse"}
