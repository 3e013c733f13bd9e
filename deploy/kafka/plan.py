"""What is to be done so that a broker has what it should: compared as values, decided here, done in `admin`.

Nothing that exists is ever taken away or made smaller: no topic, partition, record, right or quota. Where that
would be needed the plan says so in ``drift`` and leaves it to a person.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from deploy.kafka.wanted import Quota, Right, Topic, Wanted

OURS = "liaison."
FOR_EVER = "-1"
KEEPS = frozenset({"retention.ms", "retention.bytes", "local.retention.ms", "local.retention.bytes"})


@dataclass(frozen=True, slots=True)
class CreateTopic:
    """Make a topic."""

    topic: Topic

    def __str__(self) -> str:
        """Return the change as a sentence."""
        settings = " ".join(f"{key}={value}" for key, value in self.topic.settings)
        return f"create topic {self.topic.name} partitions={self.topic.partitions} {settings}"


@dataclass(frozen=True, slots=True)
class AddPartitions:
    """Give a topic more partitions. This cannot be undone."""

    topic: str
    partitions: int
    found: int

    def __str__(self) -> str:
        """Return the change as a sentence."""
        return f"add partitions to {self.topic}: {self.found} -> {self.partitions}, cannot be undone"


@dataclass(frozen=True, slots=True)
class AlterSetting:
    """Change a setting of a topic."""

    topic: str
    key: str
    value: str
    found: str | None

    def __str__(self) -> str:
        """Return the change as a sentence."""
        return f"alter topic {self.topic} {self.key}: {self.found} -> {self.value}"


@dataclass(frozen=True, slots=True)
class CreateRight:
    """Give a right."""

    right: Right

    def __str__(self) -> str:
        """Return the change as a sentence."""
        return f"create right {self.right}"


@dataclass(frozen=True, slots=True)
class SetQuota:
    """Set a quota."""

    quota: Quota
    found: int | None

    def __str__(self) -> str:
        """Return the change as a sentence."""
        return f"set quota {self.quota.user} {self.quota.key}: {self.found} -> {self.quota.bytes_per_s}"


Change = CreateTopic | AddPartitions | AlterSetting | CreateRight | SetQuota


@dataclass(frozen=True, slots=True)
class Found:
    """What a broker has now; *topics* have every setting that is in force, *own* names those set on the topic."""

    topics: tuple[Topic, ...] = ()
    rights: tuple[Right, ...] = ()
    quotas: tuple[Quota, ...] = ()
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    brokers: int = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in order, and what differs and is left to a person."""

    changes: tuple[Change, ...] = ()
    drift: tuple[str, ...] = ()

    @property
    def for_good(self) -> tuple[Change, ...]:
        """Those changes that cannot be undone without a loss."""
        return tuple(change for change in self.changes if isinstance(change, AddPartitions))


def compare(wanted: Wanted, found: Found) -> Plan:
    """Return how to get from what there is to what there should be."""
    topics = {topic.name: topic for topic in found.topics}
    parts = [
        *(_topic(topic, topics.get(topic.name), found.own) for topic in wanted.topics),
        Plan(drift=tuple(_unknown_topics(wanted.topics, topics))),
        _rights(wanted, found.rights),
        _quotas(wanted, found.quotas),
    ]
    return Plan(
        changes=tuple(change for part in parts for change in part.changes),
        drift=tuple(line for part in parts for line in part.drift),
    )


def _topic(wanted: Topic, found: Topic | None, own: Mapping[str, frozenset[str]]) -> Plan:
    if found is None:
        return Plan((CreateTopic(wanted),))
    shape, settings = _shape(wanted, found), _settings(wanted, found)
    known = frozenset(key for key, _ in wanted.settings)
    extra = tuple(
        f"topic {wanted.name} has {key}={value}, which is not in the data"
        for key, value in found.settings
        if key in own.get(wanted.name, frozenset()) - known
    )
    return Plan(shape.changes + settings.changes, shape.drift + settings.drift + extra)


def _shape(wanted: Topic, found: Topic) -> Plan:
    changes: tuple[Change, ...] = ()
    drift = []
    if found.partitions < wanted.partitions:
        changes = (AddPartitions(wanted.name, wanted.partitions, found.partitions),)
    if found.partitions > wanted.partitions:
        counts = f"expected {wanted.partitions}, found {found.partitions}"
        drift.append(f"topic {wanted.name} has too many partitions: {counts}")
    if found.replication != wanted.replication:
        counts = f"expected {wanted.replication}, found {found.replication}"
        drift.append(f"topic {wanted.name} has another number of copies: {counts}")
    return Plan(changes, tuple(drift))


def _settings(wanted: Topic, found: Topic) -> Plan:
    now = dict(found.settings)
    changes = [
        AlterSetting(wanted.name, key, value, now.get(key)) for key, value in wanted.settings if now.get(key) != value
    ]
    return Plan(
        tuple(each for each in changes if not _harm(each, found)),
        tuple(
            f"topic {each.topic} {each.key} {harm}: expected {each.value}, found {each.found}"
            for each in changes
            if (harm := _harm(each, found))
        ),
    )


def _harm(change: AlterSetting, found: Topic) -> str:
    """Return what a change would break, empty if nothing."""
    if change.key == "cleanup.policy" or _keeps_less(change):
        return "could lose records if it were changed"
    if change.key == "min.insync.replicas" and int(change.value) > found.replication:
        return "would stop all writing if it were changed"
    return ""


def _keeps_less(change: AlterSetting) -> bool:
    if change.key not in KEEPS or change.found is None or change.value == FOR_EVER:
        return False
    return change.found == FOR_EVER or int(change.value) < int(change.found)


def _unknown_topics(wanted: Iterable[Topic], found: Iterable[str]) -> Iterator[str]:
    known = {topic.name for topic in wanted}
    for name in sorted(name for name in set(found) - known if name.startswith(OURS)):
        yield f"topic {name} is not in the data"


def _rights(wanted: Wanted, found: Iterable[Right]) -> Plan:
    there = frozenset(found)
    extra = sorted(right for right in there - frozenset(wanted.rights) if _concerns(right, wanted.users))
    return Plan(
        tuple(CreateRight(right) for right in dict.fromkeys(wanted.rights) if right not in there),
        tuple(f"right is not in the data: {right}" for right in extra),
    )


def _concerns(right: Right, users: frozenset[str]) -> bool:
    """Return whether a right that nobody listed reaches what is ours: our users, or our topics and groups."""
    begins_ours = right.name.startswith(OURS)
    reaches_ours = right.pattern == "prefixed" and OURS.startswith(right.name)
    return right.user in users or begins_ours or reaches_ours or right.name == "*"


def _quotas(wanted: Wanted, found: Iterable[Quota]) -> Plan:
    there = {(quota.user, quota.key): quota.bytes_per_s for quota in found}
    known = {(quota.user, quota.key) for quota in wanted.quotas}
    changes = (SetQuota(quota, there.get((quota.user, quota.key))) for quota in wanted.quotas)
    return Plan(
        tuple(change for change in changes if change.found != change.quota.bytes_per_s),
        tuple(
            f"quota is not in the data: {user} {key}={there[user, key]}"
            for user, key in sorted(there.keys() - known)
            if user in wanted.users
        ),
    )
