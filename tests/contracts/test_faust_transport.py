"""What our way of using Faust must survive: one test for each row of hazards, on a real broker."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from deploy.kafka.broker import LocalKafka
from hub.kafka import AccessRefused, BrokerUnreachable, KafkaSettings, LoginRefused, check_access
from tests.contracts.records import commit, committed, send, send_and_abort
from tests.contracts.worker import ROOT, Event, Worker
from tests.support.broker import create_topic

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

SMALL = {"chunk_records_max": 10, "commit_interval_s": 0.2, "session_timeout_s": 6.0}


@pytest.fixture
def name(broker: LocalKafka) -> str:
    """Return the name of a new topic of one partition, good for an agent's name too."""
    return new_topic(broker, 1)


@pytest.fixture
def kafka(broker: LocalKafka) -> KafkaSettings:
    """Return how to reach the broker as one who may do everything."""
    return broker.settings("admin")


def test_records_arrive_in_order_and_a_signal_commits_what_is_done(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(100))

    with Worker(kafka, name, topics=[name], settings=SMALL) as worker:
        worker.until_all_done({(name, 0): 99})
        send(kafka, name, range(100, 130))
        worker.until_all_done({(name, 0): 129})
        code = worker.signalled(signal.SIGTERM).exit_code()

    assert code == 0
    assert worker.done(name) == list(range(130))
    assert [len(event["offsets"]) <= 10 for event in worker.events("done")] == [True] * len(worker.events("done"))
    assert committed(kafka, name) == 130


def test_a_body_that_raises_ends_the_process_and_its_chunk_is_not_committed(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(50))

    with Worker(kafka, name, topics=[name], settings=SMALL, trouble={"kind": "bug", "offset": 25}) as worker:
        code = worker.exit_code()
    failure = worker.events("agent_failed")[0]

    assert code == 70
    assert "ValueError" in failure["exception"]
    assert "must not be seen" not in failure["exception"]
    assert (committed(kafka, name) or 0) <= worker.events("begun")[-1]["first"] <= 25


def test_a_body_that_cancels_itself_ends_the_process(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(10))

    with Worker(kafka, name, topics=[name], settings=SMALL, trouble={"kind": "cancellation", "offset": 5}) as worker:
        code = worker.exit_code()

    assert code == 70


def test_a_fault_that_will_pass_is_retried_in_place_and_nothing_is_committed_past_it(
    kafka: KafkaSettings, name: str, tmp_path: Path
) -> None:
    send(kafka, name, range(60))
    repaired = tmp_path / "repaired"
    trouble = {"kind": "fault", "offset": 25, "until": str(repaired)}

    with Worker(kafka, name, topics=[name], settings=SMALL, trouble=trouble) as worker:
        worker.until(lambda event: event["event"] == "trouble")
        first = worker.events("begun")[-1]["first"]
        for _ in range(4):
            worker.until(lambda event: event["event"] == "trouble")
        held = committed(kafka, name)
        repaired.touch()
        worker.until_all_done({(name, 0): 59})

    assert held == first
    assert {event["first"] for event in worker.events("begun")[2:7]} == {first}
    assert 1 <= len(worker.events("agent_waits")) <= 3
    assert worker.done(name) == list(range(60))


def test_a_signal_ends_a_body_that_waits_for_better_times(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(30))

    with Worker(kafka, name, topics=[name], settings=SMALL, trouble={"kind": "fault", "offset": 15}) as worker:
        worker.until(lambda event: event["event"] == "trouble")
        code = worker.signalled(signal.SIGTERM).exit_code()

    assert code == 0
    assert committed(kafka, name) == worker.events("begun")[-1]["first"]
    assert max(worker.done(name)) < 15


def test_a_killed_worker_gets_its_chunk_again(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(40))

    with Worker(kafka, name, topics=[name], settings=SMALL, trouble={"kind": "stall", "offset": 15}) as worker:
        worker.until(lambda event: event["event"] == "trouble")
        worker.signalled(signal.SIGKILL).exit_code()
    with Worker(kafka, name, topics=[name], settings=SMALL) as after:
        after.until_all_done({(name, 0): 39})

    assert set(range(15, 40)) <= set(after.done(name))
    assert set(worker.done(name)) | set(after.done(name)) == set(range(40))
    assert after.done(name) == sorted(after.done(name))


def test_our_positions_win_over_what_is_committed(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(40))
    commit(kafka, name, 30)

    with Worker(kafka, name, topics=[name], settings=SMALL, positions=[(name, 0, 17)]) as worker:
        worker.until_all_done({(name, 0): 39})

    assert worker.done(name) == list(range(17, 40))
    assert [event["partitions"] for event in worker.events("assigned")] == [[[name, 0]]]


def test_a_stalled_body_ends_the_process_but_an_idle_one_does_not(kafka: KafkaSettings, name: str) -> None:
    watchful = SMALL | {"stall_s": 0.8}
    send(kafka, name, range(10))

    with Worker(kafka, name, topics=[name], settings=watchful, trouble={"kind": "stall", "offset": 15}) as worker:
        worker.until_all_done({(name, 0): 9})
        worker.expect_nothing_for(1.5)
        send(kafka, name, range(10, 20))
        code = worker.exit_code()

    assert code == 71


def test_a_task_beside_the_agents_is_under_the_same_guard(kafka: KafkaSettings, name: str) -> None:
    with Worker(kafka, name, topics=[name], task="bug") as worker:
        code = worker.exit_code()

    assert code == 70


