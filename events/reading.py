"""How every reader follows the ledger: accept, verify, fold. One function for live, replay and audit."""

from dataclasses import dataclass

from events.admission import Admitted, judge
from events.book import Book, with_entry, with_event
from events.chain import Earlier
from events.envelope import read_again
from events.event import Event, Recorded
from events.ids import Hash
from events.ledger import ADMITTED, Entry, accepts, is_well_formed, parse_entry


@dataclass(frozen=True, slots=True)
class Step:
    """One accepted entry, read: the book after it, the event it admits, and what is wrong with it.

    *objections* are names of findings against the hub. What is not authentic admits no event; an authentic event
    counts even if the hub skipped a record before it or turned its clock back: that is not its office's doing.
    """

    book: Book
    entry: Entry
    raw: bytes
    event: Event | None
    objections: tuple[str, ...] = ()

    @property
    def leaf_hash(self) -> Hash:
        """The entry's Merkle leaf hash."""
        return self.book.tail.last

    @property
    def recorded(self) -> Recorded | None:
        """The admitted event with its place and time, or None."""
        if self.event is None:
            return None
        return Recorded(self.event, self.entry.index, self.entry.admitted_at)


def verified(book: Book, raw: bytes, earlier: Earlier) -> Step | None:
    """Return the step that a ledger record makes, checked again as if the hub were not to be believed.

    None means: by the acceptance rule the record does not count (it is late, or of a rival).
    """
    entry = parse_entry(raw)
    if entry is None or not accepts(book.tail, entry):
        return None
    objections = tuple(_objections(book, entry))
    if entry.verdict != ADMITTED:
        return Step(with_entry(book, entry, raw), entry, raw, None, objections)
    verdict = judge(book, entry.source.topic, entry.body, earlier)
    if not isinstance(verdict, Admitted):
        return Step(with_entry(book, entry, raw), entry, raw, None, (*objections, "ledger.entry_not_authentic"))
    return Step(with_event(book, entry, raw, verdict.event), entry, raw, verdict.event, objections)


def trusted(book: Book, raw: bytes) -> Step | None:
    """Return the step like `verified`, without checking signatures: for entries this node wrote or verified itself."""
    entry = parse_entry(raw)
    if entry is None or not accepts(book.tail, entry):
        return None
    if entry.verdict != ADMITTED:
        return Step(with_entry(book, entry, raw), entry, raw, None)
    event = read_again(book.schemas, entry.body)
    return Step(with_event(book, entry, raw, event), entry, raw, event)


def _objections(book: Book, entry: Entry) -> list[str]:
    source = entry.source
    found = []
    if source.offset != book.next_offset(source.topic, source.partition):
        found.append("ledger.source_record_skipped")
    if entry.admitted_at < book.admitted_at:
        found.append("ledger.time_went_back")
    if not is_well_formed(entry):
        found.append("ledger.entry_malformed")
    return found


def event_in(book: Book, entry: Entry) -> Event | None:
    """Return the event that an accepted entry admits, decoded and not verified again; None if it admits none."""
    if entry.verdict != ADMITTED:
        return None
    return read_again(book.schemas, entry.body)
