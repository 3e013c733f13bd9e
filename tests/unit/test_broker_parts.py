"""The local broker's parts that need no broker: jars, ports, passwords, settings, and its command line's refusals."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli_kafka import broker_app, topics_app
from deploy.kafka.broker import LocalKafka
from deploy.kafka.files import last_lines, write_private
from deploy.kafka.jars import JarForged, JarsMissing, class_path, folder_of, locked, versions
from deploy.kafka.passwords import joined, keep_passwords, known_passwords, passwords_for
from deploy.kafka.process import Process, command_line
from deploy.kafka.properties import PORTS, Ports, checked, format_arguments, free_ports, server_properties
from hub.errors import HubError


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = tmp_path / "jgo.conf"
    config.write_text("[repositories]\ncentral = nowhere://\n", encoding="utf-8")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    monkeypatch.setenv("M2_REPO", str(tmp_path / "maven"))
    monkeypatch.setenv("HUB_KAFKA_JARS", str(tmp_path / "jars"))
    return tmp_path


@pytest.mark.parametrize("version", ["4.4", "3.9"])
def test_a_lock_has_a_sha_256_for_every_jar_and_no_address(version: str) -> None:
    jars = locked(version)

    assert {len(jar.sha256) for jar in jars} == {64}
    assert len({jar.file for jar in jars}) == len(jars)
    assert [jar.version.rpartition(".")[0] for jar in jars if jar.artifact == "kafka_2.13"] == [version]


def test_the_newest_kafka_comes_first() -> None:
    assert versions() == ("4.4", "3.9")


def test_an_unknown_version_names_those_there_are() -> None:
    with pytest.raises(HubError, match=r"kafka 2\.0 is unknown: expected one of 4\.4, 3\.9"):
        locked("2.0")


def test_a_jar_that_cannot_be_fetched_is_named_with_its_folder(offline: Path) -> None:
    with pytest.raises(JarsMissing, match=rf"\.jar cannot be fetched into {offline}/jars/4\.4"):
        class_path("4.4")


def test_a_forged_jar_is_refused_and_not_kept(offline: Path) -> None:
    for jar in locked("4.4"):
        file = offline.joinpath("maven", *jar.group.split("."), jar.artifact, jar.version, jar.file)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"forged")

    with pytest.raises(JarForged, match=r"has a wrong sha-256: expected [0-9a-f]{12}, found ccdd35168ab4"):
        class_path("4.4")

    assert list(folder_of("4.4").glob("*.jar")) == []


def test_ports_are_two_and_none_that_a_client_could_be_given() -> None:
    ports = free_ports()

    assert ports.client != ports.controller
    assert ports.client in PORTS
    assert ports.controller in PORTS
    assert max(PORTS) < 32768


def test_a_password_that_kafka_would_read_as_something_else_is_refused() -> None:
    with pytest.raises(HubError, match="kafka user 'cn': expected letters") as refusal:
        checked({"cn": 'x"; admin'})

    assert 'x"' not in str(refusal.value)


def test_clients_and_controllers_log_in_and_nothing_listens_beyond_this_machine() -> None:
    text = server_properties(Ports(20001, 20002), {"admin": "one", "controller": "two"})

    assert "listeners=CLIENT://127.0.0.1:20001,CONTROLLER://127.0.0.1:20002" in text
    assert "listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT" in text
    assert "auto.create.topics.enable=false" in text


def test_the_controller_is_no_user_of_the_client_listener() -> None:
    assert "controller" not in format_arguments("id", {"admin": "one", "controller": "two", "cn": "three"})


def test_a_private_file_is_written_with_mode_600_and_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old", encoding="utf-8")

    write_private(file, "new")

    assert file.read_text(encoding="utf-8") == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_the_end_of_a_log_has_no_inner_lines_of_stack_traces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\nsecond\n\tat x.Y(Z.java:1)\nthird\n", encoding="utf-8")

    assert last_lines(log, 2) == "second\nthird"
    assert last_lines(tmp_path / "missing") == ""


def test_known_users_keep_their_passwords_and_new_ones_get_one(tmp_path: Path) -> None:
    keep_passwords(tmp_path, {"cn": "kept"})

    found = passwords_for(tmp_path, ["cn", "mm"])

    assert found["cn"] == "kept"
    assert len(found["mm"]) > 30
    assert known_passwords(tmp_path) == {"cn": "kept"}


def test_admin_and_controller_keep_what_the_data_knows() -> None:
    known = {"admin": "a", "controller": "c", "cn": "old"}

    assert joined(known, {"admin": "b", "cn": "new"}) == {"admin": "a", "controller": "c", "cn": "new"}


def test_a_process_counts_only_while_it_is_the_program_it_was() -> None:
    assert Process(os.getpid(), command_line(os.getpid())[:20]).is_alive
    assert not Process(os.getpid(), "kafka.Kafka").is_alive
    assert command_line(2**22 + 1) == ""


def test_a_folder_without_a_broker_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="no broker in") as refusal:
        _ = LocalKafka(tmp_path).bootstrap

    assert refusal.value.hint == "start it first: hub broker start"
    assert not LocalKafka(tmp_path).status().running


def test_the_status_of_a_broker_that_does_not_run_is_exit_code_1(tmp_path: Path) -> None:
    found = CliRunner().invoke(broker_app, ["status", "--dir", str(tmp_path / "none")])

    assert found.exit_code == 1
    assert "broker     stopped" in found.stdout
    assert not (tmp_path / "none").exists()


def test_no_broker_and_an_unknown_option_are_told_apart(tmp_path: Path) -> None:
    runner = CliRunner()

    missing = runner.invoke(topics_app, ["plan", "--dir", str(tmp_path)])
    wrong = runner.invoke(topics_app, ["plan", "--corridors", "0"])

    assert isinstance(missing.exception, HubError)
    assert wrong.exit_code == 2


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret", encoding="utf-8")
    file.chmod(0o644)
    options = ["--bootstrap", "127.0.0.1:1", "--password-file", str(file)]

    refusal = CliRunner().invoke(topics_app, ["plan", *options]).exception

    assert "expected mode 600, found 644" in str(refusal)
