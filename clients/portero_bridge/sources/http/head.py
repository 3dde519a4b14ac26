"""The head of an answer: a status and header fields, read from what cameras take for HTTP. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from portero_client.jpeg_file import JPEG_BEGIN, WHITE_SPACE

MOST_HEAD_BYTES = 64 * 1024
"""A head that does not end within so many bytes is not taken for one."""

# A blank line; or, where a camera forgot it, the line that a part or a picture begins with.
_END = re.compile(rb"\r?\n[ \t]*\r?\n|\n(?=--[!-~]|\xff\xd8\xff)")
_STATUS = re.compile(rb"(?:HTTP|ICY|RTSP)(?:/[\d.]*)?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*$", re.DOTALL)
_FOLD = re.compile(rb"\r?\n[ \t]+(?=[^ \t\r\n])")
# A clock that is off by less hurts nobody: frames are dated by the bridge.
_CLOCK_TOLERANCE = timedelta(minutes=1)
_OK = 200
_INTERIM = range(100, 200)
# An answer without a head begins with the page, part or picture itself.
_BODIES = (b"--", JPEG_BEGIN, b"<", b"{")


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer says about itself.

    Attributes:
        status: The HTTP status; 200 where a camera gives none.
        fields: Names in lower case, values; one name may come several times.
        is_http_1_1: Whether the connection stays open by default.
        oddities: What is unusual about it, in words.
    """

    status: int
    fields: tuple[tuple[str, str], ...]
    is_http_1_1: bool
    oddities: tuple[str, ...]

    def values(self, name: str) -> list[str]:
        """Returns all values of a field."""
        return [value for known, value in self.fields if known == name]

    def value(self, name: str) -> str:
        """Returns a field's first value, or an empty text."""
        return next(iter(self.values(name)), "")


def clock_oddity(head: Head, now: datetime) -> str:
    """Returns in words how wrong a camera's clock is by its Date, or an empty text."""
    try:
        said = parsedate_to_datetime(head.value("date"))
    except (ValueError, OverflowError, IndexError, TypeError):  # the library's, depending on what is wrong
        return ""
    off = (said if said.tzinfo else said.replace(tzinfo=UTC)) - now
    if abs(off) < _CLOCK_TOLERANCE:
        return ""
    minutes = round(abs(off) / timedelta(minutes=1))
    words = f"{minutes} min" if minutes < 2 * 60 else f"{minutes / 60:.0f} h" if minutes < 48 * 60 else "days"
    return f"its clock is {words} {'ahead' if off > timedelta() else 'behind'}"


def split_head(data: bytes | bytearray) -> tuple[Head, int] | None:
    """Reads the head of an answer from its first bytes.

    Returns:
        The head and the offset of the body, or None while more bytes are needed. An answer that begins with its body
        has the head of a sound one.
    """
    blank = len(data) - len(bytes(data[:64]).lstrip(WHITE_SPACE)) if len(data) < 64 else _blanks(data)
    if data.startswith(_BODIES, blank):
        return Head(_OK, (), is_http_1_1=False, oddities=("no HTTP head",)), blank
    end = _END.search(data, blank, MOST_HEAD_BYTES)
    if end is None:
        if len(data) < MOST_HEAD_BYTES:
            return None
        return Head(_OK, (), is_http_1_1=False, oddities=("no HTTP head",)), 0
    head = read_head(bytes(data[blank : end.start()]))
    if head.status in _INTERIM:
        rest = split_head(data[end.end() :])
        return rest and (rest[0], end.end() + rest[1])
    return head, end.end()


def _blanks(data: bytes | bytearray) -> int:
    start = bytes(data[:64])
    return len(start) - len(start.lstrip(WHITE_SPACE))


def read_head(head: bytes) -> Head:
    """Reads a status line and header lines; skips lines that are neither."""
    oddities = []
    lines = re.split(rb"\r?\n", _FOLD.sub(b" ", head))
    status = _STATUS.match(lines[0])
    if status is None:
        oddities.append("no status line")
    else:
        if not lines[0].upper().startswith(b"HTTP/1."):
            oddities.append(f"its status line begins with {lines[0][:4].decode('latin-1')}")
        del lines[0]
    fields = []
    for line in lines:
        field = _FIELD.match(line)
        if field is not None:
            fields.append((field[1].decode("ascii").lower(), field[2].decode("latin-1")))
        elif line.strip():
            oddities.append("a header line without a name")
    return Head(
        int(status[1]) if status else _OK,
        tuple(fields),
        is_http_1_1=head[:8].upper() == b"HTTP/1.1",
        oddities=tuple(dict.fromkeys(oddities)),
    )
