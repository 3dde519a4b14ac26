"""Counts registered cameras, so that one that never connects is missed, faces, and what waits for a review."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Protocol

import structlog

from portero_server.domain.cameras import Camera
from portero_server.domain.people.people import FaceModel
from portero_server.errors import StoreUnavailable
from portero_server.telemetry.metrics import Metrics

_log = structlog.get_logger(__name__)

_PAGE = 1000
_LATEST = 1000
"""Sightings that are looked at for those that wait: each costs a few rows looked up by index."""
_QUEUE_ROUNDS = 12
"""The queue is counted in one round of so many: it takes some 30 ms, and nobody reviews by the second."""


class RegisteredCameras(Protocol):
    """Lists registered cameras."""

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[Camera]:
        """Returns cameras by id, at most `limit` after `after_id`."""
        ...


class EnrolledFaces(Protocol):
    """Counts enrolled faces."""

    async def count_faces(self) -> Mapping[FaceModel, int]:
        """Returns the number of enrolled faces of each model that has any."""
        ...


class SightingsToReview(Protocol):
    """Counts sightings that wait to be reviewed."""

    async def waiting(self, most: int) -> int:
        """Returns how many of the latest `most` sightings a person should look at."""
        ...


class InventoryMetrics:
    """Reports registered cameras, faces and the queue of reviews to the metrics.

    The first `most` cameras by id have series of their own.
    """

    def __init__(
        self,
        cameras: RegisteredCameras,
        faces: EnrolledFaces,
        reviews: SightingsToReview,
        model: Callable[[], FaceModel],
        metrics: Metrics,
        *,
        most: int,
        interval: float,
    ) -> None:
        """Prepares counting every `interval` seconds; `model` returns the one in use."""
        self._cameras = cameras
        self._faces = faces
        self._reviews = reviews
        self._model = model
        self._metrics = metrics
        self._most = most
        self._interval = interval

    async def run(self) -> None:
        """Counts periodically until canceled."""
        for number in count():
            try:
                await self.count()
                if number % _QUEUE_ROUNDS == 0:
                    await self.count_queue()
            except StoreUnavailable as error:
                # What was counted last is good enough until the database is back.
                _log.warning("inventory_failed", problem=error.message)
            await asyncio.sleep(self._interval)

    async def count(self) -> None:
        """Counts cameras and faces once and updates the metrics.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        enabled: list[str] = []
        after: str | None = None
        while page := await self._cameras.list(_PAGE, after):
            enabled += [camera.camera_id for camera in page if not camera.disabled]
            after = page[-1].camera_id
        self._metrics.cameras.roster_is(enabled[: self._most], max(0, len(enabled) - self._most))
        faces, used = await self._faces.count_faces(), self._model()
        self._metrics.recognition.gallery_is(
            sum(faces.values()), of_other_models=sum(count for model, count in faces.items() if model != used)
        )

    async def count_queue(self) -> None:
        """Counts what waits for a review.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        self._metrics.decisions.queue_is(await self._reviews.waiting(_LATEST))
