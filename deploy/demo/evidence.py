"""What remains of a demonstration: the month's pack from both sides, a case as it was known, an audit bundle."""

from pathlib import Path

from deploy.corridor import RUILI_MUSE, LocalCorridor
from deploy.demo.say import Teller
from events.bundle import replayed as replayed_bundle
from events.checkpoint import parse_checkpoint
from events.note import parse_note
from events.replay import parse_as_of, parse_period
from hub.bundle_file import verify_bundle, write_bundle
from hub.errors import HubError
from hub.exchange import Pack, pack_of, write_pack
from hub.fetch import newest_checkpoint
from hub.history import case_history
from hub.ledger_view import LedgerView, replayed
from hub.provision import read_genesis
from hub.settings import load_settings
from hub.store import Store

MONTH = "2005-07"
CASE = "cn-ah-2005-0528"
AS_OF = ("occurred:2005-07-15", "occurred:2006-11-09")


def leave_evidence(corridor: LocalCorridor, out: Path, tell: Teller) -> None:
    """Write pack and bundle, and say what they show.

    Raises:
        HubError: the two sides' packs differ, or the bundle does not verify.
    """
    tell.heading("Evidence")
    packs = {name: _pack(corridor, name) for name in ("cn", "mm")}
    if packs["cn"].data != packs["mm"].data:
        message = f"packs of {MONTH} differ between cn and mm"
        raise HubError(message)
    files = write_pack(out / "exchange" / MONTH, packs["cn"])
    tell.line(
        f"pack of {MONTH}: made by cn and by mm from their own read models, the same {len(packs['cn'].data)} bytes"
    )
    tell.line(f"          SHA-256 {packs['cn'].digest}, which both sides would sign; {files[1]}")
    _history(corridor, tell)
    _bundle(corridor, out / "ruili-muse.bundle.zip", tell)


def _pack(corridor: LocalCorridor, name: str) -> Pack:
    store = Store.open(load_settings(corridor.node(name)).store_url)
    try:
        view = LedgerView(store, RUILI_MUSE.partition)
        return pack_of(view.steps(view.held()), parse_period(MONTH))
    finally:
        store.close()


def _history(corridor: LocalCorridor, tell: Teller) -> None:
    store = Store.open(load_settings(corridor.node("mm")).store_url)
    try:
        view = LedgerView(store, RUILI_MUSE.partition)
        history = replayed(view.steps(view.held())).history
    finally:
        store.close()
    for text in AS_OF:
        known = case_history(history, CASE, parse_as_of(text))
        states = sorted({f"{each.kind} {each.state}" for each in known.aggregates if each.kind != "delivery"})
        tell.line(f"case {CASE} as of {text}: {known.known} of {known.total} statements; {', '.join(states)}")


def _bundle(corridor: LocalCorridor, file: Path, tell: Teller) -> None:
    settings = load_settings(corridor.node("mm"))
    note = newest_checkpoint(settings)
    if note is None:
        message = "the hub has signed no checkpoint"
        raise HubError(message)
    size = parse_checkpoint(parse_note(note).text).size
    store = Store.open(settings.store_url)
    try:
        view = LedgerView(store, RUILI_MUSE.partition)
        write_bundle(file, replayed_bundle(view.raw(size), size=size), lambda: view.raw(size), note)
    finally:
        store.close()
    report = verify_bundle(file, read_genesis(corridor.node("hub")).leaf_hash)
    if not report.is_complete:
        message = "audit bundle does not verify"
        raise HubError(message)
    tell.line(f"audit bundle: {size} entries, {file.stat().st_size} bytes, verified offline: complete; {file}")
