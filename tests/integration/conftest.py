"""Fixtures of the tests that need the real thing."""

from tests.support.broker import broker, clean_broker
from tests.support.corridor import compiled_once, corridor, node_keys

__all__ = ["broker", "clean_broker", "compiled_once", "corridor", "node_keys"]
