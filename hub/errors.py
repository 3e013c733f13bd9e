"""What can go wrong in our own world, and what to do about it.

An error of the issuer is an ``AdmissionError`` and ends in the quarantine; an error
here ends in a retry with a limit, or in an exit code and a hint.
"""

from inspect import getdoc


class HubError(Exception):
    """Read the message; `hub doctor` looks at everything this node needs.

    The docstring of an error is the hint that the command line prints; *hint* replaces
    it where the place of the failure knows better. *exit_code* ends the process.
    """

    exit_code: int = 1

    def __init__(self, message: str, *, hint: str | None = None, exit_code: int | None = None) -> None:
        """Keep the message, the hint and the exit code."""
        super().__init__(message)
        self.hint = hint or first_paragraph(type(self))
        if exit_code is not None:
            self.exit_code = exit_code


class Transient(HubError):  # noqa: N818 - a state of the world, not a mistake
    """Wait: the same step is tried again until it works."""


def first_paragraph(kind: type[BaseException]) -> str:
    """Return the first paragraph of a docstring on one line."""
    return " ".join((getdoc(kind) or "").split("\n\n", 1)[0].split())
