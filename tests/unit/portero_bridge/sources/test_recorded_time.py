"""When recordings were made."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portero_bridge.errors import SourceFault
from portero_bridge.sources.recorded_time import (
    DatedBy,
    RecordingStart,
    created_in_container,
    evenly_spread,
    given_start,
    start_of_video,
    time_in_exif,
    time_in_name,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TIME = datetime(2026, 5, 1, 10, 30, tzinfo=UTC)
SINCE_1904 = int((TIME - datetime(1904, 1, 1, tzinfo=UTC)).total_seconds())


def box(kind: bytes, content: bytes) -> bytes:
    """Returns a box of an MP4 file."""
    return struct.pack(">I4s", 8 + len(content), kind) + content


def mp4(seconds: int, *, version: int = 0, behind: int = 100) -> bytes:
    """Returns the boxes of an MP4 file, the movie header behind the pictures."""
    created = struct.pack(">Q" if version else ">I", seconds)
    header = box(b"mvhd", bytes([version, 0, 0, 0]) + created + bytes(100))
    large = struct.pack(">I4sQ", 1, b"mdat", 16 + behind) + bytes(behind)
    return box(b"ftyp", b"isom") + large + box(b"moov", header)


def mkv(time: datetime) -> bytes:
    """Returns the beginning of a Matroska file."""
    nanoseconds = int((time - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000_000
    return b"\x1aE\xdf\xa3" + bytes(60) + b"\x44\x61\x88" + struct.pack(">q", nanoseconds) + bytes(100)


@pytest.mark.parametrize(
    "name",
    [
        "VID_20260501_103000.mp4",
        "2026-05-01 10-30-00.mkv",
        "2026-05-01 10:30:00.jpg",
        "2026.05.01-10.30.00.avi",
        "192.168.1.64_01_20260501103000123_MOTION.jpg",
        "door_2026-05-01T10h30m00.mp4",
        "99999999_999999_20260501-1030.mp4",
    ],
)
def test_a_name_tells_a_local_time(name: str) -> None:
    """The ways in which phones, recorders and people write a time are read; without a zone it is this machine's."""
    told = time_in_name(name)
    assert told is not None
    assert told.replace(microsecond=0) == datetime(2026, 5, 1, 10, 30).astimezone(UTC)


def test_a_name_tells_a_time_with_a_zone() -> None:
    """Z, and a count of seconds or milliseconds since 1970, are UTC."""
    assert time_in_name("2026-05-01T10:30:00Z.jpg") == TIME
    assert time_in_name(f"frame-{int(TIME.timestamp())}.jpg") == TIME
    assert time_in_name(f"frame-{int(TIME.timestamp())}500.jpg") == TIME + timedelta(seconds=0.5)


@pytest.mark.parametrize("name", ["img10.jpg", "clip.mp4", "2026-13-01_103000.jpg", "0001.jpg", "20260501.jpg"])
def test_a_name_without_a_time_tells_none(name: str) -> None:
    """A number, a date alone and a date that does not exist are no time."""
    assert time_in_name(name) is None


@given(st.text(max_size=60))
def test_any_name_has_a_time_or_none(name: str) -> None:
    """Nothing in a name raises."""
    told = time_in_name(name)
    assert told is None or told.tzinfo is UTC


@pytest.mark.parametrize("content", [mp4(SINCE_1904), mp4(SINCE_1904, version=1), mkv(TIME)])
def test_a_container_tells_its_creation_time(tmp_path: Path, content: bytes) -> None:
    """MP4 in both versions, its header behind the pictures, and Matroska."""
    (tmp_path / "clip").write_bytes(content)
    assert created_in_container(tmp_path / "clip") == TIME


