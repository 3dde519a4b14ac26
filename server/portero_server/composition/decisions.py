"""Builds what stored decisions are for: the what-if of thresholds, and the queue of reviews."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from portero_server.composition.context import BuildContext
from portero_server.composition.review_pictures import PictureParts
from portero_server.composition.store import Stores
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.what_if import Replays
from portero_server.rpc.services.decisions import DecisionServicer


def reviews(context: BuildContext, stores: Stores, notify: Callable[[int], None]) -> Reviews:
    """Builds what takes in what people say of sightings; `notify` is told how far events have been written."""
    settings = context.settings
    return Reviews(
        stores.sightings,
        stores.decisions,
        stores.reviews,
        notify,
        context.metrics.decisions,
        context.clock,
        engine=settings.engine,
        demanded_for=timedelta(days=settings.review_demand_days),
    )


def build(context: BuildContext, stores: Stores, judging: Reviews, pictures: PictureParts) -> DecisionServicer:
    """Builds the service; `judging` takes in what people say of sightings, of which `pictures` has pictures."""
    return DecisionServicer(
        stores.decisions,
        Replays(stores.decisions, stores.reviews, context.settings.engine, context.metrics.decisions),
        judging,
        stores.reviews,
        stores.sightings,
        stores.cameras,
        pictures.reader,
        pictures.store,
        context.clock,
    )
