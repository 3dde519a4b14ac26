"""Attendance: groups, schedules, sessions, records and what cameras watched."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portero_server.store.types import UtcTime

revision = "0021"
down_revision = "0020"

_OPTIONS: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    _groups()
    _sessions()
    _remarks()
    op.create_table(
        "attendance_coverage",
        _name("camera_id", primary_key=True),
        _name("kind", primary_key=True),
        _time("starts_at", primary_key=True),
        _time("ends_at"),
        sa.Index("ix_attendance_coverage_end", "ends_at"),
        **_OPTIONS,
    )
    # Sightings from before are looked at with their sessions; only later ones make a session be decided anew.
    op.execute(
        "INSERT INTO sequencers (name, position) SELECT 'attendance', position FROM sequencers WHERE name = 'events'"
    )


def _groups() -> None:
    op.create_table(
        "attendance_groups",
        _name("group_id", primary_key=True),
        sa.Column("display_name", sa.String(200), nullable=False),
        _name("zone"),
        _name("country", nullable=True),
        _name("region", nullable=True),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("own_days", sa.Text, nullable=False),
        _time("created_at"),
        _time("updated_at"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_memberships",
        _name("membership_id", primary_key=True),
        _name("group_id"),
        _person("attendance_memberships", "CASCADE"),
        _name("since"),
        _name("until", nullable=True),
        sa.UniqueConstraint("group_id", "person_id", "since", name="uq_attendance_memberships"),
        sa.Index("ix_attendance_memberships_person", "person_id", "group_id"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_placements",
        _name("placement_id", primary_key=True),
        _name("camera_id"),
        _name("room_id"),
        _time("starts_at", nullable=True),
        _time("ends_at", nullable=True),
        sa.Index("ix_attendance_placements_room", "room_id"),
        sa.Index("ix_attendance_placements_camera", "camera_id"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_schedules",
        _name("schedule_id", primary_key=True),
        _name("group_id"),
        sa.Column("content", sa.Text, nullable=False),
        _name("planned_until", nullable=True),
        _time("updated_at"),
        sa.Index("ix_attendance_schedules_group", "group_id", "schedule_id"),
        sa.Index("ix_attendance_schedules_planned", "planned_until"),
        **_OPTIONS,
    )


def _sessions() -> None:
    op.create_table(
        "attendance_sessions",
        _key("session_id", primary_key=True),
        _name("schedule_id"),
        _name("group_id"),
        _name("day"),
        _time("opens_at"),
        _time("starts_at"),
        _time("ends_at"),
        sa.Column("room_ids", sa.Text, nullable=False),
        _name("state"),
        sa.Column("note", sa.String(200), nullable=False),
        _time("decided_at", nullable=True),
        _time("published_at", nullable=True),
        _time("stale_at", nullable=True),
        _name("stale_cause", nullable=True),
        _key("stale_reference", nullable=True),
        sa.Index("ix_attendance_sessions_group", "group_id", "starts_at", "session_id"),
        sa.Index("ix_attendance_sessions_time", "starts_at", "session_id"),
        sa.Index("ix_attendance_sessions_schedule", "schedule_id", "starts_at"),
        sa.Index("ix_attendance_sessions_due", "published_at", "ends_at"),
        sa.Index("ix_attendance_sessions_stale", "stale_at"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_records",
        _name("record_id", primary_key=True),
        _key("session_id"),
        _person("attendance_records", "SET NULL"),
        _name("group_id"),
        _time("starts_at"),
        *(_name(name) for name in ("status", "reason", "decided")),
        _time("arrived_at", nullable=True),
        _time("left_at", nullable=True),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("present", "late", "early", "credit")),
        _name("correction_id", nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
        _time("published_at"),
        sa.UniqueConstraint("session_id", "person_id", name="uq_attendance_records"),
        sa.Index("ix_attendance_records_person", "person_id", "starts_at", "session_id"),
        sa.Index("ix_attendance_records_group", "group_id", "starts_at", "session_id"),
        sa.Index("ix_attendance_records_time", "starts_at"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_changes",
        _name("change_id", primary_key=True),
        _key("session_id"),
        _person("attendance_changes", "SET NULL"),
        _name("old_status", nullable=True),
        _name("new_status", nullable=True),
        _name("cause"),
        _key("reference"),
        _time("changed_at"),
        sa.Index("ix_attendance_changes_session", "session_id", "changed_at"),
        sa.Index("ix_attendance_changes_person", "person_id", "changed_at"),
        sa.Index("ix_attendance_changes_time", "changed_at"),
        **_OPTIONS,
    )


def _remarks() -> None:
    op.create_table(
        "attendance_corrections",
        _name("correction_id", primary_key=True),
        _key("session_id"),
        _person("attendance_corrections", "CASCADE"),
        _name("status"),
        sa.Column("reason", sa.String(200), nullable=False),
        _key("corrected_by"),
        _time("corrected_at"),
        _time("withdrawn_at", nullable=True),
        _key("withdrawn_by", nullable=True),
        sa.Index("ix_attendance_corrections_session", "session_id", "corrected_at"),
        sa.Index("ix_attendance_corrections_person", "person_id"),
        sa.Index("ix_attendance_corrections_time", "corrected_at"),
        **_OPTIONS,
    )
    op.create_table(
        "attendance_excuses",
        _name("excuse_id", primary_key=True),
        _person("attendance_excuses", "CASCADE"),
        _time("starts_at"),
        _time("ends_at"),
        sa.Column("reason", sa.String(200), nullable=False),
        _key("excused_by"),
        _time("excused_at"),
        _time("withdrawn_at", nullable=True),
        sa.Index("ix_attendance_excuses_person", "person_id", "starts_at"),
        sa.Index("ix_attendance_excuses_time", "ends_at"),
        **_OPTIONS,
    )


def _name(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(63), nullable=nullable, primary_key=primary_key)


def _key(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(190), nullable=nullable, primary_key=primary_key)


def _time(name: str, *, nullable: bool = False, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, UtcTime, nullable=nullable, primary_key=primary_key)


def _person(table: str, rule: str) -> sa.Column[Any]:
    # A server of the version before, which knows no attendance, takes the person out of it as well.
    key = sa.ForeignKey("people.person_id", name=f"fk_{table}_person", ondelete=rule)
    return sa.Column("person_id", sa.String(63), key, nullable=rule == "SET NULL")
