"""The tables of check-ins and expected guests; `schema.py` has the others."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint

from portero_server.store.tables import required, table
from portero_server.store.types import Display, Key, Name, UtcTime

check_ins = table(
    "check_ins",
    Column("check_in_id", Name, primary_key=True),
    # Of its latest change: watchers ask for what lies beyond the last position they know.
    required("position", BigInteger),
    # Null: checked in with pictures, at no camera.
    Column("camera_id", Name),
    required("state", Name),
    Column("failure", Name),
    Column("result", Name),
    # The process that captures it; empty: none yet, or none is needed.
    required("server", Name),
    required("created_at", UtcTime),
    required("deadline_at", UtcTime),
    Column("finished_at", UtcTime),
    # What the card says: by these two its holder is found, the rest is a JSON object.
    Column("run", Name),
    Column("document_number", Name),
    Column("reading", Text),
    # A JSON object: reasons, checks, face and liveness.
    Column("report", Text),
    # The vendor's id of the session on the person's device; empty: asked for, not begun yet; null: not asked for.
    Column("liveness_session", Name),
    required("paid_calls", Integer),
    Column("guest_id", Name),
    Column("guest_status", Name),
    # An earlier check-in of the same holder.
    Column("earlier_id", Name),
    Column("decision", Name),
    Column("decided_at", UtcTime),
    Column("decided_by", Key),
    Column("decision_reason", Display),
    UniqueConstraint("position", name="uq_check_ins_position"),
    Index("ix_check_ins_time", "created_at", "check_in_id"),
    Index("ix_check_ins_camera", "camera_id", "created_at", "check_in_id"),
    Index("ix_check_ins_result", "result", "created_at", "check_in_id"),
    Index("ix_check_ins_run", "run", "created_at", "check_in_id"),
    Index("ix_check_ins_number", "document_number", "created_at", "check_in_id"),
    # The few that run.
    Index("ix_check_ins_state", "state", "deadline_at"),
)

guests = table(
    "guests",
    Column("guest_id", Name, primary_key=True),
    # The request that brought it.
    required("import_id", Name),
    # The day at the site, as 2026-11-27, and when that day ends, for its retention.
    required("arrival_date", Name),
    required("day_ends_at", UtcTime),
    required("display_name", Display),
    Column("run", Name),
    Column("document_number", Name),
    # The house's own number of the reservation; empty: none.
    required("reference", Display),
    # Who checked in as this guest; null: nobody yet.
    Column("check_in_id", Name),
    required("created_at", UtcTime),
    Index("ix_guests_arrival", "arrival_date", "guest_id"),
    Index("ix_guests_run", "run", "arrival_date"),
    Index("ix_guests_number", "document_number", "arrival_date"),
    Index("ix_guests_check_in", "check_in_id"),
    Index("ix_guests_day_end", "day_ends_at"),
)

erased_records = table(
    "erased_records",
    # The id of a check-in, guest, visitor or subscription, which says nothing of anybody: what a restored backup must
    # lose again. Of a forgotten visitor also those of the latest sightings, of which a picture may be on its way.
    Column("record_id", Name, primary_key=True),
    required("erasure_id", Name),
    required("erased_at", UtcTime),
)
