"""Who stands where somebody stood is compared before the name goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from portero_server.domain.detection.detections import FaceQuality, FoundFace
from portero_server.domain.detection.geometry import Box
from portero_server.domain.streams.frames import FrameOutcome, FrameRefused
from portero_server.domain.streams.messages import TrackUpdate
from portero_server.domain.tracking.policy import IdentityPolicy, TrackPolicy
from portero_server.domain.tracking.track import TrackState
from portero_server.engines.base import FaceCrop, Identification
from portero_server.errors import EngineUnavailable
from portero_server.recognition.identity import KnownFaces
from portero_server.vision.analysis import FrameAnalysis
from tests.support.server.stream_harness import UNKNOWN, StreamHarness, named, stream_harness
from tests.support.time.virtual_time import in_virtual_time

_VERIFIED = TrackPolicy(identity=IdentityPolicy())
_PATCHES = {"ana": (0.6, 0.8), "ben": (0.8, -0.6), "nobody": (-1.0, 0.0), "other": (0.0, -1.0)}
_GRAYS = {"ana": 40, "ben": 90, "nobody": 140, "other": 190}


def _shown(who: str, left: float = 0.4, width: float = 0.1, quality: float = 1.0) -> FrameAnalysis:
    """Returns a thorough look that found somebody; what they look like is in the pixels."""
    pixels = np.full((480, 640, 3), _GRAYS[who], np.uint8)
    face = FoundFace(Box(left, 0.3, width, 0.13), 0.9, FaceQuality(quality, 1.0, 1.0, 1.0), _PATCHES[who])
    return FrameAnalysis(FrameOutcome.WITH_FACES, (face,), pixels, thorough=True)


_EMPTY = FrameAnalysis(FrameOutcome.EMPTY, thorough=True)


class _Engine:
    """Knows Ana and Ben, and describes every face."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken = False

    async def identify(self, crop: FaceCrop) -> Identification:
        """Returns who it is and an encoding, after a tenth of a second."""
        await asyncio.sleep(0.1)
        if self.broken:
            raise EngineUnavailable("the process that encodes faces has died")
        gray = int(crop.pixels[0, 0, 0])
        who = next(name for name, level in _GRAYS.items() if level == gray)
        self.asked.append(who)
        encoding = np.array([gray / 50, 0.0], np.float32)
        known = named(who) if who in ("ana", "ben") else UNKNOWN
        return Identification(known.candidates, embedding=encoding)


async def _watched(
    frames: Sequence[FrameAnalysis], engine: _Engine | None = None, *, breaks_at: int = 0
) -> StreamHarness:
    """Shows a frame each fifth of a second, and returns what was said and stored."""
    engine = engine or _Engine()
    script: dict[int, FrameAnalysis | FrameRefused] = {number + 1: frame for number, frame in enumerate(frames)}
    async with stream_harness(script, engine.identify, tracks=_VERIFIED) as at:
        session = await at.open()
        listening = asyncio.create_task(at.listen(session))
        running = asyncio.create_task(session.run())
        for number in range(len(frames)):
            engine.broken = 0 < breaks_at <= number
            at.send(session, number + 1)
            await asyncio.sleep(0.2)
        session.finish()
        await running
        await listening
    return at


def _told(at: StreamHarness) -> list[tuple[str, str, str]]:
    """Returns track, state and name of everything that the bridge was told."""
    return [
        (each.track_id.removeprefix("door.e1."), each.state.value, each.named.match.person_id if each.named else "")
        for each in at.said
        if isinstance(each, TrackUpdate)
    ]


def _visits(at: StreamHarness) -> list[tuple[str, object, object]]:
    start = min(sighting.first_seen for sighting in at.store.sightings.values())
    return sorted(
        (
            sighting.person_id or "",
            (sighting.first_seen - start) / timedelta(seconds=1),
            (sighting.last_seen - start) / timedelta(seconds=1),
        )
        for sighting in at.store.sightings.values()
    )


