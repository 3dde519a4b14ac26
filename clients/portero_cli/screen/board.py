"""The live state of a stream: follows the bridge's events, and renders who is in view."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Group
from rich.text import Text

from portero_bridge.events import BridgeEvent, SourceDown, SourceUp
from portero_cli.screen.advice import FOR_GUESTS, in_words
from portero_cli.screen.output import printable
from portero_cli.screen.sheet import table
from portero_cli.screen.tables import STRANGER, local_clock, percent
from portero_client.streaming.events import (
    Acknowledged,
    CameraRegistered,
    Directed,
    FrameRefused,
    StreamClosed,
    StreamOpened,
    TextsRead,
    TrackState,
    TrackUpdated,
)

_DECIDED = (TrackState.CONFIRMED, TrackState.REVISED)
_TEXT_LINES = 6
_ADVICE_STAYS = 5.0
"""Seconds for which an advice is on the live table. The server repeats what it still asks a guest for every 3."""


@dataclass(slots=True)
class Board:
    """The state of one camera's stream.

    Attributes:
        tracks: Faces that are followed, by track.
        sighting_of: The stored sighting of every decided track of this run.
        told: Who each decided track that has not left was said to be.
        texts: Lines of the last text that was read.
        connection: How the stream is doing, in words.
        source: How the source is doing, in words.
        durable_sequence: Frames that are safe at the server.
        complaints: Problems reported already; a camera repeats its faults with every frame.
        advice: The server's latest advice in words, and when it came, seconds of `now`.
        now: Returns the time, monotonic seconds.
    """

    tracks: dict[str, TrackUpdated] = field(default_factory=dict)
    sighting_of: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()
    connection: str = "connecting"
    source: str = "opening the source"
    durable_sequence: int = 0
    complaints: set[str] = field(default_factory=set)
    advice: tuple[str, float] | None = None
    now: Callable[[], float] = time.monotonic

    def take(self, event: BridgeEvent) -> tuple[str, ...]:
        """Handles an event. Returns lines for output without a live table."""
        match event:
            case TrackUpdated():
                return self._take_track(event)
            case TextsRead(_, _, texts):
                self.texts = tuple(text.content for text in texts)[:_TEXT_LINES]
                return tuple(f"text: {line}" for line in self.texts)
            case Acknowledged(_, durable):
                self.durable_sequence = durable
                return ()
            case StreamOpened(_, _, _, durable):
                self.connection, self.durable_sequence = "streaming", durable
                return ()
            case StreamClosed(_, reason, retry_in, _):
                self.connection = f"interrupted ({reason}), again in {retry_in:.1f} s"
                # What is put right at once, as a camera that has to be registered, is no interruption to people.
                return (self.connection,) if retry_in else ()
            case SourceUp():
                self.source = "source open"
                return ()
            case SourceDown(_, reason, retry_in):
                self.source = f"no images ({reason}), again in {retry_in:.1f} s"
                return (self.source,)
            case CameraRegistered(camera):
                return (f"camera {camera} was unknown and is now registered",)
            case FrameRefused(_, sequence, reason, message):
                return self._once(reason, f"frame {sequence} refused: {message}")
            case Directed(advice=str(advice)):
                line = in_words(advice)
                self.advice = line, self.now()
                return (line,) if advice in FOR_GUESTS else self._once(advice, line)
            case _:
                return ()

    def render(self) -> Group:
        """Returns the live table."""
        seen = sorted(self.tracks.values(), key=lambda track: track.first_seen)
        status = f"{self.connection}, {self.source}, {self.durable_sequence} frames durable; Ctrl-C stops"
        return Group(
            table(
                "who",
                "similarity",
                "since",
                "last seen",
                rows=(
                    (
                        _who(track),
                        percent(match.similarity) if (match := track.match or track.provisional) else "",
                        local_clock(track.first_seen),
                        local_clock(track.last_seen),
                    )
                    for track in seen
                ),
                spare=("similarity", "since"),
            )
            if seen
            else Text("nobody in view"),
            *(Text(printable(line)) for line in self.texts),
            *(Text(printable(line), style="bold") for line in self._advised()),
            Text(printable(status), style="dim"),
        )

    def _advised(self) -> tuple[str, ...]:
        if self.advice is None or self.now() - self.advice[1] > _ADVICE_STAYS:
            return ()
        return (self.advice[0],)

    def _once(self, complaint: str, line: str) -> tuple[str, ...]:
        if complaint in self.complaints:
            return ()
        self.complaints.add(complaint)
        return (line,)

    def _take_track(self, event: TrackUpdated) -> tuple[str, ...]:
        if event.sighting:
            self.sighting_of[event.track] = event.sighting
        if event.state is TrackState.CLOSED:
            self.tracks.pop(event.track, None)
            told = self.told.pop(event.track, None)
            return () if told is None else (_line(event.last_seen, "left", _who(event)),)
        self.tracks[event.track] = event
        if event.state not in _DECIDED or self.told.get(event.track) == _who(event):
            return ()
        self.told[event.track] = _who(event)
        verb = "seen" if event.state is TrackState.CONFIRMED else "is rather"
        similarity = f" ({percent(event.match.similarity)})" if event.match else ""
        return (_line(event.first_seen, verb, _who(event) + similarity),)


def _who(track: TrackUpdated) -> str:
    if track.match is not None:
        return track.match.display_name
    if track.provisional is not None:
        # Not confirmed, and not stored.
        return f"{track.provisional.display_name}?"
    if track.state in (TrackState.PROVISIONAL, TrackState.DOUBTED):
        return "…"
    reason = track.unknown_reason.replace("_", " ")
    return STRANGER if reason in ("", "not enrolled") else f"{STRANGER} ({reason})"


def _line(time: datetime, verb: str, who: str) -> str:
    return f"{local_clock(time)}  {verb:<9}  {who}"
