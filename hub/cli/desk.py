"""What commands that speak for an office share: a desk to speak with, and how a receipt is shown."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import typer

from events.projections import Json
from hub.cli.common import this_node
from hub.desk import Desk
from hub.desk_values import Receipt, receipt_of
from hub.node import Node

T = TypeVar("T")


def with_desk(act: Callable[[Desk, Node], Awaitable[T]]) -> T:
    """Return what *act* does with the node's desk; a person is asked for the passphrase if no file has it."""

    async def run() -> T:
        async with _desk() as (desk, node):
            return await act(desk, node)

    return asyncio.run(run())


async def settled(desk: Desk, node: Node, receipt: Receipt) -> Receipt:
    """Return a receipt as it is once the ledger has its event.

    Raises:
        Refused, NotAdmittedYet: it has not.
    """
    await desk.admitted(receipt)
    name = str(receipt.event_id)
    return receipt_of(node.outbox.places([name])[name])


def receipt_json(receipt: Receipt) -> dict[str, Json]:
    """Return a receipt as ``--json`` prints it."""
    return {
        "event_id": str(receipt.event_id),
        "digest": receipt.digest.hex(),
        "office": receipt.office,
        "sequence": receipt.sequence,
        "state": receipt.state,
        "offset": receipt.offset,
        "leaf": receipt.leaf_index,
        "reason": receipt.reason,
    }


@asynccontextmanager
async def _desk() -> AsyncIterator[tuple[Desk, Node]]:
    node = Node(this_node().settings(), _ask_passphrase if sys.stdin.isatty() else None)
    async with Desk(node) as desk:
        yield desk, node


def _ask_passphrase() -> str:
    return str(typer.prompt("passphrase", hide_input=True, err=True))
