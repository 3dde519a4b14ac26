"""The calls of SnapshotService."""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from portero.v1 import snapshot_service_pb2 as pb2

from portero_client import convert
from portero_client.calls.base import Call, unary
from portero_client.names import SIGHTINGS
from portero_client.snapshots import Snapshot, SnapshotCheck, SnapshotKind, SnapshotLink

_SERVICE = "/portero.v1.SnapshotService/"
_KINDS = {SnapshotKind.FACE: pb2.SNAPSHOT_KIND_FACE, SnapshotKind.CONTEXT: pb2.SNAPSHOT_KIND_CONTEXT}
_SHOWN = {pb2.SNAPSHOT_KIND_UNSPECIFIED: SnapshotKind.FACE, **{word: kind for kind, word in _KINDS.items()}}


def get(sighting: str, kind: SnapshotKind) -> Call[Snapshot]:
    """Returns a snapshot of a sighting."""
    return unary(
        _SERVICE + "GetSnapshot",
        pb2.GetSnapshotRequest(name=SIGHTINGS.name(sighting), kind=_KINDS[kind]),
        pb2.GetSnapshotResponse,
        lambda answer: Snapshot(
            jpeg=answer.picture,
            kind=_SHOWN[answer.kind],
            capture_time=convert.time_from(answer.capture_time),
            quality=answer.quality,
            expire_time=convert.time_from(answer.expire_time),
        ),
    )


def link(sighting: str, kind: SnapshotKind, lifetime: timedelta | None) -> Call[SnapshotLink]:
    """Returns a link to a snapshot of a sighting; lifetime None: as long as the server allows."""
    asked = None
    if lifetime is not None:
        asked = Duration()
        asked.FromTimedelta(lifetime)
    return unary(
        _SERVICE + "CreateSnapshotLink",
        pb2.CreateSnapshotLinkRequest(name=SIGHTINGS.name(sighting), kind=_KINDS[kind], lifetime=asked),
        pb2.CreateSnapshotLinkResponse,
        lambda answer: SnapshotLink(
            url=answer.url, kind=_SHOWN[answer.kind], expire_time=convert.time_from(answer.expire_time)
        ),
    )


def check() -> Call[SnapshotCheck]:
    """Tries whether the server can keep snapshots."""
    return unary(
        _SERVICE + "CheckSnapshots",
        pb2.CheckSnapshotsRequest(),
        pb2.CheckSnapshotsResponse,
        lambda answer: SnapshotCheck(enabled=answer.enabled, writable=answer.writable, problem=answer.problem),
    )
