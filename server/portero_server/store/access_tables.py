"""The tables of access: API keys, and whose attendance they are for."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Text

from portero_server.store.tables import required, table
from portero_server.store.types import Display, Key, Name, UtcTime

api_keys = table(
    "api_keys",
    Column("key_id", Name, primary_key=True),
    # SHA-256 of the key's text, in hexadecimal digits.
    required("digest", Key),
    required("display_name", Display),
    # JSON lists of words, as the next two.
    required("roles", Text),
    required("everything", Boolean),
    required("cameras", Text),
    required("sites", Text),
    required("created_at", UtcTime),
    required("created_by", Key),
    Column("expires_at", UtcTime),
    Column("revoked_at", UtcTime),
    # To the minute.
    Column("last_used_at", UtcTime),
)

# Rows and not a list, so that the database takes out who is removed: who has the same id later is somebody else.
api_key_groups = table(
    "api_key_groups",
    Column(
        "key_id",
        Name,
        ForeignKey("api_keys.key_id", name="fk_api_key_groups_key", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "group_id",
        Name,
        ForeignKey("attendance_groups.group_id", name="fk_api_key_groups_group", ondelete="CASCADE"),
        primary_key=True,
    ),
    Index("ix_api_key_groups_group", "group_id"),
)

api_key_people = table(
    "api_key_people",
    Column(
        "key_id",
        Name,
        ForeignKey("api_keys.key_id", name="fk_api_key_people_key", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "person_id",
        Name,
        ForeignKey("people.person_id", name="fk_api_key_people_person", ondelete="CASCADE"),
        primary_key=True,
    ),
    Index("ix_api_key_people_person", "person_id"),
)
