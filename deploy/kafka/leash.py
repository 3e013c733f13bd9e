"""Becomes another program, in a folder, and dies with the process that started it.

Run as a script by `deploy.kafka.process`: ``leash.py FOLDER PARENT PROGRAM ARGUMENT ...``. PARENT is a process
id, or 0 for a program that outlives its starter. The process id stays the same: this program is replaced.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before it could be noticed
        sys.exit(1)


def main() -> None:
    """Go to the folder, take the leash and become the program."""
    folder, parent, *command = sys.argv[1:]
    os.chdir(folder)
    if int(parent):
        die_with(int(parent))
    os.execv(command[0], command)  # noqa: S606 - a fixed program, no shell


if __name__ == "__main__":
    main()