@given(cut=st.integers(0, 300), junk=st.binary(max_size=40))
def test_a_broken_container_tells_none_or_a_time(
    cut: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever follows the cut, nothing is raised and nothing hangs."""
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(mp4(SINCE_1904)[:cut] + junk)
    told = created_in_container(path)
    assert told is None or told.year >= 1995


@pytest.mark.parametrize("content", [mp4(0), mp4(0, version=1), b"", b"not a video", box(b"moov", b"")])
def test_a_container_without_a_clock_tells_none(tmp_path: Path, content: bytes) -> None:
    """Zero is what programs write that do not know the time."""
    (tmp_path / "clip").write_bytes(content)
    assert created_in_container(tmp_path / "clip") is None


def photo(path: Path, taken: str, zone: str = "", fraction: str = "") -> Path:
    """Writes a photo with EXIF."""
    exif = Image.Exif()
    details = exif.get_ifd(0x8769)
    details[0x9003] = taken
    if zone:
        details[0x9011] = zone
    if fraction:
        details[0x9291] = fraction
    Image.new("RGB", (90, 90)).save(path, exif=exif)
    return path


def test_exif_tells_when_a_photo_was_taken(tmp_path: Path) -> None:
    """With its zone and its fraction of a second where it has them, else by this machine's zone."""
    local = photo(tmp_path / "a.jpg", "2026:05:01 10:30:00")
    assert time_in_exif(local) == datetime(2026, 5, 1, 10, 30).astimezone(UTC)
    exact = photo(tmp_path / "b.jpg", "2026:05:01 06:30:00", "-04:00", "25")
    assert time_in_exif(exact) == TIME + timedelta(seconds=0.25)


def test_a_photo_without_a_time_tells_none(tmp_path: Path) -> None:
    """A camera without a clock writes zeros; a text file has no EXIF."""
    assert time_in_exif(photo(tmp_path / "a.jpg", "0000:00:00 00:00:00")) is None
    (tmp_path / "b.jpg").write_text("not an image")
    assert time_in_exif(tmp_path / "b.jpg") is None
    assert time_in_exif(tmp_path / "gone.jpg") is None


def test_the_best_that_is_known_dates_a_video(tmp_path: Path) -> None:
    """Creation time, then name, then file time; what would end in the future is passed over."""
    path = tmp_path / "2026-05-02T10:30:00Z.mp4"
    path.write_bytes(mp4(SINCE_1904))
    os.utime(path, (TIME.timestamp() + 100,) * 2)
    minute = timedelta(minutes=1)
    assert start_of_video(path, minute, NOW) == RecordingStart(TIME, DatedBy.CREATION_TIME)
    path.write_bytes(mp4(0))
    os.utime(path, (TIME.timestamp() + 100,) * 2)
    assert start_of_video(path, minute, NOW) == RecordingStart(TIME + timedelta(days=1), DatedBy.NAME)
    early = TIME + timedelta(hours=1)
    assert start_of_video(path, minute, early) == RecordingStart(TIME + timedelta(seconds=40), DatedBy.FILE_TIME)
    assert start_of_video(path, minute, TIME) == RecordingStart(TIME - minute, DatedBy.NOTHING)


@given(
    created=st.integers(0, 2**32 - 1),
    written=st.integers(0, 2**33),
    length=st.integers(0, 10**7),
    name=st.text("019-_", max_size=16),
)
def test_no_recording_ends_in_the_future(
    created: int, written: int, length: int, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever clock was wrong, the end of a recording is not later than now."""
    path = tmp_path_factory.getbasetemp() / f"v{name}.mp4"
    path.write_bytes(mp4(created))
    os.utime(path, (written, written))
    assert start_of_video(path, timedelta(seconds=length), NOW).time <= NOW - timedelta(seconds=length)
    path.unlink()


def test_a_given_start_is_taken_or_refused() -> None:
    """A start that leaves the end in the past is taken in UTC."""
    assert given_start(None, timedelta(), NOW) is None
    assert given_start(TIME, timedelta(hours=1), NOW) == RecordingStart(TIME, DatedBy.START)
    with pytest.raises(SourceFault, match="lasts 3600 s and would end in the future"):
        given_start(NOW - timedelta(minutes=59), timedelta(hours=1), NOW)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=40))
def test_times_of_one_second_are_spread_over_it(seconds: list[int]) -> None:
    """All times are kept in order, differ, and stay within their second."""
    times = [TIME + timedelta(seconds=second) for second in seconds]
    spread = evenly_spread(times)
    assert len(set(spread)) == len(times)
    assert spread == sorted(spread)
    assert [time.replace(microsecond=0) for time in spread] == sorted(times)
