"""What a plan for a broker does, and what it leaves to a person; what topics.toml says."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from deploy.kafka.plan import AddPartitions, AlterSetting, CreateRight, CreateTopic, Found, Plan, SetQuota, compare
from deploy.kafka.wanted import Quota, Right, Topic, Wanted, load_wanted
from events.ids import Agency
from events.topics import CHECKPOINTS, LEDGER, QUARANTINE, events_topic, notifications_topic, sealed_topic

TOPIC = Topic("liaison.hub.ledger.v1", 2, 1, (("cleanup.policy", "delete"), ("retention.ms", "-1")))
RIGHT = Right("cn", "read", "topic", "literal", "liaison.hub.ledger.v1")
QUOTA = Quota("cn", "producer_byte_rate", 1000)
WANTED = Wanted((TOPIC,), (RIGHT,), (QUOTA,))
FOUND = Found((TOPIC,), (RIGHT,), (QUOTA,))


def with_settings(topic: Topic, **settings: str) -> Topic:
    changed = {key.replace("_", "."): value for key, value in settings.items()}
    return replace(topic, settings=tuple(sorted({**dict(topic.settings), **changed}.items())))


def test_an_empty_broker_gets_everything_in_order() -> None:
    assert compare(WANTED, Found()) == Plan((CreateTopic(TOPIC), CreateRight(RIGHT), SetQuota(QUOTA, None)))


def test_a_broker_that_has_everything_needs_nothing() -> None:
    assert compare(WANTED, FOUND) == Plan()


def test_a_topic_with_too_few_partitions_gets_more_and_that_is_for_good() -> None:
    small = replace(TOPIC, partitions=1)

    found = compare(WANTED, replace(FOUND, topics=(small,)))

    assert found.changes == found.for_good == (AddPartitions(TOPIC.name, 2, 1),)


def test_a_topic_with_too_many_partitions_is_left_as_it_is() -> None:
    large = replace(TOPIC, partitions=3)

    found = compare(WANTED, replace(FOUND, topics=(large,)))

    assert found == Plan(drift=(f"topic {TOPIC.name} has too many partitions: expected 2, found 3",))


def test_a_topic_with_another_number_of_copies_is_left_as_it_is() -> None:
    wide = replace(TOPIC, replication=3)

    found = compare(WANTED, replace(FOUND, topics=(wide,)))

    assert found == Plan(drift=(f"topic {TOPIC.name} has another number of copies: expected 1, found 3",))


def test_a_topic_that_forgets_is_made_to_keep() -> None:
    forgets = with_settings(TOPIC, retention_ms="1000")

    found = compare(WANTED, replace(FOUND, topics=(forgets,)))

    assert found == Plan((AlterSetting(TOPIC.name, "retention.ms", "-1", "1000"),))


@pytest.mark.parametrize("kept", ["-1", "1001"])
def test_a_topic_that_keeps_longer_is_not_made_to_forget(kept: str) -> None:
    wanted = replace(WANTED, topics=(with_settings(TOPIC, retention_ms="1000"),))

    found = compare(wanted, replace(FOUND, topics=(with_settings(TOPIC, retention_ms=kept),)))

    counts = f"expected 1000, found {kept}"
    assert found == Plan(drift=(f"topic {TOPIC.name} retention.ms could lose records if it were changed: {counts}",))


def test_the_policy_of_a_topic_with_records_is_never_changed() -> None:
    compacted = with_settings(TOPIC, cleanup_policy="compact")

    found = compare(WANTED, replace(FOUND, topics=(compacted,)))

    assert found.changes == ()
    assert found.drift[0].endswith("expected delete, found compact")


def test_a_topic_of_one_copy_never_needs_two() -> None:
    wanted = replace(WANTED, topics=(with_settings(replace(TOPIC, replication=3), min_insync_replicas="2"),))

    found = compare(wanted, FOUND)

    assert found.changes == ()
    assert len(found.drift) == 2


def test_a_setting_nobody_wrote_down_is_told() -> None:
    odd = with_settings(TOPIC, segment_ms="1000", preallocate="false")
    own: Mapping[str, frozenset[str]] = {TOPIC.name: frozenset({"segment.ms"})}

    found = compare(WANTED, replace(FOUND, topics=(odd,), own=own))

    assert found == Plan(drift=(f"topic {TOPIC.name} has segment.ms=1000, which is not in the data",))


def test_topics_of_others_are_nobodys_business_and_unknown_ones_of_ours_are_told() -> None:
    more = (TOPIC, Topic("payroll", 1, 1), Topic("liaison.xx.events.v1", 1, 1))

    found = compare(WANTED, replace(FOUND, topics=more))

    assert found == Plan(drift=("topic liaison.xx.events.v1 is not in the data",))


@pytest.mark.parametrize(
    "right",
    [
        replace(RIGHT, operation="write"),
        replace(RIGHT, user="stranger"),
        replace(RIGHT, user="stranger", pattern="prefixed", name="lia"),
        replace(RIGHT, user="*", name="*"),
        replace(RIGHT, user="cn", resource="transactionalid", name="cn"),
        replace(RIGHT, permission="deny"),
        replace(RIGHT, host="127.0.0.1"),
    ],
)
def test_a_right_that_reaches_what_is_ours_and_that_nobody_wrote_down_is_told(right: Right) -> None:
    found = compare(WANTED, replace(FOUND, rights=(RIGHT, right)))

    assert found == Plan(drift=(f"right is not in the data: {right}",))


def test_rights_of_others_to_what_is_theirs_are_not_told() -> None:
    theirs = Right("payroll", "read", "topic", "prefixed", "payroll.")

    assert compare(WANTED, replace(FOUND, rights=(RIGHT, theirs))) == Plan()


def test_a_quota_is_set_to_what_is_written_and_another_one_is_told() -> None:
    other = Quota("cn", "consumer_byte_rate", 5)

    found = compare(WANTED, replace(FOUND, quotas=(replace(QUOTA, bytes_per_s=999), other)))

    assert found == Plan((SetQuota(QUOTA, 999),), ("quota is not in the data: cn consumer_byte_rate=5",))


def test_topics_toml_has_every_topic_of_events_and_no_other() -> None:
    names = {topic.name for topic in load_wanted(["cn", "mm"]).topics}
    agencies = map(Agency, ("cn", "mm"))
    of_each = {name(each) for each in agencies for name in (events_topic, notifications_topic, sealed_topic)}

    assert names == {LEDGER, CHECKPOINTS, QUARANTINE, events_topic(Agency("hub"))} | of_each


def test_partitions_and_copies_are_the_same_for_every_topic() -> None:
    topics = load_wanted(["cn", "mm"], partitions=3, replication=3).topics

    assert {(topic.partitions, topic.replication) for topic in topics} == {(3, 3)}
    assert {dict(topic.settings)["min.insync.replicas"] for topic in topics} == {"2"}


def test_nothing_is_forgotten_and_only_sealed_parts_are_compacted() -> None:
    topics = load_wanted(["cn", "mm"]).topics

    assert {dict(topic.settings)["retention.ms"] for topic in topics} == {"-1"}
    compacted = {topic.name for topic in topics if dict(topic.settings)["cleanup.policy"] == "compact"}
    assert compacted == {"liaison.cn.sealed.v1", "liaison.mm.sealed.v1"}


def test_no_agency_may_write_anything_but_its_own_events_and_sealed_parts() -> None:
    writes = {
        (right.user, right.name) for right in load_wanted(["cn", "mm", "th"]).rights if right.operation == "write"
    }

    of_agencies = {(user, name) for user, name in writes if user != "hub"}
    assert of_agencies == {
        (agency, f"liaison.{agency}.{kind}.v1") for agency in ("cn", "mm", "th") for kind in ("events", "sealed")
    }


def test_every_agency_reads_the_sealed_parts_of_every_other() -> None:
    rights = load_wanted(["cn", "mm", "th"]).rights

    read = {right.name for right in rights if right.user == "th" and right.name.endswith("sealed.v1")}

    assert read == {f"liaison.{agency}.sealed.v1" for agency in ("cn", "mm", "th")}


def test_nobody_has_a_right_to_transactions_or_to_the_cluster() -> None:
    assert {right.resource for right in load_wanted(["cn", "mm"]).rights} == {"topic", "group"}


def test_one_agency_alone_has_no_right_of_another() -> None:
    assert [right for right in load_wanted(["cn"]).rights if "{" in str(right)] == []
