"""The summary of a demonstration: counts, latencies, the table of the founding facts, the digests of the state."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from math import ceil
from typing import Any, cast

from deploy.demo.watch import Watch
from events.event import Recorded
from events.scenario import end_state, period_tables, scenario_table

Json = dict[str, object]


def summary(watch: Watch, published: int, digests: Mapping[str, str]) -> Json:
    """Return what `summary.json` says; its shape is fixed, other tools read it."""
    latencies = list(watch.received_ms.values())
    return {
        "published": published,
        "admitted": watch.office_events,
        "quarantined": watch.refused,
        "notified": len(watch.told),
        "received": len(watch.told & watch.received_ms.keys()),
        "latency_ms": {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99)},
        "expected": expected_cells(watch.history),
        "state_digest": dict(digests),
    }


def expected_cells(history: Iterable[Recorded]) -> list[Json]:
    """Return every cell of the table of the founding facts: what is expected and what the ledger gives."""
    found = {(cell.name, cell.as_of): cell.found for cell in scenario_table(history)}
    return [{**cell, "found": found.get((cell["name"], cell["as_of"]), "")} for cell in _expected()["cells"]]


def unexpected(founding: Iterable[Recorded]) -> list[str]:
    """Return in words everything about the founding case that is not as it must be; nothing if all is well."""
    history = tuple(founding)
    wrong = [
        f"{each['name']} as of {each['as_of']}: expected {each['expected']}, found {each['found']}"
        for each in expected_cells(history)
        if each["found"] != each["expected"]
    ]
    wrong += _differences("at the end", _expected()["end"], end_state(history))
    tables = period_tables(history)
    for name, table in _expected()["periods"].items():
        wrong += _differences(name, table, tables.get(name, {}))
    return wrong


def inconsistent(result: Json) -> list[str]:
    """Return in words where the counts of a summary do not add up; nothing if all is well."""
    wrong = []
    for one, other in (("published", "admitted"), ("notified", "received")):
        if result[one] != result[other]:
            wrong.append(f"{one} {result[one]}, {other} {result[other]}")
    if result["quarantined"]:
        wrong.append(f"quarantined {result['quarantined']}, expected 0")
    if len(set(cast("dict[str, str]", result["state_digest"]).values())) != 1:
        wrong.append("state digests of hub and desks differ")
    return wrong


def percentile(values: Iterable[float], percent: int) -> float:
    """Return a percentile by nearest rank, to a tenth; 0 without values."""
    ranked = sorted(values)
    return round(ranked[max(0, ceil(len(ranked) * percent / 100) - 1)], 1) if ranked else 0.0


@cache
def _expected() -> dict[str, Any]:  # a file of ours; a wrong word in it fails in the first test
    return dict(json.loads((files("deploy") / "scenario" / "expected.json").read_text(encoding="utf-8")))


def _differences(name: str, expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return [
        f"{name}, {key}: expected {value}, found {found.get(key)}"
        for key, value in expected.items()
        if found.get(key) != value
    ]
