"""Runs apps and tasks in one process and ends it well, or at once."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
import uvloop

from agents.guard import FAILED, Guard, leave
from agents.runtime import AgentApp
from agents.watchdog import watch
from hub.kafka import check_access

STOP_WITHIN_S = 25.0

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Task:
    """A loop that is not a Faust agent and lives under the same guard.

    *step* runs until it returns. ``Transient`` starts it again after a pause; any other
    error ends the process; the end of the process cancels it.
    """

    name: str
    step: Step


@dataclass(frozen=True, slots=True)
class Work:
    """What one process does; *close* is awaited in order after everything has stopped."""

    apps: tuple[AgentApp, ...] = ()
    tasks: tuple[Task, ...] = ()
    close: tuple[Step, ...] = field(default=())


def run(compose: Callable[[], Awaitable[Work]]) -> None:
    """Do the work that *compose* returns until SIGTERM or SIGINT; the second ends at once.

    *compose* is awaited inside the loop, where producers may be made.

    Raises:
        HubError: something is not as it must be, found before anything was started.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(serve(compose))


async def serve(compose: Callable[[], Awaitable[Work]]) -> None:
    """Do the work inside a running loop; see ``run``."""
    stop = stop_signal()
    work = await compose()
    for app in work.apps:
        await may_run(app)
    beside = [asyncio.create_task(beat) for app in work.apps for beat in started(app)]
    beside += [asyncio.create_task(guarded(task, stop)) for task in work.tasks]
    await stop.wait()
    await ended(work, beside)


async def may_run(app: AgentApp) -> None:
    """Return if the broker lets this app do its work; Faust would not say."""
    settings = app.settings
    await check_access(settings.kafka, reads=app.reads, writes=settings.writes, group=settings.group)


def stop_signal() -> asyncio.Event:
    """Return what is set by the first signal to stop; the second ends the process."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, on_signal, stop, number)
    return stop


def on_signal(stop: asyncio.Event, number: int) -> None:
    """Ask everything to stop, or end at once if it was asked before."""
    if stop.is_set():
        os._exit(128 + number)
    log.info("stop_asked", signal=signal.Signals(number).name)
    stop.set()


def started(app: AgentApp) -> tuple[Coroutine[None, None, None], ...]:
    """Return what runs for an app: itself and its watchdog."""
    return (kept_running(app), watch(app, app.guard, app.settings.stall_s))


async def kept_running(app: AgentApp) -> None:
    """Start an app and leave with 70 if it ends by itself."""
    with app.guard.nothing_escapes():
        await app.start()
        log.info("agent_started", agent=app.settings.agent, group=app.settings.group)
        await app.wait_until_stopped()
        if app.crashed:
            message = "faust crashed"
            raise RuntimeError(message) from app.crash_reason


async def guarded(task: Task, stop: asyncio.Event) -> None:
    """Run a task under the guard."""
    await Guard(task.name, stop.is_set).done(task.step)


async def ended(work: Work, beside: list[asyncio.Task[None]]) -> None:
    """Stop reading, let the chunk in work end and be committed, then close the rest."""
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await asyncio.gather(*(app.stop() for app in work.apps))
            await cancelled(beside)
            for close in work.close:
                await close()
    except TimeoutError:
        log.critical("stop_timed_out", exit_code=FAILED, within_s=STOP_WITHIN_S)
        leave(FAILED)
    log.info("stopped")


async def cancelled(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
