from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from uuid import UUID

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings.crypto_generichash import generichash_blake2b_salt_personal

from events.errors import (
    CiphertextInvalidError,
    CommitmentMismatchError,
    EventsError,
    NotAReaderError,
    ReadersMismatchError,
    SealedPartError,
    SealedPartTooLargeError,
    WrapInvalidError,
)
from events.ids import Hash, Office
from events.sealing import (
    BLOCK_BYTES,
    CIPHERTEXT_BYTES_MAX,
    CONTENT_BYTES_MAX,
    WRAP_BYTES,
    Context,
    SealedPart,
    SealingKey,
    key_commitment,
    open_sealed,
    parse_sealed,
    seal,
    sealed_bytes,
    sealed_digest,
    sealing_key,
)

CONTENT = b"invented content"
CONTENT_KEY, NONCE = b"\x07" * 32, b"\x09" * 24
KEYS = tuple(sorted((sealing_key(bytes([number]) * 32) for number in (1, 2, 3)), key=lambda key: key.key_id))
FIRST, SECOND, STRANGER = KEYS
READERS = (FIRST.public_key, SECOND.public_key)
CONTEXT = Context(
    origin="hub.example/ledger-1",
    office=Office("cn:blo-ruili"),
    event_id=UUID(int=1),
    type="LeadShared",
    schema_sha256=Hash(sha256(b"schema").digest()),
    readers=(FIRST.key_id, SECOND.key_id),
)
COMMITMENT = key_commitment(CONTENT_KEY, CONTEXT)


AVRO_CONTEXT = parse_schema(
    {
        "type": "record",
        "name": "Context",
        "fields": [
            {"name": "origin", "type": "string"},
            {"name": "office", "type": "string"},
            {"name": "event_id", "type": {"type": "fixed", "name": "EventId", "size": 16}},
            {"name": "type", "type": "string"},
            {"name": "schema_sha256", "type": {"type": "fixed", "name": "Sha256", "size": 32}},
            {"name": "readers", "type": {"type": "array", "items": "Sha256"}},
        ],
    }
)


def avro_bytes(context: Context) -> bytes:
    """Return the context as an Avro library writes it."""
    record = {
        "origin": context.origin,
        "office": context.office,
        "event_id": context.event_id.bytes,
        "type": context.type,
        "schema_sha256": context.schema_sha256,
        "readers": list(context.readers),
    }
    buffer = BytesIO()
    schemaless_writer(buffer, AVRO_CONTEXT, record)
    return buffer.getvalue()


def sealed(content: bytes = CONTENT, *, context: Context = CONTEXT, content_key: bytes = CONTENT_KEY) -> SealedPart:
    return seal(content, context, READERS, content_key=content_key, nonce=NONCE)


PART = sealed()


@pytest.mark.parametrize("key", [FIRST, SECOND], ids=["first", "second"])
def test_each_reader_opens_the_content(key: SealingKey) -> None:
    assert open_sealed(PART, CONTEXT, COMMITMENT, key) == CONTENT


@settings(max_examples=30)
@given(st.binary(max_size=600))
def test_any_content_comes_back_as_it_was(content: bytes) -> None:
    assert open_sealed(sealed(content), CONTEXT, COMMITMENT, FIRST) == content


@pytest.mark.parametrize(("content_bytes", "blocks"), [(0, 1), (1, 1), (255, 1), (256, 2), (511, 2), (512, 3)])
def test_the_ciphertext_tells_the_length_in_blocks_only(content_bytes: int, blocks: int) -> None:
    assert len(sealed(bytes(content_bytes)).ciphertext) == blocks * BLOCK_BYTES + 16


def test_the_largest_content_fits_into_the_largest_ciphertext() -> None:
    part = sealed(bytes(CONTENT_BYTES_MAX))

    assert CIPHERTEXT_BYTES_MAX - BLOCK_BYTES < len(part.ciphertext) <= CIPHERTEXT_BYTES_MAX
    assert len(open_sealed(part, CONTEXT, COMMITMENT, FIRST)) == CONTENT_BYTES_MAX


def test_one_byte_more_is_never_sealed() -> None:
    with pytest.raises(SealedPartTooLargeError, match="expected at most 1048319 bytes, found 1048320"):
        sealed(bytes(CONTENT_BYTES_MAX + 1))


