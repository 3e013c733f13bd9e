"""A fold gives the same state however the entries are batched, and never stops at what was admitted."""

from hypothesis import given
from hypothesis import strategies as st

from events.machines import MACHINES, UNBORN, step
from events.projections import INITIAL, apply, changes, fold, from_json, state_digest
from tests.unit.drafts import Draft, digest_of, history, live

OFFICES = st.sampled_from(["cn:blo-ruili", "cn:ah-police", "mm:blo-muse", "mm:atipd"])
KEYS = st.sampled_from(["k-1", "k-2"])
LISTS = st.lists(KEYS, max_size=2)
COUNTS = st.none() | st.builds(lambda low, high: {"min": low, "max": high}, st.integers(), st.none() | st.integers())
WORDS = st.sampled_from(["actionable", "exhausted", "confirmed", "accepted", "declined", "opened", "charged", "other"])

PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "lead_key": KEYS, "person_key": KEYS, "activity_key": KEYS, "request_key": KEYS, "ref_key": KEYS,
        "ref_kind": st.sampled_from(["lead", "request", "unknown"]), "outcome": WORDS, "status": WORDS, "stage": WORDS,
        "decision": WORDS, "persons": LISTS, "received": LISTS, "not_received": LISTS, "lead_keys": LISTS,
        "suspects": COUNTS, "groups_disrupted": COUNTS, "digest": st.sampled_from([digest_of("a"), digest_of("b")]),
    },
)  # fmt: skip

TYPES = st.sampled_from([
    "LeadShared", "LeadAssessed", "RequestAcknowledged", "VictimIdentified", "ReturnDecided", "HandoverOffered",
    "HandoverConfirmed", "ArrestReported", "CaseStageReported", "ActivityPlanned", "EventOpened", "Unheard",
])  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> Draft:
    draft = live(draw(TYPES), draw(OFFICES), **draw(PAYLOADS))
    said = {
        "case_key": draw(st.none() | st.just("case-1")),
        "provenance": draw(st.sampled_from(["live", "backfilled"])),
    }
    return {**draft, **said, "cause": draw(st.none() | st.just("ref:a"))}


@given(st.lists(lines(), max_size=20), st.data())
def test_the_state_does_not_depend_on_how_the_entries_are_batched(found: list[Draft], data: st.DataObject) -> None:
    entries = history(found)
    cut = data.draw(st.integers(0, len(entries)))

    whole = fold(entries)
    parts = fold(entries[cut:], fold(entries[:cut]))
    single = INITIAL
    for entry in entries:
        single = apply(single, entry)

    assert whole == parts == single
    assert state_digest(whole.values()) == state_digest(parts.values()) == state_digest(single.values())


@given(st.lists(lines(), max_size=20), st.data())
def test_a_store_that_writes_json_and_forgets_the_rest_comes_to_the_same(
    found: list[Draft], data: st.DataObject,
) -> None:  # fmt: skip
    entries = history(found)
    stored = {name: each.to_json() for name, each in INITIAL.items()}
    for entry in entries:
        kept = {name: from_json(value) for name, value in stored.items()}
        stored |= {(each.kind, each.key): each.to_json() for each in changes(kept.get, entry)}

    order = data.draw(st.permutations(list(stored.values())))

    assert state_digest(map(from_json, order)) == state_digest(fold(entries).values())


@given(st.lists(lines(), max_size=20))
def test_nothing_backfilled_is_ever_a_finding(found: list[Draft]) -> None:
    state = fold(history([{**line, "provenance": "backfilled"} for line in found]))

    assert [each.findings for each in state.values() if each.findings] == []


@given(st.sampled_from(sorted(MACHINES)), st.data())
def test_a_machine_stays_within_its_states(name: str, data: st.DataObject) -> None:
    machine = MACHINES[name]
    states = {UNBORN, *machine.ends, *(state for state, _, _ in machine.rows)}
    signals = sorted({signal for _, signal, _ in machine.rows} | {"Unheard", "LeadShared:strange"})

    state = UNBORN
    for signal in data.draw(st.lists(st.sampled_from(signals), max_size=12)):
        found = step(machine, state, signal, backfilled=data.draw(st.booleans()))
        assert found.finding is None or found.state == state
        state = found.state
        assert state in states
