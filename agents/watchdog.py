"""Ends a process that has something to read and does not get on.

Faust and aiokafka can stall for ever and look alive; a restart is the only known cure.
"""

import asyncio
from time import monotonic

import structlog

from agents.guard import STALLED, Guard, leave
from agents.transport import HubApp

LOOKS = 4
THREAD_ANSWERS_WITHIN_S = 15.0

log = structlog.get_logger(__name__)


async def watch(app: HubApp, guard: Guard, stall_s: float) -> None:
    """Leave with 71 once work has waited *stall_s* seconds without any progress.

    A body that retries is getting on. A broker that does not answer is not a stall:
    there is nothing a restart could do about it.
    """
    seen, since = guard.alive_at, monotonic()
    while not app.should_stop:
        await asyncio.sleep(stall_s / LOOKS)
        if seen != guard.alive_at or not await work_waits(app):
            seen, since = guard.alive_at, monotonic()
        elif monotonic() - since >= stall_s:
            log.critical("agent_stalled", agent=guard.name, exit_code=STALLED, stall_s=stall_s)
            leave(STALLED)


async def work_waits(app: HubApp) -> bool:
    """Return whether this worker has anything to do that it is not doing."""
    if app.rebalancing or app.reader.outstanding.unfinished:
        return True
    if not app.reader.assignment():
        return False
    unread = asyncio.ensure_future(app.reader.unread())
    await asyncio.wait([unread], timeout=THREAD_ANSWERS_WITHIN_S)
    if not unread.done():
        unread.cancel()
        return True
    # The thread has its own, shorter limit: an error means that the broker is silent.
    return unread.exception() is None and unread.result() > 0
