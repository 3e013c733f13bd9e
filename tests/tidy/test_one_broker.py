"""Tests that need the broker stay on one worker, whatever versions the lock brings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT

EXAMPLE = """
import pytest

@pytest.mark.parametrize("number", range(8))
@pytest.mark.integration
def test_with_broker(number, worker_id):
    with open("workers.txt", "a") as file:
        file.write(worker_id + "\\n")
"""


@pytest.mark.timeout(60)
def test_everything_that_needs_the_broker_runs_on_one_worker(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_example.py").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = integration\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}

    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist=loadgroup"]
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout
    workers = (tmp_path / "workers.txt").read_text(encoding="utf-8").split()
    assert len(workers) == 8
    assert len(set(workers)) == 1
