"""Which processes a test has left behind."""

from pathlib import Path

from deploy.kafka.process import command_line


def running_below(folder: Path) -> list[str]:
    """Return the command lines of running processes that name a folder."""
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return [line for pid in pids if str(folder) in (line := command_line(pid))]
