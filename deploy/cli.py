"""The command line `hub`: what `hub.cli` offers, and what starts workers, brokers and whole corridors."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli_kafka import broker_app, topics_app
from hub import logs
from hub.cli.common import NodeOption, choose_node, this_node
from hub.cli.common import run as run_command

app = typer.Typer(
    help="Signed events between two countries' offices: publish, receive, replay, prove.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(broker_app, name="broker")
app.add_typer(topics_app, name="topics")


@app.callback()
def root(
    ctx: typer.Context,
    node: NodeOption = Path(),
    verbose: Annotated[bool, typer.Option("--verbose", help="Say on stderr what happens.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Remember the node and let logs go to stderr."""
    logs.to_terminal(level="INFO" if verbose else "ERROR")
    choose_node(ctx, node)


@app.command()
def worker(
    only: Annotated[str, typer.Option(help="Parts to run, separated by commas; all of them without it.")] = "",
) -> None:
    """Run the agents of this node until SIGTERM; logs go to stdout as JSON lines."""
    from agents.node import run_node  # noqa: PLC0415 - Faust takes a second to import

    logs.to_service()
    run_node(this_node().settings(), tuple(part.strip() for part in only.split(",") if part.strip()))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path("build/demo"),
) -> None:
    """Play the founding case and a live lead on a real Kafka, and leave the evidence in a folder."""
    from deploy.demo.run import run as run_demo  # noqa: PLC0415 - needs the extra "broker"
    from deploy.demo.say import Teller  # noqa: PLC0415 - as above

    run_demo(out, Teller(typer.echo))


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_command(app))


if __name__ == "__main__":
    main()
