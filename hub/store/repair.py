"""What to do with a damaged file: put it out of the way, keep it for those who want to look, and begin anew."""

from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy.engine import make_url

from hub.store.engine import drop_tables
from hub.store.errors import StoreCorruptError
from hub.store.store import Store

log = structlog.get_logger()

COMPANIONS = ("", "-wal", "-shm")


def open_repaired(url: str, at: datetime) -> Store:
    """Return the read model at a URL; a damaged file is set aside and an empty one takes its place.

    Agents find position 0 in the empty one and read their topics again: that is the repair.

    Raises:
        HubError: it cannot be opened for another reason; see `hub.store.errors`.
    """
    try:
        return Store.open(url)
    except StoreCorruptError:
        set_aside(url, at)
    return Store.open(url)


def begin_anew(url: str, at: datetime) -> Store:
    """Return an empty read model in the place of one that is damaged or of another version.

    A file is set aside; on a server our tables are dropped.

    Raises:
        HubError: it cannot be reached, written or renamed; see `hub.store.errors`.
    """
    if make_url(url).get_backend_name() == "sqlite":
        set_aside(url, at)
    else:
        drop_tables(url)
    return Store.open(url)


def set_aside(url: str, at: datetime) -> Path:
    """Rename a SQLite read model with all that belongs to it and return its new name.

    Raises:
        StoreCorruptError: it is not a file: a server is repaired by its own means.
    """
    place = make_url(url)
    if place.get_backend_name() != "sqlite" or not place.database:
        message = f"read model {place.render_as_string()} is damaged"
        raise StoreCorruptError(message, hint="restore or empty the database, then `hub rebuild`")
    file = Path(place.database)
    aside = file.with_name(f"{file.name}.damaged-{at:%Y%m%dT%H%M%S}")
    for companion in COMPANIONS:
        part = file.with_name(file.name + companion)
        if part.exists():
            part.rename(aside.with_name(aside.name + companion))
    log.warning("read_model_set_aside", file=aside.name)
    return aside
