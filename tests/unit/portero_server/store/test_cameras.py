from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.domain.cameras import CameraMode, Lane, TimeSource
from portero_server.errors import AlreadyExists, NotFound
from portero_server.store.cameras import CameraStore
from portero_server.store.database import Database
from tests.support.time.virtual_time import ManualClock


async def test_gives_back_every_field(cameras: CameraStore) -> None:
    """A camera read is the camera created, to the last field."""
    created = await cameras.create(
        "door",
        display_name="Front door",
        site="lobby",
        mode=CameraMode.TEXT,
        purpose=Lane.CHECK_IN,
        disabled=True,
        visit_gap=timedelta(seconds=12.5),
        similarity_threshold=0.71,
        time_source=TimeSource.ARRIVAL,
    )
    assert await cameras.get("door") == created
    assert created.time_source is TimeSource.ARRIVAL
    assert created.visit_gap == timedelta(seconds=12.5)


async def test_refuses_a_taken_id(cameras: CameraStore) -> None:
    """A second camera of the same id is refused and the first stays."""
    first = await cameras.create("door", display_name="One")
    with pytest.raises(AlreadyExists, match="cameras/door"):
        await cameras.create("door", display_name="Two")
    assert await cameras.get("door") == first


async def test_changes_only_what_is_named(cameras: CameraStore, clock: ManualClock) -> None:
    """An update changes the fields given, clears those given as None and leaves the others."""
    created = await cameras.create("door", display_name="Door", site="lobby", visit_gap=timedelta(seconds=5))
    clock.advance(10)
    changed = await cameras.update("door", visit_gap=None, purpose=Lane.ATTENDANCE)
    assert (changed.visit_gap, changed.purpose, changed.site) == (None, Lane.ATTENDANCE, "lobby")
    assert changed.updated_at == created.updated_at + timedelta(seconds=10)
    assert changed == await cameras.get("door")


async def test_a_camera_stored_by_the_release_before_is_dated_by_its_captures(
    cameras: CameraStore, database: Database
) -> None:
    """A row without a time source, as servers of the version before write it, reads as CAPTURE and can be changed."""
    await cameras.create("door", display_name="Door")

    async def unit(connection: AsyncConnection) -> None:
        await connection.exec_driver_sql("UPDATE cameras SET time_source = NULL")

    await database.run(unit)
    assert (await cameras.get("door")).time_source is TimeSource.CAPTURE
    assert (await cameras.update("door", time_source=TimeSource.ARRIVAL)).time_source is TimeSource.ARRIVAL


async def test_lists_in_pages_and_by_site(cameras: CameraStore) -> None:
    """Pages follow each other by id, and a site shows its own cameras alone."""
    for camera_id, site in (("b", "x"), ("a", "x"), ("c", "y"), ("d", "x")):
        await cameras.create(camera_id, display_name=camera_id, site=site)
    assert [camera.camera_id for camera in await cameras.list(2)] == ["a", "b"]
    assert [camera.camera_id for camera in await cameras.list(2, after_id="b")] == ["c", "d"]
    assert [camera.camera_id for camera in await cameras.list(10, after_id="a", site="x")] == ["b", "d"]


async def test_knows_what_is_gone(cameras: CameraStore) -> None:
    """A deleted camera can be neither read, changed nor deleted again."""
    await cameras.create("door", display_name="Door")
    await cameras.delete("door")
    for call in (cameras.get("door"), cameras.update("door", site="x"), cameras.delete("door")):
        with pytest.raises(NotFound, match="cameras/door"):
            await call


async def test_only_cameras_within_are_listed(cameras: CameraStore) -> None:
    """A list can be held to some ids, with its other conditions, and to none."""
    for camera_id, site in (("desk", "lobby"), ("door", "lobby"), ("vault", "cellar")):
        await cameras.create(camera_id, display_name=camera_id, site=site)
    within = frozenset({"door", "vault", "elsewhere"})
    assert [camera.camera_id for camera in await cameras.list(9, within=within)] == ["door", "vault"]
    assert [camera.camera_id for camera in await cameras.list(9, site="lobby", within=within)] == ["door"]
    assert await cameras.list(9, within=frozenset()) == []
