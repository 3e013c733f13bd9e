"""A broker's topics, rights and quotas: looked at, and changed as a plan says."""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from enum import Enum
from typing import Any, cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it exports them without saying so
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from deploy.kafka.answer import admin_client
from deploy.kafka.plan import AddPartitions, AlterSetting, CreateRight, CreateTopic, Found, Plan, SetQuota, compare
from deploy.kafka.quotas import read_quotas, set_quotas
from deploy.kafka.wanted import Right, Topic, Wanted
from hub.errors import HubError
from hub.kafka import KafkaSettings

ANSWER_WITHIN_S = 30.0
SHOWN_WITHIN_S = 15.0
LOOK_EVERY_S = 0.05

ANY: Any = None  # librdkafka's word for any name, user and host; its types do not know that
EVERY_ACL = AclBindingFilter(
    ResourceType.ANY, ANY, ResourcePatternType.ANY, ANY, ANY, AclOperation.ANY, AclPermissionType.ANY
)

Futures = Mapping[Any, Future[Any]]  # librdkafka's results are not typed
Settings = Mapping[str, ConfigEntry]


class AdminRefused(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Log in as a user that may make topics, rights and quotas: the broker's admin."""


class KafkaAdmin:
    """A login that may look at topics, rights and quotas, and change them."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._client = admin_client(settings)

    def found(self) -> Found:
        """Return what the broker has now.

        Raises:
            AdminRefused: this login may not look.
            BrokerUnreachable: no broker answers.
            LoginRefused: the broker does not know this login.
        """
        quotas = read_quotas(self._settings)  # first: its errors tell a wrong password from a silent broker
        with _told("broker cannot be looked at"):
            listed = self._client.list_topics(timeout=ANSWER_WITHIN_S)
            names = [name for name in sorted(listed.topics) if not name.startswith("__")]
            settings = self._settings_of(names)
            return Found(
                topics=tuple(_topic(listed.topics[name], settings[name]) for name in names),
                rights=self._rights(),
                quotas=quotas,
                own={name: frozenset(_own(settings[name])) for name in names},
                brokers=len(listed.brokers),
            )

    def carry_out(self, plan: Plan) -> None:
        """Make the changes of a plan; the drift stays. What is there already is no error.

        Raises:
            AdminRefused: a change was refused; those before it are made.
        """
        with _told("plan cannot be carried out"):
            self._create_topics([each.topic for each in plan.changes if isinstance(each, CreateTopic)])
            self._add_partitions([each for each in plan.changes if isinstance(each, AddPartitions)])
            self._alter([each for each in plan.changes if isinstance(each, AlterSetting)])
            self._create_rights([each.right for each in plan.changes if isinstance(each, CreateRight)])
        set_quotas(self._settings, [each.quota for each in plan.changes if isinstance(each, SetQuota)])

    def _settings_of(self, names: list[str]) -> dict[str, Settings]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = self._client.describe_configs(resources) if resources else {}
        return {resource.name: cast("Settings", future.result(ANSWER_WITHIN_S)) for resource, future in answers.items()}

    def _rights(self) -> tuple[Right, ...]:
        bindings = self._client.describe_acls(EVERY_ACL).result(ANSWER_WITHIN_S)
        return tuple(sorted(map(_right, bindings)))

    def _create_topics(self, topics: list[Topic]) -> None:
        new = [NewTopic(each.name, each.partitions, each.replication, config=dict(each.settings)) for each in topics]
        if new:
            _await(self._client.create_topics(new), already="TOPIC_ALREADY_EXISTS")

    def _add_partitions(self, changes: list[AddPartitions]) -> None:
        if changes:
            _await(self._client.create_partitions([NewPartitions(each.topic, each.partitions) for each in changes]))

    def _alter(self, changes: list[AlterSetting]) -> None:
        resources = [
            ConfigResource(
                ResourceType.TOPIC,
                topic,
                incremental_configs=[
                    ConfigEntry(each.key, each.value, incremental_operation=AlterConfigOpType.SET)
                    for each in changes
                    if each.topic == topic
                ],
            )
            for topic in dict.fromkeys(each.topic for each in changes)
        ]
        if resources:
            _await(self._client.incremental_alter_configs(resources))

    def _create_rights(self, rights: list[Right]) -> None:
        if rights:
            _await(self._client.create_acls([_binding(right) for right in rights]))


def plan(admin: KafkaAdmin, wanted: Wanted) -> Plan:
    """Return what is to be done; nothing is changed."""
    return compare(wanted, admin.found())


def apply(admin: KafkaAdmin, wanted: Wanted) -> Plan:
    """Do what is to be done and return what that was, once the broker shows it.

    A second time there is nothing to do. What differs and would have to be taken away stays: see ``Plan.drift``.

    Raises:
        AdminRefused: the broker refused a change or does not show it in time.
    """
    done = plan(admin, wanted)
    admin.carry_out(done)
    end = time.monotonic() + SHOWN_WITHIN_S
    while left := plan(admin, wanted).changes:
        if time.monotonic() > end:
            message = f"{len(left)} of {len(done.changes)} changes do not show after {SHOWN_WITHIN_S:.0f} s: {left[0]}"
            raise AdminRefused(message)
        time.sleep(LOOK_EVERY_S)
    return done


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except (KafkaException, TimeoutError) as error:
        cause = error.args[0] if error.args else type(error).__name__
        message = f"{what}: {cause.str() if hasattr(cause, 'str') else cause}"
        raise AdminRefused(message) from error


def _await(futures: Futures, *, already: str = "") -> None:
    for future in futures.values():
        try:
            future.result(ANSWER_WITHIN_S)
        except KafkaException as error:
            if not already or error.args[0].name() != already:
                raise


def _topic(listed: Any, settings: Settings) -> Topic:  # noqa: ANN401 - librdkafka's class, not typed
    partitions = listed.partitions.values()
    values = tuple(sorted((name, str(entry.value)) for name, entry in settings.items()))
    return Topic(listed.topic, len(partitions), max(len(each.replicas) for each in partitions), values)


def _own(settings: Settings) -> Iterable[str]:
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    return (name for name, entry in settings.items() if cast("int", entry.source) == own)


def _right(binding: AclBinding) -> Right:
    return Right(
        user=binding.principal.removeprefix("User:"),
        operation=_word(binding.operation),
        resource=_word(binding.restype),
        pattern=_word(binding.resource_pattern_type),
        name=binding.name,
        host=binding.host,
        permission=_word(binding.permission_type),
    )


def _word(member: object) -> str:
    assert isinstance(member, Enum)
    return member.name.lower()


def _binding(right: Right) -> AclBinding:
    return AclBinding(
        ResourceType[right.resource.upper()],
        right.name,
        ResourcePatternType[right.pattern.upper()],
        f"User:{right.user}",
        right.host,
        AclOperation[right.operation.upper()],
        AclPermissionType[right.permission.upper()],
    )
