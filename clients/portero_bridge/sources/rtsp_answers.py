"""What the answers of an RTSP camera mean: whether it wants a password, and why it gives no video. Pure."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from portero_bridge.sources.rtsp_address import RtspAddress

_STATUS = re.compile(rb"RTSP/1\.\d (\d{3})[ \t]*([^\r\n]*)")
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')
_CODEC = re.compile(r"^a=rtpmap:\d+ ([A-Za-z0-9.-]+)/", re.MULTILINE)
_VIDEO = re.compile(r"^m=video .*?(?=^m=|\Z)", re.MULTILINE | re.DOTALL)
_STATIC_CODECS = {"26": "JPEG", "31": "H261", "32": "MPV"}
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}

UNAUTHORIZED = 401
"""The camera wants a password, or another one."""
_REASONS = {
    403: "the camera forbids this user to see the stream (403)",
    404: "the camera has no stream at this path (404)",
    454: "the camera has no stream at this path (454)",
    453: "the camera has no bandwidth left: too many viewers (453)",
    503: "the camera is too busy: too many viewers (503)",
}


@dataclass(frozen=True, slots=True)
class RtspAnswer:
    """The answer to a request: `headers` have lower-case names, `challenges` are all of WWW-Authenticate."""

    status: int
    phrase: str
    challenges: tuple[str, ...]
    headers: Mapping[str, str]
    body: str


def read_answer(data: bytes) -> RtspAnswer | None:
    """Parses an answer, as far as it came; None if it is not RTSP."""
    status = _STATUS.match(data)
    if status is None:
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    headers: dict[str, str] = {}
    challenges = []
    for line in head.decode(errors="replace").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
        if name.strip().lower() == "www-authenticate":
            challenges.append(value.strip())
    phrase = "".join(letter for letter in status[2].decode(errors="replace")[:60] if letter.isprintable())
    return RtspAnswer(int(status[1]), phrase.strip(), tuple(challenges), headers, body.decode(errors="replace"))


def is_whole(data: bytes) -> bool:
    """Whether an answer has come to its end."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = re.search(rb"\r\ncontent-length:\s*(\d{1,6})", head, re.IGNORECASE)
    return length is None or len(body) >= int(length[1])


def authorization(answer: RtspAnswer, address: RtspAddress, method: str) -> str | None:
    """Returns the header value that answers a 401, or None if nothing that is asked for is spoken here."""
    for challenge in answer.challenges:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic":
            return "Basic " + b64encode(f"{address.user}:{address.password}".encode()).decode()
        if scheme.lower() == "digest":
            asked = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
            name = _HASHES.get(asked.get("algorithm", "MD5").upper())
            if name is not None:
                return _digest(name, asked, address, method)
    return None


def is_final(answer: RtspAnswer, address: RtspAddress, *, is_tried: bool) -> bool:
    """Returns whether a decoder would get no picture either after this last answer to DESCRIBE.

    A decoder follows redirects, may speak a scheme of passwords that is not spoken here, and may please a camera that
    did not like the question: what is left is final.

    Args:
        answer: The camera's.
        address: The camera's.
        is_tried: Whether the password was sent.
    """
    if answer.status == UNAUTHORIZED:
        return is_tried or not address.has_credentials
    if answer.status >= 300:
        return answer.status in _REASONS
    # A description may come without its length, and later than its head.
    return bool(answer.body) and _VIDEO.search(answer.body) is None


def why(answer: RtspAnswer, address: RtspAddress, transport: str) -> str:
    """Returns in one line why a camera that gave this last answer to DESCRIBE gives no picture."""
    if answer.status == UNAUTHORIZED:
        if not address.has_credentials:
            return "the camera wants a user name and a password (401)"
        return "the camera refuses the user name or the password (401)"
    if answer.status in _REASONS:
        return _REASONS[answer.status]
    if answer.status >= 300:
        return f"the camera answered with RTSP status {answer.status} {answer.phrase}".rstrip()
    video = _VIDEO.search(answer.body)
    if video is None:
        return "the stream at this path has no video"
    other = "udp" if transport == "tcp" else "tcp"
    return (
        f"the camera offers {_codec_of(video[0])} video, but no picture came over {transport.upper()};"
        f" try rtsp_transport: {other}"
    )


def _codec_of(section: str) -> str:
    named = _CODEC.search(section)
    return named[1] if named else _STATIC_CODECS.get(section.split("\n", 1)[0].split()[-1], "unknown")


def _digest(name: str, asked: Mapping[str, str], address: RtspAddress, method: str) -> str:
    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = asked.get("realm", ""), asked.get("nonce", "")
    secret = hashed(f"{address.user}:{realm}:{address.password}")
    request = hashed(f"{method}:{address.plain}")
    fields = f'username="{address.user}", realm="{realm}", nonce="{nonce}", uri="{address.plain}"'
    if "auth" in asked.get("qop", "").replace(" ", "").split(","):
        response = hashed(f"{secret}:{nonce}:00000001:portero:auth:{request}")
        fields += ', qop=auth, nc=00000001, cnonce="portero"'
    else:
        response = hashed(f"{secret}:{nonce}:{request}")
    if "opaque" in asked:
        fields += f', opaque="{asked["opaque"]}"'
    if "algorithm" in asked:
        fields += f", algorithm={asked['algorithm']}"
    return f'Digest {fields}, response="{response}"'
