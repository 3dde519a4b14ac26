"""Every table: what is stored, under which keys, and which queries the indexes are for.

Texts compare byte for byte everywhere (utf8mb4_bin), as SQLite does by itself.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    Select,
    Table,
    Text,
    UnaryExpression,
    UniqueConstraint,
)
from sqlalchemy.sql.operators import custom_op

from portero_server.domain.streams.frames import FrameOutcome
from portero_server.store.access_tables import api_key_groups as api_key_groups
from portero_server.store.access_tables import api_key_people as api_key_people
from portero_server.store.access_tables import api_keys as api_keys
from portero_server.store.attendance_tables import attendance_changes as attendance_changes
from portero_server.store.attendance_tables import attendance_corrections as attendance_corrections
from portero_server.store.attendance_tables import attendance_coverage as attendance_coverage
from portero_server.store.attendance_tables import attendance_excuses as attendance_excuses
from portero_server.store.attendance_tables import attendance_groups as attendance_groups
from portero_server.store.attendance_tables import attendance_memberships as attendance_memberships
from portero_server.store.attendance_tables import attendance_notices as attendance_notices
from portero_server.store.attendance_tables import attendance_placements as attendance_placements
from portero_server.store.attendance_tables import attendance_records as attendance_records
from portero_server.store.attendance_tables import attendance_schedules as attendance_schedules
from portero_server.store.attendance_tables import attendance_sessions as attendance_sessions
from portero_server.store.attendance_tables import attendance_views as attendance_views
from portero_server.store.decision_tables import decision_candidates as decision_candidates
from portero_server.store.decision_tables import decisions as decisions
from portero_server.store.decision_tables import review_pictures as review_pictures
from portero_server.store.decision_tables import sighting_reviews as sighting_reviews
from portero_server.store.document_tables import check_ins as check_ins
from portero_server.store.document_tables import erased_records as erased_records
from portero_server.store.document_tables import guests as guests
from portero_server.store.export_tables import export_days as export_days
from portero_server.store.gallery_tables import collections as collections
from portero_server.store.gallery_tables import faces as faces
from portero_server.store.gallery_tables import gallery_changes as gallery_changes
from portero_server.store.gallery_tables import gallery_collections as gallery_collections
from portero_server.store.gallery_tables import leaving_faces as leaving_faces
from portero_server.store.gallery_tables import look_alikes as look_alikes
from portero_server.store.gallery_tables import merged_people as merged_people
from portero_server.store.gallery_tables import people as people
from portero_server.store.gallery_tables import shadow_searches as shadow_searches
from portero_server.store.gallery_tables import uncompared_faces as uncompared_faces
from portero_server.store.photo_tables import photos as photos
from portero_server.store.snapshot_tables import snapshots as snapshots
from portero_server.store.subscription_tables import subscription_deliveries as subscription_deliveries
from portero_server.store.subscription_tables import subscription_people as subscription_people
from portero_server.store.subscription_tables import subscription_secrets as subscription_secrets
from portero_server.store.subscription_tables import subscription_told as subscription_told
from portero_server.store.subscription_tables import subscriptions as subscriptions
from portero_server.store.tables import box
from portero_server.store.tables import metadata as metadata
from portero_server.store.tables import required as _required
from portero_server.store.tables import table as _table
from portero_server.store.types import Digest, Display, Identity, Key, Name, UtcTime
from portero_server.store.visitor_tables import visitor_encodings as visitor_encodings
from portero_server.store.visitor_tables import visitor_visits as visitor_visits
from portero_server.store.visitor_tables import visitors as visitors

_T = TypeVar("_T")


def along(query: Select[Any], table: Table, index: str) -> Select[Any]:
    """Makes a query walk one index, which starts with its equality conditions and continues in the requested order.

    Left to itself, MariaDB uses the equality conditions alone and walks over everything before the page: 13 s instead
    of 50 ms in the middle of half a million sightings of one camera. SQLite has no such hint; it picks the index that
    provides the order, unless that is `unserved`.
    """
    return query.with_hint(table, f"FORCE INDEX ({index})", "mysql")


def unserved(column: Column[_T]) -> ColumnElement[_T]:
    """Returns a column's value as an expression, `+column`, that no index serves, neither for a condition nor an order.

    That is how SQLite is told which index not to walk (sqlite.org/optoverview.html, 8.1); MySQL does not mind.
    """
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)


cameras = _table(
    "cameras",
    Column("camera_id", Name, primary_key=True),
    _required("display_name", Display),
    _required("site", Name),
    _required("mode", Name),
    _required("purpose", Name),
    _required("disabled", Boolean),
    Column("visit_gap_seconds", Double),
    Column("similarity_threshold", Double),
    # A JSON list of boxes that are blacked out; see privacy_zones in cameras.py. Null or empty: none.
    Column("privacy_zones", Text),
    # See TimeSource in cameras.py. Null: capture.
    Column("time_source", Name),
    _required("created_at", UtcTime),
    _required("updated_at", UtcTime),
    Index("ix_cameras_site", "site", "camera_id"),
)

requests = _table(
    "requests",
    Column("request_id", Key, primary_key=True),
    _required("resource", Key),
    _required("created_at", UtcTime),
    Column("digest", Digest),
    Index("ix_requests_created", "created_at"),
)

sequencers = _table(
    "sequencers",
    Column("name", Name, primary_key=True),
    _required("position", BigInteger),
)

audit_entries = _table(
    "audit_entries",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _required("happened_at", UtcTime),
    *(_required(name, Key) for name in ("subject", "peer", "method", "credential", "action", "resource")),
    _required("outcome", Name),
    _required("reason", Key),
    _required("count", BigInteger),
    # SHA-256, hexadecimal: of the entry before, and its own.
    _required("previous", Digest),
    _required("digest", Digest),
)

audit_head = _table(
    "audit_head",
    # One row, "audit", which an appending transaction locks until its commit.
    Column("name", Name, primary_key=True),
    _required("count", BigInteger),
    _required("digest", Digest),
    # What retention has removed from the beginning.
    _required("base_count", BigInteger),
    _required("base_digest", Digest),
)

OUTCOME_COLUMNS = {outcome: f"outcome_{outcome.value}" for outcome in FrameOutcome}
"""The counter of each outcome in `streams`."""

streams = _table(
    "streams",
    Column("stream_id", Identity, primary_key=True),
    _required("camera_id", Name),
    _required("epoch", Key),
    # The session that may commit; empty when another epoch of the camera has taken over.
    _required("session", Name),
    _required("durable_sequence", BigInteger),
    *(_required(name, BigInteger) for name in OUTCOME_COLUMNS.values()),
    _required("opened_at", UtcTime),
    # Faces being followed at the watermark, and those stored ahead of it; see open_tracks.py. Null or empty: none.
    Column("open_tracks", Text),
    UniqueConstraint("camera_id", "epoch", name="uq_streams_epoch"),
    # The few rows that are owned, among all epochs there ever were.
    Index("ix_streams_session", "session"),
)

sightings = _table(
    "sightings",
    Column("sighting_id", Name, primary_key=True),
    _required("camera_id", Name),
    Column("person_id", Name),
    _required("display_name", Display),
    _required("first_seen", UtcTime),
    _required("last_seen", UtcTime),
    # last_seen once the sighting has become a long one, else null; see sightings.py.
    Column("long_until", UtcTime),
    _required("similarity", Double),
    _required("margin", Double),
    # 0: its tracks turned out to belong to other sightings; kept for those who were told of it.
    _required("track_count", Integer),
    *box(),
    # Whether a person said whose it is; null: nobody did.
    Column("reviewed", Boolean),
    # Whether it was of a person who was erased since; null: it was not.
    Column("erased", Boolean),
    # No index holds last_seen: it moves with every frame that shows a face.
    Index("ix_sightings_time", "first_seen", "sighting_id"),
    Index("ix_sightings_camera", "camera_id", "first_seen", "sighting_id"),
    Index("ix_sightings_person", "person_id", "first_seen", "sighting_id"),
    Index("ix_sightings_visit", "person_id", "camera_id", "first_seen", "sighting_id"),
    Index("ix_sightings_long", "long_until"),
    Index("ix_sightings_camera_long", "camera_id", "long_until"),
)

sighting_tracks = _table(
    "sighting_tracks",
    Column("track_id", Key, primary_key=True),
    _required("sighting_id", Name),
    # Its place among the tracks of its sighting, from 1; the last one's end is the visit's end.
    _required("ordinal", Integer),
    _required("ended", Boolean),
    Index("ix_sighting_tracks_sighting", "sighting_id"),
)

recognitions = _table(
    "recognitions",
    Column("recognition_id", Key, primary_key=True),
    _required("stream_id", BigInteger),
    _required("track_id", Key),
    _required("sequence", BigInteger),
    _required("captured_at", UtcTime),
    _required("engine", Name),
    _required("outcome", Name),
    Column("person_id", Name),
    _required("similarity", Double),
    _required("margin", Double),
    _required("quality", Double),
    _required("latency", Double),
    Index("ix_recognitions_person", "person_id", "captured_at"),
    Index("ix_recognitions_time", "captured_at"),
)

stream_exceptions = _table(
    "stream_exceptions",
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    _required("last_sequence", BigInteger),
    # "rejected" or "missing": both have a reason "no_credit".
    _required("kind", Name),
    _required("reason", Name),
    # When it was written, for its retention; null: by a server of an earlier version.
    Column("recorded_at", UtcTime),
    Index("ix_stream_exceptions_time", "recorded_at"),
)

texts = _table(
    "texts",
    Column("stream_id", BigInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _required("captured_at", UtcTime),
    # A JSON list of lines.
    _required("content", Text),
    Index("ix_texts_time", "captured_at"),
)

events = _table(
    "events",
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    _required("kind", Name),
    _required("sighting_id", Name),
    _required("camera_id", Name),
    _required("happened_at", UtcTime),
    Index("ix_events_camera", "camera_id", "position"),
)

event_relays = _table(
    "event_relays",
    # To whom events are sent: "webhook", that of the settings; "subscriptions/{subscription}", another webhook; or
    # "{kind}/{subscription}" of any other kind. "export/{export}" writes them to files, and is never stopped. Of "mqtt"
    # only the claim counts: states are told, not events.
    Column("name", Name, primary_key=True),
    # Up to here nothing is left to send.
    _required("position", BigInteger),
    # Of the endpoint, a digest: another one is not stopped for the same reason. Why no more is sent, or empty.
    *(_required(name, Name) for name in ("endpoint", "stopped_reason")),
    # Which server sends, and until when it alone does.
    _required("claimed_by", Name),
    _required("claimed_until", UtcTime),
    # How often a replay was asked for; null: never, by a server of the version before.
    Column("rewinds", BigInteger),
    # What people are told together, from after one position until another one; over when `position` is at its end.
    Column("batch_after", BigInteger),
    Column("batch_until", BigInteger),
    # The time of the digest that was begun last; null: there was none, or what was begun since is no digest.
    Column("digested_at", UtcTime),
)

usage_calls = _table(
    "usage_calls",
    Column("hour", UtcTime, primary_key=True),
    # Empty: unary RPCs.
    Column("camera_id", Name, primary_key=True),
    Column("engine", Name, primary_key=True),
    Column("operation", Name, primary_key=True),
    _required("calls", BigInteger),
    _required("microdollars", BigInteger),
)

usage_avoided = _table(
    "usage_avoided",
    Column("hour", UtcTime, primary_key=True),
    Column("camera_id", Name, primary_key=True),
    Column("operation", Name, primary_key=True),
    Column("reason", Name, primary_key=True),
    _required("calls", BigInteger),
)

budget_steps = _table(
    "budget_steps",
    Column("day", UtcTime, primary_key=True),
    # "total" or a camera's resource name.
    Column("scope", Key, primary_key=True),
    Column("step", Name, primary_key=True),
    _required("step_before", Name),
    _required("spent_microdollars", BigInteger),
    _required("limit_microdollars", BigInteger),
    _required("happened_at", UtcTime),
)

consents = _table(
    "consents",
    Column("consent_id", Name, primary_key=True),
    _required("person_id", Name),
    _required("purpose", Display),
    _required("text_version", Name),
    _required("channel", Name),
    # Who consented for a minor; empty: the person did.
    _required("guardian", Display),
    _required("given_at", UtcTime),
    _required("recorded_at", UtcTime),
    Column("expires_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Index("ix_consents_person", "person_id", "given_at"),
)

people_blocks = _table(
    "people_blocks",
    Column("person_id", Name, primary_key=True),
    _required("reason", Display),
    _required("blocked_at", UtcTime),
)

erasures = _table(
    "erasures",
    Column("erasure_id", Name, primary_key=True),
    # What is kept of the person for ever: a digest, so that the id is never given out again.
    _required("subject", Key),
    # Null when everything is done.
    Column("person_id", Name),
    _required("requested_at", UtcTime),
    Column("finished_at", UtcTime),
    # What was removed: place to number of rows, JSON.
    _required("counts", Text),
    Column("digest", Key),
    # When the bytes were overwritten in the files of SQLite; null: not yet, or a database server's own matter.
    Column("overwritten_at", UtcTime),
    # Digests, like the subject, of the ids as which faces of another program are adopted that are the person's; JSON.
    Column("adopted_as", Text),
    UniqueConstraint("subject", name="uq_erasures_subject"),
    Index("ix_erasures_open", "finished_at"),
)

erasure_faces = _table(
    "erasure_faces",
    Column("face_id", Name, primary_key=True),
    _required("erasure_id", Name),
    _required("engine", Name),
    _required("external_id", Key),
    Index("ix_erasure_faces_erasure", "erasure_id"),
)
