"""Structured logs: one JSON object per line in production, readable lines on a terminal."""

from __future__ import annotations

import atexit
import json
import logging
import sys
import time
from typing import Literal

import structlog

from portero_server.telemetry.log_filters import RateFilter, is_ours, terse, told_without_text, with_fields


def configure_logs(form: Literal["auto", "json", "console"], level: str, lines: int) -> None:
    """Configures structlog, and the standard library's loggers through it, to write to standard error.

    Args:
        form: "auto" takes "console" on a terminal and "json" elsewhere.
        level: Least level logged, "debug" to "error". Libraries are heard from "warning" on, whatever it is.
        lines: Most lines a minute of one logger and event; libraries have a tenth.
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, with_fields],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, told_without_text, renderer],
    )
    handler = _StandardError(formatter, lines)
    root = logging.getLogger()
    for old in root.handlers:
        if isinstance(old, _StandardError):
            old.close()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Warnings, as database drivers give them, would go to standard error past all of this.
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class _StandardError(logging.StreamHandler):  # type: ignore[type-arg]  # of standard error
    """Writes to standard error what the filters let through."""

    def __init__(self, formatter: logging.Formatter, lines: int) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(formatter)
        self._rates = RateFilter(lines, time.monotonic, super().emit)
        atexit.register(self._rates.flush)

    def emit(self, record: logging.LogRecord) -> None:
        if not is_ours(record.name) and record.levelno < logging.WARNING:
            return
        record = terse(record)
        if self._rates.filter(record):
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - named as in logging
        # The library's own prints the record and its arguments.
        self.stream.write(json.dumps({"event": "log_line_lost", "level": "error", "logger": record.name}) + "\n")

    def close(self) -> None:
        atexit.unregister(self._rates.flush)
        self._rates.flush()
        super().close()
