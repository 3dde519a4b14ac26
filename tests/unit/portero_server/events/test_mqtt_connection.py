"""The connection to a real broker: TLS, what it refuses, and what is left of it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero_server.domain.events.mqtt_topics import CameraTopic
from portero_server.events.mqtt_connection import MqttBroker
from portero_server.events.mqtt_ports import BrokerFault
from tests.support.processes.mosquitto_process import MISSING, PASSWORD, USER, Mosquitto, is_installed
from tests.support.processes.ports import free_port
from tests.support.server.mqtt_listener import Heard
from tests.support.server.published_cameras import TOPICS
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

real = pytest.mark.skipif(not is_installed(), reason=MISSING)
_ONLINE = TOPICS.of("door", CameraTopic.ONLINE)


def _broker(
    port: int, folder: Path, *, password: str = PASSWORD, tls: ssl.SSLContext | None = None, timeout: float = PATIENCE
) -> MqttBroker:
    file = folder / "mqtt.password"
    file.write_text(f"{password}\n")
    return MqttBroker("127.0.0.1", port, TOPICS, USER, file, tls, 5, timeout)


async def _fault(broker: MqttBroker) -> str:
    """Returns why nobody can connect."""
    with pytest.raises(BrokerFault) as raised:
        async with broker.connected(Heard()):
            pass
    assert PASSWORD not in str(raised.value)
    return str(raised.value)


@real
async def test_a_certificate_is_checked_against_the_authorities(tmp_path: Path) -> None:
    """With the right ones it is connected; else it is said what is wrong, and which scheme the port needs."""
    authority, other = Authority(tmp_path / "tls"), Authority(tmp_path / "other")
    certificate, key = authority.write("broker", authority.server())
    process = Mosquitto(tmp_path, f"certfile {certificate}", f"keyfile {key}")
    await process.start()
    try:
        trusted = ssl.create_default_context(cafile=str(authority.file))
        async with _broker(process.port, tmp_path, tls=trusted).connected(Heard()) as session:
            await session.publish(_ONLINE, "online")
        strange = ssl.create_default_context(cafile=str(other.file))
        fault = await _fault(_broker(process.port, tmp_path, tls=strange))
        assert fault.startswith("the broker's certificate is not trusted: ")
        fault = await _fault(_broker(process.port, tmp_path, timeout=1.0))
        assert "no answer" in fault or "broke" in fault
    finally:
        await process.kill()


@real
async def test_what_a_broker_refuses_is_said(tmp_path: Path) -> None:
    """A wrong password, and none; a file that is gone is named."""
    process = Mosquitto(tmp_path)
    await process.start()
    try:
        broker = _broker(process.port, tmp_path)
        assert await _fault(_broker(process.port, tmp_path, password="wrong")) == "the broker refuses: not authorized"
        nobody = replace(broker, username=None, password_file=None)
        assert await _fault(nobody) == "the broker refuses: not authorized"
        gone = replace(broker, password_file=tmp_path / "gone")
        assert await _fault(gone) == f"PORTERO_MQTT_PASSWORD_FILE ({tmp_path / 'gone'}) cannot be read"
    finally:
        await process.kill()


@real
async def test_a_publication_that_may_not_be_made_is_told(tmp_path: Path) -> None:
    """The broker confirms it with a reason, and the connection stays."""
    rights = tmp_path / "acl"
    rights.write_text(f"user {USER}\ntopic read #\ntopic write {TOPICS.status}\n")
    process = Mosquitto(tmp_path, f"acl_file {rights}")
    await process.start()
    try:
        heard = Heard()
        async with _broker(process.port, tmp_path).connected(heard) as session:
            await session.publish(TOPICS.status, "online")
            assert heard.refusals == []
            await session.publish(_ONLINE, "online")
            assert heard.refusals == ["Not authorized"]
            session.check()
    finally:
        await process.kill()


async def test_who_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A closed port, and a name that does not exist."""
    broker = _broker(free_port(), tmp_path)
    assert await _fault(broker) == "no connection to the broker: connection refused"
    assert await _fault(replace(broker, host="no.such.host.invalid")) == "no connection to the broker: no such host"


async def test_who_takes_the_connection_and_says_nothing_is_a_fault(tmp_path: Path) -> None:
    """That, and being canceled while it waits, leaves no connection, and nothing that goes wrong unseen."""
    opened = closed = 0
    troubles: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: troubles.append(context))
    changed = asyncio.Condition()

    async def serve_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened, closed
        async with changed:
            opened += 1
            changed.notify_all()
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
        async with changed:
            closed += 1
            changed.notify_all()

    async def until(connections: int, ended: int) -> None:
        async with asyncio.timeout(PATIENCE), changed:
            await changed.wait_for(lambda: (opened, closed) == (connections, ended))

    server = await asyncio.start_server(serve_nothing, "127.0.0.1", 0)
    broker = _broker(server.sockets[0].getsockname()[1], tmp_path, timeout=0.2)
    assert await _fault(broker) == "the broker gave no answer for 0.2 s; a port for TLS needs mqtts://"
    await until(1, 1)
    waiting = asyncio.ensure_future(_fault(replace(broker, timeout=PATIENCE)))
    await until(2, 1)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    await until(2, 2)
    server.close()
    await server.wait_closed()
    assert troubles == []
