"""Builds what knows strangers again, if the settings say so, and what forgets them, in any case."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.errors import StartupProblem
from portero_server.gallery.reviews import Reviews
from portero_server.gallery.visitor_erasure import StrangerEncoder, VisitorEraser
from portero_server.gallery.visitor_promotion import VisitorPromoter
from portero_server.gallery.visitors import VisitorRules, Visitors
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.rpc.services.visitors import VisitorServicer
from portero_server.store.visitors import VisitorStore
from portero_server.watching.listeners import EventListeners

_log = structlog.get_logger(__name__)

Capture = Callable[[str, FrameFollower], FrameFollower]


@dataclass(frozen=True, slots=True)
class VisitorParts:
    """What knows strangers again; `visitors` is None if nobody is."""

    visitors: Visitors | None
    servicer: VisitorServicer

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [] if self.visitors is None else [self.visitors.run()]

    def capture(self, inner: Capture) -> Capture:
        """Returns what prepares the follower of a stream: `inner`, after its strangers have somebody to take them."""

        def prepared(camera_id: str, follower: FrameFollower) -> FrameFollower:
            if isinstance(follower, Follower):
                follower.strangers.sink = self.visitors
            return inner(camera_id, follower)

        return prepared

    def listens_to(self, listeners: EventListeners) -> None:
        """Has it told of events: sightings that strangers wait for may come with them."""
        if self.visitors is not None:
            listeners.add(self.visitors)


def build(
    context: BuildContext, stores: Stores, engine: Engine, reviews: Reviews, notify: Callable[[int], None]
) -> VisitorParts:
    """Builds the visitors from the settings.

    Args:
        context: Settings, clock and metrics.
        stores: The database.
        engine: Encodes faces, or the free one behind it does.
        reviews: Names the sightings of visitors who are promoted.
        notify: Called with the position of each event that was written.

    Raises:
        StartupProblem: Strangers are to be known again, and nothing encodes faces.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.visitors
    free = engine.free if isinstance(engine, BackedEngine) else engine
    encoder = None
    policy = settings.visitor_policy(free.traits.distances.same, settings.visit_gap_delta)
    if free.traits.encodes:
        encoder = StrangerEncoder(free, policy)
    store = VisitorStore(
        stores.database, clock, most_encodings=policy.most_encodings, visit_gap=settings.visit_gap_delta
    )
    eraser, promoter = VisitorEraser(store, encoder, clock, metrics), VisitorPromoter(store, reviews, metrics)
    servicer = VisitorServicer(store, eraser, promoter, clock)
    if not settings.visitors:
        return VisitorParts(None, servicer)
    if encoder is None:
        raise StartupProblem(
            f"PORTERO_VISITORS is set, and the engine {engine.traits.name} encodes no faces; unset it, or install "
            "portero[local]"
        )
    rules = VisitorRules(
        free.traits.model_version, policy, settings.visitor_limit, frozenset(settings.visitor_forbidden_sites)
    )
    _log.info("strangers_are_known_again", days=settings.retention_visitors_days)
    return VisitorParts(Visitors(store, rules, clock, metrics, notify), servicer)
