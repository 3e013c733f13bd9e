"""The passwords of a local broker's users: one file of mode 600 for each, in `passwords/`."""

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploy.kafka.files import private_folder, write_private
from deploy.kafka.properties import ADMIN, CONTROLLER


def password_file(folder: Path, user: str) -> Path:
    """Return where the password of a user is."""
    return folder / "passwords" / user


def known_passwords(folder: Path) -> dict[str, str]:
    """Return the users that have a password, and which."""
    files = sorted((folder / "passwords").glob("[!.]*"))
    return {file.name: file.read_text(encoding="utf-8").strip() for file in files}


def passwords_for(folder: Path, users: Iterable[str]) -> dict[str, str]:
    """Return a password for each of these users: what it was, or a new one."""
    known = known_passwords(folder)
    return {user: known.get(user) or secrets.token_urlsafe(24) for user in users}


def joined(known: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, str]:
    """Return everybody's password, *wanted* before *known*; admin and controller get one if they have none.

    These two keep theirs: the broker logs in to itself with them as long as it has data.
    """
    own = {name: secrets.token_urlsafe(24) for name in (ADMIN, CONTROLLER)}
    kept = {name: known[name] for name in own if name in known}
    return {**own, **known, **wanted, **kept}


def keep_passwords(folder: Path, passwords: Mapping[str, str]) -> None:
    """Write the files."""
    private_folder(folder / "passwords")
    for user, password in passwords.items():
        write_private(password_file(folder, user), password + "\n")
