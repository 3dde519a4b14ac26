"""SnapshotService, over a real connection and a real database."""

from __future__ import annotations

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from portero.v1 import snapshot_service_pb2 as pb

from portero_server.domain.recording.review_pictures import PictureOutcome
from portero_server.vision.jpeg import decode_color
from tests.support.server.rpc_edge import refused
from tests.support.server.serving import House
from tests.support.server.snapshot_house import SPAN
from tests.support.store.commits import at

_CODE = grpc.StatusCode


@pytest.fixture(autouse=True)
async def seen(house: House) -> None:
    """At the door Ana, with her snapshots, and later a stranger without."""
    await house.pictures.open_door("ana")
    await house.pictures.seen("t1", person_id="ana")
    await house.pictures.seen("t2", seconds=300)
    assert await house.snapshots.keep("t1") is PictureOutcome.KEPT


async def _name(house: House, place: int = 1) -> str:
    return f"sightings/{await house.snapshots.sighting(place)}"


async def test_a_snapshot_can_be_fetched_and_decodes(house: House) -> None:
    """The face unless the frame is asked for, with times and quality."""
    name = await _name(house)
    face = await house.shots.GetSnapshot(pb.GetSnapshotRequest(name=name))
    frame = await house.shots.GetSnapshot(pb.GetSnapshotRequest(name=name, kind=pb.SNAPSHOT_KIND_CONTEXT))
    assert (face.kind, frame.kind) == (pb.SNAPSHOT_KIND_FACE, pb.SNAPSHOT_KIND_CONTEXT)
    assert (max(decode_color(face.picture).shape), decode_color(frame.picture).shape) == (176, (240, 320, 3))
    assert (face.quality, face.capture_time.ToDatetime()) == (0.5, at(0).replace(tzinfo=None))
    assert face.expire_time.ToDatetime() - SPAN == house.clock.now().replace(tzinfo=None)


async def test_a_link_lasts_as_long_as_asked_within_the_limit(house: House) -> None:
    """Longer, or for no time at all, is refused by the name of the field."""
    name = await _name(house)
    for lifetime, seconds in ((None, 3600), (Duration(seconds=90), 90)):
        link = await house.shots.CreateSnapshotLink(pb.CreateSnapshotLinkRequest(name=name, lifetime=lifetime))
        assert link.url.endswith(f"?seconds={seconds}")
        left = link.expire_time.ToDatetime() - house.clock.now().replace(tzinfo=None)
        assert (left.total_seconds(), link.kind) == (seconds, pb.SNAPSHOT_KIND_FACE)
    for lifetime in (Duration(seconds=3601), Duration()):
        asked = pb.CreateSnapshotLinkRequest(name=name, lifetime=lifetime)
        error = await refused(house.shots.CreateSnapshotLink(asked))
        assert (error.code, error.fields) == (_CODE.INVALID_ARGUMENT, ("lifetime",))


async def test_what_is_not_there_is_not_found(house: House) -> None:
    """A sighting without a snapshot, none at all, a kind that is none."""
    for name, reason in ((await _name(house, 0), "NO_SNAPSHOT"), ("sightings/x", "NOT_FOUND")):
        shown = await refused(house.shots.GetSnapshot(pb.GetSnapshotRequest(name=name)))
        linked = await refused(house.shots.CreateSnapshotLink(pb.CreateSnapshotLinkRequest(name=name)))
        assert {(error.code, error.reason) for error in (shown, linked)} == {(_CODE.NOT_FOUND, reason)}
    error = await refused(house.shots.GetSnapshot(pb.GetSnapshotRequest(name="sightings/x", kind=7)))  # type: ignore[arg-type]
    assert (error.code, error.fields) == (_CODE.INVALID_ARGUMENT, ("kind",))


async def test_a_folder_that_cannot_be_written_is_told(house: House) -> None:
    """In words; a look at a snapshot fails as what it is."""
    fine = await house.shots.CheckSnapshots(pb.CheckSnapshotsRequest())
    assert (fine.enabled, fine.writable, fine.problem) == (True, True, "")
    assert len(house.snapshots.files()) == 2
    house.snapshots.place.broken = True
    broken = await house.shots.CheckSnapshots(pb.CheckSnapshotsRequest())
    assert (broken.enabled, broken.writable, broken.problem) == (True, False, "away")
    error = await refused(house.shots.GetSnapshot(pb.GetSnapshotRequest(name=await _name(house))))
    assert (error.code, error.reason) == (_CODE.UNAVAILABLE, "VAULT_UNAVAILABLE")
