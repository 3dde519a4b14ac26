"""The Python SDK of Portero: recognize people in images, keep the gallery, follow who is seen.

async with PorteroClient() as portero:
    async for event in portero.watch_sightings():
        print(event.sighting.display_name)

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
from portero_client.blocking_watch import BlockingSightingWatch
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
    Unauthenticated,
    Unavailable,
    Unimplemented,
    Unreachable,
)
from portero_client.health import ServerHealth
from portero_client.keys import ApiKey, Caller, Grant, NewKey, Role
from portero_client.listing import BlockingListing, Listing
from portero_client.people import EnrolledFace, FaceEnrollment, GalleryFinding, GalleryFindingKind, Person
from portero_client.privacy import Consent, Erasure, ExportRecord, PersonPrivacy, Verification
from portero_client.settings import ConnectionSettings
from portero_client.sightings import Sighting, SightingEvent, SightingEventKind, SightingKind
from portero_client.tls import TlsFiles
from portero_client.usage import AvoidedLine, BudgetState, Usage, UsageLine
from portero_client.watch import SightingWatch

__all__ = [
    "Aborted",
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
    "BlockingListing",
    "BlockingPorteroClient",
    "BlockingSightingWatch",
    "Box",
    "BudgetState",
    "Caller",
    "Camera",
    "CameraMode",
    "CameraPurpose",
    "CameraStatus",
    "Candidate",
    "ClockState",
    "Comparison",
    "ConnectionSettings",
    "Consent",
    "DeadlineExceeded",
    "EnrolledFace",
    "Erasure",
    "ExportRecord",
    "Face",
    "FaceComparison",
    "FaceEnrollment",
    "FaceQuality",
    "FailedPrecondition",
    "GalleryFinding",
    "GalleryFindingKind",
    "Grant",
    "InvalidArgument",
    "Listing",
    "Match",
    "NewKey",
    "NotFound",
    "Page",
    "PermissionDenied",
    "Person",
    "PersonPrivacy",
    "PorteroClient",
    "PorteroError",
    "Recognition",
    "ResourceExhausted",
    "Role",
    "ServerFault",
    "ServerHealth",
    "Sighting",
    "SightingEvent",
    "SightingEventKind",
    "SightingKind",
    "SightingWatch",
    "SteeringCause",
    "Text",
    "TextKind",
    "TimeSource",
    "TlsFiles",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "Unreachable",
    "Usage",
    "UsageLine",
    "Verification",
]
