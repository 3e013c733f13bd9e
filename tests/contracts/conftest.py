"""The broker of the contract tests."""

from tests.support.broker import broker

__all__ = ["broker"]
