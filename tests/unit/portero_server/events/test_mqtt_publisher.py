"""What a broker retains while cameras, servers, the broker and the database come and go, in virtual time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

from portero_server.domain.events.mqtt_topics import CameraTopic
from tests.support.server.home_assistant import check_discovery
from tests.support.server.mqtt_scene import OFFLINE_AFTER, MqttScene
from tests.support.server.published_cameras import TOPICS, camera
from tests.support.time.virtual_time import in_virtual_time

_SOON = 3.0
_PERSON, _OCCUPANCY, _ONLINE = CameraTopic.LAST_PERSON, CameraTopic.OCCUPANCY, CameraTopic.ONLINE


def _sample(scene: MqttScene, name: str, **labels: str) -> float:
    return scene.metrics.registry.get_sample_value(f"portero_mqtt_{name}", labels) or 0.0


@in_virtual_time
async def test_a_camera_is_published_with_all_that_is_known() -> None:
    """Its device, what it sees, who was last, and that it is online; each change follows within seconds."""
    scene = MqttScene()
    async with scene.filming(), scene.server() as publisher:
        await asyncio.sleep(_SOON)
        check_discovery(TOPICS.device("door"), json.loads(scene.broker.retained[TOPICS.device("door")]))
        assert scene.status == "online"
        assert (scene.retained(_ONLINE), scene.retained(_OCCUPANCY)) == ("online", "OFF")
        scene.kept.arrive("inigo")
        scene.kept.arrive(None)
        scene.kept.pay(4)
        publisher.notify(2)
        await asyncio.sleep(0.5)
        assert scene.retained(_OCCUPANCY) == "ON"
        assert scene.retained(CameraTopic.UNKNOWN_PEOPLE) == "1"
        assert scene.retained(_PERSON)["name"] == "Íñigo Muñoz"
        scene.kept.leave()
        await asyncio.sleep(20)
        assert scene.retained(_OCCUPANCY) == "OFF"
        assert scene.retained(_PERSON)["name"] == "Íñigo Muñoz"
        assert scene.retained(CameraTopic.CALLS_TODAY) == "4"
        assert scene.retained(CameraTopic.COST_TODAY)["dollars"] == 0.004
    assert _sample(scene, "published_total", kind="discovery") == 1


@in_virtual_time
async def test_what_does_not_change_is_not_published_again() -> None:
    """An hour of an empty room takes no publication."""
    scene = MqttScene()
    async with scene.filming(), scene.server():
        await asyncio.sleep(20)
        said = len(scene.broker.said)
        await asyncio.sleep(3600)
        assert len(scene.broker.said) == said


@in_virtual_time
async def test_a_camera_without_frames_goes_offline_and_comes_back() -> None:
    """After the time that the setting says."""
    scene = MqttScene()
    async with scene.server():
        async with scene.filming():
            await asyncio.sleep(_SOON)
        await asyncio.sleep(OFFLINE_AFTER - 5)
        assert scene.retained(_ONLINE) == "online"
        await asyncio.sleep(10)
        assert scene.retained(_ONLINE) == "offline"
        async with scene.filming():
            await asyncio.sleep(_SOON)
            assert scene.retained(_ONLINE) == "online"


@in_virtual_time
async def test_an_erased_persons_name_is_gone_from_the_broker() -> None:
    """Within seconds while a server runs, and with the first publication where none did."""
    scene = MqttScene()
    async with scene.server():
        scene.kept.arrive("ana")
        await asyncio.sleep(_SOON)
        assert scene.retained(_PERSON)["name"] == "Ana"
        del scene.kept.names["ana"]
        await asyncio.sleep(_SOON)
        assert scene.retained(_PERSON) == {"name": None, "person": None, "first_seen": None}
        scene.kept.arrive("inigo")
        await asyncio.sleep(_SOON)
    assert scene.retained(_PERSON)["name"] == "Íñigo Muñoz"
    del scene.kept.names["inigo"]
    async with scene.server():
        await asyncio.sleep(_SOON)
    assert "Muñoz" not in json.dumps(scene.broker.retained, ensure_ascii=False)


@in_virtual_time
async def test_names_that_are_not_to_be_published_any_more_are_removed() -> None:
    """The topic is emptied, and Home Assistant told to forget the sensor."""
    scene = MqttScene()
    async with scene.server():
        scene.kept.arrive("ana")
        await asyncio.sleep(_SOON)
    scene.names = False
    async with scene.server():
        await asyncio.sleep(_SOON)
    assert scene.retained(_PERSON) is None
    assert "Ana" not in json.dumps(scene.broker.retained)
    device = json.loads(scene.broker.retained[TOPICS.device("door")])
    assert device["components"]["last_person"] == {"platform": "sensor"}


@in_virtual_time
async def test_a_camera_that_is_removed_leaves_nothing_behind() -> None:
    """While a server runs, and while none did."""
    scene = MqttScene()
    scene.kept.cameras["gate"] = camera("gate")
    async with scene.server():
        await asyncio.sleep(_SOON)
        assert TOPICS.device("gate") in scene.broker.retained
        del scene.kept.cameras["gate"]
        await asyncio.sleep(10)
        assert not [topic for topic in scene.broker.retained if "gate" in topic]
    del scene.kept.cameras["door"]
    async with scene.server():
        await asyncio.sleep(_SOON)
        assert scene.broker.retained == {TOPICS.status: "online"}


@in_virtual_time
async def test_what_others_retain_is_left_alone() -> None:
    """Only topics of cameras below ours are removed."""
    scene = MqttScene()
    others = {"portero2/cameras/gate/online": "x", "portero/notes": "x", "homeassistant/device/other/config": "{}"}
    for topic, payload in others.items():
        scene.broker.publish(topic, payload, retain=True)
    async with scene.server():
        await asyncio.sleep(_SOON)
    assert others.items() <= scene.broker.retained.items()


@in_virtual_time
async def test_home_assistant_is_told_everything_when_it_starts() -> None:
    """Its birth message makes everything be published again, and still lets a camera that goes then be removed."""
    scene = MqttScene()
    async with scene.server():
        await asyncio.sleep(_SOON)
        before = dict(scene.broker.retained)
        said = len(scene.broker.said)
        del scene.kept.cameras["door"]
        scene.kept.cameras["gate"] = camera("gate")
        scene.broker.publish(TOPICS.birth, "online")
        await asyncio.sleep(10)
        assert set(scene.broker.retained) == {topic.replace("door", "gate") for topic in before}
        assert TOPICS.status in [topic for topic, _ in scene.broker.said[said:]]
        quiet = len(scene.broker.said)
        scene.broker.publish(TOPICS.birth, "offline")
        await asyncio.sleep(10)
        assert len(scene.broker.said) == quiet + 1


@in_virtual_time
async def test_a_broker_that_loses_everything_gets_it_again() -> None:
    """It is tried with growing pauses, and nothing piles up while it is away: only what holds then is published."""
    scene = MqttScene()
    async with scene.filming(), scene.server():
        await asyncio.sleep(_SOON)
        before = dict(scene.broker.retained)
        scene.broker.kill()
        for _ in range(100):
            scene.kept.arrive("ana")
            await asyncio.sleep(5)
            scene.kept.leave()
            await asyncio.sleep(5)
        failed = _sample(scene, "connections_failed_total")
        assert 15 < failed < 60
        assert _sample(scene, "connected") == 0
        said = len(scene.broker.said)
        scene.broker.start()
        await asyncio.sleep(70)
        assert set(scene.broker.retained) == set(before)
        assert scene.retained(_PERSON)["name"] == "Ana"
        assert len(scene.broker.said) - said < 2 * len(before)
        assert _sample(scene, "connected") == 1


@in_virtual_time
async def test_a_connection_that_breaks_is_made_again_at_once() -> None:
    """Nobody is told that the server was offline."""
    scene = MqttScene()
    async with scene.filming(), scene.server():
        await asyncio.sleep(_SOON)
        scene.broker.cut()
        await asyncio.sleep(_SOON)
        assert scene.broker.connections == 2
        assert (TOPICS.status, "offline") not in scene.broker.said


@in_virtual_time
async def test_of_several_servers_one_publishes_and_nobody_notices_when_another_takes_its_place() -> None:
    """Neither after a stop nor after a death; no camera seems to go away, and no server does."""
    scene = MqttScene()
    async with scene.filming():
        async with scene.server("one"):
            await asyncio.sleep(_SOON)
            async with scene.server("two"):
                await asyncio.sleep(60)
                assert scene.broker.connections == 1
                # The first one hung, and the second one claimed the lease that it had let end.
                scene.leases.holder, scene.leases.until = "two", scene.clock.now() + timedelta(seconds=12)
                await asyncio.sleep(20)
                assert scene.broker.connections == 2
            await asyncio.sleep(OFFLINE_AFTER - 10)
            assert scene.broker.connections == 3
            await asyncio.sleep(OFFLINE_AFTER)
        offline = {(TOPICS.status, "offline"), (TOPICS.of("door", _ONLINE), "offline")}
        assert not offline & {*scene.broker.said}
        await asyncio.sleep(OFFLINE_AFTER + 1)
        assert scene.status == "offline"


@in_virtual_time
async def test_what_takes_longer_than_the_lease_throws_no_server_out() -> None:
    """Neither publishing all topics of many cameras, nor looking up who was last at each, nor commands."""
    scene = MqttScene()
    scene.kept.cameras = {f"c{number}": camera(f"c{number}") for number in range(100)}
    scene.broker.pace = scene.kept.pace = 0.5
    async with scene.server("one"):
        await asyncio.sleep(1)
        async with scene.server("two"):
            await asyncio.sleep(150)
            for camera_id in scene.kept.cameras:
                scene.broker.publish(TOPICS.command(camera_id), "OFF")
            await asyncio.sleep(150)
    assert all(each.disabled for each in scene.kept.cameras.values())
    assert scene.retained(CameraTopic.RECOGNITION, "c99") == "OFF"
    # The second one took the place of the first one when that stopped.
    assert scene.broker.connections <= 2


@in_virtual_time
async def test_a_server_that_lost_the_lease_stops_in_the_middle_of_publishing() -> None:
    """Within a third of the lease, and what is left is published by who holds it."""
    scene = MqttScene()
    scene.kept.cameras = {f"c{number}": camera(f"c{number}") for number in range(100)}
    scene.broker.pace = 0.5
    async with scene.server("one"):
        await asyncio.sleep(_SOON)
        scene.leases.holder, scene.leases.until = "two", scene.clock.now() + timedelta(seconds=12)
        await asyncio.sleep(5)
        said = len(scene.broker.said)
        await asyncio.sleep(4)
        assert len(scene.broker.said) == said
        assert len(scene.broker.retained) < 300


@in_virtual_time
async def test_a_server_says_that_it_is_online_against_an_old_will() -> None:
    """Whoever said otherwise is corrected."""
    scene = MqttScene()
    async with scene.server():
        await asyncio.sleep(_SOON)
        scene.broker.publish(TOPICS.status, "offline", retain=True)
        await asyncio.sleep(_SOON)
        assert scene.status == "online"


@in_virtual_time
async def test_a_command_pauses_a_camera_and_its_state_says_so() -> None:
    """At once, and not again when the connection is made anew."""
    scene = MqttScene()
    async with scene.filming(), scene.server():
        await asyncio.sleep(_SOON)
        scene.broker.publish(TOPICS.command("door"), "OFF")
        await asyncio.sleep(1)
        assert scene.kept.cameras["door"].disabled
        assert scene.retained(CameraTopic.RECOGNITION) == "OFF"
        assert (scene.status, scene.retained(_ONLINE)) == ("online", "offline")
    assert len(scene.kept.audited) == 1


@in_virtual_time
async def test_a_retained_command_is_not_obeyed_and_is_removed() -> None:
    """Else it would be obeyed at each connection."""
    scene = MqttScene()
    scene.broker.publish(TOPICS.command("door"), "OFF", retain=True)
    async with scene.server():
        await asyncio.sleep(_SOON)
    assert not scene.kept.cameras["door"].disabled
    assert TOPICS.command("door") not in scene.broker.retained


@in_virtual_time
async def test_where_commands_are_not_allowed_none_is_obeyed() -> None:
    """Nor is it noted: anybody could fill the audit trail."""
    scene = MqttScene()
    scene.commands = False
    async with scene.server():
        await asyncio.sleep(_SOON)
        scene.broker.publish(TOPICS.command("door"), "OFF")
        await asyncio.sleep(_SOON)
    assert not scene.kept.cameras["door"].disabled
    assert scene.kept.audited == []


@in_virtual_time
async def test_while_the_database_is_away_what_was_published_stands() -> None:
    """The connection stays, and what changed meanwhile follows."""
    scene = MqttScene()
    async with scene.filming(), scene.server():
        await asyncio.sleep(_SOON)
        before = dict(scene.broker.retained)
        scene.kept.broken = scene.leases.broken = True
        scene.kept.cameras["door"] = replace(camera(), display_name="Entrada Sur")
        await asyncio.sleep(60)
        assert scene.broker.retained == before
        scene.kept.broken = scene.leases.broken = False
        await asyncio.sleep(10)
        assert scene.broker.connections == 1
        assert "Entrada Sur" in scene.broker.retained[TOPICS.device("door")]


@in_virtual_time
async def test_a_broker_that_refuses_publications_is_told_once() -> None:
    """Each is counted as dropped, and the connection stays."""
    scene = MqttScene()
    scene.broker.refuses = True
    async with scene.server():
        await asyncio.sleep(_SOON)
    assert scene.broker.said == []
    assert _sample(scene, "dropped_total", what="failed") > 5
    assert scene.broker.connections == 1


@in_virtual_time
async def test_a_fault_of_ours_ends_no_server() -> None:
    """It is tried again a minute later, and another server may meanwhile."""
    scene = MqttScene()
    scene.kept.names = None  # type: ignore[assignment]  # a fault
    scene.kept.arrive("ana")
    async with scene.server():
        await asyncio.sleep(_SOON)
        assert scene.status != "online"
        scene.kept.names = {"ana": "Ana"}
        await asyncio.sleep(70)
        assert scene.retained(_PERSON)["name"] == "Ana"