def test_without_a_right_nothing_starts_and_the_reason_is_said(broker: LocalKafka, name: str) -> None:
    with Worker(broker.settings("cn"), name, topics=[name]) as worker:
        code = worker.exit_code()
    said = worker.events("refused")[0]

    assert code == 1
    assert said["kind"] == "AccessRefused"
    assert said["said"] == f"access of cn: topic {name} forbidden, group liaison.test.{name}.v1 forbidden"
    assert "Ask the broker's operator" in said["hint"]


def test_access_tells_a_wrong_password_from_a_silent_broker(kafka: KafkaSettings) -> None:
    wrong = KafkaSettings(kafka.bootstrap, kafka.user, "wrong", kafka.security)
    silent = KafkaSettings("127.0.0.1:1", kafka.user, kafka.password, kafka.security)

    with pytest.raises(LoginRefused, match="login of admin"):
        asyncio.run(check_access(wrong))
    with pytest.raises(BrokerUnreachable, match="does not answer"):
        asyncio.run(check_access(silent))


def test_access_names_everything_that_is_missing(kafka: KafkaSettings, name: str) -> None:
    asyncio.run(check_access(kafka, reads=[name], writes=[name], group="any"))

    with pytest.raises(AccessRefused, match="topic no-such-a unknown, topic no-such-b unknown"):
        asyncio.run(check_access(kafka, reads=["no-such-a"], writes=["no-such-b"]))


def test_another_version_of_faust_is_refused_at_import() -> None:
    program = "import faust; faust.__version__ = '0.16.0'; import agents.transport"

    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert "is written against faust-streaming 0.15.3, found 0.16.0" in run.stderr


def test_aborted_records_are_never_seen_and_their_gaps_do_not_hold_back_the_commit(
    kafka: KafkaSettings, name: str
) -> None:
    asyncio.run(send_and_abort(kafka, name))
    send(kafka, name, range(3))

    with Worker(kafka, name, topics=[name], settings=SMALL) as worker:
        worker.until(lambda event: event["event"] == "done" and "2" in event["values"])
        worker.signalled(signal.SIGTERM).exit_code()
    values = [value for event in worker.events("done") for value in event["values"]]

    assert values == ["0", "1", "2"]
    assert committed(kafka, name) == worker.done(name)[-1] + 1 > 3


def test_the_fallback_reads_single_records_from_the_same_positions(kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(30))

    with Worker(kafka, name, topics=[name], settings={"transport": "records"}, positions=[(name, 0, 7)]) as worker:
        worker.until_all_done({(name, 0): 29})
        code = worker.signalled(signal.SIGTERM).exit_code()

    assert code == 0
    assert worker.done(name) == list(range(7, 30))
    assert committed(kafka, name) == 30


def test_a_second_worker_takes_over_whole_partitions_and_nothing_is_lost(
    broker: LocalKafka, kafka: KafkaSettings
) -> None:
    topics = [new_topic(broker, 3), new_topic(broker, 3)]
    places = [(topic, partition) for topic in topics for partition in range(3)]
    for place in places:
        send(kafka, place[0], range(200), place[1])
    plan = {"topics": topics, "settings": SMALL, "trouble": {"kind": "slow", "offset": 100}}

    with Worker(kafka, topics[0], **plan) as left:
        left.until(lambda event: event["event"] == "trouble")
        with Worker(kafka, topics[0], **plan) as right:
            shares = [right.until(assigned)["partitions"], left.until(assigned)["partitions"]]
            lost = left.events("revoked")[-1]["partitions"]
            left.signalled(signal.SIGTERM).exit_code()
            right.until(assigned)
            for place in places:
                send(kafka, place[0], [200], place[1])
            right.until_all_done(dict.fromkeys(places, 200))
            right.signalled(signal.SIGTERM).exit_code()

    assert sorted(len(share) for share in shares) == [2, 4]
    assert all(
        sorted(n for topic, n in share if topic == name) == numbers(share) for share in shares for name in topics
    )
    assert sorted(lost) == sorted(map(list, places))
    for topic, partition in places:
        assert {*left.done(topic, partition), *right.done(topic, partition)} == set(range(201))
        assert right.done(topic, partition)[-1] == 200
        assert committed(kafka, topic, partition, group=topics[0]) == 201


def test_an_outage_of_the_broker_loses_nothing(broker: LocalKafka, kafka: KafkaSettings, name: str) -> None:
    send(kafka, name, range(50))

    with Worker(kafka, name, topics=[name], settings=SMALL) as worker:
        worker.until_all_done({(name, 0): 49})
        broker.stop()
        worker.expect_nothing_for(3.0)
        broker.start()
        send(kafka, name, range(50, 100))
        worker.until_all_done({(name, 0): 99})
        code = worker.signalled(signal.SIGTERM).exit_code()

    assert code == 0
    assert sorted(set(worker.done(name))) == list(range(100))
    assert any("suppressed" in event for event in worker.seen)
    assert committed(kafka, name) == 100


def new_topic(broker: LocalKafka, partitions: int) -> str:
    """Return the name of a topic that did not exist before."""
    name = f"liaison.test.{uuid4().hex[:8]}"
    create_topic(broker, name, partitions)
    return name


def assigned(event: Event) -> bool:
    """Return whether a worker got its partitions."""
    return bool(event["event"] == "assigned")


def numbers(share: list[list[Any]]) -> list[int]:
    """Return the partition numbers in a share, each once."""
    return sorted({number for _, number in share})
