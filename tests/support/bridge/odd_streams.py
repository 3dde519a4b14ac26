"""Cameras whose streams or heads are odd."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.bridge.odd_camera import MIXED, OddCamera, Then, head, part, parts, shot

_HALF = 800
_EXIF = b"Exif\0\0" + shot(9)
_COMMENT = b"\r\n--B\r\nContent-Type: image/jpeg\r\n\r\n"


def _stream(body: bytes, content_type: bytes = MIXED) -> Callable[[bytes, int], bytes]:
    return lambda request, number: head(content_type) + body


def _begun(first: bytes, body: bytes = b"") -> Callable[[bytes, int], bytes]:
    return lambda request, number: first + (body or parts(part))


def _with_segment(jpeg: bytes, marker: int, content: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content + jpeg[2:]


def _chunks(body: bytes, size: int, end: bytes = b"\r\n") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x" % len(piece) + end + piece + end for piece in pieces)


STREAMS = (
    OddCamera("stream", "Sends a stream as it should be.", "Takes it.", _stream(parts(part))),
    OddCamera(
        "no-length",
        "Gives its pictures no Content-Length.",
        "Each is taken at its end marker, not when the next one comes.",
        _stream(parts(lambda jpeg: part(jpeg, length=None))),
    ),
    OddCamera(
        "length-too-long",
        "Says more bytes than a picture has.",
        "The end marker counts.",
        _stream(parts(lambda jpeg: part(jpeg, length=len(jpeg) + 77))),
    ),
    OddCamera(
        "length-too-short",
        "Says fewer bytes than a picture has.",
        "The end marker counts.",
        _stream(parts(lambda jpeg: part(jpeg, length=len(jpeg) - 77))),
    ),
    OddCamera(
        "length-absurd",
        "Says that a picture has 999,999,999 bytes.",
        "The end marker counts.",
        _stream(parts(lambda jpeg: part(jpeg, length=999_999_999))),
    ),
    OddCamera(
        "no-boundary",
        "Names no boundary.",
        "The line that parts begin with is the boundary.",
        _stream(parts(part), b"multipart/x-mixed-replace"),
    ),
    OddCamera(
        "other-boundary",
        "Names another boundary than it sends.",
        "The line that parts begin with is the boundary.",
        _stream(parts(lambda jpeg: part(jpeg, boundary=b"--other"))),
    ),
    OddCamera(
        "boundary-without-dashes",
        "Sends its boundary without the two dashes before it.",
        "Understood where the content type names it.",
        _stream(parts(lambda jpeg: part(jpeg, boundary=b"frame")), b"multipart/x-mixed-replace; boundary=frame"),
    ),
    OddCamera(
        "boundary-named-with-dashes",
        "Names its boundary with the dashes that belong before it.",
        "Understood.",
        _stream(parts(part), b"multipart/x-mixed-replace; boundary=--B"),
    ),
    OddCamera(
        "boundary-in-single-quotes",
        "Names its boundary in single quotes.",
        "Understood.",
        _stream(parts(part), b"multipart/x-mixed-replace; boundary='B'"),
    ),
    OddCamera(
        "boundary-half-quoted",
        "Opens a quote before its boundary and never closes it.",
        "Understood.",
        _stream(parts(part), b'multipart/x-mixed-replace; boundary="B'),
    ),
    OddCamera(
        "boundary-in-a-picture",
        "Has a whole line that is the boundary in a picture's comment.",
        "The picture stays whole: a boundary counts only where a part can end.",
        _stream(part(_with_segment(shot(1), 0xFE, _COMMENT)) + parts(part, 2)),
        shows=lambda number: _with_segment(shot(1), 0xFE, _COMMENT) if number == 1 else shot(number - 1),
    ),
    OddCamera(
        "stream-without-type",
        "Says nothing about what it sends.",
        "It is a stream if it begins as one.",
        _stream(parts(part), b""),
    ),
    OddCamera(
        "stream-as-octet-stream",
        "Says application/octet-stream and sends a stream.",
        "It is a stream if it begins as one.",
        _stream(parts(part), b"application/octet-stream"),
    ),
    OddCamera(
        "stream-as-picture",
        "Says image/jpeg and sends a stream.",
        "It is a stream if it begins as one.",
        _stream(parts(part), b"image/jpeg"),
    ),
    OddCamera(
        "part-header-first",
        "Begins with a part's header, without a boundary before the first part.",
        "Understood.",
        _stream(b"Content-Type: image/jpeg\r\n\r\n" + shot(1) + b"\r\n" + part(shot(2)) + part(shot(3)), b"text/plain"),
    ),
    OddCamera(
        "preamble",
        "Sends words before the first part.",
        "Passed over.",
        _stream(b"This is a stream.\r\n-- not a part\r\n\r\n" + parts(part)),
    ),
    OddCamera(
        "line-feeds",
        "Ends its lines with a line feed alone.",
        "Understood.",
        _begun(b"HTTP/1.0 200 OK\nContent-Type: " + MIXED + b"\n\n", parts(lambda jpeg: part(jpeg, end=b"\n"))),
    ),
    OddCamera(
        "no-part-header",
        "Sends no header in its parts.",
        "Understood.",
        _stream(parts(lambda jpeg: b"--B\r\n\r\n" + jpeg + b"\r\n")),
    ),
    OddCamera(
        "no-blank-line",
        "Sends no blank line between a part's header and its picture.",
        "Understood.",
        _stream(parts(lambda jpeg: b"--B\r\nContent-Type: image/jpeg\r\n" + jpeg + b"\r\n")),
    ),
    OddCamera(
        "odd-length-line",
        "Writes blanks before the colon of Content-Length.",
        "Understood.",
        _stream(parts(lambda jpeg: part(jpeg).replace(b"Length:", b"Length  :"))),
    ),
    OddCamera(
        "blank-before-picture",
        "Sends white space before each picture.",
        "Passed over.",
        _stream(parts(lambda jpeg: part(b"\r\n \r\n" + jpeg))),
    ),
    OddCamera(
        "zeros-behind-picture",
        "Sends its whole buffer: zeros behind the end marker.",
        "Cut and counted.",
        _stream(parts(lambda jpeg: part(jpeg + bytes(4096)))),
        trimmed=2 * 4096,
    ),
    OddCamera(
        "old-bytes-behind-picture",
        "Sends its whole buffer: the rest of an older picture behind the end marker.",
        "Cut and counted.",
        _stream(parts(lambda jpeg: part(jpeg + b"\x11" * 300, length=None))),
        trimmed=2 * 300,
    ),
    OddCamera(
        "thumbnail",
        "Has a small JPEG file within each picture's header.",
        "The picture's own end marker counts.",
        _stream(parts(lambda jpeg: part(_with_segment(jpeg, 0xE1, _EXIF), length=None))),
        shows=lambda number: _with_segment(shot(number), 0xE1, _EXIF),
    ),
    OddCamera(
        "cut-picture",
        "Loses the second half of a picture.",
        "The next one is taken; the server refuses the half and says so.",
        _stream(part(shot(9)[:_HALF], length=None) + parts(part)),
        pictures=4,
        shows=lambda number: shot(9)[:_HALF] if number == 1 else shot(number - 1),
    ),
    OddCamera(
        "page-in-a-part",
        "Sends a web page in a part.",
        "Passed over.",
        _stream(part(b"<html>busy</html>") + parts(part)),
    ),
    OddCamera(
        "no-parts",
        "Sends one picture after the other, without boundaries.",
        "Each ends at its end marker.",
        _stream(parts(lambda jpeg: jpeg), b"video/x-motion-jpeg"),
    ),
    OddCamera(
        "chunked-stream",
        "Sends its stream in chunks that have nothing to do with pictures.",
        "Understood.",
        lambda request, number: head(MIXED, b"Transfer-Encoding: chunked") + _chunks(parts(part), 333),
    ),
    OddCamera(
        "not-chunked",
        "Says that it sends chunks, and does not.",
        "Taken as it comes.",
        lambda request, number: head(MIXED, b"Transfer-Encoding: chunked") + parts(part),
    ),
    OddCamera(
        "stream-with-length",
        "Gives its endless stream a Content-Length of 0.",
        "A stream has no length.",
        lambda request, number: head(MIXED, b"Content-Length: 0") + parts(part),
    ),
    OddCamera(
        "stream-ends",
        "Ends its stream after some pictures.",
        "Connects again, later each time unless the stream had lasted.",
        _stream(parts(part) + b"--B--\r\n"),
        Then.CLOSE,
        fault="the camera ended the stream",
    ),
)

HEADS = (
    OddCamera("icy", "Says `ICY 200 OK`.", "Understood.", _begun(head(MIXED, status=b"ICY 200 OK"))),
    OddCamera(
        "no-status-line",
        "Begins with its header lines, without a status line.",
        "Taken as a sound answer.",
        _begun(b"Content-Type: " + MIXED + b"\r\n\r\n"),
    ),
    OddCamera(
        "no-head",
        "Begins with the first part, without any HTTP.",
        "Taken as a sound answer.",
        _begun(b"\r\n"),
    ),
    OddCamera(
        "no-reason",
        "Says `HTTP/1.1 200` and not why.",
        "Understood.",
        _begun(head(MIXED, status=b"HTTP/1.1 200")),
    ),
    OddCamera(
        "line-without-name",
        "Sends header lines without a name, or without a colon.",
        "Left out.",
        _begun(head(MIXED, b": none", b"X Frame Rate 15", b"@#!?")),
    ),
    OddCamera(
        "blanks-in-names",
        "Sends header names with blanks in or behind them.",
        "Blanks behind a name are ignored; lines with others are left out.",
        _begun(b"HTTP/1.1 200 OK\r\nX Frame Rate: 15\r\nContent-Type : " + MIXED + b"\r\n\r\n"),
    ),
    OddCamera(
        "other-script",
        "Has its name in a header, in letters that are not ASCII.",
        "Understood.",
        _begun(head(MIXED, "Server: 摄像机".encode(), b"X-Name: \xc9\xe3\xcf\xf1")),
    ),
    OddCamera(
        "folded-line",
        "Continues a header line on the next.",
        "Understood.",
        _begun(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;\r\n  boundary=B\r\n\r\n"),
    ),
    OddCamera(
        "no-blank-line-in-head",
        "Begins its first part right behind the header lines.",
        "Understood.",
        _begun(b"HTTP/1.0 200 OK\r\nContent-Type: " + MIXED + b"\r\n"),
    ),
    OddCamera(
        "continue-first",
        "Says `100 Continue` before its answer.",
        "Passed over.",
        _begun(b"HTTP/1.1 100 Continue\r\n\r\n" + head(MIXED)),
    ),
    OddCamera(
        "two-lengths",
        "Sends two lengths that differ.",
        "Neither counts; the end marker does.",
        lambda request, number: head(b"image/jpeg", b"Content-Length: 1", b"Content-Length: 2") + shot(number),
    ),
)
