"""The tables of strangers who are known again; `schema.py` has most others.

All that makes a stranger known again is here and nowhere else, and goes with the sighting that it comes from: the
database sees to that, so that nothing stays of somebody whom a server of an earlier version removes.
"""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Index, Integer

from portero_server.store.tables import required, table
from portero_server.store.types import Binary, Name, UtcTime

visitors = table(
    "visitors",
    # Random, and never used again.
    Column("visitor_id", Name, primary_key=True),
    # Of the cameras; strangers of other sites are not compared.
    required("site", Name),
    required("created_at", UtcTime),
    Index("ix_visitors_created", "created_at", "visitor_id"),
    Index("ix_visitors_site", "site", "visitor_id"),
)

visitor_encodings = table(
    "visitor_encodings",
    Column("encoding_id", Name, primary_key=True),
    required(
        "visitor_id", Name, ForeignKey("visitors.visitor_id", name="fk_visitor_encodings_visitor", ondelete="CASCADE")
    ),
    required(
        "sighting_id",
        Name,
        ForeignKey("sightings.sighting_id", name="fk_visitor_encodings_sighting", ondelete="CASCADE"),
    ),
    required("model_version", Name),
    # Little-endian float32, as `faces.embedding`.
    required("embedding", Binary),
    required("quality", Double),
    required("seen_at", UtcTime),
    Index("ix_visitor_encodings_visitor", "visitor_id", "seen_at"),
    Index("ix_visitor_encodings_sighting", "sighting_id"),
    Index("ix_visitor_encodings_seen", "seen_at"),
)

visitor_visits = table(
    "visitor_visits",
    Column(
        "sighting_id",
        Name,
        ForeignKey("sightings.sighting_id", name="fk_visitor_visits_sighting", ondelete="CASCADE"),
        primary_key=True,
    ),
    required(
        "visitor_id", Name, ForeignKey("visitors.visitor_id", name="fk_visitor_visits_visitor", ondelete="CASCADE")
    ),
    # Which visit of the visitor it is, from 1; several sightings may be one.
    required("visit", Integer),
    required("seen_at", UtcTime),
    Index("ix_visitor_visits_visitor", "visitor_id", "seen_at"),
    Index("ix_visitor_visits_seen", "seen_at"),
)
