"""The shots that were compared are handed out as pictures, and nothing else changes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from portero_server.domain.detection.detections import Candidate, FaceQuality
from portero_server.domain.people.visitors import Stranger, VisitorPolicy
from portero_server.domain.streams.frames import FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.engines.base import FaceCrop, Identification
from portero_server.recognition.follower import Follower
from portero_server.recognition.frame_follower import FrameFollower
from portero_server.recognition.strangers import StrangerFaces
from portero_server.recognition.track_pictures import TrackPictures, face_picture, scene_of
from portero_server.vision.analysis import FrameAnalysis
from portero_server.vision.face_picture import FacePicture
from portero_server.vision.snapshots import Scene
from tests.support.server.stream_harness import StreamHarness, face, looked, stream_harness
from tests.support.time.virtual_time import in_virtual_time


class Album:
    """Takes pictures, as a server does.

    Attributes:
        said: What happened, in order: "offer", "closed" or "drop".
        pictures: Those that were offered.
    """

    def __init__(self) -> None:
        self.said: list[str] = []
        self.pictures: list[FacePicture] = []
        self.tracks: set[str] = set()

    def offer(self, track_id: str, picture: FacePicture) -> None:
        """Takes a picture."""
        self.said.append("offer")
        self.tracks.add(track_id)
        self.pictures.append(picture)

    def closed(self, track_id: str) -> None:
        """Notes the end of a track."""
        self.said.append("closed")

    def drop(self, track_id: str) -> None:
        """Notes that nobody may look at a track."""
        self.said.append("drop")

    def capture(self, camera_id: str, follower: FrameFollower) -> FrameFollower:
        """Has the pictures of a stream handed to it."""
        assert isinstance(follower, Follower)
        follower.strangers = TrackPictures(follower.strangers, self, face_picture)
        return follower


async def _watched(album: Album, answers: Sequence[Identification], tracks: TrackPolicy | None = None) -> StreamHarness:
    """Shows somebody for some frames, ever better, and then nobody; the engine gives the answers in turn."""
    given = list(answers)

    async def identify(crop: FaceCrop) -> Identification:
        await asyncio.sleep(0.1)
        return given.pop(0) if len(given) > 1 else given[0]

    qualities = (0.5, 0.5, 0.7, 0.7, *[1.0] * 21)
    looks = [*(looked(face(quality=each)) for each in qualities), *[looked()] * 10]
    script: dict[int, FrameAnalysis | FrameRefused] = {number + 1: look for number, look in enumerate(looks)}
    async with stream_harness(script, identify, tracks=tracks or TrackPolicy(), capture=album.capture) as at:
        session = await at.open()
        listening = asyncio.create_task(at.listen(session))
        running = asyncio.create_task(session.run())
        for number in range(len(looks)):
            at.send(session, number + 1)
            await asyncio.sleep(0.2)
        session.finish()
        await running
        await listening
    return at


def _like(person_id: str, similarity: float) -> Identification:
    return Identification((Candidate(person_id, "f", similarity),), people=3)


@in_virtual_time
async def test_each_shot_that_was_compared_is_a_picture_until_the_face_is_gone() -> None:
    """With its quality, its time and the size of the face; of a stranger it is like nobody."""
    album = Album()
    await _watched(album, [Identification(())])
    assert album.said == [*["offer"] * (len(album.said) - 1), "closed"]
    assert 1 <= len(album.pictures) <= 3
    assert len(album.tracks) == 1
    assert {each.rank.similarity for each in album.pictures} == {0.0}
    qualities = [each.rank.quality for each in album.pictures]
    assert qualities == sorted(qualities)
    first = album.pictures[0]
    assert (first.face_side, first.pixels.ndim, first.size) == (62, 3, first.pixels.size)
    times = [each.taken_at for each in album.pictures]
    assert times == sorted(times)


@in_virtual_time
async def test_a_picture_of_a_name_tells_how_similar_the_face_is() -> None:
    """Also while one shot is not enough to name somebody."""
    album = Album()
    await _watched(album, [_like("ana", 0.53125)])
    assert {each.rank.similarity for each in album.pictures} == {0.53125}


@in_virtual_time
async def test_a_shot_without_a_face_is_no_picture() -> None:
    """Those after it, which show one, are."""
    album = Album()
    await _watched(album, [Identification((), face_found=False), Identification(())])
    blank = Album()
    await _watched(blank, [Identification((), face_found=False)])
    assert blank.pictures == []
    assert album.pictures


@in_virtual_time
async def test_whoever_may_not_be_named_has_no_picture() -> None:
    """Nor from an answer before it, or after it, of the same track."""
    album = Album()
    await _watched(album, [Identification(()), _like("deleted", 0.9), Identification(())])
    assert album.said[:2] == ["offer", "drop"]
    assert "offer" not in album.said[2:]


def test_nothing_of_the_strangers_is_left_to_chance() -> None:
    """Whatever a follower asks of them is passed on by a method of its own, since nothing of it is set up twice."""
    asked = {name for name, value in vars(StrangerFaces).items() if not name.startswith("_") and callable(value)}
    assert asked
    assert asked <= vars(TrackPictures).keys()


class _KnownAgain(Album):
    """Takes pictures, and strangers too."""

    def __init__(self) -> None:
        super().__init__()
        self.strangers: list[Stranger] = []

    def trusts(self, width: float, height: float, quality: FaceQuality) -> bool:
        """Returns what the policy says."""
        return VisitorPolicy().trusts(width, height, quality)

    def offer_stranger(self, stranger: Stranger) -> asyncio.Future[str | None]:
        """Takes a stranger, who is visitor "v1"."""
        self.strangers.append(stranger)
        told: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        told.set_result("v1")
        return told

    def capture(self, camera_id: str, follower: FrameFollower) -> FrameFollower:
        """Has pictures and strangers of a stream handed to it."""
        super().capture(camera_id, follower)
        assert isinstance(follower, Follower)
        follower.strangers.sink = _Strangers(self)
        return follower


class _Strangers:
    def __init__(self, album: _KnownAgain) -> None:
        self.trusts = album.trusts
        self.offer = album.offer_stranger


@in_virtual_time
async def test_strangers_are_known_again_as_without_it() -> None:
    """What stands before them passes everything on: one stranger is handed out, and the bridge is told who it is."""
    album = _KnownAgain()
    nobody = Identification((), embedding=np.array([1.0, 0.5], np.float32))
    at = await _watched(album, [nobody], tracks=TrackPolicy(identity=IdentityPolicy()))
    (stranger,) = album.strangers
    assert stranger.faces[0].encoding == (1.0, 0.5)
    assert {stranger.track_id} == album.tracks
    assert "v1" in [each.visitor_id for each in at.said if isinstance(each, TrackUpdate)]


class Scenes(Album):
    """Takes whole frames."""

    def __init__(self) -> None:
        super().__init__()
        self.scenes: list[Scene] = []

    def offer(self, track_id: str, picture: Scene) -> None:  # type: ignore[override]
        """Takes a frame."""
        self.scenes.append(picture)

    def capture(self, camera_id: str, follower: FrameFollower) -> FrameFollower:
        """Has the frames of a stream handed to it."""
        assert isinstance(follower, Follower)
        follower.strangers = TrackPictures(follower.strangers, self, scene_of)
        return follower


@in_virtual_time
async def test_a_scene_is_the_frame_of_the_shot_with_the_other_faces_in_it() -> None:
    """Each of two people has a scene in which the other one is somebody else."""
    album, left, right = Scenes(), face(0.2), face(0.7)

    async def identify(crop: FaceCrop) -> Identification:
        return Identification(())

    async with stream_harness({1: looked(left, right)}, identify, capture=album.capture) as at:
        session = await at.open()
        listening = asyncio.create_task(at.listen(session))
        running = asyncio.create_task(session.run())
        at.send(session, 1)
        await asyncio.sleep(1)
        session.finish()
        await running
        await listening
    found = {each.face: each for each in album.scenes}
    assert {box: each.others for box, each in found.items()} == {left.box: (right.box,), right.box: (left.box,)}
    scene = found[left.box]
    assert (scene.camera_id, scene.pixels.ndim, scene.rank.similarity) == ("door", 3, 0.0)
    assert (scene.zones, scene.rank.quality) == ((), left.quality.overall)
