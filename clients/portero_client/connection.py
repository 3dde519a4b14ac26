"""Opens channels to the server: plaintext on this machine, TLS elsewhere."""

from __future__ import annotations

import json

import grpc

from portero_client.settings import ConnectionSettings
from portero_client.tls import TlsMaterial

# Two photographs of 5 MiB each travel in one CompareImages request.
MAX_SENT_BYTES = 12 * 1024 * 1024
# A page of 1000 people with every label at its limit.
MAX_RECEIVED_BYTES = 16 * 1024 * 1024
# What may be asked twice without harm: reading, and writing what the server recognizes as the same
# (CreatePerson by its request id, EnrollFace by its photograph, ImportPeople by its people and encodings, RebuildFaces
# by what the engine holds, AdoptFaces by what is stored).
# Creating a camera and deleting are left out: their second answer would be ALREADY_EXISTS or NOT_FOUND although
# the first had worked.
SAFE_TO_REPEAT: dict[str, tuple[str, ...]] = {
    "portero.v1.GalleryService": (
        "CreatePerson",
        "GetPerson",
        "ListPeople",
        "UpdatePerson",
        "EnrollFace",
        "CheckPhoto",
        "ListConfusablePairs",
        "ExportPeople",
        "ImportPeople",
        "ListFaces",
        "RebuildFaces",
        "AdoptFaces",
        "PrepareCollection",
        "GetCollections",
        "SearchByImage",
        "CompareImages",
    ),
    "portero.v1.CameraService": ("GetCamera", "ListCameras", "UpdateCamera", "GetCameraStatus"),
    "portero.v1.SightingService": ("GetSighting", "ListSightings"),
    "portero.v1.SnapshotService": ("GetSnapshot", "CreateSnapshotLink", "CheckSnapshots"),
    "portero.v1.DecisionService": (
        "ListDecisions",
        "WhatIfThresholds",
        "ListReviewQueue",
        "GetReviewPicture",
        "ListReviews",
        "UndoReview",
    ),
    "portero.v1.SubscriptionService": (
        "GetSubscription",
        "ListSubscriptions",
        "UpdateSubscription",
        "PauseSubscription",
        "ResumeSubscription",
        "ListDeliveries",
    ),
    "portero.v1.AttendanceGroupService": (
        "PutGroup",
        "GetGroup",
        "ListGroups",
        "PutFreeDay",
        "RemoveFreeDay",
        "ImportRoster",
        "ListRoster",
        "PutSchedule",
        "ListSchedules",
        "PutScheduleException",
        "RemoveScheduleException",
        "PlaceCamera",
        "AcceptCameraView",
        "ListPlacements",
    ),
    "portero.v1.AttendanceService": (
        "ListAttendanceSessions",
        "ListAttendanceRecords",
        "ListAttendanceChanges",
        "GetAttendanceReport",
        "CorrectAttendance",
        "WithdrawAttendanceCorrection",
        "ListAttendanceCorrections",
        "ExcuseAttendance",
        "WithdrawAttendanceExcuse",
        "ListAttendanceExcuses",
    ),
    "portero.v1.VisitorService": ("GetVisitor", "ListVisitors"),
    "portero.v1.RecognitionService": ("RecognizeImage", "ReadText"),
    "portero.v1.AccessService": ("GetCaller",),
    "grpc.health.v1.Health": ("Check",),
}
_ATTEMPTS = 4


def open_channel(
    settings: ConnectionSettings, material: TlsMaterial | None = None, *, own_connection: bool = False
) -> grpc.aio.Channel:
    """Opens a channel for the running event loop; it connects when first used.

    Args:
        settings: Address, TLS and credentials.
        material: Certificates that were loaded before; None: those of the settings' files are.
        own_connection: Whether it shares its connection with no other channel. gRPC lends channels of the same
            address the same one; whoever must not be held up by another's flow control, or must reach the
            server that a load balancer chooses now, wants one of its own. gRPC repeats no call on it: its owner
            opens another one, by its own rules.

    Raises:
        InvalidArgument: The certificates cannot be used.
    """
    options = channel_options(settings, own_connection=own_connection)
    if not settings.is_encrypted:
        return grpc.aio.insecure_channel(settings.server, options=options)
    material = material or settings.tls_files.load()
    return grpc.aio.secure_channel(settings.server, material.credentials(), options=options)


def open_blocking_channel(settings: ConnectionSettings, *, own_connection: bool = False) -> grpc.Channel:
    """Opens a channel for threads; it connects when first used. `own_connection` is as in `open_channel`.

    Raises:
        InvalidArgument: The certificates cannot be used.
    """
    options = channel_options(settings, own_connection=own_connection)
    if not settings.is_encrypted:
        return grpc.insecure_channel(settings.server, options=options)
    return grpc.secure_channel(settings.server, settings.tls_files.load().credentials(), options=options)


def channel_options(settings: ConnectionSettings, *, own_connection: bool = False) -> list[tuple[str, str | int]]:
    """Returns the options of a channel, for an event loop or for threads."""
    # A stream that a server on its way out refuses, gRPC repeats by itself, without a pause and without end, and keeps
    # every attempt in memory until the call ends: a bridge of eight cameras grew by 600 MB within seconds.
    repeating: list[tuple[str, str | int]] = (
        [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        if own_connection
        else [("grpc.enable_retries", 1), ("grpc.service_config", retry_config())]
    )
    named = [("grpc.ssl_target_name_override", settings.server_name)] if settings.server_name else []
    return [
        *named,
        ("grpc.max_send_message_length", MAX_SENT_BYTES),
        ("grpc.max_receive_message_length", MAX_RECEIVED_BYTES),
        # Load balancers silently cut what is quiet for some minutes. The server allows pings 20 s apart, also
        # between calls.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.max_pings_without_data", 0),
        # How long one attempt to connect may take, and how soon after a restart the server is found again.
        ("grpc.min_reconnect_backoff_ms", 4_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # A proxy of the environment has no business between two processes of one machine.
        ("grpc.enable_http_proxy", 0 if settings.is_loopback else 1),
        *repeating,
    ]


def retry_config() -> str:
    """Returns gRPC's service config, which retries repeatable calls if the server was unreachable."""
    return json.dumps(
        {
            "methodConfig": [
                {
                    "name": [
                        {"service": service, "method": method}
                        for service, methods in SAFE_TO_REPEAT.items()
                        for method in methods
                    ],
                    "retryPolicy": {
                        "maxAttempts": _ATTEMPTS,
                        "initialBackoff": "0.1s",
                        "maxBackoff": "1s",
                        "backoffMultiplier": 3,
                        "retryableStatusCodes": ["UNAVAILABLE"],
                    },
                }
            ]
        }
    )
