"""Searches every column that could identify a person. Slow and exhaustive on purpose: it proves an erasure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, String, Text, TypeDecorator, func, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection

from portero_server.store.database import Database
from portero_server.store.schema import metadata
from portero_server.store.types import Labels

KEPT_ON_PURPOSE: dict[str, str] = {
    "audit_entries": "who did what to which person's record; without it nobody could show that the erasure was asked",
    "audit_head": "where the chain of these entries ends",
}
"""Tables that may keep the id of an erased person, and why: evidence that the law requires."""

IMPERSONAL = frozenset(
    {
        # Operators' names for places and machines.
        "cameras.camera_id",
        "cameras.display_name",
        "cameras.site",
        "visitors.site",
        "collections.name",
        "gallery_collections.collection",
        "gallery_collections.region",
        "export_days.export_id",
        "export_days.day",
        "export_days.partitions",
        "event_relays.name",
        "event_relays.endpoint",
        "event_relays.claimed_by",
        "subscriptions.subscription_id",
        "subscriptions.display_name",
        "subscriptions.origin",
        "subscriptions.endpoint",
        "subscriptions.cameras",
        "subscriptions.sites",
        "subscriptions.scope_cameras",
        "subscriptions.scope_sites",
        "subscriptions.created_by",
        "subscription_deliveries.camera_id",
        "streams.camera_id",
        "sightings.camera_id",
        "decisions.camera_id",
        "snapshots.camera_id",
        "sighting_reviews.camera_id",
        "events.camera_id",
        "usage_calls.camera_id",
        "usage_avoided.camera_id",
        "budget_steps.scope",
        # Words of enumerations, and versions.
        "cameras.mode",
        "cameras.purpose",
        "faces.engine",
        "faces.model_version",
        "gallery_changes.engine",
        "gallery_changes.model_version",
        "visitor_encodings.model_version",
        "collections.state",
        "gallery_collections.role",
        "shadow_searches.outcome",
        "gallery_collections.model_version",
        "photos.state",
        "snapshots.state",
        "snapshots.kind",
        "collections.engine",
        "collections.model_version",
        "erasure_faces.engine",
        "decisions.engine",
        "decisions.outcome",
        "decisions.reason",
        "sighting_reviews.action",
        "sighting_reviews.demand_engine",
        "recognitions.engine",
        "recognitions.outcome",
        "stream_exceptions.kind",
        "stream_exceptions.reason",
        "events.kind",
        "event_relays.stopped_reason",
        "subscriptions.kind",
        "subscriptions.kinds",
        "subscriptions.language",
        "subscriptions.notices",
        "subscriptions.groups_only",
        "attendance_notices.notice_id",
        "attendance_notices.withdraws",
        "attendance_notices.kind",
        "attendance_notices.session_id",
        "attendance_notices.group_id",
        "attendance_notices.figures",
        "subscriptions.quiet_from",
        "subscriptions.quiet_until",
        "subscriptions.digest_at",
        "subscriptions.time_zone",
        "subscription_told.destinations",
        "subscription_deliveries.kind",
        "subscription_deliveries.alert",
        "subscription_deliveries.outcome",
        "subscription_deliveries.problem",
        "sequencers.name",
        "usage_calls.engine",
        "usage_calls.operation",
        "usage_avoided.operation",
        "usage_avoided.reason",
        "budget_steps.step",
        "budget_steps.step_before",
        # Keys of programs and operators, who are not people of the gallery.
        "api_keys.key_id",
        "api_keys.digest",
        "api_keys.display_name",
        "api_keys.roles",
        "api_keys.cameras",
        "api_keys.sites",
        "api_keys.created_by",
        "api_key_groups.key_id",
        "api_key_groups.group_id",
        "api_key_people.key_id",
        # Made up by a server or a bridge, or digests.
        "faces.face_id",
        "faces.external_id",
        "look_alikes.first_face_id",
        "look_alikes.second_face_id",
        "uncompared_faces.face_id",
        "gallery_changes.face_id",
        "gallery_changes.external_id",
        "photos.photo_id",
        "photos.face_id",
        "photos.digest",
        "erasure_faces.face_id",
        "erasure_faces.erasure_id",
        "erasure_faces.external_id",
        "leaving_faces.engine",
        "leaving_faces.face_id",
        "leaving_faces.external_id",
        "erasures.adopted_as",
        "erasures.erasure_id",
        "erasures.subject",
        "erasures.digest",
        "erasures.counts",
        "merged_people.counts",
        "streams.epoch",
        "streams.session",
        "subscription_people.subscription_id",
        "subscription_secrets.secret_id",
        "subscription_secrets.subscription_id",
        "subscription_deliveries.subscription_id",
        "subscription_deliveries.message_id",
        "subscription_told.subscription_id",
        "subscription_told.message_id",
        "sightings.sighting_id",
        "sighting_tracks.track_id",
        "sighting_tracks.sighting_id",
        "visitor_encodings.encoding_id",
        "visitor_encodings.sighting_id",
        "visitor_visits.sighting_id",
        "recognitions.recognition_id",
        "recognitions.track_id",
        "sighting_reviews.review_id",
        "sighting_reviews.sighting_id",
        "sighting_reviews.reviewer",
        "sighting_reviews.undone_by",
        "decisions.recognition_id",
        "decisions.track_id",
        "decision_candidates.recognition_id",
        "review_pictures.track_id",
        "snapshots.track_id",
        "snapshots.snapshot_id",
        "events.sighting_id",
        "requests.request_id",
        "requests.digest",
        "consents.consent_id",
        # Names of groups, rooms and free days, words, dates, and ids made up for them.
        "attendance_groups.group_id",
        "attendance_groups.display_name",
        "attendance_groups.zone",
        "attendance_groups.country",
        "attendance_groups.region",
        "attendance_groups.rules",
        "attendance_groups.own_days",
        "attendance_memberships.membership_id",
        "attendance_memberships.group_id",
        "attendance_memberships.since",
        "attendance_memberships.until",
        "attendance_placements.placement_id",
        "attendance_placements.camera_id",
        "attendance_placements.room_id",
        "attendance_schedules.schedule_id",
        "attendance_schedules.group_id",
        "attendance_schedules.content",
        "attendance_schedules.planned_until",
        "attendance_sessions.session_id",
        "attendance_sessions.schedule_id",
        "attendance_sessions.group_id",
        "attendance_sessions.day",
        "attendance_sessions.room_ids",
        "attendance_sessions.state",
        "attendance_sessions.note",
        "attendance_sessions.stale_cause",
        "attendance_records.record_id",
        "attendance_records.session_id",
        "attendance_records.group_id",
        "attendance_records.status",
        "attendance_records.reason",
        "attendance_records.decided",
        "attendance_records.correction_id",
        "attendance_records.detail",
        "attendance_changes.change_id",
        "attendance_changes.session_id",
        "attendance_changes.old_status",
        "attendance_changes.new_status",
        "attendance_changes.cause",
        "attendance_corrections.correction_id",
        "attendance_corrections.session_id",
        "attendance_corrections.status",
        "attendance_corrections.corrected_by",
        "attendance_corrections.withdrawn_by",
        "attendance_excuses.excuse_id",
        "attendance_excuses.excused_by",
        "attendance_coverage.camera_id",
        "attendance_coverage.kind",
        "attendance_views.camera_id",
        # Words of check-ins, and ids made up for them.
        "check_ins.check_in_id",
        "check_ins.camera_id",
        "check_ins.state",
        "check_ins.failure",
        "check_ins.result",
        "check_ins.server",
        "check_ins.report",
        "check_ins.guest_id",
        "check_ins.guest_status",
        "check_ins.earlier_id",
        "check_ins.decision",
        "check_ins.decided_by",
        "guests.guest_id",
        "guests.import_id",
        "guests.arrival_date",
        "guests.check_in_id",
        "erased_records.record_id",
        "erased_records.erasure_id",
        # Boxes.
        "cameras.privacy_zones",
        # Lines that a camera read. Nothing links them to a person; their retention removes them.
        "texts.content",
        # The text of a form, not who signed it.
        "consents.purpose",
        "consents.text_version",
        "consents.channel",
    }
)
"""Columns of text that cannot name a person, as table.column; every other one is searched."""


@dataclass(frozen=True, slots=True)
class Remain:
    """`rows` rows of a table still identify a person."""

    place: str
    rows: int


async def remains_of(database: Database, person_id: str) -> list[Remain]:
    """Returns every place that contains the person's id, or a name without a person."""

    async def unit(connection: AsyncConnection) -> list[Remain]:
        found = [Remain(*each) for each in await rows_naming(connection, person_id)]
        for table in metadata.sorted_tables:
            if {"person_id", "display_name"} <= set(table.columns.keys()):
                nameless = select(func.count()).select_from(table)
                nameless = nameless.where(table.c.person_id.is_(None), table.c.display_name != "")
                rows = (await connection.execute(nameless)).scalar_one()
                found.append(Remain(f"{table.name}.display_name without person_id", rows))
        return [remain for remain in found if remain.rows]

    return await database.read(unit)


