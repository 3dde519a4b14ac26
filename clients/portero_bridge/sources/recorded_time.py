"""When a recording was made: what its container, its EXIF, its name or its file say."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from portero_bridge.errors import SourceFault

# Date and time as cameras, phones and recorders write them: 20260501_103000, 2026-05-01 10.30.00, 2026-05-01T10:30Z.
_IN_NAME = re.compile(
    r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)[-_ T.]{0,3}(\d\d)[-_.:h]?(\d\d)(?:[-_.:m]?(\d\d)(\d{3})?)?(?!\d)(Z?)"
)
# Seconds or milliseconds since 1970, from 2017 on.
_UNIX_IN_NAME = re.compile(r"(?<!\d)(1[5-9]\d{8})(\d{3})?(?!\d)")

_MP4_START = datetime(1904, 1, 1, tzinfo=UTC)
_MATROSKA_START = datetime(2001, 1, 1, tzinfo=UTC)
_MATROSKA = b"\x1aE\xdf\xa3"
_MATROSKA_DATE = b"\x44\x61\x88"
# A container says when it was made near its beginning, or an MP4 near its end, where the boxes lead.
_HEAD_BYTES = 64 * 1024
_MOST_BOXES = 1000
# Containers without a clock write 0, others the year they were designed in.
_EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)

_EXIF_DIRECTORY = 0x8769
_EXIF_TAKEN, _EXIF_CHANGED = 0x9003, 0x0132
_EXIF_ZONE, _EXIF_FRACTION = 0x9011, 0x9291


class DatedBy(StrEnum):
    """What says when a recording was made."""

    START = "the start that was given"
    CREATION_TIME = "its creation time"
    EXIF = "its EXIF"
    NAME = "its name"
    FILE_TIME = "the time of its file"
    NOTHING = "nothing but the time now"


@dataclass(frozen=True, slots=True)
class RecordingStart:
    """When a recording began, UTC, and what says so."""

    time: datetime
    by: DatedBy


def start_of_video(path: Path, length: timedelta, now: datetime) -> RecordingStart:
    """Returns when a video began: the first of creation time, name and file time that leaves its end in the past.

    Args:
        path: The file.
        length: How long it plays; 0 if unknown.
        now: The present time, UTC.
    """
    candidates = (
        (DatedBy.CREATION_TIME, created_in_container(path)),
        (DatedBy.NAME, time_in_name(path.name)),
        # A file is written until its recording ends.
        (DatedBy.FILE_TIME, _before(file_time(path), length)),
    )
    for by, time in candidates:
        if time is not None and _EARLIEST <= time <= now - length:
            return RecordingStart(time, by)
    return RecordingStart(now - length, DatedBy.NOTHING)


def given_start(start: datetime | None, length: timedelta, now: datetime) -> RecordingStart | None:
    """Returns the start that was given for a recording of this length, if one was.

    Raises:
        SourceFault: The recording would end in the future.
    """
    if start is None:
        return None
    if start + length > now:
        latest = (now - length).astimezone()
        raise SourceFault(
            f"the recording lasts {length.total_seconds():.0f} s and would end in the future;"
            f" give a start of at most {latest:%Y-%m-%d %H:%M:%S}"
        )
    return RecordingStart(start.astimezone(UTC), DatedBy.START)


def file_time(path: Path) -> datetime | None:
    """Returns when a file was last written, UTC, or None if it is gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def time_in_name(name: str) -> datetime | None:
    """Returns the time in a file's name, UTC, or None; a time without a zone is this machine's."""
    for year, month, day, hour, minute, second, milliseconds, zone in _IN_NAME.findall(name):
        try:
            parts = (int(year), int(month), int(day), int(hour), int(minute), int(second or 0))
            time = datetime(*parts, int(milliseconds or 0) * 1000, tzinfo=UTC if zone else None)
            return time.astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    unix = _UNIX_IN_NAME.search(name)
    return datetime.fromtimestamp(int(unix[1]) + int(unix[2] or 0) / 1000, UTC) if unix else None


def time_in_exif(path: Path) -> datetime | None:
    """Returns when a photo was taken by its EXIF, UTC, or None; a time without a zone is this machine's."""
    # Here, since a live camera needs none of it.
    from PIL import Image

    try:
        with Image.open(path) as picture:
            exif = picture.getexif()
            details = exif.get_ifd(_EXIF_DIRECTORY)
    except Exception:  # noqa: BLE001 - whatever a file does to the reader, it has no time then
        return None
    zone = str(details.get(_EXIF_ZONE, "")).strip("\0 ")
    for taken in (details.get(_EXIF_TAKEN), exif.get(_EXIF_CHANGED)):
        try:
            time = datetime.strptime(str(taken).strip("\0 ") + zone, "%Y:%m:%d %H:%M:%S" + ("%z" if zone else ""))  # noqa: DTZ007
            fraction = str(details.get(_EXIF_FRACTION, "")).strip("\0 ")
            return (time + timedelta(seconds=float(f"0.{fraction}") if fraction.isdecimal() else 0)).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def created_in_container(path: Path) -> datetime | None:
    """Returns the creation time in an MP4, MOV or Matroska file, UTC, or None."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            time = _matroska_time(head) if head.startswith(_MATROSKA) else _mp4_time(file)
    except (OSError, OverflowError, struct.error):
        return None
    return time if time is not None and time >= _EARLIEST else None


def evenly_spread(times: Sequence[datetime]) -> list[datetime]:
    """Returns times in order, those of the same second spread over it: EXIF and names count seconds."""
    spread: list[datetime] = []
    for time, same in Counter(sorted(times)).items():
        for number in range(same):
            moved = time + timedelta(seconds=number / same)
            spread.append(max(moved, spread[-1]) if spread else moved)
    return spread


def _before(time: datetime | None, length: timedelta) -> datetime | None:
    return None if time is None else time - length


def _matroska_time(head: bytes) -> datetime | None:
    at = head.find(_MATROSKA_DATE)
    if at < 0:
        return None
    (nanoseconds,) = struct.unpack_from(">q", head, at + len(_MATROSKA_DATE))
    return _MATROSKA_START + timedelta(microseconds=nanoseconds / 1000)


def _mp4_time(file: BinaryIO) -> datetime | None:
    """Returns the creation time of the movie header, which is in the box `moov`."""
    at, end = 0, file.seek(0, 2)
    for _ in range(_MOST_BOXES):
        if at + 8 > end:
            return None
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        content = at + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            content = at + 16
        if kind == b"moov":
            # Its parts follow.
            at = content
        elif kind == b"mvhd":
            version = file.read(4)[0]
            (seconds,) = struct.unpack(">Q", file.read(8)) if version == 1 else struct.unpack(">I", file.read(4))
            return _MP4_START + timedelta(seconds=seconds)
        elif size < content - at:
            return None
        else:
            at += size
    return None
