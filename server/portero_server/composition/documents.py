"""Builds what reads documents and checks people in."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from portero_server.composition.context import BuildContext
from portero_server.composition.store import Stores
from portero_server.composition.vision import VisionParts
from portero_server.documents.arrivals import GuestList
from portero_server.documents.capture import CardCaptures
from portero_server.documents.capture_follower import CaptureFollower
from portero_server.documents.conclusion import Conclusion
from portero_server.documents.judging import judged
from portero_server.documents.liveness_sessions import LivenessPolicy, LivenessSessions
from portero_server.documents.pictures import PictureLook
from portero_server.documents.portrait_comparison import EnginePortraits, PortraitPolicy
from portero_server.documents.reading import CardReader
from portero_server.documents.service import CheckInService
from portero_server.documents.sight import CardInspector
from portero_server.domain.detection.detections import MatchPolicy
from portero_server.domain.documents.check_in import CheckIn
from portero_server.engines.backed import BackedEngine
from portero_server.engines.base import Engine
from portero_server.engines.face_liveness import FaceLiveness, LivenessEngine
from portero_server.errors import StartupProblem
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.rpc.document_convert import SiteFacts
from portero_server.rpc.services.documents import DocumentServicer
from portero_server.store.check_ins import CheckInStore
from portero_server.store.guests import GuestStore
from portero_server.store.holders import HolderStore
from portero_server.vision.cards.locator import CardLocator
from portero_server.watching.watch import Watch, WatchPolicy


@dataclass(frozen=True, slots=True)
class DocumentParts:
    """What checks people in.

    Attributes:
        service: Begins, judges and ends check-ins.
        captures: Those that run in the streams of this server.
        watch: Tells watchers of check-ins.
        servicer: Serves the RPCs.
        inspector: Looks for cards and faces in frames.
    """

    service: CheckInService
    captures: CardCaptures
    watch: Watch[CheckIn]
    servicer: DocumentServicer
    inspector: CardInspector

    def runs(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Returns the coroutines to run while the server runs."""
        return [self.captures.run(self.service), self.service.run(), self.watch.run()]

    def follower(self, camera_id: str, inner: FrameFollower) -> FrameFollower:
        """Returns what a stream's frames are shown to: the capture of check-ins before the camera's own follower."""
        return CaptureFollower(inner, camera_id, self.captures, self.inspector)


def build(
    context: BuildContext, stores: Stores, engine: Engine, match: MatchPolicy, vision: VisionParts
) -> DocumentParts:
    """Builds reading, capture and check-ins from the settings.

    Raises:
        StartupProblem: Liveness sessions are on, and the engine has none.
    """
    settings, clock, metrics = context.settings, context.clock, context.metrics.documents
    policy = settings.check_in_policy
    check_ins, guests = CheckInStore(stores.database, clock), GuestStore(stores.database, clock)
    arrivals = GuestList(guests, check_ins, clock, policy.zone)
    watching = WatchPolicy(heartbeat=settings.heartbeat_interval, watchers=settings.watcher_shares)
    watch = Watch(check_ins.changes_after, check_ins.last_position, watching, kind="check-ins")
    reader = CardReader(engine, vision.detector)
    own = settings.check_in_face_threshold
    threshold = match.threshold if own is None else own
    portraits = EnginePortraits(
        engine, PortraitPolicy(threshold=threshold, review_margin=settings.check_in_face_margin)
    )
    vendor = _face_liveness(engine) if settings.check_in_liveness else None
    sessions = None
    if vendor is not None:
        liveness = LivenessPolicy(settings.check_in_liveness_confidence, threshold)
        sessions = LivenessSessions(vendor, engine, clock, liveness)
    service = CheckInService(
        check_ins,
        stores.cameras,
        reader,
        PictureLook(vision.detector),
        sessions,
        Conclusion(arrivals, portraits, sessions, judged, clock),
        watch,
        clock,
        metrics,
        policy,
    )
    captures = CardCaptures(reader, clock, lambda: arrivals.today)
    service.captures_at(captures)
    holders = HolderStore(stores.database, clock)
    site = SiteFacts(settings.check_in_registry_link, "" if vendor is None else vendor.region)
    servicer = DocumentServicer(service, check_ins, holders, arrivals, watch, clock, site)
    return DocumentParts(
        service, captures, watch, servicer, CardInspector(CardLocator(vision.detector), vision.detector)
    )


def _face_liveness(engine: Engine) -> FaceLiveness:
    asked = engine.paid if isinstance(engine, BackedEngine) else engine
    if not isinstance(asked, LivenessEngine):
        raise StartupProblem(
            f"PORTERO_CHECK_IN_LIVENESS needs PORTERO_ENGINE=rekognition; {engine.traits.name} has no liveness sessions"
        )
    return asked.face_liveness
