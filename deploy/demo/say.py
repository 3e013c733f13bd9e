"""What the demonstration prints: one line for each thing that happened, for somebody who has never seen it."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import monotonic

from deploy.demo.figures import percentile
from deploy.demo.play import Played
from events.event import Recorded
from events.ids import LeafIndex, Office, short
from events.scenario import DATES, scenario_table
from hub.desk_values import Opened, Receipt

WIDTH = 100


class Teller:
    """Prints to one place, with the seconds since it began."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write lines with *write*."""
        self._write = write
        self._start = monotonic()

    def step(self, text: str) -> None:
        """Say what was just done."""
        self._write(f"{monotonic() - self._start:6.1f} s  {text}")

    def heading(self, text: str) -> None:
        """Begin a part."""
        self._write(f"\n{text}\n{'-' * len(text)}")

    def played(self, played: Played, told: Sequence[Office], after_ms: Sequence[float]) -> None:
        """Say what an office published, where the ledger has it, who was told and how soon they had signed for it."""
        count = f" x{len(played.leaves)}" if len(played.leaves) > 1 else ""
        leaves = _range(played.leaves)
        self._write(f"{played.labels[0]:<9} {played.type}{count}  by {played.office}")
        received = f"received after {percentile(after_ms, 50):.0f} ms" if after_ms else "nobody has to be told"
        if len(after_ms) > 1:
            received += f" (slowest of {len(after_ms)}: {max(after_ms):.0f} ms)"
        whom = f"notified {', '.join(told)}; " if told else ""
        self._write(f"          published, admitted as leaf {leaves}; {whom}{received}")

    def opened(self, opened: Opened, after_ms: float) -> None:
        """Say that a person opened an event; what it says stays between the two offices."""
        sealed = ", ".join(sorted(opened.sealed or {})) or "nothing"
        who = opened.receipt.office
        self._write(f"opened    by {who}, signed and admitted within {after_ms:.0f} ms; decrypted there: {sealed}")

    def acknowledged(self, receipt: Receipt, leaf: LeafIndex, after_ms: float) -> None:
        """Say that a person acknowledged it."""
        self._write(
            f"acknowledged by {receipt.office}, event {short(receipt.digest)}, leaf {leaf}, within {after_ms:.0f} ms"
        )

    def table(self, history: Iterable[Recorded]) -> None:
        """Print what was known of the founding case, as of five days."""
        self.heading("What the two sides can say about it, as of five days (intervals are the answer, not an error)")
        rows: dict[str, list[str]] = {}
        for cell in scenario_table(history):
            rows.setdefault(cell.name, []).append(cell.found)
        self._write(f"{'':<44}" + "".join(f"{day.isoformat():>12}" for day in DATES))
        for name, cells in rows.items():
            self._write(f"{name:<44}" + "".join(f"{cell.partition(' (')[0]:>12}" for cell in cells))

    def line(self, text: str) -> None:
        """Print a line as it is."""
        self._write(text)

    def end(self, result: dict[str, object], wrong: Sequence[str], out: Path) -> None:
        """Say how it ended."""
        self.heading("Checked")
        expected = result["expected"]
        cells = len(expected) if isinstance(expected, list) else 0
        for text in wrong:
            self._write(f"WRONG     {text}")
        self._write(
            f"published {result['published']}, admitted {result['admitted']}, quarantined {result['quarantined']},"
            f" notified {result['notified']}, received {result['received']}"
        )
        self._write(f"publish to the counterpart's verified receipt: {result['latency_ms']} ms")
        self._write(f"state digests of hub, cn and mm: {_digests(result)}")
        self._write(f"{cells} cells of the founding table: {'NOT all as expected' if wrong else 'all as expected'}")
        self.step(f"done; everything is in {out}")


def _digests(result: dict[str, object]) -> str:
    digests = result["state_digest"]
    found = sorted(set(digests.values())) if isinstance(digests, dict) else []
    return f"equal ({found[0][:12]})" if len(found) == 1 else "DIFFERENT"


def _range(leaves: Sequence[LeafIndex]) -> str:
    return str(leaves[0]) if len(leaves) == 1 else f"{leaves[0]} to {leaves[-1]}"
