"""Cameras that are odd about single pictures and certificates, and those that only fail."""

from __future__ import annotations

from functools import partial

from tests.support.bridge.odd_camera import MIXED, OddCamera, Then, head, mixed, part, plain, shot, snapshot


def _picture_as(content_type: bytes, request: bytes, number: int) -> bytes:
    return snapshot(shot(number), content_type)


PICTURES = (
    OddCamera("picture", "Sends one picture an answer.", "Asked again at the rate, on the same connection.", plain),
    OddCamera(
        "picture-closes",
        "Closes the connection behind each picture.",
        "Connects anew for each.",
        lambda request, number: snapshot(shot(number), b"image/jpeg", b"Connection: close"),
    ),
    *(
        OddCamera(
            f"picture-as-{name}",
            f"Says {said or 'nothing about what it sends'}, and sends a JPEG file.",
            "What it is counts.",
            partial(_picture_as, said.encode()),
        )
        for name, said in (
            ("image-jpg", "image/jpg"),
            ("octet-stream", "application/octet-stream"),
            ("text", "text/html"),
            ("nothing", ""),
        )
    ),
    OddCamera(
        "white-space-before",
        "Sends a line break before the picture.",
        "Skipped.",
        lambda request, number: snapshot(b"\r\n" + shot(number)),
    ),
    OddCamera(
        "zeros-behind",
        "Sends its whole buffer: 4,096 zeros behind the end marker.",
        "Cut and counted.",
        lambda request, number: snapshot(shot(number) + bytes(4096)),
        trimmed=3 * 4096,
    ),
    OddCamera(
        "film-behind",
        "Appends a film to the picture, as phones do.",
        "Cut and counted.",
        lambda request, number: snapshot(shot(number) + b"\0\0\0\x18ftypmp42" * 50),
        trimmed=3 * 600,
    ),
    OddCamera(
        "picture-without-length",
        "Gives its picture no Content-Length and keeps the connection open.",
        "Taken at its end marker.",
        lambda request, number: head(b"image/jpeg") + shot(number),
    ),
    OddCamera(
        "picture-length-too-long",
        "Says more bytes than the picture has, and keeps the connection open.",
        "Taken at its end marker.",
        lambda request, number: snapshot(shot(number), length=len(shot(number)) + 999),
        trimmed=3 * 999,
    ),
    OddCamera(
        "picture-in-chunks",
        "Sends its picture in chunks.",
        "Understood.",
        lambda request, number: (
            head(b"image/jpeg", b"Transfer-Encoding: chunked")
            + b"%x\r\n" % len(shot(number))
            + shot(number)
            + b"\r\n0\r\n\r\n"
        ),
    ),
)

CERTIFICATES = (
    OddCamera(
        "self-signed",
        "Has a certificate that it signed itself.",
        "`certificate not trusted`, and what to do.",
        plain,
        pictures=0,
        fault="^certificate not trusted: .*; name the camera's authorities in ca_file, or .* certificate_sha256$",
        address="https://HOST/shot",
        tls=True,
    ),
    OddCamera(
        "self-signed-in-ca-file",
        "Has a certificate whose authority is in `ca_file`.",
        "Trusted.",
        plain,
        options={"ca_file": "CA"},
        address="https://HOST/shot",
        tls=True,
    ),
    OddCamera(
        "self-signed-and-pinned",
        "Has a certificate whose fingerprint is in `certificate_sha256`.",
        "Trusted, whatever name it is made out to.",
        plain,
        options={"certificate_sha256": "RIGHT"},
        address="https://HOST/shot",
        tls=True,
    ),
    OddCamera(
        "certificate-changed",
        "Has another certificate than the pinned one.",
        "`certificate not trusted`; no request is sent.",
        plain,
        pictures=0,
        fault="^certificate not trusted: its fingerprint is [0-9a-f]{64}, not certificate_sha256$",
        options={"certificate_sha256": "0" * 64},
        address="https://HOST/shot",
        tls=True,
    ),
    OddCamera(
        "no-tls",
        "Speaks HTTP behind an https address.",
        "Said so.",
        plain,
        pictures=0,
        fault="does not speak TLS at this address",
        address="https://HOST/shot",
    ),
)

_SHORT = {"read_timeout": 0.1}

TROUBLE = (
    OddCamera(
        "page",
        "Answers with a web page.",
        "Said so.",
        lambda request, number: head(b"text/html", b"Content-Length: 6") + b"<html>",
        pictures=0,
        fault="^the camera sends a web page, not JPEG pictures$",
    ),
    OddCamera(
        "png",
        "Sends PNG pictures.",
        "Said so.",
        lambda request, number: snapshot(b"\x89PNG\r\n\x1a\n" + bytes(80), b"image/png"),
        pictures=0,
        fault="sends a PNG picture, not JPEG",
    ),
    OddCamera(
        "not-found",
        "Has nothing at the address.",
        "Said so.",
        lambda request, number: head(b"", b"Content-Length: 0", status=b"HTTP/1.1 404 Not Found"),
        pictures=0,
        fault=r"nothing at this address \(HTTP status 404\)$",
    ),
    OddCamera(
        "busy",
        "Takes one viewer at a time.",
        "Said so, and tried again ever less often.",
        lambda request, number: head(b"", status=b"HTTP/1.1 503 Busy"),
        pictures=0,
        fault=r"busy \(HTTP status 503\)",
    ),
    OddCamera(
        "frozen",
        "Sends nothing more, and keeps the connection.",
        "Noticed after `read_timeout`.",
        mixed,
        fault=r"sent nothing for 0\.1 s",
        options=_SHORT,
    ),
    OddCamera(
        "drips",
        "Sends a picture byte for byte, for hours.",
        "Given up after `read_timeout`: it bounds a whole picture.",
        plain,
        Then.DRIP,
        pictures=0,
        fault=r"no whole JPEG in what the camera sent for 0\.1 s",
        options=_SHORT,
    ),
    OddCamera(
        "drips-in-stream",
        "Sends a stream's picture byte for byte, for hours.",
        "Given up after `read_timeout`: it bounds a whole picture.",
        lambda request, number: head(MIXED) + part(shot(1)) + part(shot(2)),
        Then.DRIP,
        pictures=1,
        fault=r"no whole JPEG in what the camera sent for 0\.1 s",
        options=_SHORT,
    ),
    OddCamera(
        "cut",
        "Closes the connection in the middle of a picture.",
        "The half is dropped, and the camera asked again.",
        lambda request, number: snapshot(shot(1)[:400], length=len(shot(1))),
        Then.CLOSE,
        pictures=0,
        fault="closed it within a picture",
    ),
    OddCamera(
        "hangs-up",
        "Takes the connection and closes it.",
        "Tried again ever less often.",
        lambda request, number: b"",
        Then.CLOSE,
        pictures=0,
        fault="the connection broke",
    ),
)
