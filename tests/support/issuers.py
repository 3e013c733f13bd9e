"""A desk's outbox and its issuer on top of the little corridor, without Kafka."""

from collections.abc import Sequence
from pathlib import Path
from secrets import token_bytes

from events.admission import Verdict
from events.catalogue import LeadShared
from events.draft import About, Draft, draft_of
from events.ids import Office
from events.reading import Step, verified
from hub.issuing import Issuer, Keys, Standing
from hub.outbox import Outbox, open_outbox
from hub.outbox_rows import Kept
from hub.ports import Message
from tests.support.ledger import FOUNDED_AT, RUILI, Corridor


class LocalDesk:
    """One node of the corridor: an outbox in a folder, and an issuer that holds every office's keys."""

    def __init__(self, folder: Path, corridor: Corridor | None = None) -> None:
        """Open the outbox in *folder*."""
        self.corridor = corridor or Corridor.founded()
        self.outbox: Outbox = open_outbox(folder / "outbox.sqlite")
        keys = Keys(
            {key.key_id: key for key in self.corridor.keys.values()},
            {key.key_id: key for key in self.corridor.sealing.values()},
        )
        self.issuer = Issuer(self.outbox, keys, lambda: FOUNDED_AT, token_bytes)

    def standing(self, *, is_current: bool = True) -> Standing:
        """Return what the desk knows: the whole ledger."""
        return Standing(self.corridor.partition, self.corridor.book, is_current)

    def issue(self, *drafts: Draft) -> tuple[str, ...]:
        """Sign drafts with the ledger read to its end."""
        return self.issuer.issue(self.standing(), drafts)

    def admit(self) -> list[Step]:
        """Let the ledger take everything that is not settled, and return the steps that this makes."""
        return self.hear([event.envelope for event in self.outbox.unsettled(self.corridor.partition)])

    def everything(self) -> list[Kept]:
        """Return every event of the outbox, in the order of signing."""
        return self.outbox._kept_all("ORDER BY id")

    def hear(self, envelopes: Sequence[bytes], topic: str = "liaison.cn.events.v1") -> list[Step]:
        """Let the ledger take records of a topic, and return the steps that this makes."""
        steps = []
        for envelope in envelopes:
            before = self.corridor.book
            self.verdict: Verdict = self.corridor.hear(topic, envelope)
            step = verified(before, self.corridor.entries[-1], lambda *_place: None)
            assert step is not None, "the corridor's entries count"
            steps.append(step)
        return steps


class MemorySender:
    """Kafka as the relay sees it: keeps messages by topic, gives offsets; fails or stops when told."""

    def __init__(self) -> None:
        """Start empty."""
        self.topics: dict[str, list[Message]] = {}
        self.error: Exception | None = None

    async def put(self, messages: Sequence[Message]) -> list[int]:
        """Keep messages and return their offsets."""
        if self.error is not None:
            raise self.error
        return [self._kept(message) for message in messages]

    def _kept(self, message: Message) -> int:
        topic = self.topics.setdefault(message.topic, [])
        topic.append(message)
        return len(topic) - 1

    def values(self, topic: str = "liaison.cn.events.v1") -> list[bytes | None]:
        """Return what a topic holds."""
        return [message.value for message in self.topics.get(topic, [])]


def lead_draft(key: str = "lead-1", office: Office = RUILI, **about: object) -> Draft:
    """Return the draft of a lead."""
    return draft_of(LeadShared(lead_key=key, kind="route"), About(office=office, **about))  # type: ignore[arg-type]


def drafts(number: int, office: Office = RUILI) -> list[Draft]:
    """Return so many leads."""
    return [lead_draft(f"lead-{each}", office) for each in range(number)]
