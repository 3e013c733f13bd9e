"""A worker in a process of its own, with one agent that misbehaves as it is told to, and a hand to hold it by."""

import asyncio
import json
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, Self

import structlog

from agents.guard import leave
from agents.runtime import AgentApp, AppSettings, Hooks, agent, build_app
from agents.worker import Task, Work, run
from hub import logs
from hub.chunk import Chunk, Partition
from hub.errors import HubError, Transient
from hub.kafka import KafkaSettings

ROOT = Path(__file__).parents[2]
WITHIN_S = 30.0

Event = dict[str, Any]
log = structlog.get_logger("tests.worker")


class Worker:
    """The process of a worker: what it says, in order, and how it ended."""

    def __init__(self, kafka: KafkaSettings, name: str, **plan: object) -> None:
        """Start it; *plan* is what ``compose`` below reads."""
        order = json.dumps({"kafka": asdict(kafka), "agent": name, **plan})
        self.seen: list[Event] = []
        self._new: queue.Queue[Event | None] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.contracts.worker", order], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        """Give the hand to hold it by."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        """Return the first event from now on that is wanted; events are read once."""
        while True:
            event = self._next()
            assert event is not None, f"worker ended with {self.exit_code()}: {self.seen[-3:]}"
            if wanted(event):
                return event

    def until_all_done(self, last: Mapping[Partition, int]) -> None:
        """Return once the record of this offset is done in each partition."""
        left = set(last.items())
        while left:
            event = self.until(lambda event: event["event"] == "done")
            left -= {((event["topic"], event["partition"]), offset) for offset in event["offsets"]}

    def expect_nothing_for(self, seconds: float) -> None:
        """Return after this time, in which no chunk was begun and the process did not end."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            with suppress(queue.Empty):
                event = self._new.get(timeout=left)
                assert event is not None, "worker ended"
                assert event["event"] != "begun"
                self.seen.append(event)

    def exit_code(self) -> int:
        """Return the exit code, after the end."""
        while self._next() is not None:
            pass
        return self._process.wait(WITHIN_S)

    def signalled(self, number: signal.Signals) -> "Worker":
        """Send a signal."""
        self._process.send_signal(number)
        return self

    def done(self, topic: str, partition: int = 0) -> list[int]:
        """Return the offsets of one partition that were done, in the order they were done in."""
        place = (topic, partition)
        events = [event for event in self.events("done") if (event["topic"], event["partition"]) == place]
        return [offset for event in events for offset in event["offsets"]]

    def events(self, name: str) -> list[Event]:
        """Return what was seen of one kind of event."""
        return [event for event in self.seen if event["event"] == name]

    def _next(self) -> Event | None:
        event = self._new.get(timeout=WITHIN_S)
        if event is None:
            self._new.put(None)
        else:
            self.seen.append(event)
        return event

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self._new.put(json.loads(line))
        self._new.put(None)


class Trouble:
    """What goes wrong in the body at one offset, until a file exists."""

    def __init__(self, kind: str = "", offset: int = -1, until: str = "") -> None:
        """No kind, no trouble."""
        self.kind, self.offset, self.until = kind, offset, until

    async def befall(self, chunk: Chunk) -> None:
        """Do what was ordered, if it is this chunk's turn."""
        if chunk.records and not chunk.first_offset <= self.offset <= chunk.last_offset:
            return
        if self.until and Path(self.until).exists():  # noqa: ASYNC240 - one file, in a test
            return
        log.info("trouble", kind=self.kind, offset=self.offset)
        await TROUBLES[self.kind]()


async def a_bug() -> None:
    """Fail as nobody foresaw."""
    message = b"bytes that must not be seen"
    raise ValueError(message)


async def a_fault() -> None:
    """Fail as the world does."""
    message = "disk is full"
    raise Transient(message)


async def a_cancellation() -> None:
    """Fail as a library does that cancels its own future."""
    raise asyncio.CancelledError


async def a_stall() -> None:
    """Never come back."""
    await asyncio.Event().wait()


async def a_second() -> None:
    """Take one."""
    await asyncio.sleep(1)


TROUBLES = {"bug": a_bug, "fault": a_fault, "cancellation": a_cancellation, "stall": a_stall, "slow": a_second}


async def compose(plan: Mapping[str, Any]) -> Work:
    """Return the work that was ordered."""
    settings = AppSettings("test", plan["agent"], KafkaSettings(**plan["kafka"]), **plan.get("settings", {}))
    app = build_app(settings)
    task = Trouble(plan.get("task", ""), 0)
    connect(app, plan)
    tasks = (Task("beside", lambda: task.befall(Chunk("", 0, ()))),) if task.kind else ()
    return Work(apps=(app,), tasks=tasks)


def connect(app: AgentApp, plan: Mapping[str, Any]) -> None:
    """Give the app its agent."""
    trouble = Trouble(**plan.get("trouble", {}))
    at: dict[Partition, int] = {(topic, part): offset for topic, part, offset in plan.get("positions", [])}

    async def body(chunk: Chunk) -> None:
        place = {"topic": chunk.topic, "partition": chunk.partition}
        log.info("begun", **place, first=chunk.first_offset, last=chunk.last_offset)
        await trouble.befall(chunk)
        values = [(record.value or b"").decode()[:8] for record in chunk.records]
        log.info("done", **place, offsets=[record.offset for record in chunk.records], values=values)

    async def positions(_: frozenset[Partition]) -> Mapping[Partition, int]:
        return at

    async def told(name: str, partitions: frozenset[Partition]) -> None:
        log.info(name, partitions=sorted(partitions))

    hooks = Hooks(lambda partitions: told("assigned", partitions), lambda partitions: told("revoked", partitions))
    agent(app, plan["topics"], body, positions, hooks)


def main(order: str) -> None:
    """Run until told to stop."""
    logs.to_service()
    try:
        run(lambda: compose(json.loads(order)))
    except HubError as error:
        log.info("refused", kind=type(error).__name__, said=str(error), hint=error.hint)
        leave(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1])
