"""The search for cameras, over real multicast on loopback."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from portero_bridge.__main__ import run
from portero_bridge.discovery.findings import Findings
from portero_bridge.discovery.messages import Match
from portero_bridge.discovery.search import Search, find_cameras
from portero_bridge.errors import SettingsError, SourceFault
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.onvif import LOOPBACK, answer, match, responder
from tests.support.time.timeouts import PATIENCE

DOOR = Match("urn:uuid:1", ("NetworkVideoTransmitter",), ("onvif://www.onvif.org/name/Door",), ("http://192.0.2.7/",))


class UntilAnswered(JumpingClock):
    """A clock that lets time pass when so many answers have come."""

    def __init__(self, findings: Findings, answers: int) -> None:
        super().__init__()
        self._findings = findings
        self._left = answers

    async def sleep(self, seconds: float) -> None:
        """Waits for the answers, then jumps."""
        async with asyncio.timeout(PATIENCE):
            # Datagrams come from the system; there is nothing to wait on.
            while self._findings.answers < self._left:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await super().sleep(seconds)


async def test_cameras_are_found_between_broken_answers() -> None:
    """Each question is repeated, each camera told once, and what cannot be read is told by its sender."""
    gate = replace(DOOR, endpoint="urn:uuid:2", urls=("http://192.0.2.8/",))
    findings = Findings()
    async with responder(answer(match(DOOR)), b"\x00junk", answer(match(gate)) + b"\x00" * 9, answer()[:90]) as devices:
        clock = UntilAnswered(findings, 4)
        lines = await find_cameras(Search(4.0, (LOOPBACK,), devices.port), findings, clock)
    assert lines[0] == f"2 cameras answered on {LOOPBACK}"
    assert sum("portero-bridge probe rtsp://USER:PASSWORD@" in line for line in lines) == 2
    assert "answers that cannot be read" in lines[-1]
    assert len(set(devices.questions)) == 1
    assert b"dn:NetworkVideoTransmitter" in devices.questions[0]
    assert sum(clock.sleeps) == pytest.approx(4.0)


async def test_silence_says_what_to_check() -> None:
    """Devices that do not answer are not waited for longer than said."""
    clock = JumpingClock()
    async with responder() as devices:
        lines = await find_cameras(Search(0.5, (LOOPBACK,), devices.port), Findings(), clock)
    assert lines[0] == f"no camera answered on {LOOPBACK}"
    assert "Check:" in lines
    assert sum(clock.sleeps) == pytest.approx(0.5)


async def test_an_interface_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With those that are; one that cannot send is told with the reason."""
    with pytest.raises(SettingsError, match=rf"--interface eth77: there is none of this name, only .*{LOOPBACK}"):
        await find_cameras(Search(1.0, ("eth77",)), Findings(), JumpingClock())
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(2**20, "gone0")])
    with pytest.raises(SourceFault, match=r"no network interface could ask for cameras: gone0: "):
        await find_cameras(Search(1.0), Findings(), JumpingClock())


def test_the_command_line_says_what_it_cannot_do(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a word to the network."""
    assert run(["discover", "--interface", "eth77"]) == 2
    assert run(["discover", "--seconds", "0"]) == 2
    assert "--seconds must be more than 0 and at most 60" in capsys.readouterr().err
