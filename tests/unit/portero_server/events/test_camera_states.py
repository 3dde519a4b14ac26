"""The state of cameras, as any server reads it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from portero_server.domain.billing.usage import CallTally
from portero_server.errors import StoreUnavailable
from portero_server.events.camera_states import Movement
from tests.support.server.mqtt_scene import OFFLINE_AFTER, MqttScene, unleased
from tests.support.server.published_cameras import camera
from tests.support.time.virtual_time import in_virtual_time


def test_a_stream_goes_on_until_it_stands_still_for_long() -> None:
    """At the first look nobody knows; a stream that stands still is given up after its patience."""
    movement = Movement(30.0)
    assert movement.of("door", (1, 5), 0.0) is None
    assert movement.of("door", (1, 5), 29.9) is None
    assert movement.of("door", (1, 5), 30.0) is False
    assert movement.of("door", (1, 6), 31.0) is True
    assert movement.of("door", (1, 6), 60.9) is True
    assert movement.of("door", (1, 6), 61.0) is False
    # Another epoch begins its numbering anew.
    assert movement.of("door", (2, 0), 62.0) is True
    movement.keep(["gate"])
    assert movement.of("door", (2, 1), 63.0) is None


@in_virtual_time
async def test_who_is_in_view_is_counted_by_name_or_without() -> None:
    """A person in two sightings is one; each stranger counts."""
    scene = MqttScene()
    states = scene.states()
    scene.kept.frames["door"] = 1
    scene.kept.in_view["door"] = {"s1": "ana", "s2": "ana", "s3": None, "s4": None}
    [state] = await states.read(unleased)
    assert (state.known, state.unknown) == (1, 2)
    scene.kept.leave()
    [state] = await states.read(unleased)
    assert (state.known, state.unknown) == (0, 0)


@in_virtual_time
async def test_a_camera_without_a_stream_or_paused_is_offline_at_once() -> None:
    """One that has a stream is not, before it is known."""
    scene = MqttScene()
    scene.kept.cameras |= {"gate": camera("gate"), "desk": replace(camera("desk"), disabled=True)}
    scene.kept.frames |= {"gate": 3, "desk": 3}
    states = scene.states()
    assert {each.camera.camera_id: each.online for each in await states.read(unleased)} == {
        "door": False,
        "gate": None,
        "desk": False,
    }


@in_virtual_time
async def test_a_database_that_was_away_makes_nobody_offline() -> None:
    """While nothing can be committed, standing still proves nothing."""
    scene = MqttScene()
    states = scene.states()
    async with scene.filming():
        await asyncio.sleep(1)
        await states.read(unleased)
        await asyncio.sleep(1)
        assert [each.online for each in await states.read(unleased)] == [True]
    scene.kept.broken = True
    with pytest.raises(StoreUnavailable):
        await states.read(unleased)
    await asyncio.sleep(2 * OFFLINE_AFTER)
    scene.kept.broken = False
    assert [each.online for each in await states.read(unleased)] == [None]


@in_virtual_time
async def test_calls_are_counted_from_midnight() -> None:
    """Those of each camera; those of no camera are nobody's. At midnight UTC the count begins anew at once."""
    scene = MqttScene()
    states = scene.states()
    scene.kept.pay(2)
    scene.kept.pay(3)
    scene.kept.pay(7, None)
    [state] = await states.read(unleased)
    assert state.calls == CallTally(5, 5000)
    assert state.midnight == scene.clock.now().replace(hour=0)
    scene.clock.advance(timedelta(hours=16).total_seconds() - 1)
    [state] = await states.read(unleased)
    assert state.calls == CallTally(5, 5000)
    scene.clock.advance(1)
    [state] = await states.read(unleased)
    assert (state.calls, state.midnight) == (CallTally(0, 0), scene.clock.now())


@in_virtual_time
async def test_only_cameras_of_the_sites_are_told_of() -> None:
    """Of all cameras, where no site is named; changes are seen within seconds, or at once when asked for."""
    scene = MqttScene(sites=["nunoa"])
    scene.kept.cameras |= {"gate": camera("gate", site="nunoa"), "desk": camera("desk", site="centro")}
    states = scene.states()
    assert [each.camera.camera_id for each in await states.read(unleased)] == ["gate"]
    scene.kept.cameras["desk"] = camera("desk", site="nunoa")
    assert [each.camera.camera_id for each in await states.read(unleased)] == ["gate"]
    states.cameras_changed()
    assert [each.camera.camera_id for each in await states.read(unleased)] == ["desk", "gate"]
    del scene.kept.cameras["gate"]
    await asyncio.sleep(5)
    assert [each.camera.camera_id for each in await states.read(unleased)] == ["desk"]


@in_virtual_time
async def test_more_cameras_than_a_page_are_all_told_of() -> None:
    """A thousand are read at once."""
    scene = MqttScene(names=False)
    scene.kept.cameras = {f"c{number}": camera(f"c{number}") for number in range(1500)}
    assert len(await scene.states().read(unleased)) == 1500
