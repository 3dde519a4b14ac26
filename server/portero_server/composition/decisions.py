"""Builds what stored decisions are for: the what-if of thresholds, and the queue of reviews."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.what_if import Replays
from portero_server.rpc.services.decisions import DecisionServicer


def build(context: BuildContext, stores: Stores, notify: Callable[[int], None]) -> DecisionServicer:
    """Builds the service; `notify` is told how far events have been written."""
    settings, metrics = context.settings, context.metrics.decisions
    reviews = Reviews(
        stores.sightings,
        stores.decisions,
        stores.reviews,
        notify,
        metrics,
        context.clock,
        engine=settings.engine,
        demanded_for=timedelta(days=settings.review_demand_days),
    )
    return DecisionServicer(
        stores.decisions,
        Replays(stores.decisions, stores.reviews, settings.engine, metrics),
        reviews,
        stores.reviews,
        stores.sightings,
        stores.cameras,
        context.clock,
    )
