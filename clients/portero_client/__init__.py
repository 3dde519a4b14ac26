"""The Python SDK of Portero: recognize people in images, keep the gallery, follow who is seen.

async with PorteroClient() as portero:
    async for event in portero.watch_sightings():
        print(event.sighting.display_name)

Pictures of a program's own are streamed as one camera:

async with portero.stream("front-door") as camera:
    await camera.send(jpeg, captured_at)

With a server on another machine TLS is spoken, and an API key or token travels with each call:

settings = ConnectionSettings("portero.example:443", tls_files=TlsFiles(ca=Path("ca.crt")), token_file=Path("key"))

The same from the environment: PORTERO_SERVER, PORTERO_TLS (auto, on, off), PORTERO_CA_FILE, PORTERO_CLIENT_CERTIFICATE,
PORTERO_CLIENT_KEY, PORTERO_SERVER_NAME, PORTERO_TOKEN, PORTERO_TOKEN_FILE. A client reads its certificates when it
connects first, its token file before each call.
"""

from portero_client.audit import (
    AuditAnchor,
    AuditEntry,
    AuditFinding,
    AuditOutcome,
    AuditReport,
    AuditTampering,
)
from portero_client.backoff import Backoff
from portero_client.blocking import BlockingPorteroClient
from portero_client.blocking_watch import BlockingCheckInWatch, BlockingSightingWatch
from portero_client.calls import Page
from portero_client.cameras import (
    Camera,
    CameraMode,
    CameraPurpose,
    CameraStatus,
    ClockState,
    SteeringCause,
    TimeSource,
)
from portero_client.client import PorteroClient
from portero_client.detections import (
    Box,
    Candidate,
    Comparison,
    Face,
    FaceComparison,
    FaceQuality,
    Match,
    Recognition,
    Text,
    TextKind,
)
from portero_client.documents import (
    Check,
    CheckIn,
    CheckInChange,
    CheckInFailure,
    CheckInReason,
    CheckInResult,
    CheckInState,
    CheckName,
    CheckOutcome,
    DocumentField,
    DocumentKind,
    DocumentReading,
    DocumentSide,
    DocumentZone,
    FaceEvidence,
    FieldAgreement,
    FieldReading,
    FieldSource,
    Guest,
    GuestStatus,
    ImportedGuests,
    LivenessEvidence,
    LivenessResult,
    LivenessSession,
    NewGuest,
    ReadDocument,
    Review,
    ReviewDecision,
)
from portero_client.errors import (
    Aborted,
    AlreadyExists,
    DeadlineExceeded,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    PorteroError,
    ResourceExhausted,
    ServerFault,
    SpoolDamaged,
    SpoolFault,
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unreachable,
)
from portero_client.health import ServerHealth
from portero_client.keys import ApiKey, Caller, Grant, NewKey, Role
from portero_client.listing import BlockingListing, Listing
from portero_client.people import (
    CollectionState,
    EnrolledFace,
    FaceEnrollment,
    FacesRepair,
    FacesReport,
    GalleryFinding,
    GalleryFindingKind,
    Person,
    UnrecognizedPerson,
)
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification
from portero_client.settings import ConnectionSettings
from portero_client.sightings import Sighting, SightingEvent, SightingEventKind, SightingKind
from portero_client.streaming.blocking_stream import BlockingCameraStream
from portero_client.streaming.camera_stream import CameraStream
from portero_client.streaming.delivery.terms import DeliveryLimits
from portero_client.streaming.events import (
    Acknowledged,
    CameraRegistered,
    Directed,
    EpochBegun,
    FrameRefused,
    SpoolBack,
    SpoolFailed,
    SpoolSetAside,
    StreamAccount,
    StreamClosed,
    StreamEvent,
    StreamFinished,
    StreamOpened,
    StreamResult,
    TextsRead,
    TrackState,
    TrackUpdated,
)
from portero_client.streaming.frames import DeliveryMode, GapReason, ImageLimits
from portero_client.streaming.settings import StreamTuning
from portero_client.streaming.spool.spool import SpoolLimits, SpoolPolicy
from portero_client.tls import TlsFiles
from portero_client.transfer import FaceEncoding, ImportedPerson, PersonRecord
from portero_client.usage import AvoidedLine, BudgetState, Usage, UsageLine
from portero_client.watch import CheckInWatch, SightingWatch

__all__ = [
    "Aborted",
    "Acknowledged",
    "AlreadyExists",
    "ApiKey",
    "AuditAnchor",
    "AuditEntry",
    "AuditFinding",
    "AuditOutcome",
    "AuditReport",
    "AuditTampering",
    "AvoidedLine",
    "Backoff",
    "BlockingCameraStream",
    "BlockingCheckInWatch",
    "BlockingListing",
    "BlockingPorteroClient",
    "BlockingSightingWatch",
    "Box",
    "BudgetState",
    "Caller",
    "Camera",
    "CameraMode",
    "CameraPurpose",
    "CameraRegistered",
    "CameraStatus",
    "CameraStream",
    "Candidate",
    "Check",
    "CheckIn",
    "CheckInChange",
    "CheckInFailure",
    "CheckInReason",
    "CheckInResult",
    "CheckInState",
    "CheckInWatch",
    "CheckName",
    "CheckOutcome",
    "ClockState",
    "CollectionState",
    "Comparison",
    "ConnectionSettings",
    "Consent",
    "DeadlineExceeded",
    "DeliveryLimits",
    "DeliveryMode",
    "Directed",
    "DocumentField",
    "DocumentKind",
    "DocumentReading",
    "DocumentSide",
    "DocumentZone",
    "EnrolledFace",
    "EpochBegun",
    "Erasure",
    "ExportRecord",
    "Face",
    "FaceComparison",
    "FaceEncoding",
    "FaceEnrollment",
    "FaceEvidence",
    "FaceQuality",
    "FacesRepair",
    "FacesReport",
    "FailedPrecondition",
    "FieldAgreement",
    "FieldReading",
    "FieldSource",
    "FrameRefused",
    "GalleryFinding",
    "GalleryFindingKind",
    "GapReason",
    "Grant",
    "Guest",
    "GuestStatus",
    "ImageLimits",
    "ImportedGuests",
    "ImportedPerson",
    "InvalidArgument",
    "Listing",
    "LivenessEvidence",
    "LivenessResult",
    "LivenessSession",
    "Match",
    "NewGuest",
    "NewKey",
    "NotFound",
    "Page",
    "PermissionDenied",
    "Person",
    "PersonPrivacy",
    "PersonRecord",
    "PorteroClient",
    "PorteroError",
    "ReadDocument",
    "Recognition",
    "ResourceExhausted",
    "Review",
    "ReviewDecision",
    "Role",
    "ServerFault",
    "ServerHealth",
    "Sighting",
    "SightingEvent",
    "SightingEventKind",
    "SightingKind",
    "SightingWatch",
    "SpoolBack",
    "SpoolDamaged",
    "SpoolFailed",
    "SpoolFault",
    "SpoolLimits",
    "SpoolPolicy",
    "SpoolSetAside",
    "SteeringCause",
    "StreamAccount",
    "StreamClosed",
    "StreamEvent",
    "StreamFinished",
    "StreamOpened",
    "StreamResult",
    "StreamTuning",
    "Text",
    "TextKind",
    "TextsRead",
    "TimeSource",
    "TlsFiles",
    "TrackState",
    "TrackUpdated",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unreachable",
    "UnrecognizedPerson",
    "Usage",
    "UsageLine",
    "Verification",
]
