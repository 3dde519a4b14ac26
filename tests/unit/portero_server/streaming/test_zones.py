"""Privacy zones travel with each frame of a stream, as the camera has them at the time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from portero_server.domain.detection.geometry import Box
from portero_server.domain.gate.cadence import When
from portero_server.domain.streams.frames import Frame
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import UNCHANGED, camera, stream_harness
from tests.support.time.virtual_time import in_virtual_time

LEFT, RIGHT = Box(0, 0, 0.5, 1), Box(0.5, 0, 0.5, 1)


class NotingScene:
    """Remembers the zones of each frame."""

    def __init__(self) -> None:
        self.zones: list[tuple[Box, ...]] = []

    def scene(self) -> NotingScene:
        """Begins a scene: the same for every stream."""
        return self

    async def look(self, frames: Sequence[Frame], when: When, *, text: bool) -> Sequence[FrameAnalysis]:
        """Sees nothing."""
        self.zones += [frame.zones for frame in frames]
        return [UNCHANGED for _ in frames]


@in_virtual_time
async def test_an_open_stream_follows_its_cameras_zones() -> None:
    """Frames received after the camera was changed have the new zones, without a new stream."""
    scene = NotingScene()
    masked = replace(camera(), privacy_zones=(LEFT,))
    async with stream_harness(cameras=[masked], scene=scene) as at_door:
        session = await at_door.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(at_door.listen(session))
            run = group.create_task(session.run())
            at_door.send(session, 1)
            await asyncio.sleep(1)
            at_door.cameras.cameras["door"] = replace(masked, privacy_zones=(LEFT, RIGHT))
            await asyncio.sleep(6)
            at_door.send(session, 2)
            session.finish()
            await run
    assert scene.zones == [(LEFT,), (LEFT, RIGHT)]