def test_a_stranger_is_not_a_reader() -> None:
    with pytest.raises(NotAReaderError, match=STRANGER.key_id.hex()[:12]):
        open_sealed(PART, CONTEXT, COMMITMENT, STRANGER)


def test_two_contents_for_two_readers_break_the_commitment_of_one() -> None:
    """The salamander: each reader finds a content key that opens the part, but not the same one."""
    other = sealed(b"another story", content_key=b"\x08" * 32)
    forged = replace(PART, wraps=(PART.wraps[0], other.wraps[1]))

    assert open_sealed(forged, CONTEXT, COMMITMENT, FIRST) == CONTENT
    with pytest.raises(CommitmentMismatchError, match=str(CONTEXT.event_id)):
        open_sealed(forged, CONTEXT, COMMITMENT, SECOND)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(CONTEXT, origin="hub.example/ledger-2"), id="origin"),
        pytest.param(replace(CONTEXT, office=Office("cn:ah-police")), id="office"),
        pytest.param(replace(CONTEXT, event_id=UUID(int=2)), id="event"),
        pytest.param(replace(CONTEXT, type="VictimIdentified"), id="type"),
        pytest.param(replace(CONTEXT, schema_sha256=Hash(bytes(32))), id="schema"),
    ],
)
def test_a_sealed_part_attached_to_another_event_does_not_open(other: Context) -> None:
    """Not even with a commitment made for that event: the wraps carry the context they were made for."""
    with pytest.raises(WrapInvalidError, match="made for another event"):
        open_sealed(PART, other, key_commitment(CONTENT_KEY, other), FIRST)


def test_a_ciphertext_under_wraps_of_another_event_does_not_open() -> None:
    """A reader who knows the content key can make new wraps; the ciphertext still belongs to its event."""
    other = replace(CONTEXT, office=Office("mm:atipd"))
    forged = replace(sealed(context=other), ciphertext=PART.ciphertext)

    with pytest.raises(CiphertextInvalidError):
        open_sealed(forged, other, key_commitment(CONTENT_KEY, other), FIRST)


def test_wraps_for_other_readers_than_the_header_names_are_reported() -> None:
    fewer = replace(PART, wraps=PART.wraps[:1])
    first, second = FIRST.key_id.hex()[:12], SECOND.key_id.hex()[:12]

    with pytest.raises(ReadersMismatchError, match=f"expected {first}, {second}, found {first}$"):
        open_sealed(fewer, CONTEXT, COMMITMENT, FIRST)


@pytest.mark.parametrize("order", [(1, 0), (0, 0, 1), ()], ids=["turned round", "one twice", "none"])
def test_wraps_stand_in_the_order_of_their_key_ids_once_each(order: tuple[int, ...]) -> None:
    odd = replace(PART, wraps=tuple(PART.wraps[at] for at in order))

    with pytest.raises(ReadersMismatchError):
        open_sealed(odd, CONTEXT, COMMITMENT, FIRST)


def test_a_context_whose_readers_are_out_of_order_seals_nothing() -> None:
    with pytest.raises(ReadersMismatchError):
        sealed(context=replace(CONTEXT, readers=CONTEXT.readers[::-1]))


@pytest.mark.parametrize("order", [(1, 0), (0, 0)], ids=["turned round", "one twice"])
def test_a_header_whose_readers_are_out_of_order_opens_nothing(order: tuple[int, ...]) -> None:
    odd = replace(CONTEXT, readers=tuple(CONTEXT.readers[at] for at in order))
    part = replace(PART, wraps=tuple(PART.wraps[at] for at in order))

    with pytest.raises(ReadersMismatchError):
        open_sealed(part, odd, key_commitment(CONTENT_KEY, odd), FIRST)


def test_content_is_sealed_to_the_readers_of_the_context_only() -> None:
    with pytest.raises(ReadersMismatchError):
        seal(CONTENT, CONTEXT, (FIRST.public_key,), content_key=CONTENT_KEY, nonce=NONCE)


@settings(max_examples=100)
@given(st.data())
def test_no_flipped_bit_of_a_sealed_part_opens(data: st.DataObject) -> None:
    raw = bytearray(sealed_bytes(PART))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    try:
        content = open_sealed(parse_sealed(bytes(raw)), CONTEXT, COMMITMENT, FIRST)
    except EventsError:
        return

    # only the other reader's wrap was touched; the digest in the header does not match either
    assert content == CONTENT
    assert sealed_digest(bytes(raw)) != sealed_digest(sealed_bytes(PART))


