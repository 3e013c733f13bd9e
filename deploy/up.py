"""`hub up`: the corridor of the demonstration, without the play, until somebody ends it."""

import asyncio
import signal
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import Popen

from deploy.corridor import NODES, LocalCorridor, until_sizes_are
from hub.errors import HubError

READY_WITHIN_S = 60.0
LOOK_EVERY_S = 0.5


class WorkerEnded(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Read worker.log in the node's folder; its last lines say why."""


def run_up(folder: Path, tell: Callable[[str], None]) -> None:
    """Start broker, hub and desks, and return after SIGINT or SIGTERM, when all have ended.

    Raises:
        WorkerEnded: a worker ended by itself.
        HubError: a part could not be started.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    corridor = LocalCorridor(folder)
    tell(f"starting the corridor in {folder}")
    genesis = corridor.make_keys()
    with corridor.broker as broker:
        corridor.configure(broker, genesis.leaf_hash)
        asyncio.run(corridor.found(genesis))
        with corridor.workers() as workers:
            nodes = {name: corridor.node(name) for name in NODES}
            asyncio.run(until_sizes_are(nodes, len(genesis.entries), READY_WITHIN_S))
            tell(_ready(corridor, broker.bootstrap, genesis.leaf_hash.hex()))
            _stay(workers, stop)
            tell("stopping")
    tell("stopped; the folder keeps keys, ledger and read models for the next time")


def _stay(workers: Mapping[str, Popen[bytes]], stop: threading.Event) -> None:
    while not stop.wait(LOOK_EVERY_S):
        for name, worker in workers.items():
            if worker.poll() is not None:
                message = f"worker of {name} ended with exit code {worker.returncode}"
                raise WorkerEnded(message)


def _ready(corridor: LocalCorridor, bootstrap: str, genesis: str) -> str:
    lines = [
        f"broker    {bootstrap}",
        f"genesis   {genesis}",
        *(f"{name:<9} {corridor.node(name)}" for name in NODES),
        "ready; in another terminal: hub --node DIR inbox --follow. Ctrl-C ends all of it",
    ]
    return "\n".join(lines)