@in_virtual_time
async def test_whoever_takes_a_place_gets_their_own_name_from_their_first_frame() -> None:
    """Ben steps to where Ana stood between two frames: each visit has its own name and times."""
    at = await _watched([_shown("ana")] * 8 + [_shown("ben")] * 8)
    # Ana was looked at in frame 7 last, Ben came with frame 9 and was looked at in frame 15 last.
    assert _visits(at) == [("ana", 0.0, pytest.approx(1.2)), ("ben", pytest.approx(1.6), pytest.approx(2.8))]
    told = _told(at)
    assert told.index(("1.0", "doubted", "")) < told.index(("9.0", "provisional", ""))
    assert told.index(("1.0", "closed", "ana")) < told.index(("9.0", "confirmed", "ben"))
    (end,) = [each for each in at.said if isinstance(each, TrackUpdate) and each.replaced]
    assert (end.track_id, end.state) == ("door.e1.1.0", TrackState.CLOSED)


@in_virtual_time
async def test_somebody_who_walks_in_is_asked_about_once_and_as_a_whole() -> None:
    """Half a face at the edge looks like somebody else's; only the whole one, a look later, is sent."""
    at = await _watched([_shown("other", 0.0, 0.05), *[_shown("ana", 0.02)] * 8])
    recognitions = [each for commit in at.store.commits for each in commit.recognitions]
    assert [(each.track_id, each.person_id) for each in recognitions] == [("door.e1.2.0", "ana")]
    assert [who for who, _, _ in _visits(at)] == ["ana"]


@in_virtual_time
async def test_somebody_who_stays_at_the_edge_is_asked_about_all_the_same() -> None:
    """Of a face that never shows whole, the best view is sent when patience ends."""
    at = await _watched([_shown("ana", 0.0)] * 8)
    recognitions = [each for commit in at.store.commits for each in commit.recognitions]
    assert [(each.sequence, each.person_id) for each in recognitions] == [(1, "ana")]
    assert [who for who, _, _ in _visits(at)] == ["ana"]


@in_virtual_time
async def test_a_good_look_at_the_edge_is_better_than_a_poor_one_of_the_whole_face() -> None:
    """Somebody who looks up as they come and then turns away is asked about with the look at the edge."""
    at = await _watched([_shown("ana", 0.0), *[_shown("ana", 0.02, quality=0.05)] * 8])
    recognitions = [each for commit in at.store.commits for each in commit.recognitions]
    assert [(each.sequence, each.person_id) for each in recognitions] == [(1, "ana")]


@in_virtual_time
async def test_strangers_in_one_place_are_two() -> None:
    """One stranger after another, without a gap, are two visits of nobody known."""
    at = await _watched([_shown("nobody")] * 14 + [_shown("other")] * 14)
    assert [who for who, _, _ in _visits(at)] == ["", ""]


@in_virtual_time
async def test_somebody_who_looks_away_for_a_moment_is_still_there() -> None:
    """A face that is not found and comes back is compared, and its visit goes on; nothing more is asked."""
    engine = _Engine()
    at = await _watched([_shown("nobody")] * 14 + [_EMPTY] * 4 + [_shown("nobody")] * 8, engine)
    assert len(_visits(at)) == 1
    assert {track for track, state, _ in _told(at) if state == "confirmed"} == {"1.0"}


@in_virtual_time
async def test_a_stranger_who_turned_away_for_longer_is_still_one_visit() -> None:
    """After the visit was reported as left, the same face within ten seconds resumes it."""
    at = await _watched([_shown("nobody")] * 14 + [_EMPTY] * 15 + [_shown("nobody")] * 8)
    assert len(_visits(at)) == 1
    (decided,) = [each for commit in at.store.commits for each in commit.decided if each.returns]
    assert decided.track_id == "door.e1.1.0"


