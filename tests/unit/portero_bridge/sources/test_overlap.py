"""Recordings of one camera that would overlap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero_bridge.errors import SourceFault
from portero_bridge.sources.overlap import begin_after
from portero_bridge.sources.recorded_time import DatedBy, RecordingStart

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    """Returns a time near noon."""
    return NOON + timedelta(seconds=seconds)


def test_a_recording_of_a_time_that_is_free_keeps_it() -> None:
    """What ended before, or begins later, is no obstacle."""
    start = RecordingStart(NOON, DatedBy.FILE_TIME)
    assert begin_after(start, MINUTE, [(at(-90), at(-0.001)), (at(60.001), at(90))]) == start
    assert begin_after(start, MINUTE, []) == start


def test_a_small_overlap_is_a_matter_of_whole_seconds() -> None:
    """The later recording begins right after the end of the other."""
    moved = begin_after(RecordingStart(NOON, DatedBy.FILE_TIME), MINUTE, [(at(-60), at(3)), (at(2), at(2))])
    assert moved == RecordingStart(at(3.001), DatedBy.FILE_TIME)


@pytest.mark.parametrize("by", [DatedBy.FILE_TIME, DatedBy.NAME, DatedBy.CREATION_TIME])
def test_a_recording_of_a_time_that_is_taken_is_refused(by: DatedBy) -> None:
    """In one line, with both times and what to do: copied files have one time, cut ones one creation time."""
    with pytest.raises(SourceFault) as refused:
        begin_after(RecordingStart(NOON, by), MINUTE, [(at(0), at(59))])
    said = refused.value.message
    assert "\n" not in said
    assert f"by {by} the recording is of {NOON.astimezone():%Y-%m-%d %H:%M:%S} to" in said
    assert f"until {at(59).astimezone():%Y-%m-%d %H:%M:%S}" in said
    assert said.endswith(f"or --start '{NOON.astimezone():%Y-%m-%d %H:%M:%S}' to send it all the same")


def test_a_start_that_was_given_is_not_questioned() -> None:
    """So the same recording can be sent again."""
    start = RecordingStart(NOON, DatedBy.START)
    assert begin_after(start, MINUTE, [(at(0), at(59))]) == start


_TIMES = st.integers(-200_000, 200_000).map(lambda milliseconds: at(milliseconds / 1000))
_SPANS = st.tuples(_TIMES, _TIMES).map(lambda pair: (min(pair), max(pair)))


@given(start=_TIMES, length=st.integers(0, 100_000), earlier=st.lists(_SPANS, max_size=4))
def test_nothing_of_before_overlaps_what_is_left(
    start: datetime, length: int, earlier: list[tuple[datetime, datetime]]
) -> None:
    """A recording that is taken begins after all of it that overlapped, hardly later than it says."""
    lasting = timedelta(milliseconds=length)
    try:
        begun = begin_after(RecordingStart(start, DatedBy.FILE_TIME), lasting, earlier)
    except SourceFault:
        return
    assert timedelta(0) <= begun.time - start <= timedelta(seconds=10, milliseconds=1)
    for first, last in earlier:
        if first <= start + lasting and last >= start:
            assert begun.time > min(last, start + lasting)
