"""The tables of attendance; `schema.py` has most others.

Whatever names a person goes with the person, or loses the name: the database sees to that, whichever version of the
server removes them. What stays of a record then is how somebody attended, and not who.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Text, UniqueConstraint

from portero_server.store.tables import required, table
from portero_server.store.types import Binary, Display, Key, Name, UtcTime

_DAY = Name
"""A date, as 2026-03-02."""


def _of_person(name: str, *, rule: str, nullable: bool = False) -> Column[Any]:
    key = ForeignKey("people.person_id", name=f"fk_{name}_person", ondelete=rule)
    return Column("person_id", Name, key, nullable=nullable or rule == "SET NULL")


attendance_groups = table(
    "attendance_groups",
    Column("group_id", Name, primary_key=True),
    required("display_name", Display),
    # IANA name, by which its days and times are meant.
    required("zone", Name),
    # Whose public holidays are free; null: nobody's.
    Column("country", Name),
    Column("region", Name),
    # JSON; see attendance/texts.py.
    required("rules", Text),
    required("own_days", Text),
    required("created_at", UtcTime),
    required("updated_at", UtcTime),
)

attendance_memberships = table(
    "attendance_memberships",
    Column("membership_id", Name, primary_key=True),
    required("group_id", Name),
    _of_person("attendance_memberships", rule="CASCADE"),
    required("since", _DAY),
    Column("until", _DAY),
    UniqueConstraint("group_id", "person_id", "since", name="uq_attendance_memberships"),
    Index("ix_attendance_memberships_person", "person_id", "group_id"),
)

attendance_placements = table(
    "attendance_placements",
    Column("placement_id", Name, primary_key=True),
    required("camera_id", Name),
    required("room_id", Name),
    # Null: always, and without a known end.
    Column("starts_at", UtcTime),
    Column("ends_at", UtcTime),
    Index("ix_attendance_placements_room", "room_id"),
    Index("ix_attendance_placements_camera", "camera_id"),
)

attendance_schedules = table(
    "attendance_schedules",
    Column("schedule_id", Name, primary_key=True),
    required("group_id", Name),
    # JSON; see attendance/texts.py.
    required("content", Text),
    # Up to which day its sessions are written down; null: it changed, so all are to be looked at again.
    Column("planned_until", _DAY),
    required("updated_at", UtcTime),
    Index("ix_attendance_schedules_group", "group_id", "schedule_id"),
    Index("ix_attendance_schedules_planned", "planned_until"),
)

attendance_sessions = table(
    "attendance_sessions",
    # Schedule and day, as Key: the id of a schedule, a slash and a date.
    Column("session_id", Key, primary_key=True),
    required("schedule_id", Name),
    required("group_id", Name),
    required("day", _DAY),
    required("opens_at", UtcTime),
    required("starts_at", UtcTime),
    required("ends_at", UtcTime),
    # A JSON list.
    required("room_ids", Text),
    required("state", Name),
    required("note", Display),
    # When its records were last decided, and for the first time; null: not yet.
    Column("decided_at", UtcTime),
    Column("published_at", UtcTime),
    # When the first fact came after which it must be decided anew, which one, and the id of it; null: none.
    Column("stale_at", UtcTime),
    Column("stale_cause", Name),
    Column("stale_reference", Key),
    Index("ix_attendance_sessions_group", "group_id", "starts_at", "session_id"),
    Index("ix_attendance_sessions_time", "starts_at", "session_id"),
    Index("ix_attendance_sessions_schedule", "schedule_id", "starts_at"),
    Index("ix_attendance_sessions_due", "published_at", "ends_at"),
    Index("ix_attendance_sessions_stale", "stale_at"),
)

attendance_records = table(
    "attendance_records",
    Column("record_id", Name, primary_key=True),
    required("session_id", Key),
    # Null: somebody who was erased. What stays is counted.
    _of_person("attendance_records", rule="SET NULL"),
    # Those of the session, for lists in its order.
    required("group_id", Name),
    required("starts_at", UtcTime),
    *(required(name, Name) for name in ("status", "reason", "decided")),
    Column("arrived_at", UtcTime),
    Column("left_at", UtcTime),
    # Seconds.
    *(required(name, Double) for name in ("present", "late", "early")),
    required("credit", Double),
    Column("correction_id", Name),
    # Evidence, open questions and what is unproven, JSON; see attendance/texts.py.
    required("detail", Text),
    required("published_at", UtcTime),
    UniqueConstraint("session_id", "person_id", name="uq_attendance_records"),
    Index("ix_attendance_records_person", "person_id", "starts_at", "session_id"),
    Index("ix_attendance_records_group", "group_id", "starts_at", "session_id"),
    Index("ix_attendance_records_time", "starts_at"),
)

attendance_changes = table(
    "attendance_changes",
    Column("change_id", Name, primary_key=True),
    required("session_id", Key),
    _of_person("attendance_changes", rule="SET NULL"),
    # Statuses; null: there was no record, or there is none any more.
    Column("old_status", Name),
    Column("new_status", Name),
    required("cause", Name),
    required("reference", Key),
    required("changed_at", UtcTime),
    # Null: a server that could not tell it to watchers published it.
    Column("position", BigInteger),
    Index("uq_attendance_changes_position", "position", unique=True),
    Index("ix_attendance_changes_session", "session_id", "changed_at"),
    Index("ix_attendance_changes_person", "person_id", "changed_at"),
    Index("ix_attendance_changes_time", "changed_at"),
)

attendance_notices = table(
    "attendance_notices",
    # Above every position of an event: deliveries of both are listed together.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    required("notice_id", Name),
    required("kind", Name),
    required("session_id", Key),
    required("group_id", Name),
    required("starts_at", UtcTime),
    # Null: it is about the whole session.
    _of_person("attendance_notices", rule="CASCADE", nullable=True),
    required("decided_at", UtcTime),
    # Id of the notice that does not hold any more; null: it is one of its own.
    Column("withdraws", Name),
    # What it counts, JSON.
    required("figures", Text),
    UniqueConstraint("notice_id", name="uq_attendance_notices"),
    Index("ix_attendance_notices_session", "session_id", "kind"),
    Index("ix_attendance_notices_person", "person_id", "starts_at"),
    Index("ix_attendance_notices_time", "decided_at"),
)

attendance_corrections = table(
    "attendance_corrections",
    Column("correction_id", Name, primary_key=True),
    required("session_id", Key),
    _of_person("attendance_corrections", rule="CASCADE"),
    required("status", Name),
    required("reason", Display),
    required("corrected_by", Key),
    required("corrected_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Key),
    Index("ix_attendance_corrections_session", "session_id", "corrected_at"),
    Index("ix_attendance_corrections_person", "person_id"),
    Index("ix_attendance_corrections_time", "corrected_at"),
)

attendance_excuses = table(
    "attendance_excuses",
    Column("excuse_id", Name, primary_key=True),
    _of_person("attendance_excuses", rule="CASCADE"),
    required("starts_at", UtcTime),
    required("ends_at", UtcTime),
    required("reason", Display),
    required("excused_by", Key),
    required("excused_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Index("ix_attendance_excuses_person", "person_id", "starts_at"),
    Index("ix_attendance_excuses_time", "ends_at"),
)

attendance_coverage = table(
    "attendance_coverage",
    Column("camera_id", Name, primary_key=True),
    # "seen": frames were taken that are settled. Else the cause for which the camera did not watch; see coverage.py.
    Column("kind", Name, primary_key=True),
    Column("starts_at", UtcTime, primary_key=True),
    required("ends_at", UtcTime),
    Index("ix_attendance_coverage_end", "ends_at"),
)

attendance_views = table(
    "attendance_views",
    Column("camera_id", Name, primary_key=True),
    # From when on it is the camera's.
    Column("starts_at", UtcTime, primary_key=True),
    # Signature of the view that the camera should have, of which no picture can be made; see vision/view_edges.py.
    required("reference", Binary),
    # Whether it stayed for long enough to be that view.
    required("learned", Boolean),
    # Whether the camera points elsewhere, and since when it may be otherwise; see domain/attendance/known_view.py.
    required("moved", Boolean),
    Column("turning_at", UtcTime),
)
