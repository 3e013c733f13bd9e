"""A process of its own that folds a ledger into a read model, in small batches, beside others."""

import sys
from pathlib import Path

from hub.errors import Transient
from hub.projector import Projector
from hub.store import Store
from tests.support.ledger import RUILI, Corridor, lead

BATCH = 3
TRIES = 100


def corridor() -> Corridor:
    """Return the ledger that all of them fold."""
    made = Corridor.founded()
    for number in range(40):
        made.says(RUILI, "LeadShared", lead(f"lead-{number % 7}"))
    return made


def main(url: str, ready: Path, go: Path) -> None:
    """Fold the whole ledger once told to go."""
    records = list(enumerate(corridor().entries))
    ready.touch()
    while not go.exists():
        pass
    for start in range(0, len(records), BATCH):
        _apply(url, records[: start + BATCH])


def _apply(url: str, records: list[tuple[int, bytes]]) -> None:
    for _ in range(TRIES):
        try:
            store = Store.open(url)
            Projector(store, 0).apply(records)
        except Transient:
            continue
        store.close()
        return
    sys.exit("read model stays busy")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
