"""Implements SnapshotService: pictures of sightings, and links to them."""
# ruff: noqa: N802 - methods are named as in the proto

from __future__ import annotations

from datetime import timedelta

from portero.v1 import snapshot_service_pb2 as pb
from portero.v1 import snapshot_service_pb2_grpc

from portero_server.domain.recording.snapshots import SnapshotKind
from portero_server.errors import FailedPrecondition, InvalidInput, Unavailable
from portero_server.gallery.snapshot_reader import SnapshotReader
from portero_server.rpc.auth.caller import current_caller
from portero_server.rpc.convert import duration_from_proto, time_to_proto
from portero_server.rpc.requests import Context
from portero_server.rpc.resource_names import parse_sighting
from portero_server.store.sightings import SightingStore

_KINDS = {SnapshotKind.FACE: pb.SNAPSHOT_KIND_FACE, SnapshotKind.CONTEXT: pb.SNAPSHOT_KIND_CONTEXT}
_ASKED: dict[int, SnapshotKind] = {
    pb.SNAPSHOT_KIND_UNSPECIFIED: SnapshotKind.FACE,
    **{word: kind for kind, word in _KINDS.items()},
}


class SnapshotServicer(snapshot_service_pb2_grpc.SnapshotServiceServicer):
    """Shows snapshots."""

    def __init__(self, sightings: SightingStore, reader: SnapshotReader, longest: int) -> None:
        """Creates the service; a link works for at most `longest` seconds."""
        self._sightings = sightings
        self._reader = reader
        self._longest = longest

    async def GetSnapshot(self, request: pb.GetSnapshotRequest, context: Context) -> pb.GetSnapshotResponse:
        """Returns a snapshot of a sighting."""
        kind = _kind(request.kind)
        shown = await self._reader.show(await self._visible(request.name), kind)
        return pb.GetSnapshotResponse(
            picture=shown.jpeg,
            kind=_KINDS[shown.kind],
            capture_time=time_to_proto(shown.taken_at),
            quality=shown.quality,
            expire_time=time_to_proto(shown.expires_at),
        )

    async def CreateSnapshotLink(
        self, request: pb.CreateSnapshotLinkRequest, context: Context
    ) -> pb.CreateSnapshotLinkResponse:
        """Returns a link to a snapshot of a sighting."""
        kind, seconds = _kind(request.kind), self._seconds(request)
        link = await self._reader.link(await self._visible(request.name), kind, seconds)
        return pb.CreateSnapshotLinkResponse(
            url=link.url, kind=_KINDS[link.kind], expire_time=time_to_proto(link.expires_at)
        )

    async def CheckSnapshots(self, request: pb.CheckSnapshotsRequest, context: Context) -> pb.CheckSnapshotsResponse:
        """Tries whether snapshots can be kept."""
        try:
            await self._reader.try_out()
        except FailedPrecondition:
            return pb.CheckSnapshotsResponse(enabled=False)
        except Unavailable as error:
            return pb.CheckSnapshotsResponse(enabled=True, problem=error.message)
        return pb.CheckSnapshotsResponse(enabled=True, writable=True)

    async def _visible(self, name: str) -> str:
        sighting = await self._sightings.get(parse_sighting(name, "name"))
        await current_caller().authorized.require(sighting.camera_id)
        return sighting.sighting_id

    def _seconds(self, request: pb.CreateSnapshotLinkRequest) -> int:
        if not request.HasField("lifetime"):
            return self._longest
        lifetime = duration_from_proto(request.lifetime, "lifetime")
        if not timedelta(seconds=1) <= lifetime <= timedelta(seconds=self._longest):
            raise InvalidInput("lifetime", f"lifetime must be 1 to {self._longest} seconds")
        return lifetime // timedelta(seconds=1)


def _kind(asked: int) -> SnapshotKind:
    kind = _ASKED.get(asked)
    if kind is None:
        raise InvalidInput("kind", "kind must be SNAPSHOT_KIND_FACE or SNAPSHOT_KIND_CONTEXT")
    return kind
