"""The cameras that streams belong to, as they are registered now: asked for many at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from portero_server.domain.cameras import Camera

_PAGE = 200
"""Cameras asked for at once: one by one, a thousand streams would ask two hundred times a second."""


class CameraSource(Protocol):
    """Where registered cameras are found."""

    async def get(self, camera_id: str) -> Camera:
        """Returns a camera; raises NotFound."""
        ...

    async def list(self, limit: int, *, within: frozenset[str]) -> Sequence[Camera]:
        """Returns those of the cameras `within` that exist, at most `limit`."""
        ...


async def registered(source: CameraSource, camera_ids: Sequence[str]) -> AsyncIterator[tuple[str, Camera | None]]:
    """Yields each camera with what is registered of it; None: it was removed.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    for first in range(0, len(camera_ids), _PAGE):
        asked = camera_ids[first : first + _PAGE]
        found = {camera.camera_id: camera for camera in await source.list(_PAGE, within=frozenset(asked))}
        for camera_id in asked:
            yield camera_id, found.get(camera_id)
