"""Builds what asks the engine about faces: batches for streams, single pictures for unary calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from portero_server.composition.context import BuildContext
from portero_server.composition.standby import StandbyParts
from portero_server.composition.store import Stores
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.gallery.shadow import ShadowSearch
from portero_server.recognition.batcher import Batcher
from portero_server.recognition.demands import Demands, demanding
from portero_server.recognition.images import Images
from portero_server.recognition.look_alikes import wary
from portero_server.recognition.tiered import FreeEngine, Identify
from portero_server.store.shadow import ShadowStore


@dataclass(frozen=True, slots=True)
class RecognitionParts:
    """What asks the engine.

    Attributes:
        batcher: Batcher of the engine, for the faces of all streams.
        backing: Batcher of the free engine behind a paid one, if there is one.
        identify: Asks the engine about a face of a stream, and the database who is easily taken for whom.
        free: The free engine, as streams ask it.
        images: For pictures that come by themselves.
        match: When a face counts as a person's.
        demands: What people's denials ask of streams since.
        shadow: Asks the collection that stands by a sample of the same; None: the engine keeps no collection.
    """

    batcher: Batcher
    backing: Batcher | None
    identify: Identify
    free: FreeEngine | None
    images: Images
    match: MatchPolicy
    demands: Demands
    shadow: ShadowSearch | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        backing = [] if self.backing is None else [self.backing.run()]
        shadow = [] if self.shadow is None else [self.shadow.run()]
        return [self.batcher.run(), self.demands.run(), *backing, *shadow]


@asynccontextmanager
async def build(
    context: BuildContext, stores: Stores, engine: Engine, standby: StandbyParts | None
) -> AsyncIterator[RecognitionParts]:
    """Builds batchers for the engine and for the one behind it; at the end, lets go of what is asked beside them."""
    match = _match_policy(context, engine)
    shadow = None if standby is None else _shadow(context, stores, standby, match)
    try:
        yield _parts(context, stores, engine, match, shadow)
    finally:
        if shadow is not None:
            await shadow.aclose()


def _parts(
    context: BuildContext, stores: Stores, engine: Engine, match: MatchPolicy, shadow: ShadowSearch | None
) -> RecognitionParts:
    demands = Demands(stores.reviews.demanded, interval=context.settings.gallery_refresh)
    backing = free = None
    if isinstance(engine, BackedEngine):
        backing = _batcher(context, engine.free)
        own = engine.free.traits
        asked = demanding(backing.identify, own.name, demands)
        free = FreeEngine(own, wary(asked, stores.look_alikes.confusable_with, own.policy.confusable_margin))
    batcher, confusable_with = _batcher(context, engine), stores.look_alikes.confusable_with
    answered = batcher.identify if shadow is None else shadow.beside(batcher.identify)
    asked = demanding(answered, engine.traits.name, demands)
    identify = wary(asked, confusable_with, match.confusable_margin)
    images = Images(engine, stores.people, match, confusable_with)
    return RecognitionParts(batcher, backing, identify, free, images, match, demands, shadow)


def _shadow(context: BuildContext, stores: Stores, standby: StandbyParts, match: MatchPolicy) -> ShadowSearch:
    return ShadowSearch(
        standby.sides,
        ShadowStore(stores.database),
        match,
        context.clock,
        context.metrics.standby.shadow_searched,
        share=context.settings.shadow_share,
    )


def _batcher(context: BuildContext, engine: Engine) -> Batcher:
    settings = context.settings
    return Batcher(
        engine,
        context.clock,
        context.metrics.recognition,
        delay=settings.batch_delay,
        capacity=settings.recognition_queue,
        # Requests for paid calls wait in the scheduler, which knows quotas and money.
        concurrency=settings.recognition_queue if engine.traits.paid else settings.recognition_concurrency,
        traces=context.traces,
    )


def _match_policy(context: BuildContext, engine: Engine) -> MatchPolicy:
    settings, own = context.settings, engine.traits.policy

    def chosen(setting: float | None, default: float) -> float:
        return default if setting is None else setting

    return MatchPolicy(
        threshold=chosen(settings.match_threshold, own.threshold),
        margin=chosen(settings.match_margin, own.margin),
        confusable_margin=chosen(settings.match_confusable_margin, own.confusable_margin),
        sure_by=chosen(settings.match_sure_by, own.sure_by),
        sure_by_tenfold=chosen(settings.match_sure_by_tenfold, own.sure_by_tenfold),
        sure_quality=chosen(settings.match_sure_quality, own.sure_quality),
    )
