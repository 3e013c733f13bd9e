"""`make demo` as a new user has it: what it leaves, what it says, and that it leaves nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from events.ids import Hash
from hub.bundle_file import verify_bundle
from hub.provision import read_genesis
from tests.support.processes import running_below

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

CELLS = 40


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a demonstration that has ended, and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "deploy.cli", "demo", "--out", str(folder / "out")]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(folder)}
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder, run.stdout


def summary(demo: tuple[Path, str]) -> dict[str, Any]:
    """Return the summary that a demonstration left."""
    return dict(json.loads((demo[0] / "out" / "summary.json").read_text(encoding="utf-8")))


def test_the_summary_has_the_fixed_shape(demo: tuple[Path, str]) -> None:
    found = summary(demo)

    assert set(found) == {
        "published",
        "admitted",
        "quarantined",
        "notified",
        "received",
        "latency_ms",
        "expected",
        "state_digest",
    }
    assert set(found["latency_ms"]) == {"p50", "p99"}
    assert set(found["state_digest"]) == {"hub", "cn", "mm"}
    assert all(set(cell) == {"name", "as_of", "expected", "found"} for cell in found["expected"])


def test_every_cell_of_the_founding_table_is_as_expected(demo: tuple[Path, str]) -> None:
    cells = summary(demo)["expected"]

    assert len(cells) == CELLS
    assert [cell for cell in cells if cell["found"] != cell["expected"]] == []


def test_everything_published_is_admitted_and_everyone_notified_has_received(demo: tuple[Path, str]) -> None:
    found = summary(demo)

    assert found["published"] == found["admitted"] > 0
    assert found["notified"] == found["received"] > 0
    assert found["quarantined"] == 0


def test_hub_and_both_desks_come_to_the_same_state(demo: tuple[Path, str]) -> None:
    assert len(set(summary(demo)["state_digest"].values())) == 1


def test_the_month_and_the_bundle_are_left(demo: tuple[Path, str]) -> None:
    out = demo[0] / "out"
    genesis: Hash = read_genesis(out / "corridor" / "hub").leaf_hash

    assert json.loads((out / "exchange" / "2005-07" / "pack.json").read_bytes())
    assert "<html" in (out / "exchange" / "2005-07" / "pack.html").read_text(encoding="utf-8")
    assert verify_bundle(out / "ruili-muse.bundle.zip", genesis).is_complete


def test_a_stranger_can_read_what_happened(demo: tuple[Path, str]) -> None:
    for words in (
        "HandoverOffered",
        "23",
        "received after",
        "opened",
        "acknowledged",
        "verified offline",
        "≥ 101",
        "≥ 78",
    ):
        assert words in demo[1]


def test_nothing_goes_on_running_and_nothing_is_left_elsewhere(demo: tuple[Path, str]) -> None:
    assert running_below(demo[0]) == []
    assert [path.name for path in demo[0].iterdir()] == ["out"]
