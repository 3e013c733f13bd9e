"""What a broker of one node is told: a text made of its ports and passwords."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from random import SystemRandom

from hub.errors import HubError

HOST = "127.0.0.1"
ADMIN, CONTROLLER = "admin", "controller"
PLAIN_WORD = re.compile(r"[A-Za-z0-9_.~-]{1,128}")

# Below the ports that systems hand out to outgoing connections (from 32768): a client that knocks at a closed
# port again and again is some day given that very port, connects to itself and keeps the broker out.
PORTS = range(20_000, 30_000)

# broker.session: a killed broker is let in again only when its old session is over; nine seconds by default.
TEMPLATE = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=CLIENT://{host}:{client_port},CONTROLLER://{host}:{controller_port}
advertised.listeners=CLIENT://{host}:{client_port}
listener.security.protocol.map=CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENT
controller.listener.names=CONTROLLER

sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.client.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule \
required username="{admin}" password="{admin_password}";
sasl.mechanism.controller.protocol=PLAIN
listener.name.controller.sasl.enabled.mechanisms=PLAIN
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
required username="{controller}" password="{controller_password}" user_{controller}="{controller_password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:{controller}

auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
log.dirs=data
num.network.threads=2
num.io.threads=4
background.threads=2
log.cleaner.dedupe.buffer.size=4194304
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a broker listens on the loopback address."""

    client: int
    controller: int


def server_properties(ports: Ports, passwords: Mapping[str, str]) -> str:
    """Return the text of `server.properties`; *passwords* has those of admin and controller."""
    return TEMPLATE.format(
        host=HOST,
        client_port=ports.client,
        controller_port=ports.controller,
        admin=ADMIN,
        admin_password=passwords[ADMIN],
        controller=CONTROLLER,
        controller_password=passwords[CONTROLLER],
    )


def format_arguments(cluster: str, passwords: Mapping[str, str]) -> str:
    """Return the arguments, one on each line, that prepare a data folder and its first users."""
    users = [f"SCRAM-SHA-512=[name={name},password={passwords[name]}]" for name in passwords if name != CONTROLLER]
    scram = [word for user in users for word in ("--add-scram", user)]
    words = ("kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties", *scram)
    return "\n".join(f'"{word}"' for word in words)


def checked(passwords: Mapping[str, str]) -> Mapping[str, str]:
    """Return names and passwords as they are.

    Raises:
        HubError: one has a character that Kafka's own files give a meaning to.
    """
    for name, password in passwords.items():
        if not PLAIN_WORD.fullmatch(name) or not PLAIN_WORD.fullmatch(password):
            message = f"kafka user {name[:32]!r}: expected letters, digits and _ . ~ - in name and password"
            raise HubError(message, hint="choose another password", exit_code=2)
    return passwords


def free_ports() -> Ports:
    """Return two ports nobody listens on now."""
    client, controller = (listening := [_listening() for _ in range(2)])
    ports = Ports(client.getsockname()[1], controller.getsockname()[1])
    for each in listening:
        each.close()
    return ports


def _listening() -> socket.socket:
    for port in SystemRandom().sample(PORTS, 100):
        try:
            return socket.create_server((HOST, port))
        except OSError:
            continue
    message = f"no free port on {HOST}: tried 100 from {PORTS.start} to {PORTS.stop}"
    raise HubError(message, hint="end what listens there, or name ports of your own")
