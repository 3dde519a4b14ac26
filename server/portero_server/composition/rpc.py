"""Builds the gRPC server over the parts that its services call."""

from __future__ import annotations

from portero_server.billing.wiring import Billing
from portero_server.composition.access import AccessControl
from portero_server.composition.attendance import AttendanceParts
from portero_server.composition.audit import AuditParts
from portero_server.composition.context import BuildContext
from portero_server.composition.documents import DocumentParts
from portero_server.composition.gallery import GalleryParts
from portero_server.composition.privacy import PrivacyParts
from portero_server.composition.recognition import RecognitionParts
from portero_server.composition.store import Stores
from portero_server.composition.streaming import StreamingParts
from portero_server.composition.subscriptions import SubscriptionParts
from portero_server.composition.visitors import VisitorParts
from portero_server.rpc.flood_guard import FloodGuard
from portero_server.rpc.server import RpcServer, ServerOptions, build_server
from portero_server.rpc.services.access import AccessServicer
from portero_server.rpc.services.cameras import CameraServicer
from portero_server.rpc.services.decisions import DecisionServicer
from portero_server.rpc.services.gallery import GalleryServicer
from portero_server.rpc.services.recognition import RecognitionServicer
from portero_server.rpc.services.sightings import SightingServicer
from portero_server.rpc.services.snapshots import SnapshotServicer
from portero_server.rpc.services.usage import UsageServicer
from portero_server.rpc.stream import FrameStream
from portero_server.rpc.stream_convert import StreamTerms


def build(
    context: BuildContext,
    options: ServerOptions,
    stores: Stores,
    recognition: RecognitionParts,
    gallery: GalleryParts,
    documents: DocumentParts,
    streaming: StreamingParts,
    decisions: DecisionServicer,
    billing: Billing,
    visitors: VisitorParts,
    snapshots: SnapshotServicer,
    subscriptions: SubscriptionParts,
    attendance: AttendanceParts,
    privacy: PrivacyParts,
    audit: AuditParts,
    access: AccessControl,
) -> RpcServer:
    """Builds the server, which listens once it is started."""
    settings, clock, metrics = context.settings, context.clock, context.metrics
    terms = StreamTerms(streaming.limits, settings.heartbeat_interval, settings.decision_deadline)
    frames = FrameStream(streaming.streams, terms, access.limits, clock.now, metrics.steering.directive_sent)
    return build_server(
        options,
        [
            RecognitionServicer(recognition.images, frames, clock),
            GalleryServicer(
                gallery.gallery,
                gallery.check,
                gallery.watch,
                gallery.repair,
                gallery.transfer,
                gallery.adoption,
                gallery.rebuild,
                gallery.switch,
                gallery.merger,
                recognition.images,
                clock,
            ),
            CameraServicer(stores.cameras, streaming.streams),
            SightingServicer(stores.sightings, streaming.watch, streaming.export),
            decisions,
            UsageServicer(billing.accounts),
            AccessServicer(access.key_service),
            documents.servicer,
            audit.servicer,
            privacy.servicer,
            visitors.servicer,
            snapshots,
            subscriptions.servicer,
            *attendance.servicers,
        ],
        access.auth,
        metrics.rpc,
        clock,
        audit.calls,
        FloodGuard(settings.waste_policy, metrics.floods, clock),
    )
