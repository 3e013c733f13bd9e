"""Waiting for what other processes do: look again and again, and give up in time."""

import threading
import time
from collections.abc import Callable

WITHIN_S = 60.0
EVERY_S = 0.1


def until(is_so: Callable[[], object], what: str, within_s: float = WITHIN_S, *, every_s: float = EVERY_S) -> None:
    """Return once *is_so* says yes; fail after *within_s* seconds, saying what never came true."""
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        wait(every_s)


def wait(seconds: float) -> None:
    """Let time pass where the time itself is what a test is about: how long something is away."""
    threading.Event().wait(seconds)
