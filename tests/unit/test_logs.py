import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from hub import logs


@pytest.fixture
def service() -> Iterator[io.StringIO]:
    """Log as a service does, and put everything back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    logs.to_service(stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    for name in logs.NOISY:
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_event_with_its_values(service: io.StringIO) -> None:
    structlog.get_logger("hub.x").info("envelope_admitted", issuer="office:ee", sequence=42)

    (line,) = lines(service)

    assert line["event"] == "envelope_admitted"
    assert (line["logger"], line["level"], line["issuer"], line["sequence"]) == ("hub.x", "info", "office:ee", 42)


def test_bytes_are_written_as_their_length_however_deep(service: io.StringIO) -> None:
    structlog.get_logger("hub.x").info("seen", raw=b"name of a person", deep={"list": [b"abc", ("d", b"ef")]})

    (line,) = lines(service)

    assert line["raw"] == "<16 bytes>"
    assert line["deep"] == {"list": ["<3 bytes>", ["d", "<2 bytes>"]]}


def test_secrets_are_written_as_a_word(service: io.StringIO) -> None:
    structlog.get_logger("hub.x").info("seen", password="open", payload={"a": 1}, payload_bytes=17)

    (line,) = lines(service)

    assert (line["password"], line["payload"], line["payload_bytes"]) == ("<redacted>", "<redacted>", 17)


def test_bytes_in_an_error_and_in_other_peoples_lines_are_cut_out(service: io.StringIO) -> None:
    error = ValueError("cannot read", b"name of a person")
    structlog.get_logger("hub.x").error("agent_failed", exc_info=error)
    logging.getLogger("other").warning("got %r", b"name of a person")

    ours, theirs = lines(service)

    assert "ValueError: ('cannot read', <bytes>)" in ours["exception"]
    assert theirs["event"] == "got <bytes>"


def test_a_library_says_the_same_once_a_second_and_how_often_it_did_not(service: io.StringIO) -> None:
    quiet = logs.Quiet(iter([0.0, 0.1, 0.9, 1.2]).__next__)
    said = [record("aiokafka.conn", "broker %s is away", number) for number in range(4)]

    passed = [quiet.filter(each) for each in said]

    assert passed == [True, False, False, True]
    assert vars(said[3])["suppressed"] == 2


def test_our_own_lines_are_never_cut() -> None:
    quiet = logs.Quiet(lambda: 0.0)

    assert all(quiet.filter(record("hub.notifier", "notified", number)) for number in range(9))


def test_libraries_speak_from_warnings_upward(service: io.StringIO) -> None:
    logging.getLogger("faust.hub").info("Starting...")
    logging.getLogger("faust.hub").warning("slow")

    assert [line["event"] for line in lines(service)] == ["slow"]


def record(logger: str, template: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord(logger, logging.WARNING, "", 0, template, arguments, None)
