from base64 import b64encode
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.checkpoint import Verified, verify_note
from events.errors import NoteInvalidError
from events.note import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    KeyKind,
    Note,
    NoteKey,
    NoteSignature,
    format_key,
    format_note,
    is_key_name,
    parse_key,
    parse_note,
)
from tests.unit.golden import GOLDEN, NOTE, golden_key

DASH = "\N{EM DASH}"
BLOB = b64encode(bytes(68)).decode()

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    f"{DASH} PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def line(name: str = "a", blob: str = BLOB) -> str:
    return f"{DASH} {name} {blob}\n"


@pytest.mark.parametrize(
    ("key", "note"),
    [
        pytest.param(GOLDEN["spec_key_text"], GOLDEN["spec_note"], id="the specification's example"),
        pytest.param(PETER, PETER_NOTE, id="the example of Go's package"),
    ],
)
def test_the_published_examples_hold(key: str, note: str) -> None:
    known = parse_key(key)

    assert verify_note(parse_note(note.encode()), (known,)) == (Verified(known, None),)
    assert format_key(known) == key


@pytest.mark.parametrize("name", ["log", "agency_a", "agency_b"])
def test_the_golden_keys_are_written_as_in_the_vectors(name: str) -> None:
    text = GOLDEN["key_texts"][name]

    assert format_key(parse_key(text)) == text
    assert parse_key(text).public_key == golden_key(name).public_key


def test_the_golden_note_reads_back_byte_for_byte() -> None:
    assert format_note(parse_note(NOTE)) == NOTE


def test_the_text_ends_at_the_last_empty_line() -> None:
    assert parse_note(f"one\n\ntwo\n\n{line()}".encode()).text == "one\n\ntwo\n"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"text\n", id="no signatures"),
        pytest.param(b"text\n\n", id="no signature lines"),
        pytest.param(f"text\n{line()}".encode(), id="no empty line"),
        pytest.param(f"text\n\n{line()}"[:-1].encode(), id="no line feed at the end"),
        pytest.param(f"text\n\n{line()}\n".encode(), id="empty line at the end"),
        pytest.param(f"text\r\n\r\n{line()}".encode(), id="carriage returns"),
        pytest.param(f"te\txt\n\n{line()}".encode(), id="tabulator"),
        pytest.param(f"te\0xt\n\n{line()}".encode(), id="zero byte"),
        pytest.param(f"text\n\n{line()}".encode("utf-16"), id="utf-16"),
        pytest.param(b"te\xffxt\n\n" + line().encode(), id="not utf-8"),
        pytest.param(b"te\xc0\x8axt\n\n" + line().encode(), id="over-long utf-8"),
        pytest.param(f"text\n\n{line()}".replace(DASH, "-").encode(), id="hyphen"),
        pytest.param(f"text\n\n{line()}".replace(DASH, "\N{EN DASH}").encode(), id="en dash"),
        pytest.param(f"text\n\n{DASH}  a {BLOB}\n".encode(), id="two spaces"),
        pytest.param(f"text\n\n{DASH} a  {BLOB}\n".encode(), id="two spaces before base64"),
        pytest.param(f"text\n\n{DASH} a\n".encode(), id="no base64"),
        pytest.param(f"text\n\n{line(blob=BLOB + ' ')}".encode(), id="space at the end"),
        pytest.param(f"text\n\n{line(blob=BLOB[:-1])}".encode(), id="no padding"),
        pytest.param(f"text\n\n{line(blob=BLOB[:-2] + 'B=')}".encode(), id="spare bits in base64"),
        pytest.param(f"text\n\n{line(blob='AAAAAA==')}".encode(), id="key hash only"),
        pytest.param(f"text\n\n{line(blob='AAAA')}".encode(), id="three bytes"),
        pytest.param(f"text\n\n{line('a+b')}".encode(), id="plus in a name"),
        pytest.param(f"text\n\n{line('')}".encode(), id="no name"),
        pytest.param(f"text\n\n{line(chr(0x2003))}".encode(), id="em space as a name"),
        pytest.param(f"text\n\n{line()}{line()}".encode(), id="a signature twice"),
        pytest.param(f"text\n\n{line()}comment\n{line('b')}".encode(), id="a line between signatures"),
    ],
)
def test_a_note_that_is_written_another_way_is_refused(raw: bytes) -> None:
    with pytest.raises(NoteInvalidError):
        parse_note(raw)


