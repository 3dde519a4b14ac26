"""Shows somebody to a camera, through the SDK, as the scripted engine knows people: by their color."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portero_client import DeliveryMode, PorteroClient, TrackState, TrackUpdated
from tests.support.images.patch_photos import Color, photo

_FRAMES = 15
_BLACK: Color = (0, 0, 0)


async def visit(client: PorteroClient, color: Color, camera_id: str = "door") -> None:
    """Shows somebody to the camera, until they are known."""
    began = datetime.now(UTC) - timedelta(seconds=_FRAMES / 5)
    async with client.stream(camera_id, mode=DeliveryMode.LOSSLESS) as camera:
        for number in range(_FRAMES):
            jpeg = photo(color if number >= 2 else _BLACK, side=80 + number, kind=".jpg")
            await camera.send(jpeg, began + timedelta(seconds=number / 5))
        async for result in camera:
            if isinstance(result, TrackUpdated) and result.state is TrackState.CONFIRMED and result.match is not None:
                break
        await camera.finish()
