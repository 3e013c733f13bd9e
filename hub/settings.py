"""A node's settings: `hub.toml` in its folder, overridden by ``HUB__SECTION__KEY``; secrets in files of their own.

A node is a hub or a desk; what tells one from another is this file and its keys, never its code.
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from events.ids import Agency, Office
from hub.errors import HubError
from hub.kafka import KafkaSettings
from hub.private_files import read_private

FILE = "hub.toml"
USAGE = 2


class Role(StrEnum):
    """What a node is."""

    HUB = "hub"
    DESK = "desk"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeSection(_Section):
    """Who this node is; *name* prefixes its consumer groups."""

    name: str
    role: Role
    agency: str = ""
    offices: tuple[str, ...] = ()


class CorridorSection(_Section):
    """One corridor: its ledger's name, partition number and genesis leaf hash (hex, the trust anchor)."""

    name: str
    origin: str
    partition: int = 0
    agencies: tuple[str, ...] = ()
    genesis: str = ""


class KafkaSection(_Section):
    """How to reach the brokers."""

    bootstrap: str = "127.0.0.1:9092"
    security: Literal["SASL_PLAINTEXT", "SASL_SSL", "PLAINTEXT"] = "SASL_PLAINTEXT"
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None


class KeysSection(_Section):
    """Where the private keys are."""

    folder: Path = Path("keys")
    passphrase_file: Path | None = None


class StoreSection(_Section):
    """Where the read model is: an SQLAlchemy URL, or empty for `read-model.sqlite` in the node's folder."""

    url: str = ""


class Settings(BaseSettings):
    """All settings of a node; relative paths are relative to its folder."""

    model_config = SettingsConfigDict(env_prefix="HUB__", env_nested_delimiter="__", extra="forbid", frozen=True)

    folder: Path
    node: NodeSection
    corridors: tuple[CorridorSection, ...] = Field(min_length=1)
    kafka: KafkaSection = KafkaSection()
    keys: KeysSection = KeysSection()
    store: StoreSection = StoreSection()

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # pydantic passes all by name
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_others: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, strongest first: environment, then the file."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _each_corridor_once(self) -> Self:
        for what in ("name", "origin", "partition"):
            values = [getattr(corridor, what) for corridor in self.corridors]
            if len(set(values)) != len(values):
                message = f"corridors share a {what}: expected {len(values)} different ones, found {values}"
                raise ValueError(message)
        return self

    @property
    def corridor(self) -> CorridorSection:
        """The node's first corridor: the one commands speak of unless told otherwise."""
        return self.corridors[0]

    @property
    def partitions(self) -> frozenset[int]:
        """The numbers of this node's corridors."""
        return frozenset(corridor.partition for corridor in self.corridors)

    def corridor_at(self, partition: int) -> CorridorSection:
        """Return the corridor with a number.

        Raises:
            HubError: this node has no such corridor.
        """
        found = next((corridor for corridor in self.corridors if corridor.partition == partition), None)
        if found is None:
            message = f"node has no corridor of number {partition}: expected one of {sorted(self.partitions)}"
            raise HubError(message, hint=f"add it to {FILE}, and start the node again")
        return found

    def about(self, name: str) -> "Settings":
        """Return the same settings with another corridor as the first: commands then speak of that one.

        Raises:
            HubError: this node has no such corridor.
        """
        first = [corridor for corridor in self.corridors if corridor.name == name]
        if not first:
            message = f"node has no corridor {name}: expected {' or '.join(each.name for each in self.corridors)}"
            raise HubError(message, hint="`hub config show` lists this node's corridors", exit_code=USAGE)
        others = [corridor for corridor in self.corridors if corridor.name != name]
        return self.model_copy(update={"corridors": (*first, *others)})

    @property
    def agency(self) -> Agency:
        """The agency whose desk this is; `hub` for the hub."""
        return Agency(self.node.agency or "hub")

    @property
    def agencies(self) -> tuple[Agency, ...]:
        """The agencies of all corridors of this node, each once."""
        return tuple(dict.fromkeys(Agency(agency) for corridor in self.corridors for agency in corridor.agencies))

    @property
    def kafka_settings(self) -> KafkaSettings:
        """How to connect, with the password read from its file.

        Raises:
            HubError: the password's file is missing or others can read it.
        """
        kafka = self.kafka
        ca_file = None if kafka.ca_file is None else str(self.folder / kafka.ca_file)
        return KafkaSettings(kafka.bootstrap, kafka.user or None, self.password(), kafka.security, ca_file)

    @property
    def offices(self) -> tuple[Office, ...]:
        """The offices this node speaks for."""
        return tuple(map(Office, self.node.offices))

    @property
    def store_url(self) -> str:
        """The read model's SQLAlchemy URL."""
        return self.store.url or f"sqlite:///{self.folder / 'read-model.sqlite'}"

    @property
    def keys_folder(self) -> Path:
        """The folder of the private keys."""
        return self.folder / self.keys.folder

    @property
    def passphrase_file(self) -> Path | None:
        """The file of the key files' passphrase, or None where a person or HUB_PASSPHRASE_FILE gives it."""
        file = self.keys.passphrase_file
        return None if file is None else self.folder / file

    @property
    def outbox_file(self) -> Path:
        """The durable outbox, which is also the record of what the offices signed last."""
        return self.folder / "outbox.sqlite"

    def password(self) -> str | None:
        """Return the Kafka password, or None without a user.

        Raises:
            HubError: the file is missing.
        """
        if not self.kafka.user or self.kafka.password_file is None:
            return None
        return read_secret(self.folder / self.kafka.password_file)


def load_settings(folder: Path) -> Settings:
    """Return the settings of the node in *folder*.

    Raises:
        HubError: the file is missing or wrong; every error at once, without values.
    """
    file = folder / FILE
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        return Settings(**{**values, "folder": folder.resolve()})
    except FileNotFoundError:
        message = f"no node in {folder}: {FILE} is missing"
        raise HubError(message, hint="name the node's folder with --node DIR or HUB_NODE") from None
    except tomllib.TOMLDecodeError as error:
        message = f"{file} is not valid TOML: {error}"
        raise HubError(message, hint="mend the file") from None
    except ValidationError as error:
        lines = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        message = f"{file} has wrong settings: " + "; ".join(lines)
        raise HubError(message, hint="mend the file; `hub config show` lists what is in force") from None


def read_secret(file: Path) -> str:
    """Return the text of a secret's file.

    Raises:
        HubError: the file is missing, or others can read it.
    """
    return read_private(file).decode().strip()
