from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prometheus_client import generate_latest

from portero_server.composition.inventory import InventoryMetrics
from portero_server.domain.cameras import Camera
from portero_server.domain.people.people import FaceModel
from portero_server.telemetry.metrics import Metrics
from tests.support.server.stream_harness import camera

_USED = FaceModel("local", "onnx-0123456789ab")


def _used() -> FaceModel:
    return _USED


class _Registered:
    def __init__(self, *cameras: Camera) -> None:
        self._cameras = sorted(cameras, key=lambda each: each.camera_id)

    async def list(self, limit: int, after_id: str | None = None) -> Sequence[Camera]:
        """Returns a page."""
        return [each for each in self._cameras if after_id is None or each.camera_id > after_id][:limit]

    async def count_faces(self) -> Mapping[FaceModel, int]:
        """Returns numbers of three models."""
        return {_USED: 4, FaceModel("local", "dlib-resnet-v1"): 2, FaceModel("rekognition", "7.0"): 1}

    async def waiting(self, most: int) -> int:
        """Returns that every tenth of so many sightings waits."""
        return most // 10


async def test_enabled_cameras_are_counted_and_the_first_have_series() -> None:
    """Disabled cameras count for nothing, and those beyond the bound are only counted."""
    metrics = Metrics(version="1", engine="scripted")
    made = [replace(camera(), camera_id=name) for name in ("a", "b", "c")]
    registered = _Registered(*made, replace(camera(), camera_id="off", disabled=True))
    await InventoryMetrics(registered, registered, registered, _used, metrics, most=2, interval=5.0).count()
    text = generate_latest(metrics.registry).decode()
    assert 'portero_camera_up{camera="a"}' in text
    assert 'portero_camera_up{camera="b"}' in text
    assert 'camera="c"' not in text
    assert 'camera="off"' not in text
    assert "portero_cameras 3.0" in text
    assert "portero_cameras_unmetered 1.0" in text
    assert "portero_gallery_faces 7.0" in text


async def test_faces_that_the_model_in_use_did_not_make_are_counted() -> None:
    """Those of another encoder and of another engine are not compared, and show in a number of their own."""
    metrics = Metrics(version="1", engine="local")
    registered = _Registered()
    await InventoryMetrics(registered, registered, registered, _used, metrics, most=2, interval=5.0).count()
    assert "portero_gallery_faces_of_other_models 3.0" in generate_latest(metrics.registry).decode()


async def test_sightings_that_wait_for_a_review_are_counted() -> None:
    """The gauge is of the latest thousand sightings, whatever the number of cameras."""
    metrics = Metrics(version="1", engine="scripted")
    registered = _Registered()
    await InventoryMetrics(registered, registered, registered, _used, metrics, most=2, interval=5.0).count_queue()
    assert "portero_review_queue 100.0" in generate_latest(metrics.registry).decode()
