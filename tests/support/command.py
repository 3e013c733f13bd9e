"""The command line `hub` as a process of its own, forked from one that has imported everything: that saves seconds."""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.cli import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["deploy.cli", "agents.node", "hub.sync_desk"])

ENDS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: exit code, results, and what it said beside them."""

    code: int | None
    out: str
    err: str


def hub(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
    """Run `hub --node FOLDER ARGUMENTS` to its end."""
    with tempfile.TemporaryDirectory(prefix="said") as made:
        files = (str(Path(made) / "out"), str(Path(made) / "err"))
        line = ["hub", "--node", str(folder), *arguments]
        process = CONTEXT.Process(target=_run, args=(line, files, dict(env or {})))
        process.start()
        process.join(ENDS_WITHIN_S)
        if process.is_alive():
            process.kill()
            process.join()
        out, err = (Path(file).read_text(encoding="utf-8") for file in files)
        code = process.exitcode
        process.close()
        return Said(code, out, err)


def _run(line: Sequence[str], files: Sequence[str], env: Mapping[str, str]) -> None:
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.update(env)
    sys.argv = list(line)
    main()
