"""Names of the Kafka topics: owner first, so that one prefixed ACL per agency suffices.

Every topic has one partition for each corridor, with the same number everywhere.
"""

import re

from events.ids import Agency

LEDGER = "liaison.hub.ledger.v1"
CHECKPOINTS = "liaison.hub.checkpoints.v1"
QUARANTINE = "liaison.hub.quarantine.v1"

_EVENTS = re.compile(r"liaison\.([a-z][a-z0-9]{0,15})\.events\.v1")


def events_topic(agency: Agency) -> str:
    """Return the topic an agency publishes its signed events to."""
    return f"liaison.{agency}.events.v1"


def sealed_topic(agency: Agency) -> str:
    """Return the compacted topic for the sealed parts of an agency's events."""
    return f"liaison.{agency}.sealed.v1"


def notifications_topic(agency: Agency) -> str:
    """Return the topic on which the hub notifies an agency's offices."""
    return f"liaison.{agency}.notifications.v1"


def agency_of_topic(topic: str) -> Agency | None:
    """Return whose events a topic carries, or None if it carries no events."""
    found = _EVENTS.fullmatch(topic)
    return None if found is None else Agency(found[1])
