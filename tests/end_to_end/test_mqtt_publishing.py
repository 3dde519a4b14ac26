"""Cameras in Home Assistant as a site sets it up: a real server, a real broker with TLS, and restarts of both."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from portero_client import ConnectionSettings, DeliveryMode, PorteroClient
from portero_client.errors import FailedPrecondition
from tests.support.client.visits import visit
from tests.support.images.patch_photos import ANA, BOB, Color, photo
from tests.support.processes.mosquitto_process import MISSING, PASSWORD, USER, Mosquitto, is_installed
from tests.support.processes.server_process import ServerProcess, ended_server, running_server
from tests.support.server.home_assistant import check_discovery
from tests.support.server.mosquitto_broker import Ear
from tests.support.store.mariadb import MariaDB
from tests.support.time.timeouts import PATIENCE
from tests.support.tls.certificates import Authority

pytestmark = [pytest.mark.skipif(not is_installed(), reason=MISSING), pytest.mark.slow]

_STATUS = "portero/status"
_DEVICE = "homeassistant/device/portero_door/config"
_OF_DOOR = "portero/cameras/door/"
_NOBODY: Color = (0, 0, 0)


class _Site:
    """A broker with TLS, and whoever is connected to it beside the server."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "tls")
        certificate, key = self.authority.write("broker", self.authority.server())
        self.broker = Mosquitto(folder, f"certfile {certificate}", f"keyfile {key}")
        self._password = folder / "mqtt.password"
        self._password.write_text(f"{PASSWORD}\n")
        self._password.chmod(0o600)

    @property
    def settings(self) -> dict[str, str]:
        """Settings of a server that publishes everything."""
        return {
            "engine": "scripted",
            "mqtt_url": f"mqtts://127.0.0.1:{self.broker.port}",
            "mqtt_username": USER,
            "mqtt_password_file": str(self._password),
            "mqtt_ca_file": str(self.authority.file),
            "mqtt_names": "true",
            "mqtt_commands": "true",
            "mqtt_offline_after": "5",
        }

    @asynccontextmanager
    async def home_assistant(self) -> AsyncIterator[tuple[aiomqtt.Client, Ear]]:
        """Connects somebody who listens, and may command, until the end of the block."""
        ear = Ear()
        context = ssl.create_default_context(cafile=str(self.authority.file))
        async with aiomqtt.Client(
            "127.0.0.1", self.broker.port, username=USER, password=PASSWORD, tls_context=context, timeout=PATIENCE
        ) as client:
            await client.subscribe("#", qos=1)
            listening = asyncio.create_task(ear.listen(client))
            try:
                yield client, ear
            finally:
                listening.cancel()
                await asyncio.wait([listening])


def _last(ear: Ear, what: str) -> Any:
    payload = ear.last.get(_OF_DOOR + what)
    return json.loads(payload) if payload is not None and payload.startswith("{") else payload


@asynccontextmanager
async def _connected(server: ServerProcess) -> AsyncIterator[PorteroClient]:
    async with PorteroClient(ConnectionSettings(server.address)) as client:
        yield client


async def test_home_assistant_sees_cameras_and_pauses_one(tmp_path: Path) -> None:
    """Who is there, who was last, a switch that really pauses and lasts, and no name after an erasure."""
    site = _Site(tmp_path)
    await site.broker.start()
    try:
        async with asyncio.timeout(6 * PATIENCE):
            async with running_server(tmp_path, **site.settings) as server, _connected(server) as client:
                await client.cameras.create("door", display_name="Entrada Ñuñoa")
                for person_id, name, color in (("ana", "Íñigo Muñoz", ANA), ("bob", "Bob", BOB)):
                    await client.people.create(name, person_id=person_id)
                    await client.people.enroll(person_id, photo(color))
                async with site.home_assistant() as (home, ear):
                    await _sees_a_visit(client, ear)
                    await _pauses(client, home, ear)
                    assert await server.stop() == 0
                    await ear.until(lambda: ear.last[_STATUS] == "offline")
                logged = server.lines
            await site.broker.kill()
            await site.broker.start()
            async with running_server(tmp_path, **site.settings) as server, _connected(server) as client:
                async with site.home_assistant() as (home, ear):
                    await _lasts(client, home, ear)
                await site.broker.kill()
                await site.broker.start()
                async with site.home_assistant() as (home, ear):
                    await _is_erased_and_removed(client, ear)
                assert await server.stop() == 0
    finally:
        await site.broker.kill()
    log = json.dumps([*logged, *server.lines], ensure_ascii=False)
    assert PASSWORD not in log
    assert "Muñoz" not in log
    assert server.others == []


