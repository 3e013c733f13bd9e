"""The import contracts of pyproject.toml hold for a good tree and break for a bad one."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import CODE, ROOT

KEPT = {
    "events/codec.py": "import fastavro",
    "events/signing.py": "import nacl.signing\nfrom datetime import datetime",
    "events/sealing.py": "import nacl.public\nimport events.codec",
    "hub/kafka.py": "import aiokafka\nimport events.signing",
    "hub/store.py": "import sqlalchemy\nimport pathlib",
    "agents/runtime.py": "import faust\nimport hub.kafka",
    "deploy/broker.py": "import jgo\nimport agents.runtime",
}

BROKEN = {
    "arrow": ("hub/desk.py", "import agents.runtime"),
    "pure": ("events/clock.py", "import time"),
    "avro": ("hub/reader.py", "from fastavro import schemaless_reader"),
    "crypto": ("hub/keys.py", "import nacl.signing"),
    "kafka": ("agents/admit.py", "import aiokafka"),
    "faust": ("deploy/worker.py", "import faust"),
    "sql": ("agents/project.py", "import sqlalchemy"),
    "broker": ("hub/topics.py", "from confluent_kafka import admin"),
}


def plant(root: Path, files: dict[str, str]) -> None:
    for package in CODE:
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
    for path, text in files.items():
        (root / path).write_text(text + "\n", encoding="utf-8")


def verdicts(root: Path) -> dict[str, str]:
    """Return what import-linter says about each contract, by its name: KEPT or BROKEN."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    config = ["--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(root), "COLUMNS": "300", "NO_COLOR": "1"}
    run = subprocess.run([*command, *config], cwd=root, env=environment, capture_output=True, text=True, check=False)
    return dict(re.findall(r"^(\S.*?) (KEPT|BROKEN)\b", run.stdout, flags=re.MULTILINE))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("kept")
    plant(root, KEPT)
    return verdicts(root)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("broken")
    plant(root, {**KEPT, **dict(BROKEN.values())})
    return verdicts(root)


def test_imports_along_the_arrow_keep_every_contract(kept: dict[str, str]) -> None:
    assert set(kept.values()) == {"KEPT"}
    assert len(kept) == len(BROKEN)


def test_each_contract_breaks_for_the_import_it_forbids(broken: dict[str, str]) -> None:
    assert set(broken.values()) == {"BROKEN"}
    assert len(broken) == len(BROKEN)
