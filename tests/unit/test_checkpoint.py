from base64 import b64encode
from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.checkpoint import (
    Checkpoint,
    Verified,
    check_distinct,
    cosign_checkpoint,
    format_checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
    timely,
    verify_note,
)
from events.errors import NoteInvalidError
from events.ids import Hash, TreeSize
from events.merkle import EMPTY_ROOT, root_of
from events.note import KeyKind, Note, NoteKey, NoteSignature, format_note
from events.signing import SigningKey, sign
from tests.unit.golden import LEAVES, NOTE, SIGNED_AT, golden_key, golden_note_key

ORIGIN = "hub.example/ledger-1"
CHECKPOINT = Checkpoint(ORIGIN, TreeSize(3), root_of(LEAVES))
TEXT = format_checkpoint(CHECKPOINT)
LOG, AGENCY_A, AGENCY_B = map(golden_note_key, ("log", "agency_a", "agency_b"))
WITNESSES = (AGENCY_A, AGENCY_B)
ROOT = b64encode(CHECKPOINT.root).decode()
ROOT_WITH_SPARE_BITS = ROOT[:-2] + "Z="


def noted(checkpoint: Checkpoint, *signatures: NoteSignature) -> bytes:
    return format_note(Note(format_checkpoint(checkpoint), signatures))


def cosigned(key: SigningKey, name: str, signed_at: int = SIGNED_AT) -> NoteSignature:
    return cosign_checkpoint(CHECKPOINT, key, name, signed_at=signed_at)


def test_the_golden_note_is_made_byte_for_byte() -> None:
    signatures = (
        sign_checkpoint(CHECKPOINT, golden_key("log")),
        cosigned(golden_key("agency_a"), AGENCY_A.name),
        cosigned(golden_key("agency_b"), AGENCY_B.name),
    )

    assert noted(CHECKPOINT, *signatures) == NOTE


def test_the_golden_note_opens_with_both_cosignatures() -> None:
    opened = open_checkpoint(NOTE, LOG, WITNESSES)

    assert opened.checkpoint == CHECKPOINT
    assert opened.cosignatures == (Verified(AGENCY_A, SIGNED_AT), Verified(AGENCY_B, SIGNED_AT))


def test_unknown_signers_are_passed_over() -> None:
    assert open_checkpoint(NOTE, LOG, (AGENCY_A,)).cosignatures == (Verified(AGENCY_A, SIGNED_AT),)


