"""Extracts JPEG files from a `multipart/x-mixed-replace` stream, tolerating what real cameras send.

Incremental and without I/O. What a stream is counts, not what it says: the boundary is the line that parts begin with,
a picture ends at its end marker, and a stream without boundaries is one picture after the other. Memory is bounded:
whatever a camera sends, at most one part and one header are held. Data that does not look like a part is skipped up to
the next boundary.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from portero_client.jpeg_file import JPEG_BEGIN, JPEG_END, JpegDamaged, JpegWalk, count_trimmed

# So far from where a Content-Length says that a part ends, cameras still have padding behind the end marker.
_PADDING_BYTES = 8
_LINE_END = rb"[ \t]{0,8}\r?\n"
_LINE_END_BYTES = 12
_HEADER_END = re.compile(rb"\r?\n[ \t]{0,8}\r?\n|(?=\xff\xd8\xff)")
_BLANKS = re.compile(rb"[ \t\r\n\x00]{0,1024}+")
_CONTENT_LENGTH = re.compile(rb"^[ \t]*content-length[ \t]*[:=][ \t]*(\d{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BOUNDARY = re.compile(r"boundary\s*=\s*(?:\"([^\"]+)\"?|'([^']+)'?|([^;\s]+))", re.IGNORECASE)
# A line that a part may begin with, where nobody said which: two dashes and more, in printable characters.
_LONGEST_NAME = 200
_ANY_NAME = rb"--[!-~][ -~]{0,%d}+" % (_LONGEST_NAME - 3)


class _State(Enum):
    SEEKING = auto()  # The next boundary is somewhere ahead.
    HEADER = auto()  # A boundary was read; the part's header follows.
    BEFORE_BODY = auto()  # The header was read; white space may follow.
    BODY = auto()  # A picture has begun, and is followed to its end marker.
    DAMAGED_BODY = auto()  # It cannot be followed: length or boundary tell where it ends.


@dataclass(frozen=True, slots=True)
class PartLimits:
    """How large a part's header and body may be, bytes."""

    header_bytes: int = 8 * 1024
    body_bytes: int = 16 * 1024 * 1024


def boundary_of(content_type: str) -> str | None:
    """Returns the boundary that a content type names, or None."""
    named = _BOUNDARY.search(content_type)
    return (named[1] or named[2] or named[3]) if named else None


