"""The command line `hub`: what `hub.cli` offers, and what starts workers, brokers and whole corridors."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli_init import init_app
from deploy.cli_kafka import broker_app, topics_app
from hub import logs
from hub.cli import audit, exchange, history, inbox, ledger, node, publish, quarantine
from hub.cli.common import CorridorOption, NodeOption, choose_node, this_node
from hub.cli.common import run as run_command
from hub.fetch import newest_checkpoint, refused_bytes

app = typer.Typer(
    help="Signed events between two countries' offices: publish, receive, replay, prove.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

SPEAK, READ, RUN = "Speak and hear", "Read and prove", "Run and look after"

app.command("publish", rich_help_panel=SPEAK)(publish.publish)
app.command("inbox", rich_help_panel=SPEAK)(inbox.inbox)
app.command("open", rich_help_panel=SPEAK)(inbox.open_event)
app.command("acknowledge", rich_help_panel=SPEAK)(inbox.acknowledge)
app.command("history", rich_help_panel=READ)(history.history)
app.command("exchange", rich_help_panel=READ)(exchange.exchange)
app.add_typer(ledger.app, name="ledger", rich_help_panel=READ)
app.add_typer(quarantine.quarantine_app(refused_bytes), name="quarantine", rich_help_panel=READ)
app.add_typer(audit.audit_app(newest_checkpoint), name="audit", rich_help_panel=READ)
app.add_typer(node.keys_app, name="keys", rich_help_panel=READ)
app.command("doctor", rich_help_panel=RUN)(node.doctor)
app.command("rebuild", rich_help_panel=RUN)(node.rebuild)
app.add_typer(node.config_app, name="config", rich_help_panel=RUN)
app.add_typer(node.schema_app, name="schema", rich_help_panel=RUN)
app.add_typer(init_app, name="init", rich_help_panel=RUN)
app.add_typer(broker_app, name="broker", rich_help_panel=RUN)
app.add_typer(topics_app, name="topics", rich_help_panel=RUN)


@app.callback()
def root(
    ctx: typer.Context,
    folder: NodeOption = Path(),
    corridor: CorridorOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say on stderr what happens.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Remember the node and let logs go to stderr."""
    logs.to_terminal(level="INFO" if verbose else "ERROR")
    choose_node(ctx, folder, corridor)


@app.command(rich_help_panel=RUN)
def worker(
    only: Annotated[str, typer.Option(help="Parts to run, separated by commas; all of them without it.")] = "",
) -> None:
    """Run the agents of this node until SIGTERM; logs go to stdout as JSON lines."""
    from agents.node import run_node  # noqa: PLC0415 - Faust takes a second to import

    logs.to_service()
    run_node(this_node().settings(), tuple(part.strip() for part in only.split(",") if part.strip()))


@app.command(rich_help_panel=RUN)
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path("build/demo"),
) -> None:
    """Play the founding case and a live lead on a real Kafka, and leave the evidence in a folder."""
    from deploy.demo.run import run as run_demo  # noqa: PLC0415 - needs the extra "broker"
    from deploy.demo.say import Teller  # noqa: PLC0415 - as above

    run_demo(out, Teller(typer.echo))


@app.command(rich_help_panel=RUN)
def up(
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder of the corridor.")] = Path(
        "build/corridor"
    ),
) -> None:
    """Start a whole corridor on this machine and stay; Ctrl-C ends all of it, the folder keeps its state."""
    from deploy.up import run_up  # noqa: PLC0415 - needs the extra "broker"

    run_up(folder, typer.echo)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_command(app))


if __name__ == "__main__":
    main()