@settings(max_examples=200)
@given(st.integers(0, len(NOTE) * 8 - 1))
def test_no_flipped_bit_leaves_log_and_both_agencies_in_agreement(bit: int) -> None:
    changed = bytearray(NOTE)
    changed[bit // 8] ^= 1 << bit % 8
    try:
        opened = open_checkpoint(bytes(changed), LOG, WITNESSES)
    except NoteInvalidError:
        return

    assert len(opened.cosignatures) < len(WITNESSES)


@settings(max_examples=100)
@given(st.integers(0, len(NOTE) - 1))
def test_no_note_that_was_cut_off_has_both_cosignatures(length: int) -> None:
    try:
        opened = open_checkpoint(NOTE[:length], LOG, WITNESSES)
    except NoteInvalidError:
        return

    assert len(opened.cosignatures) < len(WITNESSES)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{ORIGIN}\n03\n{ROOT}\n", id="leading zero"),
        pytest.param(f"{ORIGIN}\n00\n{ROOT}\n", id="two zeros"),
        pytest.param(f"{ORIGIN}\n+3\n{ROOT}\n", id="sign"),
        pytest.param(f"{ORIGIN}\n-3\n{ROOT}\n", id="negative"),
        pytest.param(f"{ORIGIN}\n3 \n{ROOT}\n", id="space"),
        pytest.param(f"{ORIGIN}\n1_0\n{ROOT}\n", id="underscore"),
        pytest.param(f"{ORIGIN}\n\N{ARABIC-INDIC DIGIT THREE}\n{ROOT}\n", id="digit of another script"),
        pytest.param(f"{ORIGIN}\n{2**63}\n{ROOT}\n", id="two to the 63"),
        pytest.param(f"{ORIGIN}\n{'9' * 5000}\n{ROOT}\n", id="5,000 digits"),
        pytest.param(f"{ORIGIN}\n\n{ROOT}\n", id="no size"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT_WITH_SPARE_BITS}\n", id="spare bits in base64"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT[:-1]}\n", id="no padding"),
        pytest.param(f"{ORIGIN}\n3\n {ROOT}\n", id="space before the root"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT.replace('/', '_')}\n", id="other alphabet"),
        pytest.param(f"{ORIGIN}\n3\n{b64encode(bytes(31)).decode()}\n", id="31 bytes"),
        pytest.param(f"{ORIGIN}\n3\n{b64encode(bytes(33)).decode()}\n", id="33 bytes"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT}\nextension\n", id="extension line"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT}\n\n", id="empty line"),
        pytest.param(f"{ORIGIN}\n3\n{ROOT}", id="no line feed at the end"),
        pytest.param(f"{ORIGIN}\r\n3\r\n{ROOT}\r\n", id="carriage returns"),
        pytest.param(f"\n3\n{ROOT}\n", id="no origin"),
        pytest.param(f"two words\n3\n{ROOT}\n", id="space in the origin"),
        pytest.param(f"a+b\n3\n{ROOT}\n", id="plus in the origin"),
        pytest.param(f"{ORIGIN}\n0\n{ROOT}\n", id="a root of no leaves"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_checkpoint_has_one_way_only_to_be_written(text: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_checkpoint(text)


@given(size=st.integers(1, 2**63 - 1), root=st.binary(min_size=32, max_size=32))
def test_every_checkpoint_reads_back_as_it_was(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, TreeSize(size), Hash(root))

    assert parse_checkpoint(format_checkpoint(checkpoint)) == checkpoint


def test_the_checkpoint_of_an_empty_ledger_has_the_root_of_nothing() -> None:
    empty = Checkpoint(ORIGIN, TreeSize(0), EMPTY_ROOT)

    assert format_checkpoint(empty) == f"{ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


@pytest.mark.parametrize("size", [-1, 2**63])
def test_a_size_out_of_range_is_never_signed(size: int) -> None:
    with pytest.raises(NoteInvalidError):
        sign_checkpoint(replace(CHECKPOINT, size=TreeSize(size)), golden_key("log"))


def test_a_checkpoint_of_another_ledger_is_refused() -> None:
    """The key is the log's, the name on the first line is not."""
    other = replace(CHECKPOINT, origin="hub.example/ledger-2")
    text = format_checkpoint(other)
    raw = format_note(Note(text, (NoteSignature(LOG.name, LOG.key_hash, sign(golden_key("log"), text.encode())),)))

    with pytest.raises(NoteInvalidError, match=f"origin: expected {ORIGIN}, found hub.example/ledger-2"):
        open_checkpoint(raw, LOG, WITNESSES)


def test_a_cosignature_copied_from_another_ledger_of_that_size_does_not_hold() -> None:
    other = replace(CHECKPOINT, origin="hub.example/ledger-2")
    copied = cosign_checkpoint(other, golden_key("agency_a"), AGENCY_A.name, signed_at=SIGNED_AT)
    raw = noted(CHECKPOINT, sign_checkpoint(CHECKPOINT, golden_key("log")), copied)

    with pytest.raises(NoteInvalidError, match=f"signature of {AGENCY_A.name} does not hold"):
        open_checkpoint(raw, LOG, WITNESSES)


def test_a_checkpoint_without_its_logs_signature_is_refused() -> None:
    raw = noted(CHECKPOINT, cosigned(golden_key("agency_a"), AGENCY_A.name))

    with pytest.raises(NoteInvalidError, match=f"checkpoint is not signed by {ORIGIN}"):
        open_checkpoint(raw, LOG, WITNESSES)


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    note = Note(TEXT, (cosigned(golden_key("agency_a"), AGENCY_A.name),))

    with pytest.raises(NoteInvalidError, match="not signed by a known key"):
        verify_note(note, (LOG,))


def test_a_changed_cosignature_time_does_not_hold() -> None:
    right = cosigned(golden_key("agency_a"), AGENCY_A.name)
    late = replace(right, signature=(SIGNED_AT + 1).to_bytes(8) + right.signature[8:])

    with pytest.raises(NoteInvalidError, match="does not hold"):
        verify_note(Note(TEXT, (late,)), (AGENCY_A,))


@pytest.mark.parametrize("signed_at", [0, 2**63, 2**64 - 1])
def test_a_cosignature_time_out_of_range_is_refused(signed_at: int) -> None:
    message = f"cosignature/v1\ntime {signed_at}\n{TEXT}".encode()
    signature = signed_at.to_bytes(8) + sign(golden_key("agency_a"), message)

    with pytest.raises(NoteInvalidError, match="time outside"):
        verify_note(Note(TEXT, (NoteSignature(AGENCY_A.name, AGENCY_A.key_hash, signature),)), (AGENCY_A,))


@pytest.mark.parametrize("signed_at", [-1, 0, 2**63])
def test_a_cosignature_is_never_made_at_a_time_out_of_range(signed_at: int) -> None:
    with pytest.raises(NoteInvalidError, match=f"time {signed_at} is outside"):
        cosigned(golden_key("agency_a"), AGENCY_A.name, signed_at)


@pytest.mark.parametrize(
    ("earliest", "latest", "counted"),
    [
        (SIGNED_AT, SIGNED_AT, 2),
        (SIGNED_AT + 1, SIGNED_AT + 600, 0),
        (SIGNED_AT - 600, SIGNED_AT - 1, 0),
    ],
)
def test_cosignatures_too_old_or_of_the_future_do_not_count(earliest: int, latest: int, counted: int) -> None:
    opened = open_checkpoint(NOTE, LOG, WITNESSES)

    assert len(timely(opened.cosignatures, earliest=earliest, latest=latest)) == counted


@pytest.mark.parametrize("length", [0, 1, 63, 65, 71, 73, 2428])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    for key in (LOG, AGENCY_A):
        line = NoteSignature(key.name, key.key_hash, bytes(length))
        with pytest.raises(NoteInvalidError, match=f"found {length}"):
            verify_note(Note(TEXT, (line,)), (key,))


def test_a_logs_signature_does_not_pass_for_a_cosignature() -> None:
    """Kind and key are the witness's, the signature covers the text without a time."""
    plain = SIGNED_AT.to_bytes(8) + sign(golden_key("agency_a"), TEXT.encode())

    with pytest.raises(NoteInvalidError, match="does not hold"):
        verify_note(Note(TEXT, (NoteSignature(AGENCY_A.name, AGENCY_A.key_hash, plain),)), (AGENCY_A,))


def test_another_key_with_the_same_name_and_key_hash_does_not_pass() -> None:
    forged = NoteSignature(LOG.name, LOG.key_hash, sign(golden_key("agency_a"), TEXT.encode()))

    with pytest.raises(NoteInvalidError, match=f"signature of {ORIGIN} does not hold"):
        verify_note(Note(TEXT, (forged,)), (LOG,))


def test_one_public_key_under_two_names_is_not_two_witnesses() -> None:
    twin = NoteKey("agency-b.example/witness", KeyKind.COSIGNATURE, AGENCY_A.public_key)

    with pytest.raises(NoteInvalidError, match="one public key is given for two signers"):
        check_distinct((LOG, AGENCY_A, twin))


def test_one_public_key_for_log_and_witness_is_refused() -> None:
    same = NoteKey("agency-a.example/witness", KeyKind.COSIGNATURE, LOG.public_key)

    with pytest.raises(NoteInvalidError, match="one public key is given for two signers"):
        open_checkpoint(NOTE, LOG, (same,))


def test_a_note_of_64_forged_signatures_is_refused_in_bounded_time() -> None:
    keys = [NoteKey(f"witness-{number}", KeyKind.COSIGNATURE, bytes([number]) * 32) for number in range(63)]
    lines = (NoteSignature(key.name, key.key_hash, bytes(72)) for key in keys)
    raw = format_note(Note(TEXT, (sign_checkpoint(CHECKPOINT, golden_key("log")), *lines)))
    started = perf_counter()

    with pytest.raises(NoteInvalidError):
        open_checkpoint(raw, LOG, keys)

    assert perf_counter() - started < 1


def test_checkpoints_of_growing_ledgers_are_all_different() -> None:
    texts = [format_checkpoint(Checkpoint(ORIGIN, TreeSize(size), root_of(LEAVES[:size]))) for size in range(4)]

    assert all(earlier != later for earlier, later in pairwise(texts))
