"""Kafka as this node sees it: its login, its producer, its consumer, its rights.

The only module that imports aiokafka (untyped: hence the ``Any``). Faust brings its
own consumers; what they share with ours is ``tls_context`` and ``RANGE_ASSIGNOR``.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.conn import create_conn
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
    for_code,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String

from hub.errors import HubError, Transient

__all__ = [
    "LOGS_IN",
    "RANGE_ASSIGNOR",
    "AccessRefused",
    "BrokerUnreachable",
    "KafkaError",
    "KafkaSettings",
    "LoginRefused",
    "TopicPartition",
    "check_access",
    "consumer",
    "producer",
    "tls_context",
]

RANGE_ASSIGNOR: Any = RangePartitionAssignor
"""Gives equal partition numbers of different topics to the same worker."""

LOGS_IN = frozenset({"SASL_PLAINTEXT", "SASL_SSL"})
READ, WRITE = 3, 4  # AclOperation codes of the protocol
UNKNOWN_TOPIC = 3  # an error code of the protocol
RIGHTS_UNKNOWN = -(2**31)
ANSWER_WITHIN_S = 15.0


class BrokerUnreachable(Transient):
    """Check that the broker runs and that [kafka] bootstrap names its host and port."""


class LoginRefused(HubError):  # noqa: N818 - says what happened
    """Check user and password of [kafka]; the broker's operator can set them anew."""


class AccessRefused(HubError):  # noqa: N818 - says what happened
    """Ask the broker's operator for the missing right, or for the missing topic."""


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How a node reaches its broker and who it is there.

    *bootstrap* is one or more ``host:port``, separated by commas. *ca_file* is needed
    only if the broker's certificate is not signed by a public authority.
    """

    bootstrap: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    security: Literal["SASL_PLAINTEXT", "SASL_SSL", "PLAINTEXT"] = "SASL_SSL"
    ca_file: str | None = None

    @property
    def servers(self) -> tuple[str, ...]:
        """Return each ``host:port``."""
        return tuple(part.strip() for part in self.bootstrap.split(",") if part.strip())


def tls_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """Return what the connection is encrypted with, None where it is not."""
    if settings.security != "SASL_SSL":
        return None
    return ssl.create_default_context(cafile=settings.ca_file)


def login(settings: KafkaSettings) -> dict[str, Any]:
    """Return aiokafka's options for security and credentials."""
    options: dict[str, Any] = {
        "security_protocol": settings.security,
        "ssl_context": tls_context(settings),
    }
    if settings.security in LOGS_IN:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": settings.user,
            "sasl_plain_password": settings.password,
        }
    return options


def producer(settings: KafkaSettings, **options: Any) -> AIOKafkaProducer:
    """Return an idempotent producer, not started; every record acknowledged by all.

    *options* are aiokafka's own and win over ours. Must be called inside the loop.
    """
    ours: dict[str, Any] = {
        "bootstrap_servers": list(settings.servers),
        "acks": "all",
        "enable_idempotence": True,
        "max_batch_size": 1 << 20,
        "max_request_size": 2 << 20,
        "request_timeout_ms": 30_000,
        "retry_backoff_ms": 250,
    }
    return AIOKafkaProducer(**(ours | login(settings) | options))


def consumer(settings: KafkaSettings, *topics: str, **options: Any) -> AIOKafkaConsumer:
    """Return a consumer of committed records, not started; it commits nothing itself.

    Without *topics* assign partitions to it. Must be called inside the loop.
    """
    ours: dict[str, Any] = {
        "bootstrap_servers": list(settings.servers),
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "request_timeout_ms": 40_000,
        "retry_backoff_ms": 250,
    }
    return AIOKafkaConsumer(*topics, **(ours | login(settings) | options))


async def check_access(
    settings: KafkaSettings,
    *,
    reads: Iterable[str] = (),
    writes: Iterable[str] = (),
    group: str | None = None,
) -> None:
    """Return if the broker answers, knows us and lets us do all of this.

    Nothing is written, read or joined. One connection, two requests.

    Raises:
        BrokerUnreachable: no server of the list answers.
        LoginRefused: user or password are wrong.
        AccessRefused: a topic is unknown or a right is missing; names all of them.
    """
    wanted = [(READ, topic) for topic in reads] + [(WRITE, topic) for topic in writes]
    async with connection(settings) as link:
        topics = sorted({topic for _, topic in wanted})
        missing = refused(wanted, await topic_rights(link, topics)) if topics else []
        if group is not None and not await group_allowed(link, group):
            missing.append(f"group {group} forbidden")
    if missing:
        message = f"access of {settings.user or 'anyone'}: {', '.join(missing)}"
        raise AccessRefused(message)


