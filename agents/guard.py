"""What stands between an agent's body and Faust: an agent never raises.

Faust restarts an agent that raises and commits the record that it did not process.
Therefore: a fault that will pass is retried in place, and anything else ends the process
before Faust hears of it. A supervisor starts it again, from the last commit.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import NoReturn

import structlog

from hub.errors import Transient

FAILED = 70
STALLED = 71
FIRST_PAUSE_S = 0.05
LAST_PAUSE_S = 5.0
NAP_S = 0.1

log = structlog.get_logger(__name__)


def leave(exit_code: int) -> NoReturn:
    """End the process at once; no ``finally``, no commit, no other thread gets a say."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def cancelled() -> bool:
    """Return whether this task was cancelled from outside; a step can raise the same."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


@dataclass(slots=True)
class Guard:
    """Runs steps of one agent (or task) until they are done; never raises.

    *given_up* says whether to stop trying: the process ends or the partitions go to
    another worker. *alive_at* is when the last step, or try, ended (monotonic seconds).
    """

    name: str
    given_up: Callable[[], bool]
    alive_at: float = 0.0
    steps: int = 0
    said_at: float = 0.0
    said: str = ""

    async def done(self, step: Callable[[], Awaitable[object]]) -> bool:
        """Return True once *step* is done, False if it was given up half-way."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                await step()
            except Transient as error:
                self._retry_later(error, pause)
            except asyncio.CancelledError:
                if cancelled():
                    raise
                self._fail()
            except BaseException:  # noqa: BLE001 - that is what the guard is for
                self._fail()
            else:
                self._got_on()
                return True
            if await self._given_up_within(pause):
                return False
            pause = min(pause * 2, LAST_PAUSE_S)

    @contextmanager
    def nothing_escapes(self) -> Iterator[None]:
        """End the process on any error inside, and on a cancellation that nobody asked for."""
        try:
            yield
        except asyncio.CancelledError:
            if self.given_up():
                raise
            self._fail()
        except BaseException:  # noqa: BLE001 - Faust would restart the agent and lose a record
            self._fail()

    def _got_on(self) -> None:
        self.steps += 1
        self.alive_at = monotonic()

    def _retry_later(self, error: Transient, pause: float) -> None:
        self.alive_at = monotonic()
        cause = f"{type(error).__name__}: {error}"
        if cause == self.said and self.alive_at - self.said_at < 1.0:
            return
        self.said, self.said_at = cause, self.alive_at
        log.warning("agent_waits", agent=self.name, cause=cause, pause_s=pause, hint=error.hint)

    def _fail(self) -> NoReturn:
        try:
            log.critical("agent_failed", agent=self.name, exit_code=FAILED, exc_info=sys.exc_info())
        finally:
            leave(FAILED)

    async def _given_up_within(self, pause: float) -> bool:
        """Sleep, in short naps so that the end of the process need not wait."""
        until = monotonic() + pause
        while not self.given_up() and (left := until - monotonic()) > 0:  # noqa: ASYNC110 - Faust's flags cannot be awaited
            await asyncio.sleep(min(left, NAP_S))
        return self.given_up()
