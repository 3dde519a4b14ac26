"""Cameras that ask for a password, or send a request elsewhere."""

from __future__ import annotations

from tests.support.bridge.odd_camera import PASSWORD, USER, OddCamera, counted, head, mixed, plain, shot, snapshot
from tests.support.bridge.odd_passwords import asks, basic, digest

_RAW = f"http://{USER}:{PASSWORD}@HOST/shot?channel=1&x=2"
_ENCODED = "http://admin:s3cret%20%40%23%3A%2F%25@HOST/shot"


def _digest(parameters: bytes) -> bytes:
    return b'WWW-Authenticate: Digest realm="cam", nonce="NONCE", ' + parameters + b"\r\n"


_BASIC = b'WWW-Authenticate: Basic realm="cam"\r\n'
_MD5 = _digest(b'qop="auth", algorithm=MD5')

PASSWORDS = (
    OddCamera("basic", "Asks for Basic.", "Answered.", asks(_BASIC, basic, counted()), address=_RAW),
    OddCamera(
        "basic-encoded",
        "Has a password with signs that are percent-encoded in its address.",
        "Decoded; written as they are they work too.",
        asks(_BASIC, basic, counted()),
        address=_ENCODED,
    ),
    OddCamera(
        "no-challenge",
        "Says 401 and not what it asks for.",
        "Answered with Basic.",
        asks(b"", basic, counted()),
        address=_RAW,
    ),
    OddCamera("digest", "Asks for Digest.", "Answered.", asks(_MD5, digest(), counted()), address=_RAW),
    OddCamera(
        "digest-stream", "Asks for Digest before a stream.", "Answered.", asks(_MD5, digest(), mixed), address=_RAW
    ),
    OddCamera(
        "digest-without-qop",
        "Asks for the Digest of 1997, without qop.",
        "Answered.",
        asks(_digest(b'opaque="x"'), digest(), counted()),
        address=_RAW,
    ),
    OddCamera(
        "digest-sha-256",
        "Asks for Digest with SHA-256.",
        "Answered.",
        asks(_digest(b'qop="auth,auth-int", algorithm=SHA-256'), digest("SHA-256"), counted()),
        address=_RAW,
    ),
    OddCamera(
        "digest-in-other-script",
        "Asks for Digest in a realm whose name is not ASCII.",
        "Answered.",
        asks(_MD5.replace(b'"cam"', '"摄像机"'.encode()), digest(), counted()),
        address=_RAW,
    ),
    OddCamera(
        "digest-session",
        "Asks for Digest with MD5-sess.",
        "Answered.",
        asks(_digest(b"qop=auth, algorithm=MD5-sess"), digest("MD5-sess"), counted()),
        address=_RAW,
    ),
    OddCamera(
        "digest-or-basic",
        "Offers Basic and Digest, in one line.",
        "Answered with Digest.",
        asks(_BASIC[:-2] + b", " + _MD5.removeprefix(b"WWW-Authenticate: "), digest(), counted()),
        address=_RAW,
    ),
    OddCamera(
        "digest-unknown-first",
        "Offers a Digest that nobody speaks before one that is spoken.",
        "Answered with the second.",
        asks(_digest(b'qop="auth", algorithm=SHA3-256') + _MD5, digest(), counted()),
        address=_RAW,
    ),
    OddCamera(
        "password-refused",
        "Refuses the password.",
        "Said so, and tried again only once a minute: many cameras lock an account after a few tries.",
        asks(_MD5, lambda request, number: False, plain),
        pictures=0,
        fault=r"refuses the user name or the password \(HTTP status 401\)$",
        address=_RAW,
    ),
    OddCamera(
        "password-missing",
        "Asks for a password that nobody set.",
        "Said so.",
        asks(_BASIC, basic, plain),
        pictures=0,
        fault="asks for a password .* set username and password_file",
    ),
    OddCamera(
        "password-by-ntlm",
        "Asks for NTLM, or for a Digest of whole bodies.",
        "Said so.",
        asks(b"WWW-Authenticate: NTLM\r\n" + _digest(b"qop=auth-int"), basic, plain),
        pictures=0,
        fault="asks for a password by digest, ntlm in a form that is not spoken",
        address=_RAW,
    ),
)

ADDRESSES = (
    OddCamera(
        "redirect",
        "Sends the request to another path.",
        "Followed.",
        lambda request, number: (
            snapshot(shot(number - 1))
            if b" /other " in request
            else head(b"", b"Location: /other", b"Content-Length: 0", status=b"HTTP/1.1 302 Found")
        ),
    ),
    OddCamera(
        "redirect-with-password",
        "Sends the request to another path, and asks for a password there.",
        "Followed and answered.",
        lambda request, number: (
            asks(_BASIC, basic, lambda request, number: snapshot(shot(number - 2)))(request, number)
            if b" /other " in request
            else head(b"", b"Location: http://127.0.0.1:PORT/other", b"Content-Length: 0", status=b"HTTP/1.1 301 Moved")
        ),
        address=_ENCODED,
    ),
    OddCamera(
        "redirect-elsewhere",
        "Sends the request to another host.",
        "Refused and said so: the password is for this host.",
        lambda request, number: head(b"", b"Location: http://192.0.2.1/x?token=abc", status=b"HTTP/1.1 302 Found"),
        pictures=0,
        fault=r"redirects to another host, '192\.0\.2\.1': set that address if it is meant$",
    ),
    OddCamera(
        "redirect-loop",
        "Sends the request round in circles.",
        "Given up after five.",
        lambda request, number: head(b"", b"Location: /video", b"Content-Length: 0", status=b"HTTP/1.1 307 Again"),
        pictures=0,
        fault="redirects more than 5 times",
    ),
)
