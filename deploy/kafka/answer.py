"""Whether a broker answers, and its users: what is asked of it as admin while it starts."""

import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # it exports them without saying so
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)

from hub.kafka import KafkaSettings

LOOK_EVERY_S = 0.05
ANSWER_WITHIN_S = 5.0
ITERATIONS = 4096


def admin_client(settings: KafkaSettings) -> AdminClient:
    """Return librdkafka's admin client; it writes nothing to the terminal."""
    options: dict[str, Any] = {  # librdkafka's names and values
        "bootstrap.servers": settings.bootstrap,
        "security.protocol": settings.security,
        "log_level": 0,
    }
    if settings.user is not None:
        options |= {
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": settings.user,
            "sasl.password": settings.password or "",
        }
    if settings.ca_file is not None:
        options["ssl.ca.location"] = settings.ca_file
    return AdminClient(options)


def wait_for_answer(admin: KafkaSettings, is_alive: Callable[[], bool], seconds: float) -> bool:
    """Return True once *admin* can log in and sees a broker, False if it died or the time is over."""
    end = time.monotonic() + seconds
    while is_alive() and time.monotonic() < end:
        if listens(admin.bootstrap) and answers(admin):
            return True
        time.sleep(LOOK_EVERY_S)
    return False


def listens(bootstrap: str) -> bool:
    """Return whether somebody accepts connections there."""
    host, _, port = bootstrap.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_WITHIN_S).close()
    except OSError:
        return False
    return True


def answers(admin: KafkaSettings) -> bool:
    """Return whether a broker lets *admin* in and knows itself."""
    try:
        return bool(admin_client(admin).list_topics(timeout=ANSWER_WITHIN_S).brokers)
    except KafkaException:
        return False


def change_passwords(admin: KafkaSettings, passwords: Mapping[str, str]) -> None:
    """Give users new passwords, and make those that are not there yet."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(name, info, word.encode()) for name, word in passwords.items()
    ]
    if users:
        client = admin_client(admin)  # kept until the end: its answers die with it
        for done in client.alter_user_scram_credentials(users).values():
            done.result(ANSWER_WITHIN_S)
