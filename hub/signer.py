"""Signs many events on two cores: libsodium works without the interpreter's lock, and signing is half of the work."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from events.envelope import sign_event
from events.signing import SigningKey

TWO_CORES_FROM = 64
"""With fewer events a second thread costs more than it brings."""

Unsigned = Sequence[tuple[bytes, SigningKey]]
"""Exact bytes of events, each with the key of its office."""


def signed(events: Unsigned) -> list[bytes]:
    """Return the envelopes of some events, in their order.

    Raises:
        EventTooLargeError: an event is over 48 KiB.
    """
    if len(events) < TWO_CORES_FROM:
        return _signed(events)
    middle = len(events) // 2
    with ThreadPoolExecutor(max_workers=1) as other:
        second_half = other.submit(_signed, events[middle:])
        return _signed(events[:middle]) + second_half.result()


def _signed(events: Unsigned) -> list[bytes]:
    return [sign_event(event, key) for event, key in events]