@in_virtual_time
async def test_nothing_is_acknowledged_while_it_is_doubtful_whose_it_is() -> None:
    """The frames of a candidate wait for the comparison: if the server died now, they would come again."""
    script: dict[int, FrameAnalysis | FrameRefused] = {1: _shown("ana"), 4: _shown("ben")}
    engine = _Engine()
    async with stream_harness(script, engine.identify, tracks=_VERIFIED) as at:
        session = await at.open()
        running = asyncio.ensure_future(session.run())
        at.send(session, 1, 2, 3)
        await asyncio.sleep(0.4)
        at.send(session, 4, 5)
        await asyncio.sleep(0.05)
        assert at.store.durable == 3
        await asyncio.sleep(1.0)
        assert at.store.durable == 5
        session.finish()
        await running


@in_virtual_time
async def test_a_face_that_cannot_be_compared_is_somebody_else() -> None:
    """When faces cannot be encoded any more, the name does not go on, and frames are not held for ever."""
    at = await _watched([_shown("ana")] * 8 + [_shown("ben")] * 16, breaks_at=8)
    assert at.store.durable == 24
    assert [who for who, _, _ in _visits(at)].count("ana") == 1
    (ana,) = [visit for visit in _visits(at) if visit[0] == "ana"]
    assert ana[2] == pytest.approx(1.2)


@in_virtual_time
async def test_no_face_is_kept_longer_than_its_track() -> None:
    """Neither of a visit that has ended nor of a false alarm, seen in one look only, is anything left in memory."""
    frames = [_shown("nobody"), *[_EMPTY] * 12] * 3 + [_shown("ana")] * 8 + [_EMPTY] * 60
    script: dict[int, FrameAnalysis | FrameRefused] = {number + 1: frame for number, frame in enumerate(frames)}
    known: dict[str, KnownFaces] = {}
    async with stream_harness(script, _Engine().identify, tracks=_VERIFIED, known=known) as at:
        session = await at.open()
        running = asyncio.create_task(session.run())
        kept = []
        for number in range(len(frames)):
            at.send(session, number + 1)
            await asyncio.sleep(0.2)
            kept.append(len(known["door"]))
        session.finish()
        await running
    assert max(kept) == 1
    assert kept[-1] == 0


def _beside(*people: tuple[str, float]) -> FrameAnalysis:
    """Returns a thorough look that found several people; where each face is, the pixels are theirs."""
    pixels, faces = np.full((480, 640, 3), 255, np.uint8), []
    for who, left in people:
        box = Box(left, 0.3, 0.1, 0.13)
        around = box.padded(0.6).to_pixels(640, 480)
        pixels[around[1] : around[3], around[0] : around[2]] = _GRAYS[who]
        faces.append(FoundFace(box, 0.9, FaceQuality(1.0, 1.0, 1.0, 1.0), _PATCHES[who]))
    return FrameAnalysis(FrameOutcome.WITH_FACES, tuple(faces), pixels, thorough=True)


@in_virtual_time
async def test_a_face_that_may_be_covered_is_compared_when_it_is_clear() -> None:
    """While Ben passes Ana, what is seen of her looks like nobody; her visit goes on when they are apart again."""
    apart, passing = _beside(("ana", 0.3), ("ben", 0.5)), _beside(("other", 0.3), ("ben", 0.4))
    engine = _Engine()
    at = await _watched([apart] * 8 + [passing] * 4 + [apart] * 8, engine)
    assert [who for who, _, _ in _visits(at)] == ["ana", "ben"]
    assert "other" not in engine.asked


@in_virtual_time
async def test_comparisons_are_counted() -> None:
    """The metric says why faces were compared, and what came of it."""
    at = await _watched([_shown("ana")] * 8 + [_shown("ben")] * 4)
    counter = at.metrics.recognition.identity_checks
    assert counter.labels("likeness", "different")._value.get() == 1.0
