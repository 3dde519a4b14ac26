"""Builds what decides who attended, and what writes down when cameras watched, if the settings say so."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from portero_server.attendance.coverage_recorder import CoverageRecorder, OpenStream
from portero_server.attendance.recomputing import AttendanceRecomputing
from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.errors import StartupProblem
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.rpc.attendance_scope import AttendanceScope
from portero_server.rpc.services.attendance import AttendanceServicer
from portero_server.rpc.services.attendance_groups import AttendanceGroupServicer
from portero_server.store.attendance.coverage import CoverageStore
from portero_server.store.attendance.days import AttendanceDayStore
from portero_server.store.attendance.groups import AttendanceGroupStore
from portero_server.store.attendance.records import AttendanceRecordStore, StatusChange
from portero_server.store.attendance.remarks import RemarkStore
from portero_server.store.attendance.rooms import RoomStore
from portero_server.store.attendance.scopes import ScopeStore
from portero_server.store.attendance.sessions import AttendanceSessionStore
from portero_server.store.attendance.settled import SettledFrames
from portero_server.store.attendance.views import ViewStore
from portero_server.streaming.registry import Streams
from portero_server.watching.watch import Watch, WatchPolicy

Capture = Callable[[str, FrameFollower], FrameFollower]


@dataclass(frozen=True, slots=True)
class AttendanceParts:
    """What keeps attendance, and serves it; `recorder` and `recomputing` are None if nothing keeps it."""

    servicers: tuple[AttendanceGroupServicer, AttendanceServicer]
    watch: Watch[StatusChange]
    recorder: CoverageRecorder | None = None
    recomputing: AttendanceRecomputing | None = None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [each.run() for each in (self.watch, self.recorder, self.recomputing) if each is not None]

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
    """Builds attendance from the settings.

    Raises:
        StartupProblem: What sessions are decided from is kept for too short a time.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.attendance
    open_for = settings.attendance_open_for(
        settings.retention_sightings_days,
        settings.retention_strangers_days,
        settings.retention_decisions_days if settings.keep_decisions else 0,
        settings.retention_attendance_days,
    )
    database, consent_required = stores.database, settings.consent_required
    rules = settings.notice_rules
    sessions = AttendanceSessionStore(
        database, clock, open_for=open_for, consent_required=consent_required, notices=rules
    )
    remarks = RemarkStore(database, clock, open_for=open_for, consent_required=consent_required, notices=rules)
    scope, views = AttendanceScope(ScopeStore(database)), ViewStore(database, clock)
    records = AttendanceRecordStore(database)
    watching = WatchPolicy(heartbeat=settings.heartbeat_interval, watchers=settings.watcher_shares)
    watch = Watch(records.changes_after, records.last_position, watching, kind="attendance")
    servicers = (
        AttendanceGroupServicer(
            AttendanceGroupStore(database, clock),
            AttendanceDayStore(database, clock),
            RoomStore(database, clock),
            views,
            scope,
        ),
        AttendanceServicer(sessions, records, remarks, scope, watch, clock),
    )
    if settings.attendance and not open_for:
        raise StartupProblem(
            "PORTERO_ATTENDANCE needs sightings, strangers and decisions to be kept for two days at least; see "
            "PORTERO_RETENTION_SIGHTINGS_DAYS, PORTERO_RETENTION_STRANGERS_DAYS and PORTERO_RETENTION_DECISIONS_DAYS"
        )
    if not settings.attendance:
        return AttendanceParts(servicers, watch)
    # Half a second on first use, for which frames would have to wait later.
    import_module("holidays")
    return AttendanceParts(
        servicers,
        watch,
        CoverageRecorder(SettledFrames(database), CoverageStore(database, clock), views),
        AttendanceRecomputing(sessions, clock, metrics, settle=settings.attendance_settle_delta),
    )
