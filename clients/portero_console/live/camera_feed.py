"""Cameras and how they are: one look every few seconds for all viewers of a key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from portero_client import (
    Camera,
    CameraStatus,
    NotFound,
    PermissionDenied,
    PorteroClient,
    PorteroError,
    Unauthenticated,
)

MOST_CAMERAS = 500
"""Cameras that a live view shows; of more, the first by resource name."""

_AT_ONCE = 8
_LIST_EVERY = 5
"""The list of cameras is read with every fifth look, the statuses with each."""


@dataclass(frozen=True, slots=True)
class CameraNow:
    """A camera and how it is; `status` is None where the server does not say."""

    camera: Camera
    status: CameraStatus | None


@dataclass(frozen=True, slots=True)
class CameraReport:
    """All cameras at a moment.

    Attributes:
        cameras: By resource name; as of the last look that succeeded.
        trouble: Why the last look failed; empty if it did not.
    """

    cameras: tuple[CameraNow, ...]
    trouble: str = ""


class CameraFeed:
    """The cameras of one key. `run` looks until it is canceled, or the server refuses."""

    def __init__(self, client: PorteroClient, interval: float) -> None:
        self._client = client
        self._interval = interval
        self._cameras: tuple[Camera, ...] = ()
        self._report: CameraReport | None = None
        self._version = 0
        self._error: PorteroError | None = None
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Looks. A refusal is what viewers get from then on; any other failure is tried again and reported."""
        look = 0
        while True:
            try:
                await self._tell(await self._look(list_them=look % _LIST_EVERY == 0))
                look += 1
            except (Unauthenticated, PermissionDenied) as error:
                async with self._changed:
                    self._error = error
                    self._changed.notify_all()
                return
            except PorteroError as error:
                known = self._report.cameras if self._report is not None else ()
                await self._tell(CameraReport(known, error.message))
                look = 0
            await asyncio.sleep(self._interval)

    async def reports(self) -> AsyncIterator[CameraReport]:
        """Yields the newest report, now and when it changes; what a slow viewer did not see it is not told.

        Raises:
            PorteroError: The server refuses the look.
        """
        seen = 0
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: self._error is not None or self._version > seen)  # noqa: B023
            if self._error is not None:
                raise self._error
            seen = self._version
            if self._report is not None:
                yield self._report

    async def _tell(self, report: CameraReport) -> None:
        async with self._changed:
            if report != self._report:
                self._report = report
                self._version += 1
                self._changed.notify_all()

    async def _look(self, *, list_them: bool) -> CameraReport:
        if list_them:
            self._cameras = (await self._client.cameras.list().first(MOST_CAMERAS)).items
        turns = asyncio.Semaphore(_AT_ONCE)

        async def status(camera: Camera) -> CameraStatus | None:
            async with turns:
                try:
                    return await self._client.cameras.status(camera.name)
                except NotFound:
                    return None

        statuses = await asyncio.gather(*map(status, self._cameras))
        return CameraReport(tuple(map(CameraNow, self._cameras, statuses)))