class MultipartParser:
    """Finds the JPEG files in a stream.

    Args:
        boundary: From the content type, or None. Cameras that put the leading dashes into it, leave them out of the
            stream, or use another one there are understood.
        limits: Bounds of one part.
    """

    def __init__(self, boundary: str | None, limits: PartLimits | None = None) -> None:
        self._limits = limits or PartLimits()
        # The stream's first line is a line too.
        self._buffer = bytearray(b"\n")
        self._state = _State.SEEKING
        self._searched = 0
        self._length: int | None = None
        self._has_length = False
        self._walk = JpegWalk()
        self._sound_bytes = 0
        self._said = (boundary or "").encode("latin-1", "replace")[: _LONGEST_NAME - 2]
        # What the part that is being read began with; None where pictures follow each other without a boundary.
        self._name: bytes | None = None
        self._learned: bytes | None = None
        self._behind_picture = False
        self._oddities: list[str] = []
        self._trimmed = self._behind = 0
        self._boundary = self._boundary_pattern()
        self._next = self._next_pattern()
        self.skipped = 0
        """Parts and stretches of garbage that were not given."""

    def feed(self, data: bytes) -> list[bytes]:
        """Adds received bytes. Returns the files that are complete now."""
        self._buffer += data
        files: list[bytes] = []
        advance = {
            _State.SEEKING: self._seek,
            _State.HEADER: self._read_header,
            _State.BEFORE_BODY: self._begin_body,
            _State.BODY: self._read_body,
            _State.DAMAGED_BODY: self._read_damaged_body,
        }
        while advance[self._state](files):
            pass
        return files

    def take_trimmed(self) -> int:
        """Returns how many bytes behind end markers were cut since the last call, line breaks not counted."""
        trimmed, self._trimmed = self._trimmed, 0
        return trimmed

    def take_oddities(self) -> list[str]:
        """Returns what is odd about the stream, in words, and was not returned before."""
        oddities, self._oddities = self._oddities, []
        return oddities

    def _names(self) -> list[bytes]:
        said = [b"--" + self._said, b"--" + self._said.lstrip(b"-")] if self._said.strip(b"-") else []
        return said + ([self._learned] if self._learned else [])

    def _boundary_pattern(self) -> re.Pattern[bytes] | None:
        """Returns what matches a known boundary, wherever it stands."""
        names = b"|".join(map(re.escape, self._names()))
        return re.compile(rb"(?P<name>" + names + rb")(?:--)?" + _LINE_END) if names else None

    def _next_pattern(self) -> re.Pattern[bytes]:
        """Returns what matches the beginning of the next part."""
        known = [re.escape(name) for name in self._names()]
        ways = [rb"(?P<name>" + b"|".join(known) + rb")(?:--)?" + _LINE_END] if known else []
        if self._said:
            ways.append(rb"\n(?P<bare>" + re.escape(self._said) + rb")" + _LINE_END)
        if self._learned is None:
            # Until a part with a picture has shown what parts begin with, any such line may be it.
            ways.append(rb"\n(?P<any>" + _ANY_NAME + rb")\r?\n")
            ways.append(rb"(?P<picture>\xff\xd8\xff)")
        return re.compile(b"|".join(ways))

    def _seek(self, files: list[bytes]) -> bool:
        found = self._next.search(self._buffer, self._searched)
        if found is None:
            # The beginning of a boundary may be the last that came.
            keep = self._buffer.rfind(b"\n", -_LONGEST_NAME - _LINE_END_BYTES)
            longest = max(map(len, self._names()), default=0) + _LINE_END_BYTES
            beyond = max(0, len(self._buffer) - longest)
            self._pass_over(beyond if keep < 0 else min(keep, beyond))
            return False
        name = next((bytes(found[group]) for group in ("name", "bare", "any") if found.groupdict().get(group)), None)
        if name is None:
            self._pass_over(found.start())
            self._length = None
        else:
            self._pass_over(self._buffer.find(name, found.start()))
            name = name.rstrip()
            # The line's end belongs to the header, which may be empty.
            self._consume(len(name))
        self._name = name
        self._trimmed += self._behind
        self._behind, self._behind_picture = 0, False
        self._enter(_State.HEADER if name else _State.BEFORE_BODY)
        return True

    def _read_header(self, files: list[bytes]) -> bool:
        # Boundaries first, and each byte looked at once: a stream of nothing but boundaries must cost no more than
        # one of pictures.
        limit = self._limits.header_bytes
        overlap = _LONGEST_NAME + _LINE_END_BYTES
        cut = self._boundary.search(self._buffer, max(0, self._searched - overlap), limit) if self._boundary else None
        end = _HEADER_END.search(self._buffer, max(0, self._searched - _LINE_END_BYTES), cut.start() if cut else limit)
        if end is None:
            if cut is not None:
                # A header that was cut off by the next part.
                self._consume(cut.start())
                return self._skip()
            self._searched = min(len(self._buffer), limit)
            return self._skip() if len(self._buffer) > limit else False
        length = _CONTENT_LENGTH.search(bytes(self._buffer[: end.start()]))
        self._consume(end.end())
        self._has_length = length is not None
        self._length = int(length[1]) if length and 0 < int(length[1]) <= self._limits.body_bytes else None
        self._enter(_State.BEFORE_BODY)
        return True

    def _begin_body(self, files: list[bytes]) -> bool:
        blanks = _BLANKS.match(self._buffer)
        blank = blanks.end() if blanks else 0
        if not self._buffer.startswith(JPEG_BEGIN, blank):
            return len(self._buffer) >= blank + len(JPEG_BEGIN) and self._skip()
        self._consume(blank)
        if self._length is not None:
            self._length = self._length - blank if self._length > blank else None
        self._walk = JpegWalk(self._limits.body_bytes + self._boundary_bytes)
        self._enter(_State.BODY)
        return True

    def _read_body(self, files: list[bytes]) -> bool:
        try:
            end = self._walk.advance(self._buffer)
        except JpegDamaged as damage:
            return self._meet_damage(damage.at, files)
        come = len(self._buffer) if end is None else end
        if self._length is not None:
            if come <= self._length:
                return end is not None and self._give(end, files)
            # It is shorter than the picture, or the picture has lost its end.
            right = self._is_boundary_at(self._length)
            if right is not False:
                return right is not None and self._give(self._length, files)
            self._length = None
        # A boundary in the picture's data means that its rest was lost.
        cut = self._line_in_data(come)
        if cut is not None:
            return self._give(cut, files)
        return end is not None and self._give(end, files)

    def _line_in_data(self, end: int) -> int | None:
        """Returns where the entropy-coded data up to `end` is interrupted by a line that is the boundary."""
        scan = self._walk.scan
        if scan is None or self._name is None:
            return None
        line, at = b"\n" + self._name, max(scan, self._searched - self._boundary_bytes)
        while (at := self._buffer.find(line, at, end)) >= 0:
            behind = self._buffer[at + len(line) : at + len(line) + 2]
            if behind[:1].isspace() or behind == b"--":
                return at - 1 if self._buffer[at - 1] == 0x0D else at
            at += 1
        self._searched = end
        return None

    def _meet_damage(self, at: int, files: list[bytes]) -> bool:
        if self._name is None:
            # No boundaries: a picture ends where the next one begins, at the latest.
            return self._give(at, files) if self._buffer.startswith(JPEG_BEGIN, at) else self._skip(len(JPEG_BEGIN))
        self._enter(_State.DAMAGED_BODY)
        self._sound_bytes = at
        return True

    def _read_damaged_body(self, files: list[bytes]) -> bool:
        if self._length is not None:
            if len(self._buffer) < self._length:
                return False
            padded = max(0, self._length - _PADDING_BYTES)
            is_whole = self._sound_bytes <= self._length and self._buffer.find(JPEG_END, padded, self._length) >= 0
            right = is_whole or self._is_boundary_at(self._length)
            if right is not False:
                return right is not None and self._give(self._length, files)
            self._length = None
        cut = self._line_in_data(self._sound_bytes) if self._sound_bytes else None
        if cut is not None:
            return self._give(cut, files)
        if self._sound_bytes > self._limits.body_bytes:
            return self._skip(len(JPEG_BEGIN))
        if self._sound_bytes:
            self._searched = self._sound_bytes = 0
        name = self._name or b""
        # Two dashes are rare enough to be looked for anywhere; without them the boundary must be a line.
        sought = name if name.startswith(b"--") else b"\n" + name
        at = self._buffer.find(sought, max(0, self._searched - len(sought)))
        # The beginning of a boundary may be the last that came.
        end = at if at >= 0 else len(self._buffer) - len(sought) + 1
        if end > self._limits.body_bytes:
            return self._skip(len(JPEG_BEGIN))
        self._searched = len(self._buffer)
        if at < 0:
            return False
        # The line break before a boundary belongs to the boundary.
        end -= sought is name and self._buffer[end - 1 : end] == b"\n"
        end -= self._buffer[end - 1 : end] == b"\r"
        return self._give(end, files)

    @property
    def _boundary_bytes(self) -> int:
        return len(self._name or b"") + _LINE_END_BYTES

    def _is_boundary_at(self, at: int) -> bool | None:
        """Returns whether a boundary follows there, or None while it cannot be told."""
        name = self._name or b"--"
        come = self._buffer[at : at + self._boundary_bytes]
        follows = come.lstrip(b"\r\n")
        if follows.startswith(name):
            return True
        return None if len(come) < self._boundary_bytes and name.startswith(follows) else False

    def _give(self, end: int, files: list[bytes]) -> bool:
        if end > self._limits.body_bytes:
            return self._skip(len(JPEG_BEGIN))
        files.append(bytes(self._buffer[:end]))
        self._consume(end)
        if self._name is not None and self._learned is None:
            self._oddities = self._first_part_oddities(self._name)
            self._learned = self._name
            self._boundary, self._next = self._boundary_pattern(), self._next_pattern()
        self._behind_picture = True
        self._enter(_State.SEEKING)
        return True

    def _first_part_oddities(self, name: bytes) -> list[str]:
        oddities = []
        if not self._said:
            oddities.append("names no boundary")
        elif name != b"--" + self._said:
            oddities.append("its boundary is not the one that it names")
        if not self._has_length:
            oddities.append("no Content-Length in its parts")
        return oddities

    def _skip(self, count: int = 0) -> bool:
        self.skipped += 1
        self._consume(count)
        self._enter(_State.SEEKING)
        return True

    def _pass_over(self, count: int) -> None:
        if self._behind_picture:
            self._behind += count_trimmed(self._buffer[:count])
        self._consume(count)

    def _consume(self, count: int) -> None:
        del self._buffer[:count]
        self._searched = 0

    def _enter(self, state: _State) -> None:
        self._state = state
        self._searched = 0
