"""Where a JPEG file begins and ends, among bytes that are not all its own. Pure; needs no imaging library."""

import re
import sys
from dataclasses import dataclass

JPEG_BEGIN = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
WHITE_SPACE = b" \t\r\n\x00"
"""What some cameras send before a file. A zero byte is no character, but means as little."""

_END = 0xD9
_BEGIN = 0xD8
_SCAN = 0xDA
# Markers without a length: TEM and the restart markers.
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
# Markers that end a stretch of entropy-coded data: tables, further scans, comments, both ends of a file. Everything
# else behind 0xFF is data there, or damage that decoders step over.
_AFTER_DATA = re.compile(rb"\xff[\xc4\xcc\xd8-\xdd\xe0-\xef\xfe]")
_LENGTH_BYTES = 2
_MOST_COMPONENTS = 4


class JpegDamaged(Exception):
    """The bytes do not continue as a JPEG file.

    Attributes:
        at: Offset of the first byte that cannot be there.
    """

    def __init__(self, at: int) -> None:
        super().__init__(f"no JPEG from byte {at} on")
        self.at = at


class JpegWalk:
    """Follows a file through bytes that are still coming, up to its end marker.

    Segments are stepped over by their length: the end marker of a thumbnail inside is not the file's. Each byte is
    looked at once, and entropy-coded data by the regular expression engine, at about 1 ms a megabyte.

    Args:
        most_bytes: A file that is longer counts as damaged behind them; None: however long.
    """

    def __init__(self, most_bytes: int | None = None) -> None:
        self._most_bytes = sys.maxsize if most_bytes is None else most_bytes
        self._at = len(JPEG_BEGIN)
        self._scan: int | None = None

    @property
    def scan(self) -> int | None:
        """Offset of the first entropy-coded byte, or None while the walk is still in the header."""
        return self._scan

    def advance(self, data: bytes | bytearray) -> int | None:
        """Goes on, as far as the bytes allow.

        Args:
            data: The file from its start marker on: what was given before, and more.

        Returns:
            The offset behind the end marker, or None while it has not come.

        Raises:
            JpegDamaged: There will be none.
        """
        while True:
            found = self._scan is None or self._find_marker(data)
            if self._at > self._most_bytes:
                raise JpegDamaged(self._most_bytes + 1)
            if not found:
                return None
            if len(data) < self._at + 2:
                return None
            marker = data[self._at + 1]
            if data[self._at] != 0xFF or marker in (0x00, _BEGIN):
                raise JpegDamaged(self._at)
            if marker == _END:
                return self._at + 2
            if marker == 0xFF:
                self._at += 1
            elif marker in _STANDALONE:
                self._at += 2
            elif not self._step_over(data, marker):
                return None

    def _find_marker(self, data: bytes | bytearray) -> bool:
        found = _AFTER_DATA.search(data, self._at)
        # The first half of a marker may be the last byte that came.
        self._at = found.start() if found else max(self._at, len(data) - 1)
        return found is not None

    def _step_over(self, data: bytes | bytearray, marker: int) -> bool:
        """Steps over a segment. Returns whether its length has come, and in a scan what lies behind it."""
        begins = self._at + 2
        if len(data) < begins + _LENGTH_BYTES + 1:
            return False
        length = int.from_bytes(data[begins : begins + _LENGTH_BYTES])
        is_scan = marker == _SCAN and _is_scan_header(length, data[begins + _LENGTH_BYTES])
        behind = begins + length
        if self._scan is None:
            if length < _LENGTH_BYTES or (marker == _SCAN and not is_scan):
                raise JpegDamaged(self._at)
            self._at = behind
            if is_scan:
                self._scan = behind
            return True
        # Flipped bits look like a marker too; a true segment is followed by another marker.
        if not is_scan and length >= _LENGTH_BYTES and behind <= self._most_bytes:
            if len(data) <= behind:
                return False
            if data[behind] == 0xFF:
                self._at = behind
                return True
        self._at = behind if is_scan else begins
        return True


def _is_scan_header(length: int, components: int) -> bool:
    return 1 <= components <= _MOST_COMPONENTS and length == 6 + 2 * components


@dataclass(frozen=True, slots=True)
class TrimmedJpeg:
    """A file without what came around it.

    Attributes:
        file: From the start marker to the end marker; without an end marker, to the last byte.
        cut: Bytes that were behind the end marker, line breaks not counted.
    """

    file: bytes
    cut: int


def trim_jpeg(data: bytes) -> TrimmedJpeg:
    """Skips white space before a JPEG file, and cuts what is behind its end marker.

    Cameras send whole transfer buffers, phones append a film to a photograph. Other and damaged files come back as
    they are but for the white space.
    """
    file = data.lstrip(WHITE_SPACE)
    if not file.startswith(JPEG_BEGIN):
        return TrimmedJpeg(data, 0)
    try:
        end = JpegWalk().advance(file)
    except JpegDamaged:
        end = None
    if end is None or end == len(file):
        return TrimmedJpeg(file, 0)
    return TrimmedJpeg(file[:end], count_trimmed(file[end:]))


def count_trimmed(behind: bytes | bytearray) -> int:
    """Returns how many bytes behind a file are more than line breaks."""
    return len(behind) - behind.count(b"\r") - behind.count(b"\n")
