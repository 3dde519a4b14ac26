"""A logging handler that writes of libraries' log lines only what cannot hold a value.

Libraries quote their input: gRPC the metadata of a call that is not UTF-8, API keys and tokens included; asyncio the
arguments of a callback; HTTP clients the URL of a camera with its password. Of their lines only the fixed words are
kept, with the kind of an exception and the place that logged it. Ours are kept as they are, but for the exception's
text.

    handler = LibraryLogs(lambda line: print(line, file=sys.stderr))
    logging.getLogger().addHandler(handler)
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

_OURS = "portero"
_MOST_WORDS = 80
_MOST_CAUSES = 5
# Up to the first that is no plain word: a number, a quotation mark, a colon or a line break may begin a value.
_FIXED = re.compile(r"(?:[A-Za-z][A-Za-z'-]*[ ,]*)*")
# Their lines begin with words of their own, also when these were put together with values.
_CONSTANT_HEADS = frozenset({"asyncio", "grpc"})


@dataclass(frozen=True, slots=True)
class LibraryLine:
    """A log line without values.

    Attributes:
        logger: Name of the logger.
        words: The whole message where it is ours; else its fixed words, or empty if it has none.
        error: Kinds of the exception and its causes ("KeyError from OSError"); empty without one.
        at: The module and line that logged it.
    """

    logger: str
    words: str
    error: str
    at: str

    @property
    def ours(self) -> bool:
        """Whether the line is of Portero's clients."""
        return self.logger.startswith(_OURS)

    def __str__(self) -> str:
        error = f" ({self.error})" if self.error else ""
        if self.ours:
            return f"{self.words}{error}"
        return f"{self.logger}: {self.words or 'a message'}{error}, at {self.at}"


class LibraryLogs(logging.Handler):
    """Hands every record from WARNING on to `tell`, without its values."""

    def __init__(self, tell: Callable[[LibraryLine], object]) -> None:
        """Creates a handler; add it to the root logger, as the only one that writes what others read."""
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        """Hands a record on; one that cannot be written is dropped, since reporting that would quote it."""
        try:
            self._tell(line_of(record))
        except Exception:  # noqa: BLE001 - logging's own report prints the record with its arguments
            return


def line_of(record: logging.LogRecord) -> LibraryLine:
    """Returns what of a record may be written."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    at = f"{record.module}:{record.lineno}"
    return LibraryLine(record.name, _words(record), "" if error is None else _kinds(error), at)


def write_library_logs(tell: Callable[[LibraryLine], object]) -> None:
    """Makes `LibraryLogs` the only handler of the root logger; Python's warnings pass through it as well."""
    logging.captureWarnings(True)
    logging.getLogger().handlers[:] = [LibraryLogs(tell)]


def _words(record: logging.LogRecord) -> str:
    if record.name.startswith(_OURS):
        return record.getMessage()
    # What was put together before it came here may begin with anybody's words.
    fixed = bool(record.args) or record.name.partition(".")[0] in _CONSTANT_HEADS
    if not fixed or not isinstance(record.msg, str):
        return ""
    matched = _FIXED.match(record.msg)
    return matched.group()[:_MOST_WORDS].strip(" ,") if matched else ""


def _kinds(error: BaseException) -> str:
    kinds: list[str] = []
    current: BaseException | None = error
    while current is not None and len(kinds) < _MOST_CAUSES:
        kinds.append(type(current).__qualname__)
        current = current.__cause__ or current.__context__
    return " from ".join(kinds)
