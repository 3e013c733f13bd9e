"""`hub demo`: a whole corridor in a folder, the founding case, a live lead, and the evidence for it all."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

from deploy.corridor import NODES, OFFICES, RUILI_MUSE, LocalCorridor, until_sizes_are
from deploy.demo import figures
from deploy.demo.evidence import leave_evidence
from deploy.demo.play import Played, play, scenario
from deploy.demo.say import Teller
from deploy.demo.watch import Watch
from events.ids import Agency, short
from hub.desk import Desk
from hub.errors import HubError
from hub.node import Node
from hub.settings import load_settings

READY_WITHIN_S = 60.0


class DemoFailed(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Something is not as it must be: please report it with summary.json and the worker.log of each node."""


def run(out: Path, tell: Teller) -> None:
    """Play the demonstration in a folder and leave its results there; nothing goes on running afterwards.

    Raises:
        DemoFailed: a value is not the expected one.
        HubError: a part could not be started.
    """
    corridor = LocalCorridor(out / "corridor")
    tell.step("keys: hub, two agencies' roots, six offices, each in passphrase-protected age files")
    genesis = corridor.make_keys()
    with corridor.broker as broker:
        tell.step(
            f"broker: Apache Kafka {broker.version} on {broker.bootstrap}, SCRAM, one principal each for hub, cn, mm"
        )
        corridor.configure(broker, genesis.leaf_hash)
        asyncio.run(corridor.found(genesis))
        size = len(genesis.entries)
        tell.step(f"ledger {RUILI_MUSE.origin}: founded, genesis {short(genesis.leaf_hash)}, {size} entries")
        with corridor.workers():
            asyncio.run(_play(corridor, size, out, tell))


async def _play(corridor: LocalCorridor, size: int, out: Path, tell: Teller) -> None:
    await until_sizes_are({name: corridor.node(name) for name in NODES}, size, READY_WITHIN_S)
    tell.step("hub and both desks: running, each a process of its own, and each has verified the ledger so far")
    async with Desk.open(corridor.node("cn")) as cn, Desk.open(corridor.node("mm")) as mm:
        node = Node(load_settings(corridor.node("cn")))
        watch = Watch(node.store, RUILI_MUSE.partition)
        desks = {Agency("cn"): cn, Agency("mm"): mm}
        await _founding_case(desks, watch, tell)
        wrong = figures.unexpected(watch.history)
        tell.table(watch.history)
        await _live_lead(desks, watch, tell)
        result = await _result(corridor, watch)
        node.store.close()
    wrong += figures.inconsistent(result)
    (out / "summary.json").write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    await asyncio.to_thread(leave_evidence, corridor, out, tell)
    tell.end(result, wrong, out)
    if wrong:
        message = f"{len(wrong)} values are not as expected: {wrong[0]}"
        raise DemoFailed(message)


async def _founding_case(desks: Mapping[Agency, Desk], watch: Watch, tell: Teller) -> None:
    tell.heading("The founding case: facts of 2005 and 2006, entered from the minutes")
    async for played in play(desks, scenario("founding")):
        await _received(played, watch, tell)


async def _live_lead(desks: Mapping[Agency, Desk], watch: Watch, tell: Teller) -> None:
    tell.heading("A live lead: somebody is at risk tonight (exercise, invented)")
    lead = await anext(play(desks, scenario("live")))
    await _received(lead, watch, tell)
    mm = desks[Agency("mm")]
    started = monotonic()
    opened = await mm.open_event(lead.digests[0].hex())
    await mm.admitted(opened.receipt)
    tell.opened(opened, (monotonic() - started) * 1000)
    started = monotonic()
    receipt = await mm.acknowledge(lead.digests[0].hex())
    leaf = await mm.admitted(receipt)
    tell.acknowledged(receipt, leaf, (monotonic() - started) * 1000)
    await watch.until_received([receipt.digest, opened.receipt.digest])


async def _received(played: Played, watch: Watch, tell: Teller) -> None:
    after_ms = await watch.until_received(played.digests)
    told = {office for digest, office in watch.told if digest in played.digests}
    tell.played(played, sorted(told), after_ms)


async def _result(corridor: LocalCorridor, watch: Watch) -> dict[str, object]:
    nodes = {name: Node(load_settings(corridor.node(name))) for name in NODES}
    try:
        await _settled(corridor, watch)
        published = sum(sum(_tally(nodes[agency])) for agency in OFFICES)
        digests = {name: node.store.state_digest(RUILI_MUSE.partition) for name, node in nodes.items()}
    finally:
        for node in nodes.values():
            node.store.close()
    return figures.summary(watch, published, digests)


async def _settled(corridor: LocalCorridor, watch: Watch) -> None:
    """Wait until nothing is on its way: every receipt that a receipt may still cause is in every read model."""
    size = -1
    while size != watch.book.tail.size:
        size = watch.book.tail.size
        await until_sizes_are({name: corridor.node(name) for name in NODES}, size, READY_WITHIN_S)
        await asyncio.sleep(1.0)
        watch.look()


def _tally(node: Node) -> tuple[int, int, int, int]:
    tally = node.outbox.tally()
    node.outbox.close()
    return tally.signed, tally.sent, tally.admitted, tally.refused
