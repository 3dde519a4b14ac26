"""When the images of a folder were taken."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from portero_bridge.sources.folder_times import times_of_folder
from portero_bridge.sources.recorded_time import DatedBy

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TIME = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)


def images(folder: Path, *names: str, taken: tuple[int, ...] = ()) -> list[Path]:
    """Writes images; those of `taken` have EXIF of so many seconds after TIME."""
    paths = []
    for index, name in enumerate(names):
        exif = Image.Exif()
        if index < len(taken):
            details = exif.get_ifd(0x8769)
            details[0x9003] = f"{TIME + timedelta(seconds=taken[index]):%Y:%m:%d %H:%M:%S}"
            details[0x9011] = "+00:00"
        Image.new("RGB", (90, 90)).save(folder / name, "JPEG", exif=exif)
        os.utime(folder / name, (TIME.timestamp() + index,) * 2)
        paths.append(folder / name)
    return paths


def test_exif_orders_and_dates_images(tmp_path: Path) -> None:
    """The times count, not the names; images of one second stay in the order of their names."""
    a, b, c = images(tmp_path, "a.jpg", "b.jpg", "c.jpg", taken=(60, 0, 60))
    found = times_of_folder([a, b, c], None, 5.0, NOW)
    assert (found.start.time, found.start.by) == (TIME, DatedBy.EXIF)
    assert found.images == ((b, 0.0), (a, 60.0), (c, 60.5))


def test_names_date_images_that_have_no_exif(tmp_path: Path) -> None:
    """One image without EXIF is enough for the names to count."""
    a, b = images(tmp_path, "2026-05-01T10:30:00Z.jpg", "2026-05-01T10:40:00Z.jpg", taken=(0,))
    found = times_of_folder([a, b], None, 5.0, NOW)
    assert (found.start.time, found.start.by) == (TIME, DatedBy.NAME)
    assert found.images == ((a, 0.0), (b, 600.0))


def test_a_dump_ends_when_its_newest_file_was_written(tmp_path: Path) -> None:
    """Images without times follow each other at the rate."""
    paths = images(tmp_path, "1.jpg", "2.jpg", "3.jpg")
    found = times_of_folder(paths, None, 2.0, NOW)
    assert (found.start.time, found.start.by) == (TIME + timedelta(seconds=1), DatedBy.FILE_TIME)
    assert [offset for _, offset in found.images] == [0.0, 0.5, 1.0]


def test_a_given_rate_beats_the_images_times(tmp_path: Path) -> None:
    """Who names a rate does not believe the times."""
    paths = images(tmp_path, "1.jpg", "2.jpg", taken=(0, 3600))
    assert [offset for _, offset in times_of_folder(paths, 4.0, 5.0, NOW).images] == [0.0, 0.25]


def test_times_in_the_future_are_not_believed(tmp_path: Path) -> None:
    """A camera whose clock is ahead has no time: its files' times count, or now."""
    paths = images(tmp_path, "1.jpg", "2.jpg", taken=(0, 3600))
    found = times_of_folder(paths, None, 1.0, TIME + timedelta(minutes=5))
    assert (found.start.by, found.start.time) == (DatedBy.FILE_TIME, TIME)
    found = times_of_folder(paths, None, 1.0, TIME - timedelta(hours=1))
    assert (found.start.by, found.start.time) == (DatedBy.NOTHING, TIME - timedelta(hours=1, seconds=1))
