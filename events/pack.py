"""The pack of a period: what two sides compare and sign, as one value that any node makes alike from the same entries.

What belongs to a period happened within it for certain. What may have happened within it, or not, stands in rows of
its own and is counted in no period. States are those at the end of the period, from what must have happened by then.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import permutations

from events import statistics as measure
from events.count import Count, total
from events.edtf import Span
from events.event import Recorded
from events.ids import Agency, Hash, LeafIndex, Office, TreeSize, agency_of
from events.pack_rows import arrests, case_stages, handovers, leads, meetings, open_items, undated, work_plan
from events.pack_values import Placed, Row, count_json, in_pack, placed
from events.projections import Json, State, fold
from events.replay import OccurredBy, Period, Place, select
from events.routing import Directory, told
from events.routing_table import BOOKKEEPING
from events.statistics import Happening

FORMAT = "liaison-hub.pack.v1"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which ledger a pack is made from, how much of it, and what those who verified it object to."""

    corridor: str
    origin: str
    agencies: tuple[Agency, ...]
    genesis: Hash
    tree_size: TreeSize
    root: Hash
    admitted_until: datetime | None
    verdicts: Mapping[str, int]
    objections: tuple[tuple[LeafIndex, str], ...]
    directory: Directory


def pack(scope: Scope, history: Sequence[Recorded], period: Period) -> dict[str, Json]:
    """Return the pack of a period, made from every event of the ledger so far; no floats, no time of making."""
    events = placed(history, period)
    said = [each for each in in_pack(events) if each.event.header.type not in BOOKKEEPING]
    at_end = fold(select(history, OccurredBy(period.last)))
    return {
        "format": FORMAT,
        "definitions_version": measure.DEFINITIONS_VERSION,
        "corridor": scope.corridor,
        "agencies": [*scope.agencies],
        "handling": "h2",
        "period": {"name": period.name, "kind": period.kind, "first": str(period.first), "last": str(period.last)},
        "ledger": _ledger(scope),
        "provenance": {**Counter(each.event.header.provenance for each in said)},
        "figures": [*_figures(scope.agencies, history, period)],
        "handovers": handovers(events),
        "leads": leads(events, at_end),
        "arrests": arrests(events),
        "case_stages": case_stages(events),
        "returns": _returns(at_end),
        "open_items": open_items(at_end),
        "meetings": meetings(events),
        "work_plan": work_plan(events, period, at_end),
        "declared": [*_declared(scope.agencies, history, period)],
        "period_not_known": undated(said),
        "sent_and_received": [*_deliveries(said, history, scope)],
        "findings": _findings(events, fold(history)),
        "chains": _chains(events, history),
        "events": [_event(each) for each in in_pack(events)],
    }


def _ledger(scope: Scope) -> Json:
    return {
        "origin": scope.origin,
        "genesis": scope.genesis.hex(),
        "tree_size": scope.tree_size,
        "root": scope.root.hex(),
        "admitted_until": None if scope.admitted_until is None else instant(scope.admitted_until),
        "verdicts": {**scope.verdicts},
        "objections": [{"leaf": leaf, "finding": name} for leaf, name in scope.objections],
    }


def instant(at: datetime) -> str:
    """Return a time in UTC as RFC 3339 with microseconds."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _figures(agencies: Sequence[Agency], history: Sequence[Recorded], period: Period) -> Iterator[Json]:
    for giver, taker in permutations(agencies, 2):
        handed_over = measure.handed_over(history, giver, taker)
        yield _figure(measure.PERSONS_HANDED_OVER, f"{giver}-{taker}", handed_over, period)
    for giver, taker in permutations(agencies, 2):
        yield _figure("leads_shared", f"{giver}-{taker}", measure.leads_shared(history, giver), period)
    for agency in agencies:
        yield _figure("victims_identified", agency, measure.victims_identified(history, agency), period)
    for agency in agencies:
        yield _figure("suspects_arrested_on_leads", agency, measure.arrests_credited(history, agency), period)
    yield _figure("groups_disrupted", None, measure.groups_disrupted(history), period)
    yield _figure("meetings_held", None, measure.meetings_held(history), period)


def _figure(name: str, scope: str | None, happenings: Sequence[Happening], period: Period) -> Json:
    """Return a measure: within the period, not known whether within, and from the beginning to the period's end."""
    unknown: dict[Span, list[Count]] = {}
    for each in happenings:
        if period.place(each.span) is Place.NOT_KNOWN:
            unknown.setdefault(each.span, []).append(each.count)
    within = (each.count for each in happenings if period.place(each.span) is Place.WITHIN)
    rows = [_unknown(span, total(counts)) for span, counts in unknown.items()]
    return {
        "measure": name,
        "of": scope,
        "within": count_json(total(within)),
        "not_known": sorted(rows, key=str),
        "by_end": count_json(measure.as_of(happenings, period.last)),
    }


