"""An in-memory SnapshotService."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from portero.v1 import snapshot_service_pb2 as pb2

from tests.support.client.wire import UnaryMethod, not_found


class FakeSnapshots:
    """Snapshots by the name of the sighting.

    Attributes:
        pictures: JPEG files by sighting and kind.
        lifetimes: Seconds for which links were asked for; None: as long as may be.
        enabled, problem: What the check answers.
    """

    def __init__(self) -> None:
        self.pictures: dict[tuple[str, int], bytes] = {}
        self.lifetimes: list[int | None] = []
        self.enabled = False
        self.problem = ""

    def methods(self) -> dict[str, tuple[type, UnaryMethod]]:
        """Returns the table of the service."""
        return {
            "GetSnapshot": (pb2.GetSnapshotRequest, self.get),
            "CreateSnapshotLink": (pb2.CreateSnapshotLinkRequest, self.link),
            "CheckSnapshots": (pb2.CheckSnapshotsRequest, self.check),
        }

    async def get(self, request: pb2.GetSnapshotRequest) -> pb2.GetSnapshotResponse:
        """Returns a snapshot, which is kept for a day."""
        if (request.name, request.kind) not in self.pictures:
            raise not_found(f"{request.name}/snapshot")
        return pb2.GetSnapshotResponse(
            picture=self.pictures[request.name, request.kind],
            kind=request.kind,
            capture_time=Timestamp(seconds=1_750_000_000),
            quality=0.5,
            expire_time=Timestamp(seconds=1_750_086_400),
        )

    async def link(self, request: pb2.CreateSnapshotLinkRequest) -> pb2.CreateSnapshotLinkResponse:
        """Returns a link, which works for an hour."""
        self.lifetimes.append(request.lifetime.seconds if request.HasField("lifetime") else None)
        return pb2.CreateSnapshotLinkResponse(
            url=f"https://bucket.example/{request.name}",
            kind=request.kind,
            expire_time=Timestamp(seconds=1_750_003_600),
        )

    async def check(self, request: pb2.CheckSnapshotsRequest) -> pb2.CheckSnapshotsResponse:
        """Returns what the test put in."""
        writable = self.enabled and not self.problem
        return pb2.CheckSnapshotsResponse(enabled=self.enabled, writable=writable, problem=self.problem)
