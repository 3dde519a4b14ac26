"""What a search for cameras tells."""

from __future__ import annotations

from dataclasses import replace

from portero_bridge.discovery.findings import Findings
from portero_bridge.discovery.messages import Match
from tests.support.bridge.onvif import answer, match

SCOPE = "onvif://www.onvif.org/"
DOOR = Match(
    "urn:uuid:1",
    ("NetworkVideoTransmitter",),
    (f"{SCOPE}name/Front%20Door", f"{SCOPE}hardware/DS-2CD", f"{SCOPE}name/HIKVISION", f"{SCOPE}location/hall"),
    ("http://192.0.2.7/onvif/device_service",),
)


def told(*answers: tuple[str, bytes]) -> list[str]:
    """Returns the lines about answers of senders."""
    findings = Findings()
    for sender, datagram in answers:
        findings.take(sender, datagram)
    return findings.lines(["eth0"], [])


def test_a_camera_is_told_with_the_command_to_type_next() -> None:
    """Address, name, scopes, and a command whose address a shell leaves as it is."""
    dahua = replace(DOOR, endpoint="urn:uuid:2", scopes=(f"{SCOPE}name/Dahua",), urls=("http://192.0.2.10/x",))
    plain = replace(DOOR, endpoint="urn:uuid:3", scopes=(), urls=("http://192.0.2.9/x",))
    assert told(
        ("192.0.2.10", answer(match(dahua))), ("192.0.2.9", answer(match(plain))), ("192.0.2.7", answer(match(DOOR)))
    ) == [
        "3 cameras answered on eth0",
        "",
        "192.0.2.7  Front Door DS-2CD",
        "  says: location/hall",
        "  next: portero-bridge probe rtsp://USER:PASSWORD@192.0.2.7/Streaming/Channels/101",
        "",
        "192.0.2.9  (says no name)",
        "  next: portero-bridge probe rtsp://USER:PASSWORD@192.0.2.9/",
        "",
        "192.0.2.10  Dahua",
        "  next: portero-bridge probe 'rtsp://USER:PASSWORD@192.0.2.10/cam/realmonitor?channel=1&subtype=0'",
        "",
        "Where the path of the stream is left out, it is in the camera's manual.",
    ]


def test_a_camera_that_answers_often_is_one() -> None:
    """Again, and over another interface with another address."""
    lines = told(*((sender, answer(match(DOOR))) for sender in ("192.0.2.7", "192.0.2.7", "198.51.100.7")))
    assert lines[0] == "1 camera answered on eth0"
    assert lines[2] == "192.0.2.7 and 198.51.100.7  Front Door DS-2CD"


def test_cameras_that_share_their_id_are_several() -> None:
    """Some makers give one id to all; where nothing tells them apart, the sender does."""
    other = replace(DOOR, urls=("http://192.0.2.8/onvif/device_service",))
    nameless = Match("", (), (), ())
    lines = told(
        ("192.0.2.7", answer(match(DOOR))),
        ("192.0.2.8", answer(match(other))),
        ("192.0.2.9", answer(match(nameless))),
        ("192.0.2.11", answer(match(nameless))),
    )
    assert lines[0] == "4 cameras answered on eth0"


def test_no_camera_says_what_to_check() -> None:
    """With the interfaces that were asked, and those that were not; what answered all the same is told."""
    findings = Findings()
    printer = Match("urn:uuid:9", ("PrintDeviceType",), (), ("http://192.0.2.50/",))
    findings.take("192.0.2.50", answer(match(printer)))
    findings.take("192.0.2.51", b"junk")
    findings.take("192.0.2.51", b"")
    lines = findings.lines(["eth0", "wlan0"], ["eth1: Network is unreachable"])
    assert lines[:4] == [
        "no camera answered on eth0, wlan0",
        "not asked on eth1: Network is unreachable",
        "",
        "Check:",
    ]
    assert "ONVIF switched on" in lines[4]
    assert "not cameras: 192.0.2.50" in lines
    assert lines[-1] == "192.0.2.51 sent 2 answers that cannot be read"


def test_what_a_stranger_sends_does_nothing_to_a_terminal() -> None:
    """Control characters and endless names are taken out of lines, and reach no command."""
    evil = replace(DOOR, scopes=(f"{SCOPE}name/%1B%5B2J%0Aowned;rm%20-rf" + "x" * 500, "\u202eabc"))
    lines = told(("192.0.2.7", answer(match(evil))))
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    assert "rm" not in lines[-3]


def test_a_flood_is_bounded() -> None:
    """However many cameras somebody makes up, so many are kept."""
    findings = Findings()
    for number in range(1200):
        made_up = replace(DOOR, endpoint=f"urn:uuid:{number}")
        findings.take("192.0.2.7", answer(match(made_up)))
    assert len(findings.cameras) == 1000
