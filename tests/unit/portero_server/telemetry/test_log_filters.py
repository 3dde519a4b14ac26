"""What reaches standard error of what libraries and we ourselves log."""

from __future__ import annotations

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from portero_server.telemetry.log_filters import fixed_words
from portero_server.telemetry.logs import configure_logs

_SECRET = "c4n4ry"

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """Sets logs up as a server does, ten lines a minute, and returns what reads them."""
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    root.handlers[:] = []
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    configure_logs("json", "debug", 10)

    def read() -> list[dict[str, object]]:
        text = written.getvalue()
        written.seek(0)
        written.truncate()
        assert _SECRET not in text, text
        return [json.loads(line) for line in text.splitlines()]

    yield read
    root.handlers[0].close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.configure(**{name: value for name, value in kept.items() if name != "context_class"})


def _raise(error: Exception) -> None:
    raise error


@pytest.mark.parametrize(
    "name", ["grpc._cython.cygrpc", "asyncio", "sqlalchemy.pool", "aiomysql", "botocore.endpoint", "uvloop", "httpx"]
)
def test_what_a_library_quotes_is_not_written(lines: Lines, name: str) -> None:
    """Of a library's line only the fixed words, the kind of the error and where it arose are left."""
    logger = logging.getLogger(name)
    try:
        _raise(ValueError(_SECRET))
    except ValueError:
        logger.exception("Invalid encoding on %s", _SECRET.encode())
    logger.error(f"Invalid: {_SECRET}")
    logger.info("sent %s", _SECRET)
    first, second = lines()
    assert (first["event"], first["logger"], first["error"]) == ("Invalid encoding on", name, "ValueError")
    assert "_raise" in str(first["stack"])
    assert first["level"] == second["level"] == "error"


def test_a_warning_of_a_driver_is_not_written_out(lines: Lines) -> None:
    """Warnings of Python's own kind go through the same filter."""
    warnings.warn(f"Duplicate entry '{_SECRET}'", stacklevel=1)
    assert [line["logger"] for line in lines()] == ["py.warnings"]


def test_the_text_of_an_exception_of_ours_is_not_written(lines: Lines) -> None:
    """Our own lines are whole, but of an exception they have kinds and places: its text may quote a statement."""
    log = structlog.get_logger("portero_server.tests")
    try:
        try:
            _raise(KeyError(_SECRET))
        except KeyError as error:
            raise RuntimeError(_SECRET) from error
    except RuntimeError:
        log.exception("engine_defect", engine="local")
    (line,) = lines()
    assert (line["event"], line["engine"], line["error"]) == ("engine_defect", "local", "RuntimeError from KeyError")


def test_a_flood_is_cut_short_and_told(lines: Lines) -> None:
    """Ours has ten lines of one kind a minute, a library one; other kinds go on; the end tells the rest."""
    log = structlog.get_logger("portero_server.tests")
    for _ in range(25):
        log.info("stream_opened")
        logging.getLogger("grpc").error("Invalid encoding on %s", _SECRET)
    log.info("serving")
    events = [line["event"] for line in lines()]
    assert (events.count("stream_opened"), events.count("Invalid encoding on"), events[-1]) == (10, 1, "serving")
    logging.getLogger().handlers[0].close()
    told = {(line["event"], line["of"], line["lines"]) for line in lines()}
    assert told == {
        ("log_lines_suppressed", "stream_opened", 15),
        ("log_lines_suppressed", "Invalid encoding on", 24),
    }


def test_a_line_that_cannot_be_written_is_not_quoted(lines: Lines) -> None:
    """Python's logging prints a record that it cannot format, arguments included; here only its logger is told."""
    record = logging.LogRecord("portero_server.tests", logging.INFO, "", 0, "odd %s", (_Unprintable(),), None)
    logging.getLogger().handlers[0].handle(record)
    assert [line["event"] for line in lines()] == ["log_line_lost"]


class _Unprintable:
    def __repr__(self) -> str:
        raise ValueError(_SECRET)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Invalid encoding on %s", "Invalid encoding on"),
        ("Exception in callback functools.partial(x)", "Exception in callback functools"),
        ("Task exception was never retrieved\nfuture: <Task ana>", "Task exception was never retrieved"),
        ("'ana' failed", ""),
        (b"bytes", ""),
        ("a" * 200, "a" * 80),
    ],
)
def test_words_end_where_a_value_may_begin(template: object, words: str) -> None:
    """Numbers, quotation marks and line breaks end the words."""
    assert fixed_words(template) == words
