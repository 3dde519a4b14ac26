"""Keeps a recording apart from what its camera sent before. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from portero_bridge.errors import SourceFault
from portero_bridge.sources.base import Span
from portero_bridge.sources.recorded_time import DatedBy, RecordingStart

# File times are of whole seconds, and recorders close a file some seconds after its last picture: of recordings that
# follow each other, the later one seems to begin that much before the end of the other.
_SLACK = timedelta(seconds=10)
_STEP = timedelta(milliseconds=1)


def begin_after(start: RecordingStart, length: timedelta, earlier: Iterable[Span]) -> RecordingStart:
    """Returns when a recording begins: as it says, or right after what the camera sent before if they overlap a little.

    Args:
        start: When it began, and what says so; a start that was given is not questioned.
        length: How long it plays.
        earlier: What the camera is known to have sent.

    Raises:
        SourceFault: The camera sent other pictures of the same time, so that the two would become one.
    """
    if start.by is DatedBy.START:
        return start
    end = start.time + length
    taken = [last for first, last in earlier if first <= end and last >= start.time]
    if not taken:
        return start
    last = min(max(taken), end)
    if last - start.time <= _SLACK:
        return RecordingStart(last + _STEP, start.by)
    raise SourceFault(
        f"by {start.by} the recording is of {_local(start.time)} to {_local(end)}, but the camera already sent pictures"
        f" until {_local(last)}: say when it began with --start TIME (start in the YAML),"
        f" or --start '{_local(start.time)}' to send it all the same"
    )


def _local(time: datetime) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S}"
