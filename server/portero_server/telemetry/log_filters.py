"""Filters between loggers and standard error: they shorten library messages and stop floods.

Libraries quote their input: gRPC the metadata of a call that is not UTF-8, bearer tokens included; asyncio the
arguments of a callback; database drivers a row. Of a library's message only its fixed words are written, with the
exception's type and origin. Our own messages are written unchanged, except for exception texts, which mostly come from
libraries as well.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from portero_server.domain.log_rates import LineRates

OURS = "portero"
"""Begins the names of our own loggers."""

_MOST_WORDS = 80
_FRAMES = 20
# Up to the first that is no plain word: a number, a quotation mark, a colon or a line break may begin a value.
_FIXED = re.compile(r"(?:[A-Za-z][A-Za-z'-]*[ ,]*)*")
_LIBRARY_SHARE = 10
# Their lines begin with words of their own, also when these were put together with values.
_CONSTANT_HEADS = frozenset({"asyncio", "grpc"})


def is_ours(name: str) -> bool:
    """Whether a logger is the server's own."""
    return name.partition(".")[0].startswith(OURS)


def fixed_words(template: object) -> str:
    """Returns the leading words of a library's message that cannot contain a value."""
    if not isinstance(template, str):
        return ""
    matched = _FIXED.match(template)
    return matched.group()[:_MOST_WORDS].strip(" ,") if matched else ""


def terse(record: logging.LogRecord) -> logging.LogRecord:
    """Returns a library's record without any values; our own record unchanged."""
    if is_ours(record.name):
        return record
    # What was put together before it came here may begin with anybody's words.
    fixed = bool(record.args) or record.name.partition(".")[0] in _CONSTANT_HEADS
    words = fixed_words(record.msg) if fixed else ""
    plain = _record(record.name, record.levelno, words or "library_message")
    plain.exc_info = record.exc_info
    plain.fields = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
    return plain


def with_fields(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Adds the fields of our own records, for structlog."""
    event.update(getattr(event.get("_record"), "fields", {}))
    return event


def told_without_text(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replaces an exception by its type and origin, for structlog; its text may quote anything."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given if isinstance(given, BaseException) else given[1] if isinstance(given, tuple) else None
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if error is not None:
        event["error"] = _kind(error)
        event["stack"] = "".join(traceback.format_tb(error.__traceback__, -_FRAMES))
    return event


class RateFilter(logging.Filter):
    """Passes the first lines of each minute for each logger and event; reports how many were suppressed."""

    def __init__(self, lines: int, now: Callable[[], float], tell: Callable[[logging.LogRecord], None]) -> None:
        """Passes `lines` of our own per minute and a tenth of that for libraries; `tell` bypasses the filter."""
        super().__init__()
        self._lines = lines
        self._now = now
        self._tell = tell
        self._rates: LineRates[tuple[str, str]] = LineRates()

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns whether to write the record, after reporting lines suppressed in past minutes."""
        now = self._now()
        for suppressed in self._rates.ended(now):
            name, event = suppressed.source
            self._tell(_suppression(name, event, suppressed.lines))
        most = self._lines if is_ours(record.name) else max(1, self._lines // _LIBRARY_SHARE)
        return self._rates.allows((record.name, _event_of(record)), most, now)

    def flush(self) -> None:
        """Logs the numbers of lines that were suppressed and not reported yet."""
        for suppressed in self._rates.rest():
            name, event = suppressed.source
            self._tell(_suppression(name, event, suppressed.lines))


def _event_of(record: logging.LogRecord) -> str:
    if isinstance(record.msg, Mapping):
        return str(record.msg.get("event", ""))
    return record.msg if isinstance(record.msg, str) else ""


def _suppression(name: str, event: str, lines: int) -> logging.LogRecord:
    told = _record(f"{OURS}_server.logs", logging.WARNING, "log_lines_suppressed")
    told.fields = {"logger": name, "of": event, "lines": lines}
    return told


def _record(name: str, level: int, event: str) -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, event, (), None)


def _kind(error: BaseException) -> str:
    kinds, seen = [], 0
    current: BaseException | None = error
    while current is not None and seen < 5:
        kinds.append(type(current).__qualname__)
        current, seen = current.__cause__ or current.__context__, seen + 1
    return " from ".join(kinds)
