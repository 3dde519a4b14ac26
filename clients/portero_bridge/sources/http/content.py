"""What an answer is, judged by its first bytes and not by what it says. Pure."""

import re
from enum import Enum, auto

from portero_client.jpeg_file import JPEG_BEGIN, WHITE_SPACE

# So much may come before anything that can be recognized.
_MOST_UNKNOWN_BYTES = 4096
_PART_HEADER = re.compile(rb"(?i)content-(?:type|length)[ \t]*:")
_PART_LINE = re.compile(rb"(?:^|\n)--[!-~][^\r\n]{0,200}\r?\n")
_KINDS = (
    (b"<", "a web page"),
    (b"{", "JSON"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"RIFF", "a WebP picture or an AVI film"),
    (b"\x00\x00\x00\x01", "H.264 or H.265 video"),
    (b"\x47", "an MPEG transport stream"),
    (b"FLV", "Flash video"),
    (b"#EXTM3U", "an HLS playlist"),
)


class Content(Enum):
    """What an answer holds."""

    STREAM = auto()  # Parts, each with a picture.
    PICTURE = auto()  # A JPEG file; perhaps more of them behind it.
    OTHER = auto()  # Something that the bridge cannot use.


def content_of(content_type: str, start: bytes, *, is_all: bool) -> Content | None:
    """Returns what an answer is, or None while more bytes are needed to tell.

    Args:
        content_type: What it says; believed only where it says that it is a multipart stream.
        start: Its first bytes.
        is_all: Whether no more will come.
    """
    body = start.lstrip(WHITE_SPACE)
    if body.startswith(JPEG_BEGIN):
        return Content.PICTURE
    if says_stream(content_type) or _PART_HEADER.match(body) or _PART_LINE.search(body):
        return Content.STREAM
    may_become_one = len(body) < len(JPEG_BEGIN) or body.startswith(b"--")
    if is_all or (not may_become_one and kind_of_bytes(body)) or len(start) >= _MOST_UNKNOWN_BYTES:
        return Content.OTHER
    return None


def says_stream(content_type: str) -> bool:
    """Whether an answer says that it is a multipart stream."""
    return content_type.lower().lstrip().startswith("multipart/")


def says_film(content_type: str) -> bool:
    """Whether an answer says that it holds many pictures, with or without parts."""
    return content_type.lower().lstrip().startswith(("multipart/", "video/"))


def kind_of_bytes(start: bytes) -> str:
    """Returns what bytes that are not a JPEG file look like, in words, or an empty text."""
    body = start.lstrip(WHITE_SPACE) or start
    return next((words for magic, words in _KINDS if body.startswith(magic) or start.startswith(magic)), "")