async def rows_naming(connection: AsyncConnection, name: str) -> list[tuple[str, int]]:
    """Returns the columns that contain the id of a person or a visitor, as table.column, and in how many rows."""
    found = []
    for column in searched_columns():
        query = select(func.count()).select_from(column.table).where(_names(column, name))
        if rows := (await connection.execute(query)).scalar_one():
            found.append((f"{column.table.name}.{column.name}", rows))
    return found


def searched_columns() -> list[Column[Any]]:
    """Returns the columns that are searched."""
    return [
        column
        for table in metadata.sorted_tables
        if table.name not in KEPT_ON_PURPOSE
        for column in table.columns
        if _is_text(column) and f"{table.name}.{column.name}" not in IMPERSONAL
    ]


def _is_text(column: Column[Any]) -> bool:
    kind = column.type
    return isinstance(kind, (String, Labels)) or (isinstance(kind, TypeDecorator) and isinstance(kind.impl, String))


def _names(column: Column[Any], person_id: str) -> Any:
    # A whole value, or one within JSON: the first of a list, or a value of a mapping; each with and without "people/".
    text = type_coerce(column, Text)
    return or_(
        *(text == name for name in (person_id, f"people/{person_id}")),
        *(
            text.contains(f'{before}"{name}"', autoescape=True)
            for name in (person_id, f"people/{person_id}")
            for before in ("[", ": ")
        ),
    )
