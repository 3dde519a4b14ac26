"""Structured log lines on standard error for operators; they never contain a name, text or password."""

from dataclasses import replace
from typing import TextIO

from portero_bridge.events import (
    BridgeEvent,
    CameraFailed,
    ImageSkipped,
    RecordingDated,
    SourceDown,
    SourceStuck,
    SourceUp,
)
from portero_bridge.redact import redact_url
from portero_client.library_logs import LibraryLine
from portero_client.streaming.clock import Clock
from portero_client.streaming.events import (
    CameraRegistered,
    Directed,
    EpochBegun,
    FrameRefused,
    SpoolBack,
    SpoolFailed,
    SpoolSetAside,
    StreamClosed,
    StreamFinished,
    StreamOpened,
)

_Value = str | int | float
# What a camera sends is part of some reasons; after so many that differ, a state has no news.
_MOST_REASONS = 20


class Journal:
    """Writes a line for each event of interest to operators; tracks and texts are not logged.

    A state that persists is logged once: a server that is down for a night is one line per camera, and a camera that
    fails in turn for two reasons is two.

    Args:
        output: Where lines go.
        clock: The bridge's clock.
    """

    def __init__(self, output: TextIO, clock: Clock) -> None:
        self._output = output
        self._clock = clock
        self._said: dict[tuple[str, str], set[object]] = {}

    def __call__(self, event: BridgeEvent) -> None:
        """Logs an event, if it is for operators and not a repetition."""
        match event:
            case StreamClosed() | SourceDown() | CameraFailed():
                if self._is_news(event.camera, type(event).__name__, replace(event, retry_in=0.0)):
                    self._write_failure(event)
            case SourceUp(camera):
                self._said.pop((camera, SourceDown.__name__), None)
                self.write("source_up", camera=camera)
            case StreamOpened(camera, session, epoch, durable):
                self._said.pop((camera, StreamClosed.__name__), None)
                self.write("stream_opened", camera=camera, session=session, epoch=epoch, durable_sequence=durable)
            case StreamFinished(camera, durable, account):
                self.write(
                    "stream_finished",
                    camera=camera,
                    durable_sequence=durable,
                    rejected=account.rejected,
                    missing=account.missing,
                    with_faces=account.with_faces,
                )
            case SourceStuck(camera, stuck):
                self.write("source_stuck" if stuck else "source_unstuck", camera=camera)
            case ImageSkipped(camera, reason):
                # A folder that is played again and again is told once of each file.
                if self._is_news(camera, f"skipped {reason}", reason):
                    self.write("image_skipped", camera=camera, reason=reason)
            case RecordingDated(camera, start, by):
                self.write("recording_dated", camera=camera, start=f"{start:%Y-%m-%dT%H:%M:%SZ}", by=by)
            case CameraRegistered(camera):
                self.write("camera_registered", camera=camera)
            case EpochBegun(camera, epoch):
                self.write("epoch_begun", camera=camera, epoch=epoch)
            case SpoolSetAside(camera, reason):
                self.write("spool_set_aside", camera=camera, reason=reason)
            case SpoolFailed(camera, reason):
                self.write("spool_failed", camera=camera, reason=reason)
            case SpoolBack(camera):
                self.write("spool_back", camera=camera)
            case Directed(camera, max_rate, max_side, pause, advice):
                wishes = {"max_rate": max_rate, "max_side": max_side, "pause": pause, "advice": advice}
                given = {name: value for name, value in wishes.items() if value is not None}
                self.write("directed", camera=camera, **given)
            case FrameRefused(camera, _, reason, message):
                if self._is_news(camera, f"refused {reason}", reason):
                    self.write("frames_refused", camera=camera, reason=reason, message=message)

    def library(self, line: LibraryLine) -> None:
        """Logs what a library, or the client, logged."""
        if line.ours:
            self.write("warning", message=str(line))
            return
        said = {"logger": line.logger, "at": line.at, "message": line.words, "error": line.error}
        self.write("library_message", **{name: text for name, text in said.items() if text})

    def write(self, name: str, **values: _Value) -> None:
        """Writes one structured line to the output."""
        fields = " ".join(f"{field}={_quoted(value)}" for field, value in values.items())
        self._output.write(f"{self._clock.now():%Y-%m-%dT%H:%M:%S.%fZ} {name} {fields}\n")
        self._output.flush()

    def _is_news(self, camera: str, about: str, said: object) -> bool:
        """Returns whether this was not yet said about a subject in its present state, and remembers it."""
        before = self._said.setdefault((camera, about), set())
        if said in before or len(before) >= _MOST_REASONS:
            return False
        before.add(said)
        return True

    def _write_failure(self, event: StreamClosed | SourceDown | CameraFailed) -> None:
        retry_in = round(event.retry_in, 2)
        match event:
            case StreamClosed(camera, reason, _, durable):
                self.write("stream_closed", camera=camera, reason=reason, retry_in=retry_in, durable_sequence=durable)
            case SourceDown(camera, reason):
                self.write("source_down", camera=camera, reason=reason, retry_in=retry_in)
            case CameraFailed(camera, reason, trace):
                self.write("camera_failed", camera=camera, reason=reason, retry_in=retry_in)
                self._output.write(redact_url(trace))


def _quoted(value: _Value) -> str:
    if not isinstance(value, str):
        return str(value)
    line = redact_url(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{line}"' if set(line) & set(' "=\\') or not line else line
