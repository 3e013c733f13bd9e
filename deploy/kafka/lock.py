"""Writes `versions/*/jgo.lock.toml` from `jgo.toml`: what to run after a change of version.

The format is jgo's own. No address is written, only coordinates and the SHA-256 of what they stand for now.
"""

import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

from deploy.kafka.jars import VERSIONS, Jar, context, sha256_of, versions

ENTRY = """
[[dependencies]]
groupId = "{0.group}"
artifactId = "{0.artifact}"
version = "{0.version}"
packaging = "jar"
sha256 = "{0.sha256}"
"""


def resolved(coordinates: list[str], cache: Path) -> Iterator[Jar]:
    """Yield a jar for every coordinate and everything it needs."""
    maven = context(cache)
    given, needed = maven.resolver.resolve([maven.create_dependency(each) for each in coordinates])
    for each in (*given, *needed):
        digest = sha256_of(each.artifact.resolve())
        yield Jar(each.groupId, each.artifactId, each.version, digest or "")


def lock_text(jars: Iterator[Jar]) -> str:
    """Return the text of a lock file, sorted by coordinate."""
    ordered = sorted(jars, key=lambda jar: (jar.group, jar.artifact))
    return "# Made by python -m deploy.kafka.lock; change jgo.toml instead.\n" + "".join(map(ENTRY.format, ordered))


def main() -> None:
    """Write the lock of every version."""
    for version in versions():
        folder = VERSIONS / version
        wanted = tomllib.loads((folder / "jgo.toml").read_text(encoding="utf-8"))
        with tempfile.TemporaryDirectory() as cache:
            text = lock_text(resolved(wanted["dependencies"]["coordinates"], Path(cache)))
        (folder / "jgo.lock.toml").write_text(text, encoding="utf-8")
        sys.stderr.write(f"locked Apache Kafka {version}: {text.count('sha256')} jars\n")


if __name__ == "__main__":
    main()
