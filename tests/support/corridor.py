"""A whole corridor under test: the real broker, node folders with real keys, hub and desks as processes of their own.

Keys are made once in a session and copied. Every worker that a test starts ends with the test, frozen ones too.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from deploy.corridor import NODES, LocalCorridor, stop
from deploy.kafka.broker import LocalKafka
from events.founding import Genesis
from events.ids import Office
from hub.kafka import KafkaSettings
from hub.kafka_log import KafkaSink
from hub.outbox import Outbox, open_outbox
from hub.ports import Message
from hub.store import Store
from tests.support.broker import wipe
from tests.support.desks import Keys
from tests.support.history import History, check_history, read_history, replayed_digest, undelivered
from tests.support.waiting import until

RUILI, MUSE = Office("cn:blo-ruili"), Office("mm:blo-muse")
HUB_AGENTS = frozenset({"admit", "project", "notify", "checkpoint"})
DESK_AGENTS = frozenset({"project", "inbox", "keep"})
DESKS = ("cn", "mm")
CALM_WITHIN_S = 90.0


class RunningCorridor:
    """A founded corridor on a running broker; workers run when a test starts them."""

    def __init__(self, local: LocalCorridor, broker: LocalKafka, genesis: Genesis) -> None:
        """Start nothing."""
        self.local = local
        self.broker = broker
        self.genesis = genesis
        self.workers: dict[str, Popen[bytes]] = {}
        self._log_starts: dict[str, int] = {}
        self._agents: dict[str, frozenset[str]] = {}

    def node(self, name: str) -> Path:
        """Return a node's folder."""
        return self.local.node(name)

    def kafka(self, user: str) -> KafkaSettings:
        """Return how somebody logs in."""
        return self.broker.settings(user)

    # ------------------------------------------------------------ workers

    def start(self, *names: str, only: str = "") -> None:
        """Start workers of nodes; *only* names the parts they run."""
        for name in names or NODES:
            log = self.node(name) / "worker.log"
            self._log_starts[name] = log.stat().st_size if log.exists() else 0
            usual = HUB_AGENTS if name.startswith("hub") else DESK_AGENTS
            self._agents[name] = frozenset(only.split(",")) if only else usual
            self.workers[name] = self.local.start_worker(name, *(("--only", only) if only else ()))

    def kill(self, name: str) -> None:
        """End a worker without a warning (SIGKILL)."""
        self.workers[name].kill()
        self.workers[name].wait()

    def stop(self, name: str) -> int:
        """Ask a worker to end (SIGTERM) and return its exit code."""
        stop([self.workers[name]])
        return self.workers[name].wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a worker."""
        self.workers[name].send_signal(number)

    def end(self) -> None:
        """End every worker, frozen ones too."""
        for worker in self.workers.values():
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
        stop(self.workers.values())

    def said(self, name: str) -> list[dict[str, object]]:
        """Return the log lines of a node's worker since it was started last."""
        with (self.node(name) / "worker.log").open("rb") as log:
            log.seek(self._log_starts.get(name, 0))
            whole = log.read().decode().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in whole if line.startswith("{")]

    def is_working(self, name: str) -> bool:
        """Return whether all agents of a node's worker have got their partitions since it was started last."""
        assigned = {line.get("agent") for line in self.said(name) if line["event"] == "partitions_assigned"}
        return self._agents[name] <= assigned

    def until_working(self, *names: str) -> None:
        """Wait until workers have got their partitions."""
        for name in names or NODES:
            until(lambda name=name: self.is_working(name), f"worker of {name} works")  # type: ignore[misc]

    # ------------------------------------------------------------ what came of it

    @contextmanager
    def store(self, name: str) -> Iterator[Store]:
        """Give a node's read model."""
        store = Store.open(f"sqlite:///{self.node(name) / 'read-model.sqlite'}")
        try:
            yield store
        finally:
            store.close()

    @contextmanager
    def outbox(self, name: str) -> Iterator[Outbox]:
        """Give a node's outbox."""
        outbox = open_outbox(self.node(name) / "outbox.sqlite")
        try:
            yield outbox
        finally:
            outbox.close()

    def signed(self, *names: str) -> set[str]:
        """Return the ids of everything that was ever signed at some desks."""
        found = set()
        for name in names:
            with self.outbox(name) as outbox:
                found |= {each.event_id for each in outbox._kept_all("")}
        return found

    def put(self, user: str, *messages: Message) -> list[int]:
        """Write records straight to Kafka in somebody's name, and return their offsets."""

        async def write() -> list[int]:
            sink = KafkaSink(self.kafka(user))
            try:
                return await sink.put(messages)
            finally:
                await sink.stop()

        return asyncio.run(write())

    def history(self) -> History:
        """Return the history that Kafka holds, verified."""
        return read_history(self.kafka("hub"))

    def until_calm(self, *names: str, within_s: float = CALM_WITHIN_S) -> History:
        """Return the history once nothing is on its way: all is sent, admitted, received, and in some read models."""
        found: list[History] = []
        with ExitStack() as stack:
            outboxes = [stack.enter_context(self.outbox(name)) for name in DESKS]
            stores = [stack.enter_context(self.store(name)) for name in names or NODES]

            def is_calm() -> bool:
                tallies = [outbox.tally() for outbox in outboxes]
                sizes = {store.size(0) for store in stores}
                is_level = all(tally.signed == tally.sent == 0 for tally in tallies) and len(sizes) == 1
                found[:] = [self.history()] if is_level else []
                return is_level and sizes == {len(found[0].steps)} and not undelivered(found[0])

            # Seldom: whoever looks holds up those who work, on the same files and the same processors.
            until(is_calm, "everything is sent, admitted, received and read", within_s, every_s=0.5)
        return found[0]

    def digests(self, history: History, folder: Path) -> dict[str, str]:
        """Return the state digests of all nodes and of a fresh replay."""
        found = {"replayed": replayed_digest(history, folder)}
        for name in self.workers:
            with self.store(name) as store:
                found[name] = store.state_digest(0)
        return found

    def check(self, history: History, folder: Path) -> None:
        """Check what must hold at the end of every test: one history, and everyone has the same."""
        check_history(history)
        assert len(set(self.digests(history, folder).values())) == 1


