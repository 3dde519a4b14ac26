"""Leaving a camera whose scene is then exactly as it was: no motion tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import numpy as np

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.vision.analyzer import VisionPool
from portero_server.vision.jpeg import encode_jpeg
from portero_server.vision.pixels import Pixels
from tests.support.server.stream_harness import EPOCH_START, StreamHarness, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time, running_clock

_FACE = Box(0.4, 0.3, 0.2, 0.3)
_ANA, _BEN = 200, 30


class _BrightnessDetector:
    """Finds a face where the picture is not as gray as the wall."""

    def find(self, image: Pixels, *, thorough: bool, within: Box) -> list[FoundFace]:
        height, width = image.shape[:2]
        middle = int(image[int(0.45 * height), int(0.5 * width)].mean())
        return [] if 80 <= middle <= 120 else [FoundFace(_FACE, 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0))]


def _picture(person: int | None, chance: np.random.Generator) -> bytes:
    picture = np.full((180, 240, 3), 98, np.uint8)
    if person is not None:
        picture[54:108, 96:144] = person
    return encode_jpeg(picture + chance.integers(0, 4, picture.shape, dtype=np.uint8))


async def _who(crop: FaceCrop) -> Identification:
    height, width = crop.pixels.shape[:2]
    return named("ana" if crop.pixels[height // 2, width // 2].mean() > 120 else "ben")


@asynccontextmanager
async def _low_rate_door() -> AsyncIterator[StreamHarness]:
    eyes = VisionPool(_BrightnessDetector(), running_clock(), threads=1)
    async with stream_harness({}, _who, scene=eyes) as behind:
        yield behind
    await eyes.aclose()


@in_virtual_time
async def test_the_next_who_stands_in_the_same_place_is_somebody_else() -> None:
    """At a frame a second two people stand in one place, seconds apart: each has their own track, name and end."""
    chance = np.random.default_rng(1)
    script = [None] * 10 + [_ANA] * 3 + [None] * 4 + [_BEN] * 3 + [None] * 4
    async with _low_rate_door() as behind:
        session = await behind.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(behind.listen(session))
            running = group.create_task(session.run())
            for second, person in enumerate(script):
                session.receive(second + 1, EPOCH_START + timedelta(seconds=second), _picture(person, chance))
                await asyncio.sleep(1.0)
            session.finish()
            await running
    news = [each for each in behind.said if isinstance(each, TrackUpdate)]
    names = [each.named.match.person_id for each in news if each.state is TrackState.CONFIRMED and each.named]
    assert names == ["ana", "ben"]
    ends = [(each.last_seen - EPOCH_START).total_seconds() for each in news if each.state is TrackState.CLOSED]
    assert ends == [12.0, 19.0]
