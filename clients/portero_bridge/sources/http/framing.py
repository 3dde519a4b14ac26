"""Where the body of an answer ends: by its length, in chunks, or with the connection. Pure."""

import re
from typing import Protocol

from portero_bridge.sources.http.head import Head

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LONGEST_SIZE_LINE = 256
_LINE_END = re.compile(rb"\r?\n")


class Framing(Protocol):
    """Takes an answer's bytes and returns those of the body."""

    @property
    def is_complete(self) -> bool:
        """Whether the body has ended by itself."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Adds received bytes. Returns the body's among them."""
        ...


def framing_of(head: Head, *, is_stream: bool) -> Framing:
    """Returns how an answer's body is framed.

    Args:
        head: The answer's head.
        is_stream: Whether it says that it never ends: then a length in it is a mistake.
    """
    if "chunked" in head.value("transfer-encoding").lower():
        return Chunked()
    lengths = set(head.values("content-length"))
    # Lengths that contradict each other are ignored.
    length = lengths.pop() if len(lengths) == 1 else ""
    return Sized(int(length)) if length.isascii() and length.isdigit() and not is_stream else Unframed()


class Unframed:
    """A body up to the end of the connection."""

    is_complete = False

    def feed(self, data: bytes) -> bytes:
        """Returns what was received."""
        return data


class Sized:
    """A body of known length."""

    def __init__(self, length: int) -> None:
        self.left = length

    @property
    def is_complete(self) -> bool:
        """Whether all bytes have come."""
        return self.left == 0

    def feed(self, data: bytes) -> bytes:
        """Returns what was received, up to the length."""
        body = data[: self.left]
        self.left -= len(body)
        return body


class Chunked:
    """A body in chunks, each with its size before it; or what a camera sends that only says so."""

    def __init__(self) -> None:
        self.is_complete = False
        self._buffer = bytearray()
        self._left = 0
        self._behind_chunk = False
        self._is_raw = False

    def feed(self, data: bytes) -> bytes:
        """Returns the content of the chunks in what was received."""
        self._buffer += data
        body = bytearray()
        while self._buffer and not self.is_complete:
            if self._is_raw:
                body += self._buffer
                self._buffer.clear()
            elif self._left:
                taken = self._buffer[: self._left]
                body += taken
                del self._buffer[: len(taken)]
                self._left -= len(taken)
                self._behind_chunk = self._left == 0
            elif not (self._end_chunk() if self._behind_chunk else self._begin_chunk()):
                break
        return bytes(body)

    def _end_chunk(self) -> bool:
        """Steps over the line end behind a chunk, where there is one. Returns whether it could be told."""
        if self._buffer == b"\r":
            return False
        line_end = _LINE_END.match(self._buffer)
        del self._buffer[: line_end.end() if line_end else 0]
        self._behind_chunk = False
        return True

    def _begin_chunk(self) -> bool:
        """Reads a chunk's size. Returns whether it could be told, or that there is none."""
        size = _CHUNK_SIZE.match(self._buffer)
        if size is None:
            # Not chunked after all, or no longer.
            self._is_raw = b"\n" in self._buffer or len(self._buffer) > _LONGEST_SIZE_LINE
            return self._is_raw
        self._left = int(size[1], 16)
        del self._buffer[: size.end()]
        self.is_complete = self._left == 0
        return True
