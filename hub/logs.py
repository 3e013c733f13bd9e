"""Log lines: JSON on stdout for a service, coloured on stderr for a person.

One past event per line, with values: ``log.info("envelope_admitted", sequence=42)``.
The lines of Faust, mode, aiokafka and everything else that uses the standard library go
through the same processors. Bytes and secrets never reach a line, and what libraries
repeat is cut to one line a second with the number ``suppressed``.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from time import monotonic
from typing import Any, TextIO

import structlog

NOISY = ("aiokafka", "faust", "mode", "asyncio", "kafka")
PERIOD_S = 1.0
TEMPLATES_MAX = 1000
SECRET_WORDS = ("password", "secret", "token", "payload", "private", "plaintext", "passphrase")
BYTES_LITERAL = re.compile(r"\b(?:bytearray\()?[bB](?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")")
DEPTH_MAX = 4

Fields = MutableMapping[str, Any]
Processor = structlog.typing.Processor


def to_service(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write JSON lines on stdout (or *stream*) from now on."""
    install([*LAST, structlog.processors.JSONRenderer()], stream or sys.stdout, level)


def to_terminal(*, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Write lines for people on stderr (or *stream*), in colour if it is a terminal."""
    stream = stream or sys.stderr
    # The renderer's own tracebacks would show the values of local variables.
    plain = structlog.dev.plain_traceback
    renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)
    install([*LAST, renderer], stream, level)


def unless_chosen() -> None:
    """Let a program that did not choose how to log see warnings on stderr, and nothing of ours on stdout."""
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )


def install(renderers: Iterable[Processor], stream: TextIO, level: str) -> None:
    """Send our lines and everybody else's through one handler."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redacted_fields,
    ]
    handler = logging.StreamHandler(stream)
    handler.addFilter(Quiet())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    use(handler, level)
    structlog.configure(
        processors=[*shared[:-1], structlog.stdlib.PositionalArgumentsFormatter(), redacted_fields,
                    structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )  # fmt: skip


def use(handler: logging.Handler, level: str) -> None:
    """Make *handler* the only one; libraries speak from warnings upward."""
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    chatty = logging.DEBUG if level == "DEBUG" else logging.WARNING
    for name in NOISY:
        logging.getLogger(name).setLevel(chatty)


class Quiet(logging.Filter):
    """Lets one line a second pass for each library and message template."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with nothing said."""
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the line; note on it how many were not written."""
        if not record.name.startswith(NOISY):
            return True
        key = (record.name, str(record.msg))
        at, suppressed = self._said.get(key, (float("-inf"), 0))
        now = self._clock()
        if now - at < PERIOD_S:
            self._said[key] = (at, suppressed + 1)
            return False
        if len(self._said) >= TEMPLATES_MAX:
            self._said.clear()
        self._said[key] = (now, 0)
        if suppressed:
            record.suppressed = suppressed
        return True


def redacted_fields(_: Any, __: str, fields: Fields) -> Fields:
    """Return the line with bytes as a length and secrets as a word."""
    for name, value in fields.items():
        if not name.startswith("_") and name != "exc_info":
            fields[name] = hidden(name, value)
    return fields


def redacted_text(_: Any, __: str, fields: Fields) -> Fields:
    """Return the line without the bytes that messages of errors quote."""
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = BYTES_LITERAL.sub("<bytes>", value)
    return fields


def hidden(name: str, value: Any) -> Any:
    """Return the value of a field as it may be written."""
    if any(word in name.lower() for word in SECRET_WORDS) and not isinstance(value, int):
        return "<redacted>"
    return redacted(value)


def redacted(value: Any, depth: int = 0) -> Any:
    """Return a value with every bytes object in it replaced by its length."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth >= DEPTH_MAX:
        return value
    if isinstance(value, Mapping):
        return {str(key): redacted(item, depth + 1) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        items = [redacted(item, depth + 1) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


LAST: tuple[Processor, ...] = (structlog.processors.format_exc_info, redacted_text)
"""What every line passes after it has all its fields."""