@pytest.mark.parametrize("length", [0, 15, 16, 271])
def test_a_ciphertext_that_was_cut_off_does_not_open(length: int) -> None:
    with pytest.raises(CiphertextInvalidError):
        open_sealed(replace(PART, ciphertext=PART.ciphertext[:length]), CONTEXT, COMMITMENT, FIRST)


def test_a_ciphertext_over_the_limit_is_refused_before_decryption() -> None:
    with pytest.raises(CiphertextInvalidError):
        open_sealed(replace(PART, ciphertext=bytes(CIPHERTEXT_BYTES_MAX + 1)), CONTEXT, COMMITMENT, FIRST)


@pytest.mark.parametrize("length", [0, 23, 25])
def test_a_nonce_of_another_length_does_not_open(length: int) -> None:
    with pytest.raises(CiphertextInvalidError):
        open_sealed(replace(PART, nonce=bytes(length)), CONTEXT, COMMITMENT, FIRST)


@pytest.mark.parametrize("length", [0, 47, WRAP_BYTES - 1, WRAP_BYTES + 1])
def test_a_wrap_of_another_length_does_not_open(length: int) -> None:
    odd = replace(PART, wraps=(replace(PART.wraps[0], wrap=bytes(length)), PART.wraps[1]))

    with pytest.raises(WrapInvalidError):
        open_sealed(odd, CONTEXT, COMMITMENT, FIRST)


def test_a_wrap_is_112_bytes_as_the_schema_says() -> None:
    assert {len(each.wrap) for each in PART.wraps} == {WRAP_BYTES}


def test_a_sealed_part_reads_back_from_the_wire() -> None:
    assert parse_sealed(sealed_bytes(PART)) == PART


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xc3\x01", sealed_bytes(PART)[:-1], sealed_bytes(PART) + b"\x00"],
    ids=["nothing", "marker", "truncated", "trailing"],
)
def test_other_bytes_are_not_a_sealed_part(raw: bytes) -> None:
    with pytest.raises(SealedPartError, match=f"record of {len(raw)} bytes is not a sealed part"):
        parse_sealed(raw)


def test_key_and_commitment_are_different_hashes_of_the_content_key() -> None:
    """Publishing the commitment must not publish the key."""
    assert COMMITMENT not in (CONTENT_KEY, CONTEXT.digest)
    assert key_commitment(CONTENT_KEY, replace(CONTEXT, type="MeetingHeld")) != COMMITMENT
    assert key_commitment(b"\x08" * 32, CONTEXT) != COMMITMENT


@pytest.mark.parametrize("copies", [0, 1, 90])
def test_the_context_is_hashed_as_an_avro_library_writes_it(copies: int) -> None:
    context = replace(CONTEXT, readers=CONTEXT.readers * copies, origin="o" * 300)

    assert context.digest == sha256(avro_bytes(context)).digest()


def test_keys_are_derived_as_libsodium_derives_them() -> None:
    """So that other implementations can: personalised and keyed BLAKE2b, as crypto_generichash has it."""
    derived = generichash_blake2b_salt_personal(CONTEXT.digest, key=CONTENT_KEY, person=b"hub-evt-com-v1")

    assert derived == COMMITMENT


def test_the_context_of_the_example_never_changes() -> None:
    assert CONTEXT.digest.hex() == "b9e684a2d4f1c26f5a853e0b41b84f8038091626c78e949bbfc85a0f492b55da"
    assert COMMITMENT.hex() == "06baae8a7ffa56ca540f2aa7ba15227ad17abafe7b9e1091dd35f537575c248c"
    assert sha256(PART.ciphertext).hexdigest() == "e55228cf06c5062f6ce009b1f45de6bb85756cdfdf23f45dd30ac7347fe9892b"


@pytest.mark.parametrize(("content_key", "nonce"), [(bytes(31), NONCE), (CONTENT_KEY, bytes(23))])
def test_a_content_key_or_nonce_of_another_length_seals_nothing(content_key: bytes, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="has the wrong length"):
        seal(CONTENT, CONTEXT, READERS, content_key=content_key, nonce=nonce)
