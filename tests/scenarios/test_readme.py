"""The README's commands, run as they stand there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from tests.support.processes import running_below
from tests.support.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

README = Path(__file__).parents[2] / "README.md"
READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 40.0

SHOWN = {
    "publish lead.json": "admitted",
    "inbox": "LeadShared",
    "open last": "blue house",
    "acknowledge last": "acknowledged by mm:blo-muse",
    "history exercise-1": "shared → acknowledged",
}
"""What a command of the walk must print."""


def blocks(language: str) -> list[str]:
    """Return the README's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def walk() -> str:
    """Return the block that speaks as Ruili and listens as Muse."""
    return next(block for block in blocks("sh") if "publish lead.json" in block)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A working directory in which the README's corridor is up."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    up = next(line for block in blocks("sh") for line in block.splitlines() if line.startswith("hub up"))
    with (folder / "up.log").open("wb") as log:
        corridor = subprocess.Popen(up.split(), cwd=folder, stdout=log, stderr=log, env=environment())
    try:
        until(lambda: "ready" in (folder / "up.log").read_text(encoding="utf-8"), "hub up is ready", READY_WITHIN_S)
        yield folder
    finally:
        corridor.send_signal(signal.SIGINT)
        corridor.wait(STOPPED_WITHIN_S)
    assert corridor.returncode == 0
    assert running_below(folder) == []


def environment() -> dict[str, str]:
    """Return an environment in which `hub` is the one under test."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def said(place: Path, script: str) -> str:
    """Return what a script prints; it must end well."""
    command = ["/bin/sh", "-euc", script]
    run = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, env=environment())
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_the_walk_by_hand_says_what_the_readme_says(place: Path) -> None:
    commands = [line for line in walk().splitlines() if line.startswith("hub --node")]
    setup = walk().partition("hub --node")[0]
    said(place, setup)

    found = {line: said(place, line) for line in commands}

    for ending, words in SHOWN.items():
        line = next(each for each in commands if each.endswith(ending))
        assert words in found[line], line


def test_every_command_of_the_table_exists(place: Path) -> None:
    rows = re.findall(r"^\| .*? \| (`hub .*`) \|$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = [command for row in rows for command in re.findall(r"`(hub [^`]+)`", row)]

    for command in named:
        words = [word for word in command.replace("--node DIR ", "").split() if word.islower() and word.isalpha()]
        assert "Usage: hub" in said(place, " ".join([*_known(words), "--help"]))
    assert len(named) > len(SHOWN)


def test_the_python_of_the_readme_publishes(place: Path) -> None:
    snippet = next(iter(blocks("python")))
    head, _, body = snippet.partition("async with")
    body = indent(f"async with{body}    print(receipt.event_id)", "    ")
    program = f"import asyncio\n{head}\nasync def main():\n{body}\n\nasyncio.run(main())\n"
    (place / "publish.py").write_text(program, encoding="utf-8")

    assert re.fullmatch(r"[0-9a-f-]{36}\n", said(place, f"{sys.executable} publish.py"))


def _known(words: list[str]) -> list[str]:
    nouns = {"ledger", "quarantine", "audit"}
    return words[:3] if len(words) > 1 and words[1] in nouns else words[:2]
