"""The audit bundle: a ledger with its keys, schemas, tiles and signed checkpoint, as files by path.

Everything in it but the entries, the checkpoint and the README follows from the entries: whoever has them writes the
same files, byte for byte, and that is how a bundle is checked (`events.bundle_check`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

import schemas
from events.book import Book
from events.errors import AdmissionError, EventsError
from events.ids import Hash
from events.keyring import write_keys
from events.merkle import leaf_hash
from events.note import KeyKind, NoteKey, format_key
from events.projections import Json, canonical_json
from events.reading import trusted
from events.tiles import entry_bundle, hash_tiles, tile_path, tile_places

FORMAT = "liaison-hub.audit-bundle.v1"

MANIFEST, GENESIS, CHECKPOINT, README = "manifest.json", "genesis.leaf", "checkpoint", "README.md"
LOG_KEY = "keys/hub.vkey"

Files: TypeAlias = Mapping[str, bytes]

README_TEXT = """# Audit bundle

One ledger, complete from its first entry up to a checkpoint that the hub signed. Check it on any machine, without
network, with the SHA-256 leaf hash of the first entry as both agencies know it (the trust anchor):

    hub audit verify FILE --genesis HEX

| Path | What it is |
| --- | --- |
| `manifest.json` | every other file with size and SHA-256; the ledger's name, size and root |
| `genesis.leaf` | the first entry: names the ledger, the hub's key and both agencies' first keys |
| `tile/entries/` | all entries: 256 to a file, each after its length in two bytes (C2SP tlog-tiles) |
| `tile/0/`, `tile/1/`, … | the Merkle tree over them (C2SP tlog-tiles, RFC 6962) |
| `checkpoint` | size and root, signed by the hub (C2SP tlog-checkpoint) |
| `keys/` | the hub's key for the checkpoint (C2SP signed-note) and each agency's keys in force at the end |
| `schemas/` | the Avro schemas of entries and events, named by the SHA-256 of their bytes |

An entry is an Avro `LedgerEntry`; its bytes are the Merkle leaf. An admitted one holds an `Envelope` with the exact
bytes that an office signed: Ed25519 over the DSSE encoding of `application/vnd.liaison.event.v1+avro` and those bytes.
Not in this form of the bundle: cosignatures of the agencies, earlier checkpoints, sealed parts.
"""


class BundleInvalidError(EventsError):
    """Do not rely on this copy; get the bundle again from its source, or from the other agency."""


class BundleIncompleteError(BundleInvalidError):
    """A part is missing: get the whole bundle again; what is not there proves nothing."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """A replayed ledger: its book at the end, its first entry and the hash of every leaf."""

    book: Book
    genesis: bytes
    leaves: tuple[Hash, ...]


def replayed(entries: Iterable[bytes], *, size: int) -> Ledger:
    """Return the first *size* entries of a ledger that this node has verified itself.

    Raises:
        BundleInvalidError: an entry does not continue the ledger.
        BundleIncompleteError: there are fewer.
    """
    book, genesis = Book(), b""
    leaves: list[Hash] = []
    for raw in islice(entries, size):
        step = trusted(book, raw)
        if step is None:
            message = f"entry {len(leaves)} does not continue the ledger"
            raise BundleInvalidError(message)
        genesis = genesis or raw
        book = step.book
        leaves.append(step.leaf_hash)
    if len(leaves) != size:
        message = f"ledger has {len(leaves)} entries, the checkpoint is for {size}"
        raise BundleIncompleteError(message)
    return Ledger(book, genesis, tuple(leaves))


def contents(ledger: Ledger, entries: Callable[[], Iterable[bytes]], checkpoint: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of a bundle, sorted by path, the manifest last.

    *entries* begins again at the first entry each time it is called.
    """
    listed = []
    small = {**small_files(ledger), README: README_TEXT.encode(), CHECKPOINT: checkpoint}
    for path, content in (*sorted(small.items()), *entry_files(entries(), len(ledger.leaves))):
        listed.append(line_of(path, content))
        yield path, content
    yield MANIFEST, manifest(ledger, listed)


def small_files(ledger: Ledger) -> dict[str, bytes]:
    """Return the files that follow from a ledger's book and leaf hashes: keys, schemas, hash tiles, first entry."""
    book = ledger.book
    keys = {f"keys/{agency}.v{each.version}.avro": write_keys(each) for agency, each in book.keyring.agencies.items()}
    known = (*schemas.WIRE.values(), *(schema.raw for schema in book.schemas.by_prefix.values()))
    named = {f"schemas/{sha256(raw).hexdigest()}.avsc": raw for raw in known}
    log = format_key(log_key(ledger)).encode() + b"\n"
    return {GENESIS: ledger.genesis, LOG_KEY: log, **keys, **named, **dict(hash_tiles(ledger.leaves))}


def log_key(ledger: Ledger) -> NoteKey:
    """Return the key by which checkpoints of a ledger are signed: the hub's of the first entry, named as the ledger."""
    return NoteKey(ledger.book.origin, KeyKind.NOTE, hub_key(ledger.genesis))


def entry_files(entries: Iterable[bytes], size: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of the entry bundles, in path order."""
    source = iter(entries)
    for place in tile_places(size):
        yield tile_path("entries", place), entry_bundle(tuple(islice(source, place.width)))


def manifest(ledger: Ledger, listed: Iterable[Json]) -> bytes:
    """Return the manifest of a ledger's bundle; *listed* are its lines about the other files, sorted by path."""
    value: Json = {
        "format": FORMAT,
        "kind": "complete",
        "origin": ledger.book.origin,
        "genesis": leaf_hash(ledger.genesis).hex(),
        "tree_size": len(ledger.leaves),
        "root": ledger.book.tail.frontier.root().hex(),
        "files": list(listed),
    }
    return canonical_json(value) + b"\n"


def line_of(path: str, content: bytes) -> Json:
    """Return what the manifest says of a file."""
    return {"path": path, "size": len(content), "sha256": sha256(content).hexdigest()}


def hub_key(genesis: bytes) -> bytes:
    """Return the public key of the hub that a first entry names.

    Raises:
        BundleInvalidError: the bytes are not the first entry of a ledger.
    """
    try:
        step = trusted(Book(), genesis)
    except AdmissionError:
        step = None
    key = None if step is None or step.event is None else step.event.payload.get("hub_key")
    if not isinstance(key, bytes):
        message = f"{GENESIS} of {len(genesis)} bytes is not the first entry of a ledger"
        raise BundleInvalidError(message)
    return key


def parse_manifest(raw: bytes) -> tuple[int, dict[str, Json]]:
    """Return the tree size that a manifest names, and its lines by path.

    Raises:
        BundleInvalidError: it is not a manifest of this format.
    """
    try:
        value = json.loads(raw)
        size, lines = value["tree_size"], {line["path"]: line for line in value["files"]}
        is_ours = value["format"] == FORMAT and isinstance(size, int) and size > 0
    except (ValueError, KeyError, TypeError, RecursionError):
        is_ours, size, lines = False, 0, {}
    if not is_ours:
        message = f"{MANIFEST} of {len(raw)} bytes is not one of format {FORMAT}"
        raise BundleInvalidError(message)
    return size, lines
