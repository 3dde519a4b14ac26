"""Cameras and how they are: one look every few seconds for all viewers of a key, slower where there are very many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
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
_A_SECOND = 25
"""Most statuses that a feed asks for a second: a server takes 100 calls a second of one key, and pages need some."""

_LIST_EVERY = 5
"""The list of cameras is read with every fifth round, the statuses with each."""


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

    def __init__(
        self, client: PorteroClient, interval: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._client = client
        self._interval = interval
        self._sleep = sleep
        self._cameras: tuple[Camera, ...] = ()
        # Those of this round whose status was not asked for yet.
        self._due: list[Camera] = []
        # The last status of each; cameras that were not asked for yet are missing.
        self._statuses: dict[str, CameraStatus | None] = {}
        self._report: CameraReport | None = None
        self._version = 0
        self._error: PorteroError | None = None
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Looks. A refusal is what viewers get from then on; any other failure is reported, and waited out."""
        rounds = 0
        while True:
            pause = self._interval
            try:
                if not self._due:
                    await self._begin_round(list_them=rounds % _LIST_EVERY == 0)
                    rounds += 1
                await self._look()
            except (Unauthenticated, PermissionDenied) as error:
                await self.fail(error)
                return
            except PorteroError as error:
                await self._tell(CameraReport(self._known(), error.message))
                pause = max(pause, getattr(error, "retry_after", None) or 0.0)
            await self._sleep(pause)

    async def fail(self, error: PorteroError) -> None:
        """Ends the feed: its viewers get the error; of two, the first."""
        async with self._changed:
            self._error = self._error or error
            self._changed.notify_all()

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

    async def _begin_round(self, *, list_them: bool) -> None:
        if list_them:
            self._cameras = (await self._client.cameras.list().first(MOST_CAMERAS)).items
            listed = {camera.name for camera in self._cameras}
            self._statuses = {name: status for name, status in self._statuses.items() if name in listed}
        self._due = list(self._cameras)

    async def _look(self) -> None:
        """Asks for the statuses that are due, a few at once, and tells after each few what is known."""
        while True:
            few = self._due[:_AT_ONCE]
            statuses = await asyncio.gather(*map(self._status, few))
            self._statuses.update(zip((camera.name for camera in few), statuses, strict=True))
            del self._due[: len(few)]
            await self._tell(CameraReport(self._known()))
            if not self._due:
                return
            await self._sleep(len(few) / _A_SECOND)

    async def _status(self, camera: Camera) -> CameraStatus | None:
        try:
            return await self._client.cameras.status(camera.name)
        except NotFound:
            return None

    def _known(self) -> tuple[CameraNow, ...]:
        return tuple(
            CameraNow(camera, self._statuses[camera.name]) for camera in self._cameras if camera.name in self._statuses
        )
