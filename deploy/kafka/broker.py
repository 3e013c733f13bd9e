"""A real Apache Kafka of one node on this machine, for a first contact, the demo and the tests.

Everything is in its folder: `data/`, `server.properties`, `passwords/<user>`, `broker.log` and `broker.json`, which
tells other processes where it listens. Not for production: one node loses what it held when its disk is lost.
"""

import atexit
import base64
import json
import signal
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.kafka import process
from deploy.kafka.answer import change_passwords, wait_for_answer
from deploy.kafka.files import alone, last_lines, private_folder, write_private
from deploy.kafka.jars import DEFAULT_VERSION, class_path, locked
from deploy.kafka.passwords import joined, keep_passwords, known_passwords, password_file
from deploy.kafka.process import Process
from deploy.kafka.properties import (
    ADMIN,
    HOST,
    Ports,
    checked,
    format_arguments,
    free_ports,
    server_properties,
)
from hub.errors import HubError
from hub.kafka import KafkaSettings

START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
JVM = (
    "-Xmx512m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
)


class BrokerNotStarted(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Read broker.log in its folder; often another program listens on its port, or the disk is full."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a broker from its folder; *memory_bytes* is what it holds now."""

    running: bool
    bootstrap: str | None
    version: str | None
    pid: int | None
    memory_bytes: int | None


class LocalKafka:
    """A broker in a folder; as a context manager it runs inside the block.

    *principals* are user names with their passwords; admin and controller are added. Without
    *ports* it takes free ones the first time and keeps them. *die_with_parent* kills it when
    the thread that called ``start`` ends, however it ends.
    """

    def __init__(
        self,
        folder: Path,
        version: str | None = None,
        principals: Mapping[str, str] | None = None,
        ports: Ports | None = None,
        *,
        die_with_parent: bool = False,
    ) -> None:
        """Nothing is started, written or looked at yet."""
        self.folder = folder.resolve()
        self._version = version
        self._principals = checked(principals or {})
        self._ports = ports
        self._die_with_parent = die_with_parent

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    @property
    def version(self) -> str:
        """The version of Kafka, like ``4.4``."""
        return self._version or self._state.get("version") or DEFAULT_VERSION

    @property
    def bootstrap(self) -> str:
        """Where clients connect.

        Raises:
            HubError: it was never started.
        """
        if "client_port" not in self._state:
            message = f"no broker in {self.folder}"
            raise HubError(message, hint="start it first: hub broker start")
        return f"{HOST}:{self._state['client_port']}"

    def settings(self, user: str) -> KafkaSettings:
        """Return how *user* logs in.

        Raises:
            HubError: it was never started, or has no such user.
        """
        bootstrap, passwords = self.bootstrap, known_passwords(self.folder)
        if user not in passwords:
            message = f"broker in {self.folder} has no user {user}: expected one of {', '.join(sorted(passwords))}"
            raise HubError(message, hint="name the user in principals when it is started")
        return KafkaSettings(bootstrap, user, passwords[user], security="SASL_PLAINTEXT")

    def password_file(self, user: str) -> Path:
        """Return the file, of mode 600, that has the password of *user*."""
        return password_file(self.folder, user)

    def start(self) -> None:
        """Start it and return when it answers; nothing happens if it runs.

        Raises:
            BrokerNotStarted: it ended or did not answer in time; says what it wrote last.
            HubError: its jars cannot be fetched, or its data is of another version.
        """
        private_folder(self.folder)
        with alone(self.folder):
            if self._running is None:
                self._check_version()
                self._launch(class_path(self.version))

    def stop(self) -> None:
        """End it, well if it answers within 20 s; its data, ports and passwords stay."""
        running = self._running
        if running is not None:
            self.thaw()
            running.send(signal.SIGTERM)
            if not running.is_gone_within(STOP_WITHIN_S):
                self.kill()

    def restart(self) -> None:
        """Stop it and start it on the same ports and data."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """End it without a warning (SIGKILL)."""
        running = self._running
        if running is not None:
            running.send(signal.SIGKILL)
            running.is_gone_within(STOP_WITHIN_S)

    def freeze(self) -> None:
        """Let it stand still (SIGSTOP): it accepts connections and answers nothing."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._send(signal.SIGCONT)

    def status(self) -> Status:
        """Return whether it runs and where."""
        running, state = self._running, self._state
        return Status(
            running=running is not None,
            bootstrap=f"{HOST}:{state['client_port']}" if state else None,
            version=state.get("version"),
            pid=running.pid if running else None,
            memory_bytes=process.memory_bytes(running.pid) if running else None,
        )

    @property
    def _running(self) -> Process | None:
        known = Process(self._state.get("pid", 0), f"kafka.Kafka {self.folder / 'server.properties'}")
        return known if known.pid and known.is_alive else None

    @property
    def _state(self) -> dict[str, Any]:  # what was written to a file, by us or by an older version of us
        try:
            return dict(json.loads((self.folder / "broker.json").read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError):
            return {}

    def _send(self, number: signal.Signals) -> None:
        running = self._running
        if running is not None:
            running.send(number)

    def _check_version(self) -> None:
        known = self._state.get("version")
        if known is not None and known != self.version:
            message = f"broker in {self.folder} has the wrong version: expected {self.version}, found data of {known}"
            raise HubError(message, hint="take another folder, or delete this one with all its data")
        locked(self.version)

    def _launch(self, jars: str) -> None:
        ports, old = self._own_ports(), known_passwords(self.folder)
        passwords = joined(old, self._principals)
        write_private(self.folder / "server.properties", server_properties(ports, passwords))
        fresh = not (self.folder / "data" / "meta.properties").exists()
        if fresh:
            self._format(jars, passwords)
        self._spawn(jars, ports)
        self._wait(KafkaSettings(f"{HOST}:{ports.client}", ADMIN, passwords[ADMIN], security="SASL_PLAINTEXT"))
        if not fresh:
            changed = {user: word for user, word in passwords.items() if old.get(user) != word}
            change_passwords(self.settings(ADMIN), changed)
        keep_passwords(self.folder, passwords)

    def _own_ports(self) -> Ports:
        state = self._state
        if self._ports is None and "client_port" in state:
            return Ports(state["client_port"], state["controller_port"])
        return self._ports or free_ports()

    def _format(self, jars: str, passwords: Mapping[str, str]) -> None:
        keep_passwords(self.folder, passwords)
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        arguments = self.folder / "format.arguments"
        write_private(arguments, format_arguments(cluster, passwords))
        done = process.finished(arguments, self.folder, jars)
        arguments.unlink()
        if done.returncode:
            message = f"data folder of the broker in {self.folder} cannot be made: {done.stderr.strip()[-400:]}"
            raise BrokerNotStarted(message)

    def _spawn(self, jars: str, ports: Ports) -> None:
        arguments = [*JVM, "kafka.Kafka", str(self.folder / "server.properties")]
        log = self.folder / "broker.log"
        pid = process.started(arguments, self.folder, jars, log=log, dies_with_parent=self._die_with_parent)
        state = {
            "pid": pid,
            "version": self.version,
            "client_port": ports.client,
            "controller_port": ports.controller,
        }
        write_private(self.folder / "broker.json", json.dumps(state, indent=2) + "\n")
        if self._die_with_parent and sys.platform != "linux":
            atexit.register(self.kill)  # the best there is where the kernel knows no leash

    def _wait(self, admin: KafkaSettings) -> None:
        try:
            if wait_for_answer(admin, lambda: self._running is not None, START_WITHIN_S):
                return
        except BaseException:  # interrupted: nothing may run that nobody knows of
            self.kill()
            raise
        ended = self._running is None
        self.kill()
        what = "ended" if ended else f"did not answer within {START_WITHIN_S:.0f} s"
        message = f"broker in {self.folder} {what}; its last lines:\n{last_lines(self.folder / 'broker.log')}"
        raise BrokerNotStarted(message)
