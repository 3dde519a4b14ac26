"""What a camera, or whoever is on the way to it, sends a bridge; and what its operator writes for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from portero_bridge.discovery.findings import Findings
from portero_bridge.discovery.messages import Match
from portero_bridge.errors import SettingsError
from portero_bridge.redact import redact_url
from portero_bridge.settings import BridgeSettings
from portero_bridge.sources.base import SourceOptions
from portero_bridge.sources.mjpeg import MjpegSource
from portero_bridge.sources.multipart import MultipartParser, PartLimits, boundary_of
from portero_bridge.sources.registry import kind_of
from portero_bridge.sources.rtsp_address import read_rtsp_address
from portero_bridge.sources.rtsp_answers import authorization, read_answer, why
from portero_bridge.yaml_file import read_yaml
from portero_client.streaming.clock import SystemClock
from tests.support.bridge.onvif import answer, match
from tests.support.repository import ROOT

_LIMITS = PartLimits(header_bytes=64, body_bytes=256)
# A line that may be a boundary is held until it ends.
_LONGEST_LINE = 260
_CAMERA = read_rtsp_address("rtsp://admin:hunter2@192.0.2.7/live")
_PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 8\r\n\r\n\xff\xd8\x00\x01\x02\x03\xff\xd9\r\n"


def multipart(data: bytes) -> None:
    """However a stream is cut into pieces, the same files come out, each within the limit, and little is held."""
    if len(data) < 2:
        return
    step = data[0] % 61 + 1
    named = boundary_of(data[1:40].decode("latin-1"))
    body = data[1:]
    whole, cut = MultipartParser(named, _LIMITS), MultipartParser(named, _LIMITS)
    at_once = whole.feed(body)
    in_pieces = [file for at in range(0, len(body), step) for file in cut.feed(body[at : at + step])]
    assert all(file.startswith(b"\xff\xd8") and len(file) <= _LIMITS.body_bytes for file in at_once + in_pieces)
    assert len(cut._buffer) <= _LIMITS.header_bytes + _LIMITS.body_bytes + step + _LONGEST_LINE
    if at_once != in_pieces:
        raise AssertionError(f"the pieces make a difference: {at_once} {in_pieces}")


def multipart_seeds() -> list[bytes]:
    """Returns streams as cameras send them, and as they break."""
    return [
        b"\x07" + _PART * 3,
        b"\x01" + _PART.replace(b"Content-Length: 8\r\n", b"") * 3,
        b"\x3c" + _PART.replace(b": 8", b": 200") * 3,
        b"\x05" + b"--frame" * 20 + _PART,
        b"\x05multipart/x-mixed-replace; boundary=--a\r\n--a\r\n\r\n\xff\xd8\xff\xd9\r\n--a",
    ]


def camera_urls(data: bytes) -> None:
    """An address is of a kind that can be made, or is refused in words that hold no password."""
    address = data.decode("utf-8", "replace")
    assert isinstance(redact_url(address), str)
    for make in (lambda: kind_of(address), lambda: MjpegSource(_options(address))):
        _check_refusal(make, data)


def camera_urls_seeds() -> list[bytes]:
    """Returns addresses of all kinds."""
    return [
        b"http://admin:hunter2@192.0.2.7:81/stream?token=abc",
        b"https://[2001:db8::7]/jpg",
        b"rtsp://admin:hunter2@camera/1",
        b"synthetic:",
        b"0",
        b"/dev/video0",
        b"photos/",
        b"x" * 300,
    ]


def camera_answers(data: bytes) -> None:
    """Whatever a device answers to a search or to DESCRIBE, what is told of it is one printable line each."""
    findings = Findings()
    findings.take("192.0.2.7", data)
    assert all(line.isprintable() for line in findings.lines(["eth0"], []))
    described = read_answer(data)
    if described is not None:
        authorization(described, _CAMERA, "DESCRIBE")
        said = why(described, _CAMERA, "tcp")
        assert said.isprintable()
        assert "hunter2" not in said or b"hunter2" in data


def camera_answers_seeds() -> list[bytes]:
    """Returns answers as cameras give them."""
    door = Match(
        "urn:uuid:1",
        ("NetworkVideoTransmitter",),
        ("onvif://www.onvif.org/name/Front%20Door", "onvif://www.onvif.org/hardware/DS-2CD"),
        ("http://192.0.2.7/onvif/device_service",),
    )
    return [
        answer(match(door)),
        answer(match(door), match(door)),
        b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="c", nonce="n", qop="auth", algorithm=SHA-256\r\n\r\n',
        b"RTSP/1.0 200 OK\r\nContent-Length: 57\r\n\r\nv=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n",
        b"RTSP/1.0 551 Option not supported\r\n\r\n",
    ]


def _check_refusal(make: Callable[[], object], data: bytes) -> None:
    """Makes something; a refusal has a line for each mistake, and shows no password that stands where they stand."""
    try:
        make()
    except SettingsError as refused:
        message = refused.message
    else:
        return
    # Several mistakes of a file follow a line that counts them, each indented.
    assert all(line.isprintable() for line in message.split("\n  "))
    assert "hunter2" not in message or b"hunter2@" not in data


def _options(address: str) -> SourceOptions:
    return SourceOptions(
        address=address,
        rate=5.0,
        max_side=None,
        quality=85,
        realtime=True,
        connect_timeout=5.0,
        read_timeout=10.0,
        clock=SystemClock(),
    )


_FILE = Path(tempfile.mkdtemp(prefix="portero-fuzz-")) / "bridge.yaml"


def bridge_yaml(data: bytes) -> None:
    """A file makes settings, or is refused in one line."""
    _FILE.write_bytes(data)
    _check_refusal(lambda: read_yaml(_FILE, BridgeSettings), data)


def bridge_yaml_seeds() -> list[bytes]:
    """Returns the example, and what YAML has besides."""
    example = ROOT / "clients/portero_bridge/bridge.example.yaml"
    return [
        example.read_bytes(),
        b"cameras:\n- {name: door, source: 'http://a:hunter2@192.0.2.1/'}\n",
        b"a: &a [*a]\n",
        b"cameras: !!int ''\nserver: !!float ''\n",
        b"x: !!timestamp 2001\ny: !!bool maybe\nz: !!binary '='\n",
        b"? {a: b}\n: !!set {c}\n",
        b"- 2001-99-99\n- .nan\n- 0x\n- 1:99:99.9\n",
    ]
