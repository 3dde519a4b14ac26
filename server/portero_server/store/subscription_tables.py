"""The tables of subscriptions: to whom events are sent, and what became of the last messages.

How far each has sent is in `event_relays`, under a name that its kind makes (`relay_name` in subscriptions.py).
`schema.py` has most other tables.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, Text

from portero_server.store.tables import required, table
from portero_server.store.types import Binary, Display, Key, Name, UtcTime

subscriptions = table(
    "subscriptions",
    # Random, and never used again.
    Column("subscription_id", Name, primary_key=True),
    required("display_name", Display),
    # See SinkKind in subscriptions.py.
    required("kind", Name),
    # What may be shown of where it sends: scheme, host and port, schemas, or an ARN; a whole URL may be secret.
    required("origin", Text),
    required("url", Binary),
    # Digest of the URL, as `event_relays.endpoint`.
    required("endpoint", Name),
    # JSON lists of words, as the next two, and those of the scope. Empty: all.
    required("kinds", Text),
    required("cameras", Text),
    required("sites", Text),
    # Whether the people in `subscription_people` limit it, also when none of them is left.
    required("people_only", Boolean),
    required("min_similarity", Double),
    required("strangers", Boolean),
    # The scope of whoever made it.
    required("scope_everything", Boolean),
    required("scope_cameras", Text),
    required("scope_sites", Text),
    required("concurrency", Integer),
    required("created_at", UtcTime),
    required("created_by", Key),
    required("updated_at", UtcTime),
    # Grows with each change, so that servers notice it.
    required("revision", BigInteger),
    # In which people are told; null: it is no sink of people.
    Column("language", Name),
    # Kinds of notices of attendance, and the groups that limit them, as JSON lists; null: none, or all groups.
    Column("notices", Text),
    Column("groups_only", Text),
    # When people are told, times as "22:00" by the clock of the zone: quiet hours, and a digest; null: at any time.
    *(Column(name, Name) for name in ("quiet_from", "quiet_until", "digest_at", "time_zone")),
    # How often a digest is told instead; null: not at intervals.
    Column("digest_minutes", Integer),
)


def _own(name: str) -> ForeignKey:
    return ForeignKey("subscriptions.subscription_id", name=f"fk_{name}_subscription", ondelete="CASCADE")


subscription_people = table(
    "subscription_people",
    Column("subscription_id", Name, _own("subscription_people"), primary_key=True),
    # Goes with the person, also where a server of an earlier version removes them.
    Column(
        "person_id",
        Name,
        ForeignKey("people.person_id", name="fk_subscription_people_person", ondelete="CASCADE"),
        primary_key=True,
    ),
    Index("ix_subscription_people_person", "person_id"),
)

subscription_secrets = table(
    "subscription_secrets",
    Column("secret_id", Name, primary_key=True),
    required("subscription_id", Name, _own("subscription_secrets")),
    required("secret", Binary),
    required("created_at", UtcTime),
    # When it stops signing, since another one replaced it; null: it is the newest.
    Column("valid_until", UtcTime),
    Index("ix_subscription_secrets_subscription", "subscription_id", "created_at"),
)

subscription_deliveries = table(
    "subscription_deliveries",
    Column("subscription_id", Name, _own("subscription_deliveries"), primary_key=True),
    # Of the event, which may be gone by now.
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    required("message_id", Key),
    required("camera_id", Name),
    required("kind", Name),
    required("happened_at", UtcTime),
    # See DeliveryOutcome in deliveries.py, and what was answered last; null: nothing was.
    required("outcome", Name),
    Column("status", Integer),
    required("problem", Display),
    required("attempts", BigInteger),
    required("first_at", UtcTime),
    required("last_at", UtcTime),
    # The kind of an alert that was told instead of the event, whose kind is in `kind`, or the type of a notice of
    # attendance; null: it was the event.
    Column("alert", Name),
    Index("ix_subscription_deliveries_last", "subscription_id", "last_at", "position"),
    Index("ix_subscription_deliveries_outcome", "subscription_id", "outcome", "last_at", "position"),
    Index("ix_subscription_deliveries_age", "last_at"),
)

subscription_told = table(
    "subscription_told",
    Column("subscription_id", Name, _own("subscription_told"), primary_key=True),
    # Of a message that some of the people took and others did not.
    Column("message_id", Key, primary_key=True),
    # The numbers of the URLs that have it, a JSON list.
    required("destinations", Text),
    required("told_at", UtcTime),
    Index("ix_subscription_told_age", "told_at"),
)
