from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prometheus_client import generate_latest

from portero_server.composition.inventory import InventoryMetrics
from portero_server.domain.cameras import Camera
from portero_server.telemetry.metrics import Metrics
from tests.support.server.stream_harness import camera


class _Registered:
    def __init__(self, *cameras: Camera) -> None:
        self._cameras = sorted(cameras, key=lambda each: each.camera_id)

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[Camera]:
        """Returns a page."""
        return [each for each in self._cameras if after_id is None or each.camera_id > after_id][:limit]

    async def count_faces(self) -> int:
        """Returns a number."""
        return 7


async def test_enabled_cameras_are_counted_and_the_first_have_series() -> None:
    """Disabled cameras count for nothing, and those beyond the bound are only counted."""
    metrics = Metrics(version="1", engine="scripted")
    made = [replace(camera(), camera_id=name) for name in ("a", "b", "c")]
    registered = _Registered(*made, replace(camera(), camera_id="off", disabled=True))
    await InventoryMetrics(registered, registered, metrics, most=2, interval=5.0).count()
    text = generate_latest(metrics.registry).decode()
    assert 'portero_camera_up{camera="a"}' in text
    assert 'portero_camera_up{camera="b"}' in text
    assert 'camera="c"' not in text
    assert "off" not in text
    assert "portero_cameras 3.0" in text
    assert "portero_cameras_unmetered 1.0" in text
    assert "portero_gallery_faces 7.0" in text
