"""Builds what looks at the frames of cameras, records what is found, and tells watchers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from portero_server.billing.wiring import Billing
from portero_server.composition.context import BuildContext
from portero_server.composition.recognition import RecognitionParts
from portero_server.composition.store import Stores
from portero_server.composition.vision import VisionParts
from portero_server.domain.gate.cadence import CadencePolicy
from portero_server.domain.recording.sightings import SightingEvent
from portero_server.domain.streams.frames import FrameLimits
from portero_server.domain.tracking.policy import FaceDistances, TrackPolicy
from portero_server.engines.base import Engine
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.store.commit.recording import Recording
from portero_server.store.sighting_exports import SightingExportStore
from portero_server.streaming.followers import CostPolicy, StreamEngine
from portero_server.streaming.orphans import OrphanReaper
from portero_server.streaming.recorder import Recorder
from portero_server.streaming.registry import StreamPolicy, Streams
from portero_server.streaming.session_parts import SessionParts
from portero_server.streaming.steering import Steering
from portero_server.streaming.stream_clock import CaptureTimes
from portero_server.vision.analyzer import VisionPool
from portero_server.vision.detect.choice import Choice
from portero_server.watching.listeners import EventListeners
from portero_server.watching.sighting_export import SightingExport
from portero_server.watching.watch import Watch, WatchPolicy


@dataclass(frozen=True, slots=True)
class StreamingParts:
    """What serves streams.

    Attributes:
        streams: Opens and closes sessions.
        recorder: Commits what they find.
        orphans: Ends the tracks of streams whose server died.
        watch: Tells watchers of sightings.
        export: Hands out the sightings of whole periods.
        limits: What a frame may be.
        choice: What finds faces; None of the scripted engine, which has its own.
    """

    streams: Streams
    recorder: Recorder
    orphans: OrphanReaper
    watch: Watch[SightingEvent]
    export: SightingExport
    limits: FrameLimits
    choice: Choice | None

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.recorder.run(), self.streams.run(), self.orphans.run(), self.watch.run()]


@asynccontextmanager
async def build(
    context: BuildContext,
    stores: Stores,
    engine: Engine,
    recognition: RecognitionParts,
    billing: Billing,
    vision: VisionParts,
    capture: Callable[[str, FrameFollower], FrameFollower],
    listeners: EventListeners,
) -> AsyncIterator[StreamingParts]:
    """Builds the streams from the settings, and closes the threads that look at their frames at the end."""
    settings = context.settings
    # Only attendance asks whether a camera could have seen anybody.
    pool = VisionPool(vision.detector, context.clock, threads=settings.vision_threads, glimpses=settings.attendance)
    try:
        yield _parts(context, stores, engine, recognition, billing, pool, vision.choice, capture, listeners)
    finally:
        await pool.aclose()


def _parts(
    context: BuildContext,
    stores: Stores,
    engine: Engine,
    recognition: RecognitionParts,
    billing: Billing,
    vision_pool: VisionPool,
    choice: Choice | None,
    capture: Callable[[str, FrameFollower], FrameFollower],
    listeners: EventListeners,
) -> StreamingParts:
    settings, clock, metrics = context.settings, context.clock, context.metrics
    encoding = engine.traits if recognition.free is None else recognition.free.traits
    distances = encoding.distances if encoding.encodes else None
    watching = WatchPolicy(heartbeat=settings.heartbeat_interval, watchers=settings.watcher_shares)
    watch = Watch(stores.sightings.events_after, stores.sightings.last_position, watching)
    recording = Recording(
        stores.database,
        clock,
        consent_required=settings.consent_required,
        keep_decisions=settings.keep_decisions,
    )
    listeners.add(watch)
    recorder = Recorder(
        recording, clock, metrics.store, listeners, interval=settings.commit_interval, traces=context.traces
    )
    limits = FrameLimits(
        max_bytes=settings.frame_max_bytes, max_side=settings.frame_max_side, max_pixels=settings.frame_max_pixels
    )

    async def name_of(person_id: str) -> str | None:
        return (await stores.people.display_names([person_id])).get(person_id)

    streams = Streams(
        stores.cameras,
        stores.streams,
        SessionParts(
            clock,
            recorder,
            metrics,
            limits,
            settings.keep_texts,
            CaptureTimes(timedelta(seconds=settings.max_clock_ahead)),
            settings.quarantine_attempts,
            clocks=settings.clocks,
            steering=Steering(
                settings.steering_policy(settings.frame_max_side),
                settings.opening_schedule,
                billing.accounts.spent_for,
                backed=recognition.free is not None,
            ),
            capture=capture,
        ),
        vision_pool,
        StreamEngine(engine.traits, recognition.identify, engine.read_text, name_of),
        _policy(context, recognition, distances),
        CostPolicy(
            billing.accounts,
            recognition.free,
            settings.memory_policy(encoding.distances),
            settings.gate_audit if engine.traits.paid else None,
            engine.detect,
        ),
    )
    orphans = OrphanReaper(stores.streams, recorder, clock)
    export = SightingExport(SightingExportStore(stores.database).page, settings.export_shares, metrics.exports)
    return StreamingParts(streams, recorder, orphans, watch, export, limits, choice)


def _policy(context: BuildContext, recognition: RecognitionParts, distances: FaceDistances | None) -> StreamPolicy:
    settings = context.settings
    identity = None if distances is None else settings.identity_policy(distances)
    return StreamPolicy(
        max_streams=settings.max_streams,
        window_frames=settings.stream_window_frames,
        window_bytes=settings.stream_window_bytes,
        total_window_bytes=settings.total_window_bytes,
        idle_timeout=settings.stream_idle_timeout,
        visit_gap=settings.visit_gap_delta,
        match=recognition.match,
        tracks=TrackPolicy(
            deadline=settings.decision_deadline, unclear_below=settings.unclear_below, identity=identity
        ),
        cadence=CadencePolicy(),
    )