def _unknown(span: Span, count: Count) -> Json:
    first, last = (None if day is None else str(day) for day in (span.first, span.last))
    return {"first": first, "last": last, "count": count_json(count)}


def _returns(state: State) -> Json:
    persons = [each for each in state.values() if each.kind == "return"]
    return {
        "by_state": {**Counter(each.state for each in persons)},
        "safeguards_not_evaluated": sum("safeguards" in each.facts for each in persons),
    }


def _declared(agencies: Sequence[Agency], history: Sequence[Recorded], period: Period) -> Iterator[Json]:
    for giver, taker in permutations(agencies, 2):
        name = f"{giver}-{taker}"
        declared = measure.declared_total(history, measure.PERSONS_HANDED_OVER, name, period.last)
        if declared is not None:
            itemised = measure.as_of(measure.handed_over(history, giver, taker), period.last)
            yield {
                "measure": measure.PERSONS_HANDED_OVER,
                "of": name,
                "declared": count_json(declared),
                "itemised": count_json(itemised),
                "not_itemised": count_json(declared - itemised),
            }


def _deliveries(said: Sequence[Placed], history: Sequence[Recorded], scope: Scope) -> Iterator[Json]:
    """Yield, for each direction and type, how many were sent and how many the other side signed for."""
    heard = _heard(history)
    found: dict[tuple[str, str], Counter[str]] = {}
    for each in said:
        header, digest = each.event.header, each.event.digest
        takers = {agency_of(notice.office) for notice in told(each.recorded, scope.directory)}
        for taker in sorted(takers - {agency_of(header.office)}):
            row = found.setdefault((f"{agency_of(header.office)}-{taker}", header.type), Counter())
            row["sent"] += 1
            row.update(step for step in STEPS if (digest, taker) in heard[step])
    for (of, kind), row in sorted(found.items()):
        yield {"of": of, "type": kind, **{step: row[step] for step in ("sent", *STEPS)}}


STEPS = ("received", "opened", "acknowledged")


def _heard(history: Iterable[Recorded]) -> Mapping[str, set[tuple[object, Agency]]]:
    found: dict[str, set[tuple[object, Agency]]] = {step: set() for step in STEPS}
    for recorded in history:
        event = recorded.event
        agency = agency_of(event.header.office)
        match event.header.type:
            case "EventReceived":
                digests = event.payload.get("digests")
                found["received"].update((each, agency) for each in (digests if isinstance(digests, list) else ()))
            case "EventOpened":
                found["opened"].add((event.payload.get("digest"), agency))
            case "RequestAcknowledged":
                found["acknowledged"].add((event.header.cause, agency))
    return found


def _findings(events: Sequence[Placed], state: State) -> list[Json]:
    leaves = {each.recorded.leaf_index for each in in_pack(events)}
    return [
        {"leaf": leaf, "finding": name, "kind": each.kind, "key": each.key, "case_key": each.case_key}
        for _, each in sorted(state.items())
        for leaf, name in each.findings
        if leaf in leaves
    ]


def _chains(events: Sequence[Placed], history: Sequence[Recorded]) -> list[Json]:
    """Return the offices in the pack: from which to which of their events, and where their chains end in the ledger."""
    heads = {each.event.header.office: each.event for each in history}
    found: dict[tuple[Office, int], list[int]] = {}
    for each in in_pack(events):
        header = each.event.header
        found.setdefault((header.office, header.epoch), []).append(header.sequence)
    return [
        {
            "office": office,
            "epoch": epoch,
            "from": min(numbers),
            "to": max(numbers),
            "events": len(numbers),
            "head_sequence": heads[office].header.sequence,
            "head_digest": heads[office].digest.hex(),
        }
        for (office, epoch), numbers in sorted(found.items())
    ]


def _event(each: Placed) -> Json:
    header, recorded = each.event.header, each.recorded
    row: Row = {
        "leaf": recorded.leaf_index,
        "digest": each.event.digest.hex(),
        "type": header.type,
        "office": header.office,
        "epoch": header.epoch,
        "sequence": header.sequence,
        "occurred": header.occurred,
        "admitted_at": instant(recorded.admitted_at),
        "case_key": header.case_key,
        "basis": header.basis,
        "provenance": header.provenance,
        "place": each.place.value,
    }
    return row
