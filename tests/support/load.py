"""Client programs of offices: each publishes leads until it is told to end, and keeps what it was told is accepted."""

import os
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from events.catalogue import LeadShared
from events.draft import About, Draft, draft_of
from hub.outbox_errors import NotSentYet
from hub.sync_desk import SyncDesk
from tests.support.command import CONTEXT
from tests.support.waiting import until, wait

PAUSE_S = 0.1
BATCH_EVENTS = 3
ENDS_WITHIN_S = 90.0


class Publisher:
    """One client program of an office, at work inside the block."""

    def __init__(self, desk: Path, office: str, folder: Path) -> None:
        """Publish at the desk in *desk*; notes go to *folder*."""
        name = office.replace(":", "-")
        self._told = folder / f"{name}.accepted"
        self._stop = folder / f"{name}.stop"
        self._process = CONTEXT.Process(target=_publish_on, args=(desk, office, self._told, self._stop))

    def __enter__(self) -> Self:
        """Start, and return once something was accepted."""
        self._process.start()
        until(lambda: self.accepted or not self._process.is_alive(), "the client's first event is accepted")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End well, or fail."""
        self._stop.touch()
        self._process.join(ENDS_WITHIN_S)
        code = self._process.exitcode
        if code is None:
            self._process.kill()
            self._process.join()
        assert code == 0 or error is not None, f"client ended with {code}"

    @property
    def accepted(self) -> list[str]:
        """The ids of the events that the client was told are accepted, in that order."""
        return self._told.read_text(encoding="utf-8").split() if self._told.exists() else []


def lead(key: str, office: str, **about: object) -> Draft:
    """Return the draft of a lead."""
    return draft_of(LeadShared(lead_key=key, kind="route"), About(office=office, **about))  # type: ignore[arg-type]


def _publish_on(desk: Path, office: str, told: Path, stop: Path) -> None:
    with SyncDesk.open(desk, send_within_s=5) as speaker, told.open("ab", buffering=0) as accepted:
        for number in count():
            if stop.exists():
                return
            drafts = [lead(f"{os.getpid()}-{number}-{each}", office) for each in range(BATCH_EVENTS)]
            accepted.write("".join(f"{each}\n" for each in _published(speaker, drafts)).encode())
            wait(PAUSE_S)


def _published(speaker: SyncDesk, drafts: list[Draft]) -> list[str]:
    try:
        return [str(receipt.event_id) for receipt in speaker.publish_many(drafts)]
    except NotSentYet as late:  # signed and kept: that is a promise, too
        return list(late.event_ids)
