"""The view that each camera should have: from when on, its signature, and whether the camera still has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.clock import Clock
from portero_server.domain.attendance.known_view import KnownView
from portero_server.errors import NotFound
from portero_server.store.database import Database
from portero_server.store.schema import attendance_views, cameras

_table = attendance_views.c


class ViewStore:
    """Stores the views of cameras. A camera has few: one for each time that its view was accepted, and two at most."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def views(self, camera_ids: Collection[str]) -> Mapping[str, Mapping[datetime, KnownView]]:
        """Returns the views of cameras, by camera id and by when they began."""
        query = select(attendance_views).where(_table.camera_id.in_(sorted(camera_ids)))

        async def unit(connection: AsyncConnection) -> Mapping[str, Mapping[datetime, KnownView]]:
            found: dict[str, dict[datetime, KnownView]] = defaultdict(dict)
            for row in await connection.execute(query):
                view = KnownView(row.starts_at, row.reference, row.learned, row.moved, row.turning_at)
                found[row.camera_id][row.starts_at] = view
            return found

        return await self._database.read(unit) if camera_ids else {}

    async def accept(self, camera_id: str) -> datetime:
        """Stores that the view which a camera has from now on is the one it should have.

        Returns:
            From when on.

        Raises:
            NotFound: There is no such camera.
        """
        now = self._clock.now()

        async def unit(connection: AsyncConnection) -> datetime:
            query = select(cameras.c.camera_id).where(cameras.c.camera_id == camera_id)
            if (await connection.execute(query)).first() is None:
                raise NotFound(f"cameras/{camera_id}")
            await begin_view(connection, camera_id, now)
            return now

        return await self._database.run(unit)


async def begin_view(connection: AsyncConnection, camera_id: str, starts_at: datetime) -> None:
    """Has a camera learn its view anew from a time on, as part of a unit of work.

    The view of before stays, for frames that come late.
    """
    own = _table.camera_id == camera_id
    before = await connection.scalar(select(func.max(_table.starts_at)).where(own, _table.starts_at < starts_at))
    # A time that was announced and has not come is replaced as well.
    outdated = _table.starts_at >= starts_at
    if before is not None:
        outdated |= _table.starts_at < before
    await connection.execute(delete(attendance_views).where(own, outdated))
    await connection.execute(insert(attendance_views).values(_columns(camera_id, KnownView(starts_at))))


async def store_views(connection: AsyncConnection, camera_id: str, views: Iterable[KnownView]) -> None:
    """Stores what became of the views of a camera, as part of a unit of work; one that was replaced stays so."""
    for view in views:
        values = _columns(camera_id, view)
        own = (_table.camera_id == camera_id, _table.starts_at == view.starts_at)
        if (await connection.execute(update(attendance_views).where(*own).values(values))).rowcount:
            continue
        any_other = select(_table.camera_id).where(_table.camera_id == camera_id).limit(1)
        if (await connection.execute(any_other)).first() is None:
            await connection.execute(insert(attendance_views).values(values))


def _columns(camera_id: str, view: KnownView) -> dict[str, object]:
    return {
        "camera_id": camera_id,
        "starts_at": view.starts_at,
        "reference": view.reference,
        "learned": view.learned,
        "moved": view.moved,
        "turning_at": view.turning_at,
    }
