"""Spans of time in which nobody can tell who was there, and why."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import pairwise


class UnprovenCause(Enum):
    """Why nobody can tell whether a person was there."""

    NO_CAMERA = "no_camera"
    """No camera was registered for the room."""
    NO_STREAM = "no_stream"
    """No frame has come from the camera: it had no stream open, or what it recorded is still to be sent."""
    GAP = "gap"
    """The bridge dropped frames, or they were lost on the way."""
    REJECTED = "rejected"
    """The server could not accept the frames."""
    CLOCK_FAULT = "clock_fault"
    """The camera's clock was wrong, so that nobody knows when its frames were taken."""
    DARK = "dark"
    """The pictures were too dark to see a face."""
    COVERED = "covered"
    """Something covered the lens."""
    MOVED = "moved"
    """The camera was pointed elsewhere."""
    UNSEARCHED = "unsearched"
    """Frames came and were not searched for faces: they were damaged, too many, or a check-in was captured there."""
    NOT_RECOGNIZABLE = "not_recognizable"
    """The person cannot be named: no face of them is enrolled, they are blocked, or a consent is missing."""
    LIKENESS = "likeness"
    """A face was seen that may be this person's, and was not named so for sure."""
    UNCLEAR_FACE = "unclear_face"
    """A face was seen too poorly to say whose it cannot be."""


@dataclass(frozen=True, slots=True)
class UnprovenSpan:
    """From when until when nobody can tell; of a face that was seen at one moment, `end` is `start`.

    Attributes:
        causes: Why, without repetition, in order of their names.
    """

    start: datetime
    end: datetime
    causes: tuple[UnprovenCause, ...]


def overlaid(spans: Iterable[UnprovenSpan]) -> tuple[UnprovenSpan, ...]:
    """Returns the fewest spans, in order and apart, that have at each moment the causes of all that cover it.

    A moment of its own stays one, unless another span with its causes holds it.
    """
    given = sorted(set(spans), key=_place)
    found: list[UnprovenSpan] = []
    covering: Counter[UnprovenCause] = Counter()
    starting = deque(span for span in given if span.start < span.end)
    ending = deque(sorted(starting, key=lambda span: span.end))
    times = sorted({at for span in starting for at in (span.start, span.end)})
    for start, end in pairwise(times):
        while starting and starting[0].start == start:
            covering.update(starting.popleft().causes)
        while ending and ending[0].end == start:
            covering.subtract(ending.popleft().causes)
        causes = _in_order(cause for cause, count in covering.items() if count)
        if causes and found and found[-1].end == start and found[-1].causes == causes:
            found[-1] = UnprovenSpan(found[-1].start, end, causes)
        elif causes:
            found.append(UnprovenSpan(start, end, causes))
    moments = [span for span in given if span.start == span.end and not _held(span, found)]
    return tuple(sorted([*found, *moments], key=_place))


def _held(moment: UnprovenSpan, spans: Sequence[UnprovenSpan]) -> bool:
    return any(span.start <= moment.start < span.end and set(moment.causes) <= set(span.causes) for span in spans)


def _in_order(causes: Iterable[UnprovenCause]) -> tuple[UnprovenCause, ...]:
    return tuple(sorted(set(causes), key=lambda cause: cause.value))


def _place(span: UnprovenSpan) -> tuple[datetime, datetime, tuple[str, ...]]:
    return span.start, span.end, tuple(cause.value for cause in span.causes)
