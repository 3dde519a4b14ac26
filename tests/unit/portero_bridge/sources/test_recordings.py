"""Video files, folders of images and made-up cameras."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from portero_bridge.errors import SettingsError, SourceFault
from portero_bridge.sources.base import CapturedImage, Source, SourceOptions
from portero_bridge.sources.file import FileSource
from portero_bridge.sources.folder import FolderSource
from portero_bridge.sources.scene import Figure, Scene, Visit
from portero_bridge.sources.synthetic import SyntheticSource, open_synthetic
from tests.support.bridge.clock import JumpingClock
from tests.support.bridge.pictures import picture

Options = Callable[..., SourceOptions]


@pytest.fixture
def clock() -> JumpingClock:
    """Returns a clock that jumps over sleeps."""
    return JumpingClock()


async def take(source: Source) -> list[CapturedImage]:
    """Returns everything of a source."""
    return [captured async for captured in source.images()]


def offsets(images: list[CapturedImage]) -> list[float]:
    """Returns the seconds between each capture time and the first."""
    return [round((image.capture_time - images[0].capture_time).total_seconds(), 3) for image in images]


def write_video(path: Path, frames: int = 5, rate: int = 10) -> None:
    """Writes a short video."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (64, 48))
    for number in range(frames):
        writer.write(np.full((48, 64, 3), number * 40, np.uint8))
    writer.release()


async def test_video_is_paced_by_its_timestamps(tmp_path: Path, clock: JumpingClock, source_options: Options) -> None:
    """In real time each frame comes when it is due, with the start and its timestamp as capture time."""
    path = tmp_path / "clip.avi"
    write_video(path)
    images = await take(FileSource(source_options(str(path), realtime=True, clock=clock)))
    assert offsets(images) == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert images[0].capture_time == clock.start
    assert round(sum(clock.sleeps), 3) == 0.4


async def test_video_as_fast_as_accepted_keeps_its_timestamps(
    tmp_path: Path, clock: JumpingClock, source_options: Options
) -> None:
    """Without pacing nothing sleeps, and a repetition goes on in time where the last one ended."""
    path = tmp_path / "clip.avi"
    write_video(path)
    source = FileSource(source_options(str(path), clock=clock))
    images = await take(source) + await take(source)
    assert clock.sleeps == []
    assert offsets(images) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8]


async def test_file_that_is_no_video_is_a_fault(tmp_path: Path, source_options: Options) -> None:
    """A text file, and one that is gone, are named."""
    path = tmp_path / "clip.txt"
    path.write_text("not a video")
    with pytest.raises(SourceFault, match=r"clip\.txt is gone, or no video"):
        await take(FileSource(source_options(str(path))))


async def test_folder_gives_its_images_by_name(tmp_path: Path, clock: JumpingClock, source_options: Options) -> None:
    """JPEG files pass untouched, others are decoded, and the rate is their distance in time."""
    (tmp_path / "b.jpg").write_bytes(picture(2))
    (tmp_path / "a.jpg").write_bytes(picture(1))
    (tmp_path / "c.PNG").write_bytes(cv2.imencode(".png", np.zeros((4, 6, 3), np.uint8))[1].tobytes())
    (tmp_path / "notes.txt").write_text("not an image")
    images = await take(FolderSource(source_options(str(tmp_path), rate=2, clock=clock)))
    assert [images[0].image, images[1].image] == [picture(1), picture(2)]
    assert isinstance(images[2].image, np.ndarray)
    assert images[2].image.shape == (4, 6, 3)
    assert offsets(images) == [0.0, 0.5, 1.0]


async def test_folder_without_images_is_a_fault(tmp_path: Path, source_options: Options) -> None:
    """An empty folder, a lost one, and a file that only looks like an image are named."""
    with pytest.raises(SourceFault, match="holds no image"):
        await take(FolderSource(source_options(str(tmp_path))))
    with pytest.raises(SourceFault, match="cannot be read: No such file"):
        await take(FolderSource(source_options(str(tmp_path / "gone"))))
    (tmp_path / "a.png").write_text("not an image")
    with pytest.raises(SourceFault, match=r"a\.png is not an image"):
        await take(FolderSource(source_options(str(tmp_path))))


async def test_scene_plays_at_the_rate(clock: JumpingClock, source_options: Options) -> None:
    """A made-up camera gives the scene's pictures at the rate, in real time."""
    scene = Scene((Visit(Figure.DISC, 0.2, 0.5, ((0.5, 0.5),)),), duration=1.0, width=80, height=80)
    source = SyntheticSource(source_options("synthetic:", rate=4, realtime=True, clock=clock), scene)
    images = await take(source)
    assert offsets(images) == [0.0, 0.25, 0.5, 0.75]
    assert images[-1].capture_time - clock.start == timedelta(seconds=0.75)
    assert round(sum(clock.sleeps), 3) == 0.75


def test_scene_is_read_from_a_file(tmp_path: Path, source_options: Options) -> None:
    """A script with a portrait beside it makes a source, and what is wrong with it is one line."""
    (tmp_path / "face.jpg").write_bytes(picture(1))
    script = tmp_path / "scene.yaml"
    script.write_text(
        "{duration: 2, visits: [{portrait: face.jpg, start: 0, duration: 2, path: [[0, 0.5], [1, 0.5]]}]}"
    )
    open_synthetic(source_options(f"synthetic:{script}"))
    script.write_text("{duration: 2, visits: [{portrait: gone.jpg, start: 0, duration: 2, path: [[0, 0.5]]}]}")
    with pytest.raises(SettingsError, match=r"portrait gone\.jpg is missing"):
        open_synthetic(source_options(f"synthetic:{script}"))
    script.write_text("{duration: 0, visits: []}")
    with pytest.raises(SettingsError, match=r"scene\.yaml: line 1, duration: Input should be greater than 0"):
        open_synthetic(source_options(f"synthetic:{script}"))


def test_synthetic_without_a_script_shows_shapes(source_options: Options) -> None:
    """`synthetic:` alone needs no file."""
    assert open_synthetic(source_options("synthetic:")).is_finite
