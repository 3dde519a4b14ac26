"""A camera that publishes to a real broker, a real bridge that subscribes over TLS, and a real server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest

from portero_client import ConnectionSettings, PorteroClient
from portero_client.errors import NotFound
from tests.support.bridge.pictures import picture
from tests.support.processes.bridge_process import running_bridge
from tests.support.processes.mosquitto_process import MISSING, PASSWORD, USER, Mosquitto, is_installed
from tests.support.processes.server_process import running_server
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

pytestmark = [pytest.mark.skipif(not is_installed(), reason=MISSING), pytest.mark.slow]

_TOPICS = ("cameras/door/jpeg", "cameras/gate/jpeg")
_FRAMES = 20


@asynccontextmanager
async def _publishing(port: int, authority: Authority) -> AsyncIterator[None]:
    """Publishes pictures to both topics until the end of the block, and a status text to one."""
    stop = asyncio.Event()

    async def publish() -> None:
        context = ssl.create_default_context(cafile=str(authority.file))
        numbers = itertools.count()
        while not stop.is_set():
            # Its broker may be away.
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    "127.0.0.1", port, username=USER, password=PASSWORD, tls_context=context, timeout=2
                ) as camera:
                    while not stop.is_set():
                        await camera.publish(_TOPICS[0], b"online", qos=1)
                        for topic in _TOPICS:
                            await camera.publish(topic, picture(next(numbers)), qos=1, retain=True)

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        stop.set()
        await task


async def _until_durable(client: PorteroClient, camera: str, frames: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(NotFound):
                status = await client.cameras.status(camera)
                if status.frames_received - status.watermark_lag >= frames:
                    return
            # The server knows, and tells nobody.
            await asyncio.sleep(0.1)


async def test_published_pictures_are_acknowledged_and_a_broker_may_restart(tmp_path: Path) -> None:
    """Frames of both cameras of one broker become durable, before the broker crashes and after."""
    authority = Authority(tmp_path / "tls")
    certificate, key = authority.write("broker", authority.server())
    password = tmp_path / "mqtt.password"
    password.write_text(f"{PASSWORD}\n")
    broker = Mosquitto(tmp_path, f"certfile {certificate}", f"keyfile {key}")
    await broker.start()
    cameras = [
        {
            "name": name,
            "source": broker.url(f"{topic}?qos=1", USER, "mqtts"),
            "password_file": str(password),
            "ca_file": str(authority.file),
            "rate": None,
        }
        for name, topic in zip(("door", "gate"), _TOPICS, strict=True)
    ]
    try:
        async with (
            running_server(tmp_path, engine="scripted") as server,
            running_bridge(tmp_path, server.address, cameras, camera_retry_cap=0.5) as bridge,
            PorteroClient(ConnectionSettings(server.address)) as client,
            _publishing(broker.port, authority),
        ):
            for name in ("door", "gate"):
                await _until_durable(client, name, _FRAMES)
            await broker.kill()
            before = {name: (await client.cameras.status(name)).frames_received for name in ("door", "gate")}
            await broker.start()
            for name in ("door", "gate"):
                await _until_durable(client, name, before[name] + _FRAMES)
        log = "".join(bridge.output)
    finally:
        await broker.kill()
    assert PASSWORD not in log
    assert log.count("image_skipped camera=door") == 1
    assert "image_skipped camera=gate" not in log
    assert "source_down camera=gate" in log
    assert "library_message" not in log
    assert "camera_failed" not in log