@pytest.fixture(scope="session")
def node_keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """Node folders with keys and nothing else, to be copied: making keys takes seconds."""
    return Keys.made(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let workers share what Python compiles: where it may not write beside the sources, each takes seconds more."""
    before = {name: os.environ.pop(name, None) for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")}
    os.environ["PYTHONPYCACHEPREFIX"] = str(tmp_path_factory.mktemp("compiled"))
    yield
    del os.environ["PYTHONPYCACHEPREFIX"]
    os.environ.update({name: value for name, value in before.items() if value is not None})


@pytest.fixture
def corridor(node_keys: Keys, tmp_path: Path, broker: LocalKafka) -> Iterator[RunningCorridor]:
    """A founded corridor on the broker of all tests, all its topics fresh; no worker runs yet."""
    with founded(node_keys, tmp_path / "nodes", broker) as running:
        yield running


@contextmanager
def founded(keys: Keys, folder: Path, broker: LocalKafka, *, is_fresh: bool = False) -> Iterator[RunningCorridor]:
    """Give a founded corridor on a broker, which is emptied unless it *is_fresh*; its workers end with the block."""
    if not is_fresh:
        wipe(broker)
    running = RunningCorridor(keys.corridor(folder, broker), broker, keys.genesis)
    try:
        yield running
    finally:
        running.end()


def rival(corridor: RunningCorridor, name: str) -> None:
    """Make another hub of the corridor: the same keys and rights, its own consumer groups and read model."""
    folder = corridor.node(name)
    shutil.copytree(corridor.node("hub"), folder)
    settings = folder / "hub.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('name = "hub"', f'name = "{name}"', 1))
