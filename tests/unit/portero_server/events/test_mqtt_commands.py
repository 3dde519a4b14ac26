"""Commands by MQTT: authorized, audited, and never a flood."""

from __future__ import annotations

import asyncio

import pytest

from portero_server.domain.audit.chain import Actor, AuditOutcome, Deed
from portero_server.errors import StoreUnavailable
from tests.support.server.mqtt_scene import MqttScene, unleased
from tests.support.server.published_cameras import camera
from tests.support.time.virtual_time import in_virtual_time

_ACTOR = Actor("mqtt", "broker:1883")
_ASKED = Deed(_ACTOR, "CameraService/UpdateCamera", "cameras/door", AuditOutcome.ASKED, "disabled")


def _count(scene: MqttScene, result: str) -> float:
    return scene.metrics.registry.get_sample_value("portero_mqtt_commands_total", {"result": result}) or 0.0


def _is_paused(scene: MqttScene) -> bool:
    return scene.kept.cameras["door"].disabled


@in_virtual_time
async def test_off_disables_the_camera_and_on_enables_it() -> None:
    """Each is in the audit trail before it is done, as the same change by RPC is."""
    scene = MqttScene()
    commands = scene.commanding()
    commands.take("door", b"OFF")
    assert await commands.carry_out(unleased)
    assert _is_paused(scene)
    await asyncio.sleep(1)
    commands.take("door", b"ON")
    assert await commands.carry_out(unleased)
    assert not _is_paused(scene)
    assert scene.kept.audited == [_ASKED, _ASKED]
    assert _count(scene, "done") == 2


@in_virtual_time
async def test_what_is_so_already_is_not_done_again() -> None:
    """And is no deed."""
    scene = MqttScene()
    commands = scene.commanding()
    commands.take("door", b"ON")
    assert not await commands.carry_out(unleased)
    assert scene.kept.audited == []
    assert _count(scene, "unchanged") == 1


@in_virtual_time
async def test_what_cannot_be_audited_is_not_done() -> None:
    """The camera stays as it was."""
    scene = MqttScene()
    commands = scene.commanding()
    scene.kept.unaudited = True
    commands.take("door", b"OFF")
    assert not await commands.carry_out(unleased)
    assert not _is_paused(scene)
    assert _count(scene, "failed") == 1


@pytest.mark.parametrize(
    ("camera_id", "payload", "resource", "reason"),
    [
        ("door", b"TOGGLE", "cameras/door", "UNKNOWN_PAYLOAD"),
        ("door", b"off", "cameras/door", "UNKNOWN_PAYLOAD"),
        ("none", b"OFF", "", "CAMERA_NOT_FOUND"),
        ("Ana Luz", b"OFF", "", "CAMERA_NOT_FOUND"),
        ("desk", b"OFF", "cameras/desk", "OUT_OF_SCOPE"),
    ],
)
def test_what_may_not_be_done_is_refused_and_noted(camera_id: str, payload: bytes, resource: str, reason: str) -> None:
    """What somebody writes into a topic is not repeated unless it is a camera's name."""

    @in_virtual_time
    async def run() -> None:
        scene = MqttScene(sites=["nunoa"])
        scene.kept.cameras = {"door": camera(site="nunoa"), "desk": camera("desk", site="centro")}
        commands = scene.commanding()
        commands.take(camera_id, payload)
        assert not await commands.carry_out(unleased)
        assert not any(each.disabled for each in scene.kept.cameras.values())
        assert scene.kept.audited == [Deed(_ACTOR, _ASKED.action, resource, AuditOutcome.DENIED, reason)]
        assert _count(scene, "refused") == 1

    run()


@in_virtual_time
async def test_of_many_commands_for_a_camera_the_last_one_counts() -> None:
    """And a camera is changed at most once a second, however often somebody asks."""
    scene = MqttScene()
    commands = scene.commanding()
    for _ in range(50):
        commands.take("door", b"OFF")
        commands.take("door", b"ON")
        commands.take("door", b"OFF")
    await commands.carry_out(unleased)
    commands.take("door", b"ON")
    assert not await commands.carry_out(unleased)
    assert _is_paused(scene)
    await asyncio.sleep(1)
    assert await commands.carry_out(unleased)
    assert not _is_paused(scene)
    assert len(scene.kept.audited) == 2


@in_virtual_time
async def test_a_flood_for_cameras_that_do_not_exist_is_bounded() -> None:
    """Those beyond the bound are dropped and counted."""
    scene = MqttScene()
    commands = scene.commanding()
    for number in range(1500):
        commands.take(f"c{number}", b"OFF")
    assert scene.metrics.registry.get_sample_value("portero_mqtt_dropped_total", {"what": "command"}) == 500
    await commands.carry_out(unleased)
    assert _count(scene, "refused") == 1000
    assert len(scene.kept.audited) == 1


@in_virtual_time
async def test_a_flood_of_refused_commands_is_noted_once_a_second() -> None:
    """For a camera, and for all those together that do not exist; a camera that is held waits for its command."""
    scene = MqttScene()
    commands = scene.commanding()
    for second in range(3):
        for number in range(5):
            commands.take("door", b"TOGGLE")
            commands.take(f"none{second}{number}", b"OFF")
            await commands.carry_out(unleased)
        assert len(scene.kept.audited) == 2 * (second + 1)
        await asyncio.sleep(1)
    assert {each.resource for each in scene.kept.audited} == {"", "cameras/door"}
    commands.take("door", b"OFF")
    assert await commands.carry_out(unleased)


@in_virtual_time
async def test_a_command_waits_for_the_database() -> None:
    """Unless another one has come meanwhile."""
    scene = MqttScene()
    commands = scene.commanding()
    scene.kept.broken = True
    commands.take("door", b"OFF")
    with pytest.raises(StoreUnavailable):
        await commands.carry_out(unleased)
    scene.kept.broken = False
    assert await commands.carry_out(unleased)
    assert _is_paused(scene)