def refused(wanted: Iterable[tuple[int, str]], rights: Mapping[str, tuple[int, int]]) -> list[str]:
    """Return in words what is missing of (operation, topic), given code and bits."""
    missing = [what_is_missing(operation, topic, *rights.get(topic, (UNKNOWN_TOPIC, 0))) for operation, topic in wanted]
    return [words for words in dict.fromkeys(missing) if words]


def what_is_missing(operation: int, topic: str, code: int, bits: int) -> str:
    """Return in words what we may not do with a topic, empty if we may."""
    if code:
        return f"topic {topic} {'unknown' if code == UNKNOWN_TOPIC else 'forbidden'}"
    if bits == RIGHTS_UNKNOWN or bits & 1 << operation:
        return ""
    return f"topic {topic} not {'readable' if operation == READ else 'writable'}"


async def topic_rights(link: Any, topics: list[str]) -> dict[str, tuple[int, int]]:
    """Return error code and bits of allowed operations for each topic."""
    answer = await link.send(RightsRequest(topics))
    return {topic[1]: (topic[0], topic[4]) for topic in answer.topics}


async def group_allowed(link: Any, group: str) -> bool:
    """Return whether we may use a consumer group."""
    answer = await link.send(FindCoordinatorRequest(group, 0))
    return "Authorization" not in for_code(answer.error_code).__name__


@asynccontextmanager
async def connection(settings: KafkaSettings) -> AsyncIterator[Any]:
    """Give one logged-in connection to the first server that answers."""
    link = await first_connection(settings)
    try:
        yield link
    except (KafkaError, OSError, TimeoutError) as error:
        message = f"broker {settings.bootstrap}: {error!r}"
        raise BrokerUnreachable(message) from error
    finally:
        link.close()


async def first_connection(settings: KafkaSettings) -> Any:
    """Return a connection to the first server of the list that answers.

    Raises:
        LoginRefused: a server answered and did not know us.
        BrokerUnreachable: none answered.
    """
    problems = []
    for server in settings.servers:
        host, _, port = server.rpartition(":")
        try:
            return await asyncio.wait_for(
                create_conn(host.strip("[]"), int(port or 9092), **login(settings)),
                ANSWER_WITHIN_S,
            )
        except (AuthenticationFailedError, SaslAuthenticationFailed) as error:
            message = f"login of {settings.user} at {server}: refused"
            raise LoginRefused(message) from error
        except UnsupportedSaslMechanismError as error:
            message = f"login at {server}: {error}"
            raise LoginRefused(message) from error
        except (KafkaError, OSError, TimeoutError) as error:
            problems.append(f"{server}: {error or type(error).__name__}")
    message = f"broker does not answer: {'; '.join(problems)}"
    raise BrokerUnreachable(message)


TEXT = String("utf-8")


class RightsResponse(Response):  # type: ignore[misc]
    """Answer to ``RightsRequest``: topics with their allowed operations."""

    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", Array(("node_id", Int32), ("host", TEXT), ("port", Int32), ("rack", TEXT))),
        ("cluster_id", TEXT),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", TEXT),
                ("is_internal", Boolean),
                (
                    "partitions",
                    Array(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", Array(Int32)),
                        ("isr", Array(Int32)),
                        ("offline_replicas", Array(Int32)),
                    ),
                ),
                ("authorized_operations", Int32),
            ),
        ),
        ("cluster_authorized_operations", Int32),
    )


class RightsRequest_v8(RequestStruct):  # type: ignore[misc]  # noqa: N801 - aiokafka's naming
    """Metadata request of version 8, which aiokafka does not have (it stops at 5)."""

    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = RightsResponse
    SCHEMA = Schema(
        ("topics", Array(TEXT)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class RightsRequest(Request[RightsRequest_v8]):  # type: ignore[misc]
    """Asks what we may do with some topics."""

    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        """Keep the names of the topics."""
        self._topics = topics

    def build(self, request_struct_class: type[RightsRequest_v8]) -> RightsRequest_v8:
        """Return the request for the wire."""
        create, rights_on_cluster, rights_on_topics = False, False, True
        return request_struct_class(self._topics, create, rights_on_cluster, rights_on_topics)
