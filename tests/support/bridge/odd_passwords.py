"""How cameras ask for a password, and whether the answer is right."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from collections.abc import Callable

from tests.support.bridge.odd_camera import PASSWORD, USER, Answer

Judge = Callable[[bytes, int], bool]


def asks(challenge: bytes, judge: Judge, answer: Answer) -> Answer:
    """Returns a camera that answers only requests that are judged right, and others with 401 and a challenge."""
    nonces = itertools.count()

    def serve(request: bytes, number: int) -> bytes:
        if judge(request, number):
            return answer(request, number)
        asked = challenge.replace(b"NONCE", b"n%d" % next(nonces))
        return b"HTTP/1.1 401 Unauthorized\r\n" + asked + b"Content-Length: 5\r\n\r\nsorry"

    return serve


def basic(request: bytes, number: int = 0) -> bool:
    """Whether a request carries the right Basic credentials."""
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    return b"\r\nauthorization: basic " + token.lower() in request.lower() and token in request


def digest(algorithm: str = "MD5") -> Judge:
    """Returns what judges Digest credentials, each nonce and count once."""
    used: set[tuple[str, str]] = set()

    def judge(request: bytes, number: int) -> bool:
        found = re.search(rb"\r\nauthorization: digest ([^\r]+)", request, re.IGNORECASE)
        if found is None:
            return False
        pairs = re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', found[1].decode())
        said = {name.lower(): quoted or bare for name, quoted, bare in pairs}
        once = (said["nonce"], said.get("nc", str(number)))
        if once in used or said["username"] != USER or said["uri"].encode() != request.split()[1]:
            return False
        used.add(once)
        return bool(said["response"] == _response(said, algorithm))

    return judge


def _response(said: dict[str, str], algorithm: str) -> str:
    name = {"MD5": "md5", "SHA-256": "sha256"}[algorithm.removesuffix("-sess")]

    def hashed(*texts: str) -> str:
        return hashlib.new(name, ":".join(texts).encode()).hexdigest()

    known = hashed(USER, said["realm"], PASSWORD)
    if algorithm.endswith("-sess"):
        known = hashed(known, said["nonce"], said["cnonce"])
    asked = hashed("GET", said["uri"])
    if "qop" not in said:
        return hashed(known, said["nonce"], asked)
    return hashed(known, said["nonce"], said["nc"], said["cnonce"], said["qop"], asked)
