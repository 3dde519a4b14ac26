"""Every metric of the server, declared once, one file per group.

Labels are bounded, and all of their values exist from the start. The reference page, server/METRICS.md, is generated
from here.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, disable_created_metrics

from portero_server.telemetry import instruments
from portero_server.telemetry.access_metrics import AccessMetrics
from portero_server.telemetry.attendance_metrics import AttendanceMetrics
from portero_server.telemetry.camera_metrics import CameraMetrics
from portero_server.telemetry.decision_metrics import DecisionMetrics
from portero_server.telemetry.document_metrics import DocumentMetrics
from portero_server.telemetry.engine_metrics import EngineMetrics
from portero_server.telemetry.event_metrics import EventMetrics
from portero_server.telemetry.export_metrics import ExportMetrics
from portero_server.telemetry.gallery_metrics import GalleryMetrics
from portero_server.telemetry.instruments import Durations
from portero_server.telemetry.money_metrics import MoneyMetrics
from portero_server.telemetry.mqtt_metrics import MqttMetrics
from portero_server.telemetry.picture_metrics import PictureMetrics
from portero_server.telemetry.privacy_metrics import AuditMetrics, PrivacyMetrics
from portero_server.telemetry.process_metrics import ProcessMetrics, TlsMetrics
from portero_server.telemetry.recognition_metrics import RecognitionMetrics
from portero_server.telemetry.rpc_metrics import FloodMetrics, RpcMetrics
from portero_server.telemetry.schedule_metrics import ScheduleMetrics
from portero_server.telemetry.snapshot_metrics import SnapshotMetrics
from portero_server.telemetry.standby_metrics import StandbyMetrics
from portero_server.telemetry.steering_metrics import SteeringMetrics
from portero_server.telemetry.store_metrics import StoreMetrics
from portero_server.telemetry.stream_metrics import StreamMetrics
from portero_server.telemetry.subscription_metrics import SubscriptionMetrics
from portero_server.telemetry.vault_metrics import VaultMetrics
from portero_server.telemetry.visitor_metrics import VisitorMetrics

# The time each series was made at doubles the series and is read by nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's


class Metrics:
    """All declared metrics, in a registry of their own; each part of the server gets its group."""

    def __init__(self, *, version: str, engine: str) -> None:
        self.registry = registry = CollectorRegistry()
        self.stages = Durations(
            "portero_stage_seconds",
            "Time of a stage: queue (a frame waits to be looked at), gate (has anything changed), detect (decode and "
            "search), recognize (batch and engine), commit (one transaction), ack (receipt to durable).",
            "stage",
            buckets=instruments.FAST,
            registry=registry,
        )
        self.process = ProcessMetrics(registry, version=version, engine=engine)
        self.rpc = RpcMetrics(registry)
        self.access = AccessMetrics(registry)
        self.floods = FloodMetrics(registry)
        self.tls = TlsMetrics(registry)
        self.audit = AuditMetrics(registry)
        self.streams = StreamMetrics(registry, self.stages)
        self.steering = SteeringMetrics(registry)
        self.cameras = CameraMetrics(registry)
        self.recognition = RecognitionMetrics(registry, self.stages)
        self.decisions = DecisionMetrics(registry)
        self.exports = ExportMetrics(registry)
        self.scheduled_exports = ScheduleMetrics(registry)
        self.gallery = GalleryMetrics(registry)
        self.standby = StandbyMetrics(registry)
        self.engine = EngineMetrics(registry)
        self.money = MoneyMetrics(registry)
        self.store = StoreMetrics(registry, self.stages)
        self.privacy = PrivacyMetrics(registry)
        self.vault = VaultMetrics(registry)
        self.visitors = VisitorMetrics(registry)
        self.pictures = PictureMetrics(registry)
        self.snapshots = SnapshotMetrics(registry)
        self.attendance = AttendanceMetrics(registry)
        self.documents = DocumentMetrics(registry)
        self.events = EventMetrics(registry)
        self.subscriptions = SubscriptionMetrics(registry)
        self.mqtt = MqttMetrics(registry)
