"""The table of days that the scheduled export writes; `schema.py` has most others.

How far each export has followed the events, and which server writes, is in `event_relays`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects import mysql

from portero_server.store.tables import required, table
from portero_server.store.types import Name, UtcTime

export_days = table(
    "export_days",
    # Digest of where to, and of what: another one begins anew.
    Column("export_id", Name, primary_key=True),
    # A day of UTC, as 2026-05-01.
    Column("day", Name, primary_key=True),
    # Grows with each change of its sightings; the files show them up to `written`.
    *(required(name, BigInteger) for name in ("changes", "written")),
    # When the reading of what the files show began; null: they were never written whole.
    Column("read_at", UtcTime),
    # Of what the files show of each kind, the end of the sighting that retention removes first; null: nothing.
    *(Column(f"{kind}_since", UtcTime) for kind in ("strangers", "visitors", "sightings")),
    # Of each site's file its revision, rows and digest, as JSON; MySQL's TEXT ends at 64 KB, some 700 sites.
    required("partitions", Text().with_variant(mysql.MEDIUMTEXT(), "mysql")),
)
