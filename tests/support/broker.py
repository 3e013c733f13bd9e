"""One real broker for all tests of a pytest process, with topics, rights and quotas as in production.

`HUB_TEST_KAFKA=3.9` takes the older Kafka. Tests that use it carry `pytest.mark.integration`, which also keeps them
on one worker. `broker.settings("cn")` is how that user logs in; there are hub, cn, mm and admin.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from deploy.kafka.admin import KafkaAdmin, apply
from deploy.kafka.answer import admin_client
from deploy.kafka.broker import LocalKafka
from deploy.kafka.plan import OURS
from deploy.kafka.wanted import Wanted, load_wanted

VERSION = os.environ.get("HUB_TEST_KAFKA", "4.4")
AGENCIES = ("cn", "mm")
USERS = ("hub", *AGENCIES)
CORRIDORS = 4
ANSWER_WITHIN_S = 20.0


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A broker with all topics, rights and quotas for two agencies and four corridors."""
    with running_broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def clean_broker(broker: LocalKafka) -> LocalKafka:
    """The same broker, with no record in any topic and no group."""
    wipe(broker)
    return broker


@contextmanager
def running_broker(folder: Path) -> Iterator[LocalKafka]:
    """Give a broker of its own to a test that kills or freezes it; it dies with the tests."""
    with new_broker(folder) as running:
        apply(KafkaAdmin(running.settings("admin")), wanted())
        yield running


def new_broker(folder: Path) -> LocalKafka:
    """Return a broker that is not started yet."""
    return LocalKafka(folder, VERSION, {user: f"password-of-{user}" for user in USERS}, die_with_parent=True)


def wanted(*, partitions: int = CORRIDORS) -> Wanted:
    """Return what the broker of the tests has."""
    return load_wanted(AGENCIES, partitions=partitions)


def wipe(broker: LocalKafka) -> None:
    """Delete our topics with all their records and the groups with what they committed, and make the topics anew."""
    client = admin_client(broker.settings("admin"))
    groups = [group.group_id for group in client.list_consumer_groups().result(ANSWER_WITHIN_S).valid]
    if groups:
        done(client.delete_consumer_groups(groups))
    delete_topics(broker, *our_topics(client))
    apply(KafkaAdmin(broker.settings("admin")), wanted())


def create_topic(broker: LocalKafka, name: str, partitions: int, **settings: str) -> None:
    """Make a topic that topics.toml may know nothing of; underscores in the names of settings stand for dots."""
    client = admin_client(broker.settings("admin"))
    config = {key.replace("_", "."): value for key, value in settings.items()}
    done(client.create_topics([NewTopic(name, partitions, 1, config=config)]))
    await_topics(client, lambda topics: name in topics)


def delete_topics(broker: LocalKafka, *names: str) -> None:
    """Delete topics, and return when the broker shows that they are gone."""
    client = admin_client(broker.settings("admin"))
    if names:
        done(client.delete_topics(list(names)))
    await_topics(client, lambda topics: topics.isdisjoint(names))


def our_topics(client: AdminClient) -> frozenset[str]:
    """Return the names of our topics that the broker shows now."""
    topics = client.list_topics(timeout=ANSWER_WITHIN_S).topics
    return frozenset(name for name in topics if name.startswith(OURS))


def await_topics(client: AdminClient, is_so: Callable[[frozenset[str]], bool]) -> None:
    """Return when the broker shows what it was told: it answers a little before that."""
    end = time.monotonic() + ANSWER_WITHIN_S
    while not is_so(our_topics(client)):
        assert time.monotonic() < end, "the broker does not show its topics as they are"


def done(answers: Mapping[str, Future[Any]]) -> None:
    """Wait for everything that was asked of the admin client."""
    for answer in answers.values():
        answer.result(ANSWER_WITHIN_S)
