"""The registered cameras."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.cameras import Camera, CameraMode, Lane, TimeSource
from portero_server.domain.detection.geometry import Box
from portero_server.errors import AlreadyExists, NotFound
from portero_server.store.database import Database
from portero_server.store.schema import attendance_views, cameras


class CameraChanges(TypedDict, total=False):
    """New values of a camera's fields; missing keys are left unchanged."""

    display_name: str
    site: str
    mode: CameraMode
    purpose: Lane
    disabled: bool
    visit_gap: timedelta | None
    similarity_threshold: float | None
    privacy_zones: tuple[Box, ...]
    time_source: TimeSource


class CameraStore:
    """Stores the registered cameras."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self,
        camera_id: str,
        *,
        display_name: str,
        site: str = "",
        mode: CameraMode = CameraMode.FACES,
        purpose: Lane = Lane.VISITOR,
        disabled: bool = False,
        visit_gap: timedelta | None = None,
        similarity_threshold: float | None = None,
        privacy_zones: tuple[Box, ...] = (),
        time_source: TimeSource = TimeSource.CAPTURE,
    ) -> Camera:
        """Adds a camera and returns it as stored.

        Raises:
            AlreadyExists: The id is taken.
        """
        now = self._clock.now()
        camera = Camera(
            camera_id,
            display_name,
            site,
            mode,
            purpose,
            disabled,
            visit_gap,
            similarity_threshold,
            now,
            now,
            privacy_zones,
            time_source,
        )
        row = {"camera_id": camera_id, "created_at": now, "updated_at": now} | _columns(
            display_name=display_name,
            site=site,
            mode=mode,
            purpose=purpose,
            disabled=disabled,
            visit_gap=visit_gap,
            similarity_threshold=similarity_threshold,
            privacy_zones=privacy_zones,
            time_source=time_source,
        )

        async def unit(connection: AsyncConnection) -> Camera:
            try:
                await connection.execute(insert(cameras).values(row))
            except IntegrityError:
                raise AlreadyExists(f"cameras/{camera_id}") from None
            return camera

        return await self._database.run(unit)

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera by its id.

        Raises:
            NotFound: It does not exist.
        """
        return await self._database.read(lambda connection: _get(connection, camera_id))

    async def list(
        self,
        limit: int,
        after_id: str | None = None,
        site: str | None = None,
        within: frozenset[str] | None = None,
    ) -> Sequence[Camera]:
        """Returns cameras by id: at most `limit` after `after_id`, of one site or (None) of all.

        Args:
            limit: How many at most.
            after_id: Only beyond this id.
            site: Only of this site.
            within: Only of these ids.
        """
        query = select(cameras).order_by(cameras.c.camera_id).limit(limit)
        if after_id is not None:
            query = query.where(cameras.c.camera_id > after_id)
        if site is not None:
            query = query.where(cameras.c.site == site)
        if within is not None:
            query = query.where(cameras.c.camera_id.in_(within))

        async def unit(connection: AsyncConnection) -> Sequence[Camera]:
            return [_camera(row) for row in await connection.execute(query)]

        return await self._database.read(unit)

    async def update(self, camera_id: str, **changes: Unpack[CameraChanges]) -> Camera:
        """Changes fields of a camera and returns it as stored.

        Raises:
            NotFound: It does not exist.
        """
        values = _columns(**changes) | {"updated_at": self._clock.now()}

        async def unit(connection: AsyncConnection) -> Camera:
            await connection.execute(update(cameras).where(cameras.c.camera_id == camera_id).values(values))
            return await _get(connection, camera_id)

        return await self._database.run(unit)

    async def delete(self, camera_id: str) -> None:
        """Removes a camera; its streams and sightings stay.

        Raises:
            NotFound: It does not exist.
        """

        async def unit(connection: AsyncConnection) -> None:
            result = await connection.execute(delete(cameras).where(cameras.c.camera_id == camera_id))
            if not result.rowcount:
                raise NotFound(f"cameras/{camera_id}")
            # Another one of its name will point elsewhere.
            await connection.execute(delete(attendance_views).where(attendance_views.c.camera_id == camera_id))

        await self._database.run(unit)


def _columns(**changes: Unpack[CameraChanges]) -> dict[str, Any]:
    values: dict[str, Any] = dict(changes)
    if "mode" in changes:
        values["mode"] = changes["mode"].value
    if "purpose" in changes:
        values["purpose"] = changes["purpose"].value
    if "time_source" in changes:
        values["time_source"] = changes["time_source"].value
    if "visit_gap" in changes:
        gap = values.pop("visit_gap")
        values["visit_gap_seconds"] = None if gap is None else gap.total_seconds()
    if "privacy_zones" in changes:
        values["privacy_zones"] = json.dumps([(z.left, z.top, z.width, z.height) for z in changes["privacy_zones"]])
    return values


async def _get(connection: AsyncConnection, camera_id: str) -> Camera:
    row = (await connection.execute(select(cameras).where(cameras.c.camera_id == camera_id))).one_or_none()
    if row is None:
        raise NotFound(f"cameras/{camera_id}")
    return _camera(row)


def _camera(row: Any) -> Camera:
    gap = row.visit_gap_seconds
    return Camera(
        camera_id=row.camera_id,
        display_name=row.display_name,
        site=row.site,
        mode=CameraMode(row.mode),
        purpose=Lane(row.purpose),
        disabled=row.disabled,
        visit_gap=None if gap is None else timedelta(seconds=gap),
        similarity_threshold=row.similarity_threshold,
        created_at=row.created_at,
        updated_at=row.updated_at,
        privacy_zones=tuple(Box(*numbers) for numbers in json.loads(row.privacy_zones or "[]")),
        time_source=TimeSource(row.time_source or TimeSource.CAPTURE.value),
    )
