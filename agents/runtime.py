"""How an agent is written and run.

    async def compose() -> Work:
        app = build_app(AppSettings(node="hub", agent="notify", kafka=kafka))
        agent(app, ["liaison.hub.ledger.v1"], body, positions)
        return Work(apps=(app,))

    run(compose)

*body* gets one chunk and returns when its work is safe; only then may Kafka's commit pass
it. It may raise ``hub.errors.Transient`` (it gets the same chunk again, after a pause) and
nothing else (the process ends with 70). It must therefore bear to see a chunk, or a part
of one, again. One app is one agent is one consumer group, ``liaison.<node>.<agent>.v1``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import structlog
from faust.auth import SASLCredentials, SSLCredentials
from yarl import URL

from agents.guard import Guard
from agents.records import RecordTransport
from agents.transport import HubApp, NoTables, Positions, no_positions
from hub.chunk import Chunk, Partition
from hub.kafka import LOGS_IN, KafkaSettings, tls_context

log = structlog.get_logger(__name__)

Body = Callable[[Chunk], Awaitable[None]]
Hook = Callable[[frozenset[Partition]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AppSettings:
    """What one agent's app needs to know; times in seconds.

    *writes* are the topics it will write, for the check of its rights. *partitions* are the
    corridors it knows: others are left alone, and nothing is committed for them. *transport*
    "records" is the fallback: Faust's own consumer, chunks of one record.
    """

    node: str
    agent: str
    kafka: KafkaSettings
    writes: tuple[str, ...] = ()
    partitions: frozenset[int] | None = None
    transport: Literal["chunks", "records"] = "chunks"
    chunk_records_max: int = 1000
    stall_s: float = 60.0
    session_timeout_s: float = 10.0
    rebalance_timeout_s: float = 30.0
    commit_interval_s: float = 1.0

    @property
    def group(self) -> str:
        """Return the name of the consumer group."""
        return f"liaison.{self.node}.{self.agent}.v1"


@dataclass(frozen=True, slots=True)
class Hooks:
    """What else an agent wants to be told; both are guarded like its body.

    *on_assigned* gets all partitions this worker now has, before the first chunk of any
    and before its positions are asked for; again whenever reading starts over.
    *on_revoked* gets the partitions it loses, after the chunk in work has ended.
    """

    on_assigned: Hook | None = None
    on_revoked: Hook | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an agent does with each chunk of its topics, where it goes on in them, what it does when it loses some.

    All there is of it but Faust.
    """

    topics: tuple[str, ...]
    body: Body
    positions: Positions = no_positions
    revoked: Hook | None = None


class AgentApp(HubApp):
    """A Faust app that knows its agent; made by ``build_app``."""

    logger = HubApp.logger
    settings: AppSettings
    guard: Guard
    reads: tuple[str, ...] = ()
    turn: asyncio.Lock

    def given_up(self) -> bool:
        """Return whether to stop trying: the end has come, or a rebalance."""
        return bool(self.should_stop or self.rebalancing)


def build_app(settings: AppSettings) -> AgentApp:
    """Return a Faust app with the settings that lose nothing; add its agent to it."""
    app = AgentApp(
        settings.group,
        broker=[URL(f"kafka://{server}") for server in settings.kafka.servers],
        broker_credentials=credentials(settings.kafka),
        broker_max_poll_records=settings.chunk_records_max,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=settings.session_timeout_s / 3,
        broker_rebalance_timeout=settings.rebalance_timeout_s,
        broker_commit_interval=settings.commit_interval_s,
        **FIXED,
    )
    app.settings = settings
    app.partitions = settings.partitions
    app.turn = asyncio.Lock()
    app.guard = Guard(settings.agent, app.given_up)
    if settings.transport == "records":
        app.transport_class = RecordTransport
    return app


FIXED: Mapping[str, Any] = {
    "version": 1,
    "autodiscover": False,
    "store": "memory://",
    "TableManager": NoTables,
    "topic_allow_declare": False,
    "topic_disable_leader": True,
    "table_standby_replicas": 0,
    "processing_guarantee": "at_least_once",
    "stream_wait_empty": True,
    "stream_recovery_delay": 0,
    "stream_buffer_maxsize": 32768,
    "broker_request_timeout": 40,
    "broker_check_crcs": True,
    "consumer_auto_offset_reset": "earliest",
    "web_enabled": False,
    "worker_redirect_stdouts": False,
}
"""Settings that ran clean in every test of kills, rebalances and outages."""


def credentials(kafka: KafkaSettings) -> SASLCredentials | SSLCredentials | None:
    """Return Faust's own words for how we log in."""
    if kafka.security not in LOGS_IN:
        return None
    return SASLCredentials(
        username=kafka.user,
        password=kafka.password,
        ssl_context=tls_context(kafka),
        mechanism="SCRAM-SHA-512",
    )


def agent(
    app: AgentApp,
    topics: Sequence[str],
    body: Body,
    positions: Positions = no_positions,
    hooks: Hooks = Hooks(),
) -> None:
    """Let *body* have the chunks of *topics*, one at a time, in order per partition.

    *positions* are where our own state says to go on; they win over Kafka's commit.
    """
    app.reads = tuple(topics)
    app.positions = partial(start_from, app, hooks.on_assigned, positions)
    if hooks.on_revoked is not None:
        app.on_partitions_revoked.connect(partial(tell_revoked, app, hooks.on_revoked))
    topic = app.topic(*topics, key_serializer="raw", value_serializer="raw")
    app.agent(topic, name=app.settings.agent, concurrency=1)(partial(consume, app, body))


def reading_app(settings: AppSettings, reading: Reading) -> AgentApp:
    """Return the Faust app of one agent."""
    app = build_app(settings)
    agent(app, reading.topics, reading.body, reading.positions, Hooks(on_revoked=reading.revoked))
    return app


async def consume(app: AgentApp, body: Body, stream: Any) -> None:
    """Work on one message after the other; the only place that acknowledges."""
    with app.guard.nothing_escapes():
        async for event in stream.noack().events():
            await work_on(app, body, event.message)


async def work_on(app: AgentApp, body: Body, message: Any) -> None:
    """Work on a chunk and say what became of it: finished, given back, or out of date."""
    reader = app.reader
    async with app.turn:
        if not reader.is_current(message):
            reader.release(message)
        elif await app.guard.done(partial(body, reader.chunk_of(message))):
            reader.finish(message)
        else:
            reader.abandon(message)


async def start_from(
    app: AgentApp, on_assigned: Hook | None, positions: Positions, partitions: frozenset[Partition]
) -> Mapping[Partition, int]:
    """Return our positions, after the agent has been told of its partitions."""
    found: dict[Partition, int] = {}

    async def ask() -> None:
        if on_assigned is not None:
            await on_assigned(partitions)
        found.update(await positions(partitions))

    async with app.turn:
        await Guard(f"{app.settings.agent}.positions", lambda: app.should_stop).done(ask)
    log.info("partitions_assigned", agent=app.settings.agent, partitions=sorted(partitions))
    return found


async def tell_revoked(app: AgentApp, on_revoked: Hook, _: Any, revoked: Any, **__: Any) -> None:
    """Tell the agent which partitions it has lost."""
    lost = frozenset((tp.topic, tp.partition) for tp in revoked)
    if not lost:
        return
    async with app.turn:
        await Guard(f"{app.settings.agent}.revoked", lambda: app.should_stop).done(partial(on_revoked, lost))
