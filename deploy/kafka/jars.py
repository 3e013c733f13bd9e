"""The jars of Apache Kafka: listed with their SHA-256 in `versions/`, fetched once, checked at every start."""

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL, default_maven_repo
from jgo.maven import MavenContext
from rich.console import Console
from rich.progress import track

from deploy.kafka.files import alone, copy_whole
from hub.errors import HubError

VERSIONS = Path(__file__).with_name("versions")
DEFAULT_VERSION = "4.4"
FETCH_AT_ONCE = 6
TIMEOUT_S = 30


class JarsMissing(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Connect this machine once, or copy the jars into the folder that HUB_KAFKA_JARS names."""


class JarForged(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Delete this jar from your Maven cache and try again; if it comes back, do not trust where it comes from."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One library of the broker; *sha256* is hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.artifact}-{self.version}.jar"


def versions() -> tuple[str, ...]:
    """Return the Kafka versions there are, newest first."""
    return tuple(sorted((each.name for each in VERSIONS.iterdir() if each.is_dir()), reverse=True))


def locked(version: str) -> tuple[Jar, ...]:
    """Return the jars of a Kafka version.

    Raises:
        HubError: there is no such version here.
    """
    if version not in versions():
        message = f"kafka {version} is unknown: expected one of {', '.join(versions())}"
        raise HubError(message, hint="leave --version away", exit_code=2)
    lock = tomllib.loads((VERSIONS / version / "jgo.lock.toml").read_text(encoding="utf-8"))
    return tuple(
        Jar(each["groupId"], each["artifactId"], each["version"], each["sha256"]) for each in lock["dependencies"]
    )


def folder_of(version: str) -> Path:
    """Return where the jars of a version are kept: below HUB_KAFKA_JARS, else in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("HUB_KAFKA_JARS") or cache / "liaison-hub" / "kafka") / version


def class_path(version: str) -> str:
    """Return Java's class path for a version, every jar there and with the right SHA-256.

    The first time this fetches some 45 MB and shows how far it is.

    Raises:
        JarsMissing: a jar cannot be fetched.
        JarForged: a jar is not what the lock says.
    """
    folder, jars = folder_of(version), locked(version)
    if _missing(folder, jars):
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder):
            _fetch_all(version, folder, _missing(folder, jars))
    return os.pathsep.join(str(folder / jar.file) for jar in jars)


def context(cache: Path) -> MavenContext:
    """Return jgo's resolver over the user's own Maven cache and repositories, downloading into *cache*."""
    remote = {"central": MAVEN_CENTRAL_URL} | GlobalSettings.load().repositories
    return MavenContext(repo_cache=cache, local_repos=[default_maven_repo()], remote_repos=remote, timeout=TIMEOUT_S)


def sha256_of(file: Path) -> str | None:
    """Return the SHA-256 of a file in hex, None if it is missing."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def _missing(folder: Path, jars: Iterable[Jar]) -> list[Jar]:
    return [jar for jar in jars if sha256_of(folder / jar.file) != jar.sha256]


def _fetch_all(version: str, folder: Path, jars: list[Jar]) -> None:
    console = Console(stderr=True)
    title = f"fetching Apache Kafka {version}, {len(jars)} jars, once"
    if not console.is_terminal:
        console.print(title)
    with tempfile.TemporaryDirectory(dir=folder) as cache, ThreadPoolExecutor(FETCH_AT_ONCE) as pool:
        maven = context(Path(cache))
        fetched = pool.map(lambda jar: _fetch(maven, jar, folder), jars)
        for _ in track(fetched, title, len(jars), console=console, disable=not console.is_terminal, transient=True):
            pass


def _fetch(maven: MavenContext, jar: Jar, folder: Path) -> None:
    try:
        found = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (OSError, RuntimeError) as error:
        message = f"{jar.file} cannot be fetched into {folder}: {type(error).__name__}"
        raise JarsMissing(message) from error
    if sha256_of(found) != jar.sha256:
        message = f"{jar.file} has a wrong sha-256: expected {jar.sha256[:12]}, found {(sha256_of(found) or '')[:12]}"
        raise JarForged(message)
    copy_whole(found, folder / jar.file)
