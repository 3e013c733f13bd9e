"""The broker keeps the agencies apart, keeps what it acknowledged, and is changed without taking anything away."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from typer.testing import CliRunner

from deploy.cli_kafka import NotUndone, PlanDrifted, broker_app, topics_app
from deploy.kafka.admin import KafkaAdmin, apply, plan
from deploy.kafka.answer import answers, wait_for_answer
from deploy.kafka.broker import BrokerNotStarted, LocalKafka
from deploy.kafka.process import command_line
from deploy.kafka.properties import Ports
from deploy.kafka.quotas import QuotaRefused
from events.topics import CHECKPOINTS, LEDGER, QUARANTINE
from hub.errors import HubError
from hub.kafka import LoginRefused, check_access
from tests.support.broker import VERSION, create_topic, delete_topics, new_broker, wanted
from tests.support.records import read, write

pytestmark = pytest.mark.integration

CN_EVENTS, MM_EVENTS = "liaison.cn.events.v1", "liaison.mm.events.v1"
CN_SEALED, MM_SEALED = "liaison.cn.sealed.v1", "liaison.mm.sealed.v1"
CN_NOTIFICATIONS, MM_NOTIFICATIONS = "liaison.cn.notifications.v1", "liaison.mm.notifications.v1"
FOREIGN_TO_CN = [
    MM_EVENTS, MM_SEALED, MM_NOTIFICATIONS, CN_NOTIFICATIONS, LEDGER, CHECKPOINTS, QUARANTINE,
]  # fmt: skip


@pytest.mark.parametrize("topic", FOREIGN_TO_CN)
def test_an_agency_cannot_write_what_is_not_its_own(broker: LocalKafka, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(write(broker.settings("cn"), topic, b"forged"))


@pytest.mark.parametrize("topic", [MM_EVENTS, MM_NOTIFICATIONS, QUARANTINE])
def test_an_agency_cannot_read_what_is_told_to_the_other(broker: LocalKafka, topic: str) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        asyncio.run(read(broker.settings("cn"), topic, group="liaison.cn.curious.v1"))


def test_an_agency_cannot_join_the_groups_of_the_other(broker: LocalKafka) -> None:
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(read(broker.settings("cn"), LEDGER, group="liaison.mm.project.v1"))


def test_the_hub_cannot_read_sealed_parts(broker: LocalKafka) -> None:
    with pytest.raises(HubError, match=r"liaison\.cn\.sealed\.v1 forbidden, topic liaison\.mm\.sealed\.v1 forbidden"):
        asyncio.run(check_access(broker.settings("hub"), reads=[CN_SEALED, MM_SEALED]))


def test_the_hub_may_do_its_work(broker: LocalKafka) -> None:
    asyncio.run(
        check_access(
            broker.settings("hub"),
            reads=[LEDGER, CHECKPOINTS, QUARANTINE, CN_EVENTS, MM_EVENTS],
            writes=[LEDGER, CHECKPOINTS, QUARANTINE, CN_NOTIFICATIONS, MM_NOTIFICATIONS],
            group="liaison.hub.admit.v1",
        )
    )


def test_an_agency_may_do_its_work(broker: LocalKafka) -> None:
    asyncio.run(
        check_access(
            broker.settings("mm"),
            reads=[LEDGER, CHECKPOINTS, MM_NOTIFICATIONS, MM_SEALED, CN_SEALED],
            writes=[MM_EVENTS, MM_SEALED],
            group="liaison.mm.project.v1",
        )
    )


def test_a_wrong_password_is_refused(broker: LocalKafka) -> None:
    with pytest.raises(LoginRefused):
        asyncio.run(check_access(replace(broker.settings("cn"), password="guessed")))


def test_an_oversize_event_arrives_so_that_it_can_be_quarantined(clean_broker: LocalKafka) -> None:
    oversize = os.urandom(1 << 20)

    asyncio.run(write(clean_broker.settings("cn"), CN_EVENTS, oversize))

    assert asyncio.run(read(clean_broker.settings("hub"), CN_EVENTS)) == [oversize]


def test_a_clean_broker_begins_at_offset_zero(clean_broker: LocalKafka) -> None:
    assert asyncio.run(write(clean_broker.settings("hub"), LEDGER, b"first")) == [0]


def test_what_was_applied_needs_nothing_more(broker: LocalKafka) -> None:
    admin = KafkaAdmin(broker.settings("admin"))

    done = apply(admin, wanted())

    assert done.changes == ()
    assert done.drift == ()


def test_a_plan_changes_nothing(clean_broker: LocalKafka) -> None:
    admin = KafkaAdmin(clean_broker.settings("admin"))
    before = admin.found()

    assert len(plan(admin, wanted(partitions=5)).changes) == len(wanted().topics)

    assert admin.found() == before


def test_topics_with_too_many_partitions_and_unknown_topics_are_told_and_left(clean_broker: LocalKafka) -> None:
    admin = KafkaAdmin(clean_broker.settings("admin"))
    create_topic(clean_broker, "liaison.xx.events.v1", 1)

    done = apply(admin, wanted(partitions=3))

    assert done.changes == ()
    assert done.drift[0] == f"topic {LEDGER} has too many partitions: expected 3, found 4"
    assert "topic liaison.xx.events.v1 is not in the data" in done.drift
    assert {topic.partitions for topic in admin.found().topics} == {4, 1}


def test_a_topic_that_forgets_is_made_to_keep_and_one_of_another_policy_is_left(clean_broker: LocalKafka) -> None:
    delete_topics(clean_broker, LEDGER, CN_SEALED)
    create_topic(clean_broker, LEDGER, 4, retention_ms="1000000000")
    create_topic(clean_broker, CN_SEALED, 4, cleanup_policy="delete")
    admin = KafkaAdmin(clean_broker.settings("admin"))

    done = apply(admin, wanted())

    assert f"alter topic {LEDGER} retention.ms: 1000000000 -> -1" in map(str, done.changes)
    assert [line.split(" could")[0] for line in done.drift] == [f"topic {CN_SEALED} cleanup.policy"]


def test_only_the_admin_can_look_at_rights_and_quotas(broker: LocalKafka) -> None:
    with pytest.raises(QuotaRefused, match="no right to the cluster"):
        plan(KafkaAdmin(broker.settings("cn")), wanted())


def test_acknowledged_records_survive_a_kill_and_the_port_stays(tmp_path: Path) -> None:
    with new_broker(tmp_path / "broker") as broker:
        apply(KafkaAdmin(broker.settings("admin")), wanted())
        port = broker.bootstrap
        asyncio.run(write(broker.settings("hub"), LEDGER, b"one", b"two"))

        broker.kill()
        killed = broker.status()
        broker.start()

        assert not killed.running
        assert broker.bootstrap == port
        assert asyncio.run(read(broker.settings("cn"), LEDGER)) == [b"one", b"two"]
        assert plan(KafkaAdmin(broker.settings("admin")), wanted()).changes == ()


def test_a_frozen_broker_answers_again_when_it_is_thawed(broker: LocalKafka) -> None:
    broker.freeze()
    try:
        frozen = answers(broker.settings("admin"))
    finally:
        broker.thaw()

    assert not frozen
    assert wait_for_answer(broker.settings("admin"), lambda: broker.status().running, 20)


def test_another_process_finds_and_stops_it_and_it_keeps_its_passwords(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    options = ["--dir", str(folder)]
    runner = CliRunner()

    started = runner.invoke(broker_app, ["start", *options, "--version", VERSION, "--json"])
    try:
        first = LocalKafka(folder).settings("cn").password
        again = runner.invoke(broker_app, ["start", *options, "--json"])
        applied = runner.invoke(topics_app, ["apply", *options])
        planned = runner.invoke(topics_app, ["plan", *options, "--json"])
        more = runner.invoke(topics_app, ["apply", *options, "--corridors", "2"])
        fewer = runner.invoke(topics_app, ["apply", *options, "--agencies", "cn"])
    finally:
        stopped = runner.invoke(broker_app, ["stop", *options])
    status = runner.invoke(broker_app, ["status", *options, "--json"])

    assert json.loads(started.stdout)["pid"] == json.loads(again.stdout)["pid"]
    assert first == LocalKafka(folder).settings("cn").password
    assert applied.exit_code == 0
    assert f"+ create topic {LEDGER}" in applied.stdout
    assert json.loads(planned.stdout) == {"changes": [], "drift": []}
    assert isinstance(more.exception, NotUndone)
    assert isinstance(fewer.exception, PlanDrifted)
    assert stopped.stdout == "stopped\n"
    assert status.exit_code == 1
    assert json.loads(status.stdout)["running"] is False


def test_passwords_are_readable_by_their_owner_only(broker: LocalKafka) -> None:
    files = [broker.folder / "server.properties", *broker.password_file("admin").parent.iterdir()]

    assert [file.name for file in files if file.stat().st_mode & 0o077] == []
    assert len(files) == 6
    assert broker.password_file("admin").parent.stat().st_mode & 0o077 == 0
    assert "password" not in command_line(broker.status().pid or 0)


def test_a_new_user_and_a_new_password_are_taken_at_the_next_start(tmp_path: Path) -> None:
    with new_broker(tmp_path):
        pass
    users = {"cn": "changed", "xx": "new"}

    with LocalKafka(tmp_path, principals=users, die_with_parent=True) as broker:
        assert broker.version == VERSION
        assert answers(broker.settings("cn"))
        assert answers(broker.settings("xx"))
        assert answers(broker.settings("hub"))
        with pytest.raises(LoginRefused):
            asyncio.run(check_access(replace(broker.settings("cn"), password="password-of-cn")))


def test_a_stale_process_id_is_neither_believed_nor_killed(tmp_path: Path) -> None:
    foreign = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    state = {"pid": foreign.pid, "version": VERSION, "client_port": 20001, "controller_port": 20002}
    (tmp_path / "broker.json").write_text(json.dumps(state), encoding="utf-8")

    broker = LocalKafka(tmp_path)
    broker.stop()
    broker.kill()

    assert not broker.status().running
    assert foreign.poll() is None
    foreign.communicate(b"\n")


def test_a_broker_that_cannot_start_says_what_it_wrote_last(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        broker = LocalKafka(tmp_path, VERSION, ports=Ports(port, 20003), die_with_parent=True)

        with pytest.raises(BrokerNotStarted, match=r"(?s)ended; its last lines:.*Address already in use"):
            broker.start()

    assert not broker.status().running


def test_data_of_another_version_is_refused(tmp_path: Path) -> None:
    state = {"pid": 0, "version": "3.9", "client_port": 20001, "controller_port": 20002}
    (tmp_path / "broker.json").write_text(json.dumps(state), encoding="utf-8")

    with pytest.raises(HubError, match=r"expected 4\.4, found data of 3\.9"):
        LocalKafka(tmp_path, "4.4").start()


CHILD = """
import sys
from pathlib import Path
from tests.support.broker import new_broker
broker = new_broker(Path(sys.argv[1]))
broker.start()
print(broker.status().pid, flush=True)
input()
"""


def test_a_leashed_broker_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    lived = "kafka.Kafka" in command_line(pid)

    child.send_signal(signal.SIGKILL)
    child.communicate()

    assert lived
    assert ended(lambda: LocalKafka(tmp_path).status().running)


def ended(runs: Callable[[], bool]) -> bool:
    return any(not runs() for _ in range(10_000))