def test_two_signatures_of_one_name_and_two_keys_are_not_the_same_line() -> None:
    other = b64encode(b"\1" + bytes(67)).decode()

    assert len(parse_note(f"text\n\n{line()}{line(blob=other)}".encode()).signatures) == 2


def test_sixteen_signatures_are_accepted_as_the_specification_asks() -> None:
    lines = "".join(line(f"witness-{number}") for number in range(16))

    assert len(parse_note(f"text\n\n{lines}".encode()).signatures) == 16


def test_more_signatures_than_the_limit_are_refused() -> None:
    lines = "".join(line(f"witness-{number}") for number in range(SIGNATURES_MAX + 1))

    with pytest.raises(NoteInvalidError, match="note has 65 signatures, expected at most 64"):
        parse_note(f"text\n\n{lines}".encode())


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"x" * NOTE_BYTES_MAX + b"\n\n" + line().encode(), id="just over the limit"),
        pytest.param(b"x\n\n" + line().encode() * 10_000, id="10,000 signature lines"),
        pytest.param(b"\n" * NOTE_BYTES_MAX, id="empty lines"),
        pytest.param(f"{DASH} ".encode() * (NOTE_BYTES_MAX // 4), id="dashes"),
    ],
)
def test_a_huge_note_is_refused_in_bounded_time(raw: bytes) -> None:
    started = perf_counter()

    with pytest.raises(NoteInvalidError):
        parse_note(raw)

    assert perf_counter() - started < 1


def test_a_note_of_100_megabytes_is_refused_in_bounded_time() -> None:
    raw = bytes(100_000_000)
    started = perf_counter()

    with pytest.raises(NoteInvalidError, match="note has 100000000 bytes, expected at most 65536"):
        parse_note(raw)

    assert perf_counter() - started < 1


@given(st.binary(max_size=300))
def test_any_bytes_are_a_note_that_reads_back_or_a_typed_error(raw: bytes) -> None:
    try:
        note = parse_note(raw)
    except NoteInvalidError:
        return

    assert format_note(note) == raw


@given(st.text(max_size=60), st.text(min_size=1, max_size=10), st.binary(min_size=1, max_size=80))
def test_what_is_written_reads_back_or_is_never_written(text: str, name: str, signature: bytes) -> None:
    note = Note(text, (NoteSignature(name, b"hash", signature),))
    try:
        raw = format_note(note)
    except (NoteInvalidError, UnicodeEncodeError):
        return

    assert parse_note(raw) == note


@pytest.mark.parametrize("text", ["", "no line feed", "carriage\r\n"])
def test_a_text_that_would_not_read_back_is_never_written(text: str) -> None:
    with pytest.raises(NoteInvalidError):
        format_note(Note(text, (NoteSignature("a", b"hash", b"signature"),)))


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\0b", "a\N{NO-BREAK SPACE}b", "a\N{LINE SEPARATOR}b"])
def test_a_name_that_would_break_a_line_is_no_key_name(name: str) -> None:
    assert not is_key_name(name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("a", id="name only"),
        pytest.param(GOLDEN["spec_key_text"].replace("530d903a", "530d903b"), id="another hash"),
        pytest.param(GOLDEN["spec_key_text"].replace("530d903a", "530D903A"), id="hash in capitals"),
        pytest.param(GOLDEN["spec_key_text"].replace("foo", "bar"), id="another name"),
        pytest.param(GOLDEN["spec_key_text"][:-4], id="29 bytes"),
        pytest.param(GOLDEN["spec_key_text"] + "\n", id="line feed"),
        pytest.param(GOLDEN["spec_key_text"].replace("+Ae", "+Bu"), id="unknown kind"),
        pytest.param(format_key(NoteKey("a", KeyKind.NOTE, bytes(32))), id="point of small order"),
        pytest.param("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", id="no name"),
    ],
)
def test_a_key_text_that_is_wrong_anywhere_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_key(text)
