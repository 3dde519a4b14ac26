"""Looking up the cameras of many streams."""

from __future__ import annotations

from collections.abc import Sequence

from portero_server.domain.cameras import Camera
from portero_server.streaming.status import registered
from tests.support.server.stream_harness import MemoryCameras, camera
from tests.support.time.virtual_time import in_virtual_time


class _Counted(MemoryCameras):
    """Remembers how many cameras each question was about."""

    def __init__(self, *cameras: Camera) -> None:
        super().__init__(*cameras)
        self.asked: list[int] = []

    async def list(self, limit: int, *, within: frozenset[str]) -> Sequence[Camera]:
        self.asked.append(len(within))
        return await super().list(limit, within=within)


@in_virtual_time
async def test_a_thousand_cameras_take_five_questions() -> None:
    """Cameras are asked for two hundred at a time, and each is given in the order asked."""
    cameras = [camera(f"c{number}") for number in range(1000)]
    source = _Counted(*cameras)
    found = [each async for each in registered(source, [each.camera_id for each in cameras])]
    assert found == [(each.camera_id, each) for each in cameras]
    assert source.asked == [200] * 5


@in_virtual_time
async def test_a_camera_that_was_removed_is_given_as_none() -> None:
    """Who follows cameras is told of each of them, also of those that are gone."""
    found = [each async for each in registered(MemoryCameras(camera("a")), ["a", "gone"])]
    assert found == [("a", camera("a")), ("gone", None)]
