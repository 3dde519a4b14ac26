"""Builds what decides who attended, and what writes down when cameras watched, if the settings say so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.attendance.coverage_recorder import CoverageRecorder, OpenStream
from portero_server.attendance.recomputing import AttendanceRecomputing
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.store.attendance.coverage import CoverageStore
from portero_server.store.attendance.sessions import AttendanceSessionStore
from portero_server.store.attendance.settled import SettledFrames
from portero_server.streaming.registry import Streams

Capture = Callable[[str, FrameFollower], FrameFollower]


@dataclass(frozen=True, slots=True)
class AttendanceParts:
    """What keeps attendance; `recorder` and `recomputing` are None if nothing does."""

    recorder: CoverageRecorder | None = None
    recomputing: AttendanceRecomputing | None = None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [each.run() for each in (self.recorder, self.recomputing) if each is not None]

    def capture(self, inner: Capture) -> Capture:
        """Returns what prepares the follower of a stream: `inner`, with notes of its frames before it."""
        recorder = self.recorder
        if recorder is None:
            return inner
        return lambda camera_id, follower: recorder.follower(camera_id, inner(camera_id, follower))

    def follows(self, streams: Streams) -> None:
        """Has it look up open streams."""
        if self.recorder is None:
            return

        def open_stream(camera_id: str) -> OpenStream | None:
            status = streams.status(camera_id)
            return None if status is None else OpenStream(status.session, status.clock_state)

        self.recorder.follows(open_stream)


def build(context: BuildContext, stores: Stores) -> AttendanceParts:
    """Builds attendance from the settings."""
    settings, clock, metrics = context.settings, context.clock, context.metrics.attendance
    open_for = settings.attendance_open_for(
        settings.retention_sightings_days,
        settings.retention_strangers_days,
        settings.retention_decisions_days if settings.keep_decisions else 0,
        settings.retention_attendance_days,
    )
    database, consent_required = stores.database, settings.consent_required
    sessions = AttendanceSessionStore(database, clock, open_for=open_for, consent_required=consent_required)
    if not settings.attendance:
        return AttendanceParts()
    return AttendanceParts(
        CoverageRecorder(SettledFrames(database), CoverageStore(database, clock)),
        AttendanceRecomputing(sessions, clock, metrics, settle=settings.attendance_settle_delta),
    )