async def _sees_a_visit(client: PorteroClient, ear: Ear) -> None:
    await ear.until(lambda: _DEVICE in ear.last)
    config = json.loads(ear.last[_DEVICE])
    check_discovery(_DEVICE, config)
    assert config["device"]["name"] == "Entrada Ñuñoa"
    await ear.until(lambda: _last(ear, "online") == "offline")
    assert (ear.last[_STATUS], _last(ear, "occupancy"), _last(ear, "recognition")) == ("online", "OFF", "ON")
    assert _last(ear, "last_person") == {"name": None, "person": None, "first_seen": None}
    async with client.stream("door", mode=DeliveryMode.LOSSLESS) as camera:
        # A room, and then somebody who stays.
        began = datetime.now(UTC) - timedelta(seconds=3)
        for number in range(15):
            jpeg = photo(ANA if number >= 2 else _NOBODY, side=80 + number, kind=".jpg")
            await camera.send(jpeg, began + timedelta(seconds=number / 5))
        await ear.until(lambda: _last(ear, "occupancy") == "ON")
        await ear.until(lambda: _last(ear, "last_person")["name"] == "Íñigo Muñoz")
        assert _last(ear, "unknown_people") == "0"
        await camera.finish()
    await ear.until(lambda: _last(ear, "occupancy") == "OFF")


async def _pauses(client: PorteroClient, home: aiomqtt.Client, ear: Ear) -> None:
    with pytest.raises(FailedPrecondition, match="cameras/door is disabled"):
        await _cut_short(client, home, ear)
    assert (await client.cameras.get("door")).disabled
    with pytest.raises(FailedPrecondition):
        await visit(client, BOB)
    assert _last(ear, "last_person")["name"] == "Íñigo Muñoz"
    by_mqtt = [each async for each in client.audit.list() if each.subject == "mqtt"]
    assert [(each.action, each.resource) for each in by_mqtt] == [("CameraService/UpdateCamera", "cameras/door")]


async def _cut_short(client: PorteroClient, home: aiomqtt.Client, ear: Ear) -> None:
    """Films an empty room until the stream is ended by a command."""
    async with client.stream("door", mode=DeliveryMode.LIVE) as camera:
        await camera.send(photo(_NOBODY, kind=".jpg"))
        await home.publish(_OF_DOOR + "recognition/set", "OFF", qos=1)
        await ear.until(lambda: _last(ear, "recognition") == "OFF")
        async for _ in camera:
            pass


async def _lasts(client: PorteroClient, home: aiomqtt.Client, ear: Ear) -> None:
    """After a restart of both the camera is still paused, and everything is retained again."""
    await ear.until(lambda: _last(ear, "recognition") == "OFF" and ear.last.get(_STATUS) == "online")
    assert (await client.cameras.get("door")).disabled
    await home.publish(_OF_DOOR + "recognition/set", "ON", qos=1)
    await ear.until(lambda: _last(ear, "recognition") == "ON")
    await visit(client, BOB)
    await ear.until(lambda: _last(ear, "last_person")["name"] == "Bob")
    said = len(ear.said)
    await home.publish("homeassistant/status", "online", qos=1)
    await ear.until(lambda: _DEVICE in [topic for topic, _ in ear.said[said:]])


async def _is_erased_and_removed(client: PorteroClient, ear: Ear) -> None:
    await ear.until(lambda: "Bob" in ear.last.get(_OF_DOOR + "last_person", ""))
    await client.privacy.erase("bob")
    await ear.until(lambda: _last(ear, "last_person") == {"name": None, "person": None, "first_seen": None})
    await client.cameras.delete("door")
    await ear.until(lambda: not [topic for topic in ear.last if "door" in topic])
    assert (_DEVICE, "") in ear.said


async def test_a_server_that_dies_is_replaced_and_nobody_notices(tmp_path: Path, mariadb: MariaDB) -> None:
    """Of two servers of one database one is connected; once it is killed, the other one is, and none seems offline."""
    site, url = _Site(tmp_path), mariadb.create_schema("mqtt")
    assert (await ended_server("migrate", tmp_path, database_url=url))[0] == 0
    await site.broker.start()
    settings = site.settings | {"database_url": url, "mqtt_offline_after": "20"}
    try:
        async with (
            asyncio.timeout(2 * PATIENCE),
            running_server(tmp_path, **settings) as one,
            site.home_assistant() as (_, ear),
        ):
            await ear.until(lambda: ear.last.get(_STATUS) == "online")
            async with running_server(tmp_path, **settings) as two, _connected(two) as client:
                await client.cameras.create("door")
                await ear.until(lambda: _DEVICE in ear.last)
                assert not [line for line in two.lines if line["event"] == "mqtt_connected"]
                one.process.kill()
                await client.cameras.create("gate")
                await ear.until(lambda: _DEVICE.replace("door", "gate") in ear.last)
                assert [line for line in two.lines if line["event"] == "mqtt_connected"]
                assert [payload for topic, payload in ear.said if topic == _STATUS and payload != "online"] == []
                assert await two.stop() == 0
                await ear.until(lambda: ear.last[_STATUS] == "offline")
    finally:
        await site.broker.kill()
