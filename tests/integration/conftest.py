"""Fixtures of the tests that need the real thing."""

from tests.support.broker import broker, clean_broker

__all__ = ["broker", "clean_broker"]
