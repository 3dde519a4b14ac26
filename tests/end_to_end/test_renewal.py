"""Certificates renewed under running streams, with a real server and a real bridge in processes of their own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from portero_server.certificates import Order, make_certificates
from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.schema import OUTCOME_COLUMNS
from tests.support.model.stored import read_stored
from tests.support.processes.bridge_process import BridgeProcess, running_bridge
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import handshake

pytestmark = pytest.mark.slow


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if holds():
                return
            await asyncio.sleep(0.1)


def _opened(bridge: BridgeProcess) -> int:
    return sum(" stream_opened " in line for line in bridge.output)


async def test_renewals_on_both_sides_lose_nothing(tmp_path: Path) -> None:
    """While a camera streams without loss, server and bridge get new certificates, and every frame is stored once."""
    certificates = tmp_path / "certificates"
    now = datetime.now(UTC)
    make_certificates(certificates, Order(["localhost", "127.0.0.1"], ["lobby-pi"]), now)
    trusted = (certificates / "ca.crt").read_bytes()
    settings = {
        "tls_certificate": str(certificates / "server.crt"),
        "tls_key": str(certificates / "server.key"),
        "tls_client_ca": str(certificates / "ca.crt"),
        "engine": "scripted",
        "bridge_listen": "127.0.0.1:0",
    }
    tls = {
        "ca_file": str(certificates / "ca.crt"),
        "certificate": str(certificates / "bridge-lobby-pi.crt"),
        "key": str(certificates / "bridge-lobby-pi.key"),
    }
    camera = {"name": "lobby", "source": "synthetic:", "mode": "lossless", "rate": 20}
    async with running_server(tmp_path, **settings) as server:
        address = next(line for line in server.lines if line["event"] == "serving")["bridges"]
        async with running_bridge(tmp_path, address, [camera], tls=tls) as bridge:
            await _until(lambda: _opened(bridge) == 1)
            shown = await _served(server.address, trusted)
            make_certificates(certificates, Order(["localhost", "127.0.0.1"], renew=True), now)
            # The stream that is open goes on; whoever comes next sees the new certificate.
            assert await _served(server.address, trusted) != shown
            assert _opened(bridge) == 1
            make_certificates(certificates, Order(bridges=["lobby-pi"], renew=True), now)
            await _until(lambda: _opened(bridge) == 2)
            closed = [line for line in bridge.output if " stream_closed " in line]
            # Before it was registered, the camera was not known.
            assert ["does not exist" in line for line in closed] == [True, False]
            assert "the certificates were renewed" in closed[1]
            durable = int(closed[1].rpartition("durable_sequence=")[2])
        finished = [line for line in bridge.output if " stream_finished " in line]
        assert len(finished) == 1
        assert await server.stop() == 0
    (stream,) = (await read_stored(f"sqlite+aiosqlite:///{tmp_path / 'portero.db'}")).streams
    counted = {outcome: stream[column] for outcome, column in OUTCOME_COLUMNS.items()}
    assert stream["durable_sequence"] >= durable > 0
    assert counted[FrameOutcome.MISSING] == counted[FrameOutcome.REJECTED] == 0
    stored = sum(count for outcome, count in counted.items() if outcome is not FrameOutcome.REPLAYED)
    assert stored == stream["durable_sequence"]
    assert f"durable_sequence={stream['durable_sequence']}" in finished[0]


async def _served(address: str, trusted: bytes) -> bytes | None:
    port = int(address.rpartition(":")[2])
    agreed = await asyncio.to_thread(handshake, port, trusted, version=ssl.TLSVersion.TLSv1_3)
    return agreed.certificate
