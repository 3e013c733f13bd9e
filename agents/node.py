"""What one worker process runs: the agents of a hub or of a desk, all of them or some."""

from collections.abc import Callable

from agents.admit import admit
from agents.checkpoint import checkpoint
from agents.inbox import inbox
from agents.keep import keep
from agents.notify import notify
from agents.project import project
from agents.relay import relay
from agents.runtime import AgentApp
from agents.worker import Task, Work, run
from hub.errors import HubError
from hub.node import Node
from hub.settings import Role, Settings

Part = AgentApp | Task | tuple[AgentApp, Task]

PARTS: dict[Role, dict[str, Callable[[Node], Part]]] = {
    Role.HUB: {"admit": admit, "project": project, "notify": notify, "checkpoint": checkpoint, "relay": relay},
    Role.DESK: {"project": project, "inbox": inbox, "keep": keep, "relay": relay},
}
"""What each role runs."""


def run_node(settings: Settings, only: tuple[str, ...] = ()) -> None:
    """Run a node, or some of its parts, until SIGTERM or SIGINT.

    Raises:
        HubError: something is missing or wrong, found before anything was started.
    """
    node = Node(settings)
    node.unlock()

    async def compose() -> Work:
        return work_of(node, only)

    run(compose)


def work_of(node: Node, only: tuple[str, ...] = ()) -> Work:
    """Return the work of a node: all its parts, or only those named.

    Raises:
        HubError: a name is not a part of this role.
    """
    known = PARTS[node.settings.node.role]
    unknown = sorted(set(only) - set(known))
    if unknown:
        message = f"a {node.settings.node.role} has no part {', '.join(unknown)}; expected {', '.join(known)}"
        raise HubError(message, exit_code=2)
    parts = [part for name in known if not only or name in only for part in _flat(known[name](node))]
    return Work(
        apps=tuple(part for part in parts if isinstance(part, AgentApp)),
        tasks=tuple(part for part in parts if isinstance(part, Task)),
        close=(node.close,),
    )


def _flat(part: Part) -> tuple[AgentApp | Task, ...]:
    return part if isinstance(part, tuple) else (part,)
