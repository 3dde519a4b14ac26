"""Decides when the images of a folder were taken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from portero_bridge.sources.recorded_time import (
    DatedBy,
    RecordingStart,
    evenly_spread,
    file_time,
    time_in_exif,
    time_in_name,
)


@dataclass(frozen=True, slots=True)
class FolderTimes:
    """The images of a folder in order, with their times.

    Attributes:
        start: When the first one was taken.
        images: Each file with its seconds after the first.
    """

    start: RecordingStart
    images: tuple[tuple[Path, float], ...]


def times_of_folder(paths: Sequence[Path], rate: float | None, default_rate: float, now: datetime) -> FolderTimes:
    """Returns when images were taken: by EXIF if all have it, else by their names if all tell, else in a row.

    Images without times end when the newest file was written. No time is later than `now`.

    Args:
        paths: At least one file, in the order of their names.
        rate: Images a second of a folder whose times are not to be believed, or None.
        default_rate: Images a second where neither `rate` nor the images say anything.
        now: The present time, UTC.
    """
    if rate is None:
        for by, tell in ((DatedBy.EXIF, time_in_exif), (DatedBy.NAME, lambda path: time_in_name(path.name))):
            if (found := _all_told(paths, tell, by, now)) is not None:
                return found
    interval = 1 / (rate or default_rate)
    length = timedelta(seconds=interval * (len(paths) - 1))
    written = max((time for path in paths if (time := file_time(path)) is not None and time <= now), default=None)
    start = RecordingStart((written or now) - length, DatedBy.NOTHING if written is None else DatedBy.FILE_TIME)
    return FolderTimes(start, tuple((path, index * interval) for index, path in enumerate(paths)))


def _all_told(
    paths: Sequence[Path], tell: Callable[[Path], datetime | None], by: DatedBy, now: datetime
) -> FolderTimes | None:
    told: list[tuple[datetime, int]] = []
    for index, path in enumerate(paths):
        time = tell(path)
        if time is None or time > now:
            return None
        told.append((time, index))
    # Images of the same second stay in the order of their names.
    told.sort()
    times = evenly_spread([time for time, _ in told])
    start = min(times[0], now - (times[-1] - times[0]))
    return FolderTimes(
        RecordingStart(start, by),
        tuple((paths[index], (time - times[0]).total_seconds()) for (_, index), time in zip(told, times, strict=True)),
    )
