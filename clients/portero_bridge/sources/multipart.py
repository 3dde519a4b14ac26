"""Extracts JPEG files from a `multipart/x-mixed-replace` stream, tolerating what real cameras send.

Incremental and without I/O. Memory is bounded: whatever a camera sends, at most one part and one header are held. Data
that does not look like a part is skipped up to the next boundary.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

_JPEG_BEGIN = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
# Cameras pad the end of a file with line breaks or zeros.
_PADDING = b"\r\n\x00"
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_CONTENT_LENGTH = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"|([^;\s]+))", re.IGNORECASE)


class _State(Enum):
    SEEKING = auto()  # The next boundary is somewhere ahead.
    HEADER = auto()  # A boundary was read; the part's header follows.
    SIZED_BODY = auto()  # The header said how long the part is.
    OPEN_BODY = auto()  # The part ends where the next boundary begins.


@dataclass(frozen=True, slots=True)
class PartLimits:
    """How large a part's header and body may be, bytes."""

    header_bytes: int = 8 * 1024
    body_bytes: int = 5 * 1024 * 1024


def boundary_of(content_type: str) -> str | None:
    """Returns the boundary that a content type names, or None."""
    named = _BOUNDARY.search(content_type)
    return (named[1] or named[2]) if named else None


class MultipartParser:
    """Finds the JPEG files in a stream.

    Args:
        boundary: From the content type. Cameras that put the leading dashes into it are understood.
        limits: Bounds of one part.
    """

    def __init__(self, boundary: str, limits: PartLimits | None = None) -> None:
        self._delimiter = b"--" + boundary.removeprefix("--").encode("latin-1", "replace")
        self._limits = limits or PartLimits()
        self._buffer = bytearray()
        self._searched = 0
        self._state = _State.SEEKING
        self._length = 0
        self.skipped = 0
        """Parts and stretches of garbage that were not given."""

    def feed(self, data: bytes) -> list[bytes]:
        """Adds received bytes. Returns the files that are complete now."""
        self._buffer += data
        files: list[bytes] = []
        advance = {
            _State.SEEKING: self._seek,
            _State.HEADER: self._read_header,
            _State.SIZED_BODY: self._read_sized_body,
            _State.OPEN_BODY: self._read_open_body,
        }
        while advance[self._state](files):
            pass
        return files

    def _seek(self, files: list[bytes]) -> bool:
        at = self._buffer.find(self._delimiter)
        if at < 0:
            # The beginning of a delimiter may be the last that came.
            self._consume(max(0, len(self._buffer) - len(self._delimiter) + 1))
            return False
        self._consume(at + len(self._delimiter))
        self._enter(_State.HEADER)
        return True

    def _read_header(self, files: list[bytes]) -> bool:
        # Boundaries first, and each byte looked at once: a stream of nothing but boundaries must cost no more than
        # one of pictures.
        limit = self._limits.header_bytes
        cut = self._buffer.find(self._delimiter, max(0, self._searched - len(self._delimiter) + 1), limit)
        end = _HEADER_END.search(self._buffer, max(0, self._searched - 3), cut if cut >= 0 else limit)
        if end is None:
            if cut >= 0:
                # A header that was cut off by the next part.
                self._consume(cut)
                return self._skip()
            self._searched = min(len(self._buffer), limit)
            return self._skip() if len(self._buffer) > limit else False
        header = bytes(self._buffer[: end.end()])
        self._consume(end.end())
        length = _CONTENT_LENGTH.search(header)
        self._length = int(length[1]) if length else 0
        sized = 0 < self._length <= self._limits.body_bytes
        self._enter(_State.SIZED_BODY if sized else _State.OPEN_BODY)
        return True

    def _read_sized_body(self, files: list[bytes]) -> bool:
        if self._buffer.find(self._delimiter, max(0, self._searched - len(self._delimiter) + 1), self._length) >= 0:
            # The length was wrong: the next boundary tells where the part really ends.
            self._enter(_State.OPEN_BODY)
            return True
        self._searched = min(len(self._buffer), self._length)
        if len(self._buffer) < self._length:
            return False
        body = bytes(self._buffer[: self._length])
        if not body.rstrip(_PADDING).endswith(_JPEG_END):
            self._enter(_State.OPEN_BODY)
            return True
        self._consume(self._length)
        self._enter(_State.SEEKING)
        self._give(body, files)
        return True

    def _read_open_body(self, files: list[bytes]) -> bool:
        at = self._buffer.find(self._delimiter, max(0, self._searched - len(self._delimiter)))
        # The beginning of a boundary may be the last that came.
        end = at if at >= 0 else len(self._buffer) - len(self._delimiter) + 1
        if end > self._limits.body_bytes:
            return self._skip()
        self._searched = len(self._buffer)
        if at < 0:
            return False
        body = bytes(self._buffer[:at])
        self._consume(at)
        self._enter(_State.SEEKING)
        # The line break before a boundary belongs to the boundary.
        self._give(body.removesuffix(b"\n").removesuffix(b"\r"), files)
        return True

    def _give(self, body: bytes, files: list[bytes]) -> None:
        if body.startswith(_JPEG_BEGIN):
            files.append(body)
        else:
            self.skipped += 1

    def _skip(self) -> bool:
        self.skipped += 1
        self._enter(_State.SEEKING)
        return True

    def _consume(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0

    def _enter(self, state: _State) -> None:
        self._state = state
        self._searched = 0
