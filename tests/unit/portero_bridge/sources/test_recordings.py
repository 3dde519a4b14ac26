"""Video files, folders of images and made-up cameras."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

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
        writer.write(np.full((48, 64, 3), number * 40 % 256, np.uint8))
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
    path = tmp_path / "2026-01-01 10:30:00.avi"
    write_video(path)
    source = FileSource(source_options(str(path), clock=clock))
    images = await take(source) + await take(source)
    assert clock.sleeps == []
    assert offsets(images) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8]


async def test_a_recording_keeps_its_own_time(tmp_path: Path, clock: JumpingClock, source_options: Options) -> None:
    """A video begins when its name says, or when it was told to; it says which."""
    path = tmp_path / "door_20260101_103000.avi"
    write_video(path)
    dated: list[tuple[datetime, str]] = []

    def note(start: datetime, by: str) -> None:
        dated.append((start, by))

    [first, *_] = await take(FileSource(source_options(str(path), clock=clock, dated=note)))
    assert dated[-1] == (datetime(2026, 1, 1, 10, 30).astimezone(UTC), "its name")
    assert first.capture_time == dated[-1][0]
    start = datetime(2026, 2, 1, 8, tzinfo=UTC)
    [first, *_] = await take(FileSource(source_options(str(path), clock=clock, dated=note, start=start)))
    assert (first.capture_time, dated[-1]) == (start, (start, "the start that was given"))


async def test_a_recording_never_ends_in_the_future(
    tmp_path: Path, clock: JumpingClock, source_options: Options
) -> None:
    """A start too late is refused with the latest that would do; a name that says so is not believed."""
    path = tmp_path / "door_20990101_103000.avi"
    write_video(path)
    os.utime(path, (clock.start.timestamp() + 1000,) * 2)
    with pytest.raises(SourceFault, match=r"lasts 0 s and would end in the future; give a start of at most 2"):
        await take(FileSource(source_options(str(path), clock=clock, start=clock.start - timedelta(seconds=0.2))))
    images = await take(FileSource(source_options(str(path), clock=clock)))
    assert images[-1].capture_time <= clock.start
    assert clock.sleeps == []


async def test_a_dump_without_times_has_a_rate(tmp_path: Path, clock: JumpingClock, source_options: Options) -> None:
    """Frames of a video, and images of a folder, are as far apart as the recorded rate says."""
    path = tmp_path / "clip.avi"
    write_video(path)
    images = await take(FileSource(source_options(str(path), clock=clock, recorded_rate=2.0)))
    assert offsets(images) == [0.0, 0.5, 1.0, 1.5, 2.0]
    folder = tmp_path / "dump"
    folder.mkdir()
    for name in ("20260101_103000.jpg", "20260101_113000.jpg"):
        (folder / name).write_bytes(picture(1))
    assert offsets(await take(FolderSource(source_options(str(folder), clock=clock, recorded_rate=2.0)))) == [0.0, 0.5]
    assert offsets(await take(FolderSource(source_options(str(folder), clock=clock)))) == [0.0, 3600.0]


async def test_two_recordings_of_one_camera_stay_apart(
    tmp_path: Path, clock: JumpingClock, source_options: Options
) -> None:
    """Sent one right after the other, each keeps its hour, and neither reaches the present."""
    paths = [tmp_path / f"2026-01-01_{hour:02}-00-00.avi" for hour in (9, 10)]
    for path in paths:
        write_video(path)
    taken = [await take(FileSource(source_options(str(path), clock=clock))) for path in paths]
    assert taken[1][0].capture_time - taken[0][0].capture_time == timedelta(hours=1)
    assert taken[1][-1].capture_time < clock.start


@pytest.mark.parametrize("kind", ["file", "folder"])
async def test_two_recordings_with_one_file_time_do_not_overlap(
    kind: str, tmp_path: Path, clock: JumpingClock, source_options: Options
) -> None:
    """Copied without their times, a short one follows the other; a long one is refused unless its start is given."""
    written = clock.start.timestamp() - 7200
    sent: list[tuple[datetime, datetime]] = []

    async def earlier(start: datetime, length: timedelta) -> list[tuple[datetime, datetime]]:
        return sent

    def make(name: str, frames: int, **given: Any) -> Source:
        path = tmp_path / name
        if kind == "file":
            path = path.with_suffix(".avi")
            write_video(path, frames, rate=1)
            os.utime(path, (written, written))
        else:
            path.mkdir(exist_ok=True)
            for number in range(frames):
                (path / f"{number}.jpg").write_bytes(picture(number))
                os.utime(path / f"{number}.jpg", (written, written))
        options = source_options(str(path), rate=1, clock=clock, earlier=earlier, **given)
        return FileSource(options) if kind == "file" else FolderSource(options)

    first = await take(make("first", 5))
    sent.append((first[0].capture_time, first[-1].capture_time))
    second = await take(make("second", 5))
    assert second[0].capture_time > first[-1].capture_time
    assert offsets(second) == [0, 1, 2, 3, 4]
    with pytest.raises(SourceFault, match=r"by the time of its file the recording is of .* with --start TIME"):
        await take(make("long", 40))
    assert len(await take(make("long", 40, start=clock.start - timedelta(hours=2)))) == 40


async def test_a_file_name_with_a_colon_is_no_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source_options: Options
) -> None:
    """A relative path that begins like an address is played."""
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "plain.avi")
    os.rename("plain.avi", "door 10:30.avi")  # noqa: PTH104 - the name as it is given, relative
    assert len(await take(FileSource(source_options("door 10:30.avi")))) == 5


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
    with pytest.raises(SourceFault, match="no image that can be used"):
        await take(FolderSource(source_options(str(tmp_path))))


async def test_a_bad_file_of_a_folder_is_skipped_and_named(
    tmp_path: Path, clock: JumpingClock, source_options: Options
) -> None:
    """The good ones come when they would without it."""
    (tmp_path / "a.jpg").write_bytes(picture(1))
    (tmp_path / "b.png").write_text("not an image")
    (tmp_path / "c.heic").write_bytes(b"\x00\x00\x00\x1cftypheic")
    (tmp_path / "d.jpg").mkdir()
    (tmp_path / "e.jpg").write_bytes(picture(2))
    skipped: list[str] = []
    source = FolderSource(source_options(str(tmp_path), rate=2, clock=clock, skipped=skipped.append))
    images = await take(source)
    assert [image.image for image in images] == [picture(1), picture(2)]
    assert offsets(images) == [0.0, 2.0]
    assert skipped == [
        "b.png is not an image that can be decoded here",
        "c.heic is a HEIC or AVIF file; save it as JPEG",
        "d.jpg cannot be read: Is a directory",
    ]


async def test_a_folder_is_played_as_people_count(tmp_path: Path, source_options: Options) -> None:
    """The tenth picture follows the ninth, and what systems left there is not played; colons are letters like any."""
    for name in ("img10.jpg", "IMG9.jpg", "img1.jpg", "img1:2.jpg", "._img1.jpg", ".hidden.jpg"):
        (tmp_path / name).write_bytes(picture(len(name)) if "9" not in name else picture(99))
    images = await take(FolderSource(source_options(str(tmp_path))))
    wanted = [len("img1.jpg"), len("img1:2.jpg"), 99, len("img10.jpg")]
    assert [image.image for image in images] == [picture(number) for number in wanted]


async def test_what_stands_around_a_jpeg_is_cut(tmp_path: Path, source_options: Options) -> None:
    """A line end before the picture and a transfer buffer behind it do not reach the server."""
    (tmp_path / "a.jpg").write_bytes(b"\r\n" + picture(1) + bytes(4096))
    assert [image.image for image in await take(FolderSource(source_options(str(tmp_path))))] == [picture(1)]


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
