"""Subscriptions as tests store them."""

from __future__ import annotations

from datetime import datetime

from portero_server.domain.access.identities import EVERYTHING, Scope
from portero_server.domain.events.subscriptions import SinkKind, Subscription, SubscriptionFilter
from portero_server.store.subscriptions import SealedSecret, SealedSubscription
from tests.support.store.commits import at

NOW = at(0)


def new_subscription(
    subscription_id: str = "s1",
    wanted: SubscriptionFilter | None = None,
    scope: Scope = EVERYTHING,
    *,
    secret_id: str = "",
    now: datetime = NOW,
) -> SealedSubscription:
    """Returns a subscription with one secret; what is sealed of it is made up."""
    subscription = Subscription(
        subscription_id,
        f"hook {subscription_id}",
        SinkKind.WEBHOOK,
        "https://hooks.example",
        wanted or SubscriptionFilter(),
        scope,
        8,
        created_at=now,
        created_by="keys/me",
        updated_at=now,
    )
    secret = SealedSecret(secret_id or f"k-{subscription_id}", b"sealed secret")
    return SealedSubscription(subscription, b"sealed url", f"e-{subscription_id}", (secret,))
